/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/ksession.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "../../bpf/filter.h"

#include "kernel/entries.h"
#include "kernel/forms.h"
#include "kernel/kskel.h"
#include "shared_map.h"

#define STACKS_FIRST 16 /* taken at each site on each CPU, whatever comes */

struct ksession {
	struct kskel *skel;
	bool old; /* the object table is a hash map */
	struct forms forms;
	int links[FORMS_MAX_PROGRAMS];
	size_t n_links;
	int inner, outer; /* a map in a map, for ksession__sync */
	struct shared_map objects, sites, hits_map, stack_slots, stack_frames, latest, stats, peek;
	struct site_hits *hits; /* KERNEL_SITES for each CPU */
	uint32_t epoch;
	int n_cpus, peek_fd;
	uint64_t lost[2][2]; /* KSTAT_FULL, KSTAT_NO_SITE by parity of the epoch */
};

static int print_all(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, fmt, args);
}

static int print_nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

/* Since 6.1 the kernel does not run a program while it runs on that CPU already (__bpf_trace_run).
 */
static bool is_guarded(void)
{
	unsigned int major, minor;
	struct utsname u;

	return !uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 1));
}

/* Before 6.0 a value of a map has at most 4 MiB; all objects are one. */
static bool has_large_values(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "large", 4, 8 << 20, 1, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct bpf_map *map(const struct ksession *s, const char *name)
{
	return kskel__map(s->skel, name);
}

static size_t n_hits(const struct ksession *s)
{
	return (size_t)s->n_cpus * KERNEL_SITES;
}

static void set_sizes(struct ksession *s, const struct ksession_opts *opts,
		      const struct kernel_config *cfg)
{
	uint32_t stack_slots = cfg->stack_slots + STACK_WINDOW;

	if (s->old) {
		bpf_map__set_max_entries(map(s, "objects"), opts->max_live);
		bpf_map__set_max_entries(map(s, "stack_keys"), opts->max_stacks);
		bpf_map__set_max_entries(map(s, "stack_taken"), opts->max_stacks);
		bpf_map__set_max_entries(map(s, "hits"), n_hits(s));
	} else {
		bpf_map__set_value_size(map(s, "objects"),
					cfg->hits_at + n_hits(s) * sizeof(struct site_hits));
	}
	bpf_map__set_max_entries(map(s, "stats"), s->n_cpus * KSTAT_ROOM);
	bpf_map__set_max_entries(map(s, "stack_slots"), stack_slots);
	bpf_map__set_max_entries(map(s, "latest"), stack_slots);
	bpf_map__set_max_entries(map(s, "stack_frames"), opts->max_stacks);
	bpf_map__set_value_size(map(s, "stack_frames"),
				sizeof(struct stack_head) + opts->max_depth * sizeof(uint64_t));
}

static int configure(struct ksession *s, const struct ksession_opts *opts)
{
	struct kernel_config *cfg = kskel__config(s->skel);

	s->epoch = kskel__state(s->skel)->epoch = 1;
	cfg->min_size = opts->min_size;
	cfg->max_size = opts->max_size;
	cfg->sized = opts->min_size || opts->max_size != UINT64_MAX;
	cfg->tgid = opts->tgid;
	/* two of three slots used, at most */
	cfg->home_shift = 64;
	while (1ULL << (64 - cfg->home_shift) < opts->max_live + opts->max_live / 2)
		cfg->home_shift--;
	cfg->page_size = sysconf(_SC_PAGESIZE);
	cfg->stack_slots = 2 * opts->max_stacks;
	cfg->max_stacks = opts->max_stacks;
	cfg->max_depth = opts->max_depth;
	cfg->stack_first = STACKS_FIRST;
	/* without a stack are 0 to gap - 1, each as likely: on average one less than stack_every */
	cfg->stack_gap = opts->stack_every > 1 ? 2 * opts->stack_every - 1 : 0;
	cfg->guarded = is_guarded();
	entries__find(opts->symbols, cfg->entry);
	cfg->filtered = opts->filter != NULL;
	cfg->selective = cfg->sized || cfg->filtered;
	if (opts->filter)
		*kskel__filter(s->skel) = *opts->filter;
	s->n_cpus = libbpf_num_possible_cpus();
	if (s->n_cpus < 0)
		return s->n_cpus;
	cfg->n_cpus = s->n_cpus;
	cfg->n_slots = (1u << (64 - cfg->home_shift)) + OBJECT_WINDOW;
	cfg->reaches_at = cfg->n_slots * sizeof(struct object_slot);
	cfg->hits_at = cfg->reaches_at + cfg->n_slots;
	set_sizes(s, opts, cfg);
	return 0;
}

static int choose_programs(struct ksession *s, const struct ksession_opts *opts, const char **why)
{
	static char missing[200];
	struct forms *f = &s->forms;
	struct bpf_program *prog;
	size_t i;

	forms__choose(opts->btf, FORMS_SLAB, f);
	if (!f->missing && opts->pages)
		forms__choose(opts->btf, FORMS_PAGES, f);
	if (!f->missing && opts->percpu)
		forms__choose(opts->btf, FORMS_PERCPU, f);
	if (!f->missing && opts->vmalloc)
		forms__choose(opts->btf, FORMS_VMALLOC, f);
	if (f->missing) {
		snprintf(missing, sizeof(missing),
			 "this kernel has no event %s as far as its BTF tells%s", f->missing,
			 strcmp(f->missing, "alloc_vmap_area") ? "" : ": --vmalloc needs 6.3");
		*why = missing;
		return -ENOENT;
	}
	for (i = 0; i < f->n; i++) {
		prog = kskel__program(s->skel, f->program[i]);
		if (!prog) {
			*why = f->program[i];
			return -ENOENT;
		}
		bpf_program__set_autoload(prog, true);
	}
	return 0;
}

static int share_all(struct ksession *s)
{
	int err = 0;

	if (!s->old)
		err = shared_map__open(&s->objects, map(s, "objects"));
	if (!err)
		err = shared_map__open(&s->sites, map(s, "sites"));
	if (!err && s->old)
		err = shared_map__open(&s->hits_map, map(s, "hits"));
	if (!err)
		s->hits =
			s->old ? s->hits_map.at
			       : (void *)((char *)s->objects.at + kskel__config(s->skel)->hits_at);
	if (!err)
		err = shared_map__open(&s->stack_slots, map(s, "stack_slots"));
	if (!err)
		err = shared_map__open(&s->stack_frames, map(s, "stack_frames"));
	if (!err)
		err = shared_map__open(&s->latest, map(s, "latest"));
	if (!err)
		err = shared_map__open(&s->stats, map(s, "stats"));
	if (!err)
		err = shared_map__open(&s->peek, map(s, "peeked"));
	return err;
}

/* Updating a map in a map waits for running programs: maybe_wait_bpf_programs(). */
static int open_sync(struct ksession *s)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	s->inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sync_inner", 4, 4, 1, NULL);
	if (s->inner < 0)
		return s->inner;
	opts.inner_map_fd = s->inner;
	s->outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "sync", 4, 4, 1, &opts);
	return s->outer < 0 ? s->outer : 0;
}

