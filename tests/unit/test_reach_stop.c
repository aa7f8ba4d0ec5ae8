/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping a process of several threads, and copying its memory. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reach/memcopy.h"
#include "reach/stop.h"

#define THREADS 4
#define MAGIC 0x5ca1ab1ec0ffee00ULL

/* Shared with the children. */
struct shared {
	volatile uint64_t counter[THREADS];
	volatile int ready, signals;
};
static struct shared *shared;

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static uint64_t soon(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec + 5000000000ULL;
}

/* Counts, with a word in a register that is nowhere else. */
static void *count(void *arg)
{
	uintptr_t i = (uintptr_t)arg;

	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	for (;;) {
#ifdef __x86_64__
		uint64_t word = ~(MAGIC + i);

		__asm__ volatile("not %0\n\tmov %0, %%r15\n\tmov $2000000, %%rcx\n"
				 "1:\tincq (%1)\n\tdec %%rcx\n\tjnz 1b\n\txor %%r15, %%r15"
				 : "+r"(word)
				 : "r"(&shared->counter[i])
				 : "r15", "rcx", "memory", "cc");
#else
		shared->counter[i]++;
#endif
	}
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
	__atomic_add_fetch(&shared->signals, 1, __ATOMIC_SEQ_CST);
}

static pid_t start(void)
{
	pthread_t t;
	uintptr_t i;
	pid_t pid;

	if (!shared)
		shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			      0);
	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (pid) {
		while (shared->ready < THREADS)
			nap();
		return pid;
	}
	alarm(60); /* should the test fail */
	signal(SIGUSR1, on_signal);
	signal(SIGRTMIN, on_signal);
	for (i = 1; i < THREADS; i++)
		pthread_create(&t, NULL, count, (void *)i);
	count(NULL);
	_exit(1);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* How many threads have counted on within a while. */
static int n_running(void)
{
	uint64_t before[THREADS];
	int i, n = 0;

	for (i = 0; i < THREADS; i++)
		before[i] = shared->counter[i];
	for (i = 0; i < 5; i++)
		nap();
	for (i = 0; i < THREADS; i++)
		n += shared->counter[i] != before[i];
	return n;
}

/* The machine may be busy. */
static bool all_run(void)
{
	int i;

	for (i = 0; i < 50; i++)
		if (n_running() == THREADS)
			return true;
	return false;
}

static bool has_word(const struct stop_thread *t, uint64_t word)
{
	size_t i;

	for (i = 0; i < t->n_regs; i++)
		if (t->regs[i] == word)
			return true;
	return false;
}

static void all_stop_and_go_on(void)
{
	const struct stop_thread *t;
	pid_t pid = start();
	struct stop *s = NULL;
	bool seen[THREADS] = {0};
	size_t n, i, k;

	CHECK_EQ(stop__all(pid, soon(), &s), 0);
	CHECK_EQ(n_running(), 0);
	t = stop__threads(s, &n);
	CHECK_EQ(n, THREADS);
	for (i = 0; i < n; i++) {
		CHECK(t[i].sp && t[i].tls && t[i].n_vector > 0);
		for (k = 0; k < THREADS; k++)
			seen[k] |= has_word(&t[i], MAGIC + k);
	}
#ifdef __x86_64__
	for (k = 0; k < THREADS; k++)
		CHECK(seen[k]);
#endif
	/* a signal waits until they go on */
	kill(pid, SIGUSR1);
	nap();
	CHECK_EQ(shared->signals, 0);
	stop__release(s);
	CHECK(all_run());
	CHECK_EQ(shared->signals, 1);
	CHECK(stop__threads(s, &n) == t && n == THREADS); /* still known */
	stop__free(s);
	stop__free(NULL);
	end(pid);
}

#define SIGNALS 20000

