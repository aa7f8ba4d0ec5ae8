/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap/census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reach/memcopy.h"
#include "reach/ranges.h"
#include "reach/roots.h"
#include "reach/stop.h"
#include "reach/vtables.h"

#define TRIES 5

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int find_blocks(struct census *c, struct ranges *dead)
{
	const struct stop_thread *threads = stop__threads(c->capture.stop, &c->threads);
	uint64_t *tls = calloc(c->threads + 1, sizeof(*tls));
	struct heap_opts opts = {.tls = tls, .n_tls = c->threads};
	size_t i;
	int err;

	if (!tls)
		return -ENOMEM;
	for (i = 0; i < c->threads; i++)
		tls[i] = threads[i].tls;
	err = chunks__find(c->capture.memory, &c->capture.maps, &opts, dead, &c->chunks);
	free(tls);
	return err;
}

static int list_blocks(struct census *c)
{
	size_t i;

	c->n = c->chunks.n;
	c->block = calloc(c->n + 1, sizeof(*c->block));
	if (!c->block)
		return -ENOMEM;
	for (i = 0; i < c->n; i++) {
		const struct chunk *chunk = &c->chunks.chunk[i];

		c->block[i] = (struct mark_block){.addr = chunk->addr, .size = chunk->size};
	}
	free(c->chunks.chunk);
	c->chunks.chunk = NULL;
	return 0;
}

static int judge(struct census *c, struct ranges *dead)
{
	struct marker_opts opts = {.is_vtable = vtables__is_one};
	const struct maps *maps = &c->capture.maps;
	const struct stop_thread *threads;
	struct vtables *vtables = NULL;
	struct marker *marker = NULL;
	size_t n, i;
	int err;

	threads = stop__threads(c->capture.stop, &n);
	err = roots__find_dead_stacks(c->capture.memory, maps, threads, n, false, dead);
	ranges__settle(dead);
	if (!err) {
		vtables = opts.arg = vtables__new(c->capture.pid, maps);
		err = vtables ? 0 : -ENOMEM;
	}
	if (!err)
		err = marker__new(c->capture.memory, c->block, c->n, &opts, &marker);
	if (!err) {
		roots__mark(marker, maps, threads, n, false, dead);
		marker__finish(marker);
	}
	for (i = 0; !err && i < c->n; i++)
		reach_sum__add(&c->sum[c->block[i].kind], c->block[i].size, 1);
	marker__free(marker);
	vtables__free(vtables);
	return err;
}

static int find_holders(struct census *c, const struct ranges *dead)
{
	const struct stop_thread *threads;
	size_t n;
	int err = holders__new(c->capture.memory, c->block, c->n, &c->holders);

	threads = stop__threads(c->capture.stop, &n);
	if (!err)
		roots__hold(c->holders, &c->capture.maps, threads, n, false, dead);
	return err;
}

static int take(pid_t pid, const struct census_opts *opts, struct census *c,
		char why_not[CAPTURE_WHY_NOT])
{
	const struct capture_opts how_to = {.max_pause_ns = opts->max_pause_ns};
	struct ranges dead = {0};
	uint64_t began;
	int err;

	err = capture__take(pid, &how_to, &c->capture, why_not);
	if (err)
		return err;
	began = now_ns();
	err = find_blocks(c, &dead);
	if (err == -ENOENT) {
		snprintf(why_not, CAPTURE_WHY_NOT,
			 "no heap of glibc's malloc is in it: of other allocators, only what is "
			 "allocated from now on can be followed (without --heap)");
	} else {
		if (!err)
			err = list_blocks(c);
		if (!err)
			err = judge(c, &dead);
		if (!err && opts->by_whom)
			err = find_holders(c, &dead);
		if (err)
			snprintf(why_not, CAPTURE_WHY_NOT, "there is no memory for judging it");
	}
	ranges__clear(&dead);
	c->mark_ns = now_ns() - began;
	return err;
}

/* Has a thread been stopped at work on the heap? */
static bool is_unsettled(const struct census *c)
{
	return c->chunks.odd || c->chunks.found.broken || c->chunks.heaps_given_up;
}

int census__take(pid_t pid, const struct census_opts *opts, struct census *c,
		 char why_not[CAPTURE_WHY_NOT])
{
	int i, err = 0;

	memset(c, 0, sizeof(*c));
	for (i = 0; !err && i < TRIES; i++) {
		census__clear(c);
		err = take(pid, opts, c, why_not);
		if (err || !is_unsettled(c))
			break;
	}
	return err;
}

void census__clear(struct census *c)
{
	capture__clear(&c->capture);
	chunks__clear(&c->chunks);
	holders__free(c->holders);
	free(c->block);
	memset(c, 0, sizeof(*c));
}

void census__sizes(const struct census *c, struct size_class class[CENSUS_SIZES])
{
	size_t i, k;

	memset(class, 0, CENSUS_SIZES * sizeof(*class));
	for (i = 0; i < c->n; i++) {
		const struct mark_block *b = &c->block[i];

		for (k = 5; k < CENSUS_SIZES - 1 && b->size > 1ULL << k; k++)
			;
		reach_sum__add(&class[k].all, b->size, 1);
		if (b->kind == REACH_DEFINITE || b->kind == REACH_INDIRECT)
			reach_sum__add(&class[k].lost, b->size, 1);
	}
}

const struct mark_block *census__find(const struct census *c, uint64_t addr)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->block[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr - c->block[low - 1].addr < c->block[low - 1].size ? &c->block[low - 1]
									     : NULL;
}
