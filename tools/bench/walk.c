/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk TARGET ROUNDS CALLS - what it takes to walk a stack: by unwind tables and by
 * bpf_get_stackid, on the same stacks of the same process (walk_target.c), in turns.
 *
 * Each way is a program on a probed function of its own, all attached at once, so that turns can be
 * short: what disturbs one disturbs the others as well. Prints lines for walk.py:
 *   stack CHAIN FRAMES BYTES
 *   ns CHAIN FRAMES HOW NANOSECONDS...     a probed call, in each round
 *   rows N
 *   note TEXT
 * A way that records other frames than there are is an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../bpf/memleak.h"
#include "elf/elfimg.h"
#include "links.h"
#include "target/addrspace.h"
#include "unwind/tables.h"
#include "walk.h"
#include "walk.skel.h"

#define WARMUP 32
#define MAX_ROUNDS 1000
#define MAX_STACKS 16384 /* what memleak-bpf has by default */

static const char *const how_name[WALK_HOWS] = {
	[WALK_NOTHING] = "nothing", [WALK_AGAIN] = "again",   [WALK_WARM] = "warm",
	[WALK_COLD] = "cold",	    [WALK_STORED] = "stored", [WALK_STACKID] = "stackid",
};
static const char *const chain_name[CHAINS] = {
	[CHAIN_COMMON] = "common", [CHAIN_SMALL] = "small", [CHAIN_END] = "end"};
static const uint32_t frames_of[] = {WALK_MIN_FRAMES, 16, WALK_MAX_FRAMES};
#define N_FRAMES (sizeof(frames_of) / sizeof(frames_of[0]))

struct walk {
	const char *target;
	uint32_t rounds, calls;
	pid_t pid;
	int to, from; /* pipes to the target */
	struct addrspace *as;
	struct tables *tables;
	struct walk_bpf *skel;
	void *rows, *segs; /* mapped */
	size_t rows_size, segs_size;
	int link[WALK_HOWS];
	uint64_t stack_bytes[CHAINS][N_FRAMES];
	double *ns; /* [chain][frames][how][round] */
	bool caller_missing;
};

static double *samples(const struct walk *w, size_t chain, size_t frames, size_t how)
{
	return w->ns + ((chain * N_FRAMES + frames) * WALK_HOWS + how) * w->rounds;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "walk: %s: %s\n", what, strerror(-err));
	return err;
}

static int wrong(const char *how, uint32_t frames, const char *what)
{
	fprintf(stderr, "walk: %s, %u frames: %s\n", how, frames, what);
	return -EBADMSG;
}

static int hear(const struct walk *w, struct walk_answer *answer)
{
	ssize_t n = read(w->from, answer, sizeof(*answer));

	return n == sizeof(*answer) ? 0 : n < 0 ? -errno : -EPIPE;
}

/* The target, on the one CPU that we are on: the row cache is one a CPU. */
static int start_target(struct walk *w)
{
	static char padding[8192]; /* so that the main stack does not end near _start */
	char *environment[] = {padding, NULL};
	int to[2] = {-1, -1}, from[2] = {-1, -1}, err = 0;
	struct walk_answer ready;
	cpu_set_t cpu;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		err = -errno;
	w->to = to[1];
	w->from = from[0];
	memset(padding, '=', sizeof(padding) - 1);
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	if (!err) {
		w->pid = fork();
		if (w->pid < 0)
			err = -errno;
	}
	if (!err && !w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sched_setaffinity(0, sizeof(cpu), &cpu);
		if (dup2(to[0], 0) == 0 && dup2(from[1], 1) == 1)
			execle(w->target, w->target, (char *)NULL, environment);
		_exit(127);
	}
	if (to[0] >= 0)
		close(to[0]);
	if (from[1] >= 0)
		close(from[1]);
	if (!err)
		err = hear(w, &ready);
	return err ? fail(w->target, err) : 0;
}

