/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger - traces a program that keeps its own account (prog/ledger.c) and compares, block by block
 * and count by count, after each of many random programs.
 *
 * The tool is used as trace.c uses it: trace__set_up attaches, snapshot__take reads, and what is
 * judged is the report that would be printed.
 *
 *	ledger [OPTIONS] NAME TARGET
 *	  --seed N        of the first program; the next one has N + 1
 *	  --programs N
 *	  --preload LIB   the target's allocator
 *	  --sizes MIN,MAX as -z, -Z
 *	  --perf          perf events also where the kernel has better links
 *	  --second        a second tracer joins after a third of the programs and leaves after
 *another
 *	  --foreign       somebody else's probes come and go on the allocator's functions
 *	  --running N     attach N times while the target works, and detach
 *
 * Prints a line for tests/run. A program of one thread is the same each time, so --seed and
 * --programs 1 bring a difference back; of several it may take some attempts.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../prog/ledger.h"
#include "events.h"
#include "placement.h"
#include "probes.h"
#include "report/report.h"
#include "session.h"
#include "target/addrspace.h"
#include "trace_priv.h"
#include "traps.h"

#define TURN_SECONDS 30 /* no program takes longer */
#define MAX_SHOWN 5	/* differences printed */
#define MAX_FOREIGN 128

struct options {
	uint64_t seed, programs, running;
	uint64_t min_size, max_size;
	const char *preload, *name, *target;
	bool perf, second, foreign;
	bool pair, point; /* --probes */
};

/* One tracer and where the ledger stood when it began. */
struct tracer {
	struct trace_opts opts;
	struct trace trace;
	struct status status;
	struct ledger_count base;
	bool on;
};

/* The tracer's view of one moment. */
struct view {
	struct report *report;
	struct report_block *blocks; /* by address */
	size_t n;
	uint64_t freed; /* as counted, not as it follows from the rest */
};

struct judge {
	struct options o;
	struct ledger *ledger;
	int memfd;
	pid_t pid;
	struct tracer first, second;
	int foreign[MAX_FOREIGN];
	size_t n_foreign;
	unsigned int shown;
	uint64_t compared; /* blocks */
};

/* --- the target --- */

static int start_target(struct judge *j)
{
	char fd[16];

	j->memfd = memfd_create("ledger", 0);
	if (j->memfd < 0 || ftruncate(j->memfd, sizeof(*j->ledger)))
		return -errno;
	j->ledger = mmap(NULL, sizeof(*j->ledger), PROT_READ | PROT_WRITE, MAP_SHARED, j->memfd, 0);
	if (j->ledger == MAP_FAILED)
		return -errno;
	j->ledger->min_size = j->o.min_size;
	j->ledger->max_size = j->o.max_size;
	snprintf(fd, sizeof(fd), "%d", j->memfd);
	j->pid = fork();
	if (j->pid)
		return j->pid < 0 ? -errno : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (j->o.preload)
		setenv("LD_PRELOAD", j->o.preload, 1);
	/* tcmalloc tells of each large request */
	setenv("TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD", "9223372036854775807", 1);
	execl(j->o.target, j->o.target, fd, (char *)NULL);
	_exit(127);
}

/* Until it is the judge's turn. */
static int await_turn(struct judge *j)
{
	const struct timespec step = {.tv_nsec = 100000000};
	int i;

	for (i = 0; i < TURN_SECONDS * 10; i++) {
		if (__atomic_load_n(&j->ledger->turn, __ATOMIC_ACQUIRE) == LEDGER_JUDGE)
			return 0;
		if (waitpid(j->pid, NULL, WNOHANG) == j->pid) {
			j->pid = 0;
			return -ESRCH;
		}
		syscall(SYS_futex, &j->ledger->turn, LEDGER_FUTEX_WAIT, LEDGER_PROGRAM, &step, NULL,
			0);
	}
	return -ETIMEDOUT;
}

