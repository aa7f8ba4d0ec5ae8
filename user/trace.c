/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "elf/elfimg.h"
#include "events.h"
#include "kernel_features.h"
#include "mappings.h"
#include "probes.h"
#include "render/render.h"
#include "report/intervals.h"
#include "report/report.h"
#include "session.h"
#include "snapshot.h"
#include "stacks.h"
#include "status.h"
#include "sym/symbolizer.h"
#include "target/addrspace.h"
#include "target/proc.h"
#include "target/spawn.h"
#include "unwind/tables.h"

#define TICK_MS 1000 /* how often the status line and the deadline are looked at */

struct trace {
	const struct trace_opts *opts;
	FILE *out;
	struct features features;
	struct proc_info proc;
	struct spawn *spawn; /* NULL: attached to a running process */
	pid_t pid;
	struct session *session;
	struct addrspace *as;
	struct tables *tables; /* NULL: stacks are walked by frame pointers */
	struct attacher *attacher;
	struct symbolizer *sym;
	struct stacks *stacks;
	struct intervals *intervals;
	struct model *model;
	struct events *events;
	struct mappings mappings;
	struct snapshot snapshot;
	struct status status;
	int pidfd, signals;
	uint64_t start_ns;
	uint64_t refreshed_ns; /* when the maps were read last */
	uint64_t n_reports;
	bool no_syscalls;
	bool announced;	     /* the line that says what is traced is out */
	bool entry_attached; /* of the program that runs now */
	bool need_anchor;
	bool ended; /* the target is gone */
	bool stop;  /* asked to stop */
	bool output_broken;
	unsigned int n_signals;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

__attribute__((format(printf, 2, 3))) static void say(struct trace *t, const char *fmt, ...)
{
	va_list args;

	status__clear(&t->status);
	fputs("memleak-bpf: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* --- the target's images and allocators --- */

/* End of the launch phase: the program's own first instruction, after its libraries' constructors
 * began. */
static void attach_entry(struct trace *t)
{
	const struct image *const *images;
	uint64_t offset;
	size_t n, i;

	images = addrspace__images(t->as, &n);
	for (i = 0; i < n; i++) {
		const struct image *img = images[i];

		if (!img->is_exe || !img->elf ||
		    !elfimg__vaddr_to_offset(img->elf, elfimg__entry(img->elf), &offset))
			continue;
		if (!session__attach_entry(t->session, img->open_path, offset))
			t->entry_attached = true;
	}
}

static void announce(struct trace *t)
{
	struct proc_info now;

	if (!attacher__probes(t->attacher))
		return;
	status__clear(&t->status);
	if (!proc__info(t->pid, &now) && now.comm[0])
		t->proc = now; /* execve has changed its name */
	fprintf(stderr, "memleak-bpf: tracing pid %d (", t->pid);
	render__escape(stderr, t->proc.comm);
	fputs("), ", stderr);
	attacher__describe(t->attacher, stderr);
	fprintf(stderr, ", %zu probes\n", attacher__probes(t->attacher));
	t->announced = true;
}

/* Have the stacks of newly mapped code walked right. Before its probes, so that none is cut. */
static void update_tables(struct trace *t)
{
	const char *warning;

	if (!t->tables)
		return;
	if (tables__learn(t->tables, t->as))
		say(t, "no memory for unwind tables: some stacks will be cut");
	tables__publish(t->tables, t->as);
	while ((warning = tables__next_warning(t->tables)))
		say(t, "%s", warning);
}

/* Look at the target's maps again and probe what is new. */
static void refresh(struct trace *t)
{
	int err = addrspace__refresh(t->as);

	if (err < 0 && err != -ESRCH)
		say(t, "cannot read the target's memory map: %s", strerror(-err));
	t->refreshed_ns = now_ns();
	update_tables(t);
	if (t->spawn && !t->entry_attached)
		attach_entry(t);
	err = attacher__update(t->attacher, t->announced ? stderr : NULL);
	if (err < 0 && err != -ESRCH && err != -ENOENT)
		say(t, "cannot probe all of the target's allocator: %s", strerror(-err));
}

/* The thread that the probes hang on has ended: find another one. */
static void reanchor(struct trace *t)
{
	static const char what[] = "the thread that tracing was bound to has ended";
	pid_t tid = proc__live_tid(t->pid);
	int err;

	t->need_anchor = false;
	if (tid <= 0)
		return;
	err = session__reanchor(t->session, tid);
	if (err < 0)
		say(t, "%s, and binding it to another one failed: %s", what, strerror(-err));
	else if (err)
		say(t, "%s; what was allocated before it was bound to thread %d is not covered",
		    what, tid);
}

/* --- events --- */

#define MISS_INTERVAL_NS 100000000ULL

/*
 * A stack seen for the first time. If it runs into code that is not known, the maps have changed in
 * a way that no event tells (mprotect): look again, but not for each of many such stacks.
 */
static void on_stack(struct trace *t, uint64_t key)
{
	if (stacks__learn(t->stacks, key))
		return;
	if (stacks__is_unmapped(t->stacks, key) && now_ns() - t->refreshed_ns > MISS_INTERVAL_NS)
		refresh(t);
}

static void print_event(struct trace *t, const struct event *e)
{
	const char *entry = e->entry < n_entry_points ? entry_points[e->entry].symbol : "?";

	status__clear(&t->status);
	fprintf(t->out, "%.6f ", e->time_ns / 1e9);
	render__escape(t->out, e->comm);
	if (e->type == EVENT_ALLOC)
		fprintf(t->out, "/%u [%u] %s size %llu = 0x%llx\n", e->tid, e->cpu, entry,
			(unsigned long long)e->size, (unsigned long long)e->addr);
	else
		fprintf(t->out, "/%u [%u] %s 0x%llx\n", e->tid, e->cpu, entry,
			(unsigned long long)e->addr);
}

static void on_exec(struct trace *t, bool by_other_thread)
{
	int err = snapshot__forget_old_program(&t->snapshot);

	if (by_other_thread && session__rebind(t->session))
		say(t, "cannot bind to the thread that called execve; some of its program's "
		       "allocations may be missing");
	if (err)
		say(t, "cannot drop the blocks of the program before execve: %s", strerror(-err));
	addrspace__reset(t->as);
	attacher__reset(t->attacher);
	t->entry_attached = false;
	t->announced = false;
	if (!proc__info(t->pid, &t->proc) && t->proc.is_32bit)
		say(t, "%s is a 32-bit program: only 64-bit ones can be traced", t->proc.comm);
	refresh(t);
	if (!t->spawn)
		announce(t);
}

static void on_event(const struct event *e, void *arg)
{
	struct trace *t = arg;

	switch (e->type) {
	case EVENT_STACK:
		on_stack(t, e->stack);
		break;
	case EVENT_EXEC:
		on_exec(t, e->flags);
		break;
	case EVENT_ENTRY:
		announce(t);
		if (!t->announced)
			say(t, "found no allocator functions to probe in this program; if it is "
			       "static and stripped, name them: -O PROGRAM --offset "
			       "malloc=ADDRESS,free=ADDRESS");
		break;
	case EVENT_EXEC_MAP:
		refresh(t);
		break;
	case EVENT_ALLOC:
	case EVENT_FREE:
		print_event(t, e);
		break;
	case EVENT_ANCHOR_EXIT:
		t->need_anchor = true;
		break;
	default:
		mappings__event(&t->mappings, e);
	}
}

static void drain(struct trace *t)
{
	events__drain(t->events);
	if (t->need_anchor)
		reanchor(t);
}

/* --- reports --- */

static void complete_report(struct trace *t, struct report *r, bool final)
{
	r->pid = t->pid;
	r->comm = strdup(t->proc.comm);
	r->final = final;
	r->max_live = t->opts->max_live;
	r->max_stacks = t->opts->max_stacks;
	if (!attacher__probes(t->attacher))
		report__warn(r, "no allocator functions were found to probe, so this says nothing "
				"about the program's heap");
	if (attacher__unreadable(t->attacher))
		report__warn(r,
			     "some forms of operator new are not followed: their code could not be "
			     "read, and a return probe would break exceptions");
	if (t->no_syscalls)
		report__warn(r, "mmap, munmap, mremap and brk are not followed: this kernel has no "
				"system call tracepoints");
}

static int print_report(struct trace *t, bool final)
{
	const struct render_opts render = {.color = t->opts->color};
	uint64_t began = now_ns();
	struct report *r = NULL;
	int err;

	drain(t);
	if (!t->ended)
		refresh(t);
	err = snapshot__take(&t->snapshot, t->ended, t->ended && t->opts->all_ages_at_end, &r);
	if (err) {
		say(t, "cannot read what is outstanding: %s", strerror(-err));
		return err;
	}
	complete_report(t, r, final);
	status__clear(&t->status);
	err = render_text.emit(t->out, r, &render);
	if (!err && fflush(t->out))
		err = -errno;
	if (err)
		t->output_broken = true;
	if (t->opts->verbose)
		say(t, "the report took %.1f ms", (now_ns() - began) / 1e6);
	report__free(r);
	t->n_reports++;
	return err;
}

/* --- the loop --- */

/* The started command stopped: at exec, or with a library just mapped. Probe, then let it go on. */
static void on_child(struct trace *t)
{
	for (;;) {
		switch (spawn__wait(t->spawn, 0)) {
		case SPAWN_ENDED:
			t->ended = true;
			return;
		case SPAWN_STOPPED:
			if (!session__launching(t->session))
				break; /* somebody else stopped it, and will let it go on */
			drain(t);
			spawn__continue(t->spawn);
			break;
		case SPAWN_RUNNING:
			return;
		}
	}
}

/*
 * The first SIGINT or SIGTERM ends tracing. A command of ours is asked to end instead, so
 * that its last report is complete; what the terminal sends it has got already.
 */
static void on_signal(struct trace *t, const struct signalfd_siginfo *info)
{
	if (info->ssi_signo == SIGCHLD)
		return;
	t->n_signals++;
	if (!t->spawn || t->ended || t->n_signals > 1)
		t->stop = true;
	else if (info->ssi_code != SI_KERNEL)
		kill(t->pid, info->ssi_signo);
}

static void read_signals(struct trace *t)
{
	struct signalfd_siginfo info;

	while (read(t->signals, &info, sizeof(info)) == sizeof(info))
		on_signal(t, &info);
}

/* Milliseconds until the next thing is due, at most a tick. */
static int time_left(uint64_t due_ns)
{
	uint64_t now = now_ns();

	if (now >= due_ns)
		return 0;
	due_ns = (due_ns - now + 999999) / 1000000;
	return due_ns < TICK_MS ? (int)due_ns : TICK_MS;
}

static void loop(struct trace *t)
{
	const struct trace_opts *o = t->opts;
	uint64_t interval = o->interval_s * 1000000000ULL;
	uint64_t next = interval ? t->start_ns + interval : UINT64_MAX;
	uint64_t end = o->duration_s ? t->start_ns + o->duration_s * 1000000000ULL : UINT64_MAX;
	struct pollfd fds[] = {
		{.fd = t->signals, .events = POLLIN},
		{.fd = events__fd(t->events), .events = POLLIN},
		{.fd = t->pidfd, .events = POLLIN},
	};

	while (!t->stop && !t->ended && !t->output_broken) {
		poll(fds, 3, time_left(next < end ? next : end));
		read_signals(t);
		drain(t);
		if (t->spawn)
			on_child(t);
		else if (fds[2].revents & (POLLIN | POLLERR | POLLHUP))
			t->ended = true;
		if (t->ended || t->stop)
			break;
		if (now_ns() >= end)
			break;
		if (now_ns() >= next) {
			bool last = o->count && t->n_reports + 1 >= o->count;

			if (print_report(t, last) || last)
				return;
			next += interval;
			if (next < now_ns()) /* a report took longer than the interval */
				next = now_ns() + interval;
		}
		status__show(&t->status, t->session, t->start_ns, next);
	}
	if (!t->output_broken)
		print_report(t, true);
}

/* --- setting up --- */

static int check_target(struct trace *t)
{
	int err = proc__info(t->opts->pid, &t->proc);
	const char *why = NULL;

	if (err == -EINVAL) {
		say(t, "%d is a thread of process %d: use -p %d", t->opts->pid, t->proc.live_tid,
		    t->proc.live_tid);
		return err;
	}
	if (err == -ESRCH) {
		say(t, "there is no process %d", t->opts->pid);
		return err;
	}
	if (err) {
		say(t, "cannot look at process %d: %s", t->opts->pid, strerror(-err));
		return err;
	}
	if (t->proc.kernel_thread)
		why = "a kernel thread: it has no heap of its own";
	else if (t->proc.zombie)
		why = "dead already, a zombie that waits for its parent";
	else if (t->proc.is_32bit)
		why = "a 32-bit process: only 64-bit ones can be traced";
	if (why) {
		say(t, "process %d (%s) is %s", t->opts->pid, t->proc.comm, why);
		return -EINVAL;
	}
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
		rows = tables__rows(t->tables) + tables__rows(t->tables) / 4 + MIN_UNWIND_ROWS / 4;
	if (t->tables && rows < MIN_UNWIND_ROWS)
		rows = MIN_UNWIND_ROWS;
	return t->tables && t->spawn ? STARTED_UNWIND_ROWS : rows;
}

/* The target's images, as far as they are known before it is traced. */
static int open_addrspace(struct trace *t)
{
	int err = 0;

	t->as = addrspace__new(t->pid);
	if (!t->opts->frame_pointers)
		t->tables = tables__new();
	if (!t->as || (!t->tables && !t->opts->frame_pointers)) {
		say(t, "cannot start: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	if (!t->spawn)
		err = addrspace__refresh(t->as);
	if (err == -ESRCH)
		say(t, "process %d has ended before it could be traced", t->pid);
	else if (err < 0)
		say(t, "cannot read the memory map of process %d: %s", t->pid, strerror(-err));
	if (err < 0)
		return err;
	if (t->tables && tables__learn(t->tables, t->as))
		say(t, "no memory for unwind tables: some stacks will be cut");
	return 0;
}

static int open_session(struct trace *t)
{
	const struct trace_opts *o = t->opts;
	struct session_opts opts = {
		.pid = t->pid,
		.anchor = t->proc.leader_exited ? t->proc.live_tid : t->pid,
		.started = t->spawn != NULL,
		.min_size = o->min_size,
		.max_size = o->max_size,
		.sample = o->model.sample,
		.trace = o->trace_events,
		.max_live = o->max_live,
		.max_stacks = o->max_stacks,
		.max_depth = o->max_depth,
		.frame_pointers = o->frame_pointers,
		.unwind_rows = unwind_room(t),
		.verbose = o->verbose > 0,
	};
	int err = session__new(&opts, &t->features, &t->session, &t->no_syscalls);

	if (err == -ENOMEM || err == -E2BIG)
		say(t,
		    "the tables do not fit into memory: use a smaller --max-live or --max-stacks");
	else if (err)
		say(t, "cannot load the BPF programs: %s (-v shows the kernel's reasons)",
		    strerror(-err));
	return err;
}

/* Everything but the session; all of it only fails for lack of memory or descriptors. */
static int open_parts(struct trace *t)
{
	const struct symbolizer_opts sym = {.demangle = true, .debuginfod = t->opts->debuginfod};
	int err = 0;

	t->sym = symbolizer__new(&sym);
	t->intervals = intervals__new(sysconf(_SC_PAGESIZE));
	if (!t->sym || !t->intervals)
		err = -ENOMEM;
	if (!err) {
		t->stacks = stacks__new(session__stacks_fd(t->session), t->opts->max_depth, t->as,
					t->sym);
		t->attacher = attacher__new(t->session, t->as, &t->opts->allocators);
		if (!t->stacks || !t->attacher)
			err = -ENOMEM;
	}
	if (!err) {
		t->model = model__new(&t->opts->model, stacks__resolve, t->stacks);
		err = t->model
			      ? events__new(session__events_fd(t->session), on_event, t, &t->events)
			      : -ENOMEM;
	}
	if (!err) {
		t->pidfd = t->spawn ? -1 : (int)syscall(SYS_pidfd_open, t->pid, 0);
		if (!t->spawn && t->pidfd < 0)
			err = -errno;
	}
	if (err == -ESRCH)
		say(t, "process %d has ended before it could be traced", t->pid);
	else if (err)
		say(t, "cannot start: %s", strerror(-err));
	if (t->tables) {
		struct unwind_row *rows;
		size_t n;

		rows = session__unwind_rows(t->session, &n);
		tables__attach(t->tables, rows, n, session__unwind_segs(t->session),
			       session__state(t->session));
	}
	t->mappings = (struct mappings){
		.intervals = t->intervals, .stacks = t->stacks, .attacher = t->attacher};
	t->snapshot = (struct snapshot){t->session, &t->mappings, t->stacks, t->model, 0};
	return err;
}

/* Attach to a process that runs. */
static int attach_running(struct trace *t)
{
	int err = addrspace__refresh(t->as); /* again: what it maps from now on is notified */

	if (err == -ESRCH) {
		say(t, "process %d has ended before it could be traced", t->pid);
		return err;
	}
	update_tables(t);
	err = attacher__update(t->attacher, NULL);
	if (err == -EINVAL && t->opts->allocators.offsets) {
		say(t, "option --offset: '%s' is not a list like malloc=0x1234,free=0x5678",
		    t->opts->allocators.offsets);
		return err;
	}
	if (attacher__probes(t->attacher)) {
		announce(t);
		return 0;
	}
	if (err < 0)
		say(t, "cannot probe the allocator of process %d: %s", t->pid, strerror(-err));
	else if (t->opts->allocators.object || t->opts->allocators.prefix)
		say(t, "found no allocator functions in process %d (%s) that match -O and -S",
		    t->pid, t->proc.comm);
	else if (attacher__stripped(t->attacher))
		say(t,
		    "process %d (%s) is static and stripped, so its allocator has no names: point "
		    "to it with --offset malloc=ADDRESS,free=ADDRESS",
		    t->pid, t->proc.comm);
	else
		say(t,
		    "found no allocator functions in process %d (%s): name the object with -O or "
		    "the symbols' prefix with -S",
		    t->pid, t->proc.comm);
	return -ENOENT;
}

static int start_command(struct trace *t)
{
	int err = spawn__release(t->spawn);

	if (err)
		say(t, "cannot run %s: %s", t->opts->command[0], strerror(-err));
	return err;
}

static void print_features(struct trace *t)
{
	if (t->opts->verbose)
		features__print(&t->features, stderr);
}

static int set_up(struct trace *t)
{
	const char *missing;
	int err;

	features__probe(&t->features);
	missing = features__missing(&t->features);
	if (missing) {
		say(t, "%s", missing);
		return -EPERM;
	}
	print_features(t);
	raise_limits();
	err = open_signals(t);
	if (err)
		return err;
	if (t->opts->command) {
		err = spawn__new(t->opts->command, &t->spawn);
		if (err) {
			say(t, "cannot start a process: %s", strerror(-err));
			return err;
		}
		t->pid = spawn__pid(t->spawn);
		snprintf(t->proc.comm, sizeof(t->proc.comm), "%s", t->opts->command[0]);
	} else {
		err = check_target(t);
	}
	if (!err)
		err = open_addrspace(t);
	if (!err)
		err = open_session(t);
	if (!err)
		err = open_parts(t);
	if (!err)
		err = t->spawn ? start_command(t) : attach_running(t);
	return err;
}

static void tear_down(struct trace *t)
{
	events__free(t->events);
	model__free(t->model);
	attacher__free(t->attacher);
	stacks__free(t->stacks);
	intervals__free(t->intervals);
	symbolizer__free(t->sym);
	tables__free(t->tables);
	addrspace__free(t->as);
	session__free(t->session);
	if (t->pidfd >= 0)
		close(t->pidfd);
	if (t->signals >= 0)
		close(t->signals);
}

/* The exit status: that of a command which we started, once it has ended. */
static int exit_status(struct trace *t)
{
	bool ended_by_us = false;

	if (!t->spawn)
		return t->output_broken;
	/* a duration or COUNT has ended the trace: end the command too. A second signal leaves it.
	 */
	if (!t->ended && !t->stop) {
		kill(t->pid, SIGTERM);
		ended_by_us = true;
	}
	while (!t->ended && !t->stop) {
		struct pollfd fds[] = {{.fd = t->signals, .events = POLLIN}};

		poll(fds, 1, TICK_MS);
		read_signals(t);
		if (spawn__wait(t->spawn, 0) == SPAWN_ENDED)
			t->ended = true;
	}
	return t->ended && !ended_by_us ? spawn__status(t->spawn) : 0;
}

int trace__run(const struct trace_opts *opts, FILE *out)
{
	struct trace t = {.opts = opts, .out = out, .pidfd = -1, .signals = -1};
	int err, status = 1;

	status__init(&t.status, stderr);
	err = set_up(&t);
	if (!err) {
		t.start_ns = now_ns();
		loop(&t);
		status__clear(&t.status);
		session__detach(t.session);
		status = exit_status(&t);
	} else if (t.spawn && err == -ENOENT) {
		status = 127; /* as a shell: not found, not executable */
	} else if (t.spawn && err == -EACCES) {
		status = 126;
	}
	tear_down(&t);
	spawn__free(t.spawn);
	return status;
}
