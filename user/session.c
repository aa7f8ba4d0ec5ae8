/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cookies.h"
#include "links.h"
#include "live_hash.h"
#include "object.h"
#include "sample.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PIDNS_INO 0xEFFFFFFCULL

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

static struct bpf_map *map(const struct session *s, const char *name)
{
	return object__map(s->object, name);
}

int session__program_fd(const struct session *s, const char *name)
{
	int fd = bpf_program__fd(object__program(s->object, name));
	const struct bpf_object *late = object__late(s->object);

	if (fd >= 0 || !late)
		return fd;
	return bpf_program__fd(bpf_object__find_program_by_name(late, name));
}

static int configure(struct session *s, const struct session_opts *opts)
{
	struct memleak_config *cfg = object__config(s->object);
	uint64_t homes;
	struct stat ns;

	cfg->min_size = opts->min_size;
	cfg->max_size = opts->max_size;
	cfg->max_depth = opts->max_depth;
	cfg->sample = opts->sample;
	if (opts->sample_bytes)
		cfg->sample_digits = sample__chances(opts->sample_bytes, cfg->sample_chance);
	cfg->started = opts->started;
	cfg->trace = opts->trace;
	cfg->frame_pointers = opts->frame_pointers;
	cfg->profile = opts->profile;
	if (!stat("/proc/self/ns/pid", &ns) && ns.st_ino != INITIAL_PIDNS_INO) {
		/* the kernel compares with its own encoding of the device (new_encode_dev) */
		cfg->pidns_dev = ns.st_dev;
		cfg->pidns_ino = ns.st_ino;
	}
	object__state(s->object)->tgid = opts->pid;
	object__state(s->object)->anchor = opts->anchor;
	homes = LIVE_HOMES_FOR(opts->max_live);
	cfg->live_near = LIVE_NEAR_OF(homes);
	cfg->live_far = homes - cfg->live_near;
	cfg->stack_slots = 2 * opts->max_stacks;
	cfg->max_stacks = opts->max_stacks;
	s->n_cpus = libbpf_num_possible_cpus();
	if (s->n_cpus < 0)
		return s->n_cpus;
	bpf_map__set_max_entries(map(s, "stats"), s->n_cpus * STAT_ROOM);
	bpf_map__set_max_entries(map(s, "stack_slots"), cfg->stack_slots + STACK_WINDOW);
	bpf_map__set_max_entries(map(s, "stack_frames"), opts->max_stacks);
	bpf_map__set_value_size(map(s, "stack_frames"),
				sizeof(struct stack_head) + opts->max_depth * sizeof(uint64_t));
	bpf_map__set_max_entries(map(s, "unwind_rows"), opts->unwind_rows);
	if (object__is_old(s->object)) {
		bpf_map__set_max_entries(map(s, "live"), opts->max_live);
		bpf_map__set_max_entries(map(s, "stack_keys"), opts->max_stacks);
		bpf_map__set_max_entries(map(s, "stack_taken"), opts->max_stacks);
	} else {
		bpf_map__set_max_entries(map(s, "live"), LIVE_SLOTS(homes));
		if (opts->profile)
			bpf_map__set_max_entries(map(s, "profiles"),
						 PROFILE_ENTRIES + cfg->stack_slots + STACK_WINDOW);
	}
	return 0;
}

/* The events of system calls are four pairs; all of them or none. */
static int attach_syscalls(struct session *s)
{
	static const struct {
		const char *program, *event;
	} points[] = {
		{"mmap_enter", "sys_enter_mmap"},     {"mmap_exit", "sys_exit_mmap"},
		{"munmap_enter", "sys_enter_munmap"}, {"munmap_exit", "sys_exit_munmap"},
		{"mremap_enter", "sys_enter_mremap"}, {"mremap_exit", "sys_exit_mremap"},
		{"brk_enter", "sys_enter_brk"},	      {"brk_exit", "sys_exit_brk"},
	};
	size_t i;
	int err;

	for (i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		err = linkset__keep(&s->links,
				    links__tracepoint(session__program_fd(s, points[i].program),
						      "syscalls", points[i].event),
				    0);
		if (err)
			return err;
	}
	return 0;
}

