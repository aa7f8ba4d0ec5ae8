/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * kernel_track - pairs the kernel's allocations with their frees.
 *
 * Every object is entered with its site: the call site comes free with the event. The stack is
 * most of the cost, so it is taken for the first objects of each site, then for some.
 */
#ifndef KERNEL_TRACK_BPF_H
#define KERNEL_TRACK_BPF_H

#include "kernel_maps.bpf.h"

/* What object_word reads. */
enum object_word {
	OBJECT_WORD_WHAT,
	OBJECT_WORD_WHEN,
	OBJECT_WORD_EPOCH, /* of those that have it apart */
};

#ifdef MEMLEAK_OLD
#include "object_hash.bpf.h"
#else
/* What all tables are found by, once in a program. NULL only for the verifier. */
static __always_inline void *tables(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&objects, &zero);
}

static __always_inline struct object_slot *object_slot(__u64 index)
{
	struct object_slot *first = tables();

	barrier_var(index); /* else the compiler adds up what the verifier must see alone */
	return first && index < cfg.n_slots ? first + index : NULL;
}

static __always_inline __u64 *object_reaches(__u64 index)
{
	void *t = tables();

	barrier_var(index);
	return t && index < cfg.n_slots / 8 ? (__u64 *)(t + cfg.reaches_at) + index : NULL;
}

/* That the number of a home is small enough, the verifier knows by cfg.home_shift. */
static __always_inline struct object_slot *object_home_slot(void *t, __u64 home)
{
	return (struct object_slot *)t + home;
}

