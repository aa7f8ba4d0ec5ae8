/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kobject_hash.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

/* Entries read at once. The kernel returns whole buckets; there are as many as entries. */
#define BATCH 16384u

struct batch {
	__u64 keys[BATCH]; /* OBJECT_WHERE */
	struct object_entry entries[BATCH];
	uint32_t n;
};

/* Read the next batch. Returns 0, 1: it was the last, or negative errno. */
static int next_batch(int fd, uint32_t *position, bool first, struct batch *b)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);

	b->n = BATCH;
	if (!bpf_map_lookup_batch(fd, first ? NULL : position, position, b->keys, b->entries, &b->n,
				  &opts))
		return 0;
	return errno == ENOENT ? 1 : -errno;
}

static int add_batch(const struct batch *b, uint32_t epoch, struct kobjects *before,
		     struct kobjects *since)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < b->n && !err; i++) {
		struct kobjects *out = b->entries[i].epoch == epoch ? since : before;

		if (out)
			err = kobjects__add(out, &(struct kobject){
							 .addr = OBJECT_POINTER(
								 OBJECT_ADDR(b->keys[i]),
								 OBJECT_SPACE(b->entries[i].what)),
							 .what = b->entries[i].what,
							 .when = b->entries[i].when,
						 });
	}
	return err;
}

int kobject_hash__read(int fd, uint32_t epoch, struct kobjects *before, struct kobjects *since)
{
	struct batch *b = malloc(sizeof(*b));
	uint32_t position = 0;
	bool first = true;
	int last, err = 0;

	if (!b)
		return -ENOMEM;
	do {
		last = next_batch(fd, &position, first, b);
		first = false;
		err = last < 0 ? last : add_batch(b, epoch, before, since);
	} while (!last && !err);
	free(b);
	return err;
}

static __u64 key_of(const struct kobject *o)
{
	return OBJECT_WHERE(o->addr, OBJECT_SPACE(o->what));
}

bool kobject_hash__is_same(int fd, const struct kobject *o)
{
	__u64 key = key_of(o);
	struct object_entry entry;

	return !bpf_map_lookup_elem(fd, &key, &entry) && entry.what == o->what &&
	       entry.when == o->when;
}

int kobject_hash__remove(int fd, const struct kobject *objects, size_t n, uint64_t *removed)
{
	size_t i;

	*removed = 0;
	for (i = 0; i < n; i++) {
		__u64 key = key_of(&objects[i]);

		if (kobject_hash__is_same(fd, &objects[i]) && !bpf_map_delete_elem(fd, &key))
			++*removed;
	}
	return 0;
}