static int attach_tp_btf(struct session *s, const char *program)
{
	int fd = bpf_raw_tracepoint_open(NULL, session__program_fd(s, program));

	return linkset__keep(&s->links, fd < 0 ? -errno : fd, 0);
}

static int share_all(struct session *s, bool profile)
{
	int err;

	err = shared_map__open(&s->rows, map(s, "unwind_rows"));
	if (!err)
		err = shared_map__open(&s->segs, map(s, "unwind_segs"));
	if (!err && !object__is_old(s->object))
		err = shared_map__open(&s->live, map(s, "live"));
	if (!err)
		err = shared_map__open(&s->stack_slots, map(s, "stack_slots"));
	if (!err)
		err = shared_map__open(&s->stack_frames, map(s, "stack_frames"));
	if (!err)
		err = shared_map__open(&s->stats, map(s, "stats"));
	if (!err && !object__is_old(s->object))
		err = shared_map__open(&s->points, map(s, "trap_points"));
	if (!err && profile)
		err = shared_map__open(&s->profiles, map(s, "profiles"));
	if (err)
		return err;
	if (profile)
		s->profile = (struct profile_table){.stack = s->profiles.at,
						    .n = s->profiles.n,
						    .total = &session__state(s)->profile};
	s->live_table = (struct live_table){.slot = s->live.at, .n = s->live.n};
	s->stack_table = (struct stack_table){
		.slots = s->stack_slots.at,
		.n_slots = s->stack_slots.n,
		.frames = s->stack_frames.at,
		.n_frames = s->stack_frames.n,
		.frames_size = s->stack_frames.value_size,
	};
	return 0;
}

/* What the programs for kernels before 5.15 need besides. */
static int set_up_old(struct session *s)
{
	int err = cookies__new(bpf_map__fd(map(s, "cookies")), &s->cookies);

	if (!err)
		err = live_hash__new(bpf_map__fd(map(s, "live")), s->n_cpus, &s->live_table.hash);
	return err;
}

struct unwind_row *session__unwind_rows(struct session *s, size_t *n)
{
	*n = s->rows.n;
	return s->rows.at;
}

struct unwind_seg *session__unwind_segs(struct session *s)
{
	return s->segs.at;
}

struct memleak_state *session__state(struct session *s)
{
	return object__state(s->object);
}

bool session__has_links(const struct session *s, int attach_type)
{
	return attach_type == LINK_UPROBE_SESSION ? s->features.uprobe_session
						  : s->features.uprobe_multi;
}

/* The programs on which the way of probing depends: the others are always loaded. */
static const char *const perf_programs[] = {
	"alloc_enter", "alloc_return", "alloc_exit", "block_free", "alloc_point",
};
static const struct {
	const char *name;
	int attach_type;
} multi_programs[] = {
	{"alloc_session", LINK_UPROBE_SESSION},	  {"alloc_point_multi", LINK_UPROBE_MULTI},
	{"alloc_enter_multi", LINK_UPROBE_MULTI}, {"alloc_exit_multi", LINK_UPROBE_MULTI},
	{"block_free_multi", LINK_UPROBE_MULTI},
};
#define N_PROGRAMS(programs) (sizeof(programs) / sizeof((programs)[0]))

static void select_programs(struct session *s, bool started)
{
	struct bpf_program *prog;
	size_t i;

	bpf_program__set_autoload(object__program(s->object, "program_entry"), started);
	bpf_program__set_autoload(object__program(s->object, "program_exit"), started);
	/* to verify them takes a third of the time to start: not before there is a need to */
	s->has_perf = s->by_thread || !s->features.uprobe_session || !s->features.uprobe_multi;
	for (i = 0; i < N_PROGRAMS(perf_programs) && s->has_perf; i++) {
		prog = object__program(s->object, perf_programs[i]);
		if (prog) /* not all are in the object for old kernels */
			bpf_program__set_autoload(prog, true);
	}
	for (i = 0; i < N_PROGRAMS(multi_programs); i++) {
		if (!session__has_links(s, multi_programs[i].attach_type))
			continue;
		prog = object__program(s->object, multi_programs[i].name);
		if (!prog)
			continue;
		bpf_program__set_autoload(prog, true);
		bpf_program__set_expected_attach_type(prog, multi_programs[i].attach_type);
	}
}

