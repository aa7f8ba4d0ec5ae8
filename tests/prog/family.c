/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * family - processes that come of each other, each with leaks of its own.
 * family tree|mixed|vfork|spawn|daemon|orphan|chain|shell|thread|sigcont|abandoned|losers
 * family many N | leaf N
 * mixed: vfork, spawn, daemon, orphan, chain and thread, one after the other
 *
 * Everything is said by the first process, or by the last program of a chain: the truth is that of
 * the sum of all.
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "target.h"

extern char **environ;
static const char *self;
static unsigned long leaves; /* blocks that in_leaf has left in all programs */

static void reap(pid_t pid, int want)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != want)
		_exit(95);
}

NOINLINE static void in_leaf(int n)
{
	for (int i = 0; i < n; i++)
		KEEP(malloc(50));
}

static void *blocks[5];

NOINLINE static void before_fork(void)
{
	for (int i = 0; i < 5; i++)
		blocks[i] = malloc(100);
}

NOINLINE static void in_child(int n)
{
	for (int i = 0; i < n; i++)
		KEEP(malloc(64));
	free(malloc(65));
}

NOINLINE static void in_grandchild(void)
{
	for (int i = 0; i < 2; i++)
		KEEP(malloc(1000));
}

NOINLINE static void after_fork(void)
{
	KEEP(malloc(31));
}

/* Children and grandchildren that free and grow what they have inherited. */
static void tree(void)
{
	pid_t child[3], grandchild;

	before_fork();
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		for (int j = 0; j < 4; j++)
			free(blocks[j]);
		in_child(i + 1);
		grandchild = fork();
		if (!grandchild) {
			free(blocks[4]);
			in_grandchild();
			_exit(7);
		}
		reap(grandchild, 7);
		_exit(i);
	}
	for (int i = 0; i < 3; i++)
		reap(child[i], i);
	after_fork();
	expect("before_fork", 500, 5);
	expect("in_child", 6 * 64, 6);
	expect("in_grandchild", 6 * 1000, 6);
	expect("after_fork", 31, 1);
	expect_nothing_else();
}

static void *volatile kept;

NOINLINE static void in_keeper(size_t size)
{
	kept = malloc(size);
}

NOINLINE static void in_loser(size_t size)
{
	KEEP(malloc(size));
	KEEP(NULL);
}

/* Pointers that calls have left on the stack, and in registers, are none that the program has. */
NOINLINE static void scrub(void)
{
	volatile char waste[32768];

	memset((void *)waste, 0, sizeof(waste));
	__asm__ volatile("" ::: "rbx", "r12", "r13", "r14", "r15");
}

/* Each keeps a block, and loses another one; children what they have inherited as well. */
static void losers(void)
{
	pid_t child[3];

	in_keeper(5000);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		in_keeper(1000);
		in_loser(100 + i);
		scrub();
		_exit(i);
	}
	for (int i = 0; i < 3; i++)
		reap(child[i], i);
	in_loser(77);
	expect("in_keeper", 8000, 4);
	expect("in_loser", 380, 4);
	expect_nothing_else();
	scrub();
}

static char **leaf(const char *n)
{
	static char word[16];
	static char *argv[] = {NULL, (char *)"leaf", word, NULL};

	argv[0] = (char *)self;
	strcpy(word, n);
	return argv;
}

/* The parent's memory, until another program runs; or to the end. */
static void vforks(void)
{
	for (volatile int i = 0; i < 3; i++) {
		char **argv = leaf("3");
		pid_t pid = vfork();

		if (!pid) {
			execv(self, argv);
			_exit(94);
		}
		reap(pid, 0);
		pid = vfork();
		if (!pid)
			_exit(7);
		reap(pid, 7);
		after_fork();
	}
	leaves += 9;
	expect("after_fork", 93, 3);
}

static void spawns(void)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		if (posix_spawn(&pid[i], self, NULL, NULL, leaf("4"), environ))
			_exit(93);
	for (int i = 0; i < 4; i++)
		reap(pid[i], 0);
	leaves += 16;
}

/* Until all that hold the pipe's other end are gone. */
static void await_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

NOINLINE static void in_daemon(void)
{
	for (int i = 0; i < 7; i++)
		KEEP(malloc(70));
}

/* As daemon(3) does it, twice forked. */
static void daemons(void)
{
	int gone[2];
	pid_t pid;

	if (pipe(gone))
		_exit(92);
	pid = fork();
	if (!pid) {
		setsid();
		if (fork())
			_exit(0);
		in_daemon();
		_exit(0);
	}
	close(gone[1]);
	reap(pid, 0);
	await_end(gone[0]);
	expect("in_daemon", 490, 7);
}

NOINLINE static void in_orphan(void)
{
	for (int i = 0; i < 9; i++)
		KEEP(malloc(90));
}

