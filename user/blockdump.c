/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "blockdump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contents/classes.h"
#include "contents/contents.h"
#include "contents/kinds.h"
#include "proc/procmem.h"
#include "reach/judgement.h"
#include "render/format.h"
#include "render/words.h"
#include "report/report.h"
#include "snapshot.h"
#include "sym/landmarks.h"
#include "target/maps.h"

#define MAX_PER_STACK 1000	/* blocks that are read */
#define MAX_BYTES (64ULL << 20) /* of all of them */
#define MAX_SITES 200		/* that get a dump */
#define MAX_SHOWN 3		/* kinds of one site */
#define MAX_KINDS 256		/* that are told apart */
#define ALIKE 64		/* bytes that are compared */
#define FIRST_PAGE 4096

/* A block that was read. */
struct sample {
	struct judgement_block block;
	uint8_t *data;
	size_t size;
	const char *class;
	bool same; /* its record was the same afterwards */
};

/* An outstanding block of the report, to find by address. */
struct owned {
	uint64_t addr, size;
	const struct report_site *site;
};

struct blockdump {
	pid_t pid;
	struct snapshot *snapshot;
	size_t bytes;
	struct procmem mem;
	struct maps maps;
	struct classes *classes;
	struct landmarks *landmarks;
	struct sample *sample; /* by address */
	size_t n, max;
	bool at_exit;
	struct owned *owned; /* by address, while a report is completed */
	size_t n_owned;
};

struct blockdump *blockdump__new(pid_t pid, struct snapshot *snapshot, size_t bytes)
{
	struct blockdump *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->pid = pid;
	d->snapshot = snapshot;
	d->bytes = bytes;
	procmem__open(&d->mem, pid);
	return d;
}

static void forget(struct blockdump *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		free(d->sample[i].data);
	free(d->sample);
	d->sample = NULL;
	d->n = d->max = 0;
	classes__free(d->classes);
	landmarks__free(d->landmarks);
	d->classes = NULL;
	d->landmarks = NULL;
	maps__clear(&d->maps);
}

void blockdump__free(struct blockdump *d)
{
	if (!d)
		return;
	forget(d);
	procmem__close(&d->mem);
	free(d);
}

/* --- reading --- */

