/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger - random programs of allocator calls that keep their own account: see ledger.h.
 *
 * A program is some hundred steps of one to four threads, drawn from a seed. Each step takes a slot
 * of the ledger, calls the allocator for it and notes what came of it, so that blocks wander
 * between threads. Steps are also made from deep recursion, from qsort's comparisons, from handlers
 * of signals that the thread sends to itself, also on another stack, and from a timer's, which
 * arrives anywhere; now and then a child is forked that frees its copies.
 *
 * What the tracer should make of a call is decided by what the call returned and by nothing else.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "ledger.h"
#include "target.h"

#define TIMER_US 3000

static struct ledger *ledger;
static pthread_barrier_t barrier;
static bool own_reallocarray;
static volatile size_t huge = PTRDIFF_MAX - 4096; /* more than there is */

struct thread {
	int id;
	uint64_t random;
	uint64_t handler_random; /* a timer's signals must not shift the program's numbers */
	/* within the allocator, or the account is being written, or it is the judge's turn */
	volatile sig_atomic_t in_call;
	char stack[1 << 16];
};
static struct thread threads[LEDGER_THREADS];
static __thread struct thread *self;

/* xorshift64* (Vigna 2016): enough to draw calls and sizes from. */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

static uint32_t draw(uint64_t *state, uint32_t n)
{
	return (uint32_t)((next(state) >> 32) * n >> 32);
}

/* Mostly small, as programs have them, and all size classes of each allocator. */
static size_t draw_size(uint64_t *r)
{
	switch (draw(r, 16)) {
	case 0:
		return 0;
	case 1:
		return 1000 + draw(r, 30000);
	case 2:
		return draw(r, 64) ? 30000 + draw(r, 100000) : 100000 + draw(r, 3000000);
	default:
		return draw(r, 600);
	}
}

/* --- contents: a traced program's memory is its own --- */

static uint64_t mark_of(uint64_t addr, uint64_t size)
{
	return (addr ^ size) * 0x9e3779b97f4a7c15ull;
}

static void mark(const struct ledger_block *b)
{
	uint64_t value = mark_of(b->addr, b->size);

	if (b->size >= sizeof(value))
		memcpy((void *)b->addr, &value, sizeof(value));
}

static void check_mark(const struct ledger_block *b)
{
	uint64_t value = 0;

	if (b->size < sizeof(value))
		return;
	memcpy(&value, (void *)b->addr, sizeof(value));
	if (value != mark_of(b->addr, b->size))
		__atomic_fetch_add(&ledger->broken, 1, __ATOMIC_RELAXED);
}

/* --- the account --- */

/*
 * An overflow in reallocarray ends there. Beside an allocator that leaves it out (jemalloc,
 * tcmalloc) it is libc's, which hands the rest on to realloc.
 */
static bool has_reallocarray(void)
{
	Dl_info a, b;

	return !dladdr((void *)reallocarray, &a) || !dladdr((void *)malloc, &b) ||
	       a.dli_fbase == b.dli_fbase;
}

static struct ledger_count *count(void)
{
	return &ledger->count[self->id];
}

static bool in_range(size_t size)
{
	return size >= ledger->min_size && size <= ledger->max_size;
}

/* A call that got no memory. Its size is looked at first: what is left out may end there. */
static void note_failed(size_t size)
{
	if (in_range(size))
		count()->failed++;
	else
		count()->filtered++;
}

static void note_alloc(struct ledger_block *b, void *p, size_t size)
{
	if (!p) {
		note_failed(size);
		return;
	}
	b->addr = (uintptr_t)p;
	b->size = size;
	b->thread = self->id;
	b->tracked = in_range(size);
	if (b->tracked)
		count()->seen++;
	else
		count()->filtered++;
	mark(b);
}

/* size: what was asked for, 0 also where the function's arguments multiply to it */
static void note_realloc(struct ledger_block *b, void *p, size_t size)
{
	if (!p)
		note_failed(size);
	if (!p && size)
		return; /* the old block stays */
	if (b->tracked)
		count()->freed++;
	b->addr = 0;
	if (p)
		note_alloc(b, p, size);
}

/* --- steps --- */

