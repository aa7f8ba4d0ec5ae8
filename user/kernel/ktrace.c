/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/ktrace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "cost.h"
#include "gate/gate.h"
#include "kernel/kallsyms.h"
#include "kernel/kfilter.h"
#include "kernel/klines.h"
#include "kernel/kreport.h"
#include "kernel/ksession.h"
#include "kernel/near.h"
#include "kernel_features.h"
#include "origin.h"
#include "render/output.h"
#include "report/report.h"
#include "standard.h"

#define NS_PER_S 1000000000ULL
#define TIDY_NS (NS_PER_S / 2) /* how often the table is looked at */

struct ktrace {
	const struct ktrace_opts *opts;
	FILE *out;
	struct features features;
	struct btf *btf;
	struct kallsyms *symbols; /* NULL: there are no names */
	const char *no_symbols;	  /* why */
	struct klines *lines;	  /* NULL: there are none */
	struct kfilter filter;
	struct ksession *session;
	struct kreport *reports;
	uint64_t start_ns, n_reports;
	uint64_t tidy_ns; /* when to look at the table next */
	int signals;
	bool stop, output_broken;
	bool file_failed; /* a report could not be written into a file */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list args;

	fputs("memleak-bpf: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

static int open_signals(struct ktrace *t)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN); /* a closed output is noticed at the write */
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->signals < 0 ? -errno : 0;
}

static void read_symbols(struct ktrace *t)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	int err = in ? kallsyms__read(in, &t->symbols) : -errno;

	if (in)
		fclose(in);
	if (err)
		t->no_symbols = kallsyms__problem(err);
}

static int open_session(struct ktrace *t)
{
	const struct ktrace_opts *o = t->opts;
	const struct ksession_opts opts = {
		.min_size = o->min_size,
		.max_size = o->max_size,
		.tgid = o->pid,
		.max_live = o->max_live,
		.max_stacks = o->max_stacks,
		.max_depth = o->max_depth,
		.stack_every = o->stack_every,
		.pages = o->pages,
		.percpu = o->percpu,
		.vmalloc = o->vmalloc,
		.old = features__is_old(&t->features),
		.filter = o->filter ? &t->filter.prog : NULL,
		.cgroups = t->filter.cgroups,
		.n_cgroups = t->filter.n_cgroups,
		.btf = t->btf,
		.symbols = t->symbols,
		.verbose = o->verbose > 0,
	};
	const char *why;
	int err = ksession__new(&opts, &t->session, &why);

	if (err && why)
		say("%s", why);
	else if (err == -ENOMEM || err == -E2BIG)
		say("the tables do not fit into memory: use a smaller --max-live or --max-stacks");
	else if (err)
		say("cannot load the BPF programs: %s (-v shows the kernel's reasons)",
		    strerror(-err));
	return err;
}

/* The structure of --type, or those that may have been meant. */
static int check_type(struct ktrace *t)
{
	const char *wanted = t->opts->type;
	const struct btf_type *type;
	char names[200];
	struct near near;
	uint32_t id;

	if (!wanted || btf__find_by_name_kind(t->btf, wanted, BTF_KIND_STRUCT) > 0)
		return 0;
	near__init(&near, wanted);
	for (id = 1; id < btf__type_cnt(t->btf); id++) {
		type = btf__type_by_id(t->btf, id);
		if (btf_is_struct(type) && type->name_off)
			near__add(&near, btf__name_by_offset(t->btf, type->name_off));
	}
	near__text(&near, names, sizeof(names));
	say("option --type: this kernel has no struct %s%s%s%s", wanted,
	    names[0] ? "; did you mean " : "", names, names[0] ? "?" : "");
	return -EINVAL;
}

static int check_process(const struct ktrace *t)
{
	pid_t pid = t->opts->pid;

	if (!pid || !kill(pid, 0) || errno != ESRCH)
		return 0;
	say("there is no process %d", pid);
	return -ESRCH;
}

static int compile_filter(struct ktrace *t)
{
	int err;

	if (!t->opts->filter)
		return 0;
	err = kfilter__compile(t->opts->filter, t->btf, t->symbols, &t->filter, stderr);
	if (err || t->opts->pages || !kfilter__uses(&t->filter, FILTER_ORDER))
		return err;
	say("option -f: only pages have an order: give --pages, too");
	return -EINVAL;
}

