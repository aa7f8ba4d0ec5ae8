/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cookies.h"
#include "kernel_features.h"
#include "links.h"
#include "linkset.h"
#include "live.h"
#include "live_hash.h"
#include "object.h"
#include "sample.h"
#include "shared_map.h"
#include "stacks.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PIDNS_INO 0xEFFFFFFCULL

/* What was attached to a file, so that it can be attached again. */
struct probed_file {
	char *path;
	struct session_site *sites;
	size_t n;
};

struct session {
	uint64_t missed_before; /* see session__forget_missed */
	struct object *object;
	struct cookies *cookies; /* of the probes, where the kernel has none */
	const struct features *features;
	pid_t pid, anchor;
	uint32_t max_depth;
	bool by_thread;	       /* the main thread is gone: perf events bound to another one */
	struct linkset links;  /* what concerns the target itself */
	struct linkset probes; /* in its files */
	struct probed_file *files;
	size_t n_files;
	struct shared_map rows, segs, live, stack_slots, stack_frames, stats, points;
	size_t n_points; /* of all functions */
	int n_traps;	 /* functions that have points; their numbers begin with 1 */
	struct live_table live_table;
	struct stack_table stack_table;
	int n_cpus;
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

static struct bpf_map *map(const struct session *s, const char *name)
{
	return object__map(s->object, name);
}

static int program_fd(const struct session *s, const char *name)
{
	return bpf_program__fd(object__program(s->object, name));
}

static int configure(struct session *s, const struct session_opts *opts)
{
	struct memleak_config *cfg = object__config(s->object);
	struct stat ns;

	cfg->tgid = opts->pid;
	cfg->min_size = opts->min_size;
	cfg->max_size = opts->max_size;
	cfg->max_depth = opts->max_depth;
	cfg->sample = opts->sample;
	if (opts->sample_bytes)
		cfg->sample_digits = sample__chances(opts->sample_bytes, cfg->sample_chance);
	cfg->started = opts->started;
	cfg->trace = opts->trace;
	cfg->frame_pointers = opts->frame_pointers;
	if (!stat("/proc/self/ns/pid", &ns) && ns.st_ino != INITIAL_PIDNS_INO) {
		/* the kernel compares with its own encoding of the device (new_encode_dev) */
		cfg->pidns_dev = ns.st_dev;
		cfg->pidns_ino = ns.st_ino;
	}
	object__state(s->object)->anchor = opts->anchor;
	cfg->live_slots = LIVE_SLOTS(opts->max_live);
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
		bpf_map__set_max_entries(map(s, "live"), cfg->live_slots + LIVE_WINDOW);
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
				    links__tracepoint(program_fd(s, points[i].program), "syscalls",
						      points[i].event),
				    0);
		if (err)
			return err;
	}
	return 0;
}

static int attach_tp_btf(struct session *s, const char *program)
{
	int fd = bpf_raw_tracepoint_open(NULL, program_fd(s, program));

	return linkset__keep(&s->links, fd < 0 ? -errno : fd, 0);
}

static int share_all(struct session *s)
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
	if (err)
		return err;
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

/* Can links of that type be had? */
static bool has_links(const struct session *s, int attach_type)
{
	return attach_type == LINK_UPROBE_SESSION ? s->features->uprobe_session
						  : s->features->uprobe_multi;
}

