/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace_setup - from options to a session that is attached; and back. */
#include "trace_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "blockdump.h"
#include "events.h"
#include "exitpoints.h"
#include "follow/follow.h"
#include "leakcheck.h"
#include "origin.h"
#include "reconcile.h"
#include "render/output.h"
#include "report/intervals.h"
#include "source/sources.h"
#include "session.h"
#include "stacks.h"
#include "sym/perfmap.h"
#include "sym/symbolizer.h"
#include "target/addrspace.h"
#include "target/runas.h"
#include "target/spawn.h"
#include "traps.h"
#include "unwind/tables.h"

static int check_target(struct trace *t)
{
	int err = proc__info(t->opts->pid, &t->proc);
	const char *why = NULL;

	if (err == -EINVAL) {
		trace__say(t, "%d is a thread of process %d: use -p %d", t->opts->pid,
			   t->proc.live_tid, t->proc.live_tid);
		return err;
	}
	if (err == -ESRCH) {
		trace__say(t, "there is no process %d", t->opts->pid);
		return err;
	}
	if (err) {
		trace__say(t, "cannot look at process %d: %s", t->opts->pid, strerror(-err));
		return err;
	}
	if (t->proc.kernel_thread)
		why = "a kernel thread: it has no heap of its own";
	else if (t->proc.zombie)
		why = "dead already, a zombie that waits for its parent";
	else if (t->proc.is_32bit)
		why = "a 32-bit process: only 64-bit ones can be traced";
	if (why) {
		trace__say(t, "process %d (%s) is %s", t->opts->pid, t->proc.comm, why);
		return -EINVAL;
	}
	if (t->proc.stopped)
		trace__say(t,
			   "process %d (%s) stands still, by a signal or a debugger: it allocates "
			   "nothing until it goes on",
			   t->opts->pid, t->proc.comm);
	t->pid = t->opts->pid;
	return 0;
}

static int open_signals(struct trace *t)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN); /* a closed output is noticed at the write */
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->signals < 0 ? -errno : 0;
}

/* One descriptor an image, two a probe on older kernels. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Rows of unwind tables there is room for: a started program's are not known yet. */
#define MIN_UNWIND_ROWS (1u << 20)
#define STARTED_UNWIND_ROWS (2u << 20)

static size_t unwind_room(struct trace *t)
{
	size_t rows = 1;

	if (t->tables)
		rows = tables__rows(t->tables) + tables__rows(t->tables) / 8 + MIN_UNWIND_ROWS / 16;
	if (t->tables && rows < MIN_UNWIND_ROWS)
		rows = MIN_UNWIND_ROWS;
	return t->tables && t->started && !t->kin ? STARTED_UNWIND_ROWS : rows;
}