static void order(struct judge *j, enum ledger_order what, uint64_t seed)
{
	j->ledger->order = what;
	j->ledger->seed = seed;
	__atomic_store_n(&j->ledger->turn, LEDGER_PROGRAM, __ATOMIC_RELEASE);
	syscall(SYS_futex, &j->ledger->turn, LEDGER_FUTEX_WAKE, 1, NULL, NULL, 0);
}

static struct ledger_count totals(const struct ledger *l)
{
	struct ledger_count sum = {0};
	int i;

	for (i = 0; i < LEDGER_THREADS; i++) {
		sum.seen += l->count[i].seen;
		sum.freed += l->count[i].freed;
		sum.failed += l->count[i].failed;
		sum.filtered += l->count[i].filtered;
		sum.untracked += l->count[i].untracked;
		sum.calls += l->count[i].calls;
	}
	return sum;
}

/* --- the tracer --- */

static int begin_tracer(struct judge *j, struct tracer *t)
{
	sigset_t none;
	int err;

	t->opts = (struct trace_opts){
		.pid = j->pid,
		.model = {.show_blocks = true, .sampling = {.calls = 1}, .older_ns = 0},
		.all_ages_at_end = true,
		.min_size = j->o.min_size,
		.max_size = j->o.max_size,
		.max_live = 4096,
		.max_stacks = 1 << 17,
		.max_depth = 127,
		.perf_events = j->o.perf,
		.probes_pair = j->o.pair,
		.probes_point = j->o.point,
	};
	status__init(&t->status, stderr);
	t->trace = (struct trace){
		.opts = &t->opts, .out = stdout, .pidfd = -1, .signals = -1, .status = &t->status};
	t->base = totals(j->ledger);
	err = trace__set_up(&t->trace);
	t->on = true;
	sigemptyset(&none); /* it reads signals from a descriptor, we do not */
	sigprocmask(SIG_SETMASK, &none, NULL);
	return err;
}

static void end_tracer(struct tracer *t)
{
	if (t->on)
		trace__tear_down(&t->trace);
	t->on = false;
}

static int by_address(const void *pa, const void *pb)
{
	const struct report_block *a = pa, *b = pb;

	return (a->addr > b->addr) - (a->addr < b->addr);
}

/* All that the live table holds, and all counters. The only place that knows how they are read. */
static int look(struct tracer *t, struct view *v)
{
	struct session_stats stats = {0};
	size_t i, k;
	int err;

	*v = (struct view){0};
	events__drain(t->trace.events);
	if (t->trace.traps)
		traps__settle(t->trace.traps);
	err = snapshot__take(&t->trace.snapshot, true, true, &v->report);
	if (err)
		return err;
	session__stats(t->trace.session, &stats);
	v->freed = stats.sum[STAT_FREED];
	for (i = 0; i < v->report->n_sites; i++)
		v->n += v->report->sites[i].n_blocks;
	v->blocks = calloc(v->n + 1, sizeof(*v->blocks));
	if (!v->blocks)
		return -ENOMEM;
	for (i = k = 0; i < v->report->n_sites; i++) {
		const struct report_site *site = &v->report->sites[i];

		memcpy(&v->blocks[k], site->blocks, site->n_blocks * sizeof(*v->blocks));
		k += site->n_blocks;
	}
	qsort(v->blocks, v->n, sizeof(*v->blocks), by_address);
	return 0;
}

static void clear_view(struct view *v)
{
	free(v->blocks);
	report__free(v->report);
	*v = (struct view){0};
}

/* --- the comparison --- */

