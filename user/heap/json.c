/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap/json.h"

#include <errno.h>
#include <stdlib.h>

#include "contents/kinds.h"
#include "heap/census.h"
#include "heap/looks.h"
#include "render/jsonout.h"

static void emit_sum(struct jsonout *j, const char *key, const struct reach_sum *sum)
{
	jsonout__begin(j, key, '{');
	jsonout__u64(j, "bytes", sum->bytes);
	jsonout__u64(j, "count", sum->count);
	jsonout__end(j, '}');
}

static void emit_reach(struct jsonout *j, const struct reach_sum *sums)
{
	jsonout__begin(j, "kinds", '{');
	emit_sum(j, "definite", &sums[REACH_DEFINITE]);
	emit_sum(j, "indirect", &sums[REACH_INDIRECT]);
	emit_sum(j, "possible", &sums[REACH_POSSIBLE]);
	emit_sum(j, "reachable", &sums[REACH_REACHABLE]);
	jsonout__end(j, '}');
}

static void emit_sizes(struct jsonout *j, const struct census *c)
{
	struct size_class class[CENSUS_SIZES];
	size_t k;

	census__sizes(c, class);
	jsonout__begin(j, "sizes", '[');
	for (k = 0; k < CENSUS_SIZES; k++) {
		if (!class[k].all.count)
			continue;
		jsonout__begin(j, NULL, '{');
		jsonout__u64(j, "up_to", 1ULL << k);
		emit_sum(j, "all", &class[k].all);
		emit_sum(j, "lost", &class[k].lost);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
}

/* What print writes, as a string; null: nothing. Returns 0 or -ENOMEM. */
static int emit_text(struct jsonout *j, const char *key, struct looks *l, size_t block,
		     void (*print)(struct looks *l, size_t block, FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return -ENOMEM;
	print(l, block, mem);
	if (fclose(mem)) {
		free(text);
		return -ENOMEM;
	}
	jsonout__string(j, key, size ? text : NULL);
	free(text);
	return 0;
}

static int emit_kind(struct jsonout *j, const struct census *c, struct looks *l,
		     const struct kind *k)
{
	int err;

	jsonout__begin(j, NULL, '{');
	jsonout__u64(j, "bytes", k->bytes);
	jsonout__u64(j, "count", k->count);
	jsonout__u64(j, "smallest", k->smallest);
	jsonout__u64(j, "largest", k->largest);
	emit_reach(j, k->reach);
	jsonout__string(j, "class", looks__class(l, k->worst));
	jsonout__address(j, "example", c->block[k->worst].addr);
	err = emit_text(j, "begins_like", l, k->worst, looks__print_start);
	if (!err && c->holders)
		err = emit_text(j, "held_by", l, k->worst, looks__print_way);
	else
		jsonout__null(j, "held_by");
	jsonout__end(j, '}');
	return err;
}

static void emit_heap(struct jsonout *j, const struct census *c)
{
	const struct chunks *h = &c->chunks;

	jsonout__u64(j, "bytes", h->bytes);
	jsonout__u64(j, "count", c->n);
	emit_sum(j, "mapped", &(struct reach_sum){h->mapped_bytes, h->mapped_count});
	emit_sum(j, "free", &(struct reach_sum){h->free_bytes, h->free_count});
	jsonout__u64(j, "top_bytes", h->top_bytes);
	jsonout__u64(j, "arenas", h->found.arenas);
	jsonout__u64(j, "heaps", h->heaps);
	jsonout__u64(j, "threads", c->threads);
	jsonout__u64(j, "thread_caches", h->found.tcaches);
	jsonout__u64(j, "heaps_given_up", h->heaps_given_up);
	jsonout__u64(j, "bytes_given_up", h->given_up);
	jsonout__u64(j, "broken_lists", h->found.broken);
	jsonout__u64(j, "changing_hands", h->odd);
	if (h->mapped_told)
		jsonout__u64(j, "mapped_as_malloc_counts", h->told_count);
	else
		jsonout__null(j, "mapped_as_malloc_counts");
	emit_reach(j, c->sum);
	emit_sizes(j, c);
}

int heap_json__write(const struct census *c, const char *comm, FILE *out)
{
	struct jsonout j = {.out = out};
	struct looks *l = looks__new(c);
	const struct kind *kind, *others;
	size_t n, i;
	int err = l ? looks__kinds(l, &kind, &n, &others) : -ENOMEM;

	if (err)
		goto cleanup;
	jsonout__begin(&j, NULL, '{');
	jsonout__i64(&j, "pid", c->capture.pid);
	jsonout__string(&j, "comm", comm);
	jsonout__u64(&j, "pause_ns", c->capture.pause_ns);
	jsonout__u64(&j, "copied", c->capture.copied);
	jsonout__u64(&j, "mark_ns", c->mark_ns);
	emit_heap(&j, c);
	jsonout__begin(&j, "alike", '[');
	for (i = 0; !err && i < n; i++)
		err = emit_kind(&j, c, l, &kind[i]);
	jsonout__end(&j, ']');
	emit_sum(&j, "others", &(struct reach_sum){others->bytes, others->count});
	jsonout__end(&j, '}');
	fputc('\n', out);
	if (!err && (fflush(out) || ferror(out)))
		err = errno ? -errno : -EIO;
cleanup:
	looks__free(l);
	return err;
}
