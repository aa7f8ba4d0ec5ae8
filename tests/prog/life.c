/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * life - fork, vfork, posix_spawn, exec, threads and how a process begins and ends.
 * life fork|vfork|exec|threadexec|leader|threads|manythreads|coroutine|deep|plain
 * life exit STATUS | signal NUMBER
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "target.h"

extern char **environ;
static const char *self;

static void reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(95);
}

static void *blocks[5];

NOINLINE static void before_fork(void)
{
	for (int i = 0; i < 5; i++)
		blocks[i] = malloc(100);
	expect(__func__, 500, 5);
}

NOINLINE static void in_child(void)
{
	for (int i = 0; i < 50; i++)
		KEEP(malloc(999));
}

NOINLINE static void after_fork(void)
{
	for (int i = 0; i < 2; i++)
		KEEP(malloc(50));
	expect(__func__, 100, 2);
}

/* The child has blocks of its own at its parent's addresses. */
static void forks(void)
{
	before_fork();
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int j = 0; j < 5; j++)
				free(blocks[j]);
			in_child();
			_exit(0);
		}
		reap(pid);
	}
	expect("in_child", 0, 0);
	after_fork();
	expect_nothing_else();
}

NOINLINE static void around_spawn(void)
{
	KEEP(malloc(33));
}

NOINLINE static void in_spawned(void)
{
	for (int i = 0; i < 50; i++)
		KEEP(malloc(888));
}

/* Children that share the memory until they exec. */
static void spawns(void)
{
	char *const argv[] = {(char *)self, (char *)"spawned", NULL};

	for (volatile int i = 0; i < 3; i++) {
		pid_t pid;

		around_spawn();
		pid = vfork();
		if (pid == 0) {
			execv(self, argv);
			_exit(94);
		}
		reap(pid);
		around_spawn();
		pid = vfork();
		if (pid == 0)
			_exit(0);
		reap(pid);
		around_spawn();
		if (posix_spawn(&pid, self, NULL, NULL, argv, environ))
			_exit(93);
		reap(pid);
		around_spawn();
	}
	expect("around_spawn", 12 * 33, 12);
	expect("in_spawned", 0, 0);
}

NOINLINE static void before_exec(void)
{
	for (int i = 0; i < 10; i++)
		KEEP(malloc(4000));
	EXPECT_NONE();
}

NOINLINE static void after_exec(void)
{
	for (int i = 0; i < 3; i++)
		KEEP(malloc(40));
	expect(__func__, 120, 3);
}

static void execs(void)
{
	char *const argv[] = {(char *)self, (char *)"execed", NULL};

	before_exec();
	execv(self, argv);
	_exit(92);
}

static void *exec_thread(void *arg)
{
	execs();
	return arg;
}

NOINLINE static void *thread_leaks(void *arg)
{
	for (int i = 0; i < 100; i++) {
		KEEP(malloc(10));
		free(malloc(20));
	}
	return arg;
}

static void threads(void)
{
	pthread_t thread[8];

	for (int i = 0; i < 8; i++)
		if (pthread_create(&thread[i], NULL, thread_leaks, NULL))
			_exit(96);
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	expect("thread_leaks", 8000, 800);
}

NOINLINE static void *short_thread(void *arg)
{
	KEEP(malloc(10));
	return arg;
}

static void many_threads(void)
{
	for (int i = 0; i < 1000; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, short_thread, NULL))
			_exit(96);
		pthread_join(thread, NULL);
	}
	expect("short_thread", 10000, 1000);
}

/* On a stack of its own, which lies in the heap. */
static ucontext_t main_context, coroutine_context;

NOINLINE static void coroutine_leaks(void)
{
	KEEP(malloc(61));
}

static void coroutine(void)
{
	for (int i = 0; i < 10; i++) {
		coroutine_leaks();
		swapcontext(&coroutine_context, &main_context);
	}
}

NOINLINE static void between_coroutines(void)
{
	KEEP(malloc(62));
}

static void coroutines(void)
{
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = malloc(65536);
	coroutine_context.uc_stack.ss_size = 65536;
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine, 0);
	for (int i = 0; i < 10; i++) {
		swapcontext(&main_context, &coroutine_context);
		between_coroutines();
	}
	expect("coroutine_leaks", 610, 10);
	expect("between_coroutines", 620, 10);
}

/* More frames than a report has room for. */
NOINLINE static void deep_leak(int depth)
{
	if (depth)
		deep_leak(depth - 1);
	else
		KEEP(malloc(63));
	KEEP(NULL); /* not a tail call */
}

static void *outlives_leader(void *arg)
{
	(void)arg;
	target_sleep_ms(100); /* the leader is gone now */
	target_ready();
	threads();
	target_done();
	_exit(0);
}

static void leader_ends(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, outlives_leader, NULL))
		_exit(96);
	pthread_exit(NULL);
}

NOINLINE static void leaks_and_ends(void)
{
	for (int i = 0; i < 4; i++)
		KEEP(malloc(250));
	expect(__func__, 1000, 4);
}

/* A stop makes epoll_wait return, and nothing else does. */
static void *wait_for_nothing(void *arg)
{
	pthread_barrier_t *barrier = arg;
	struct epoll_event event;
	int fd = epoll_create1(0);

	pthread_barrier_wait(barrier);
	while (epoll_wait(fd, &event, 1, -1) >= 0)
		;
	_exit(95);
}

static void waiters(void)
{
	static pthread_barrier_t barrier;
	pthread_t thread;
	int i;

	pthread_barrier_init(&barrier, NULL, 5);
	for (i = 0; i < 4; i++)
		if (pthread_create(&thread, NULL, wait_for_nothing, &barrier))
			_exit(96);
	pthread_barrier_wait(&barrier);
	target_sleep_ms(20); /* most likely they wait then */
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 0;

	self = argv[0];
	if (!strcmp(what, "spawned")) {
		in_spawned();
		return 0;
	}
	if (!strcmp(what, "leader"))
		leader_ends();
	if (strcmp(what, "execed"))
		target_ready();
	if (!strcmp(what, "fork")) {
		forks();
	} else if (!strcmp(what, "vfork")) {
		spawns();
	} else if (!strcmp(what, "exec")) {
		execs();
	} else if (!strcmp(what, "threadexec")) {
		pthread_t thread;

		pthread_create(&thread, NULL, exec_thread, NULL);
		pthread_join(thread, NULL);
	} else if (!strcmp(what, "execed")) {
		/* Attached, exec is noticed but the probes of the new program come a moment later.
		 */
		target_sleep_ms(target_attached() ? 1500 : 0);
		after_exec();
	} else if (!strcmp(what, "threads")) {
		threads();
	} else if (!strcmp(what, "manythreads")) {
		many_threads();
	} else if (!strcmp(what, "coroutine")) {
		coroutines();
	} else if (!strcmp(what, "deep")) {
		deep_leak(1000);
		expect("deep_leak", 63, 1);
	} else {
		leaks_and_ends();
		if (!strcmp(what, "waiters"))
			waiters();
	}
	target_done();
	if (!strcmp(what, "signal"))
		kill(getpid(), number);
	return number;
}
