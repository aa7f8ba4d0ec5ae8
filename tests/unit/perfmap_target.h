/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perfmap_target - processes that have a perf map: in another root, user, pid namespace. */
#ifndef PERFMAP_TARGET_H
#define PERFMAP_TARGET_H

#include "children.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>

/* What a process is to do before it waits, and when its standard input ends. */
struct role {
	const char *root; /* chroot to this, in a user namespace of its own if need be */
	uid_t uid;
	bool in_pid_namespace;
	bool from_a_thread; /* the main thread ends */
	const char *last_words;
};

static inline void wait_for_end(const struct role *role)
{
	char path[64], byte = 'x';

	if (write(1, &byte, 1) != 1)
		_exit(1);
	while (read(0, &byte, 1) > 0)
		;
	if (role->last_words) {
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
		if (write_file(path, role->last_words, strlen(role->last_words), 0644))
			_exit(1);
	}
	_exit(0);
}

static inline void *wait_in_thread(void *arg)
{
	char stat[512];
	int fd;

	do { /* until the main thread is a zombie */
		ssize_t n = -1;

		usleep(1000);
		fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			n = read(fd, stat, sizeof(stat) - 1);
			close(fd);
		}
		stat[n > 0 ? n : 0] = '\0';
	} while (!strstr(stat, ") Z "));
	wait_for_end(arg);
	return NULL;
}

static inline void play(struct role *role, int to_parent)
{
	pthread_t thread;

	if (role->in_pid_namespace || (role->root && geteuid())) {
		int flags = (geteuid() ? CLONE_NEWUSER : 0) |
			    (role->in_pid_namespace ? CLONE_NEWPID : 0);

		if (unshare(flags))
			_exit(77);
	}
	if (role->in_pid_namespace) {
		int go[2];
		pid_t pid;
		char byte;

		if (pipe2(go, O_CLOEXEC))
			_exit(1);
		pid = fork();
		if (pid) {
			if (pid < 0 || write(to_parent, &pid, sizeof(pid)) != sizeof(pid))
				_exit(1);
			close(go[0]);
			close(go[1]);
			waitpid(pid, NULL, 0);
			_exit(0);
		}
		/* The pid comes first. */
		close(go[1]);
		if (read(go[0], &byte, 1))
			_exit(1);
	} else {
		pid_t pid = getpid();

		if (write(to_parent, &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
	}
	if (role->root && (chroot(role->root) || chdir("/")))
		_exit(77);
	if (role->uid && setresuid(role->uid, role->uid, role->uid))
		_exit(77);
	if (!role->from_a_thread)
		wait_for_end(role);
	if (pthread_create(&thread, NULL, wait_in_thread, role))
		_exit(1);
	syscall(SYS_exit, 0);
}

struct target {
	struct child child;
	pid_t pid; /* not child.pid if that has a pid namespace */
	char path[600];
};

/* False: may not do that here. */
static inline bool target_start(struct target *t, struct role role)
{
	int in[2], out[2];
	char byte;

	memset(t, 0, sizeof(*t));
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	fflush(stdout);
	t->child.pid = fork();
	if (!t->child.pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		play(&role, 1);
	}
	close(in[0]);
	close(out[1]);
	t->child.in = in[1];
	t->child.out = out[0];
	if (read(t->child.out, &t->pid, sizeof(t->pid)) != sizeof(t->pid) ||
	    read(t->child.out, &byte, 1) != 1) {
		child_stop(&t->child);
		return false;
	}
	snprintf(t->path, sizeof(t->path), "%s/tmp/perf-%d.map", role.root ? role.root : "",
		 role.in_pid_namespace ? 1 : (int)t->pid);
	unlink(t->path);
	return true;
}

static inline void target_stop(struct target *t)
{
	child_stop(&t->child);
	unlink(t->path);
}
#endif
