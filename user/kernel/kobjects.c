/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kobjects.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/kobject_hash.h"

/* tests/unit/test_object_table.c puts its own in their place. */
#ifndef KOBJECTS_LOAD
#define KOBJECTS_LOAD(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define KOBJECTS_CAS(p, old, new)                                                                  \
	__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)
#endif

static uint64_t load(const __u64 *p)
{
	return KOBJECTS_LOAD(p);
}

static uint64_t where_of(const struct kobject *o)
{
	return OBJECT_WHERE(o->addr, OBJECT_SPACE(o->what));
}

/* But for the epoch, which we clear. */
static bool is_same(const struct object_slot *slot, const struct kobject *o)
{
	return load(&slot->where) == where_of(o) && load(&slot->what) == o->what &&
	       !((load(&slot->when) ^ o->when) & ~OBJECT_EPOCH_MASK);
}

/* Forget in which epoch it was born: so these can be numbered anew. */
static void forget_epoch(struct object_slot *slot, const struct kobject *o)
{
	__u64 when = o->when;

	if (OBJECT_EPOCH(when)) /* fails if there is another object by now */
		KOBJECTS_CAS(&slot->when, &when, when & ~OBJECT_EPOCH_MASK);
}

void kobjects__clear(struct kobjects *list)
{
	free(list->at);
	*list = (struct kobjects){0};
}

int kobjects__add(struct kobjects *list, const struct kobject *o)
{
	struct kobject *grown;

	if (!(list->n & (list->n - 1))) { /* full: it grows by powers of two */
		grown = reallocarray(list->at, list->n ? 2 * list->n : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->at = grown;
	}
	list->at[list->n++] = *o;
	return 0;
}

static int collect(const struct object_slot *slots, size_t n_slots, uint32_t epoch,
		   struct kobjects *before, struct kobjects *since)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n_slots && !err; i++) {
		uint64_t where = load(&slots[i].where);
		struct kobject o = {
			.what = load(&slots[i].what), .when = load(&slots[i].when), .slot = i};
		struct kobjects *out = OBJECT_EPOCH(o.when) == epoch ? since : before;

		if (!where || !out)
			continue;
		o.addr = OBJECT_POINTER(OBJECT_ADDR(where), OBJECT_SPACE(o.what));
		err = kobjects__add(out, &o);
	}
	return err;
}

int kobjects__collect(struct ksession *s, uint32_t epoch, struct kobjects *before,
		      struct kobjects *since)
{
	struct object_slot *slots;
	size_t n_slots;
	int err, hash = ksession__object_hash(s, &n_slots);

	if (hash >= 0) {
		err = kobject_hash__read(hash, epoch, before, since);
	} else {
		slots = ksession__objects(s, &n_slots);
		err = collect(slots, n_slots, epoch, before, since);
	}
	if (err && before)
		kobjects__clear(before);
	if (err && since)
		kobjects__clear(since);
	return err;
}

int kobjects__sift(struct ksession *s, struct kobjects *list, struct kobjects *gone)
{
	size_t i, k;
	int err = 0;

	for (i = k = 0; i < list->n; i++) {
		if (kobjects__is_same(s, &list->at[i]))
			list->at[k++] = list->at[i];
		else if (gone && !err)
			err = kobjects__add(gone, &list->at[i]);
	}
	list->n = k;
	return err;
}

int kobjects__confirm(struct ksession *s, struct kobjects *list)
{
	struct object_slot *slots;
	size_t n_slots, i;
	int err;

	/* entries of a hash map are never seen half written */
	if (ksession__object_hash(s, &n_slots) >= 0)
		return 0;
	err = ksession__sync(s);
	/* of two that were read as one, none was there all the time; nor what is freed */
	if (!err)
		err = kobjects__sift(s, list, NULL);
	slots = ksession__objects(s, &n_slots);
	for (i = 0; i < list->n && !err; i++)
		forget_epoch(&slots[list->at[i].slot], &list->at[i]);
	return err;
}

#define NOBODY 1 /* where no object is */

/* Change whose slot this is. False: it is not from's, whose free was told of meanwhile. */
static bool hand_over(struct object_slot *slot, uint64_t from, uint64_t to)
{
	__u64 where = from;

	return KOBJECTS_CAS(&slot->where, &where, to);
}

int kobjects__remove(struct ksession *s, struct kobject *objects, size_t n, uint64_t *removed)
{
	struct object_slot *slots, *slot;
	size_t n_slots, i, k;
	int err, hash = ksession__object_hash(s, &n_slots);

	if (hash >= 0) {
		err = kobject_hash__remove(hash, objects, n, removed);
		ksession__count_removed(s, *removed);
		return err;
	}
	*removed = 0;
	slots = ksession__objects(s, &n_slots);
	for (i = k = 0; i < n; i++) {
		slot = &slots[objects[i].slot];
		if (is_same(slot, &objects[i]) && hand_over(slot, where_of(&objects[i]), NOBODY))
			objects[k++] = objects[i];
	}
	err = k ? ksession__sync(s) : 0;
	for (i = 0; i < k; i++) {
		slot = &slots[objects[i].slot];
		if (!err && load(&slot->what) == objects[i].what &&
		    !((load(&slot->when) ^ objects[i].when) & ~OBJECT_EPOCH_MASK)) {
			*removed += hand_over(slot, NOBODY, 0);
		} else {
			hand_over(slot, NOBODY, where_of(&objects[i]));
		}
	}
	return err;
}

unsigned int kobjects__fill(struct ksession *s)
{
	const struct object_slot *slots;
	size_t n, i, taken = 0, seen = 0;

	if (ksession__object_hash(s, &n) >= 0)
		return 100 * n / ksession__max_objects(s);
	slots = ksession__objects(s, &n);
	for (i = 0; i < n; i += 61) { /* no power of two: no pattern of pages */
		taken += load(&slots[i].where) != 0;
		seen++;
	}
	return seen ? 100 * taken / seen : 0;
}

bool kobjects__is_same(struct ksession *s, const struct kobject *o)
{
	const struct object_slot *slots;
	size_t n;
	int hash = ksession__object_hash(s, &n);

	if (hash >= 0)
		return kobject_hash__is_same(hash, o);
	slots = ksession__objects(s, &n);
	return o->slot < n && is_same(&slots[o->slot], o);
}
