/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the kernel's allocators busy, on all CPUs: groups of processes that send each other
 *messages through sockets, pipes and queues, map and unmap, open and close.
 *	kload SECONDS		then prints how many rounds they made
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_PER_CPU 4

static volatile unsigned long *rounds; /* of each process, shared */

static void work(int fd, int i, time_t end)
{
	struct {
		long type;
		char text[1000];
	} message = {.type = 1};
	int queue = msgget(IPC_PRIVATE, 0600), fds[2], other;
	char buf[4096] = "";
	void *p;

	while (time(NULL) < end) {
		/* both sides send before they receive, and what they send fits the buffers */
		if (write(fd, buf, 100 + i * 37 % 3000) < 0 || read(fd, buf, sizeof(buf)) <= 0)
			break;
		/* not each time: nodes of the maple tree are freed without an event, and fill
		 * tables */
		p = rounds[i] % 16 ? MAP_FAILED
				   : mmap(NULL, 65536, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p != MAP_FAILED) {
			mprotect((char *)p + 4096, 4096, PROT_NONE);
			munmap(p, 65536);
		}
		if (!pipe(fds)) {
			if (write(fds[1], buf, 64) < 0)
				break;
			close(fds[0]);
			close(fds[1]);
		}
		other = open("/proc/self/stat", O_RDONLY);
		if (other >= 0) {
			if (read(other, buf, sizeof(buf)) < 0)
				break;
			close(other);
		}
		if (queue >= 0 && !msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT) &&
		    msgrcv(queue, &message, sizeof(message.text), 0, IPC_NOWAIT) < 0)
			break;
		rounds[i]++;
	}
	if (queue >= 0)
		msgctl(queue, IPC_RMID, NULL);
	_exit(0);
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), n, i;
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	unsigned long sum = 0;
	int fds[2];

	n = 2 * PAIRS_PER_CPU * (cpus > 0 ? cpus : 1);
	rounds = mmap(NULL, n * sizeof(*rounds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (rounds == MAP_FAILED)
		return 1;
	for (i = 0; i < n; i += 2) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
			return 1;
		if (!fork()) {
			signal(SIGPIPE, SIG_IGN); /* the other one may end first */
			close(fds[1]);
			work(fds[0], i, end);
		}
		if (!fork()) {
			signal(SIGPIPE, SIG_IGN);
			close(fds[0]);
			work(fds[1], i + 1, end);
		}
		close(fds[0]);
		close(fds[1]);
	}
	while (wait(NULL) > 0)
		;
	for (i = 0; i < n; i++)
		sum += rounds[i];
	printf("%lu\n", sum);
	return 0;
}
