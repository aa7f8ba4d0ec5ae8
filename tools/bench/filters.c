/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filters ROUNDS EXPRESSION... - what a filter costs that lets nothing pass, against a program that
 * does nothing: on kmem:kmalloc, by messages of 4,000 bytes sent to ourselves.
 *
 * The difference is a few instructions, so several copies are attached at once. Prints lines
 *   ns NUMBER NANOSECONDS...	added to an allocation by one program, in each round; number 0: the
 *				program that does nothing, then those of the expressions
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel/filter_system.h"

#include "filters.skel.h" /* needs struct filter_prog */

#define COPIES 8
#define MAX_ROUNDS 200
#define MAX_EXPRESSIONS 16
#define SLICES 20 /* of a measurement; the quickest quarter counts */
#define SLICE 1000

struct variant {
	struct filters_bpf *skel;
	const struct bpf_program *prog;
	double ns[MAX_ROUNDS];
};

static struct {
	long type;
	char text[4000];
} message = {.type = 1};
static int queue = -1;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "filters: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static void remove_queue(void)
{
	msgctl(queue, IPC_RMID, NULL);
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

/* Nanoseconds of an allocation, and of what goes with it. */
static double measure(void)
{
	double slice[SLICES], began;

	for (int i = 0; i < SLICES; i++) {
		began = now();
		for (int j = 0; j < SLICE; j++)
			if (msgsnd(queue, &message, sizeof(message.text), 0) ||
			    msgrcv(queue, &message, sizeof(message.text), 0, 0) < 0)
				die("messages: %s", strerror(errno));
		slice[i] = (now() - began) / SLICE;
	}
	qsort(slice, SLICES, sizeof(slice[0]), compare);
	return slice[SLICES / 4];
}

static double added(const struct variant *v)
{
	int link[COPIES], n = 0;
	double before = measure(), with;

	/* before 6.10 a program can be attached once */
	while (n < COPIES &&
	       (link[n] = bpf_raw_tracepoint_open(NULL, bpf_program__fd(v->prog))) >= 0)
		n++;
	if (!n)
		die("cannot attach: %s", strerror(errno));
	with = measure();
	for (int i = 0; i < n; i++)
		close(link[i]);
	return (with - (before + measure()) / 2) / n;
}

static void set_cgroups(const struct variant *v, const struct filter_system *system,
			const struct filter_prog *prog)
{
	int fd;

	for (uint32_t i = 0; i < FILTER_MAX_CGROUPS && prog->cgroup[i]; i++) {
		fd = filter_system__open_cgroup(system, prog->cgroup[i]);
		if (fd < 0 || bpf_map_update_elem(bpf_map__fd(v->skel->maps.filter_cgroups), &i,
						  &fd, BPF_ANY))
			die("cgroup: %s", strerror(errno));
		close(fd);
	}
}

static void prepare(struct variant *v, const char *expression, struct filter_system *system)
{
	static struct filter_prog prog;
	struct filter_names names;
	struct filter_error error;

	v->skel = filters_bpf__open();
	if (!v->skel)
		die("cannot open the programs");
	filter_system__names(system, &names);
	memset(&prog, 0, sizeof(prog));
	if (expression && filter__compile(expression, &names, &prog, &error)) {
		filter_error__print(&error, expression, stderr);
		exit(1);
	}
	memcpy((void *)&v->skel->rodata->filter, &prog, sizeof(prog));
	if (filters_bpf__load(v->skel))
		die("cannot load the programs");
	set_cgroups(v, system, &prog);
	v->prog = expression ? v->skel->progs.filtered : v->skel->progs.nothing;
}

int main(int argc, char **argv)
{
	static struct variant variants[MAX_EXPRESSIONS + 1];
	int rounds = argc > 1 ? atoi(argv[1]) : 0, n = argc - 1;
	struct btf *btf = btf__load_vmlinux_btf();
	struct filter_system *system;
	cpu_set_t cpu;

	if (rounds < 1 || rounds > MAX_ROUNDS || n > MAX_EXPRESSIONS + 1)
		die("usage: filters ROUNDS EXPRESSION...");
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		die("msgget: %s", strerror(errno));
	atexit(remove_queue);
	if (filter_system__new(btf, "", &system))
		die("no memory");
	for (int i = 0; i < n; i++)
		prepare(&variants[i], i ? argv[i + 1] : NULL, system);

	measure();
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < n; i++)
			variants[i].ns[round] = added(&variants[i]);

	for (int i = 0; i < n; i++) {
		if (variants[i].skel->bss->passed)
			die("%llu allocations have passed %s", variants[i].skel->bss->passed,
			    argv[i + 1]);
		printf("ns %d", i);
		for (int round = 0; round < rounds; round++)
			printf(" %.3f", variants[i].ns[round]);
		printf("\n");
		filters_bpf__destroy(variants[i].skel);
	}
	filter_system__free(system);
	btf__free(btf);
	return 0;
}