__attribute__((format(printf, 2, 3))) static void differ(struct judge *j, const char *fmt, ...)
{
	va_list args;

	if (j->shown++ >= MAX_SHOWN)
		return;
	va_start(args, fmt);
	fputs("  ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}

static size_t ledger_blocks(const struct ledger *l, struct report_block out[LEDGER_SLOTS])
{
	size_t i, n = 0;

	for (i = 0; i < LEDGER_SLOTS; i++)
		if (l->block[i].addr && l->block[i].tracked)
			out[n++] = (struct report_block){.addr = l->block[i].addr,
							 .size = l->block[i].size};
	qsort(out, n, sizeof(*out), by_address);
	return n;
}

/* older: the target has blocks that are older than the trace, so some may be missing. */
static void compare_blocks(struct judge *j, const struct view *v, bool older)
{
	struct report_block own[LEDGER_SLOTS];
	size_t n = ledger_blocks(j->ledger, own), i = 0, k = 0;

	while (i < n || k < v->n) {
		const struct report_block *a = i < n ? &own[i] : NULL;
		const struct report_block *b = k < v->n ? &v->blocks[k] : NULL;

		if (!b || (a && a->addr < b->addr)) {
			if (!older)
				differ(j, "%#llx, %llu bytes: live, but not reported",
				       (unsigned long long)a->addr, (unsigned long long)a->size);
			i++;
		} else if (!a || b->addr < a->addr) {
			differ(j, "%#llx, %llu bytes: reported, but not live",
			       (unsigned long long)b->addr, (unsigned long long)b->size);
			k++;
		} else {
			if (a->size != b->size)
				differ(j, "%#llx: reported with %llu bytes, has %llu",
				       (unsigned long long)b->addr, (unsigned long long)b->size,
				       (unsigned long long)a->size);
			i++;
			k++;
			j->compared++;
		}
	}
}

static void compare_count(struct judge *j, const char *what, uint64_t reported, uint64_t truth)
{
	if (reported != truth)
		differ(j, "%s: reported %llu, should be %llu", what, (unsigned long long)reported,
		       (unsigned long long)truth);
}

static void compare_counts(struct judge *j, const struct tracer *t, const struct view *v)
{
	const struct report_account *a = &v->report->account;
	struct ledger_count now = totals(j->ledger);
	const struct ledger_count *base = &t->base;

	compare_count(j, "seen", a->seen, now.seen - base->seen);
	compare_count(j, "freed", v->freed, now.freed - base->freed);
	compare_count(j, "outstanding", a->outstanding,
		      now.seen - base->seen - (now.freed - base->freed));
	compare_count(j, "failed", a->failed, now.failed - base->failed);
	compare_count(j, "filtered", a->filtered, now.filtered - base->filtered);
	compare_count(j, "untracked frees", a->untracked_frees, now.untracked - base->untracked);
	compare_count(j, "lost", report__lost(a), 0);
	compare_count(j, "frees missed", a->implied, 0);
	compare_count(j, "calls that did not return", a->abandoned, 0);
	compare_count(j, "calls not followed", a->no_slot, 0);
	compare_count(j, "imbalance", (uint64_t)a->imbalance, 0);
}

/* Returns 0, or 1 when it differs, or negative errno. */
static int compare(struct judge *j, struct tracer *t, bool older)
{
	struct view v;
	int err = look(t, &v);

	if (!err) {
		compare_blocks(j, &v, older);
		if (!older)
			compare_counts(j, t, &v);
		err = j->shown != 0;
	}
	clear_view(&v);
	return err;
}

/* --- others at the same functions --- */

static int open_foreign(const char *path, uint64_t offset, bool is_return, pid_t pid)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	FILE *type = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
	int n = 0;

	if (!type)
		return -errno;
	if (fscanf(type, "%d", &n) != 1)
		n = 0;
	fclose(type);
	attr.type = n;
	attr.config = is_return;
	attr.config1 = (uintptr_t)path;
	attr.config2 = offset;
	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void add_foreign(struct judge *j, const char *path, uint64_t offset, bool is_return)
{
	int fd = -1;

	if (j->n_foreign < MAX_FOREIGN)
		fd = open_foreign(path, offset, is_return, j->pid);
	if (fd >= 0)
		j->foreign[j->n_foreign++] = fd;
}

/* Where the tool's own probes are, and at the symbols. */
static int begin_foreign(struct judge *j)
{
	const struct addrspace *as = j->first.trace.as;
	struct allocators found;
	struct placement at;
	size_t i, k;
	int err = allocators__find(as, NULL, &found);

	if (err)
		return err;
	for (i = 0; i < found.n; i++) {
		for (k = 0; k < found.list[i].n_sites; k++) {
			const struct probe_site *site = &found.list[i].sites[k];

			placement__find(as, found.list[i].image, site->offset,
					entry_point__args(&entry_points[site->entry]), &at);
			add_foreign(j, found.list[i].image->open_path, site->offset, false);
			add_foreign(j, found.list[i].image->open_path, site->offset, true);
			if (at.n && at.offsets[0] != site->offset)
				add_foreign(j, at.image->open_path, at.offsets[0], false);
		}
	}
	allocators__clear(&found);
	return j->n_foreign ? 0 : -ENOENT;
}

/* Were they hit? Only then is this a test. */
static uint64_t end_foreign(struct judge *j)
{
	uint64_t hits = 0, n;

	while (j->n_foreign) {
		int fd = j->foreign[--j->n_foreign];

		if (read(fd, &n, sizeof(n)) == sizeof(n))
			hits += n;
		close(fd);
	}
	return hits;
}

/* --- a run --- */

static int run_one(struct judge *j, enum ledger_order what, uint64_t seed)
{
	int err;

	order(j, what, seed);
	err = await_turn(j);
	if (!err && j->first.on)
		err = compare(j, &j->first, false);
	if (!err && j->second.on) {
		err = compare(j, &j->second, false);
		if (err > 0)
			differ(j, "(that was the second tracer)");
	}
	return err;
}

/* What changes between two programs. Without blocks, so that nobody knows of older ones. */
static int change_company(struct judge *j, uint64_t i)
{
	uint64_t third = j->o.programs / 3;
	int err = 0;

	if (!third || (i != third && i != 2 * third))
		return 0;
	if (j->o.foreign && i == third)
		err = begin_foreign(j);
	else if (j->o.foreign && !end_foreign(j))
		err = -ENODATA;
	if (err || !j->o.second)
		return err;
	if (i != third) {
		end_tracer(&j->second);
		return 0;
	}
	err = run_one(j, LEDGER_CLEAR, 0);
	return err ? err : begin_tracer(j, &j->second);
}

static int run_all(struct judge *j, uint64_t *seed)
{
	uint64_t i;
	int err = begin_tracer(j, &j->first);

	for (i = 0; i < j->o.programs && !err; i++) {
		*seed = j->o.seed + i;
		err = change_company(j, i);
		if (!err)
			err = run_one(j, LEDGER_RUN, *seed);
	}
	return err ? err : run_one(j, LEDGER_CLEAR, 0);
}

/*
 * Attach to a target that is at work. Nobody knows which of its blocks are older, but whatever the
 * tool reports must be live, and of that size, and gone once it has been freed.
 */
static int attach_while_running(struct judge *j, uint64_t seed)
{
	const struct timespec moment = {.tv_nsec = 3000000};
	int err;

	j->ledger->stop = 0;
	order(j, LEDGER_ON, seed);
	nanosleep(&moment, NULL);
	err = begin_tracer(j, &j->first);
	nanosleep(&moment, NULL);
	__atomic_store_n(&j->ledger->stop, 1, __ATOMIC_RELEASE);
	if (!err)
		err = await_turn(j);
	if (!err)
		err = compare(j, &j->first, true);
	order(j, LEDGER_CLEAR, 0);
	if (!err)
		err = await_turn(j);
	if (!err)
		err = compare(j, &j->first, true);
	end_tracer(&j->first);
	return err;
}

static int attach_all(struct judge *j, uint64_t *seed)
{
	uint64_t i;
	int err = 0;

	for (i = 0; i < j->o.running && !err; i++) {
		*seed = j->o.seed + i;
		err = attach_while_running(j, *seed);
	}
	return err;
}

/* Did the programs do what they are there for? */
static int check_coverage(struct judge *j)
{
	const struct ledger *l = j->ledger;

	if (l->broken) {
		differ(j, "%u blocks' contents have changed", l->broken);
		return 1;
	}
	if (j->o.programs < 300)
		return 0;
	if (!l->handed || !l->sorts || !l->signals || !l->forks || !totals(l).failed) {
		differ(j, "%u blocks handed on, %u sorts, %u signals, %u children: too little",
		       l->handed, l->sorts, l->signals, l->forks);
		return 1;
	}
	return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"programs", required_argument, NULL, 'n'},
		{"preload", required_argument, NULL, 'l'},
		{"sizes", required_argument, NULL, 'z'},
		{"perf", no_argument, NULL, 'p'},
		{"second", no_argument, NULL, '2'},
		{"foreign", no_argument, NULL, 'f'},
		{"probes", required_argument, NULL, 'o'},
		{"running", required_argument, NULL, 'r'},
		{0},
	};
	unsigned long long low, high;
	int c;

	*o = (struct options){.seed = 1, .programs = 100, .max_size = UINT64_MAX};
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			o->seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			o->programs = strtoull(optarg, NULL, 10);
			break;
		case 'l':
			o->preload = optarg;
			break;
		case 'z':
			if (sscanf(optarg, "%llu,%llu", &low, &high) != 2)
				return -EINVAL;
			o->min_size = low;
			o->max_size = high;
			break;
		case 'p':
			o->perf = true;
			break;
		case '2':
			o->second = true;
			break;
		case 'f':
			o->foreign = true;
			break;
		case 'o':
			o->pair = !strcmp(optarg, "pair");
			o->point = !strcmp(optarg, "point");
			break;
		case 'r':
			o->running = strtoull(optarg, NULL, 10);
			break;
		default:
			return -EINVAL;
		}
	}
	if (argc - optind != 2)
		return -EINVAL;
	o->name = argv[optind];
	o->target = argv[optind + 1];
	return 0;
}

