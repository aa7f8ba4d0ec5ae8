/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/alone.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_WAIT_NS 5000000000ULL /* to stand still, and to end */

struct alone {
	pid_t pid;
	bool is_child;
	pid_t *tid;
	size_t n, max;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Wait for a change of a thread that is held. False: there was none until then. */
static bool await(pid_t tid, int *status, uint64_t deadline_ns)
{
	const struct timespec nap = {.tv_nsec = 20000};
	pid_t got;

	for (;;) {
		got = waitpid(tid, status, __WALL | WNOHANG);
		if (got == tid)
			return true;
		if (got < 0 && errno != EINTR) {
			*status = 0; /* as if it had ended */
			return true;
		}
		if (now_ns() > deadline_ns)
			return false;
		nanosleep(&nap, NULL);
	}
}

static void let_go(struct alone *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		ptrace(PTRACE_DETACH, a->tid[i], NULL, NULL);
	a->n = 0;
}

static int add(struct alone *a, pid_t tid)
{
	if (a->n == a->max) {
		size_t max = a->max ? 2 * a->max : 16;
		pid_t *grown = reallocarray(a->tid, max, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		a->tid = grown;
		a->max = max;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return errno == ESRCH ? 0 : -errno;
	a->tid[a->n++] = tid;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	return 0;
}

/* It is stopped, so there will be no new ones. */
static int seize_all(struct alone *a, pid_t but)
{
	struct dirent *entry;
	char path[32];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)a->pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid > 0 && tid != but)
			err = add(a, tid);
	}
	closedir(dir);
	return err;
}

static int await_stops(struct alone *a)
{
	uint64_t deadline_ns = now_ns() + MAX_WAIT_NS;
	size_t i, n = 0;
	int status;

	for (i = 0; i < a->n; i++) {
		if (!await(a->tid[i], &status, deadline_ns))
			return -ETIME;
		if (WIFSTOPPED(status)) /* else it has ended */
			a->tid[n++] = a->tid[i];
	}
	a->n = n;
	return 0;
}

struct alone *alone__hold(pid_t pid, pid_t tid, bool is_child)
{
	struct alone *a = tid ? calloc(1, sizeof(*a)) : NULL;
	int err;

	if (!a)
		return NULL;
	a->pid = pid;
	a->is_child = is_child;
	err = seize_all(a, tid);
	if (!err)
		err = await_stops(a);
	if (!err && a->n)
		return a;
	let_go(a);
	free(a->tid);
	free(a);
	return NULL;
}

void alone__end(struct alone *a)
{
	uint64_t deadline_ns = now_ns() + MAX_WAIT_NS;
	size_t i, n = 0;
	int status;

	if (!a)
		return;
	for (i = 0; i < a->n; i++) {
		if (a->is_child && a->tid[i] == a->pid)
			continue; /* its end is that of the process */
		do {
			if (!await(a->tid[i], &status, deadline_ns)) {
				a->tid[n++] = a->tid[i];
				break;
			}
		} while (WIFSTOPPED(status));
	}
	if (n) {
		a->n = n;
		let_go(a);
	}
	free(a->tid);
	free(a);
}