int ksession__sync(struct ksession *s)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(s->outer, &zero, &s->inner, BPF_ANY);
}

static int set_cgroups(struct ksession *s, const struct ksession_opts *opts)
{
	int fd = bpf_map__fd(map(s, "filter_cgroups")), err = 0;
	uint32_t i;

	for (i = 0; i < opts->n_cgroups && !err; i++)
		err = bpf_map_update_elem(fd, &i, &opts->cgroups[i], BPF_ANY);
	return err;
}

/* Frees come first in the list: an object is not entered before its free would be seen. */
int ksession__attach(struct ksession *s)
{
	size_t i;
	int fd;

	for (i = 0; i < s->forms.n; i++) {
		const struct bpf_program *prog = kskel__program(s->skel, s->forms.program[i]);
		const char *section = bpf_program__section_name(prog);
		bool raw = !strncmp(section, "raw_tp/", 7) || !strncmp(section, "?raw_tp/", 8);

		fd = bpf_raw_tracepoint_open(raw ? strchr(section, '/') + 1 : NULL,
					     bpf_program__fd(prog));
		if (fd < 0)
			return -errno;
		s->links[s->n_links++] = fd;
	}
	return 0;
}

/*
 * Have the programs see an allocation of our own from a cache, so that there is a site that knows
 * one: kdead.c finds all others from it.
 */
