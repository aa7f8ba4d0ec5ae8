/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roots - where a program may look without being told where: the registers of its threads, and all
 * writable memory that is not dead. Dead are stacks beyond their stack pointer, and those of
 * threads that have ended.
 */
#ifndef REACH_ROOTS_H
#define REACH_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maps;
struct holders;
struct mapping;
struct marker;
struct memcopy;
struct ranges;
struct stop_thread;

/* May pointers be in it that keep something reachable? */
bool roots__is_one(const struct mapping *m);
/*
 * In both functions, at_call: the threads stand where a function is called, so that nothing is of
 * use to the program below the stack pointer, and in vector registers.
 */
/*
 * Add the memory of stacks that nobody will read again to dead. Only where it is known for sure how
 * far a stack goes: glibc notes it down in a thread's descriptor. Returns 0 or -ENOMEM.
 */
int roots__find_dead_stacks(const struct memcopy *memory, const struct maps *maps,
			    const struct stop_thread *threads, size_t n, bool at_call,
			    struct ranges *dead);
/* Hand the roots to mk: all but what is in dead, which is settled. */
void roots__mark(struct marker *mk, const struct maps *maps, const struct stop_thread *threads,
		 size_t n, bool at_call, const struct ranges *dead);
/*
 * The same to h, for telling by whom blocks are held. Variables come before stacks and registers:
 * of ways of the same length it is theirs.
 */
void roots__hold(struct holders *h, const struct maps *maps, const struct stop_thread *threads,
		 size_t n, bool at_call, const struct ranges *dead);
#endif