/* The programs on which the way of probing depends: the others are always loaded. */
static void select_programs(struct session *s, bool started)
{
	static const struct {
		const char *name;
		int attach_type; /* 0: for perf events */
	} programs[] = {
		{"alloc_enter", 0},
		{"alloc_return", 0},
		{"alloc_exit", 0},
		{"block_free", 0},
		{"alloc_point", 0},
		{"alloc_session", LINK_UPROBE_SESSION},
		{"alloc_point_multi", LINK_UPROBE_MULTI},
		{"alloc_enter_multi", LINK_UPROBE_MULTI},
		{"alloc_exit_multi", LINK_UPROBE_MULTI},
		{"block_free_multi", LINK_UPROBE_MULTI},
	};
	struct bpf_program *prog;
	size_t i;

	bpf_program__set_autoload(object__program(s->object, "program_entry"), started);
	bpf_program__set_autoload(object__program(s->object, "program_exit"), started);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (programs[i].attach_type && !has_links(s, programs[i].attach_type))
			continue;
		prog = object__program(s->object, programs[i].name);
		if (!prog) /* not in the object for old kernels */
			continue;
		bpf_program__set_autoload(prog, true);
		if (programs[i].attach_type)
			bpf_program__set_expected_attach_type(prog, programs[i].attach_type);
	}
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
	s->features = f;
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
		err = share_all(s);
	if (!err && object__is_old(s->object))
		err = set_up_old(s);
	if (err)
		goto cleanup;
	err = attach_tp_btf(s, "process_exec");
	if (!err)
		err = attach_tp_btf(s, "process_exit");
	if (err)
		goto cleanup;
	*no_syscalls = attach_syscalls(s) != 0;
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

void session__free(struct session *s)
{
	size_t i;

	if (!s)
		return;
	session__detach(s);
	for (i = 0; i < s->n_files; i++) {
		free(s->files[i].path);
		free(s->files[i].sites);
	}
	free(s->files);
	shared_map__close(&s->rows);
	shared_map__close(&s->segs);
	shared_map__close(&s->live);
	shared_map__close(&s->stack_slots);
	shared_map__close(&s->stack_frames);
	shared_map__close(&s->stats);
	shared_map__close(&s->points);
	live_hash__free(s->live_table.hash);
	cookies__free(s->cookies);
	object__free(s->object);
	free(s);
}

/* The links that follow a function by its points, and those at its entry and return. */
static unsigned int group_of(const struct session_site *site)
{
	return 2 * site->trap + (site->kind == SESSION_POINT);
}

/* One multi link for sites of one kind; for those around one that the kernel refuses, several. */
static void attach_multi(struct session *s, const char *path, int prog_fd, int attach_type,
			 struct session_site *const *sites, size_t n)
{
	enum session_link kind = attach_type == LINK_UPROBE_SESSION ? SESSION_LINK_SESSION
								    : SESSION_LINK_MULTI;
	struct link_site *group = calloc(n, sizeof(*group));
	int err = -ENOMEM;
	size_t i;

	for (i = 0; group && i < n; i++)
		group[i] = (struct link_site){sites[i]->offset, sites[i]->cookie};
	if (group)
		err = linkset__keep(&s->probes,
				    links__multi(prog_fd, attach_type, path, group, n, s->pid),
				    group_of(sites[0]));
	free(group);
	for (i = 0; i < n; i++) {
		sites[i]->link = err ? SESSION_LINK_NONE : kind;
		sites[i]->err = err;
	}
	if (!err || n == 1)
		return;
	attach_multi(s, path, prog_fd, attach_type, sites, n / 2);
	attach_multi(s, path, prog_fd, attach_type, sites + n / 2, n - n / 2);
}

/* One place through a perf event, with the cookie. Returns the link or negative errno. */
static int open_place(struct session *s, const char *program, const char *path,
		      const struct link_site *site, bool is_return)
{
	struct link_site plain = {.offset = site->offset};
	int wrapped, fd;

	if (!s->cookies)
		return links__uprobe(program_fd(s, program), path, site, is_return, s->anchor);
	if (is_return || !site->cookie)
		return links__uprobe(program_fd(s, program), path, &plain, is_return, s->anchor);
	wrapped = cookies__wrap(s->cookies, program_fd(s, program), site->cookie);
	if (wrapped < 0)
		return wrapped;
	fd = links__uprobe(wrapped, path, &plain, false, s->anchor);
	close(wrapped); /* the probe keeps it */
	return fd;
}