static void learn_cache(struct kernel_state *state)
{
	uint32_t own = state->own_tgid;
	int fd;

	__atomic_store_n(&state->learner, own, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->own_tgid, 0, __ATOMIC_SEQ_CST);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	__atomic_store_n(&state->own_tgid, own, __ATOMIC_SEQ_CST);
	__atomic_store_n(&state->learner, 0, __ATOMIC_SEQ_CST);
}

int ksession__new(const struct ksession_opts *opts, struct ksession **out, const char **why)
{
	struct ksession_clock clock;
	struct ksession *s;
	int err;

	*why = NULL;
	libbpf_set_print(opts->verbose ? print_all : print_nothing);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->inner = s->outer = -1;
	s->old = opts->old || !has_large_values();
	err = kskel__new(s->old, &s->skel);
	if (!err)
		err = configure(s, opts);
	if (!err)
		err = choose_programs(s, opts, why);
	if (!err)
		err = kskel__load(s->skel);
	if (!err)
		s->peek_fd = kskel__program_fd(s->skel, "peek");
	if (!err)
		err = share_all(s);
	if (!err)
		err = open_sync(s);
	if (!err)
		err = set_cgroups(s, opts);
	if (!err)
		err = ksession__read_clock(s, &clock); /* also learns who we are */
	if (!err)
		err = ksession__attach(s);
	if (!err)
		learn_cache(kskel__state(s->skel));
	if (err)
		goto cleanup;
	*out = s;
	return 0;
cleanup:
	ksession__free(s);
	return err;
}

void ksession__detach(struct ksession *s)
{
	while (s->n_links)
		close(s->links[--s->n_links]);
}

void ksession__free(struct ksession *s)
{
	if (!s)
		return;
	ksession__detach(s);
	shared_map__close(&s->objects);
	shared_map__close(&s->sites);
	shared_map__close(&s->hits_map);
	shared_map__close(&s->stack_slots);
	shared_map__close(&s->stack_frames);
	shared_map__close(&s->latest);
	shared_map__close(&s->stats);
	shared_map__close(&s->peek);
	if (s->outer >= 0)
		close(s->outer);
	if (s->inner >= 0)
		close(s->inner);
	kskel__free(s->skel);
	free(s);
}

void ksession__rest(struct ksession *s, bool rest)
{
	__atomic_store_n(&kskel__state(s->skel)->resting, rest && !kskel__config(s->skel)->tgid,
			 __ATOMIC_SEQ_CST);
}

int ksession__read_clock(struct ksession *s, struct ksession_clock *clock)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct kernel_state *state = kskel__state(s->skel);
	struct timespec tick;
	int err;

	err = bpf_prog_test_run_opts(kskel__program_fd(s->skel, "read_clock"), &opts);
	if (err)
		return err;
	/* what its resolution says is the length of a tick: kernel/time/posix-timers.c */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return -errno;
	clock->tick_ns = tick.tv_nsec;
	clock->now_ns = state->now_ns;
	clock->now = (uint32_t)state->jiffies;
	return 0;
}

/* Jiffies within which objects are taken to be born since the clock was read, not 2^32 ago. */
#define BORN_SINCE (1u << 20)

