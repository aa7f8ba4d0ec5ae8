/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace_priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "blockdump.h"
#include "cost.h"
#include "elf/elfimg.h"
#include "events.h"
#include "exitpoints.h"
#include "follow/follow.h"
#include "follow/hold.h"
#include "gate/gate.h"
#include "leakcheck.h"
#include "origin.h"
#include "probes.h"
#include "reconcile.h"
#include "render/output.h"
#include "render/render.h"
#include "report/intervals.h"
#include "report/report.h"
#include "source/sources.h"
#include "session.h"
#include "stacks.h"
#include "standard.h"
#include "sym/perfmap.h"
#include "target/addrspace.h"
#include "target/alone.h"
#include "target/spawn.h"
#include "traps.h"
#include "unwind/finish.h"
#include "unwind/tables.h"

#define TICK_MS 1000 /* how often the status line and the deadline are looked at */

uint64_t trace__now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void trace__say(struct trace *t, const char *fmt, ...)
{
	va_list args;

	status__clear(t->status);
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

static void take_command(struct trace *t)
{
	char *command = origin__command(t->pid);

	if (!command) /* gone */
		return;
	free(t->command);
	t->command = command;
}

static void say_what_is_traced(const struct trace *t)
{
	fprintf(stderr, "memleak-bpf: tracing pid %d (", t->pid);
	render__escape(stderr, t->proc.comm);
	fputs("), ", stderr);
	attacher__describe(t->attacher, stderr);
	fprintf(stderr, ", %zu probes\n", attacher__probes(t->attacher));
}

void trace__announce(struct trace *t)
{
	struct proc_info now;

	if (!attacher__probes(t->attacher))
		return;
	status__clear(t->status);
	if (!proc__info(t->pid, &now) && now.comm[0])
		t->proc = now; /* execve has changed its name */
	take_command(t);
	if (!t->kin || t->opts->verbose)
		say_what_is_traced(t);
	t->announced = true;
}

/* Have the stacks of newly mapped code walked right. Before its probes, so that none is cut. */
void trace__update_tables(struct trace *t)
{
	const char *warning;

	if (!t->tables)
		return;
	if (tables__learn(t->tables, t->as))
		trace__say(t, "no memory for unwind tables: some stacks will be cut");
	tables__publish(t->tables, t->as);
	while ((warning = tables__next_warning(t->tables)))
		trace__say(t, "%s", warning);
}

/* Look at the target's maps again and probe what is new. */
void trace__refresh(struct trace *t)
{
	int err = addrspace__refresh(t->as);

	if (err < 0 && err != -ESRCH)
		trace__say(t, "cannot read the target's memory map: %s", strerror(-err));
	t->refreshed_ns = trace__now_ns();
	trace__update_tables(t);
	if (t->started && !t->entry_attached)
		attach_entry(t);
	if (t->exitpoints)
		exitpoints__update(t->exitpoints, t->as);
	err = attacher__update(t->attacher, t->announced ? stderr : NULL);
	if (err == -EINVAL && t->opts->allocators.offsets)
		trace__say_offsets(t);
	else if (err < 0 && err != -ESRCH && err != -ENOENT)
		trace__say(t, "cannot probe all of the target's allocator: %s", strerror(-err));
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
		trace__say(t, "%s, and binding it to another one failed: %s", what, strerror(-err));
	else if (err)
		trace__say(t,
			   "%s; what was allocated before it was bound to thread %d is not covered",
			   what, tid);
}

/* --- events --- */

#define MISS_INTERVAL_NS 100000000ULL

/*
 * A stack seen for the first time. If it runs into code that is not known, the maps have changed in
 * a way that no event tells (mprotect): look again, but not for each of many such stacks.
 */
void trace__on_stack(const struct stack_event *e, void *arg)
{
	struct trace *t = arg;

	if (stacks__learn(t->stacks, e->key, &e->trace))
		return;
	if (stacks__is_unmapped(t->stacks, e->key) &&
	    trace__now_ns() - t->refreshed_ns > MISS_INTERVAL_NS)
		trace__refresh(t);
}

/* The rest of a stack that ran into code before its mapping was known; now it is. */
void trace__on_rest(const struct stack_rest *e, void *arg)
{
	struct trace *t = arg;
	struct stack_trace trace;
	struct unwind_row row;

	if (!t->tables)
		return;
	if (!tables__find(t->tables, e->pc - 1, &row) &&
	    trace__now_ns() - t->refreshed_ns > MISS_INTERVAL_NS)
		trace__refresh(t);
	if (!stacks__recorded(t->stacks, e->key, &trace))
		return;
	finish__walk(t->tables, e, t->opts->max_depth, &trace);
	stacks__replace(t->stacks, e->key, &trace);
}

static void print_event(struct trace *t, const struct event *e)
{
	const char *entry = e->entry < n_entry_points ? entry_points[e->entry].symbol : "?";

	status__clear(t->status);
	fprintf(t->out, "%.6f ", e->time_ns / 1e9);
	render__escape(t->out, e->comm);
	if (e->type == EVENT_ALLOC)
		fprintf(t->out, "/%u [%u] %s size %llu = 0x%llx\n", e->tid, e->cpu, entry,
			(unsigned long long)e->size, (unsigned long long)e->addr);
	else
		fprintf(t->out, "/%u [%u] %s 0x%llx\n", e->tid, e->cpu, entry,
			(unsigned long long)e->addr);
}

/* What was freed and not known is what the parent had allocated; a new program inherits nothing. */
static void forget_inherited(struct trace *t)
{
	struct session_stats stats;

	if (!t->forked)
		return;
	session__stats(t->session, &stats);
	t->inherited = stats.sum[STAT_UNTRACKED_FREE];
	t->forked = false;
	if (t->leakcheck)
		leakcheck__restart(t->leakcheck);
}

static void on_exec(struct trace *t, bool by_other_thread)
{
	snapshot__forget_old_program(&t->snapshot);
	forget_inherited(t);
	session__forget_missed(t->session); /* the new program's mappings are read below */
	reconcile__restart(t->reconcile);
	if (by_other_thread && session__rebind(t->session))
		trace__say(t, "cannot bind to the thread that called execve; some of its program's "
			      "allocations may be missing");
	addrspace__reset(t->as);
	perfmap__reset(t->jit);
	attacher__reset(t->attacher);
	t->entry_attached = false;
	t->announced = false;
	if (!proc__info(t->pid, &t->proc) && t->proc.is_32bit)
		trace__say(t, "%s is a 32-bit program: only 64-bit ones can be traced",
			   t->proc.comm);
	take_command(t);
	trace__refresh(t);
	if (!t->started)
		trace__announce(t);
}

void trace__on_event(const struct event *e, void *arg)
{
	struct trace *t = arg;

	switch (e->type) {
	case EVENT_EXEC:
		on_exec(t, e->flags);
		break;
	case EVENT_ENTRY:
		model__begin_program(t->model);
		trace__announce(t);
		if (!t->announced)
			trace__say(
				t,
				"found no allocator functions to probe in this program; if it is "
				"static and stripped, name them: -O PROGRAM --offset "
				"malloc=ADDRESS,free=ADDRESS");
		break;
	case EVENT_EXEC_MAP:
		trace__refresh(t);
		break;
	case EVENT_ALLOC:
	case EVENT_FREE:
		print_event(t, e);
		break;
	case EVENT_TRAP:
		if (t->traps)
			traps__notice(t->traps, (int)e->entry);
		break;
	case EVENT_STOP: /* it is looked at when the loop comes by */
		break;
	case EVENT_ANCHOR_EXIT:
		t->need_anchor = true;
		break;
	default:
		mappings__event(&t->mappings, e);
	}
}

void trace__drain(struct trace *t)
{
	events__drain(t->events);
	t->hurry = t->traps && traps__settle(t->traps);
	if (t->need_anchor)
		reanchor(t);
}

/* --- reports --- */

/* Of the frees of unknown blocks, those of what a fork has brought. */
static void split_untracked(const struct trace *t, struct report_account *a)
{
	a->inherited_frees = t->forked ? a->untracked_frees : t->inherited;
	if (a->inherited_frees > a->untracked_frees) /* a sample: these are not counted */
		a->inherited_frees = a->untracked_frees;
	a->untracked_frees -= a->inherited_frees;
}

static void complete_report(struct trace *t, struct report *r, bool final)
{
	r->pid = t->pid;
	r->comm = strdup(t->proc.comm);
	origin__fill(&r->origin, t->command);
	r->final = final && !t->follow; /* then that is the sum */
	r->followed = t->follow;
	if (t->follow) /* they are traced */
		r->children = 0;
	split_untracked(t, &r->account);
	r->max_live = t->kin ? t->opts->follow_live : t->opts->max_live;
	r->most_live = LIVE_MAX_BLOCKS;
	r->max_stacks = t->opts->max_stacks;
	r->partial = !attacher__probes(t->attacher) || attacher__unreadable(t->attacher) ||
		     attacher__problem(t->attacher) || t->no_syscalls;
	if (!attacher__probes(t->attacher))
		report__warn(r, "no allocator functions were found to probe, so this says nothing "
				"about the program's heap");
	if (attacher__unreadable(t->attacher))
		report__warn(r,
			     "some forms of operator new are not followed: their code could not be "
			     "read, and a return probe would break exceptions");
	if (attacher__problem(t->attacher))
		report__warn(r, attacher__problem(t->attacher));
	if (perfmap__problem(t->jit)) {
		char sentence[256];

		snprintf(sentence, sizeof(sentence),
			 "names of JIT code may be missing: /tmp/perf-PID.map: %s",
			 perfmap__problem(t->jit));
		report__warn(r, sentence);
	}
	if (t->no_syscalls)
		report__warn(r, "mmap, munmap, mremap and brk are not followed: this kernel has no "
				"system call tracepoints");
}

/* Say it once, and end: what cannot be shown need not be traced. */
static void output_failed(struct trace *t, int err)
{
	if (t->output_broken)
		return;
	status__clear(t->status);
	standard__complain("memleak-bpf", err);
	t->output_broken = true;
}

int trace__emit(struct trace *t, const struct outputs *outputs, const struct report *r)
{
	const struct output *bad;
	int file_error, err;

	status__clear(t->status);
	err = outputs__emit(outputs, t->out, r, &bad, &file_error);
	if (file_error) {
		trace__say(t, "cannot write %s: %s", bad->path, strerror(-file_error));
		t->file_failed = true;
	}
	if (err)
		output_failed(t, err);
	return err;
}

static void read_contents(struct trace *t, bool at_exit)
{
	int err = blockdump__read(t->dump, at_exit);

	if (err && err != -ESRCH)
		trace__say(t, "what is in blocks cannot be read: %s", strerror(-err));
}

int trace__report(struct trace *t, bool final)
{
	uint64_t began = trace__now_ns();
	struct report *r = NULL;
	int err;

	trace__drain(t);
	perfmap__refresh(t->jit);
	if (!t->ended)
		trace__refresh(t);
	reconcile__begin(t->reconcile);
	if (t->leakcheck)
		leakcheck__look(t->leakcheck, t->ended);
	if (t->dump && !t->ended)
		read_contents(t, false);
	err = snapshot__take(&t->snapshot, t->ended, t->ended && t->opts->all_ages_at_end, &r);
	if (err) {
		trace__say(t, "cannot read what is outstanding: %s", strerror(-err));
		return err;
	}
	r->n_map = reconcile__map(t->reconcile, r->map);
	reconcile__finish(t->reconcile, &r->memory);
	if (t->sources)
		sources__add(t->sources, r);
	complete_report(t, r, final);
	if (t->leakcheck)
		leakcheck__complete(t->leakcheck, r);
	if (t->dump)
		blockdump__complete(t->dump, r);
	if (!t->opts->list_blocks)
		report__drop_blocks(r);
	err = t->follow ? 0 : gate__judge(t->opts->gate, r); /* the sum is judged */
	if (err)
		trace__say(t, "cannot judge the report: %s", strerror(-err));
	if (!t->kin) { /* the first one has it for all */
		cost__fill(&r->cost, began);
		session__runs(t->session, &r->cost.runs, &r->cost.run_ns);
	}
	err = t->follow ? follow__show(t->follow, t, r, final)
			: trace__emit(t, t->opts->outputs, r);
	if (t->opts->verbose && r->reach.scans && !r->reach.copied)
		trace__say(t,
			   "judging stopped the target for %.1f ms: there was no room for a copy",
			   r->reach.pause_ns / 1e6);
	else if (t->opts->verbose && r->reach.scans)
		trace__say(t,
			   "copying %.1f MiB stopped the target for %.1f ms, judging took %.1f ms",
			   r->reach.copied / 1048576.0, r->reach.pause_ns / 1e6,
			   r->reach.mark_ns / 1e6);
	if (t->opts->verbose)
		trace__say(t, "the report took %.1f ms", (trace__now_ns() - began) / 1e6);
	report__free(r);
	t->n_reports++;
	return err;
}

/* --- the loop --- */

/* The started command stands still in its _exit. */
static void at_exit(struct trace *t)
{
	if (t->leakcheck)
		leakcheck__at_exit(t->leakcheck);
	if (t->dump)
		read_contents(t, true);
}

pid_t trace__at_stop(struct trace *t)
{
	pid_t tid;

	trace__drain(t);
	tid = session__take_exit(t->session);
	if (tid)
		at_exit(t);
	return tid;
}

/* The started command stopped: at exec, or with a library just mapped. Probe, then let it go on. */
static void on_child(struct trace *t)
{
	struct alone *alone;

	for (;;) {
		switch (spawn__wait(t->spawn, 0)) {
		case SPAWN_ENDED:
			t->ended = true;
			return;
		case SPAWN_STOPPED:
			if (!session__take_stop(t->session))
				break; /* somebody else stopped it, and will let it go on */
			alone = alone__hold(t->pid, trace__at_stop(t), true);
			spawn__continue(t->spawn);
			alone__end(alone);
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
	uint64_t now = trace__now_ns();

	if (now >= due_ns)
		return 0;
	due_ns = (due_ns - now + 999999) / 1000000;
	return due_ns < TICK_MS ? (int)due_ns : TICK_MS;
}

/* When to look for the first time at what the report due at next confirms; never: UINT64_MAX. */
static uint64_t early_look(const struct trace *t, uint64_t next)
{
	uint64_t before = t->leakcheck ? t->opts->confirm_ns : 0;

	if (!before || next == UINT64_MAX)
		return UINT64_MAX;
	return next > before ? next - before : 0;
}

/* -t: events are to be seen while they are news; a reader that is gone ends it at once. */
static void flush_events(struct trace *t)
{
	int err = t->opts->trace_events ? standard__flush(t->out) : 0;

	if (err)
		output_failed(t, err);
}

static void loop(struct trace *t)
{
	const struct trace_opts *o = t->opts;
	uint64_t interval = o->interval_s * 1000000000ULL;
	uint64_t next = interval ? t->start_ns + interval : UINT64_MAX;
	uint64_t look = early_look(t, next);
	uint64_t end = o->duration_s ? t->start_ns + o->duration_s * 1000000000ULL : UINT64_MAX;
	struct pollfd fds[] = {
		{.fd = t->signals, .events = POLLIN},
		{.fd = events__fd(t->events), .events = POLLIN},
		{.fd = t->pidfd, .events = POLLIN},
		{.fd = t->follow ? follow__fd(t->follow) : -1, .events = POLLIN},
	};
	int left;

	while (!t->stop && !t->ended && !t->output_broken) {
		left = time_left(look < next && look < end ? look : next < end ? next : end);
		poll(fds, 4, t->hurry && left ? 1 : left);
		read_signals(t);
		trace__drain(t);
		if (t->spawn)
			on_child(t);
		else if (fds[2].revents & (POLLIN | POLLERR | POLLHUP))
			t->ended = true;
		if (t->follow)
			follow__serve(t->follow);
		flush_events(t);
		if (t->ended || t->stop || t->output_broken)
			break;
		if (trace__now_ns() >= end)
			break;
		if (trace__now_ns() >= look) {
			leakcheck__look_early(t->leakcheck);
			look = UINT64_MAX;
			if (next < trace__now_ns() + o->confirm_ns)
				next = trace__now_ns() + o->confirm_ns;
		}
		if (trace__now_ns() >= next) {
			bool last = o->count && t->n_reports + 1 >= o->count;

			if (trace__report(t, last) || last)
				return;
			if (t->follow)
				follow__report(t->follow);
			next += interval;
			if (next < trace__now_ns()) /* a report took longer than the interval */
				next = trace__now_ns() + interval;
			look = early_look(t, next);
		}
		status__show(t->status, t->session, t->start_ns, next);
	}
	if (!t->output_broken)
		trace__report(t, true);
}

/* The BPF side has stopped the command, and the loop that sees to such stops is over. */
static void let_go(struct trace *t)
{
	if (session__take_stop(t->session))
		hold__let_go(t->pid);
}

/* The exit status: that of a command which we started, once it has ended. */
static int exit_status(struct trace *t)
{
	bool ended_by_us = false;

	if (!t->spawn)
		return t->output_broken;
	let_go(t);
	/* a duration or COUNT has ended the trace: end the command too. A second signal leaves it.
	 */
	if (!t->ended && !t->stop) {
		kill(t->pid, SIGTERM);
		kill(t->pid, SIGCONT); /* or it dies when somebody lets it go on */
		ended_by_us = true;
	}
	while (!t->ended && !t->stop) {
		struct pollfd fds[] = {{.fd = t->signals, .events = POLLIN}};

		poll(fds, 1, TICK_MS);
		read_signals(t);
		let_go(t);
		if (spawn__wait(t->spawn, 0) == SPAWN_ENDED)
			t->ended = true;
	}
	return t->ended && !ended_by_us ? spawn__status(t->spawn) : 0;
}

int trace__run(const struct trace_opts *opts, FILE *out)
{
	struct status line;
	struct trace t = {.opts = opts, .out = out, .status = &line, .pidfd = -1, .signals = -1};
	const struct output *bad;
	int err, status = 1;

	status__init(&line, stderr);
	err = output__check(opts->outputs->file, opts->outputs->n_files, &bad);
	if (err) {
		trace__say(&t, "cannot write %s: %s", bad->path, strerror(-err));
		return status;
	}
	err = trace__set_up(&t);
	if (!err) {
		t.start_ns = trace__now_ns();
		model__start(t.model, t.start_ns);
		loop(&t);
		status__clear(t.status);
		if (t.follow)
			follow__finish(t.follow);
		session__detach(t.session);
		status = exit_status(&t);
		if (!status)
			status = t.file_failed || t.output_broken;
		status = gate__status(opts->gate, status, stderr);
	} else if (t.spawn && err == -ENOENT) {
		status = 127; /* as a shell: not found, not executable */
	} else if (t.spawn && err == -EACCES) {
		status = 126;
	}
	follow__free(t.follow);
	trace__tear_down(&t);
	spawn__free(t.spawn);
	return status;
}