/* Functions that are followed by their points in the end. */
static int count_traps(struct judge *j)
{
	int n = 0, i;

	for (i = 1; i < MAX_TRAPS && j->first.on && j->first.trace.session; i++)
		n += session__trap(j->first.trace.session, i)->mode == TRAP_ON;
	return n;
}

static void conclude(struct judge *j, int err, uint64_t seed)
{
	struct ledger_count sum = totals(j->ledger);

	if (err > 0)
		printf("FAIL %s: differs after the program of --seed %llu\n", j->o.name,
		       (unsigned long long)seed);
	else if (err)
		printf("FAIL %s: %s at --seed %llu\n", j->o.name,
		       err == -ESRCH ? "the target ended" : strerror(-err),
		       (unsigned long long)seed);
	else if (j->o.running)
		printf("PASS %s: attached %llu times, %llu blocks compared\n", j->o.name,
		       (unsigned long long)j->o.running, (unsigned long long)j->compared);
	else
		printf("PASS %s: %llu programs, %llu calls, %llu blocks compared, %u handed on, "
		       "%u sorts, %u signals, %u children, %d functions by points\n",
		       j->o.name, (unsigned long long)j->o.programs, (unsigned long long)sum.calls,
		       (unsigned long long)j->compared, j->ledger->handed, j->ledger->sorts,
		       j->ledger->signals, j->ledger->forks, count_traps(j));
}

int main(int argc, char **argv)
{
	struct judge j = {0};
	uint64_t seed = 0;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (parse(argc, argv, &j.o)) {
		fprintf(stderr,
			"usage: ledger [OPTIONS] NAME TARGET; see the head of its source\n");
		return 2;
	}
	err = start_target(&j);
	if (err) {
		printf("FAIL %s: cannot start: %s\n", j.o.name, strerror(-err));
		return 1;
	}
	err = await_turn(&j);
	if (!err)
		err = j.o.running ? attach_all(&j, &seed) : run_all(&j, &seed);
	if (!err)
		err = check_coverage(&j);
	conclude(&j, err, seed);
	end_foreign(&j);
	end_tracer(&j.second);
	end_tracer(&j.first);
	if (j.pid > 0) {
		kill(j.pid, SIGKILL);
		waitpid(j.pid, NULL, 0);
	}
	return err != 0;
}
