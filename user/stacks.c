/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stacks.h"

#include <errno.h>
#include <linux/types.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/memleak.h"
#include "elf/elfimg.h"
#include "report/model.h"
#include "sym/perfmap.h"
#include "sym/symbolizer.h"
#include "target/addrspace.h"

struct stacks {
	struct stack_table table;
	uint32_t max_depth;
	const struct addrspace *as;
	struct symbolizer *sym;
	struct perfmap *jit;
	void *known; /* tsearch tree of struct known_stack */
};

/* A frame's place, by value: images live as long as the address space's object. */
struct known_frame {
	uint64_t addr;	 /* return address, or where a signal came */
	uint64_t vaddr;	 /* ELF virtual address of the instruction that counts: addr - back */
	uint64_t offset; /* of the same in the image's file */
	uint8_t back;
	const struct image *image;
	const char *label;
};

struct known_stack {
	uint64_t key;
	uint32_t n;
	enum walk_end end;
	bool nowhere;	 /* ended at an address that no code is mapped at */
	int8_t complete; /* does it reach the outermost frame; -1: not asked yet */
	struct known_frame frame[];
};

static int compare_keys(const void *a, const void *b)
{
	const struct known_stack *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

struct stacks *stacks__new(const struct stack_table *table, uint32_t max_depth,
			   const struct addrspace *as, struct symbolizer *sym, struct perfmap *jit)
{
	struct stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->table = *table;
	s->max_depth = max_depth;
	s->as = as;
	s->sym = sym;
	s->jit = jit;
	return s;
}

void stacks__free(struct stacks *s)
{
	if (!s)
		return;
	tdestroy(s->known, free);
	free(s);
}

static struct known_stack *find(const struct stacks *s, uint64_t key)
{
	struct known_stack wanted = {.key = key};
	struct known_stack **node = tfind(&wanted, &s->known, compare_keys);

	return node ? *node : NULL;
}

/*
 * Turn addresses into places. A chain that follows a register used for something else leads to
 * words that are no code addresses: the stack ends before the first of them.
 */
static struct known_stack *place_stack(const struct stacks *s, uint64_t key,
				       const struct stack_trace *trace)
{
	uint32_t depth = trace->head.depth, i;
	struct known_stack *k;
	struct place place;

	if (depth > s->max_depth)
		depth = s->max_depth;
	k = calloc(1, sizeof(*k) + depth * sizeof(k->frame[0]));
	if (!k)
		return NULL;
	k->key = key;
	k->end = trace->head.end;
	k->complete = -1;
	for (i = 0; i < depth; i++) {
		uint64_t addr = PC_ADDR(trace->pc[i]);
		/* a return address stands for the call before it */
		uint64_t back = trace->pc[i] & PC_INTERRUPTED ? 0 : 1;
		bool found = addrspace__find(s->as, addr - back, &place);

		if (!found && i) {
			k->nowhere = true;
			break;
		}
		k->frame[i].addr = addr;
		k->frame[i].back = back;
		if (found) {
			k->frame[i].image = place.image;
			k->frame[i].vaddr = place.vaddr;
			k->frame[i].offset = place.offset;
			k->frame[i].label = place.label;
		}
	}
	k->n = i;
	return k;
}

static struct known_stack *keep(struct stacks *s, uint64_t key, const struct stack_trace *trace)
{
	struct known_stack *k = place_stack(s, key, trace);

	if (k && !tsearch(k, &s->known, compare_keys)) {
		free(k);
		k = NULL;
	}
	return k;
}

/* The frames that the BPF side stored, in shared memory; NULL: there are none. */
static const struct stack_trace *stored(const struct stacks *s, uint64_t key)
{
	uint64_t frames;

	if (!key || key > s->table.n_slots)
		return NULL;
	frames = __atomic_load_n(&s->table.slots[key - 1].frames, __ATOMIC_ACQUIRE);
	if (!frames || frames > s->table.n_frames)
		return NULL;
	return (const void *)(s->table.frames + (frames - 1) * s->table.frames_size);
}

/* The stack of that key: known, or read from the table if its notification was lost. */
static struct known_stack *learn(struct stacks *s, uint64_t key)
{
	struct known_stack *k = find(s, key);
	const struct stack_trace *trace;

	if (k)
		return k;
	trace = stored(s, key);
	return trace ? keep(s, key, trace) : NULL;
}

int stacks__learn(struct stacks *s, uint64_t key, const struct stack_trace *trace)
{
	return find(s, key) || keep(s, key, trace) ? 0 : -ENOMEM;
}

int stacks__replace(struct stacks *s, uint64_t key, const struct stack_trace *trace)
{
	struct known_stack *old = find(s, key);

	if (old) {
		tdelete(old, &s->known, compare_keys);
		free(old);
	}
	return keep(s, key, trace) ? 0 : -ENOMEM;
}

bool stacks__recorded(struct stacks *s, uint64_t key, struct stack_trace *trace)
{
	const struct stack_trace *there = stored(s, key);

	if (!there)
		return false;
	memset(trace, 0, sizeof(*trace));
	trace->head = there->head;
	if (trace->head.depth > s->max_depth)
		trace->head.depth = s->max_depth;
	memcpy(trace->pc, there->pc, trace->head.depth * sizeof(trace->pc[0]));
	return true;
}

bool stacks__any(struct stacks *s, uint64_t key, size_t depth,
		 bool (*fn)(const struct image *image, const char *function, void *arg), void *arg)
{
	const struct known_stack *k = key ? learn(s, key) : NULL;
	const struct sym_frame *frames;
	size_t i, n;

	for (i = 0; k && i < k->n && i < depth; i++) {
		const struct known_frame *f = &k->frame[i];
		const char *function = NULL;

		if (f->image && f->image->elf &&
		    !symbolizer__resolve(s->sym, f->image->elf, f->vaddr, &frames, &n) && n)
			function = frames[n - 1].function;
		if (fn(f->image, function, arg))
			return true;
	}
	return false;
}

/*
 * The functions that nothing calls: program and thread starts of glibc and musl. What libc calls
 * main from has no frame of its own to go on to, so it counts as well.
 */
static bool is_outermost(const char *function)
{
	static const char *const names[] = {
		"_start",
		"_start_c",
		"__libc_start_call_main",
		"__libc_start_main",
		"clone",
		"clone3",
		"__clone",
		"__clone3",
		"start_thread",
		"start",
		"libc_start_main_stage2",
		"thread_start",
		"__libc_start_main_impl",
		"_dl_start_user",
		"__start_context",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(function, names[i]))
			return true;
	return false;
}

/* The C library, or the loader that calls constructors before the program starts. */
static bool is_libc(const struct image *image)
{
	return image && (!strncmp(image->name, "libc.so", 7) || !strncmp(image->name, "libc-", 5) ||
			 !strncmp(image->name, "ld-", 3));
}

/*
 * The names of a frame with an image. *back: how far its address is from the place that was looked
 * up. Signal trampolines and coroutine starts are returned to without having been called: the
 * address is their first byte, and nothing is before it.
 */
static int name_frame(const struct stacks *s, const struct known_frame *f,
		      const struct sym_frame **names, size_t *n, uint8_t *back)
{
	const struct sym_frame *at;
	size_t n_at;
	int err;

	*back = f->back;
	err = symbolizer__resolve(s->sym, f->image->elf, f->vaddr, names, n);
	if (err || (*names)->function || !f->back)
		return err;
	err = symbolizer__resolve(s->sym, f->image->elf, f->vaddr + 1, &at, &n_at);
	if (!err && at->function && !at->offset) {
		*names = at;
		*n = n_at;
		*back = 0;
	}
	return err;
}

static bool is_complete(struct stacks *s, struct known_stack *k)
{
	const struct known_frame *last;
	const struct sym_frame *frames;
	uint8_t back;
	size_t n;

	if (k->complete >= 0)
		return k->complete;
	k->complete = k->end == WALK_BOTTOM && !k->nowhere;
	if (k->complete)
		return true;
	last = k->n ? &k->frame[k->n - 1] : NULL;
	if (!last || !last->image || !last->image->elf)
		return false;
	if (name_frame(s, last, &frames, &n, &back))
		return false;
	if (n && frames[n - 1].function)
		k->complete = is_outermost(frames[n - 1].function);
	else /* libc's start functions are local: a stripped libc does not name them */
		k->complete = is_libc(last->image) &&
			      (k->end == WALK_FP_ZERO || k->end == WALK_CHAIN);
	return k->complete;
}

/* How its walk ended, as far as it is one: the same in the list of stacks and in the account. */
static enum walk_end end_of(const struct known_stack *k)
{
	return k->nowhere || k->end >= WALK_ENDS ? WALK_CHAIN : k->end;
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static char *build_id(const struct image *image)
{
	const uint8_t *id = NULL;
	size_t n = 0, i;
	char *hex;

	if (image->elf)
		id = elfimg__build_id(image->elf, &n);
	hex = id ? malloc(2 * n + 1) : NULL;
	for (i = 0; hex && i < n; i++)
		sprintf(hex + 2 * i, "%02x", id[i]);
	return hex;
}

/* Append the frames of one address: inlined calls first, the function they are in last. */
static int add_frames(const struct stacks *s, const struct known_frame *f, struct model_stack *out)
{
	const struct sym_frame none = {0}, *names = &none;
	struct sym_frame jit = {0};
	uint8_t back = f->back;
	uint64_t start;
	struct report_frame *frames;
	size_t n = 1, i;

	if (f->image && f->image->elf && name_frame(s, f, &names, &n, &back))
		return -ENOMEM;
	if (!names->function && s->jit && !f->image &&
	    perfmap__find(s->jit, f->addr - f->back, &jit.function, &start)) {
		jit.offset = f->addr - f->back - start;
		names = &jit;
	}
	frames = realloc(out->frames, (out->n_frames + n) * sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	out->frames = frames;
	for (i = 0; i < n; i++) {
		struct report_frame *r = &frames[out->n_frames++];

		memset(r, 0, sizeof(*r));
		r->addr = f->addr;
		r->function = copy(names[i].function);
		r->offset = names[i].inlined ? 0 : names[i].offset + back;
		r->file = copy(names[i].file);
		r->path = copy(names[i].path);
		r->line = names[i].line;
		r->inlined = names[i].inlined;
		r->image = copy(f->image ? f->image->name : f->label);
		r->interrupted = !back;
		r->image_vaddr = f->vaddr + f->back;
		if (!f->image)
			continue;
		r->image_path = copy(f->image->path);
		r->build_id = build_id(f->image);
		r->image_offset = f->offset + f->back;
	}
	return 0;
}

int stacks__resolve(uint64_t key, struct model_stack *out, void *arg)
{
	struct stacks *s = arg;
	struct known_stack *k;
	uint32_t i;
	int err = 0;

	memset(out, 0, sizeof(*out));
	k = key ? learn(s, key) : NULL;
	if (!k) {
		out->lost = true;
		return 0;
	}
	for (i = 0; i < k->n && !err; i++)
		err = add_frames(s, &k->frame[i], out);
	if (!is_complete(s, k))
		out->cut = stacks__cut_reason(end_of(k));
	return err;
}

bool stacks__is_complete(struct stacks *s, uint64_t key)
{
	struct known_stack *k = key ? learn(s, key) : NULL;

	return k && is_complete(s, k);
}

const char *stacks__cut_reason(uint32_t end)
{
	static const char *const reasons[WALK_ENDS] = {
		[WALK_BOTTOM] = "no caller",
		[WALK_FP_ZERO] = "no frame pointer",
		[WALK_CHAIN] = "code without frame pointers or unwind table",
		[WALK_FAULT] = "stack unreadable",
		[WALK_DEPTH] = "--max-depth reached",
		[WALK_NO_MAPPING] = "mapping not yet known",
		[WALK_UNSUPPORTED] = "unwind rule not supported",
	};

	return reasons[end < WALK_ENDS ? end : WALK_CHAIN];
}

uint32_t stacks__end(struct stacks *s, uint64_t key)
{
	struct known_stack *k = key ? learn(s, key) : NULL;

	return k ? end_of(k) : WALK_FAULT;
}

bool stacks__is_unmapped(struct stacks *s, uint64_t key)
{
	struct known_stack *k = key ? learn(s, key) : NULL;

	return k && (k->nowhere || k->end == WALK_NO_MAPPING);
}

uint64_t stacks__count_cut(struct stacks *s, uint64_t cut[])
{
	const struct stack_slot *slot;
	uint64_t hits, key, lost = 0;
	struct known_stack *k;
	size_t i;

	memset(cut, 0, WALK_ENDS * sizeof(*cut));
	for (i = 0; i < s->table.n_slots; i++) {
		key = i + 1;
		slot = &s->table.slots[i];
		hits = __atomic_load_n(&slot->hits, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&slot->frames, __ATOMIC_ACQUIRE) == STACK_NO_FRAMES)
			lost += hits;
		if (!hits || !stored(s, key))
			continue;
		k = learn(s, key);
		if (!k || !is_complete(s, k))
			cut[stacks__end(s, key)] += hits;
	}
	return lost;
}
