/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * under_load - snapshots of a program that allocates and frees in several threads as fast as it
 *can: each of them is exact while it runs on.
 *
 * The tool is used as trace.c uses it: trace__set_up attaches, snapshot__take reads. The program
 * (program(), in a child process) keeps its own account in shared memory. What has to hold:
 *	- seen = freed + outstanding + lost, to one, and nothing is lost;
 *	- seen and freed lie between what the program had finished when the snapshot began and what
 *it had begun when that was over;
 *	- blocks that are never freed are in each report, once, though realloc tries to make them
 *	  larger all the time, and fails;
 *	- no address is in a report twice, but where a realloc has just given it to another thread;
 *	- at the end, the program's account is the report's.
 *
 *	under_load NAME THREADS SECONDS
 *
 * Prints a line for tests/run.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "report/report.h"
#include "trace_priv.h"

#define NOINLINE __attribute__((noinline))
#define MAX_THREADS 16
#define N_BLOCKS 120000 /* live at a time, about */
#define N_KEPT 1000
#define KEPT_SIZE 3000
#define INTERVAL_MS 50
#define PATIENCE_S 60

enum phase {
	STARTING,
	READY,	/* the program has its threads, and has allocated nothing since */
	GO,	/* the tracer is attached */
	FILLED, /* all blocks are there */
	STOP,
	STOPPED, /* the account is closed */
	QUIT,
};

/* Written by one thread each. */
struct count {
	uint64_t alloc_begun, alloc_done, free_begun, free_done;
	uint64_t pad[12];
};

struct shared {
	int phase;
	int filled, stopped; /* threads */
	struct count count[MAX_THREADS];
	uint64_t live, live_bytes; /* when STOPPED, with those kept */
};

static struct shared *shared;

static void nap_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static int phase(void)
{
	return __atomic_load_n(&shared->phase, __ATOMIC_ACQUIRE);
}

static void set_phase(enum phase p)
{
	__atomic_store_n(&shared->phase, p, __ATOMIC_RELEASE);
}

static bool await_phase(enum phase p)
{
	for (int i = 0; i < PATIENCE_S * 1000 && phase() < (int)p; i++)
		nap_ms(1);
	return phase() >= (int)p;
}

/* --- the program --- */

struct block {
	size_t size;
	char data[];
};

static struct block *slots[2 * N_BLOCKS];
static void *kept[N_KEPT];
static int n_threads;

static void count_one(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_SEQ_CST);
}

NOINLINE static struct block *new_block(struct count *c, size_t size)
{
	struct block *b;

	count_one(&c->alloc_begun);
	b = malloc(size);
	b->size = size;
	count_one(&c->alloc_done);
	return b;
}

NOINLINE static struct block *other_size(struct count *c, struct block *b, size_t size)
{
	count_one(&c->alloc_begun);
	count_one(&c->free_begun);
	b = realloc(b, size);
	b->size = size;
	count_one(&c->free_done);
	count_one(&c->alloc_done);
	return b;
}

static void free_block(struct count *c, struct block *b)
{
	if (!b)
		return;
	count_one(&c->free_begun);
	free(b);
	count_one(&c->free_done);
}

NOINLINE static void keep_blocks(struct count *c)
{
	for (int i = 0; i < N_KEPT; i++) {
		count_one(&c->alloc_begun);
		kept[i] = malloc(KEPT_SIZE);
		count_one(&c->alloc_done);
	}
}

static volatile size_t far_too_much = PTRDIFF_MAX;

/* Whoever comes to a slot takes what is there: blocks go from thread to thread. */
static void work(struct count *c, unsigned int seed, int share)
{
	unsigned short state[3] = {seed, seed * 7919, 1};

	for (int i = 0; phase() < STOP; i++) {
		unsigned int action = nrand48(state) % 8;
		struct block **slot, *b;
		size_t size;

		size = sizeof(*b) + nrand48(state) % (nrand48(state) % 16 ? 200 : 20000);
		slot = &slots[nrand48(state) % (2 * N_BLOCKS)];
		if (i < share) { /* until there are enough */
			free_block(c,
				   __atomic_exchange_n(slot, new_block(c, size), __ATOMIC_ACQ_REL));
			continue;
		}
		if (i == share)
			__atomic_add_fetch(&shared->filled, 1, __ATOMIC_SEQ_CST);
		b = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL);
		if (!b)
			continue;
		if (!action) {
			b = other_size(c, b, size);
		} else if (action == 1) {
			if (realloc(kept[nrand48(state) % N_KEPT], far_too_much))
				_exit(3);
		} else {
			free_block(c, b);
			b = new_block(c, size);
		}
		free_block(c, __atomic_exchange_n(slot, b, __ATOMIC_ACQ_REL));
	}
}