static void make_block(struct ledger_block *b, uint64_t *r)
{
	size_t size = draw_size(r), n = 1 + draw(r, 9), align = sizeof(void *) << draw(r, 8);
	void *p = NULL;

	count()->calls++;
	switch (draw(r, 24)) {
	default:
		note_alloc(b, malloc(size), size);
		break;
	case 0:
	case 1:
	case 2:
		note_alloc(b, calloc(n, size), n * size);
		break;
	case 3:
		note_alloc(b, realloc(NULL, size), size);
		break;
	case 4:
		note_alloc(b, reallocarray(NULL, n, size), n * size);
		break;
	case 5:
		note_alloc(b, memalign(align, size), size);
		break;
	case 6:
	case 7: /* a failure leaves p alone, so it must not be believed */
		p = b;
		note_alloc(b, posix_memalign(&p, align, size) ? NULL : p, size);
		break;
	case 8:
		size = size / align * align; /* C11 asks for a multiple */
		note_alloc(b, aligned_alloc(align, size), size);
		break;
	case 9:
		note_alloc(b, valloc(size), size);
		break;
	case 10: /* what cannot be */
		note_alloc(b, malloc(huge), huge);
		break;
	case 11:
		note_alloc(b, calloc(huge, 3 + n), huge);
		break;
	case 12:
		note_alloc(b, realloc(NULL, huge), huge);
		break;
	case 13:
		p = reallocarray(NULL, huge, 3 + n);
		if (p || own_reallocarray)
			note_alloc(b, p, huge);
		break;
	case 14: /* no power of two */
		p = b;
		note_alloc(b, posix_memalign(&p, 24, size) ? NULL : p, size);
		break;
	case 15:
		note_alloc(b, aligned_alloc(4096, huge / 4096 * 4096), huge);
		break;
	case 16:
		free(NULL);
		break;
	}
}

static void change_block(struct ledger_block *b, uint64_t *r)
{
	size_t size = draw_size(r), n = 1 + draw(r, 9);
	void *p = (void *)b->addr;

	check_mark(b);
	if (b->thread != (uint32_t)self->id)
		__atomic_fetch_add(&ledger->handed, 1, __ATOMIC_RELAXED);
	count()->calls++;
	switch (draw(r, 20)) {
	default:
		if (b->tracked)
			count()->freed++;
		else
			count()->untracked++;
		b->addr = 0;
		free(p);
		break;
	case 0:
	case 1:
	case 2:
	case 3:
		note_realloc(b, realloc(p, size), size);
		break;
	case 4: /* a little more, a little less: in place */
		size = b->size + draw(r, 16);
		note_realloc(b, realloc(p, size), size);
		break;
	case 5:
		size = b->size - draw(r, 16) % (b->size + 1);
		note_realloc(b, realloc(p, size), size);
		break;
	case 6:
		note_realloc(b, reallocarray(p, n, size), n * size);
		break;
	case 7:
		note_realloc(b, realloc(p, 0), 0);
		break;
	case 8:
		note_realloc(b, realloc(p, huge), huge);
		break;
	case 9:
		p = reallocarray(p, huge, 3 + n);
		if (p || own_reallocarray)
			note_realloc(b, p, huge);
		break;
	}
}

/* One call for a slot that nobody else is at. */
NOINLINE static void step(uint64_t *r)
{
	struct ledger_block *b = &ledger->block[draw(r, LEDGER_SLOTS)];

	self->in_call = 1;
	if (!__atomic_exchange_n(&b->busy, self->id + 1, __ATOMIC_ACQUIRE)) {
		if (b->addr)
			change_block(b, r);
		else
			make_block(b, r);
		__atomic_store_n(&b->busy, 0, __ATOMIC_RELEASE);
	}
	self->in_call = 0;
}

NOINLINE static void descend(uint32_t depth)
{
	if (depth)
		descend(depth - 1);
	else
		step(&self->random);
	__asm__ volatile(""); /* no tail call */
}

static int compare(const void *a, const void *b)
{
	step(&self->random);
	return *(const int *)a - *(const int *)b;
}

/* Small enough for glibc before 2.37 to sort it on the stack: it would call malloc for more. */
NOINLINE static void sort(void)
{
	int numbers[12];

	for (int i = 0; i < 12; i++)
		numbers[i] = (int)draw(&self->random, 100);
	__atomic_fetch_add(&ledger->sorts, 1, __ATOMIC_RELAXED);
	qsort(numbers, 12, sizeof(numbers[0]), compare);
}

/* From a signal that the thread has sent to itself, between two calls. */
static void on_own_signal(int number)
{
	int saved = errno;

	(void)number;
	for (uint32_t n = 1 + draw(&self->random, 4); n; n--)
		step(&self->random);
	errno = saved;
}

/* From a timer: anywhere, also within an allocator, which must not be entered twice. */
static void on_timer(int number)
{
	int saved = errno;

	(void)number;
	if (!self || self->in_call)
		return;
	__atomic_fetch_add(&ledger->signals, 1, __ATOMIC_RELAXED);
	step(&self->handler_random);
	errno = saved;
}

/* A child has blocks at the same addresses, and others at addresses that its parent has yet to use.
 */
