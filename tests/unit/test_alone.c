/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stopped process ends as its exiting thread has it, whatever the others were about to do. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/alone.h"

#define WAITERS 4
#define INTERRUPTED 99
#define EXITS 7
#define ROUNDS 10

static pthread_barrier_t barrier;
static int tids[2]; /* a pipe */

/* Epoll_wait fails with EINTR when a stopped process goes on. */
static void wait_for_nothing(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	pthread_barrier_wait(&barrier);
	while (epoll_wait(fd, &event, 1, -1) >= 0)
		;
	_exit(errno == EINTR ? INTERRUPTED : INTERRUPTED + 1);
}

static void *waiter(void *arg)
{
	wait_for_nothing();
	return arg;
}

/* What a probe at _exit does to the process, and the call. */
static void stop_and_exit(void)
{
	pid_t tid = syscall(SYS_gettid);

	pthread_barrier_wait(&barrier);
	usleep(2000); /* they are likely to wait now: otherwise this proves less */
	if (write(tids[1], &tid, sizeof(tid)) != sizeof(tid))
		_exit(INTERRUPTED + 2);
	syscall(SYS_tgkill, getpid(), tid, SIGSTOP); /* it is this one that takes it */
	_exit(EXITS);
}

static void *exiter(void *arg)
{
	stop_and_exit();
	return arg;
}

static void be_the_child(bool leader_exits)
{
	pthread_t thread;
	int i;

	pthread_barrier_init(&barrier, NULL, WAITERS + 1 + !leader_exits);
	for (i = 0; i < WAITERS; i++)
		pthread_create(&thread, NULL, waiter, NULL);
	if (leader_exits)
		stop_and_exit();
	pthread_create(&thread, NULL, exiter, NULL);
	wait_for_nothing();
}

static void exits(bool leader_exits)
{
	struct alone *alone;
	pid_t pid, tid = 0;
	int status = 0, i;

	for (i = 0; i < ROUNDS; i++) {
		CHECK(!pipe(tids));
		pid = fork();
		if (!pid)
			be_the_child(leader_exits);
		CHECK_EQ(read(tids[0], &tid, sizeof(tid)), sizeof(tid));
		CHECK_EQ(tid == pid, leader_exits);
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		alone = alone__hold(pid, tid, true);
		CHECK(alone);
		kill(pid, SIGCONT);
		alone__end(alone);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), EXITS);
		close(tids[0]);
		close(tids[1]);
	}
}

static void main_thread_exits(void)
{
	exits(true);
}

static void another_thread_exits(void)
{
	exits(false);
}

/* Nobody to hold, or nobody there. */
static void no_one(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		kill(getpid(), SIGSTOP);
		_exit(EXITS);
	}
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(!alone__hold(pid, 0, true));
	CHECK(!alone__hold(pid, pid, true));
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), EXITS);
	CHECK(!alone__hold(pid, pid, true));
	alone__end(NULL);
}

/* Who is held and does not come to an end would be let go; who is killed ends. */
static void killed_meanwhile(void)
{
	struct alone *alone;
	int status = 0;
	pid_t pid, tid;

	CHECK(!pipe(tids));
	pid = fork();
	if (!pid)
		be_the_child(true);
	CHECK_EQ(read(tids[0], &tid, sizeof(tid)), sizeof(tid));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	alone = alone__hold(pid, tid, true);
	CHECK(alone);
	kill(pid, SIGKILL);
	alone__end(alone);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(tids[0]);
	close(tids[1]);
}

int main(void)
{
	RUN(main_thread_exits);
	RUN(another_thread_exits);
	RUN(no_one);
	RUN(killed_meanwhile);
	return check_done();
}
