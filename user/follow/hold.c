/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow/hold.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* proc_pid_stat(5): the letter behind the name, which may hold anything; 0: there is no process. */
static char state_of(pid_t pid)
{
	char path[32], stat[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	stat[n] = '\0';
	end = strrchr(stat, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

/* T: stopped, t: by a debugger, which sees the signal first; Z, X: dead */
static bool stands(pid_t pid)
{
	char state = state_of(pid);

	return !state || strchr("TtZX", state);
}

#define MAX_WAIT_NS 10000000000ULL

void hold__await(pid_t pid)
{
	struct timespec nap = {.tv_nsec = 20000};
	unsigned long long waited = 0;

	while (!stands(pid) && waited < MAX_WAIT_NS) {
		nanosleep(&nap, NULL);
		waited += nap.tv_nsec;
		if (nap.tv_nsec < 1000000)
			nap.tv_nsec *= 2;
	}
}

void hold__let_go(pid_t pid)
{
	hold__await(pid);
	kill(pid, SIGCONT);
}