NOINLINE static void fork_child(void)
{
	struct ledger_block *b = &ledger->block[draw(&self->random, LEDGER_SLOTS)];
	void *copy;
	pid_t pid;
	int status;

	self->in_call = 1;
	if (__atomic_exchange_n(&b->busy, self->id + 1, __ATOMIC_ACQUIRE)) {
		self->in_call = 0;
		return;
	}
	copy = (void *)b->addr; /* the ledger is shared, the heap is not */
	pid = fork();
	if (!pid) {
		free(copy);
		for (size_t size = 1; size < 5000; size *= 3)
			KEEP(malloc(size));
		_exit(0);
	}
	__atomic_store_n(&b->busy, 0, __ATOMIC_RELEASE);
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	__atomic_fetch_add(&ledger->forks, pid > 0, __ATOMIC_RELAXED);
	self->in_call = 0;
}

static void run(struct thread *t)
{
	uint32_t steps;

	t->in_call = 0;
	steps = draw(&t->random, 16) ? 1 + draw(&t->random, 100) : 100 + draw(&t->random, 1000);
	while (steps--) {
		switch (draw(&t->random, 64)) {
		default:
			step(&t->random);
			break;
		case 0:
			descend(1 + draw(&t->random, 40));
			break;
		case 1:
			sort();
			break;
		case 2:
			raise(SIGUSR1);
			break;
		case 3:
			raise(SIGUSR2);
			break;
		case 4:
			if (!draw(&t->random, 100))
				fork_child();
			break;
		}
	}
	t->in_call = 1;
}

/* --- the turns --- */

static void clear(void)
{
	for (int i = 0; i < LEDGER_SLOTS; i++) {
		struct ledger_block *b = &ledger->block[i];

		if (!b->addr)
			continue;
		check_mark(b);
		if (b->tracked)
			count()->freed++;
		else
			count()->untracked++;
		free((void *)b->addr);
		b->addr = 0;
	}
}

static void seed_threads(uint64_t seed)
{
	for (int i = 0; i < LEDGER_THREADS; i++) {
		threads[i].random = (seed + 1) * 0x9e3779b97f4a7c15ull + (uint64_t)i;
		for (int k = 0; k < 4; k++)
			next(&threads[i].random);
		threads[i].random |= !threads[i].random;
		threads[i].handler_random = threads[i].random ^ 0x5555;
	}
}

/* One to four threads, the first of them always. */
static void take_part(struct thread *t)
{
	uint64_t shared = (ledger->seed + 1) * 0xd1342543de82ef95ull;
	int n = 1 + (int)(shared >> 40) % LEDGER_THREADS;

	if (t->id < n)
		run(t);
}

static void await_turn(void)
{
	while (__atomic_load_n(&ledger->turn, __ATOMIC_ACQUIRE) != LEDGER_PROGRAM)
		syscall(SYS_futex, &ledger->turn, LEDGER_FUTEX_WAIT, LEDGER_JUDGE, NULL, NULL, 0);
}

static void pass_turn(void)
{
	__atomic_store_n(&ledger->turn, LEDGER_JUDGE, __ATOMIC_RELEASE);
	syscall(SYS_futex, &ledger->turn, LEDGER_FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void *take_turns(void *arg)
{
	struct thread *t = arg;
	stack_t stack = {.ss_sp = t->stack, .ss_size = sizeof(t->stack)};
	bool end;

	self = t;
	sigaltstack(&stack, NULL);
	do {
		if (!t->id) {
			pass_turn();
			await_turn();
			if (ledger->order != LEDGER_END)
				clear();
			seed_threads(ledger->seed);
		}
		pthread_barrier_wait(&barrier);
		end = ledger->order == LEDGER_END;
		if (ledger->order == LEDGER_RUN)
			take_part(t);
		else if (ledger->order == LEDGER_ON)
			while (!__atomic_load_n(&ledger->stop, __ATOMIC_ACQUIRE))
				run(t);
		pthread_barrier_wait(&barrier);
	} while (!end);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct itimerval timer = {{0, TIMER_US}, {0, TIMER_US}};
	struct sigaction action = {.sa_flags = SA_RESTART};
	pthread_t thread[LEDGER_THREADS];

	ledger = argc > 1 ? mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED,
				 atoi(argv[1]), 0)
			  : MAP_FAILED;
	if (ledger == MAP_FAILED)
		return 96;
	own_reallocarray = has_reallocarray();
	action.sa_handler = on_own_signal;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = on_timer;
	sigaction(SIGALRM, &action, NULL);
	action.sa_flags |= SA_ONSTACK;
	action.sa_handler = on_own_signal;
	sigaction(SIGUSR2, &action, NULL);

	pthread_barrier_init(&barrier, NULL, LEDGER_THREADS);
	for (int i = 0; i < LEDGER_THREADS; i++) {
		threads[i].id = i;
		threads[i].in_call = 1;
	}
	for (int i = 1; i < LEDGER_THREADS; i++)
		if (pthread_create(&thread[i], NULL, take_turns, &threads[i]))
			return 97;
	setitimer(ITIMER_REAL, &timer, NULL);
	take_turns(&threads[0]);
	for (int i = 1; i < LEDGER_THREADS; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