/* A perf event; two where a return probe is wanted, or none. */
static void attach_perf(struct session *s, const char *path, struct session_site *site)
{
	static const char *const entry[SESSION_KINDS] = {
		[SESSION_POINT] = "alloc_point", [SESSION_CALL] = "alloc_enter",
		[SESSION_ENTER] = "alloc_enter", [SESSION_EXIT] = "alloc_exit",
		[SESSION_FREE] = "block_free",
	};
	struct link_site at = {site->offset, site->cookie};
	int err = 0, on_return = -1, on_entry;

	/* the return first: an entry without its return would look like a lost call */
	if (site->kind == SESSION_CALL)
		on_return = open_place(s, "alloc_return", path, &at, true);
	if (site->kind == SESSION_CALL && on_return < 0) {
		site->err = on_return;
		return;
	}
	on_entry = open_place(s, entry[site->kind], path, &at, false);
	if (on_entry < 0 && on_return >= 0)
		close(on_return);
	else if (on_return >= 0)
		err = linkset__keep(&s->probes, on_return, group_of(site));
	err = on_entry < 0 ? on_entry : linkset__keep(&s->probes, on_entry, group_of(site)) ?: err;
	site->link = err ? SESSION_LINK_NONE : SESSION_LINK_PERF;
	site->err = err;
}

/*
 * A function's points are attached until they are refuted, entry and return until they are proven.
 */
static bool is_needed(struct session *s, const struct session_site *site)
{
	enum trap_mode mode = session__trap(s, site->trap)->mode;

	if (!site->trap)
		return true;
	return site->kind == SESSION_POINT ? mode != TRAP_OFF : mode != TRAP_ON;
}

/* Sites of one kind and one function, or of all that have no points. */
static void attach_group(struct session *s, const char *path, const char *program, int attach_type,
			 struct session_site *const *group, size_t n)
{
	bool multi = has_links(s, attach_type) && !s->by_thread;
	size_t i;

	if (multi)
		attach_multi(s, path, program_fd(s, program), attach_type, group, n);
	for (i = 0; i < n; i++)
		if (!group[i]->link)
			attach_perf(s, path, group[i]);
	for (i = 0; i < n; i++)
		if (!group[i]->link && group[i]->kind == SESSION_POINT)
			session__drop_points(s, group[i]->trap); /* all or none */
}

/*
 * In the order that attaching to a target at work asks for: a return instruction before the entry
 * whose calls it ends, points before the entry whose calls they are compared with.
 */
static void attach_sites(struct session *s, const char *path, struct session_site *sites, size_t n)
{
	static const struct {
		enum session_site_kind kind;
		const char *program;
		int attach_type;
	} how[SESSION_KINDS] = {
		{SESSION_FREE, "block_free_multi", LINK_UPROBE_MULTI},
		{SESSION_EXIT, "alloc_exit_multi", LINK_UPROBE_MULTI},
		{SESSION_POINT, "alloc_point_multi", LINK_UPROBE_MULTI},
		{SESSION_ENTER, "alloc_enter_multi", LINK_UPROBE_MULTI},
		{SESSION_CALL, "alloc_session", LINK_UPROBE_SESSION},
	};
	struct session_site **group = calloc(n, sizeof(struct session_site *));
	size_t i, k, m;
	int trap;

	for (k = 0; group && k < SESSION_KINDS; k++)
		for (trap = 0; trap <= s->n_traps; trap++) {
			for (i = m = 0; i < n; i++) {
				struct session_site *site = &sites[i];

				if (site->kind != how[k].kind || site->trap != trap || site->link)
					continue;
				if (is_needed(s, site))
					group[m++] = site;
				else
					site->link = SESSION_LINK_UNUSED;
			}
			if (m)
				attach_group(s, path, how[k].program, how[k].attach_type, group, m);
		}
	free(group);
}

/* Returns how many sites are probed, or an error if none is. */
static int attach(struct session *s, const char *path, struct session_site *sites, size_t n)
{
	int done = 0, err = -ENOMEM;
	bool again = true;
	size_t i;

	for (i = 0; i < n; i++) {
		sites[i].link = SESSION_LINK_NONE;
		sites[i].err = -ENOMEM;
	}
	while (again) {
		attach_sites(s, path, sites, n);
		again = false;
		for (i = 0; i < n; i++) {
			if (sites[i].link || !sites[i].n_others)
				continue;
			sites[i].offset = *sites[i].others++;
			sites[i].n_others--;
			again = true;
		}
	}
	for (i = 0; i < n; i++) {
		done += sites[i].link != SESSION_LINK_NONE;
		if (!sites[i].link)
			err = sites[i].err;
	}
	return done ? done : err;
}

