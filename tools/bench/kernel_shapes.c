/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_shapes ROUNDS - what -k adds to an allocation of the kernel and its free, by messages of
 * 4,000 bytes sent and received: one kmalloc-4k and its kfree. Beside it, in turns, the programs of
 * kernel_shapes.bpf.c.
 *
 * What the empty programs cost changes by half within seconds, as clock and caches of a virtual
 * machine do: each of the others is measured between two measurements of these, and those between
 * two of no program at all.
 *
 * Prints lines "ns NAME NANOSECONDS...", one figure for each round, after one of the untraced time;
 * "beside NAME" are those of the empty programs beside it.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
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

#define MAX_ROUNDS 200
#define SLICES 20 /* of a measurement; the quickest quarter counts */
#define SLICE 1000

struct variant {
	const char *name;
	const char *alloc, *free; /* programs; NULL: those of -k */
	uint64_t stack_every;
	double ns[MAX_ROUNDS], beside[MAX_ROUNDS];
};

static struct variant variants[] = {
	{.name = "empty", .alloc = "empty_alloc", .free = "empty_free"},
	{.name = "site", .stack_every = 1 << 20},
	{.name = "sampled", .stack_every = 64},
	{.name = "stacks", .stack_every = 1},
	{.name = "stackid", .alloc = "stackid_alloc", .free = "empty_free"},
	{.name = "bcc", .alloc = "bcc_alloc", .free = "bcc_free"},
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

static double measure_slices(void)
{
	double slice[SLICES], began;

	for (int i = 0; i < SLICES; i++) {
		began = now();
		for (int j = 0; j < SLICE; j++)
			if (msgsnd(queue, &message, sizeof(message.text), 0) ||
			    msgrcv(queue, &message, sizeof(message.text), 0, 0) < 0)
				_exit(1);
		slice[i] = (now() - began) / SLICE;
	}
	qsort(slice, SLICES, sizeof(slice[0]), compare);
	return slice[SLICES / 4];
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

/* --- */

static int attach(const char *program)
{
	const struct bpf_program *p = bpf_object__find_program_by_name(skel->obj, program);
	const char *section = bpf_program__section_name(p);
	const char *event = strncmp(section, "raw_tp/", 7) ? NULL : section + 7;
	int fd = bpf_raw_tracepoint_open(event, bpf_program__fd(p));

	if (fd < 0)
		die("cannot attach %s: %s", program, strerror(errno));
	return fd;
}

static double traced_by_shape(const struct variant *v)
{
	int alloc, free;
	double ns;

	free = attach(v->free);
	alloc = attach(v->alloc);
	measure();
	ns = measure();
	close(alloc);
	close(free);
	return ns;
}

static double traced_by_us(const struct variant *v)
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
	struct ksession_stats stats;
	struct ksession *s;
	const char *why;
	uint64_t before;
	double ns;

	if (ksession__new(&opts, &s, &why))
		die("cannot trace: %s", why ? why : "");
	measure(); /* the first stacks */
	before = ksession__seen(s);
	ns = measure();
	/* who misses events is fast */
	if (ksession__seen(s) - before < SLICES * SLICE)
		die("%s has missed allocations", v->name);
	ksession__stats(s, &stats);
	if (stats.sum[KSTAT_FULL] || stats.sum[KSTAT_NO_SITE])
		die("%s has lost allocations", v->name);
	ksession__free(s);
	return ns;
}

/* One round of a variant. Returns the untraced time. */
static double measure_round(struct variant *v, int round)
{
	double untraced = measure(), empty = traced_by_shape(&variants[0]), with;

	with = v->alloc ? traced_by_shape(v) : traced_by_us(v);
	empty = (empty + traced_by_shape(&variants[0])) / 2;
	untraced = (untraced + measure()) / 2;
	v->ns[round] = with - untraced;
	v->beside[round] = empty - untraced;
	return untraced;
}

static void print_figures(const char *what, const char *name, const double *ns, int rounds)
{
	int i;

	printf("%s %s", what, name);
	for (i = 0; i < rounds; i++)
		printf(" %.3f", ns[i]);
	printf("\n");
}

static void check_shapes(void)
{
	if (skel->bss->seen < SLICES * SLICE || skel->bss->last_stack < 0)
		die("the tracer in bcc's shape has missed allocations");
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 0, round;
	static double untraced[MAX_ROUNDS];
	FILE *in = fopen("/proc/kallsyms", "re");
	cpu_set_t cpu;
	size_t i;

	if (rounds < 1 || rounds > MAX_ROUNDS)
		die("usage: kernel_shapes ROUNDS");
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
	skel = kernel_shapes_bpf__open_and_load();
	if (!skel)
		die("cannot load the programs");
	measure();
	for (round = 0; round < rounds; round++) {
		untraced[round] = measure_round(&variants[0], round);
		for (i = 1; i < N_VARIANTS; i++)
			measure_round(&variants[i], round);
	}
	check_shapes();
	print_figures("ns", "untraced", untraced, rounds);
	for (i = 0; i < N_VARIANTS; i++) {
		print_figures("ns", variants[i].name, variants[i].ns, rounds);
		print_figures("beside", variants[i].name, variants[i].beside, rounds);
	}
	kernel_shapes_bpf__destroy(skel);
	kallsyms__free(symbols);
	btf__free(btf);
	return 0;
}
