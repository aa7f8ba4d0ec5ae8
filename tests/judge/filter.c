/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter [EXPRESSIONS [EVENTS [SEED]]] - the filter's programs against what expressions mean.
 *
 * Random expressions (tests/unit/filter_gen.h) are compiled and loaded, then run by
 * BPF_PROG_TEST_RUN on random events. What is the current task's is made so: this program names
 * itself and moves itself to cgroups. Needs root, and 5.10 for test runs of raw tracepoint
 * programs.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../unit/filter_gen.h"
#include "filter.skel.h"
#include "kernel/filter_system.h"

#define MOUNT "/tmp" /* covered by a mount of our own */
#define GROUP MOUNT "/memleak-bpf-test"

static struct gen g;
static struct filter_names names;
static struct gfp gfp;
static struct filter_system *filter_system;

static char load_log[4096];
static unsigned int max_processed;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list args;

	printf("FAIL filter: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	exit(1);
}

/* --- cgroups: GROUP-pid, its child "b", and a third one --- */

static char group_path[3][96];

static void remove_groups(void)
{
	FILE *procs = fopen(MOUNT "/cgroup.procs", "w");

	if (procs) {
		fprintf(procs, "%d", getpid());
		fclose(procs);
	}
	rmdir(group_path[1]);
	rmdir(group_path[0]);
	rmdir(group_path[2]);
}

static bool make_groups(void)
{
	struct stat st;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", MOUNT, "cgroup2", 0, NULL))
		return false;
	snprintf(group_path[0], sizeof(group_path[0]), GROUP "-%d", getpid());
	snprintf(group_path[1], sizeof(group_path[1]), GROUP "-%d/b", getpid());
	snprintf(group_path[2], sizeof(group_path[2]), GROUP "-%d-other", getpid());
	atexit(remove_groups);
	for (int i = 0; i < 3; i++) {
		if (mkdir(group_path[i], 0755) || stat(group_path[i], &st))
			die("%s: %s", group_path[i], strerror(errno));
		g.group[i] = st.st_ino;
	}
	if (filter_system__new(NULL, "", &filter_system))
		die("no memory");
	return true;
}

/* Be in so many of the groups that are in each other. */
static void enter_group(int depth, struct gen_event *e)
{
	char path[128];
	FILE *procs;

	snprintf(path, sizeof(path), "%s/cgroup.procs", depth ? group_path[depth - 1] : MOUNT);
	procs = fopen(path, "w");
	if (!procs || fprintf(procs, "%d", getpid()) < 0 || fclose(procs))
		die("%s: %s", path, strerror(errno));
	memset(e->cgroup, 0, sizeof(e->cgroup));
	e->cgroup[0] = 1;
	for (int i = 0; i < depth; i++)
		e->cgroup[i + 1] = g.group[i];
}

/* --- programs --- */

/* "processed 26 insns" */
static void note_processed(void)
{
	const char *at = strstr(load_log, "processed ");
	unsigned int n = at ? strtoul(at + strlen("processed "), NULL, 10) : 0;

	if (n > max_processed)
		max_processed = n;
}

static void set_cgroups(struct filter_bpf *skel, const struct filter_prog *prog)
{
	int map = bpf_map__fd(skel->maps.filter_cgroups), fd;

	for (uint32_t i = 0; i < FILTER_MAX_CGROUPS && prog->cgroup[i]; i++) {
		fd = filter_system__open_cgroup(filter_system, prog->cgroup[i]);
		if (fd < 0)
			die("cgroup %llu: %s", prog->cgroup[i], strerror(-fd));
		if (bpf_map_update_elem(map, &i, &fd, BPF_ANY))
			die("cgroup %llu: %s", prog->cgroup[i], strerror(errno));
		close(fd);
	}
}

static struct filter_bpf *load(const struct filter_prog *prog)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = load_log,
		    .kernel_log_size = sizeof(load_log), .kernel_log_level = 4);
	struct filter_bpf *skel = filter_bpf__open_opts(&opts);

	if (!skel)
		die("cannot open the programs: %s", strerror(errno));
	memcpy(&skel->rodata->filter, prog, sizeof(*prog));
	load_log[0] = '\0';
	if (filter_bpf__load(skel)) {
		printf("%s\n", load_log);
		die("does not load: %s", g.text);
	}
	note_processed();
	set_cgroups(skel, prog);
	return skel;
}

static bool run(struct filter_bpf *skel, const struct gen_event *e)
{
	uint64_t args[] = {e->bytes_req, e->bytes_alloc, e->gfp_flags,
			   e->order,	 e->call_site,	 e->has_name};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));
	int err;

	snprintf(skel->bss->name, sizeof(skel->bss->name), "%s", e->name);
	prctl(PR_SET_NAME, e->comm);
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.run), &opts);
	if (err)
		die("test run: %s", strerror(-err));
	return opts.retval;
}

static void compare(struct filter_bpf *skel, struct gen_event *e)
{
	bool expected = gen_says(&g, 0, e);

	if (run(skel, e) != expected)
		die("%d instead of %d of req %" PRIu64 " alloc %" PRIu64 " gfp %#" PRIx64
		    " order %" PRIu64 " site %#" PRIx64 " comm '%s' name '%s' cgroup %" PRIu64
		    "\n  %s",
		    !expected, expected, e->bytes_req, e->bytes_alloc, e->gfp_flags, e->order,
		    e->call_site, e->comm, e->has_name ? e->name : "", e->cgroup[2], g.text);
}

/* --- */

struct amount {
	int expressions, events;
};

/* A thread, so that its number is not the process's. */
static void *judge(void *arg)
{
	const struct amount *amount = arg;
	unsigned long yes = 0, n = 0;
	struct gen_event e = {.order = 0};
	uint64_t group[GEN_GROUPS];
	struct filter_error error;
	struct filter_bpf *skel;
	struct filter_prog prog;

	g.pid = getpid() - 1;
	g.tid = gettid() - 2;
	for (int i = 0; i < amount->expressions; i++) {
		gen_expression(&g);
		if (filter__compile(g.text, &names, &prog, &error))
			die("refused: %s\n  %s", error.text, g.text);
		skel = load(&prog);
		for (int j = 0; j < amount->events; j++) {
			memcpy(group, e.cgroup, sizeof(group));
			gen_make_event(&g, &e);
			memcpy(e.cgroup, group, sizeof(group));
			if (j % 20 == 0)
				enter_group(j / 20 % 3, &e);
			e.pid = getpid();
			e.tid = gettid();
			compare(skel, &e);
			yes += gen_says(&g, 0, &e);
			n++;
		}
		filter_bpf__destroy(skel);
	}
	if (yes < n / 4 || yes > n * 3 / 4)
		die("%lu of %lu events passed: this proves little", yes, n);
	printf("PASS filter-run: %d expressions, %lu of %lu events pass, as they should; the "
	       "verifier took %u instructions at most\n",
	       amount->expressions, yes, n, max_processed);
	return NULL;
}

int main(int argc, char **argv)
{
	struct amount amount = {argc > 1 ? atoi(argv[1]) : 300, argc > 2 ? atoi(argv[2]) : 60};
	pthread_t thread;

	libbpf_set_print(NULL); /* its log is ours, and too small for what it logs of BTF */
	gen_init(&g, &names, &gfp);
	g.seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	if (!make_groups()) {
		printf("SKIP filter: no cgroup v2 can be mounted: %s\n", strerror(errno));
		return 0;
	}
	if (pthread_create(&thread, NULL, judge, &amount) || pthread_join(thread, NULL))
		die("no thread");
	filter_system__free(filter_system);
	return 0;
}