static int learn_target(struct walk *w)
{
	const char *warning;
	int err;

	w->as = addrspace__new(w->pid);
	w->tables = tables__new();
	if (!w->as || !w->tables)
		return fail("tables", -ENOMEM);
	err = addrspace__refresh(w->as);
	if (err > 0)
		err = tables__learn(w->tables, w->as);
	warning = tables__next_warning(w->tables);
	if (warning) {
		fprintf(stderr, "walk: %s\n", warning);
		return -EBADMSG;
	}
	return err ? fail("unwind tables", err) : 0;
}

static int load(struct walk *w)
{
	size_t n_rows = tables__rows(w->tables);
	struct walk_bpf *skel;
	int err;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	skel = w->skel = walk_bpf__open();
	if (!skel)
		return fail("BPF object", -errno);
	skel->rodata->cfg.max_depth = MEMLEAK_MAX_DEPTH;
	skel->rodata->cfg.max_size = UINT64_MAX;
	skel->rodata->cfg.max_stacks = MAX_STACKS;
	skel->rodata->cfg.stack_slots = 2 * MAX_STACKS;
	bpf_map__set_max_entries(skel->maps.stack_slots, 2 * MAX_STACKS + STACK_WINDOW);
	bpf_map__set_max_entries(skel->maps.stack_frames, MAX_STACKS);
	bpf_map__set_max_entries(skel->maps.unwind_rows, n_rows);
	err = walk_bpf__load(skel);
	if (err)
		return fail("loading the BPF programs", err);
	w->rows_size = n_rows * sizeof(struct unwind_row);
	w->segs_size = 2 * UNWIND_MAX_SEGS * sizeof(struct unwind_seg);
	w->rows = mmap(NULL, w->rows_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       bpf_map__fd(skel->maps.unwind_rows), 0);
	w->segs = mmap(NULL, w->segs_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       bpf_map__fd(skel->maps.unwind_segs), 0);
	if (w->rows == MAP_FAILED || w->segs == MAP_FAILED)
		return fail("mapping the tables", -errno);
	tables__attach(w->tables, w->rows, n_rows, w->segs, &skel->bss->state);
	tables__publish(w->tables, w->as);
	printf("rows %zu\n", n_rows);
	return 0;
}

struct wanted {
	const char *name;
	uint64_t vaddr;
};

static int match(const struct elf_sym *sym, void *arg)
{
	struct wanted *wanted = arg;

	if (!sym->is_defined || strcmp(sym->name, wanted->name) != 0)
		return 0;
	wanted->vaddr = sym->vaddr;
	return 1;
}

/* Where in the file a function begins, which has to be with an emulated instruction. */
static int find_probe(const struct elfimg *img, const char *how, uint64_t *offset)
{
	unsigned char first = 0;
	struct wanted wanted;
	char name[64];

	snprintf(name, sizeof(name), "probe_%s", how);
	wanted.name = name;
	if (elfimg__for_each_sym(img, match, &wanted) != 1 ||
	    !elfimg__vaddr_to_offset(img, wanted.vaddr, offset))
		return -ENOENT;
	if (pread(elfimg__fd(img), &first, 1, (off_t)*offset) != 1 || first != 0x55)
		return -EBADMSG;
	return 0;
}

static int attach(struct walk *w)
{
	const struct bpf_program *const prog[WALK_HOWS] = {
		[WALK_NOTHING] = w->skel->progs.walk_nothing,
		[WALK_AGAIN] = w->skel->progs.walk_again,
		[WALK_WARM] = w->skel->progs.walk_warm,
		[WALK_COLD] = w->skel->progs.walk_cold,
		[WALK_STORED] = w->skel->progs.walk_stored,
		[WALK_STACKID] = w->skel->progs.walk_stackid,
	};
	int fd = open(w->target, O_RDONLY | O_CLOEXEC), err;
	struct link_site site = {0};
	struct elfimg *img = NULL;
	size_t i;

	if (fd < 0)
		return fail(w->target, -errno);
	err = elfimg__open(fd, w->target, &img);
	for (i = 0; i < WALK_HOWS && !err; i++) {
		err = find_probe(img, how_name[i], &site.offset);
		if (!err)
			w->link[i] = links__uprobe(bpf_program__fd(prog[i]), w->target, &site,
						   false, w->pid);
		if (!err && w->link[i] < 0)
			err = w->link[i];
	}
	elfimg__free(img);
	close(fd);
	return err ? fail("attaching", err) : 0;
}

