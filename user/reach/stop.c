/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/stop.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_TIME_NS 5000000000ULL
#define MAX_PASSES 1000
#define MAX_VECTOR 16384 /* bytes: AVX-512 and AMX tiles take 11,008 */

struct tracee {
	pid_t tid;
	bool stopped, gone;
	int signal; /* to be delivered when it goes on */
};

struct stop {
	pid_t pid;
	struct tracee *tracee;
	size_t n, max;
	struct stop_thread *thread;
	size_t n_threads;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static bool is_known(const struct stop *s, pid_t tid)
{
	size_t i;

	for (i = s->n; i > 0; i--) /* new ones are at the end */
		if (s->tracee[i - 1].tid == tid)
			return true;
	return false;
}

static int debugger_of(pid_t pid, pid_t tid)
{
	char path[64], line[128];
	int tracer = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (f)
		fclose(f);
	return tracer;
}

/* Take hold of a thread. Returns 1, 0: it has ended, or negative errno. */
static int seize(struct stop *s, pid_t tid)
{
	struct tracee *grown;
	int err;

	if (s->n == s->max) {
		size_t max = s->max ? s->max * 2 : 64;

		grown = reallocarray(s->tracee, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->tracee = grown;
		s->max = max;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL)) {
		err = errno;
		if (err == ESRCH)
			return 0;
		/* a zombie can be traced no more, and says so like one that must not be */
		if (err == EPERM && debugger_of(s->pid, tid))
			return -EBUSY;
		return -err;
	}
	s->tracee[s->n++] = (struct tracee){.tid = tid};
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		s->tracee[s->n - 1].gone = true;
	return 1;
}

static bool is_zombie(pid_t pid, pid_t tid)
{
	char path[64], text[512], *state;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	state = strrchr(text, ')');
	return !state || (state[1] && (state[2] == 'Z' || state[2] == 'X'));
}

/* Returns how many threads were new, or negative errno. */
static int seize_new(struct stop *s)
{
	struct dirent *entry;
	char path[64];
	int found = 0, err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)s->pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (err >= 0 && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0 || is_known(s, tid))
			continue;
		err = seize(s, tid);
		if (err == -EPERM && is_zombie(s->pid, tid))
			err = 0;
		found += err == 1;
	}
	closedir(dir);
	return err < 0 ? err : found;
}

/* A signal is kept for the way out; a stop of the whole process persists by itself. */
static void note_stop(struct tracee *t, int status)
{
	t->stopped = true;
	if (status >> 16 == 0) /* PTRACE_EVENT_STOP otherwise */
		t->signal = WSTOPSIG(status);
}

/* Wait until all stand still. Returns 0 or -ETIME. */
static int wait_all(struct stop *s, uint64_t deadline_ns)
{
	struct timespec nap = {.tv_nsec = 20000};
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct tracee *t = &s->tracee[i];

		while (!t->stopped && !t->gone) {
			int status;
			pid_t got = waitpid(t->tid, &status, __WALL | WNOHANG);

			if (got == t->tid && WIFSTOPPED(status)) {
				note_stop(t, status);
			} else if (got == t->tid || (got < 0 && errno != EINTR)) {
				t->gone = true;
			} else if (now_ns() > deadline_ns) {
				return -ETIME;
			} else {
				nanosleep(&nap, NULL);
			}
		}
	}
	return 0;
}

