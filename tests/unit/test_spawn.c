/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "children.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "target/spawn.h"

static void splits_words(void)
{
	static const struct {
		const char *command;
		const char *words[6];
	} cases[] = {
		{"true", {"true"}},
		{"  ls   -l\t/tmp\n", {"ls", "-l", "/tmp"}},
		{"a 'b c' d", {"a", "b c", "d"}},
		{"a \"b c\" d", {"a", "b c", "d"}},
		{"a\\ b c", {"a b", "c"}},
		{"pre'mid dle'\"po st\"end", {"premid dlepo stend"}},
		{"a '' \"\" b", {"a", "", "", "b"}},
		{"'it'\\''s'", {"it's"}},
		{"'a\\b\"c'", {"a\\b\"c"}},
		{"\"a\\\"b\\\\c\\$d\\`e\\nf\"", {"a\"b\\c$d`e\\nf"}},
		{"\"it's\"", {"it's"}},
		{"$HOME *.c `x` ; | #no", {"$HOME", "*.c", "`x`", ";", "|", "#no"}},
		{"a\\\nb", {"ab"}},
		{"a \\\n b", {"a", "b"}},
		{"\"a\\\nb\"", {"ab"}},
		{"\\\\", {"\\"}},
		{"\xc3\xbc 'gr\xc3\xbc\xc3\x9f'", {"\xc3\xbc", "gr\xc3\xbc\xc3\x9f"}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char **argv = spawn__split(cases[i].command);
		size_t n = 0;

		CHECK(argv);
		if (!argv)
			continue;
		for (; n < 6 && cases[i].words[n]; n++) {
			CHECK_STR(argv[n], cases[i].words[n]);
			if (!argv[n])
				break;
		}
		CHECK(!argv[n]);
		spawn__free_argv(argv);
	}
}

static void refuses_to_split(void)
{
	static const char *const bad[] = {"",	   "  \t\n", "'open", "\"open", "a 'b",
					  "a \"b", "back\\", "\"b\\", "\\\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char **argv;

		errno = 0;
		argv = spawn__split(bad[i]);
		if (argv)
			printf("  accepted: %s\n", bad[i]);
		CHECK(!argv);
		CHECK_EQ(errno, EINVAL);
		spawn__free_argv(argv);
	}
	spawn__free_argv(NULL);
}

static void splits_many_words(void)
{
	const size_t n = 50000;
	char *command = malloc(2 * n + 1), **argv;
	size_t words = 0;

	for (size_t i = 0; i < n; i++)
		memcpy(command + 2 * i, "x ", 3);
	argv = spawn__split(command);
	CHECK(argv);
	while (argv && argv[words])
		words++;
	CHECK_EQ(words, n);
	spawn__free_argv(argv);
	free(command);
}

static int run(const char *script)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	struct spawn *sp;
	int status = -1;

	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	CHECK_EQ(spawn__release(sp), 0);
	CHECK_EQ(spawn__wait(sp, -1), SPAWN_ENDED);
	status = spawn__status(sp);
	spawn__free(sp);
	return status;
}

static void returns_the_status(void)
{
	CHECK_EQ(run("exit 0"), 0);
	CHECK_EQ(run("exit 42"), 42);
	CHECK_EQ(run("kill -TERM $$"), 128 + SIGTERM);
	CHECK_EQ(run("kill -KILL $$"), 128 + SIGKILL);
}

static bool is_running(pid_t pid, const char *name)
{
	char link[64], exe[4096] = "";

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	return readlink(link, exe, sizeof(exe) - 1) > 0 && strstr(exe, name);
}

static void waits_to_be_released(void)
{
	char *argv[] = {"sleep", "1000", NULL};
	struct spawn *sp;
	pid_t pid;

	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	pid = spawn__pid(sp);
	usleep(20000);
	CHECK(is_running(pid, "test_spawn"));
	CHECK_EQ(spawn__wait(sp, 0), SPAWN_RUNNING);
	CHECK_EQ(spawn__release(sp), 0);
	/* No later: exec has happened. busybox and uutils have other names for it. */
	CHECK(!is_running(pid, "test_spawn"));
	CHECK_EQ(spawn__release(sp), -EALREADY);
	CHECK_EQ(kill(pid, SIGTERM), 0);
	CHECK_EQ(spawn__wait(sp, -1), SPAWN_ENDED);
	CHECK_EQ(spawn__status(sp), 128 + SIGTERM);
	spawn__free(sp);
}

static void reports_a_failed_exec(void)
{
	char *missing[] = {"/no/such/program", NULL}, *nowhere[] = {"no-such-program-at-all", NULL};
	char *directory[] = {"/tmp", NULL}, *nothing[] = {NULL};
	const char *path = getenv("PATH");
	char *before = path ? strdup(path) : NULL;
	struct spawn *sp;
	pid_t pid;

	/* A directory in PATH that we may not search would make it EACCES. */
	setenv("PATH", "/usr/bin:/bin", 1);
	CHECK_EQ(spawn__new(missing, NULL, &sp), 0);
	pid = spawn__pid(sp);
	CHECK_EQ(spawn__release(sp), -ENOENT);
	CHECK_EQ(waitpid(pid, NULL, 0), -1); /* reaped */
	CHECK_EQ(spawn__wait(sp, 0), SPAWN_ENDED);
	CHECK_EQ(spawn__status(sp), 127);
	spawn__free(sp);

	CHECK_EQ(spawn__new(nowhere, NULL, &sp), 0);
	CHECK_EQ(spawn__release(sp), -ENOENT);
	spawn__free(sp);

	CHECK_EQ(spawn__new(directory, NULL, &sp), 0);
	CHECK_EQ(spawn__release(sp), -EACCES);
	spawn__free(sp);

	CHECK_EQ(spawn__new(nothing, NULL, &sp), -EINVAL);
	CHECK(!sp);
	spawn__free(NULL);
	if (before)
		setenv("PATH", before, 1);
	free(before);
}