/* A byte of the words that object_reaches gives. */
static __always_inline __u64 object_home_reach(void *t, __u64 home)
{
	return *(volatile __u8 *)(t + cfg.reaches_at + home);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bytes of a word in order");

#define OBJECT_SLOT(i) object_slot(i)
#define OBJECT_REACHES(i) object_reaches(i)
#define OBJECT_HOME_SLOT(t, i) object_home_slot(t, i)
#define OBJECT_HOME_REACH(t, i) object_home_reach(t, i)
#define OBJECT_HOME_SHIFT cfg.home_shift
#define OBJECT_CAS(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define OBJECT_LOAD(p) (*(volatile __u64 *)(p))
#define OBJECT_STORE(p, v) (*(volatile __u64 *)(p) = (v))
#define OBJECT_FUNC VERIFIED_ONCE
#include "object_table.h"

static __always_inline int object_enter(void *t, __u64 where, __u64 what, __u64 when, __u64 epoch)
{
	return object_insert(t, where, what, when | epoch << 32);
}

/* Enter what object_word has said of another one. */
static __always_inline int object_put(__u64 where, __u64 what, __u64 when, __u64 epoch)
{
	return object_insert_far(where, what, when);
}

/* A word of an object; 0: there is none. */
VERIFIED_ONCE __u64 object_word(__u64 where, __u32 word)
{
	__u64 index = object_find(where);
	struct object_slot *slot = index == OBJECT_NONE ? NULL : OBJECT_SLOT(index);

	if (!slot || word == OBJECT_WORD_EPOCH)
		return 0;
	return OBJECT_LOAD(word == OBJECT_WORD_WHAT ? &slot->what : &slot->when);
}

#define CLAIM(word) (!__sync_lock_test_and_set(&(word), 1))
#endif
#include "stack_table.bpf.h"

#include "kernel_filter.bpf.h"
#include <bpf/bpf_core_read.h>

struct kmem_cache {
	unsigned int size, object_size;
	const char *name;
} __attribute__((preserve_access_index));

static __always_inline struct kernel_site *site_at(__u64 index)
{
	__u32 i = index & (KERNEL_SITES - 1);

	return bpf_map_lookup_elem(&sites, &i);
}

static __always_inline __u64 site_hash(__u64 call_site, __u64 cache, __u32 class)
{
	return ((call_site + (cache + class) * 0xBF58476D1CE4E5B9ULL) * 0x9E3779B97F4A7C15ULL) | 1;
}

#define SITE_HOME(hash) ((hash) >> (64 - KERNEL_SITE_BITS))

static __always_inline void site_fill(struct kernel_site *site, __u64 call_site, __u64 cache,
				      __u32 class)
{
	struct kmem_cache *s = (void *)cache;

	site->call_site = call_site;
	site->cache = cache;
	site->class = class;
	if (!cache)
		return;
	bpf_probe_read_kernel_str(site->name, sizeof(site->name), BPF_CORE_READ(s, name));
	site->req = BPF_CORE_READ(s, object_size);
	site->alloc = BPF_CORE_READ(s, size);
}

/* Find the site with this hash, or take a slot. Returns one more than its index, or 0: no room. */
#ifdef MEMLEAK_OLD
VERIFIED_ONCE __u64 site_search(__u64 hash, __u64 call_site, __u64 cache, __u32 class)
{
	__u32 *known = bpf_map_lookup_elem(&site_ids, &hash), id;
	struct kernel_site *site;

	if (known)
		return *known;
	id = site_take();
	site = id ? site_at(id - 1) : NULL;
	if (!site)
		return 0;
	site_fill(site, call_site, cache, class);
	*(volatile __u64 *)&site->hash = hash;
	if (!bpf_map_update_elem(&site_ids, &hash, &id, BPF_NOEXIST))
		return id;
	known = bpf_map_lookup_elem(&site_ids, &hash); /* another CPU was first */
	return known ? *known : 0;
}
#else
VERIFIED_ONCE __u64 site_search(__u64 hash, __u64 call_site, __u64 cache, __u32 class)
{
	struct kernel_site *site;
	__u64 home = SITE_HOME(hash), there;

	for (__u32 i = 0; i < SITE_WINDOW; i++) {
		site = site_at(home + i);
		if (!site)
			break;
		there = *(volatile __u64 *)&site->hash;
		if (!there) {
			there = __sync_val_compare_and_swap(&site->hash, 0, hash);
			if (!there) {
				site_fill(site, call_site, cache, class);
				there = hash;
			}
		}
		if (there == hash)
			return ((home + i) & (KERNEL_SITES - 1)) + 1;
	}
	return 0;
}
#endif

static __always_inline struct site_hits *hits_at(void *t, __u64 index)
{
#ifdef MEMLEAK_OLD
	__u32 i = (bpf_get_smp_processor_id() << KERNEL_SITE_BITS) + index;

	return bpf_map_lookup_elem(&hits, &i);
#else
	__u64 cpu = bpf_get_smp_processor_id(), own;

	if (cpu >= cfg.n_cpus)
		return NULL;
	own = cpu * KERNEL_SITES * sizeof(struct site_hits);
	barrier_var(own); /* bits put together by an OR have no bounds for verifiers of 6.1 */
	return (struct site_hits *)(t + cfg.hits_at + own) + (index & (KERNEL_SITES - 1));
#endif
}

/* What this CPU knows of a site, for the first time or as another one is at its home. */
SUBPROGRAM struct site_hits *site_enter_far(__u64 hash, __u64 call_site, __u64 cache, __u32 class)
{
	__u64 id = site_search(hash, call_site, cache, class);
	struct kmem_cache *s = (void *)cache;
	void *t = tables();
	struct site_hits *here;

	if (!t || !id)
		return NULL;
	here = hits_at(t, id - 1);
	if (!here || here->hash == hash)
		return here;
	here->id = id;
	if (cache) {
		here->req = BPF_CORE_READ(s, object_size);
		here->alloc = BPF_CORE_READ(s, size);
		here->name = (__u64)BPF_CORE_READ(s, name);
	}
	if (id == SITE_HOME(hash) + 1)
		here->hash = hash;
	return here;
}

/* What an event tells of an allocation. */
struct allocation {
	void *t; /* tables() */
	__u64 *ctx;
	__u64 where;
	bool has_site; /* the first argument is where it is made */
};

/* The site of an allocation. NULL: no room. */
static __always_inline struct site_hits *site_enter(const struct allocation *a, __u64 cache,
						    __u32 class)
{
	__u64 call_site = a->has_site ? a->ctx[0] : 0;
	__u64 hash = site_hash(call_site, cache, class);
	struct site_hits *here = hits_at(a->t, SITE_HOME(hash));

	if (__builtin_expect(here && here->hash == hash, 1))
		return here;
	return site_enter_far(hash, call_site, cache, class);
}

/*
 * Is this frame where an interrupt came in? Returns its context, 0: no. One after the other, as the
 * verifier then knows the ranges, and removes those that are empty.
 */
static __always_inline __u32 entry_context(__u64 pc)
{
#pragma unroll
	for (int i = 0; i < KERNEL_ENTRY_RANGES; i++)
		if (pc - cfg.entry[i].start < cfg.entry[i].end - cfg.entry[i].start)
			return cfg.entry[i].context;
	return 0;
}

/*
 * Copy the frames from raw[first] on, up to where an interrupt came in: the rest belongs to whom it
 * interrupted. Returns their hash.
 */
static __always_inline __u64 keep_frames(struct stack_room *room, __u32 first, __u32 n, __u32 site)
{
	__u64 hash = site, pc;
	__u32 depth = 0, context = KERNEL_TASK;

	for (__u32 i = 0; i < MEMLEAK_MAX_DEPTH; i++) {
		if (i >= cfg.max_depth || first + i >= n)
			break;
		pc = room->raw[(first + i) & MEMLEAK_MAX_DEPTH];
		room->trace.pc[i] = pc;
		hash = (hash ^ pc) * 0x9E3779B97F4A7C15ULL;
		hash ^= hash >> 32;
		depth = i + 1;
		context = entry_context(pc);
		if (context)
			break;
	}
	room->trace.head.depth = depth;
	room->trace.head.end = KSTACK_END(site, context,
					  depth == cfg.max_depth && first + depth < n && !context);
	return hash | 1;
}

/*
 * The frame that the event names as the call site; those before it are the allocator's own. Through
 * memory, so that the verifier does not go on with each of the numbers.
 */
static __always_inline __u32 first_frame(struct stack_room *room, __u32 n, __u64 call_site)
{
	*(volatile __u64 *)&room->first = 0;
	for (__u32 i = 0; i < 16; i++)
		if (i < n && room->raw[i] == call_site) {
			*(volatile __u64 *)&room->first = i;
			break;
		}
	return *(volatile __u64 *)&room->first;
}

static __always_inline void note_latest(__u64 key)
{
	__u32 i = key - 1;
	struct kernel_latest *l = bpf_map_lookup_elem(&latest, &i);

	/* one in a tick is as late as another */
	if (!l || l->jiffies == bpf_jiffies64() || !CLAIM(l->busy))
		return;
	l->pid = bpf_get_current_pid_tgid() >> 32;
	l->jiffies = bpf_jiffies64();
	bpf_get_current_comm(l->comm, sizeof(l->comm));
	l->busy = 0;
}

/* After a stack: how many shall follow without one? */
static __always_inline __u32 stack_pause(struct site_hits *here)
{
	if (here->taken < cfg.stack_first) {
		here->taken++;
		return 0;
	}
	/* drawn, not counted off: a fixed stride would fall into step with its caller */
	return cfg.stack_gap ? bpf_get_prandom_u32() % cfg.stack_gap : 0;
}

/* Count an allocation with a stack. False: there was no room for the stack's frames. */
static __always_inline bool count_stack(__u32 key)
{
	struct stack_slot *slot = stack_slot(key - 1);

	if (!slot || *(volatile __u64 *)&slot->frames == STACK_NO_FRAMES)
		return false;
	__sync_fetch_and_add(&slot->hits, 1);
	return true;
}

/* Where to take a stack; NULL: an interrupt came while another one was taken. */
SUBPROGRAM struct stack_room *stack_begin(struct site_hits *here)
{
	__u32 zero = 0;
	struct stack_room *room = bpf_map_lookup_elem(&stack_rooms, &zero);

	if (!room || !here)
		return NULL;
	here->until = stack_pause(here);
	if (CLAIM(room->busy))
		return room;
	stat_inc(KSTAT_STACK_BUSY);
	return NULL;
}

/* Enter the stack that was taken, of so many bytes. Returns the object's origin. */
SUBPROGRAM __u64 stack_end(struct stack_room *room, long size, __u64 site_id, __u64 call_site)
{
	__u32 n = size > 0 ? (__u64)size / 8 : 0;
	__u64 entered;

	if (!room)
		return site_id;
	entered = stack_enter(keep_frames(room, first_frame(room, n, call_site), n, site_id));
	if (entered & STACK_NEW)
		stack_store(entered, &room->trace);
	entered = (__u32)entered;
	if (entered && count_stack(entered)) {
		note_latest(entered);
		site_id = KERNEL_SITES + entered;
	} else {
		stat_inc(KSTAT_NO_STACK);
	}
	room->busy = 0;
	return site_id;
}

/*
 * Take the stack of an allocation at a site. Returns the object's origin. The helper is called by
 * the program itself: a function of its own would be one more frame to unwind, and those of
 * programs take the kernel longest.
 */
static __always_inline __u64 take_stack(const struct allocation *a, struct site_hits *here,
					__u64 site_id)
{
	struct stack_room *room = stack_begin(here);
	long size;

	if (!room)
		return site_id;
	size = bpf_get_stack(a->ctx, room->raw, sizeof(room->raw), 0);
	return stack_end(room, size, site_id, a->has_site ? *(volatile __u64 *)a->ctx : 0);
}

/* Is this what an allocator returned, and not NULL, ZERO_SIZE_PTR or an error? */
static __always_inline bool is_object(__u64 ptr)
{
	return ptr > 16 && ptr < (__u64)-4095;
}

/* Who allocates: one of those we are asked for? */
static __always_inline bool is_wanted_task(void)
{
	__u32 tgid;

	if (*(volatile __u32 *)&state.resting)
		return true;
	tgid = bpf_get_current_pid_tgid() >> 32;
	return tgid != state.own_tgid && (!cfg.tgid || tgid == cfg.tgid || tgid == state.learner);
}

static __always_inline bool is_wanted(const struct filter_event *e)
{
	__u64 alloc;

	if (!cfg.selective)
		return true;
	if (cfg.sized) {
		alloc = filter_event_number(FILTER_BYTES_ALLOC, e);
		if (alloc < cfg.min_size || alloc > cfg.max_size)
			return false;
	}
	return !cfg.filtered || filter_match(e);
}

static __always_inline __u64 object_what(__u64 req, __u64 alloc, __u32 space)
{
	__u64 what;

	req /= OBJECT_UNIT(space);
	alloc /= OBJECT_UNIT(space);
	if (alloc > OBJECT_MAX_SIZE)
		req = alloc = OBJECT_MAX_SIZE;
	what = OBJECT_WHAT(req, alloc, space);
	barrier_var(what); /* now: there are few registers, and none for both sizes */
	return what;
}

/* What does not happen at most allocations: out of the way of the others. */
SUBPROGRAM int track_insert_outcome(int done, __u32 epoch)
{
	stat_inc(done > 0 ? KSTAT_IMPLIED : KSTAT_FULL + (epoch & 1));
	return 0;
}

/* Enter an object that was allocated at this site. */
static __always_inline int track_at(const struct allocation *a, struct site_hits *here, __u64 what)
{
	__u64 now = bpf_jiffies64(), epoch = *(volatile __u32 *)&state.epoch, id = here->id;
	int done;

	count_up(&here->seen[epoch & 1]);
	barrier_var(epoch); /* not to be kept in two forms */
	if (__builtin_expect(!a->has_site || !here->until, 0))
		id = take_stack(a, here, id);
	else
		here->until--;
	done = object_enter(a->t, a->where, what, OBJECT_WHEN(id, now, 0), epoch);
	return __builtin_expect(done, 0) ? track_insert_outcome(done, epoch) : 0;
}

SUBPROGRAM int track_failed(void)
{
	stat_inc(KSTAT_FAILED);
	return 0;
}

SUBPROGRAM int track_no_site(void)
{
	stat_inc(KSTAT_NO_SITE + (state.epoch & 1));
	return 0;
}

/*
 * An allocation that is not to be followed. Whatever object was at its address has been freed, if
 * no event has said so.
 */
SUBPROGRAM int track_reject(__u64 where)
{
	void *t = tables();

	if (t && object_remove(t, where))
		track_insert_outcome(1, 0);
	return 0;
}

/* Is this an allocation to be followed, as far as can be said without its size? */
static __always_inline bool track_begin(struct allocation *a, __u64 *ctx, __u64 ptr, __u32 space,
					bool has_site)
{
	if (!is_object(ptr)) {
		if (!ptr)
			track_failed();
		return false;
	}
	*a = (struct allocation){
		.t = tables(), .ctx = ctx, .where = OBJECT_WHERE(ptr, space), .has_site = has_site};
	barrier_var(a->where);
	if (!a->t || is_wanted_task())
		return a->t;
	track_reject(a->where);
	return false;
}

/* An object was allocated. */
static __always_inline int track_alloc(const struct allocation *a, __u32 class, __u64 what)
{
	struct site_hits *here = site_enter(a, 0, class);

	return here ? track_at(a, here, what) : track_no_site();
}

static __always_inline int track_free(__u64 ptr, __u32 space)
{
	void *t;

	if (!is_object(ptr))
		return 0;
	t = tables();
	if (t && !object_remove(t, OBJECT_WHERE(ptr, space)))
		stat_own(KSTAT_UNTRACKED);
	return 0;
}

#endif