uint64_t ksession__time_of(const struct ksession_clock *clock, uint32_t jiffies)
{
	uint32_t age = clock->now - jiffies;

	if (age > UINT32_MAX - BORN_SINCE)
		age = 0;
	return clock->now_ns - age * clock->tick_ns;
}

/*
 * The upper bits follow from the time: jiffies begin at INITIAL_JIFFIES, 300 s before 0
 * (include/linux/jiffies.h), and stand still as CLOCK_MONOTONIC does while the machine sleeps.
 */
uint64_t ksession__ticks_of(const struct ksession_clock *clock, uint32_t jiffies)
{
	uint64_t ticks = clock->tick_ns ? clock->now_ns / clock->tick_ns : 0;

	ticks += 1ULL << 32; /* not before 0 */
	ticks += (int32_t)(clock->now - (uint32_t)ticks);
	return ticks + (int32_t)(jiffies - clock->now);
}

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static uint64_t sum_up(const struct ksession *s, enum kernel_stat id)
{
	const uint64_t *stats = s->stats.at;
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < s->n_cpus; cpu++)
		sum += load(&stats[cpu * KSTAT_ROOM + id]);
	return sum;
}

static void add_hits(const struct ksession *s, uint32_t parity, uint64_t *seen)
{
	size_t i;

	for (i = 0; i < n_hits(s); i++)
		seen[i % KERNEL_SITES] += load((const uint64_t *)&s->hits[i].seen[parity]);
}

int ksession__next_epoch(struct ksession *s, uint32_t *epoch, uint64_t *seen)
{
	struct kernel_state *state = kskel__state(s->skel);
	uint32_t old = s->epoch & 1;
	int err;

	memset(seen, 0, KERNEL_SITES * sizeof(*seen));
	/* nothing counts there since the epoch before ended */
	add_hits(s, !old, seen);
	s->lost[!old][0] = sum_up(s, KSTAT_FULL + !old);
	s->lost[!old][1] = sum_up(s, KSTAT_NO_SITE + !old);
	s->epoch = s->old ? s->epoch + 1 : s->epoch % OBJECT_EPOCHS + 1;
	__atomic_store_n(&state->epoch, s->epoch, __ATOMIC_SEQ_CST);
	err = ksession__sync(s);
	if (err)
		return err;
	add_hits(s, old, seen);
	s->lost[old][0] = sum_up(s, KSTAT_FULL + old);
	s->lost[old][1] = sum_up(s, KSTAT_NO_SITE + old);
	*epoch = s->epoch;
	return 0;
}

/*
 * The kernel does not run a program while it runs on that CPU already, in the context that an
 * interrupt came upon. It counts that; and, if it is told to, runs and the time they take.
 */
static void ask_programs(const struct ksession *s, struct ksession_stats *stats)
{
	size_t i;

	stats->missed_allocs = stats->missed_frees = stats->runs = stats->run_ns = 0;
	for (i = 0; i < s->forms.n; i++) {
		const char *name = s->forms.program[i];
		const struct bpf_program *prog = kskel__program(s->skel, name);
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			continue;
		stats->runs += info.run_cnt;
		stats->run_ns += info.run_time_ns;
		if (strstr(name, "free"))
			stats->missed_frees += info.recursion_misses;
		else
			stats->missed_allocs += info.recursion_misses;
	}
}

void ksession__stats(struct ksession *s, struct ksession_stats *stats)
{
	enum kernel_stat id;

	for (id = 0; id < KSTAT_MAX; id++)
		stats->sum[id] = sum_up(s, id);
	stats->sum[KSTAT_FULL] = s->lost[0][0] + s->lost[1][0];
	stats->sum[KSTAT_NO_SITE] = s->lost[0][1] + s->lost[1][1];
	ask_programs(s, stats);
}

uint64_t ksession__seen(const struct ksession *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n_hits(s); i++)
		sum += load((const uint64_t *)&s->hits[i].seen[0]) +
		       load((const uint64_t *)&s->hits[i].seen[1]);
	return sum;
}

