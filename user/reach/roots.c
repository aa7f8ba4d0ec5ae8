/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/roots.h"

#include <string.h>

#include "reach/holders.h"
#include "reach/mark.h"
#include "reach/memcopy.h"
#include "reach/ranges.h"
#include "reach/stop.h"
#include "target/maps.h"

#define RED_ZONE 128 /* System V ABI, AMD64, 3.2.2: bytes below sp that a leaf function may use */
#define DESCRIPTOR_ALIGN 64
#define DESCRIPTOR_SIZE 0x1000 /* struct pthread: 2304 bytes in 2.36 */
#define MAX_ABOVE (1ULL << 20) /* of a descriptor, up to the end of its stack */
#define MIN_STACK 16384	       /* PTHREAD_STACK_MIN */
#define MAX_STACK (1ULL << 40)

bool roots__is_one(const struct mapping *m)
{
	bool is_device = !strncmp(m->path, "/dev/", 5) && strncmp(m->path, "/dev/shm/", 9) != 0 &&
			 strncmp(m->path, "/dev/zero", 9) != 0;

	/* memcheck's rule; reading a device may hang, or do something */
	return m->read && m->write && !is_device;
}

static bool is_tcb(const struct memcopy *memory, uint64_t addr)
{
	uint64_t tcb, self;

	return memcopy__word(memory, addr, &tcb) && tcb == addr &&
	       memcopy__word(memory, addr + 16, &self) && self == addr;
}

/*
 * The stack that the descriptor of a thread, struct pthread of glibc's nptl/descr.h, is at the end
 * of: three words in it, whose place depends on the version, hold its start, its size, and that of
 * the guard at its start.
 */
static bool find_stack(const struct memcopy *memory, uint64_t tls, struct range *stack)
{
	uint64_t at, start, size, guard;

	if (!is_tcb(memory, tls))
		return false;
	for (at = tls + 24; at < tls + DESCRIPTOR_SIZE; at += 8) {
		if (!memcopy__word(memory, at, &start) || !memcopy__word(memory, at + 8, &size) ||
		    !memcopy__word(memory, at + 16, &guard))
			return false;
		if (size < MIN_STACK || size > MAX_STACK || start >= tls || tls - start >= size ||
		    start + size - tls > MAX_ABOVE || guard >= size || start % 4096 ||
		    size % 4096 || guard % 4096)
			continue;
		*stack = (struct range){start, start + size};
		return true;
	}
	return false;
}

static bool is_in(const struct range *r, uint64_t addr)
{
	return addr >= r->start && addr < r->end;
}

/* What is below the stack pointer of a thread that lives. */
static int add_below(const struct memcopy *memory, const struct maps *maps,
		     const struct stop_thread *t, bool at_call, struct ranges *dead)
{
	uint64_t end = at_call ? t->sp : t->sp - RED_ZONE;
	const struct mapping *m = maps__find(maps, t->sp);
	struct range stack;

	if (m && !strcmp(m->path, "[stack]"))
		return ranges__add(dead, m->start, end);
	/* a coroutine, or a handler on a stack of its own: where that begins is not known */
	if (!t->tls || !find_stack(memory, t->tls, &stack) || !is_in(&stack, t->sp) ||
	    t->sp > t->tls)
		return 0;
	return ranges__add(dead, stack.start, end);
}

static bool is_alive(const struct stop_thread *threads, size_t n, uint64_t tls,
		     const struct range *stack)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (threads[i].tls == tls || is_in(stack, threads[i].sp))
			return true;
	return false;
}

/*
 * Stacks of ended threads are kept for others. Their descriptor stays a root: the result of a
 * thread that has not been joined is in it, and the argument of one that has not begun.
 */
static int add_ended(const struct memcopy *memory, const struct mapping *m,
		     const struct stop_thread *threads, size_t n, struct ranges *dead)
{
	const struct memcopy_run *run;
	struct range stack;
	size_t n_runs, i;
	uint64_t at;
	int err = 0;

	run = memcopy__runs(memory, &n_runs);
	for (i = memcopy__first(memory, m->start); i < n_runs && run[i].start < m->end; i++) {
		for (at = run[i].start; !err && at < run[i].end && at < m->end;
		     at += DESCRIPTOR_ALIGN) {
			if (!is_tcb(memory, at) || !find_stack(memory, at, &stack) ||
			    is_alive(threads, n, at, &stack))
				continue;
			err = ranges__add(dead, stack.start, at);
		}
	}
	return err;
}

int roots__find_dead_stacks(const struct memcopy *memory, const struct maps *maps,
			    const struct stop_thread *threads, size_t n, bool at_call,
			    struct ranges *dead)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < n; i++)
		err = add_below(memory, maps, &threads[i], at_call, dead);
	for (i = 1; !err && i < maps->n; i++) {
		const struct mapping *guard = &maps->map[i - 1], *m = &maps->map[i];

		if (guard->end == m->start && !guard->read && !guard->write && roots__is_one(m) &&
		    !m->inode && !m->shared)
			err = add_ended(memory, m, threads, n, dead);
	}
	return err;
}

static int mark_range(uint64_t start, uint64_t end, void *arg)
{
	marker__range(arg, start, end);
	return 0;
}

void roots__mark(struct marker *mk, const struct maps *maps, const struct stop_thread *threads,
		 size_t n, bool at_call, const struct ranges *dead)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < threads[i].n_regs; k++)
			marker__value(mk, threads[i].regs[k]);
		for (k = 0; !at_call && k < threads[i].n_vector; k++)
			marker__value(mk, threads[i].vector[k]);
	}
	for (i = 0; i < maps->n; i++)
		if (roots__is_one(&maps->map[i]))
			ranges__outside(dead, maps->map[i].start, maps->map[i].end, mark_range, mk);
}

static int hold_range(uint64_t start, uint64_t end, void *arg)
{
	holders__range(arg, start, end);
	return 0;
}

void roots__hold(struct holders *h, const struct maps *maps, const struct stop_thread *threads,
		 size_t n, bool at_call, const struct ranges *dead)
{
	size_t i, k;

	for (i = 0; i < maps->n; i++)
		if (roots__is_one(&maps->map[i]))
			ranges__outside(dead, maps->map[i].start, maps->map[i].end, hold_range, h);
	for (i = 0; i < n; i++) {
		for (k = 0; k < threads[i].n_regs; k++)
			holders__value(h, threads[i].regs[k]);
		for (k = 0; !at_call && k < threads[i].n_vector; k++)
			holders__value(h, threads[i].vector[k]);
	}
	holders__finish(h);
}