static void *run_thread(void *arg)
{
	uintptr_t i = (uintptr_t)arg;
	struct count *c = &shared->count[i];

	await_phase(GO);
	if (!i)
		keep_blocks(c);
	/* all slots are hit at random, so some twice: a share more than would just do */
	work(c, i + 1, N_BLOCKS * 3 / 2 / n_threads);
	__atomic_add_fetch(&shared->stopped, 1, __ATOMIC_SEQ_CST);
	await_phase(QUIT);
	return NULL;
}

static int program(void)
{
	pthread_t thread[MAX_THREADS];
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < n_threads; i++)
		if (pthread_create(&thread[i], NULL, run_thread, (void *)(uintptr_t)i))
			return 2;
	set_phase(READY);
	if (!await_phase(GO))
		return 1;
	while (phase() < STOP && __atomic_load_n(&shared->filled, __ATOMIC_SEQ_CST) < n_threads)
		nap_ms(1);
	set_phase(phase() < STOP ? FILLED : STOP);
	while (__atomic_load_n(&shared->stopped, __ATOMIC_SEQ_CST) < n_threads)
		nap_ms(1);
	shared->live = N_KEPT;
	shared->live_bytes = N_KEPT * KEPT_SIZE;
	for (i = 0; i < 2 * N_BLOCKS; i++) {
		if (!slots[i])
			continue;
		shared->live++;
		shared->live_bytes += slots[i]->size;
	}
	set_phase(STOPPED);
	await_phase(QUIT);
	return 0;
}

/* --- the judge --- */

static struct count sum_up(void)
{
	struct count sum = {0};

	for (int i = 0; i < n_threads; i++) {
		const struct count *c = &shared->count[i];

		/* what is done before what is begun: no more can be done than was begun */
		sum.alloc_done += __atomic_load_n(&c->alloc_done, __ATOMIC_SEQ_CST);
		sum.free_done += __atomic_load_n(&c->free_done, __ATOMIC_SEQ_CST);
		sum.alloc_begun += __atomic_load_n(&c->alloc_begun, __ATOMIC_SEQ_CST);
		sum.free_begun += __atomic_load_n(&c->free_begun, __ATOMIC_SEQ_CST);
	}
	return sum;
}

static char complaint[512];

__attribute__((format(printf, 1, 2))) static bool wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!complaint[0])
		vsnprintf(complaint, sizeof(complaint), fmt, args);
	va_end(args);
	return false;
}

static void in_function(const struct report *r, const char *name, uint64_t *bytes, uint64_t *count)
{
	*bytes = *count = 0;
	for (size_t i = 0; i < r->n_sites; i++) {
		const struct report_site *s = &r->sites[i];
		bool holds = false;

		for (size_t k = 0; k < s->n_frames; k++)
			holds |= s->frames[k].function && !strcmp(s->frames[k].function, name);
		if (holds) {
			*bytes += s->bytes;
			*count += s->count;
		}
	}
}