#ifdef __x86_64__
static int read_registers(struct stop_thread *t)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	if (ptrace(PTRACE_GETREGSET, t->tid, (void *)(uintptr_t)NT_PRSTATUS, &iov) ||
	    iov.iov_len != sizeof(regs))
		return -errno;
	_Static_assert(sizeof(regs) <= sizeof(t->regs), "all of them");
	memcpy(t->regs, &regs, sizeof(regs));
	t->n_regs = sizeof(regs) / sizeof(uint64_t);
	t->sp = regs.rsp;
	t->tls = regs.fs_base;
	return 0;
}
#define NT_VECTOR NT_X86_XSTATE
#elif defined(__aarch64__)
static int read_registers(struct stop_thread *t)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)}, tls = {&t->tls, sizeof(t->tls)};

	if (ptrace(PTRACE_GETREGSET, t->tid, (void *)(uintptr_t)NT_PRSTATUS, &iov) ||
	    ptrace(PTRACE_GETREGSET, t->tid, (void *)(uintptr_t)NT_ARM_TLS, &tls))
		return -errno;
	t->n_regs = STOP_MAX_REGS - 1;
	memcpy(t->regs, &regs, t->n_regs * sizeof(*t->regs));
	t->sp = regs.sp;
	return 0;
}
#define NT_VECTOR NT_PRFPREG
#endif

static int read_vector(struct stop_thread *t)
{
	uint64_t *words = malloc(MAX_VECTOR);
	struct iovec iov = {words, MAX_VECTOR};

	if (!words)
		return -ENOMEM;
	if (!ptrace(PTRACE_GETREGSET, t->tid, (void *)(uintptr_t)NT_VECTOR, &iov)) {
		t->vector = words;
		t->n_vector = iov.iov_len / sizeof(*words);
		return 0;
	}
	free(words);
	return -errno;
}

static int read_threads(struct stop *s)
{
	size_t i;
	int err;

	s->thread = calloc(s->n + 1, sizeof(*s->thread));
	if (!s->thread)
		return -ENOMEM;
	for (i = 0; i < s->n; i++) {
		struct stop_thread *t = &s->thread[s->n_threads];

		if (s->tracee[i].gone)
			continue;
		t->tid = s->tracee[i].tid;
		err = read_registers(t);
		if (!err)
			err = read_vector(t);
		if (err == -ESRCH) /* killed while it stood */
			continue;
		if (err)
			return err;
		s->n_threads++;
	}
	return s->n_threads ? 0 : -ESRCH;
}

int stop__all(pid_t pid, uint64_t deadline_ns, struct stop **out)
{
	struct stop *s = calloc(1, sizeof(*s));
	int found = 1, passes, err = 0;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->pid = pid;
	if (!deadline_ns)
		deadline_ns = now_ns() + MAX_TIME_NS;
	/* once all that are known stand still, nobody is left to make new ones */
	for (passes = 0; !err && found && passes < MAX_PASSES; passes++) {
		found = seize_new(s);
		err = found < 0 ? found : wait_all(s, deadline_ns);
	}
	if (!err && found)
		err = -ETIME;
	if (!err)
		err = read_threads(s);
	if (err) {
		stop__free(s);
		return err;
	}
	*out = s;
	return 0;
}

static void let_go(struct tracee *t)
{
	ptrace(PTRACE_DETACH, t->tid, NULL, (void *)(uintptr_t)t->signal);
	t->gone = true;
}

void stop__release(struct stop *s)
{
	int status;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->tracee[i].stopped && !s->tracee[i].gone)
			let_go(&s->tracee[i]);
	/* what is in the kernel and deaf yet cannot be let go before it has stopped */
	for (i = 0; i < s->n; i++)
		if (!s->tracee[i].gone &&
		    waitpid(s->tracee[i].tid, &status, __WALL) == s->tracee[i].tid &&
		    WIFSTOPPED(status)) {
			note_stop(&s->tracee[i], status);
			let_go(&s->tracee[i]);
		}
	s->n = 0;
}

void stop__free(struct stop *s)
{
	size_t i;

	if (!s)
		return;
	stop__release(s);
	for (i = 0; i < s->n_threads; i++)
		free((void *)s->thread[i].vector);
	free(s->thread);
	free(s->tracee);
	free(s);
}

const struct stop_thread *stop__threads(const struct stop *s, size_t *n)
{
	*n = s->n_threads;
	return s->thread;
}