int session__attach(struct session *s, const char *path, struct session_site *sites, size_t n)
{
	struct probed_file *files, *file;
	size_t i;
	int done;

	done = attach(s, path, sites, n);
	if (done <= 0)
		return done;
	files = realloc(s->files, (s->n_files + 1) * sizeof(*files));
	if (!files)
		return -ENOMEM;
	s->files = files;
	file = &files[s->n_files];
	file->path = strdup(path);
	file->sites = calloc(n, sizeof(*sites));
	file->n = 0;
	if (!file->path || !file->sites) {
		free(file->path);
		free(file->sites);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		if (!sites[i].link)
			continue;
		file->sites[file->n] = sites[i];
		file->sites[file->n++].n_others = 0;
	}
	s->n_files++;
	return done;
}

struct trap *session__trap(struct session *s, int trap)
{
	return &session__state(s)->trap[trap];
}

int session__add_trap(struct session *s, struct trap_point *points, size_t n, uint32_t *first)
{
	struct trap_point *map = s->points.at;
	size_t i;

	if (!map || s->n_traps + 1 >= MAX_TRAPS || n > MAX_TRAP_POINTS - s->n_points)
		return -ENOSPC;
	*first = s->n_points;
	s->n_traps++;
	for (i = 0; i < n; i++) {
		points[i].cookie |= (uint64_t)s->n_traps << PROBE_COOKIE_TRAP_SHIFT;
		map[s->n_points++] = points[i];
	}
	session__trap(s, s->n_traps)->mode = TRAP_PROVE;
	return s->n_traps;
}

void session__drop_points(struct session *s, int trap)
{
	__atomic_store_n(&session__trap(s, trap)->mode, TRAP_OFF, __ATOMIC_SEQ_CST);
	linkset__close_group(&s->probes, 2 * trap + 1);
}

void session__use_points(struct session *s, int trap)
{
	__atomic_store_n(&session__trap(s, trap)->mode, TRAP_ON, __ATOMIC_SEQ_CST);
}

bool session__drop_calls(struct session *s, int trap)
{
	/* see trap_enter: who is not counted by now will see the mode */
	if (__atomic_load_n(&session__trap(s, trap)->inflight, __ATOMIC_SEQ_CST))
		return false;
	linkset__close_group(&s->probes, 2 * trap);
	return true;
}

int session__attach_entry(struct session *s, const char *path, uint64_t offset)
{
	struct link_site site = {.offset = offset};

	return linkset__keep(&s->probes, open_place(s, "program_entry", path, &site, false), 0);
}

int session__attach_exit(struct session *s, const char *path, uint64_t offset)
{
	struct link_site site = {.offset = offset};

	return linkset__keep(&s->probes, open_place(s, "program_exit", path, &site, false), 0);
}

/* Attach everything again, bound to the anchor, and drop the old links, which have fallen silent.
 */
static int attach_again(struct session *s)
{
	struct linkset old = s->probes;
	int err = 0, done;
	size_t i;

	s->probes = (struct linkset){0};
	for (i = 0; i < s->n_files; i++) {
		done = attach(s, s->files[i].path, s->files[i].sites, s->files[i].n);
		if (done < 0)
			err = done;
	}
	linkset__close(&old);
	return err;
}

int session__reanchor(struct session *s, pid_t tid)
{
	bool silent = s->by_thread || !s->features->uprobe_session;
	int err;

	s->anchor = tid;
	s->by_thread = true; /* for what is probed from now on */
	object__state(s->object)->anchor = tid;
	if (!silent) /* a multi link compares thread groups: its probes work on */
		return 0;
	err = attach_again(s);
	return err ? err : 1;
}