/* Let the target make n calls; *ns: of one. All of them have to have recorded all frames. */
static int call(struct walk *w, size_t how, size_t chain, size_t at, uint32_t n, double *ns)
{
	const struct walk_request request = {
		.how = how, .chain = chain, .frames = frames_of[at], .warmup = WARMUP, .calls = n};
	bool by_tables = how == WALK_WARM || how == WALK_COLD || how == WALK_STORED;
	struct walk_bench *bench = &w->skel->bss->bench;
	struct memleak_state *state = &w->skel->bss->state;
	uint32_t gen = state->gen, per_call = by_tables ? request.frames : 1;
	uint64_t calls = (uint64_t)WARMUP + n;
	struct walk_answer answer;
	int err;

	bench->calls = bench->frames = 0;
	if (write(w->to, &request, sizeof(request)) != sizeof(request))
		return fail("asking the target", -errno);
	err = hear(w, &answer);
	if (err)
		return fail("hearing from the target", err);
	if (bench->calls != calls)
		return wrong(how_name[how], request.frames, "the probe did not fire at each call");
	if (bench->frames != calls * per_call)
		return wrong(how_name[how], request.frames,
			     how == WALK_STACKID ? "bpf_get_stackid failed" : "frames are missing");
	if (state->gen - gen != (how == WALK_COLD ? calls : 0))
		return wrong(how_name[how], request.frames, "not as cold or warm as it should be");
	w->stack_bytes[chain][at] = answer.stack_bytes;
	*ns = (double)answer.cpu_ns / n;
	return 0;
}

/*
 * The kernel's walk begins with the probed function itself. Before 6.12 it then leaves out that
 * one's caller, as the frame pointer is not set up at a function's entry.
 */
static int check_kernel(struct walk *w, const uint64_t *pc, uint32_t n)
{
	const char *how = how_name[WALK_STACKID];
	uint64_t kernel[MEMLEAK_MAX_DEPTH] = {0};
	uint32_t id = w->skel->bss->bench.stackid, depth = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(w->skel->maps.kernel_stacks), &id, kernel))
		return wrong(how, n, "its stack is not in its map");
	while (depth < MEMLEAK_MAX_DEPTH && kernel[depth])
		depth++;
	if (depth == n + 1 && !memcmp(kernel + 1, pc, n * sizeof(*pc)))
		return 0;
	w->caller_missing = true;
	if (depth == n && !memcmp(kernel + 1, pc + 1, (n - 1) * sizeof(*pc)))
		return 0;
	fprintf(stderr, "walk: kernel has %u frames:", depth);
	for (uint32_t i = 0; i < depth; i++)
		fprintf(stderr, " %llx", (unsigned long long)kernel[i]);
	fprintf(stderr, "\n");
	return wrong(how, n, "its frames are others than ours");
}

/* All ways have to find the same frames, down to the outermost one. */
static int check(struct walk *w, size_t chain, size_t at)
{
	struct walk_bench *bench = &w->skel->bss->bench;
	uint32_t n = frames_of[at];
	uint64_t pc[MEMLEAK_MAX_DEPTH];
	double ignored;
	size_t how;
	int err = 0;

	bench->keep = 1;
	for (how = WALK_WARM; how < WALK_HOWS && !err; how++) {
		bench->depth = 0;
		err = call(w, how, chain, at, 1, &ignored);
		if (err)
			break;
		if (how == WALK_STACKID) {
			err = check_kernel(w, pc, n);
			continue;
		}
		if (bench->depth != n || bench->end != WALK_BOTTOM)
			err = wrong(how_name[how], n, "the outermost frame was not reached");
		else if (how != WALK_WARM && memcmp(pc, bench->pc, n * sizeof(*pc)) != 0)
			err = wrong(how_name[how], n, "frames differ");
		memcpy(pc, bench->pc, sizeof(pc));
	}
	bench->keep = 0;
	return err;
}