/* Signals arrive all the time, some just when a thread is taken hold of: none may be lost. */
static void signals_are_delivered(void)
{
	pid_t pid = start(), sender = fork();
	struct stop *s;
	int i;

	if (!sender) {
		for (i = 0; i < SIGNALS; i++) {
			while (sigqueue(pid, SIGRTMIN, (union sigval){0}))
				nap(); /* there are too many */
			if (i % 8 == 0)
				sched_yield();
		}
		_exit(0);
	}
	for (i = 0; i < 300; i++) {
		CHECK_EQ(stop__all(pid, soon(), &s), 0);
		stop__free(s);
	}
	waitpid(sender, NULL, 0);
	for (i = 0; i < 500 && shared->signals < SIGNALS; i++)
		nap();
	CHECK_EQ(shared->signals, SIGNALS);
	CHECK(all_run());
	end(pid);
}

static void a_stopped_one_stays_stopped(void)
{
	pid_t pid = start();
	struct stop *s;
	int status;

	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK_EQ(stop__all(pid, soon(), &s), 0);
	stop__free(s);
	CHECK_EQ(n_running(), 0);
	kill(pid, SIGCONT);
	CHECK(all_run());
	end(pid);
}

static void goes_on_when_we_are_killed(void)
{
	pid_t pid = start(), us = fork();
	struct stop *s;

	if (!us) {
		alarm(60);
		if (!stop__all(pid, soon(), &s))
			shared->signals = 1;
		for (;;)
			pause();
	}
	while (!shared->signals)
		nap();
	CHECK_EQ(n_running(), 0);
	end(us);
	CHECK(all_run());
	end(pid);
}

static void reasons(void)
{
	pid_t pid = start(), other;
	int status, ready[2];
	struct stop *s;
	char c;

	CHECK_EQ(pipe(ready), 0);
	other = fork();
	if (!other) {
		alarm(60);
		if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	CHECK_EQ(stop__all(pid, soon(), &s), -EBUSY);
	CHECK(!s);
	end(other);
	CHECK(all_run());
	kill(pid, SIGKILL);
	while (waitid(P_PID, pid, &(siginfo_t){0}, WEXITED | WNOWAIT))
		nap();
	CHECK_EQ(stop__all(pid, soon(), &s), -ESRCH); /* a zombie */
	waitpid(pid, &status, 0);
	CHECK_EQ(stop__all(pid, soon(), &s), -ESRCH);
}

/* In a vfork the parent is deaf until its child is done. */
static void gives_up_in_time(void)
{
	struct stop *s;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid) {
		alarm(60);
		if (!vfork()) {
			shared->ready = 1;
			nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
			_exit(0);
		}
		for (;;)
			shared->counter[0]++;
	}
	while (!shared->ready)
		nap();
	CHECK_EQ(stop__all(pid, soon() - 4900000000ULL, &s), -ETIME);
	while (!shared->counter[0]) /* it was let go */
		nap();
	end(pid);
}

/* --- copies --- */

#define PAGE 4096

static void copies_what_is_there(void)
{
	const struct memcopy_run *run;
	struct memcopy *m;
	uint8_t *at = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	uint64_t start = (uintptr_t)at, word;
	uint8_t three[2 * PAGE + 1];
	size_t n, i;

	madvise(at, 64 * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < 64; i++)
		if (i % 8 < 3) /* three pages, five holes */
			memset(at + i * PAGE, (int)i + 1, PAGE);
	CHECK_EQ(memcopy__new(getpid(), 0, &m), 0);
	CHECK_EQ(memcopy__measure(m, start, start + 64 * PAGE), 24 * PAGE);
	CHECK(memcopy__is_there(m, start) && !memcopy__is_there(m, start + 3 * PAGE));
	CHECK_EQ(memcopy__add(m, start, start + 64 * PAGE), 0);
	CHECK_EQ(memcopy__fill(m, 0), 0);
	CHECK_EQ(memcopy__bytes(m), 24 * PAGE);
	CHECK_EQ(memcopy__unreadable(m), 0);
	run = memcopy__runs(m, &n);
	CHECK_EQ(n, 8);
	for (i = 0; i < n; i++) {
		CHECK_EQ(run[i].start, start + 8 * i * PAGE);
		CHECK_EQ(run[i].end, start + (8 * i + 3) * PAGE);
		CHECK(!memcmp(run[i].at, at + 8 * i * PAGE, 3 * PAGE));
	}
	memset(at, 77, 3 * PAGE); /* a copy does not change */
	CHECK(memcopy__word(m, start + 16, &word));
	CHECK_EQ(word, 0x0101010101010101);
	CHECK(!memcopy__word(m, start + 3 * PAGE - 4, &word));
	CHECK(!memcopy__word(m, start + 3 * PAGE, &word));
	CHECK(!memcopy__word(m, start - 8, &word));
	CHECK(!memcopy__read(m, start + PAGE, three, 2 * PAGE + 1));
	CHECK(memcopy__read(m, start + PAGE, three, 2 * PAGE));
	CHECK_EQ(memcopy__first(m, start + 3 * PAGE), 1);
	CHECK_EQ(memcopy__first(m, start + 64 * PAGE), 8);
	memcopy__free(m);
	memcopy__free(NULL);
	munmap(at, 64 * PAGE);
}