int session__rebind(struct session *s)
{
	s->anchor = s->pid;
	s->by_thread = false;
	object__state(s->object)->anchor = s->pid;
	return attach_again(s);
}

const struct live_table *session__live(const struct session *s)
{
	return &s->live_table;
}

const struct stack_table *session__stacks(const struct session *s)
{
	return &s->stack_table;
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

bool session__take_exit(struct session *s)
{
	return __atomic_exchange_n(&object__state(s->object)->exiting, 0, __ATOMIC_ACQ_REL);
}

uint32_t session__max_depth(const struct session *s)
{
	return s->max_depth;
}

/*
 * Tracepoint programs are passed over while another BPF program, or a system call on a map, is at
 * work on their CPU (bpf_prog_active). The kernel counts that.
 */
static uint64_t missed(const struct session *s)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program (prog, object__bpf(s->object)) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}

uint64_t session__missed(const struct session *s)
{
	return missed(s) - s->missed_before;
}

void session__forget_missed(struct session *s)
{
	s->missed_before = missed(s);
}

static __u64 *counter(const struct session *s, int cpu, enum stat_id id)
{
	return (__u64 *)s->stats.at + cpu * STAT_ROOM + id;
}

static void sum_up(const struct session *s, enum stat_id id, struct session_stats *stats)
{
	int cpu;

	stats->sum[id] = 0;
	for (cpu = 0; cpu < s->n_cpus; cpu++)
		stats->sum[id] += __atomic_load_n(counter(s, cpu, id), __ATOMIC_ACQUIRE);
}

/* All but STAT_RECORDED: what comes of an allocation is read before how many there are. */
static void sum_up_others(const struct session *s, struct session_stats *stats)
{
	enum stat_id id;

	stats->missed = session__missed(s);
	for (id = STAT_MAX; id-- > STAT_RECORDED + 1;)
		sum_up(s, id, stats);
	stats->sum[STAT_RECORDED] = 0;
}

void session__stats(const struct session *s, struct session_stats *stats)
{
	int cpu;

	sum_up_others(s, stats);
	for (cpu = 0; cpu < s->n_cpus; cpu++)
		stats->sum[STAT_RECORDED] += SEEN_COUNT(
			__atomic_load_n(counter(s, cpu, STAT_RECORDED), __ATOMIC_ACQUIRE));
}

uint32_t session__next_epoch(struct session *s, struct session_stats *stats)
{
	sum_up_others(s, stats);
	if (s->live_table.hash)
		return live_hash__mark(s->live_table.hash, counter(s, 0, STAT_RECORDED), STAT_ROOM,
				       &stats->sum[STAT_RECORDED]);
	return live__next_epoch(counter(s, 0, STAT_RECORDED), s->n_cpus, STAT_ROOM,
				&stats->sum[STAT_RECORDED]);
}

int session__read_clock(struct session *s, struct session_clock *clock)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	const struct memleak_state *state = object__state(s->object);
	struct timespec tick;
	int err;

	err = bpf_prog_test_run_opts(program_fd(s, "read_clock"), &opts);
	if (err)
		return err;
	/* what its resolution says is the length of a tick: kernel/time/posix-timers.c */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return -errno;
	clock->tick_ns = tick.tv_nsec;
	clock->now_ns = state->now_ns;
	clock->now = state->jiffies;
	return 0;
}

/* Jiffies within which blocks are taken to be born since the clock was read, not years ago. */
#define BORN_SINCE (1ULL << 20)

uint64_t session__time_of(const struct session_clock *clock, uint64_t jiffies)
{
	uint64_t ticks = (clock->now - jiffies) & LIVE_BIRTH_MASK, age;

	/* the clock was read somewhere within a tick, and the block born somewhere within another
	 */
	if (!ticks || ticks > LIVE_BIRTH_MASK - BORN_SINCE)
		return clock->now_ns;
	if (__builtin_mul_overflow(ticks - 1, clock->tick_ns, &age) || age > clock->now_ns)
		return 0;
	return clock->now_ns - age;
}