int session__load_perf(struct session *s)
{
	int err;

	if (s->has_perf)
		return 0;
	err = object__load_late(s->object, perf_programs, N_PROGRAMS(perf_programs));
	s->has_perf = !err;
	return err;
}

int session__new(const struct session_opts *opts, const struct features *f, struct session **out,
		 bool *no_syscalls)
{
	struct session *s;
	int err;

	libbpf_set_print(opts->verbose ? print_all : print_nothing);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->features = *f; /* it may be used for longer than the first target is traced */
	s->pid = opts->pid;
	s->anchor = opts->anchor;
	s->by_thread = opts->anchor != opts->pid;
	s->max_depth = opts->max_depth;
	err = object__new(features__is_old(f), &s->object);
	if (!err)
		err = configure(s, opts);
	if (err)
		goto cleanup;
	select_programs(s, opts->started);
	err = object__load(s->object);
	if (!err)
		err = share_all(s, opts->profile);
	if (!err && object__is_old(s->object))
		err = set_up_old(s);
	if (err)
		goto cleanup;
	err = attach_tp_btf(s, "process_exec");
	if (!err)
		err = attach_tp_btf(s, "process_exit");
	if (!err)
		err = attach_tp_btf(s, "process_fork");
	if (err)
		goto cleanup;
	*no_syscalls = s->no_syscalls = attach_syscalls(s) != 0;
	*out = s;
	return 0;
cleanup:
	session__free(s);
	return err;
}

void session__detach(struct session *s)
{
	linkset__close(&s->probes);
	linkset__close(&s->links);
}

static void forget_files(struct session *s)
{
	size_t i;

	for (i = 0; i < s->n_files; i++) {
		free(s->files[i].path);
		free(s->files[i].sites);
	}
	free(s->files);
	s->files = NULL;
	s->n_files = 0;
}

bool session__reset(struct session *s, struct linkset *left)
{
	struct memleak_state *state = object__state(s->object);
	uint32_t gen = state->gen +
		       1; /* rows that are cached for those before are no longer right */

	if (object__is_old(s->object)) /* its tables are hash maps */
		return false;
	state->tgid = 0;
	*left = s->probes;
	s->probes = (struct linkset){0};
	forget_files(s);
	memset(s->live.at, 0, s->live.size);
	memset(s->stack_slots.at, 0, s->stack_slots.size);
	memset(s->stats.at, 0, s->stats.size);
	memset(state, 0, sizeof(*state));
	state->gen = gen;
	s->n_points = 0;
	s->n_traps = 0;
	return true;
}

void session__retarget(struct session *s, pid_t pid, bool *no_syscalls)
{
	s->pid = s->anchor = pid;
	s->by_thread = false;
	session__state(s)->anchor = pid;
	session__state(s)->tgid = pid;
	session__forget_missed(s);
	*no_syscalls = s->no_syscalls;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	session__detach(s);
	forget_files(s);
	shared_map__close(&s->rows);
	shared_map__close(&s->segs);
	shared_map__close(&s->live);
	shared_map__close(&s->stack_slots);
	shared_map__close(&s->stack_frames);
	shared_map__close(&s->stats);
	shared_map__close(&s->points);
	shared_map__close(&s->profiles);
	live_hash__free(s->live_table.hash);
	cookies__free(s->cookies);
	object__free(s->object);
	free(s);
}

const struct live_table *session__live(const struct session *s)
{
	return &s->live_table;
}

const struct stack_table *session__stacks(const struct session *s)
{
	return &s->stack_table;
}

const struct profile_table *session__profile(const struct session *s)
{
	return &s->profile;
}

int session__events_fd(const struct session *s)
{
	return bpf_map__fd(map(s, "events"));
}

uint32_t session__space(const struct session *s)
{
	return object__state(s->object)->space;
}

bool session__take_stop(struct session *s)
{
	return __atomic_exchange_n(&object__state(s->object)->stopped, 0, __ATOMIC_ACQ_REL);
}

pid_t session__take_exit(struct session *s)
{
	return __atomic_exchange_n(&object__state(s->object)->exiting, 0, __ATOMIC_ACQ_REL);
}

uint32_t session__max_depth(const struct session *s)
{
	return s->max_depth;
}