static void gives_clean_signals(void)
{
	sigset_t blocked, before;
	struct sigaction old;

	signal(SIGUSR1, SIG_IGN);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &old);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	CHECK_EQ(run("kill -USR1 $$; exit 1"), 128 + SIGUSR1);
	CHECK_EQ(run("kill -USR2 $$; exit 1"), 128 + SIGUSR2);
	CHECK_EQ(run("kill -PIPE $$; exit 1"), 128 + SIGPIPE);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGPIPE, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
}

static void sees_stops(void)
{
	char *argv[] = {"sh", "-c", "kill -STOP $$; kill -STOP $$; exit 7", NULL};
	struct spawn *sp;

	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	CHECK_EQ(spawn__release(sp), 0);
	CHECK_EQ(spawn__wait(sp, -1), SPAWN_STOPPED);
	CHECK_EQ(spawn__wait(sp, 20), SPAWN_RUNNING); /* each stop is returned once */
	spawn__continue(sp);
	CHECK_EQ(spawn__wait(sp, 5000), SPAWN_STOPPED);
	spawn__continue(sp);
	CHECK_EQ(spawn__wait(sp, 5000), SPAWN_ENDED);
	CHECK_EQ(spawn__wait(sp, 0), SPAWN_ENDED);
	CHECK_EQ(spawn__status(sp), 7);
	spawn__continue(sp); /* has no one to signal */
	spawn__free(sp);
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void times_out(void)
{
	char *argv[] = {"sleep", "1000", NULL};
	struct timespec start;
	struct pollfd end;
	struct spawn *sp;

	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	CHECK_EQ(spawn__release(sp), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	CHECK_EQ(spawn__wait(sp, 50), SPAWN_RUNNING);
	CHECK(elapsed_ms(&start) >= 50);
	clock_gettime(CLOCK_MONOTONIC, &start);
	CHECK_EQ(spawn__wait(sp, 0), SPAWN_RUNNING);
	CHECK(elapsed_ms(&start) < 50);
	end = (struct pollfd){.fd = spawn__pidfd(sp), .events = POLLIN};
	if (end.fd >= 0)
		CHECK_EQ(poll(&end, 1, 0), 0);
	kill(spawn__pid(sp), SIGKILL);
	if (end.fd >= 0)
		CHECK_EQ(poll(&end, 1, 5000), 1);
	CHECK_EQ(spawn__wait(sp, -1), SPAWN_ENDED);
	spawn__free(sp);
}

static void kills_what_was_not_released(void)
{
	char *argv[] = {"touch", NULL, NULL};
	char dir[256], path[300];
	struct spawn *sp;
	pid_t pid;

	CHECK_EQ(scratch_make(dir, sizeof(dir)), 0);
	snprintf(path, sizeof(path), "%s/ran", dir);
	argv[1] = path;
	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	pid = spawn__pid(sp);
	spawn__free(sp);
	CHECK_EQ(kill(pid, 0), -1);
	CHECK_EQ(errno, ESRCH);
	CHECK_EQ(access(path, F_OK), -1);
	scratch_remove(dir);
}

static void leaves_alone_what_was_released(void)
{
	char *argv[] = {"sleep", "1000", NULL};
	struct spawn *sp;
	pid_t pid;
	int status;

	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	pid = spawn__pid(sp);
	CHECK_EQ(spawn__release(sp), 0);
	spawn__free(sp);
	usleep(20000);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
}

static void survives_a_child_killed_early(void)
{
	char *argv[] = {"true", NULL};
	struct spawn *sp;

	CHECK_EQ(spawn__new(argv, NULL, &sp), 0);
	kill(spawn__pid(sp), SIGKILL);
	usleep(20000);
	CHECK_EQ(spawn__release(sp), 0); /* without a SIGPIPE for us */
	CHECK_EQ(spawn__wait(sp, -1), SPAWN_ENDED);
	CHECK_EQ(spawn__status(sp), 128 + SIGKILL);
	spawn__free(sp);
}

/* The command has the descriptors that we have, less our own. */
static void passes_no_descriptors(void)
{
	CHECK_EQ(run("for fd in /proc/$$/fd/*; do case $(readlink $fd) in socket:*) exit 9;; "
		     "esac; done"),
		 0);
}

int main(void)
{
	RUN(splits_words);
	RUN(refuses_to_split);
	RUN(splits_many_words);
	RUN(returns_the_status);
	RUN(waits_to_be_released);
	RUN(reports_a_failed_exec);
	RUN(gives_clean_signals);
	RUN(sees_stops);
	RUN(times_out);
	RUN(kills_what_was_not_released);
	RUN(leaves_alone_what_was_released);
	RUN(survives_a_child_killed_early);
	RUN(passes_no_descriptors);
	return check_done();
}
