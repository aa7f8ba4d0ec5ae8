/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooked - leaves the allocator in all the wrong ways; linked with ownalloc, whose hook allows it:
 * by longjmp, by the thread's end, with the thread's id used again; and calls that nest.
 */
#include <pthread.h>
#include <setjmp.h>
#include <sys/syscall.h>

#include "target.h"

extern void (*own_hook)(void);
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);
void cfree(void *p);

static jmp_buf jump;

static void hook_jumps(void)
{
	own_hook = NULL;
	longjmp(jump, 1);
}

static void hook_ends_thread(void)
{
	own_hook = NULL;
	syscall(SYS_exit, 0);
}

/* The allocator allocates: the outer call alone counts. */
static void hook_nests(void)
{
	own_hook = NULL;
	KEEP(malloc(5000));
}

/* Deeper than the call that was left: a matching by stack pointer alone would call it nested. */
NOINLINE static void deeper(int depth, size_t size)
{
	volatile char room[100];

	room[0] = 0;
	if (depth)
		deeper(depth - 1, size);
	else
		KEEP(malloc(size));
	room[1] = room[0];
}

NOINLINE static void jumped_out(void)
{
	for (volatile int i = 0; i < 100; i++) {
		if (setjmp(jump))
			continue;
		own_hook = hook_jumps;
		KEEP(malloc(10000));
	}
	EXPECT_NONE();
}

NOINLINE static void after_jump(void)
{
	for (int i = 0; i < 10; i++)
		deeper(10, 10 + i);
	expect(__func__, 145, 10);
}

NOINLINE static void nested(void)
{
	own_hook = hook_nests;
	LEAK(malloc(123), 123, 1);
}

NOINLINE static void nested_calloc(void)
{
	own_hook = hook_nests;
	LEAK(calloc(2, 123), 246, 1);
}

NOINLINE static void other_frees(void)
{
	for (int i = 0; i < 10; i++) {
		void *p = malloc(100), *q = malloc(200), *r = malloc(300);

		KEEP(p);
		KEEP(q);
		KEEP(r);
		free_sized(p, 100);
		free_aligned_sized(q, 16, 200);
		cfree(r);
	}
	EXPECT_NONE();
}

static pid_t ended_tid;

static void *ends_inside(void *arg)
{
	(void)arg;
	ended_tid = (pid_t)syscall(SYS_gettid);
	own_hook = hook_ends_thread;
	KEEP(malloc(20000));
	return NULL;
}

NOINLINE static void *same_tid(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		deeper(10, 77);
	return NULL;
}

static void *maybe_same_tid(void *arg)
{
	if ((pid_t)syscall(SYS_gettid) != ended_tid)
		return NULL;
	same_tid(arg);
	return arg;
}

/* The kernel gives out the id after this one next, if nobody else is faster. */
static int next_tid(pid_t tid)
{
	struct target_text t = {.n = 0};
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
	int ok;

	if (fd < 0)
		return -1;
	target_text__num(&t, (unsigned long)tid - 1);
	ok = write(fd, t.text, t.n) == (ssize_t)t.n;
	close(fd);
	return ok ? 0 : -1;
}

static void tid_reused(void)
{
	pthread_t thread;
	int done = 0;

	for (int i = 0; i < 50 && !done; i++) {
		void *result = NULL;

		if (pthread_create(&thread, NULL, ends_inside, NULL))
			_exit(96);
		pthread_join(thread, NULL);
		if (next_tid(ended_tid))
			break;
		if (pthread_create(&thread, NULL, maybe_same_tid, &done))
			_exit(96);
		pthread_join(thread, &result);
		done = result != NULL;
	}
	expect("ends_inside", 0, 0);
	if (done)
		expect("same_tid", 770, 10);
	else
		target_say_words("SKIP", "no thread id could be used again", NULL);
}

int main(void)
{
	target_ready();
	jumped_out();
	after_jump();
	nested();
	nested_calloc();
	other_frees();
	tid_reused();
	target_done();
	return 0;
}
