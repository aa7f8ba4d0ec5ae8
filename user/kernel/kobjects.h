/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kobjects - what the kernel's allocators have given out and not got back.
 *
 * The programs enter an object by taking a slot with its address and then writing the rest, without
 * a mark while that is unfinished. So a slot may be read that says one object's address and the
 * rest of another one, which was there before. Those are found out: after the first reading we wait
 * for the programs that were running, and read again.
 */
#ifndef KERNEL_KOBJECTS_H
#define KERNEL_KOBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/ksession.h"

struct kobject {
	uint64_t addr;
	uint64_t what, when; /* as in its slot */
	uint32_t slot;	     /* of the table; 0 if that is a hash map */
};

static inline uint64_t kobject__alloc(const struct kobject *o)
{
	return OBJECT_ALLOC(o->what);
}
static inline uint64_t kobject__req(const struct kobject *o)
{
	return OBJECT_REQ(o->what);
}

struct kobjects {
	struct kobject *at; /* malloc'ed; NULL: none */
	size_t n;
};

void kobjects__clear(struct kobjects *list);

int kobjects__add(struct kobjects *list, const struct kobject *o); /* 0 or -ENOMEM */

#define KOBJECTS_EVER UINT32_MAX /* all are before this epoch */

/*
 * A first reading: those that were born before the current epoch began, and since; either may be
 * NULL. Returns 0 or negative errno; both are then empty.
 */
int kobjects__collect(struct ksession *s, uint32_t epoch, struct kobjects *before,
		      struct kobjects *since);
/*
 * Take those out of a list that are not there any more, and add them to *gone, if that is not NULL.
 * Returns 0 or -ENOMEM.
 */
int kobjects__sift(struct ksession *s, struct kobjects *list, struct kobjects *gone);
/*
 * The second reading, once what ran during the first one has ended: what is left in the list was
 * there all the time. Returns 0 or negative errno.
 */
int kobjects__confirm(struct ksession *s, struct kobjects *list);
/*
 * Remove objects. A program may at any time enter a new one in the slot of an old one with the same
 * address: so the slot is first given to nobody, and once all programs that had it in hand have
 * ended, what it holds tells which one it was. A new one is put back. (If it was freed meanwhile,
 * that went unseen: another reason to come here.) n of them; *removed: how many were. Returns 0 or
 * negative errno.
 */
int kobjects__remove(struct ksession *s, struct kobject *objects, size_t n, uint64_t *removed);
/* About how many of a hundred slots are taken. */
unsigned int kobjects__fill(struct ksession *s);
/* Is an object still the one that was read? */
bool kobjects__is_same(struct ksession *s, const struct kobject *o);
#endif
