/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "nopreempt.h"

#define BATCH 16384u
#define MAX_BATCH (16u << 20)

int live__for_each(int fd, int (*fn)(const struct live_key *, const struct live_block *, void *),
		   void *arg)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	struct live_key *keys = NULL;
	struct live_block *blocks = NULL;
	uint32_t size = BATCH, position = 0, n, i;
	struct nopreempt np;
	void *from = NULL;
	int err = 0, end = 0;

	while (!end) {
		if (!keys) {
			keys = calloc(size, sizeof(*keys));
			blocks = calloc(size, sizeof(*blocks));
			if (!keys || !blocks) {
				err = -ENOMEM;
				break;
			}
		}
		n = size;
		nopreempt__begin(&np);
		err = bpf_map_lookup_batch(fd, from, &position, keys, blocks, &n, &opts);
		nopreempt__end(&np);
		if (err == -ENOSPC && size < MAX_BATCH) {
			/* a bucket holds more than a batch: whole buckets only are returned */
			free(keys);
			free(blocks);
			keys = NULL;
			blocks = NULL;
			size *= 2;
			continue;
		}
		if (err && err != -ENOENT)
			break;
		end = err == -ENOENT; /* that was the last one */
		err = 0;
		from = &position;
		for (i = 0; i < n && !err; i++)
			err = fn(&keys[i], &blocks[i], arg);
		if (err)
			break;
	}
	free(keys);
	free(blocks);
	return err;
}

struct purge {
	uint32_t space;
	struct live_key *keys;
	size_t n, room;
};

static int collect(const struct live_key *key, const struct live_block *block, void *arg)
{
	struct purge *p = arg;
	struct live_key *keys;

	(void)block;
	if (key->space == p->space)
		return 0;
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 1024;

		keys = realloc(p->keys, room * sizeof(*keys));
		if (!keys)
			return -ENOMEM;
		p->keys = keys;
		p->room = room;
	}
	p->keys[p->n++] = *key;
	return 0;
}

int64_t live__purge(int fd, uint32_t space)
{
	struct purge p = {.space = space};
	int64_t gone = 0;
	size_t i;
	int err;

	err = live__for_each(fd, collect, &p);
	for (i = 0; i < p.n; i++)
		if (!bpf_map_delete_elem(fd, &p.keys[i]))
			gone++;
	free(p.keys);
	return err ? err : gone;
}