static int set_up(struct ktrace *t)
{
	struct kreport_opts reports = {
		.model = t->opts->model,
		.by_stack = t->opts->stack_every == 1,
		.selective = t->opts->pid || t->opts->filter || t->opts->min_size ||
			     t->opts->max_size != UINT64_MAX,
		.dump = t->opts->dump,
		.type = t->opts->type,
	};
	const char *missing;
	int err;

	features__probe(&t->features);
	missing = features__missing(&t->features);
	if (missing) {
		say("%s", missing);
		return -EPERM;
	}
	err = check_process(t);
	if (err)
		return err;
	err = open_signals(t);
	if (err) {
		say("cannot start: %s", strerror(-err));
		return err;
	}
	t->btf = btf__load_vmlinux_btf();
	if (!t->btf) {
		say("cannot read this kernel's BTF: %s", strerror(errno));
		return -errno;
	}
	read_symbols(t);
	if (t->no_symbols)
		say("%s", t->no_symbols);
	err = compile_filter(t);
	if (!err)
		err = check_type(t);
	if (!err)
		err = open_session(t);
	if (err)
		return err;
	if (klines__open(t->symbols, t->opts->debuginfod, &t->lines) == -ENOMEM) {
		say("cannot read the kernel's debug information: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	if (t->lines && klines__path(t->lines))
		say("source lines from %s", klines__path(t->lines));
	else if (t->lines && klines__other(t->lines))
		say("no source lines of the kernel: %s is of another build of it",
		    klines__other(t->lines));
	reports.lines = t->lines;
	t->reports = kreport__new(&reports, t->session, t->btf, t->symbols);
	if (!t->reports) {
		say("cannot start: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	say("tracing the kernel: kmalloc and caches%s%s%s; kfree and kmem_cache_free as they "
	    "happen, kfree_rcu, bulk frees and sheaves %s",
	    t->opts->pages ? ", pages" : "", t->opts->percpu ? ", percpu" : "",
	    t->opts->vmalloc ? ", vmalloc" : "",
	    kreport__finds_dead(t->reports) ? "when a report looks into slabs" : "NOT covered");
	return 0;
}

static int emit_report(struct ktrace *t, const struct report *r)
{
	const struct output *bad;
	int file_error, err;

	err = outputs__emit(t->opts->outputs, t->out, r, &bad, &file_error);
	if (file_error) {
		say("cannot write %s: %s", bad->path, strerror(-file_error));
		t->file_failed = true;
	}
	return err;
}

static int print_report(struct ktrace *t, bool final)
{
	uint64_t began = now_ns();
	struct report *r = NULL;
	int err = kreport__take(t->reports, &r);

	if (err) {
		say("cannot read what is outstanding: %s", strerror(-err));
		return err;
	}
	r->final = final;
	r->max_live = t->opts->max_live;
	r->max_stacks = t->opts->max_stacks;
	origin__fill(&r->origin, NULL);
	err = gate__judge(t->opts->gate, r);
	if (err)
		say("cannot judge the report: %s", strerror(-err));
	cost__fill(&r->cost, began);
	err = emit_report(t, r);
	if (err) {
		standard__complain("memleak-bpf", err);
		t->output_broken = true;
	}
	if (t->opts->verbose)
		say("the report took %.1f ms", (now_ns() - began) / 1e6);
	report__free(r);
	t->n_reports++;
	return err;
}

static int ms_until(uint64_t due_ns)
{
	uint64_t now = now_ns();

	if (due_ns == UINT64_MAX)
		return -1;
	if (now >= due_ns)
		return 0;
	due_ns = (due_ns - now + 999999) / 1000000;
	return due_ns < INT32_MAX ? (int)due_ns : INT32_MAX;
}

/* Not all the time, where it takes long. */
static void tidy(struct ktrace *t)
{
	uint64_t began = now_ns();

	if (began < t->tidy_ns)
		return;
	kreport__tidy(t->reports);
	t->tidy_ns = began + TIDY_NS + 3 * (now_ns() - began);
}

static void loop(struct ktrace *t)
{
	const struct ktrace_opts *o = t->opts;
	uint64_t interval = o->interval_s * NS_PER_S;
	uint64_t next = t->start_ns + interval;
	uint64_t end = o->duration_s ? t->start_ns + o->duration_s * NS_PER_S : UINT64_MAX;
	struct pollfd fds[] = {{.fd = t->signals, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (!t->output_broken) {
		uint64_t due = next < end ? next : end;

		/* a listener has threads */
		ksession__rest(t->session, !o->outputs->listen);
		poll(fds, 1, ms_until(due < now_ns() + TIDY_NS ? due : now_ns() + TIDY_NS));
		ksession__rest(t->session, false);
		if (read(t->signals, &info, sizeof(info)) == sizeof(info) || now_ns() >= end)
			break;
		if (now_ns() < next) {
			tidy(t);
			continue;
		}
		if (print_report(t, o->count && t->n_reports + 1 >= o->count) ||
		    (o->count && t->n_reports >= o->count))
			return;
		next += interval;
		if (next < now_ns()) /* a report took longer than the interval */
			next = now_ns() + interval;
	}
	if (!t->output_broken)
		print_report(t, true);
}

static void tear_down(struct ktrace *t)
{
	kfilter__clear(&t->filter);
	kreport__free(t->reports);
	ksession__free(t->session);
	klines__free(t->lines);
	kallsyms__free(t->symbols);
	btf__free(t->btf);
	if (t->signals >= 0)
		close(t->signals);
}

int ktrace__run(const struct ktrace_opts *opts, FILE *out)
{
	struct ktrace t = {.opts = opts, .out = out, .signals = -1};
	const struct output *bad;
	int err;

	err = output__check(opts->outputs->file, opts->outputs->n_files, &bad);
	if (err) {
		say("cannot write %s: %s", bad->path, strerror(-err));
		return 1;
	}
	err = set_up(&t);
	if (!err) {
		t.start_ns = now_ns();
		kreport__start(t.reports, t.start_ns);
		loop(&t);
	}
	tear_down(&t);
	if (err)
		return 1;
	return gate__status(opts->gate, t.output_broken || t.file_failed, stderr);
}
