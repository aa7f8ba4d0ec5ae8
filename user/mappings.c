/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mappings.h"

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "../bpf/memleak.h"
#include "attach.h"
#include "probes.h"
#include "report/intervals.h"
#include "stacks.h"
#include "target/addrspace.h"

/* How deep a call within libc's allocator goes: free, arena_get2, new_heap, mmap and some in
 * between. */
#define CALLER_FRAMES 10

static bool is_loader(const struct image *image)
{
	return !strncmp(image->name, "ld-", 3) && strncmp(image->name, "ld-musl", 7) != 0;
}

struct caller {
	const struct attacher *attacher;
	size_t depth; /* of the frame that is looked at */
};

/*
 * Is this the frame of an allocator that maps memory outside of its probed calls (background
 * threads, constructors), of ld.so, or of an allocator function whose return is not waited for:
 * glibc's free may map an arena, malloc where it is left out of a sample?
 */
static bool is_not_the_program(const struct image *image, const char *function, void *arg)
{
	struct caller *c = arg;
	size_t depth = c->depth++;

	if (!image)
		return false;
	if (depth == 0 && is_loader(image))
		return true;
	if (attacher__is_allocator(c->attacher, image))
		return true;
	return function && attacher__is_probed(c->attacher, image) &&
	       entry_point__is_name(function);
}

static bool is_the_program(const struct mappings *m, uint64_t stack)
{
	struct caller c = {.attacher = m->attacher};

	return !stacks__any(m->stacks, stack, CALLER_FRAMES, is_not_the_program, &c);
}

static const char *note_of(const struct event *e)
{
	if (e->flags & MAP_STACK)
		return "thread stack";
	if (e->entry == PROT_NONE)
		return "reserved without access, PROT_NONE";
	return NULL;
}

static void count_cut(struct mappings *m, uint64_t stack)
{
	if (!stacks__is_complete(m->stacks, stack))
		m->cut[stacks__end(m->stacks, stack)]++;
}

int mappings__event(struct mappings *m, const struct event *e)
{
	struct interval_info info = {
		.birth_ns = e->time_ns,
		.stack = e->stack,
		.tid = e->tid,
	};
	int64_t gone;

	switch (e->type) {
	case EVENT_MAP:
		if (!(e->flags & MAP_ANONYMOUS) || !is_the_program(m, e->stack)) {
			/* replaces what is at its address all the same (MAP_FIXED) */
			gone = intervals__unmap(m->intervals, e->addr, e->size);
			return gone < 0 ? (int)gone : 0;
		}
		info.entry = "mmap";
		info.note = note_of(e);
		count_cut(m, e->stack);
		return intervals__map(m->intervals, e->addr, e->size, &info);
	case EVENT_UNMAP:
		/* its time is the call's beginning: what another thread mapped there since is not
		 * meant */
		gone = intervals__unmap_before(m->intervals, e->addr, e->size, e->time_ns);
		return gone < 0 ? (int)gone : 0;
	case EVENT_REMAP:
		return intervals__remap(m->intervals, e->old_addr, e->old_size, e->addr, e->size,
					e->flags & MREMAP_DONTUNMAP);
	case EVENT_BRK:
		if (e->addr > e->old_addr && !is_the_program(m, e->stack))
			return 0;
		info.entry = "brk";
		if (e->addr > e->old_addr)
			count_cut(m, e->stack);
		return intervals__brk(m->intervals, e->old_addr, e->addr, &info);
	}
	return 0;
}
