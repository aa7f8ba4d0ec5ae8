/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the kernel allocate objects for it: messages in queues, open files, pipes, items of an epoll
 * instance, mappings. Holds them, says how many, and gives
 * them back at SIGUSR1.
 *	kobjects KIND NUMBER	messages, halves, empties, files, pipes, epoll, mappings
 *		halves: messages, every other one shorter, but from the same cache
 *		empties: messages without text, as many as one likes
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>

#include "target.h"

#define MAX 4096
#define TEXT 4000  /* bytes of a message */
#define SHORT 3000 /* in a cache for more than 2 KiB, too */
#define QUEUE 4	   /* messages in a queue: 16 KiB is the usual limit */

static int ids[2 * MAX];
static unsigned int n_ids;
static void *areas[MAX];
static int epoll;

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static int keep(int fd, const char *what)
{
	if (fd < 0)
		fail(what);
	ids[n_ids++] = fd;
	return fd;
}

static void make_messages(unsigned int n, size_t every_other)
{
	static struct {
		long type;
		char text[TEXT];
	} message = {.type = 1};
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (i % QUEUE == 0)
			keep(msgget(IPC_PRIVATE, 0600), "msgget");
		memset(message.text, 0, sizeof(message.text));
		snprintf(message.text, sizeof(message.text), "version 15\ntimestamp %u\n",
			 4294900000U + i);
		if (msgsnd(ids[n_ids - 1], &message, i & 1 ? every_other : TEXT, IPC_NOWAIT))
			fail("msgsnd");
	}
}

/* As many to a queue as it takes: as many as it may have bytes. */
static void make_empties(unsigned int n)
{
	static const struct {
		long type;
	} message = {.type = 1};

	while (n) {
		if (n_ids && !msgsnd(ids[n_ids - 1], &message, 0, IPC_NOWAIT))
			n--;
		else if (n_ids && errno != EAGAIN)
			fail("msgsnd");
		else if (n_ids == MAX)
			fail("too many queues");
		else
			keep(msgget(IPC_PRIVATE, 0600), "msgget");
	}
}

static void drop_messages(void)
{
	while (n_ids)
		msgctl(ids[--n_ids], IPC_RMID, NULL);
}

static void drop_messages_of(const char *kind)
{
	if (!strcmp(kind, "messages") || !strcmp(kind, "halves") || !strcmp(kind, "empties"))
		drop_messages();
}

static void make_files(unsigned int n)
{
	while (n--)
		keep(open("/dev/null", O_RDONLY), "open");
}

static void make_pipes(unsigned int n)
{
	int fds[2];

	while (n--) {
		if (pipe(fds))
			fail("pipe");
		keep(fds[0], "pipe");
		keep(fds[1], "pipe");
	}
}

/* The descriptors are there before the trace begins; what it sees are the items. */
static void prepare_epoll(unsigned int n)
{
	epoll = epoll_create1(0);
	while (n--)
		keep(eventfd(0, 0), "eventfd");
}

static void make_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	unsigned int i;

	for (i = 0; i < n_ids; i++)
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, ids[i], &event))
			fail("epoll_ctl");
}

static void drop_epoll(void)
{
	unsigned int i;

	for (i = 0; i < n_ids; i++)
		if (epoll_ctl(epoll, EPOLL_CTL_DEL, ids[i], NULL))
			fail("epoll_ctl");
}

static void make_mappings(unsigned int n)
{
	unsigned int i;

	/* with different rights side by side, so that they do not become one */
	for (i = 0; i < n; i++) {
		areas[i] = mmap(NULL, 4096, i & 1 ? PROT_READ : PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (areas[i] == MAP_FAILED)
			fail("mmap");
	}
}

static void drop_mappings(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i += 2)
		munmap(areas[i], 4096);
	for (i = 1; i < n; i += 2)
		munmap(areas[i], 4096);
}

static void drop_fds(void)
{
	while (n_ids)
		close(ids[--n_ids]);
}

/* Wait for SIGUSR1, or for the end. */
static int is_told_to_release(void)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	const char *quit = getenv("QUIT_FILE");
	sigset_t set;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (i = 0; i < 6000; i++) {
		if (sigtimedwait(&set, NULL, &pause) == SIGUSR1)
			return 1;
		if (!quit || !access(quit, F_OK))
			break;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit limit = {3 * MAX, 3 * MAX};
	const char *kind = argc > 2 ? argv[1] : "";
	unsigned int n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setrlimit(RLIMIT_NOFILE, &limit);
	if (n > MAX && strcmp(kind, "empties"))
		return 2;
	if (!strcmp(kind, "epoll"))
		prepare_epoll(n);
	target_ready();
	if (!strcmp(kind, "messages"))
		make_messages(n, TEXT);
	else if (!strcmp(kind, "halves"))
		make_messages(n, SHORT);
	else if (!strcmp(kind, "empties"))
		make_empties(n);
	else if (!strcmp(kind, "files"))
		make_files(n);
	else if (!strcmp(kind, "pipes"))
		make_pipes(n);
	else if (!strcmp(kind, "epoll"))
		make_epoll();
	else if (!strcmp(kind, "mappings"))
		make_mappings(n);
	else
		return 2;
	target_create("DONE_FILE");
	if (!is_told_to_release()) {
		drop_messages_of(kind); /* queues outlive their maker */
		return 0;
	}
	drop_messages_of(kind);
	if (!strcmp(kind, "epoll"))
		drop_epoll();
	else if (!strcmp(kind, "mappings"))
		drop_mappings(n);
	else
		drop_fds();
	target_create("RELEASED_FILE");
	is_told_to_release();
	return 0;
}