/* The time was over, or a page cannot be read: what was asked for before is still true. */
static void through_a_window(uint64_t start, size_t size)
{
	struct memcopy *m;
	uint64_t word = 0;

	CHECK_EQ(memcopy__new_window(getpid(), 1, &m), 0);
	CHECK_EQ(memcopy__add(m, start, start + size), 0);
	CHECK(!memcopy__word(m, start, &word)); /* not yet */
	CHECK_EQ(memcopy__fill(m, 0), 0);
	CHECK_EQ(memcopy__bytes(m), size);
	CHECK(memcopy__word(m, start + PAGE, &word) && word == PAGE * 3);
	CHECK(!memcopy__word(m, start + (36 << 20), &word));
	CHECK_EQ(memcopy__shut(m), -EIO);
	memcopy__free(m);

	CHECK_EQ(memcopy__new_window(getpid(), 1, &m), 0);
	CHECK_EQ(memcopy__add(m, start, start + size), 0);
	CHECK_EQ(memcopy__fill(m, 1), 0);
	CHECK(!memcopy__word(m, start, &word));
	CHECK_EQ(memcopy__shut(m), -ETIME);
	memcopy__free(m);
}

/* Room for less than there is, pages that cannot be read, and enough for two threads. */
static void copies_in_pieces(void)
{
	const size_t size = 72 << 20,
		     blind[] = {20 << 20, (36 << 20) - PAGE, 36 << 20, size - PAGE};
	struct memcopy *m;
	size_t i, k;
	uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start = (uintptr_t)at, word, wrong = 0;

	for (i = 0; i < size; i += 8)
		*(uint64_t *)(at + i) = i * 3;
	CHECK_EQ(memcopy__new(getpid(), 17 << 20, &m), 0);
	CHECK_EQ(memcopy__add(m, start, start + size), 0);
	for (k = 0; k < 4; k++)
		mprotect(at + blind[k], PAGE, PROT_NONE);
	CHECK_EQ(memcopy__fill(m, 0), 0);
	CHECK_EQ(memcopy__bytes(m), size);
	CHECK_EQ(memcopy__unreadable(m), 4 * PAGE);
	for (i = 0; i < size; i += 8) {
		bool is_blind = false;

		for (k = 0; k < 4; k++)
			is_blind |= i - blind[k] < PAGE;
		wrong += !memcopy__word(m, start + i, &word) || word != (is_blind ? 0 : i * 3);
	}
	CHECK_EQ(wrong, 0);
	memcopy__free(m);
	CHECK_EQ(memcopy__new(getpid(), 0, &m), 0);
	CHECK_EQ(memcopy__add(m, start, start + size), 0);
	CHECK_EQ(memcopy__fill(m, 1), -ETIME);
	memcopy__free(m);
	through_a_window(start, size);
	munmap(at, size);
}

int main(void)
{
	RUN(all_stop_and_go_on);
	RUN(signals_are_delivered);
	RUN(a_stopped_one_stays_stopped);
	RUN(goes_on_when_we_are_killed);
	RUN(reasons);
	RUN(gives_up_in_time);
	RUN(copies_what_is_there);
	RUN(copies_in_pieces);
	return check_done();
}
