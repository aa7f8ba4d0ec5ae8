/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/stackset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/hashidx.h"

struct known_key {
	uint64_t key;
	uint32_t id;
};

struct stackset {
	model_stack_fn fn;
	void *arg;
	uint64_t seed;
	struct model_stack *stacks;
	size_t n_stacks, max_stacks;
	struct hashidx by_frames;
	struct known_key *keys;
	size_t n_keys, max_keys;
	struct hashidx by_key;
};

struct stackset *stackset__new(model_stack_fn fn, void *arg, uint64_t seed)
{
	struct stackset *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fn = fn;
	s->arg = arg;
	s->seed = seed;
	return s;
}

void stackset__free(struct stackset *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_stacks; i++)
		report_frames__free(s->stacks[i].frames, s->stacks[i].n_frames);
	free(s->stacks);
	free(s->keys);
	hashidx__clear(&s->by_frames);
	hashidx__clear(&s->by_key);
	free(s);
}

static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	return strcmp(a, b);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The image counts too: after dlclose and dlopen an address may lie in another library. */
static int compare_frames(const struct report_frame *a, const struct report_frame *b)
{
	int order = compare_u64(a->addr, b->addr);

	if (!order)
		order = a->inlined - b->inlined;
	if (!order)
		order = compare_u64(a->image_vaddr, b->image_vaddr);
	if (!order)
		order = compare_strings(a->image, b->image);
	return order;
}

static int compare_stacks(const struct model_stack *a, const struct model_stack *b)
{
	int order = a->lost - b->lost;
	size_t i;

	for (i = 0; !order && i < a->n_frames && i < b->n_frames; i++)
		order = compare_frames(&a->frames[i], &b->frames[i]);
	return order ? order : compare_u64(a->n_frames, b->n_frames);
}

static bool same_frames(const void *ctx, uint32_t idx, const void *key)
{
	const struct stackset *s = ctx;

	return !compare_stacks(&s->stacks[idx], key);
}

static bool same_key(const void *ctx, uint32_t idx, const void *key)
{
	const struct stackset *s = ctx;

	return s->keys[idx].key == *(const uint64_t *)key;
}

static uint64_t hash_stack(const struct stackset *s, const struct model_stack *stack)
{
	uint64_t hash = hashidx__combine(s->seed, stack->lost);
	size_t i;

	for (i = 0; i < stack->n_frames; i++)
		hash = hashidx__combine(hash, stack->frames[i].addr);
	return hash;
}

/* Doubles array when it is full. */
static int make_room(void *array, size_t n, size_t *max, size_t size)
{
	size_t new_max = *max ? *max * 2 : 64;
	void **p = array, *grown;

	if (n < *max)
		return 0;
	if (new_max >= HASHIDX_NONE)
		return -ENOSPC;
	grown = reallocarray(*p, new_max, size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*max = new_max;
	return 0;
}

/* Take over the frames of stack, or free them when they are known. */
static int intern(struct stackset *s, struct model_stack *stack, uint32_t *id)
{
	uint64_t hash;
	int err;

	if (stack->lost) {
		report_frames__free(stack->frames, stack->n_frames);
		memset(stack, 0, sizeof(*stack));
		stack->lost = true;
	}
	hash = hash_stack(s, stack);
	*id = hashidx__find(&s->by_frames, hash, same_frames, s, stack);
	if (*id != HASHIDX_NONE) {
		if (!s->stacks[*id].cut)
			s->stacks[*id].cut = stack->cut;
		report_frames__free(stack->frames, stack->n_frames);
		return 0;
	}
	err = make_room(&s->stacks, s->n_stacks, &s->max_stacks, sizeof(*s->stacks));
	if (!err)
		err = hashidx__reserve(&s->by_frames);
	if (err) {
		report_frames__free(stack->frames, stack->n_frames);
		return err;
	}
	*id = s->n_stacks;
	s->stacks[s->n_stacks++] = *stack;
	hashidx__put(&s->by_frames, hash, *id);
	return 0;
}

int stackset__get(struct stackset *s, uint64_t key, uint32_t *id)
{
	uint64_t hash = hashidx__combine(s->seed, key);
	uint32_t idx = hashidx__find(&s->by_key, hash, same_key, s, &key);
	struct model_stack stack = {0};
	bool lost;
	int err;

	if (idx != HASHIDX_NONE) {
		*id = s->keys[idx].id;
		return 0;
	}
	/* Room first: what is interned must also be remembered. */
	err = make_room(&s->keys, s->n_keys, &s->max_keys, sizeof(*s->keys));
	if (!err)
		err = hashidx__reserve(&s->by_key);
	if (err)
		return err;

	if (key) {
		err = s->fn(key, &stack, s->arg);
		if (err) {
			report_frames__free(stack.frames, stack.n_frames);
			return err;
		}
	} else {
		stack.lost = true;
	}
	lost = stack.lost;
	err = intern(s, &stack, id);
	if (err || (lost && key)) /* its frames may still turn up */
		return err;
	s->keys[s->n_keys] = (struct known_key){.key = key, .id = *id};
	hashidx__put(&s->by_key, hash, s->n_keys++);
	return 0;
}

const struct model_stack *stackset__at(const struct stackset *s, uint32_t id)
{
	return &s->stacks[id];
}

int stackset__compare(const struct stackset *s, uint32_t a, uint32_t b)
{
	return a == b ? 0 : compare_stacks(&s->stacks[a], &s->stacks[b]);
}
