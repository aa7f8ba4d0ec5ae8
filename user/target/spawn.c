/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/runas.h"

struct spawn {
	pid_t pid;
	int pidfd;
	/*
	 * Our end of a socket pair: a byte to the child says go, the errno of execvp comes back.
	 * Both ends are close-on-exec, so that end of file says that exec has happened. A socket,
	 * because writing to a pipe whose child was killed would raise SIGPIPE.
	 */
	int channel;
	bool released;
	bool refused; /* could not become another user */
	bool ended;   /* and reaped */
	int status;
};

/* What a child that cannot exec says. */
struct failure {
	int err;
	bool refused;
};

/* Runs between fork and exec: nothing but async-signal-safe calls. */
static void __attribute__((noreturn))
run_child(char *const argv[], const struct runas *as, int channel, pid_t parent)
{
	struct failure failure = {0};
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;
	ssize_t got;
	char go;

	/* execve resets handlers, but keeps what is ignored and the mask. */
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL); /* fails for KILL, STOP and libc's own: fine */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	do
		got = read(channel, &go, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1) /* our parent is gone, or gave up */
		_exit(127);
	if (as) {
		failure.err = -runas__apply(as);
		failure.refused = failure.err;
		environ = runas__environ(as);
	}
	/*
	 * If we are killed while it is stopped, nobody else would let it go on. Kept across execve,
	 * but for set-user-ID programs, and lost with a change of user; harmless to one that runs
	 * (prctl(2)).
	 */
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	if (getppid() != parent)
		_exit(127);
	if (!failure.err) {
		execvp(argv[0], argv);
		failure.err = errno;
	}
	(void)!write(channel, &failure, sizeof(failure));
	_exit(127);
}

int spawn__new(char *const argv[], const struct runas *as, struct spawn **out)
{
	int pair[2] = {-1, -1}, err = 0;
	struct spawn *sp;
	pid_t parent;

	*out = NULL;
	if (!argv || !argv[0])
		return -EINVAL;
	sp = calloc(1, sizeof(*sp));
	if (!sp)
		return -ENOMEM;
	sp->pidfd = -1;
	sp->channel = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		goto cleanup;
	}
	parent = getpid();
	sp->pid = fork();
	if (sp->pid < 0) {
		err = -errno;
		goto cleanup;
	}
	if (!sp->pid) {
		close(pair[0]);
		run_child(argv, as, pair[1], parent);
	}
	sp->channel = pair[0];
	pair[0] = -1;
	/* Linux 5.3. Fails only where it is not needed: without it, callers poll spawn__wait. */
	sp->pidfd = syscall(SYS_pidfd_open, sp->pid, 0);
	*out = sp;
	sp = NULL;
cleanup:
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	free(sp);
	return err;
}

pid_t spawn__pid(const struct spawn *sp)
{
	return sp->pid;
}

int spawn__pidfd(const struct spawn *sp)
{
	return sp->pidfd;
}

