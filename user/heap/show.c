/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap/heap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contents/kinds.h"
#include "heap/census.h"
#include "heap/json.h"
#include "heap/looks.h"
#include "render/format.h"
#include "render/reach.h"
#include "render/render.h"
#include "target/proc.h"

static void print_sums(const struct census *c, FILE *out)
{
	const struct chunks *h = &c->chunks;
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], a[FORMAT_NUMBER_SIZE];

	fprintf(out, "in use: %s bytes in %s blocks, as malloc has rounded them up\n",
		format__number(bytes, h->bytes), format__number(count, c->n));
	if (h->mapped_count)
		fprintf(out, "  %s bytes in %s blocks of these have mappings of their own\n",
			format__number(bytes, h->mapped_bytes),
			format__number(count, h->mapped_count));
	fprintf(out,
		"kept by malloc: %s bytes in %s free chunks, %s bytes at the ends of heaps; %zu "
		"arenas, %zu heaps, caches of %zu of %zu threads\n",
		format__number(bytes, h->free_bytes), format__number(count, h->free_count),
		format__number(a, h->top_bytes), h->found.arenas, h->heaps, h->found.tcaches,
		c->threads);
}

static void print_checks(const struct census *c, FILE *out)
{
	const struct chunks *h = &c->chunks;
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE];

	if (h->heaps_given_up)
		fprintf(out,
			"warning: %zu heaps make no sense, %s bytes: their chunks contradict each "
			"other, as after an overflow. What is in them is in no figure, and taken "
			"for in use\n",
			h->heaps_given_up, format__number(bytes, h->given_up));
	if (h->found.broken)
		fprintf(out,
			"warning: %zu free lists make no sense: what is in them may be told as in "
			"use, or as lost\n",
			h->found.broken);
	if (h->odd)
		fprintf(out, "note: %s chunks were changing hands, and are in no figure\n",
			format__number(count, h->odd));
	if (h->mapped_told && h->told_count != h->mapped_count)
		fprintf(out,
			"warning: malloc counts %s blocks with mappings of their own, %" PRIu64
			" were found\n",
			format__number(count, h->told_count), h->mapped_count);
}

static void print_sizes(const struct census *c, FILE *out)
{
	struct size_class class[CENSUS_SIZES];
	size_t k;

	census__sizes(c, class);
	fprintf(out, "%16s %12s %16s %12s %16s\n", "bytes up to", "blocks", "bytes", "lost blocks",
		"lost bytes");
	for (k = 0; k < CENSUS_SIZES; k++)
		if (class[k].all.count)
			fprintf(out,
				"%16llu %12" PRIu64 " %16" PRIu64 " %12" PRIu64 " %16" PRIu64 "\n",
				1ULL << k, class[k].all.count, class[k].all.bytes,
				class[k].lost.count, class[k].lost.bytes);
}

/* Line by line, escaped: what is in blocks and names is the target's. */
static void print_escaped(const char *text, FILE *out)
{
	char *line;
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		line = strndup(text, n);
		if (!line)
			return;
		fputs("    ", out);
		render__escape(out, line);
		fputc('\n', out);
		free(line);
	}
}

static void print_kind(struct looks *l, const struct kind *k, uint64_t dump, FILE *out)
{
	const char *class = looks__class(l, k->worst);
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE];
	char *text = NULL;
	size_t size;
	FILE *mem;

	fprintf(out, "%s bytes in %s blocks of %" PRIu64, format__number(bytes, k->bytes),
		format__number(count, k->count), k->smallest);
	if (k->largest != k->smallest)
		fprintf(out, " to %" PRIu64, k->largest);
	fputs(" bytes: ", out);
	render_reach__kinds(out, k->reach, NULL);
	fputc('\n', out);
	mem = open_memstream(&text, &size);
	if (!mem)
		return;
	if (class)
		fprintf(mem, "class %s\n", class);
	fputs("begin like ", mem);
	looks__print_start(l, k->worst, mem);
	fputc('\n', mem);
	looks__print_holders(l, k->worst, mem);
	if (dump)
		looks__dump(l, k->worst, dump, mem);
	if (!fclose(mem))
		print_escaped(text, out);
	free(text);
}

static int print_kinds(const struct census *c, const struct heap_mode_opts *opts, FILE *out)
{
	struct looks *l = looks__new(c);
	const struct kind *kind, *others;
	struct reach_sum rest = {0};
	size_t n, i, shown;
	int err = l ? looks__kinds(l, &kind, &n, &others) : -ENOMEM;

	if (!err) {
		shown = opts->top && n > opts->top ? opts->top : n;
		if (shown)
			fputs("blocks that look alike, those with definitely lost ones first:\n",
			      out);
		for (i = 0; i < shown; i++)
			print_kind(l, &kind[i], opts->dump, out);
		for (rest = (struct reach_sum){others->bytes, others->count}; i < n; i++)
			reach_sum__add(&rest, kind[i].bytes, kind[i].count);
		if (rest.count)
			fprintf(out,
				"... and %zu more kinds with %" PRIu64 " bytes in %" PRIu64
				" blocks (-T 0 shows all)\n",
				n - shown + !!others->count, rest.bytes, rest.count);
	}
	looks__free(l);
	return err;
}

int heap_mode__run(const struct heap_mode_opts *opts, FILE *out)
{
	const struct census_opts census_opts = {opts->max_pause_ns, opts->by_whom};
	char why_not[CAPTURE_WHY_NOT];
	struct proc_info info;
	struct census c;
	int err;

	err = proc__info(opts->pid, &info);
	if (err) {
		fprintf(stderr, "memleak-bpf: pid %d: %s\n", (int)opts->pid,
			err == -EINVAL ? "a thread, not a process" : strerror(-err));
		return 1;
	}
	err = census__take(opts->pid, &census_opts, &c, why_not);
	if (err) {
		fprintf(stderr, "memleak-bpf: the heap of pid %d cannot be told: %s\n",
			(int)opts->pid, why_not);
	} else if (opts->json) {
		err = heap_json__write(&c, info.comm, out);
		if (err)
			fprintf(stderr, "memleak-bpf: cannot write what is on the heap: %s\n",
				strerror(-err));
	} else {
		fprintf(out, "heap of pid %d (", (int)opts->pid);
		render__escape(out, info.comm);
		fprintf(out, "), glibc malloc; stopped for %.1f ms, %.1f MiB copied\n",
			(double)c.capture.pause_ns / 1e6, (double)c.capture.copied / 1048576);
		print_sums(&c, out);
		fputs("reachability: ", out);
		if (c.n)
			render_reach__kinds(out, c.sum, NULL);
		else
			fputs("no blocks", out);
		fputc('\n', out);
		print_checks(&c, out);
		print_sizes(&c, out);
		err = print_kinds(&c, opts, out);
		if (err)
			fprintf(stderr, "memleak-bpf: no memory for looking at blocks\n");
	}
	census__clear(&c);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