int ksession__object_hash(const struct ksession *s, size_t *n)
{
	*n = __atomic_load_n(&kskel__state(s->skel)->n_objects, __ATOMIC_ACQUIRE);
	return s->old ? bpf_map__fd(map(s, "objects")) : -1;
}

void ksession__count_removed(struct ksession *s, size_t n)
{
	__atomic_fetch_sub(&kskel__state(s->skel)->n_objects, n, __ATOMIC_ACQ_REL);
}

size_t ksession__max_objects(const struct ksession *s)
{
	return s->old ? bpf_map__max_entries(map(s, "objects")) : kskel__config(s->skel)->n_slots;
}

struct object_slot *ksession__objects(const struct ksession *s, size_t *n)
{
	*n = kskel__config(s->skel)->n_slots;
	return s->objects.at;
}

const struct kernel_site *ksession__sites(const struct ksession *s)
{
	return s->sites.at;
}

const struct stack_trace *ksession__stack(const struct ksession *s, uint32_t key)
{
	const struct stack_slot *slots = s->stack_slots.at;
	uint64_t frames;

	if (!key || key > s->stack_slots.n)
		return NULL;
	frames = __atomic_load_n(&slots[key - 1].frames, __ATOMIC_ACQUIRE);
	if (!frames || frames == STACK_NO_FRAMES || frames > s->stack_frames.n)
		return NULL;
	return (const void *)((const char *)s->stack_frames.at +
			      (frames - 1) * s->stack_frames.value_size);
}

void ksession__stacks_taken(const struct ksession *s, uint64_t *complete, uint64_t *cut)
{
	const struct stack_slot *slots = s->stack_slots.at;
	size_t i;

	*complete = *cut = 0;
	for (i = 0; i < s->stack_slots.n; i++) {
		const struct stack_trace *trace = ksession__stack(s, i + 1);
		uint64_t hits = load((const uint64_t *)&slots[i].hits);

		if (trace)
			*(KSTACK_CUT(trace->head.end) ? cut : complete) += hits;
	}
}

const struct kernel_latest *ksession__latest(const struct ksession *s, uint32_t key)
{
	return key && key <= s->latest.n ? (struct kernel_latest *)s->latest.at + key - 1 : NULL;
}

size_t ksession__max_stack_key(const struct ksession *s)
{
	return s->stack_slots.n;
}

size_t ksession__n_cpus(const struct ksession *s)
{
	return s->n_cpus;
}

int ksession__learn_cpus(struct ksession *s, uint64_t *offset, uint64_t *runqueue)
{
	struct kernel_state *state = kskel__state(s->skel);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .flags = BPF_F_TEST_RUN_ON_CPU);
	int cpu, n = 0;

	for (cpu = 0; cpu < s->n_cpus; cpu++) {
		opts.cpu = cpu;
		offset[cpu] = runqueue[cpu] = 0;
		/* one that is offline has no program run */
		if (bpf_prog_test_run_opts(kskel__program_fd(s->skel, "learn_cpu"), &opts))
			continue;
		offset[cpu] = state->percpu_offset;
		runqueue[cpu] = state->runqueue;
		n++;
	}
	return n ? 0 : -ENODATA;
}

int ksession__peek(struct ksession *s, uint64_t addr, void *buf, size_t size)
{
	struct kernel_state *state = kskel__state(s->skel);
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err;

	while (size) {
		size_t n = size < PEEK_ROOM ? size : PEEK_ROOM;

		state->peek_addr = addr;
		state->peek_size = n;
		err = bpf_prog_test_run_opts(s->peek_fd, &opts);
		if (err)
			return err;
		if (state->peek_result)
			return state->peek_result;
		memcpy(buf, s->peek.at, n);
		buf = (char *)buf + n;
		addr += n;
		size -= n;
	}
	return 0;
}