static int add_sample(const struct judgement_block *b, void *arg)
{
	struct blockdump *d = arg;
	struct sample *grown;
	size_t max;

	if (d->n == d->max) {
		max = d->max ? d->max * 2 : 4096;
		grown = reallocarray(d->sample, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		d->sample = grown;
		d->max = max;
	}
	d->sample[d->n++] = (struct sample){.block = *b};
	return 0;
}

static int by_stack(const void *pa, const void *pb)
{
	const struct sample *a = pa, *b = pb;

	if (a->block.stack != b->block.stack)
		return a->block.stack < b->block.stack ? -1 : 1;
	return (a->block.birth > b->block.birth) - (a->block.birth < b->block.birth);
}

static int by_address(const void *pa, const void *pb)
{
	const struct sample *a = pa, *b = pb;

	return (a->block.addr > b->block.addr) - (a->block.addr < b->block.addr);
}

/* Of each stack keep those that were born first: what has been there for longest has leaked. */
static void draw(struct blockdump *d)
{
	size_t i, kept = 0, of_stack = 0;
	uint64_t bytes = 0;

	if (d->n)
		qsort(d->sample, d->n, sizeof(*d->sample), by_stack);
	for (i = 0; i < d->n; i++) {
		struct sample *s = &d->sample[i];

		if (!i || s->block.stack != d->sample[kept ? kept - 1 : 0].block.stack)
			of_stack = 0;
		s->size = s->block.size < d->bytes ? s->block.size : d->bytes;
		if (s->size < ALIKE)
			s->size = s->block.size < ALIKE ? s->block.size : ALIKE;
		if (of_stack++ >= MAX_PER_STACK || bytes + s->size > MAX_BYTES)
			continue;
		bytes += s->size;
		d->sample[kept++] = *s;
	}
	d->n = kept;
	if (d->n)
		qsort(d->sample, d->n, sizeof(*d->sample), by_address);
}

static struct sample *find_sample(const struct blockdump *d, uint64_t addr)
{
	const struct sample key = {.block = {.addr = addr}};

	return d->n ? bsearch(&key, d->sample, d->n, sizeof(key), by_address) : NULL;
}

static int check_same(const struct judgement_block *b, void *arg)
{
	struct sample *s = find_sample(arg, b->addr);

	if (s && s->block.birth == b->birth && s->block.size == b->size &&
	    s->block.stack == b->stack)
		s->same = true;
	return 0;
}

/* Pages that were never touched are zero, and stay untouched. */
static bool read_bytes(const struct blockdump *d, uint64_t addr, uint8_t *data, size_t size)
{
	size_t at, n;

	for (at = 0; at < size; at += n) {
		n = FIRST_PAGE - (addr + at) % FIRST_PAGE;
		if (n > size - at)
			n = size - at;
		if (procmem__is_there(&d->mem, addr + at) &&
		    !procmem__read(&d->mem, addr + at, data + at, n))
			return false;
	}
	return true;
}

static void read_sample(struct blockdump *d, struct sample *s)
{
	uint64_t word;

	s->data = calloc(1, s->size + 1);
	if (!s->data || !read_bytes(d, s->block.addr, s->data, s->size)) {
		free(s->data);
		s->data = NULL;
		return;
	}
	if (s->size < sizeof(word))
		return;
	memcpy(&word, s->data, sizeof(word));
	s->class = classes__name(d->classes, word);
}

int blockdump__read(struct blockdump *d, bool at_exit)
{
	size_t i;
	int err;

	forget(d);
	d->at_exit = at_exit;
	err = maps__read(d->pid, &d->maps);
	if (!err) {
		d->classes = classes__new(d->pid, &d->maps);
		d->landmarks = landmarks__new(d->pid, &d->maps);
		err = d->classes && d->landmarks ? 0 : -ENOMEM;
	}
	if (!err)
		err = snapshot__blocks(d->snapshot, add_sample, d);
	if (!err) {
		draw(d);
		for (i = 0; i < d->n; i++)
			read_sample(d, &d->sample[i]);
		err = snapshot__blocks(d->snapshot, check_same, d);
	}
	if (err)
		forget(d);
	return err;
}

/* --- pointers --- */

static int owned_by_address(const void *pa, const void *pb)
{
	const struct owned *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

static int list_owned(struct blockdump *d, const struct report *r)
{
	size_t i, k, n = 0;

	for (i = 0; i < r->n_sites; i++)
		n += r->sites[i].n_blocks;
	d->owned = calloc(n + 1, sizeof(*d->owned));
	if (!d->owned)
		return -ENOMEM;
	for (i = n = 0; i < r->n_sites; i++)
		for (k = 0; k < r->sites[i].n_blocks; k++)
			d->owned[n++] = (struct owned){r->sites[i].blocks[k].addr,
						       r->sites[i].blocks[k].size, &r->sites[i]};
	d->n_owned = n;
	if (n)
		qsort(d->owned, n, sizeof(*d->owned), owned_by_address);
	return 0;
}

static const struct owned *find_owned(const struct blockdump *d, uint64_t addr)
{
	size_t low = 0, high = d->n_owned;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->owned[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr - d->owned[low - 1].addr < d->owned[low - 1].size ? &d->owned[low - 1]
									     : NULL;
}

static bool is_pointer(uint64_t word, void *arg)
{
	const struct blockdump *d = arg;

	return word >= FIRST_PAGE && maps__find(&d->maps, word);
}

static bool describe(uint64_t addr, char *buf, size_t size, void *arg)
{
	struct blockdump *d = arg;
	const struct owned *o = find_owned(d, addr);
	char site[WORDS_SIZE];
	const char *class;

	if (o) {
		snprintf(buf, size, "block of %" PRIu64 " bytes of %.80s", o->size,
			 words__site(site, o->site));
		if (addr != o->addr)
			snprintf(buf + strlen(buf), size - strlen(buf), ", +%#" PRIx64,
				 addr - o->addr);
		return true;
	}
	class = classes__name(d->classes, addr);
	if (class) {
		snprintf(buf, size, "vtable of %.100s", class);
		return true;
	}
	return landmarks__name(d->landmarks, addr, buf, size);
}

/* --- the report --- */

struct site_dump {
	struct kinds *kinds; /* of samples, by their index */
	uint64_t n_read, n_gone, n_unreadable, n_left;
};

static int add_block(struct blockdump *d, struct site_dump *sd, const struct report_block *b)
{
	const struct contents_pointers p = {.is_one = is_pointer, .arg = d};
	char signature[CONTENTS_SIGNATURE];
	const struct sample *s = find_sample(d, b->addr);

	if (!s || s->block.size != b->size) {
		sd->n_left++;
		return 0;
	}
	if (!s->data || !s->same) {
		sd->n_unreadable += s->same;
		sd->n_gone += !s->same;
		return 0;
	}
	sd->n_read++;
	if (!s->class)
		contents__signature(s->data, s->size < ALIKE ? s->size : ALIKE, &p, signature);
	return kinds__add(sd->kinds, s->class ? s->class : signature, s - d->sample, b->size,
			  b->reach);
}

static void print_kind(struct blockdump *d, const struct site_dump *sd, const struct kind *k,
		       FILE *out)
{
	const struct contents_pointers p = {is_pointer, describe, d};
	const struct sample *s = &d->sample[k->worst];
	size_t shown = s->size < d->bytes ? s->size : d->bytes;
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];

	fprintf(out, "%s of %s blocks read ", format__number(a, k->count),
		format__number(b, sd->n_read));
	if (s->class)
		fprintf(out, "are of class %s, like 0x%" PRIx64 ": ", s->class, s->block.addr);
	else
		fprintf(out, "begin like 0x%" PRIx64 ": ", s->block.addr);
	contents__print_start(s->data, shown, &p, out);
	fputc('\n', out);
	contents__print(s->data, shown, &p, out);
}

static int print_site(struct blockdump *d, const struct report_site *site, FILE *out)
{
	struct site_dump sd = {.kinds = kinds__new(MAX_KINDS)};
	char number[FORMAT_NUMBER_SIZE];
	const struct kind *kind;
	uint64_t others;
	size_t i, n;
	int err = sd.kinds ? 0 : -ENOMEM;

	for (i = 0; !err && i < site->n_blocks; i++)
		err = add_block(d, &sd, &site->blocks[i]);
	if (err)
		goto cleanup;
	kind = kinds__sort_by_count(sd.kinds, &n);
	for (i = 0; i < n && i < MAX_SHOWN; i++)
		print_kind(d, &sd, &kind[i], out);
	for (others = kinds__others(sd.kinds)->count; i < n; i++)
		others += kind[i].count;
	if (others)
		fprintf(out, "%s begin otherwise\n", format__number(number, others));
	if (sd.n_gone)
		fprintf(out, "%s were freed or changed while they were read\n",
			format__number(number, sd.n_gone));
	if (sd.n_unreadable)
		fprintf(out, "%s could not be read\n", format__number(number, sd.n_unreadable));
	if (sd.n_left && sd.n_left < site->n_blocks)
		fprintf(out, "%s younger ones were not looked at\n",
			format__number(number, sd.n_left));
cleanup:
	kinds__free(sd.kinds);
	return err;
}

void blockdump__complete(struct blockdump *d, struct report *r)
{
	size_t i, size;
	char *text;
	FILE *out;

	if (!d->n || (r->target_ended && !d->at_exit) || list_owned(d, r))
		return;
	for (i = 0; i < r->n_sites && i < MAX_SITES; i++) {
		text = NULL;
		out = open_memstream(&text, &size);
		if (!out)
			break;
		print_site(d, &r->sites[i], out);
		if (!fclose(out) && size && !r->sites[i].after)
			r->sites[i].after = text;
		else
			free(text);
	}
	free(d->owned);
	d->owned = NULL;
	d->n_owned = 0;
}