static void set_ended(struct spawn *sp, int status)
{
	sp->ended = true;
	sp->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reap(struct spawn *sp)
{
	int status = 0;
	pid_t got;

	if (sp->ended)
		return;
	do
		got = waitpid(sp->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	set_ended(sp, got == sp->pid ? status : 0);
}

int spawn__release(struct spawn *sp)
{
	char go = 1, reply[sizeof(struct failure)];
	struct failure failure;
	size_t size = 0;
	int err;

	if (sp->released)
		return -EALREADY;
	sp->released = true;
	/* EPIPE: killed already, spawn__wait will tell. */
	if (send(sp->channel, &go, 1, MSG_NOSIGNAL) != 1 && errno != EPIPE) {
		err = -errno;
		kill(sp->pid, SIGKILL);
		reap(sp);
		return err;
	}
	while (size < sizeof(reply)) {
		ssize_t got = read(sp->channel, reply + size, sizeof(reply) - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		size += got;
	}
	close(sp->channel);
	sp->channel = -1;
	if (size != sizeof(reply))
		return 0;
	reap(sp);
	memcpy(&failure, reply, sizeof(failure));
	sp->refused = failure.refused;
	return failure.err > 0 ? -failure.err : -EIO;
}

bool spawn__refused(const struct spawn *sp)
{
	return sp->refused;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

enum spawn_state spawn__wait(struct spawn *sp, int timeout_ms)
{
	uint64_t end_ns = timeout_ms > 0 ? now_ns() + (uint64_t)timeout_ms * 1000000 : 0;
	long pause_ns = 50000;

	if (sp->ended)
		return SPAWN_ENDED;
	for (;;) {
		int status, flags = WUNTRACED | (timeout_ms < 0 ? 0 : WNOHANG);
		pid_t got = waitpid(sp->pid, &status, flags);

		if (got == sp->pid && WIFSTOPPED(status))
			return SPAWN_STOPPED;
		if (got == sp->pid) {
			set_ended(sp, status);
			return SPAWN_ENDED;
		}
		if (got < 0 && errno != EINTR) {
			/* ECHILD: SIGCHLD is ignored, the kernel reaped it: status unknown. */
			set_ended(sp, 0);
			return SPAWN_ENDED;
		}
		if (got < 0 || timeout_ms == 0 || (timeout_ms > 0 && now_ns() >= end_ns))
			return SPAWN_RUNNING;
		/*
		 * No descriptor becomes readable when a child stops. Stops come in quick
		 * succession while a command starts, so look often at first.
		 */
		nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
		if (pause_ns < 1000000)
			pause_ns *= 2;
		if (pause_ns > 1000000)
			pause_ns = 1000000;
	}
}

void spawn__continue(struct spawn *sp)
{
	if (!sp->ended)
		kill(sp->pid, SIGCONT);
}

int spawn__status(const struct spawn *sp)
{
	return sp->status;
}

void spawn__free(struct spawn *sp)
{
	if (!sp)
		return;
	if (!sp->released) {
		kill(sp->pid, SIGKILL);
		reap(sp);
	}
	if (sp->channel >= 0)
		close(sp->channel);
	if (sp->pidfd >= 0)
		close(sp->pidfd);
	free(sp);
}

/* Copies the word that starts at *at, unquoted, and moves *at behind it. */
static int split_word(const char **at, char *word)
{
	const char *s = *at;
	char quote = 0;

	for (; *s; s++) {
		if (quote == '\'') {
			if (*s == '\'')
				quote = 0;
			else
				*word++ = *s;
		} else if (*s == '\\') {
			s++;
			if (!*s)
				return -EINVAL;
			if (*s == '\n')
				continue;
			/* In double quotes, a backslash before other characters is itself. */
			if (quote && !strchr("\"\\$`", *s))
				*word++ = '\\';
			*word++ = *s;
		} else if (quote) {
			if (*s == '"')
				quote = 0;
			else
				*word++ = *s;
		} else if (*s == '"' || *s == '\'') {
			quote = *s;
		} else if (strchr(" \t\n", *s)) {
			break;
		} else {
			*word++ = *s;
		}
	}
	*word = '\0';
	*at = s;
	return quote ? -EINVAL : 0;
}

char **spawn__split(const char *command)
{
	size_t n = 0, room = 0;
	char **argv = NULL;
	char *word = malloc(strlen(command) + 1); /* unquoting never lengthens */
	int err = word ? EINVAL : ENOMEM;

	while (word) {
		/* A line continuation between words is white space. */
		while (*command && (strchr(" \t\n", *command) || !strncmp(command, "\\\n", 2)))
			command += *command == '\\' ? 2 : 1;
		if (n + 1 >= room) {
			size_t more = room ? room * 2 : 8;
			char **grown = reallocarray(argv, more, sizeof(*argv));

			if (!grown) {
				err = ENOMEM;
				break;
			}
			argv = grown;
			room = more;
		}
		argv[n] = NULL;
		if (!*command) {
			err = n ? 0 : EINVAL;
			break;
		}
		if (split_word(&command, word))
			break;
		argv[n] = strdup(word);
		if (!argv[n]) {
			err = ENOMEM;
			break;
		}
		argv[++n] = NULL;
	}
	free(word);
	if (!err)
		return argv;
	spawn__free_argv(argv);
	errno = err;
	return NULL;
}

void spawn__free_argv(char **argv)
{
	if (!argv)
		return;
	for (char **arg = argv; *arg; arg++)
		free(*arg);
	free(argv);
}
