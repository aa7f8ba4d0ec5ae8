/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap/looks.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "contents/classes.h"
#include "contents/contents.h"
#include "contents/kinds.h"
#include "elf/debugfile.h"
#include "heap/census.h"
#include "reach/holders.h"
#include "reach/memcopy.h"
#include "reach/rootname.h"
#include "reach/stop.h"
#include "render/reach.h"
#include "sym/landmarks.h"

#define MAX_KINDS 65536
#define ALIKE 64 /* bytes that are compared */
#define TEXT 4	 /* characters at the start make a text of it */
#define PAGE 4096
#define MAX_WAY 6	 /* steps that are shown */
#define MAX_CLIMB 100000 /* and looked at */

struct looks {
	const struct census *c;
	struct classes *classes;
	struct landmarks *landmarks;
	struct rootname_thread *threads;
	struct rootname *names; /* of roots */
	struct kinds *kinds;
};

static int name_roots(struct looks *l)
{
	static const struct debugfile_opts files = {0};
	const struct stop_thread *thread;
	size_t n, i;

	thread = stop__threads(l->c->capture.stop, &n);
	l->threads = calloc(n + 1, sizeof(*l->threads));
	if (!l->threads)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		l->threads[i] = (struct rootname_thread){thread[i].tid, thread[i].sp,
							 thread[i].tls};
	l->names = rootname__new(l->c->capture.pid, &l->c->capture.maps, l->threads, n, &files);
	return l->names ? 0 : -ENOMEM;
}

struct looks *looks__new(const struct census *c)
{
	struct looks *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->c = c;
	l->classes = classes__new(c->capture.pid, &c->capture.maps);
	l->landmarks = landmarks__new(c->capture.pid, &c->capture.maps);
	l->kinds = kinds__new(MAX_KINDS);
	if (!l->classes || !l->landmarks || !l->kinds || name_roots(l)) {
		looks__free(l);
		return NULL;
	}
	return l;
}

void looks__free(struct looks *l)
{
	if (!l)
		return;
	classes__free(l->classes);
	landmarks__free(l->landmarks);
	rootname__free(l->names);
	free(l->threads);
	kinds__free(l->kinds);
	free(l);
}

/* Pages that are not in the copy were never written: they are zero. */
static size_t read_block(const struct looks *l, size_t block, uint8_t *buf, size_t max)
{
	const struct mark_block *b = &l->c->block[block];
	size_t size = b->size < max ? b->size : max, at, n;

	for (at = 0; at < size; at += n) {
		n = PAGE - (b->addr + at) % PAGE;
		if (n > size - at)
			n = size - at;
		if (!memcopy__read(l->c->capture.memory, b->addr + at, buf + at, n))
			memset(buf + at, 0, n);
	}
	return size;
}

/* --- pointers --- */

static bool is_pointer(uint64_t word, void *arg)
{
	const struct looks *l = arg;

	return word >= PAGE && maps__find(&l->c->capture.maps, word);
}

static bool describe_stack(const struct looks *l, uint64_t addr, char *buf, size_t size)
{
	const struct mapping *m = maps__find(&l->c->capture.maps, addr), *stack;
	const struct stop_thread *thread;
	size_t n, i;

	thread = stop__threads(l->c->capture.stop, &n);
	for (i = 0; i < n; i++) {
		stack = maps__find(&l->c->capture.maps, thread[i].sp);
		if (m != stack)
			continue;
		snprintf(buf, size, "stack of thread %d", (int)thread[i].tid);
		return true;
	}
	return false;
}

static bool describe(uint64_t addr, char *buf, size_t size, void *arg)
{
	struct looks *l = arg;
	const struct mark_block *b = census__find(l->c, addr);
	const char *class;

	if (b) {
		class = looks__class(l, b - l->c->block);
		snprintf(buf, size, "%.80s%sblock of %" PRIu64 " bytes, %s", class ? class : "",
			 class ? ", " : "", b->size, render_reach_kinds[b->kind]);
		if (addr != b->addr)
			snprintf(buf + strlen(buf), size - strlen(buf), ", +%#" PRIx64,
				 addr - b->addr);
		return true;
	}
	class = classes__name(l->classes, addr);
	if (class) {
		snprintf(buf, size, "vtable of %.100s", class);
		return true;
	}
	return describe_stack(l, addr, buf, size) || landmarks__name(l->landmarks, addr, buf, size);
}

static struct contents_pointers pointers(struct looks *l)
{
	return (struct contents_pointers){is_pointer, describe, l};
}

/* --- kinds --- */

