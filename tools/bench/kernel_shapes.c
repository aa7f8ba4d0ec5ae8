/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_shapes BATCHES ROUNDS - what -k adds to an allocation of the kernel and its free, by
 * messages of 4,000 bytes sent and received: one kmalloc-4k and its kfree. Beside it programs that
 * do nothing on the same events, and those of kernel_shapes.bpf.c.
 *
 * A few nanoseconds are to be seen where everything changes by half within seconds. So:
 * - All is loaded beforehand; a turn is to attach, to measure for some 10 ms, and to detach. In a
 *   round each variant has its turns, in an order that is drawn anew: what lasts longer than a
 * round is in all of them.
 * - Where the kernel puts a program's code it draws by chance, and its speed depends on that. So
 *   everything is loaded anew for each batch of rounds.
 * - Of a turn's slices the mean of the middle half counts: no tick is in it, and slices that happen
 *   to have few stacks are not preferred.
 *
 * Prints a line "events NAME N", events for each message, then "ns NAME BATCH NANOSECONDS...", the
 * time of one in each turn, in order.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel/kallsyms.h"
#include "kernel/ksession.h"

#include "kernel_shapes.skel.h"

#define MAX_ROUNDS 100
#define WARM 4	  /* slices that do not count */
#define SLICES 24 /* that do; by four */
#define SLICE 500 /* messages */
#define TURN ((WARM + SLICES) * SLICE)
#define MAX_PROGRAMS 8

struct variant {
	const char *name;
	int turns; /* in a round: more of those that all the others are compared with */
	const char *const *programs; /* of kernel_shapes.bpf.c */
	uint64_t stack_every;	     /* those of -k instead */
	struct ksession *session;
	double ns[2 * MAX_ROUNDS];
	int n;
};

/* On each event that -k listens to, frees first. What this kernel does not have is left out. */
#define OTHERS                                                                                     \
	"empty_cache_free", "empty_cache_alloc", "empty_cache_alloc_node", "empty_kmalloc_node"
static const char *const empty[] = {"empty_kfree", "empty_kmalloc", OTHERS, NULL};
static const char *const stackid[] = {"empty_kfree", "stackid_kmalloc", OTHERS, NULL};
static const char *const bcc[] = {"bcc_kfree", "bcc_kmalloc", OTHERS, NULL};

static struct variant variants[] = {
	{.name = "untraced", .turns = 2},
	{.name = "empty", .turns = 2, .programs = empty},
	{.name = "site", .turns = 2, .stack_every = 1 << 20},
	{.name = "sampled", .turns = 1, .stack_every = 64},
	{.name = "stacks", .turns = 1, .stack_every = 1},
	{.name = "stackid", .turns = 1, .programs = stackid},
	{.name = "bcc", .turns = 1, .programs = bcc},
};
#define N_VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct {
	long type;
	char text[4000];
} message = {.type = 1};
static int queue = -1, ask[2], answer[2];
static pid_t load;
static struct btf *btf;
static struct kallsyms *symbols;
static struct kernel_shapes_bpf *skel;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "kernel_shapes: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* --- the load: a process of its own, as -k leaves out what the tool itself causes */

static double measure_slice(void)
{
	double began = now();

	for (int i = 0; i < SLICE; i++)
		if (msgsnd(queue, &message, sizeof(message.text), 0) ||
		    msgrcv(queue, &message, sizeof(message.text), 0, 0) < 0)
			_exit(1);
	return (now() - began) / SLICE;
}

static double measure_slices(void)
{
	double slice[SLICES], sum = 0;

	for (int i = 0; i < WARM; i++)
		measure_slice();
	for (int i = 0; i < SLICES; i++)
		slice[i] = measure_slice();
	qsort(slice, SLICES, sizeof(slice[0]), compare);
	for (int i = SLICES / 4; i < SLICES * 3 / 4; i++)
		sum += slice[i];
	return sum / (SLICES / 2);
}

