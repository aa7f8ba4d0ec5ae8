/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live_hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "live.h"

/* Entries read at once. The kernel returns whole buckets; there are as many as entries. */
#define BATCH 16384u

struct live_hash {
	int fd;
	uint32_t n_cpus;
	uint64_t *counted; /* by each CPU */
	struct live_key *keys;
	struct live_entry *entries;
};

int live_hash__new(int map_fd, int n_cpus, struct live_hash **out)
{
	struct live_hash *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->fd = map_fd;
	h->n_cpus = n_cpus;
	h->counted = calloc(n_cpus, sizeof(*h->counted));
	h->keys = calloc(BATCH, sizeof(*h->keys));
	h->entries = calloc(BATCH, sizeof(*h->entries));
	if (!h->counted || !h->keys || !h->entries) {
		live_hash__free(h);
		return -ENOMEM;
	}
	*out = h;
	return 0;
}

void live_hash__free(struct live_hash *h)
{
	if (!h)
		return;
	free(h->counted);
	free(h->keys);
	free(h->entries);
	free(h);
}

uint32_t live_hash__mark(struct live_hash *h, const __u64 *counts, size_t stride, uint64_t *counted)
{
	uint32_t cpu;

	*counted = 0;
	for (cpu = 0; cpu < h->n_cpus; cpu++) {
		h->counted[cpu] =
			SEEN_COUNT(__atomic_load_n(counts + cpu * stride, __ATOMIC_ACQUIRE));
		*counted += h->counted[cpu];
	}
	return 0;
}

/* Read the next batch. *n: how many are in it. Returns 0, 1: it was the last, or negative errno. */
static int next_batch(struct live_hash *h, uint32_t *position, bool first, uint32_t *n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);

	*n = BATCH;
	if (!bpf_map_lookup_batch(h->fd, first ? NULL : position, position, h->keys, h->entries, n,
				  &opts))
		return 0;
	return errno == ENOENT ? 1 : -errno;
}

static bool is_counted(const struct live_hash *h, const struct live_entry *e)
{
	uint64_t cpu = LIVE_ID_CPU(e->id);

	return cpu < h->n_cpus && LIVE_ID_COUNTED(e->id) < h->counted[cpu];
}

int live_hash__for_each(struct live_hash *h, uint32_t space,
			int (*fn)(const struct live_block *, void *), void *arg)
{
	uint32_t position = 0, n, i;
	bool first = true;
	int last, err = 0;

	do {
		last = next_batch(h, &position, first, &n);
		if (last < 0)
			return last;
		first = false;
		for (i = 0; i < n && !err; i++) {
			const struct live_entry *e = &h->entries[i];
			struct live_block block = {
				.addr = h->keys[i].addr,
				.size = LIVE_SIZE(e->what),
				.entry = LIVE_ENTRY(e->what),
				.stack = LIVE_STACK(e->when),
				.birth = LIVE_BIRTH(e->when),
				.held = e->held,
			};

			if (h->keys[i].space == (space & 255) && is_counted(h, e))
				err = fn(&block, arg);
		}
	} while (!last && !err);
	return err;
}

uint64_t live_hash__purge(struct live_hash *h, uint32_t space)
{
	uint32_t position = 0, n, i;
	uint64_t gone = 0;
	bool first = true;
	int last;

	do {
		last = next_batch(h, &position, first, &n);
		first = false;
		for (i = 0; last >= 0 && i < n; i++)
			if ((int8_t)(h->keys[i].space - space) < 0 &&
			    !bpf_map_delete_elem(h->fd, &h->keys[i]))
				gone++;
	} while (!last);
	return gone;
}