/* Its parent ends first. */
static void orphan(void)
{
	int gone[2];
	pid_t pid;

	if (pipe(gone))
		_exit(92);
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();

		if (fork())
			_exit(0);
		while (getppid() == parent)
			usleep(1000);
		in_orphan();
		_exit(0);
	}
	close(gone[1]);
	reap(pid, 0);
	await_end(gone[0]);
	expect("in_orphan", 810, 9);
}

NOINLINE static void before_exec(void)
{
	for (int i = 0; i < 10; i++)
		KEEP(malloc(4000));
}

/* A child that runs one program after the other: only what the last one leaks is left. */
static void chain(int links)
{
	char number[2] = {(char)('0' + links - 1), 0};
	char *argv[] = {(char *)self, (char *)"link", number, NULL};

	before_exec();
	if (links)
		execv(self, argv);
	else
		execv(self, leaf("6"));
	_exit(91);
}

static void chains(void)
{
	pid_t pid = fork();

	if (!pid)
		chain(3);
	reap(pid, 0);
	expect("before_exec", 0, 0);
	leaves += 6;
}

/* Three programs of a script. */
static void shell(void)
{
	char *argv[] = {(char *)"sh", (char *)"-c",
			(char *)"\"$0\" leaf 1; \"$0\" leaf 2 & wait $!; (\"$0\" leaf 4)",
			(char *)self, NULL};
	pid_t pid = fork();

	if (!pid) {
		execv("/bin/sh", argv);
		_exit(90);
	}
	reap(pid, 0);
	leaves += 7;
}

NOINLINE static void in_thread(void)
{
	KEEP(malloc(29));
}

static void *forks_in_thread(void *arg)
{
	pid_t pid = fork();

	if (!pid) {
		in_child(5);
		_exit(0);
	}
	reap(pid, 0);
	in_thread();
	return arg;
}

static void threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, forks_in_thread, NULL))
		_exit(96);
	pthread_join(thread, NULL);
	expect("in_child", 320, 5);
	expect("in_thread", 29, 1);
}

static void on_continue(int sig)
{
	static const char noticed[] = "SIGCONT was noticed\n";

	(void)sig;
	(void)!write(STDERR_FILENO, noticed, sizeof(noticed) - 1);
}

/* A child that would notice a stop, until it runs another program. */
static void sigcont(void)
{
	pid_t pid;

	signal(SIGCONT, on_continue);
	pid = fork();
	if (!pid) {
		execv(self, leaf("8"));
		_exit(94);
	}
	reap(pid, 0);
	leaves += 8;
}

/* What the first process leaves running. */
static void abandoned(void)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		_exit(92);
	if (!fork()) {
		in_orphan();
		(void)!write(ready[1], "", 1);
		for (int i = 0; i < 6000 && access(getenv("QUIT_FILE"), F_OK); i++)
			usleep(10000);
		_exit(0);
	}
	(void)!read(ready[0], &byte, 1);
	expect("in_orphan", 810, 9);
}

/* N children at once: each waits for all others to have begun. */
static void many(int n)
{
	int begun[2], go[2];
	char byte;

	if (pipe(begun) || pipe(go))
		_exit(92);
	for (int i = 0; i < n; i++) {
		if (fork())
			continue;
		close(go[1]);
		(void)!write(begun[1], "", 1);
		(void)!read(go[0], &byte, 1);
		in_child(1);
		_exit(0);
	}
	for (int i = 0; i < n; i++)
		(void)!read(begun[0], &byte, 1);
	close(go[1]);
	for (int i = 0; i < n; i++)
		wait(NULL);
}

static void mixed(void)
{
	vforks();
	spawns();
	daemons();
	orphan();
	chains();
	threads();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0;

	self = argv[0];
	if (!strcmp(what, "leaf"))
		in_leaf(n);
	else if (!strcmp(what, "link"))
		chain(n);
	else if (!strcmp(what, "tree"))
		tree();
	else if (!strcmp(what, "mixed"))
		mixed();
	else if (!strcmp(what, "vfork"))
		vforks();
	else if (!strcmp(what, "spawn"))
		spawns();
	else if (!strcmp(what, "daemon"))
		daemons();
	else if (!strcmp(what, "orphan"))
		orphan();
	else if (!strcmp(what, "chain"))
		chains();
	else if (!strcmp(what, "shell"))
		shell();
	else if (!strcmp(what, "thread"))
		threads();
	else if (!strcmp(what, "sigcont"))
		sigcont();
	else if (!strcmp(what, "abandoned"))
		abandoned();
	else if (!strcmp(what, "losers"))
		losers();
	else if (!strcmp(what, "many"))
		many(n);
	else
		return 2;
	if (leaves)
		expect("in_leaf", leaves * 50, leaves);
	return 0;
}