static void start_load(void)
{
	double ns;
	char byte;

	if (pipe(ask) || pipe(answer))
		die("pipe: %s", strerror(errno));
	load = fork();
	if (load)
		return;
	close(ask[1]);
	while (read(ask[0], &byte, 1) == 1) {
		ns = measure_slices();
		if (write(answer[1], &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	_exit(0);
}

static void end_load(void)
{
	if (queue >= 0)
		msgctl(queue, IPC_RMID, NULL);
	if (load > 0)
		kill(load, SIGKILL);
}

/* Nanoseconds of a message sent and received. */
static double measure(void)
{
	double ns;

	if (write(ask[1], "", 1) != 1 || read(answer[0], &ns, sizeof(ns)) != sizeof(ns))
		die("the load has ended");
	return ns;
}

/* --- programs */

/* NULL: not for this kernel. */
static const struct bpf_program *loaded(const char *name)
{
	const struct bpf_program *p = bpf_object__find_program_by_name(skel->obj, name);

	return bpf_program__fd(p) >= 0 ? p : NULL;
}

static void info_of(const struct bpf_program *p, struct bpf_prog_info *info)
{
	uint32_t size = sizeof(*info);

	memset(info, 0, size);
	if (bpf_obj_get_info_by_fd(bpf_program__fd(p), info, &size))
		die("cannot ask for a program: %s", strerror(errno));
}

static int attach(const struct bpf_program *p)
{
	const char *section = bpf_program__section_name(p);
	int fd = bpf_raw_tracepoint_open(
		strstr(section, "raw_tp/") ? strchr(section, '/') + 1 : NULL, bpf_program__fd(p));

	if (fd < 0)
		die("cannot attach %s: %s", bpf_program__name(p), strerror(errno));
	return fd;
}

static struct ksession *session_of(const struct variant *v)
{
	const struct ksession_opts opts = {
		.max_size = UINT64_MAX,
		.max_live = 1 << 20,
		.max_stacks = 1 << 14,
		.max_depth = MEMLEAK_MAX_DEPTH,
		.stack_every = v->stack_every,
		.btf = btf,
		.symbols = symbols,
	};
	struct ksession *s;
	const char *why;

	if (ksession__new(&opts, &s, &why))
		die("cannot trace: %s", why ? why : "");
	ksession__detach(s);
	return s;
}

/* Has this kernel the event that the program is for? */
static bool is_event(const struct bpf_program *p)
{
	char name[128];

	snprintf(name, sizeof(name), "btf_trace_%s", strchr(bpf_program__section_name(p), '/') + 1);
	return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
}

static void load_all(void)
{
	struct bpf_program *p;

	skel = kernel_shapes_bpf__open();
	if (!skel)
		die("cannot open the programs");
	bpf_object__for_each_program (p, skel->obj)
		bpf_program__set_autoload(p, is_event(p));
	if (kernel_shapes_bpf__load(skel))
		die("cannot load the programs");
	for (size_t i = 0; i < N_VARIANTS; i++)
		if (variants[i].stack_every)
			variants[i].session = session_of(&variants[i]);
}

static void unload_all(void)
{
	for (size_t i = 0; i < N_VARIANTS; i++) {
		ksession__free(variants[i].session);
		variants[i].session = NULL;
	}
	kernel_shapes_bpf__destroy(skel);
}

/* --- turns */

static double turn_of_shape(const struct variant *v)
{
	const struct bpf_program *p;
	int links[MAX_PROGRAMS], n = 0;
	double ns;

	for (size_t i = 0; v->programs && v->programs[i]; i++) {
		p = loaded(v->programs[i]);
		if (p)
			links[n++] = attach(p);
	}
	ns = measure();
	while (n)
		close(links[--n]);
	return ns;
}

static double turn_of_session(const struct variant *v)
{
	uint64_t before = ksession__seen(v->session);
	struct ksession_stats stats;
	double ns;

	if (ksession__attach(v->session))
		die("cannot attach");
	ksession__rest(v->session, true); /* as the tool does while it waits */
	ns = measure();
	ksession__rest(v->session, false);
	ksession__detach(v->session);
	/* who misses events is fast */
	if (ksession__seen(v->session) - before < TURN)
		die("%s has missed allocations", v->name);
	ksession__stats(v->session, &stats);
	if (stats.sum[KSTAT_FULL] || stats.sum[KSTAT_NO_SITE])
		die("%s has lost allocations", v->name);
	return ns;
}

static double turn(const struct variant *v)
{
	return v->session ? turn_of_session(v) : turn_of_shape(v);
}

/* Runs of the variant's programs, as long as the kernel counts them. */
static uint64_t runs_of(const struct variant *v)
{
	struct ksession_stats stats = {0};
	const struct bpf_program *p;
	struct bpf_prog_info info;

	if (v->session)
		ksession__stats(v->session, &stats);
	for (size_t i = 0; v->programs && v->programs[i]; i++) {
		p = loaded(v->programs[i]);
		if (!p)
			continue;
		info_of(p, &info);
		stats.runs += info.run_cnt;
	}
	return stats.runs;
}

/*
 * Events that each variant's programs hear of. All are to hear of the same: who is not attached to
 * one is fast. Others may cause some, but not each time.
 */
static double events_of(const struct variant *v)
{
	double events, least = 0;
	uint64_t before;

	for (int i = 0; i < 5; i++) {
		before = runs_of(v);
		turn(v);
		events = (double)(runs_of(v) - before) / TURN;
		if (!i || events < least)
			least = events;
	}
	return least;
}

static void count_events(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	double events;
	int expected = 0;

	if (fd < 0)
		die("cannot have runs counted: %s", strerror(errno));
	for (size_t i = 0; i < N_VARIANTS; i++) {
		events = events_of(&variants[i]);
		if (!expected)
			expected = events + 0.05;
		if (events < expected - 0.05)
			die("%s has had %.2f events a message, the others %d", variants[i].name,
			    events, expected);
		printf("events %s %.2f\n", variants[i].name, events);
	}
	close(fd);
}

static void measure_round(void)
{
	struct variant *order[2 * N_VARIANTS], *v;
	size_t n = 0, i, other;

	for (i = 0; i < N_VARIANTS; i++)
		for (int j = 0; j < variants[i].turns; j++)
			order[n++] = &variants[i];
	for (i = n - 1; i; i--) {
		other = (size_t)rand() % (i + 1);
		v = order[i];
		order[i] = order[other];
		order[other] = v;
	}
	for (i = 0; i < n; i++) {
		v = order[i];
		v->ns[v->n++] = turn(v);
	}
}

static void measure_batch(int batch, int rounds)
{
	uint64_t runs = 0;

	load_all();
	if (!batch)
		count_events();
	for (size_t i = 0; i < N_VARIANTS; i++) {
		turn(&variants[i]); /* the first stacks, and pages of the tables */
		variants[i].n = 0;
		runs += runs_of(&variants[i]);
	}
	for (int round = 0; round < rounds; round++)
		measure_round();
	for (size_t i = 0; i < N_VARIANTS; i++) {
		runs -= runs_of(&variants[i]);
		printf("ns %s %d", variants[i].name, batch);
		for (int j = 0; j < variants[i].n; j++)
			printf(" %.3f", variants[i].ns[j]);
		printf("\n");
	}
	if (runs)
		die("the kernel takes the time of each BPF program, which costs more than they do: "
		    "sysctl kernel.bpf_stats_enabled=0, or end what has asked for it");
	if (skel->bss->seen < TURN || skel->bss->last_stack < 0)
		die("the tracer in bcc's shape has missed allocations");
	unload_all();
}

int main(int argc, char **argv)
{
	int batches = argc > 2 ? atoi(argv[1]) : 0, rounds = argc > 2 ? atoi(argv[2]) : 0;
	FILE *in = fopen("/proc/kallsyms", "re");
	cpu_set_t cpu;

	if (batches < 1 || rounds < 1 || rounds > MAX_ROUNDS)
		die("usage: kernel_shapes BATCHES ROUNDS");
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		die("msgget: %s", strerror(errno));
	start_load();
	atexit(end_load);
	btf = btf__load_vmlinux_btf();
	if (!btf || !in || kallsyms__read(in, &symbols))
		die("no BTF or no symbols");
	fclose(in);
	for (int batch = 0; batch < batches; batch++)
		measure_batch(batch, rounds);
	kallsyms__free(symbols);
	btf__free(btf);
	return 0;
}