/* In an order that is new each time: none always follows the same one. */
static void shuffle(size_t *how, unsigned int *seed)
{
	size_t i, j, other;

	for (i = WALK_HOWS - 1; i > 0; i--) {
		j = (size_t)rand_r(seed) % (i + 1);
		other = how[i];
		how[i] = how[j];
		how[j] = other;
	}
}

/* One turn of each way on one stack. */
static int take_turns(struct walk *w, size_t chain, size_t at, uint32_t round, unsigned int *seed)
{
	size_t how[WALK_HOWS], i;
	int err = 0;

	for (i = 0; i < WALK_HOWS; i++)
		how[i] = i;
	shuffle(how, seed);
	for (i = 0; i < WALK_HOWS && !err; i++)
		err = call(w, how[i], chain, at, w->calls, &samples(w, chain, at, how[i])[round]);
	return err;
}

static int measure(struct walk *w)
{
	unsigned int seed = 1;
	size_t chain, at;
	uint32_t round;
	int err = 0;

	for (chain = 0; chain < CHAINS; chain++)
		for (at = 0; at < N_FRAMES && !err; at++)
			err = check(w, chain, at);
	for (round = 0; round < w->rounds && !err; round++)
		for (chain = 0; chain < CHAINS; chain++)
			for (at = 0; at < N_FRAMES && !err; at++)
				err = take_turns(w, chain, at, round, &seed);
	return err;
}

static void print(const struct walk *w)
{
	size_t chain, at, how;
	uint32_t round;

	for (chain = 0; chain < CHAINS; chain++) {
		for (at = 0; at < N_FRAMES; at++) {
			printf("stack %s %u %llu\n", chain_name[chain], frames_of[at],
			       (unsigned long long)w->stack_bytes[chain][at]);
			for (how = 0; how < WALK_HOWS; how++) {
				printf("ns %s %u %s", chain_name[chain], frames_of[at],
				       how_name[how]);
				for (round = 0; round < w->rounds; round++)
					printf(" %.1f", samples(w, chain, at, how)[round]);
				printf("\n");
			}
		}
	}
	if (w->caller_missing)
		printf("note bpf_get_stackid leaves out the immediate caller on this kernel\n");
}

static void clean_up(struct walk *w)
{
	size_t i;

	if (w->to >= 0)
		close(w->to);
	if (w->from >= 0)
		close(w->from);
	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	for (i = 0; i < WALK_HOWS; i++)
		if (w->link[i] >= 0)
			close(w->link[i]);
	if (w->rows && w->rows != MAP_FAILED)
		munmap(w->rows, w->rows_size);
	if (w->segs && w->segs != MAP_FAILED)
		munmap(w->segs, w->segs_size);
	walk_bpf__destroy(w->skel);
	tables__free(w->tables);
	addrspace__free(w->as);
	free(w->ns);
}

int main(int argc, char **argv)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct walk w = {.to = -1, .from = -1};
	int err = 0;
	size_t i;

	for (i = 0; i < WALK_HOWS; i++)
		w.link[i] = -1;
	if (argc == 4) {
		w.target = argv[1];
		w.rounds = strtoul(argv[2], NULL, 10);
		w.calls = strtoul(argv[3], NULL, 10);
	}
	if (!w.rounds || w.rounds > MAX_ROUNDS || !w.calls || w.calls > 1000000) {
		fprintf(stderr, "usage: walk TARGET ROUNDS CALLS\n");
		return 2;
	}
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* what maps are charged to before 5.11 */
	w.ns = calloc(CHAINS * N_FRAMES * WALK_HOWS * w.rounds, sizeof(*w.ns));
	if (!w.ns)
		err = fail("samples", -ENOMEM);
	if (!err)
		err = start_target(&w);
	if (!err)
		err = learn_target(&w);
	if (!err)
		err = load(&w);
	if (!err)
		err = attach(&w);
	if (!err)
		err = measure(&w);
	if (!err)
		print(&w);
	clean_up(&w);
	return err ? 1 : 0;
}