const char *looks__class(struct looks *l, size_t block)
{
	uint64_t word;

	if (read_block(l, block, (uint8_t *)&word, sizeof(word)) < sizeof(word))
		return NULL;
	return classes__name(l->classes, word);
}

static bool is_text(struct looks *l, const uint8_t *data, size_t size)
{
	uint64_t word;
	size_t i;

	if (size >= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		if (is_pointer(word, l)) /* all bytes of one may be letters */
			return false;
	}
	for (i = 0; i < size && i < TEXT; i++)
		if (!isprint(data[i]) && data[i] != '\n' && data[i] != '\t')
			return false;
	return i == TEXT;
}

static int add(struct looks *l, size_t block)
{
	const struct mark_block *b = &l->c->block[block];
	const struct contents_pointers p = pointers(l);
	char signature[CONTENTS_SIGNATURE], key[CONTENTS_SIGNATURE + 32];
	const char *class = looks__class(l, block);
	uint8_t start[ALIKE];
	size_t size;

	if (class)
		return kinds__add(l->kinds, class, block, b->size, b->kind);
	size = read_block(l, block, start, sizeof(start));
	contents__signature(start, size, &p, signature);
	/* no class is called like this */
	if (is_text(l, start, size))
		snprintf(key, sizeof(key), "\"%s", signature);
	else
		snprintf(key, sizeof(key), "%" PRIu64 ":%s", b->size, signature);
	return kinds__add(l->kinds, key, block, b->size, b->kind);
}

int looks__kinds(struct looks *l, const struct kind **kind, size_t *n, const struct kind **others)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < l->c->n; i++)
		err = add(l, i);
	*kind = kinds__sort(l->kinds, n);
	*others = kinds__others(l->kinds);
	return err;
}

void looks__print_start(struct looks *l, size_t block, FILE *out)
{
	const struct contents_pointers p = pointers(l);
	uint8_t start[ALIKE];

	contents__print_start(start, read_block(l, block, start, sizeof(start)), &p, out);
}

void looks__dump(struct looks *l, size_t block, size_t max, FILE *out)
{
	const struct contents_pointers p = pointers(l);
	uint8_t *data;

	if (max > l->c->block[block].size)
		max = l->c->block[block].size;
	data = malloc(max + 1);
	if (data)
		contents__print(data, read_block(l, block, data, max), &p, out);
	free(data);
}

/* --- holders --- */

/* Blocks of one size, each with the pointer to the next one at the same place. */
struct step {
	uint32_t block; /* one of them */
	uint64_t offset;
	size_t times;
};

static void print_root(struct looks *l, uint64_t at, FILE *out)
{
	struct root root;

	rootname__find(l->names, at, &root);
	rootname__print(out, &root);
}

static void print_step(struct looks *l, const struct step *step, FILE *out)
{
	const char *class = looks__class(l, step->block);

	fprintf(out, " → %s%sblock of %" PRIu64 " bytes +%#" PRIx64, class ? class : "",
		class ? ", " : "", l->c->block[step->block].size, step->offset);
	if (step->times > 1)
		fprintf(out, " (%zu times)", step->times);
}

void looks__print_way(struct looks *l, size_t block, FILE *out)
{
	struct step way[MAX_WAY], *last = NULL;
	size_t n = 0, climbed = 0, i;
	struct holder h;

	if (!l->c->holders)
		return;
	h = holders__of(l->c->holders, block);
	/* the steps next to the root are kept */
	for (; h.block < HOLDERS_NONE && climbed < MAX_CLIMB; climbed++) {
		const struct mark_block *b = &l->c->block[h.block];
		uint64_t offset = h.at - b->addr;

		if (last && last->offset == offset && l->c->block[last->block].size == b->size) {
			last->times++;
		} else {
			last = &way[n++ % MAX_WAY];
			*last = (struct step){h.block, offset, 1};
		}
		h = holders__of(l->c->holders, h.block);
	}
	if (h.block == HOLDERS_NONE)
		return;
	if (h.block == HOLDERS_ROOT)
		print_root(l, h.at, out);
	else
		fputs("a way that is too long", out);
	for (i = n; i > 0 && n - i < MAX_WAY; i--)
		print_step(l, &way[(i - 1) % MAX_WAY], out);
	fputs(n > MAX_WAY ? " → …" : "", out);
}

void looks__print_holders(struct looks *l, size_t block, FILE *out)
{
	if (!l->c->holders || holders__of(l->c->holders, block).block == HOLDERS_NONE)
		return;
	fputs("held by ", out);
	looks__print_way(l, block, out);
	fputc('\n', out);
}