/* The target's images, as far as they are known before it is traced. */
static int open_addrspace(struct trace *t)
{
	int err = 0;

	t->as = addrspace__new(t->pid);
	if (!t->opts->frame_pointers)
		t->tables = tables__new();
	if (!t->as || (!t->tables && !t->opts->frame_pointers)) {
		trace__say(t, "cannot start: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	if (!t->spawn)
		err = addrspace__refresh(t->as);
	if (err == -ESRCH)
		trace__say(t, "process %d has ended before it could be traced", t->pid);
	else if (err < 0)
		trace__say(t, "cannot read the memory map of process %d: %s", t->pid,
			   strerror(-err));
	if (err < 0)
		return err;
	if (t->tables && tables__learn(t->tables, t->as))
		trace__say(t, "no memory for unwind tables: some stacks will be cut");
	return 0;
}

static int open_session(struct trace *t)
{
	const struct trace_opts *o = t->opts;
	struct session_opts opts = {
		.pid = t->pid,
		.anchor = t->proc.leader_exited ? t->proc.live_tid : t->pid,
		.started = t->started,
		.min_size = o->min_size,
		.max_size = o->max_size,
		.sample = o->model.sampling.calls,
		.sample_bytes = o->model.sampling.bytes,
		.trace = o->trace_events,
		.max_live = o->max_live,
		.max_stacks = o->max_stacks,
		.max_depth = o->max_depth,
		.frame_pointers = o->frame_pointers,
		.profile = o->model.profile,
		.unwind_rows = unwind_room(t),
		.verbose = o->verbose > 0,
	};
	int err;

	if (t->kin) {
		t->session = follow__take_session(t->follow);
		if (t->session) {
			session__retarget(t->session, t->pid, &t->no_syscalls);
			return 0;
		}
		opts.max_live = o->follow_live;
	}
	err = session__new(&opts, &t->features, &t->session, &t->no_syscalls);
	if (err == -ENOMEM)
		trace__say(t,
			   "the tables do not fit into memory: use a smaller --max-live (%" PRIu64
			   " take %" PRIu64 " MiB) or --max-stacks",
			   o->max_live,
			   (uint64_t)LIVE_HOMES_FOR(o->max_live) * sizeof(struct live_slot) >> 20);
	else if (err)
		trace__say(t, "cannot load the BPF programs: %s (-v shows the kernel's reasons)",
			   strerror(-err));
	return err;
}

/* Is not every allocation followed? */
static bool is_selective(const struct trace_opts *o)
{
	return sampling__is_on(&o->model.sampling) || o->min_size || o->max_size != UINT64_MAX;
}

/* Frames that lie between a system call and the allocator function that it is made for. */
#define MIN_TRAPS_DEPTH 32

/*
 * What a function without an entry probe calls is told by its frame: walks have to get there. Where
 * not every allocation is followed, most calls cost one trap as it is.
 */
static bool can_use_traps(const struct trace *t)
{
	return !t->opts->probes_pair && !features__is_old(&t->features) && t->tables &&
	       t->opts->max_depth >= MIN_TRAPS_DEPTH && !is_selective(t->opts);
}

static int open_dump(struct trace *t)
{
	t->dump = blockdump__new(t->pid, &t->snapshot, t->opts->dump);
	return t->dump ? 0 : -ENOMEM;
}

static int open_leakcheck(struct trace *t)
{
	const struct allocators_opts *a = &t->opts->allocators;
	const struct leakcheck_opts opts = {
		.pid = t->pid,
		.started = t->started && !t->forked,
		.some_allocators = a->object || a->prefix || a->offsets,
		.only_at_exit = !t->opts->reach,
		.by_whom = t->opts->by_whom,
		.debuginfod = t->opts->debuginfod,
		.max_pause_ns = t->opts->max_pause_ns,
		.max_memory = t->opts->max_memory,
		.confirm_ns = t->opts->confirm_ns,
	};

	t->leakcheck = leakcheck__new(&opts, t->session, &t->snapshot);
	if (!t->leakcheck)
		trace__say(t, "cannot start: %s", strerror(ENOMEM));
	return t->leakcheck ? 0 : -ENOMEM;
}

/* Everything but the session; all of it only fails for lack of memory or descriptors. */
static int open_parts(struct trace *t)
{
	const struct events_handler handler = {.stack = trace__on_stack,
					       .rest = trace__on_rest,
					       .event = trace__on_event,
					       .arg = t};
	const struct symbolizer_opts sym = {.demangle = true, .debuginfod = t->opts->debuginfod};
	int err = 0;

	t->sym = symbolizer__new(&sym);
	t->jit = perfmap__new(t->pid);
	t->intervals = intervals__new(sysconf(_SC_PAGESIZE));
	if (!t->sym || !t->jit || !t->intervals)
		err = -ENOMEM;
	if (!err && can_use_traps(t)) {
		t->traps = traps__new(t->session, t->tables, t->opts->probes_point,
				      t->opts->verbose ? stderr : NULL);
		if (!t->traps)
			err = -ENOMEM;
	}
	if (!err) {
		t->stacks = stacks__new(session__stacks(t->session), t->opts->max_depth, t->as,
					t->sym, t->jit);
		t->attacher = attacher__new(t->session, t->as, &t->opts->allocators,
					    is_selective(t->opts) ? t->tables : NULL, t->traps,
					    t->opts->verbose ? stderr : NULL);
		if (!t->stacks || !t->attacher)
			err = -ENOMEM;
	}
	if (!err) {
		t->model = model__new(&t->opts->model, stacks__resolve, t->stacks);
		err = t->model ? events__new(session__events_fd(t->session), &handler, &t->events)
			       : -ENOMEM;
	}
	if (!err) {
		t->pidfd = t->spawn ? -1 : (int)syscall(SYS_pidfd_open, t->pid, 0);
		if (!t->spawn && t->pidfd < 0)
			err = -errno;
	}
	if (err == -ESRCH)
		trace__say(t, "process %d has ended before it could be traced", t->pid);
	else if (err)
		trace__say(t, "cannot start: %s", strerror(-err));
	if (t->tables) {
		struct unwind_row *rows;
		size_t n;

		rows = session__unwind_rows(t->session, &n);
		tables__attach(t->tables, rows, n, session__unwind_segs(t->session),
			       session__state(t->session));
	}
	t->mappings = (struct mappings){
		.intervals = t->intervals, .stacks = t->stacks, .attacher = t->attacher};
	t->snapshot = (struct snapshot){.session = t->session,
					.mappings = &t->mappings,
					.stacks = t->stacks,
					.model = t->model,
					.sampling = t->opts->model.sampling};
	if (!err && (t->opts->reach || (t->opts->reach_at_exit && t->started)))
		err = open_leakcheck(t);
	if (!err && t->opts->dump)
		err = open_dump(t);
	if (!err && t->started && (t->leakcheck || t->dump)) {
		t->exitpoints = exitpoints__new(t->session);
		err = t->exitpoints ? 0 : -ENOMEM;
	}
	return err;
}

#define MAX_LOOKS 4 /* at its maps, if notifications are passed over meanwhile */

/*
 * Probe what is mapped now; what it maps from now on is notified. Returns what attacher__update
 * does, or -ESRCH.
 */
static int probe_running(struct trace *t)
{
	int looks = 0, err;

	do {
		session__forget_missed(t->session);
		err = addrspace__refresh(t->as);
		if (err == -ESRCH)
			return err;
		trace__update_tables(t);
		if (t->exitpoints)
			exitpoints__update(t->exitpoints, t->as);
		err = attacher__update(t->attacher, NULL);
	} while (session__passed_over(t->session) && ++looks < MAX_LOOKS);
	return err;
}

void trace__say_offsets(struct trace *t)
{
	if (t->offsets_refused)
		return;
	t->offsets_refused = true;
	trace__say(t,
		   "option --offset: '%s' has a function that is none of an allocator, or an "
		   "address without code in %s; addresses are as nm prints them",
		   t->opts->allocators.offsets, t->opts->allocators.object ?: "the program");
}

/* Attach to a process that runs. */
static int attach_running(struct trace *t)
{
	int err = probe_running(t);

	if (err == -ESRCH) {
		trace__say(t, "process %d has ended before it could be traced", t->pid);
		return err;
	}
	if (err == -EINVAL && t->opts->allocators.offsets) {
		trace__say_offsets(t);
		return err;
	}
	if (attacher__probes(t->attacher)) {
		trace__announce(t);
		return 0;
	}
	if (err < 0)
		trace__say(t, "cannot probe the allocator of process %d: %s", t->pid,
			   strerror(-err));
	else if (t->opts->allocators.object || t->opts->allocators.prefix)
		trace__say(t,
			   "found no allocator functions in process %d (%s) that match -O and -S",
			   t->pid, t->proc.comm);
	else if (attacher__stripped(t->attacher))
		trace__say(t,
			   "process %d (%s) is static and stripped, so its allocator has no names: "
			   "point "
			   "to it with --offset malloc=ADDRESS,free=ADDRESS",
			   t->pid, t->proc.comm);
	else
		trace__say(t,
			   "found no allocator functions in process %d (%s): name the object with "
			   "-O or "
			   "the symbols' prefix with -S",
			   t->pid, t->proc.comm);
	return -ENOENT;
}

static int prepare_command(struct trace *t)
{
	char problem[256];
	int err;

	err = runas__new(t->opts->user, environ, &t->runas, problem, sizeof(problem));
	if (err) {
		trace__say(t, "cannot start the command: %s", problem);
		return -EINVAL;
	}
	err = spawn__new(t->opts->command, t->runas, &t->spawn);
	if (err) {
		trace__say(t, "cannot start a process: %s", strerror(-err));
		return err;
	}
	t->pid = spawn__pid(t->spawn);
	t->started = true;
	t->command = origin__join(t->opts->command);
	snprintf(t->proc.comm, sizeof(t->proc.comm), "%s", t->opts->command[0]);
	return 0;
}

static int open_follow(struct trace *t)
{
	int err = follow__new(t, &t->follow);

	if (err == -EOPNOTSUPP)
		trace__say(t, "--follow needs system call tracepoints, which this kernel does not "
			      "have (CONFIG_FTRACE_SYSCALLS)");
	else if (err)
		trace__say(t, "cannot follow what the target forks: %s", strerror(-err));
	return err;
}

static int start_command(struct trace *t)
{
	int err = spawn__release(t->spawn);

	if (err && spawn__refused(t->spawn)) {
		trace__say(t, "cannot run as %s: %s", runas__name(t->runas), strerror(-err));
		return -EINVAL; /* not the command's fault */
	}
	if (err)
		trace__say(t, "cannot run %s: %s", t->opts->command[0], strerror(-err));
	return err;
}

static void print_features(struct trace *t)
{
	if (t->opts->verbose)
		features__print(&t->features, stderr);
}

int trace__set_up(struct trace *t)
{
	const char *missing;
	int err;

	features__probe(&t->features);
	if (t->opts->perf_events)
		t->features.uprobe_session = t->features.uprobe_multi = false;
	missing = features__missing(&t->features);
	if (missing) {
		trace__say(t, "%s", missing);
		return -EPERM;
	}
	if (t->opts->model.profile && features__is_old(&t->features)) {
		trace__say(t, "--profile needs Linux 5.15 or newer: older kernels cannot count "
			      "exactly on several CPUs");
		return -EPERM;
	}
	print_features(t);
	err = open_signals(t);
	if (err)
		return err;
	err = t->opts->command ? prepare_command(t) : check_target(t);
	raise_limits(); /* not before: the command has those that we were given */
	if (!err)
		err = open_addrspace(t);
	if (!err)
		err = open_session(t);
	if (!err)
		err = open_parts(t);
	if (!err && t->opts->follow)
		err = open_follow(t);
	if (!err)
		err = t->spawn ? start_command(t) : attach_running(t);
	if (err)
		return err;
	/* last: what the target allocates before is known to the probes already */
	t->reconcile = reconcile__new(t->pid, t->spawn);
	t->snapshot.reconcile = t->reconcile;
	if (t->opts->outputs && outputs__show_source(t->opts->outputs))
		t->sources = sources__new(t->pid);
	return t->reconcile ? 0 : -ENOMEM;
}

int trace__set_up_kin(struct trace *t, bool at_exec)
{
	int err;

	t->pidfd = t->signals = -1;
	t->started = true;
	t->forked = !at_exec;
	t->command = origin__command(t->pid);
	err = proc__info(t->pid, &t->proc);
	if (!err && (t->proc.zombie || t->proc.is_32bit))
		err = t->proc.zombie ? -ESRCH : -ENOEXEC;
	if (!err)
		err = open_addrspace(t);
	if (!err)
		err = open_session(t);
	if (!err)
		err = open_parts(t);
	if (err)
		return err;
	if (at_exec) {
		session__state(t->session)->launching = 1;
		trace__refresh(t);
	} else {
		err = probe_running(t);
		if (err == -ESRCH)
			return err;
		trace__announce(t);
	}
	t->reconcile = reconcile__new(t->pid, at_exec);
	t->snapshot.reconcile = t->reconcile;
	return t->reconcile ? 0 : -ENOMEM;
}

void trace__tear_down(struct trace *t)
{
	leakcheck__free(t->leakcheck);
	blockdump__free(t->dump);
	exitpoints__free(t->exitpoints);
	sources__free(t->sources);
	events__free(t->events);
	reconcile__free(t->reconcile);
	model__free(t->model);
	attacher__free(t->attacher);
	traps__free(t->traps);
	stacks__free(t->stacks);
	intervals__free(t->intervals);
	symbolizer__free(t->sym);
	perfmap__free(t->jit);
	tables__free(t->tables);
	addrspace__free(t->as);
	if (!t->kin)
		session__free(t->session);
	free(t->command);
	runas__free(t->runas);
	if (t->pidfd >= 0)
		close(t->pidfd);
	if (t->signals >= 0)
		close(t->signals);
}