static int compare_addrs(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * As many blocks as the account says, and no address twice: but a realloc that has not returned
 * holds its old block, whose address may be another thread's already.
 */
static bool check_blocks(const struct report *r)
{
	uint64_t *addr = malloc((r->account.outstanding + 1) * sizeof(*addr));
	size_t n = 0, twice = 0, i, k;
	bool ok = addr;

	for (i = 0; i < r->n_sites && ok; i++)
		for (k = 0; k < r->sites[i].n_blocks && ok; k++) {
			ok = n < r->account.outstanding ||
			     wrong("more blocks than are outstanding");
			if (ok)
				addr[n++] = r->sites[i].blocks[k].addr;
		}
	if (ok && n != r->account.outstanding)
		ok = wrong("%zu blocks, %" PRIu64 " are outstanding", n, r->account.outstanding);
	if (ok)
		qsort(addr, n, sizeof(*addr), compare_addrs);
	for (i = 1; i < n && ok; i++)
		twice += addr[i] == addr[i - 1];
	if (twice > (size_t)n_threads)
		ok = wrong("%zu addresses are there twice", twice);
	free(addr);
	return ok;
}

static bool check_report(const struct report *r, const struct count *before,
			 const struct count *after)
{
	const struct report_account *a = &r->account;
	uint64_t bytes, count;

	if (a->imbalance || report__balance(a))
		return wrong("does not balance by %" PRId64 ", %" PRId64, a->imbalance,
			     report__balance(a));
	if (report__lost(a) || a->implied || a->untracked_frees || a->abandoned || a->no_slot)
		return wrong("lost %" PRIu64 ", implied %" PRIu64 ", untracked %" PRIu64
			     ", abandoned %" PRIu64 ", no slot %" PRIu64,
			     report__lost(a), a->implied, a->untracked_frees, a->abandoned,
			     a->no_slot);
	if (a->seen < before->alloc_done || a->seen > after->alloc_begun)
		return wrong("seen %" PRIu64 ", should be %" PRIu64 " to %" PRIu64, a->seen,
			     before->alloc_done, after->alloc_begun);
	if (a->freed < before->free_done || a->freed > after->free_begun)
		return wrong("freed %" PRIu64 ", should be %" PRIu64 " to %" PRIu64, a->freed,
			     before->free_done, after->free_begun);
	if (a->stacks_complete != a->seen)
		return wrong("%" PRIu64 " stacks complete of %" PRIu64, a->stacks_complete,
			     a->seen);
	in_function(r, "keep_blocks", &bytes, &count);
	if (count != N_KEPT || bytes != N_KEPT * KEPT_SIZE)
		return wrong("kept %" PRIu64 " bytes in %" PRIu64 " blocks, should be %d in %d",
			     bytes, count, N_KEPT * KEPT_SIZE, N_KEPT);
	return check_blocks(r);
}

static int snapshot(struct trace *t, struct report **r)
{
	events__drain(t->events);
	return snapshot__take(&t->snapshot, false, true, r);
}

/* One report, of a program that runs. Returns whether it is right. */
static bool judge_report(struct trace *t, uint64_t *outstanding)
{
	struct report *r = NULL;
	struct count before = sum_up(), after;
	int err = snapshot(t, &r);
	bool ok;

	if (err)
		return wrong("no snapshot: %s", strerror(-err));
	after = sum_up();
	ok = check_report(r, &before, &after);
	*outstanding = r->account.outstanding;
	report__free(r);
	return ok;
}

static bool judge_end(struct trace *t)
{
	const struct count sum = sum_up();
	struct report *r = NULL;
	int err = snapshot(t, &r);
	bool ok;

	if (err)
		return wrong("no snapshot: %s", strerror(-err));
	ok = check_report(r, &sum, &sum);
	if (ok && (r->count != shared->live || r->bytes != shared->live_bytes))
		ok = wrong("%" PRIu64 " bytes in %" PRIu64 ", should be %" PRIu64 " in %" PRIu64,
			   r->bytes, r->count, shared->live_bytes, shared->live);
	report__free(r);
	return ok;
}

static bool judge(struct trace *t, const char *name, int seconds)
{
	uint64_t outstanding = 0, least = UINT64_MAX;
	unsigned int n = 0;
	uint64_t end;

	set_phase(GO);
	if (!await_phase(FILLED))
		return wrong("the program does not get on");
	end = trace__now_ns() + seconds * 1000000000ULL;
	while (trace__now_ns() < end) {
		if (!judge_report(t, &outstanding))
			return false;
		n++;
		least = outstanding < least ? outstanding : least;
		nap_ms(INTERVAL_MS);
	}
	set_phase(STOP);
	if (!await_phase(STOPPED))
		return wrong("the program does not stop");
	if (!judge_end(t))
		return false;
	if (least < 100000)
		return wrong("only %" PRIu64 " blocks", least);
	printf("PASS %s: %u reports of %" PRIu64 " blocks and more, %" PRIu64 " allocations\n",
	       name, n, least, sum_up().alloc_done);
	return true;
}

int main(int argc, char **argv)
{
	struct trace_opts opts = {
		.model = {.sampling = {.calls = 1}, .show_blocks = true},
		.max_size = UINT64_MAX,
		.max_live = 1 << 20,
		.max_stacks = 1 << 10,
		.max_depth = 127,
	};
	struct trace t = {.opts = &opts, .out = stdout, .pidfd = -1, .signals = -1};
	struct status status;
	bool ok;
	int err;

	n_threads = argc == 4 ? atoi(argv[2]) : 0;
	if (n_threads < 1 || n_threads > MAX_THREADS) {
		fprintf(stderr, "Usage: under_load NAME THREADS SECONDS\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	opts.pid = fork();
	if (!opts.pid)
		_exit(program());
	status__init(&status, stderr);
	t.status = &status;
	err = await_phase(READY) ? trace__set_up(&t) : -ETIMEDOUT;
	ok = err ? wrong("cannot trace: %s", strerror(-err)) : judge(&t, argv[1], atoi(argv[3]));
	if (!ok)
		printf("FAIL %s: %s\n", argv[1], complaint);
	set_phase(QUIT);
	if (!ok)
		kill(opts.pid, SIGKILL);
	trace__tear_down(&t);
	waitpid(opts.pid, NULL, 0);
	return !ok;
}
