/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target.h - what the traced programs share: they know what they leak and say so.
 *
 * Truth goes to the file $EXPECT_FILE (else to file descriptor 3, if open), a line each:
 *   EXPECT function bytes count       total over all stacks that hold function; 0 0: in none
 *   EXPECT_LINE function line         source line of function's frame
 *   EXPECT_ENTRY function entry       the entry point of its sites
 *   EXPECT_TOTAL bytes count          of the whole report (only when attached)
 *   EXPECT_UNTRACKED count            frees of blocks that are older than the trace
 *   SKIP reason                       this machine cannot do it
 *
 * With WAIT in the environment a program creates $READY_FILE, waits for $GO_FILE, works, creates
 * $DONE_FILE and waits for $QUIT_FILE: the time to attach is between the first two.
 *
 * Nothing here allocates: no stdio, only system calls.
 */
#ifndef TARGET_H
#define TARGET_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define MAYBE __attribute__((unused))

/* Larger than any allocator grants, hidden from the compiler. */
MAYBE static volatile size_t target_huge = PTRDIFF_MAX;

/* Blocks put here are leaked for the compiler, too. */
MAYBE static void *volatile target_sink;
#define KEEP(p) (target_sink = (void *)(p))

struct target_totals {
	unsigned long bytes, count;
};
MAYBE static struct target_totals target_totals;

struct target_text {
	char text[256];
	size_t n;
};

MAYBE static void target_text__str(struct target_text *t, const char *s)
{
	while (*s && t->n < sizeof(t->text) - 1)
		t->text[t->n++] = *s++;
}

MAYBE static void target_text__num(struct target_text *t, unsigned long v)
{
	char digits[24];
	size_t n = sizeof(digits);

	digits[--n] = 0;
	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	target_text__str(t, digits + n);
}

MAYBE static void target_text__say(const struct target_text *t)
{
	const char *path = getenv("EXPECT_FILE");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : 3;

	if (fd < 0 || (write(fd, t->text, t->n) != (ssize_t)t->n && path))
		_exit(99);
	if (path)
		close(fd);
}

/* "KEYWORD name a [b]" */
MAYBE static void target_say(const char *keyword, const char *name, unsigned long a,
			     const unsigned long *b)
{
	struct target_text t;

	t.n = 0;
	target_text__str(&t, keyword);
	target_text__str(&t, " ");
	if (name) {
		target_text__str(&t, name);
		target_text__str(&t, " ");
	}
	target_text__num(&t, a);
	if (b) {
		target_text__str(&t, " ");
		target_text__num(&t, *b);
	}
	target_text__str(&t, "\n");
	target_text__say(&t);
}

MAYBE static void target_say_words(const char *keyword, const char *name, const char *value)
{
	struct target_text t;

	t.n = 0;
	target_text__str(&t, keyword);
	target_text__str(&t, " ");
	target_text__str(&t, name);
	if (value) {
		target_text__str(&t, " ");
		target_text__str(&t, value);
	}
	target_text__str(&t, "\n");
	target_text__say(&t);
}

/* A function on the way to blocks that another EXPECT has already counted. */
MAYBE static void expect_outer(const char *function, unsigned long bytes, unsigned long count)
{
	target_say("EXPECT", function, bytes, &count);
}

MAYBE static void expect(const char *function, unsigned long bytes, unsigned long count)
{
	expect_outer(function, bytes, count);
	target_totals.bytes += bytes;
	target_totals.count += count;
}

MAYBE static void expect_line(const char *function, unsigned long line)
{
	target_say("EXPECT_LINE", function, line, NULL);
}

MAYBE static void expect_entry(const char *function, const char *entry)
{
	target_say_words("EXPECT_ENTRY", function, entry);
}

/* On the line of the call that the report has to name, in the function that makes it. */
#define EXPECT_HERE(bytes, count)                                                                  \
	do {                                                                                       \
		expect(__func__, bytes, count);                                                    \
		expect_line(__func__, __LINE__);                                                   \
	} while (0)
/* One leak on one line, and a call that leads to leaks counted elsewhere. */
#define LEAK(block, bytes, count)                                                                  \
	do {                                                                                       \
		KEEP(block);                                                                       \
		EXPECT_HERE(bytes, count);                                                         \
	} while (0)
#define CALL(call, bytes, count)                                                                   \
	do {                                                                                       \
		call;                                                                              \
		expect_outer(__func__, bytes, count);                                              \
		expect_line(__func__, __LINE__);                                                   \
	} while (0)
#define EXPECT_NONE() expect(__func__, 0, 0)

MAYBE static void target_sleep_ms(long ms)
{
	struct timespec ts;

	ts.tv_sec = ms / 1000;
	ts.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&ts, NULL);
}

MAYBE static int target_attached(void)
{
	return getenv("WAIT") != NULL;
}

MAYBE static void target_create(const char *variable)
{
	const char *path = getenv(variable);
	int fd = path ? open(path, O_WRONLY | O_CREAT, 0666) : -1;

	if (fd >= 0)
		close(fd);
}

/* Gives up after two minutes: no program outlives a test that failed. */
MAYBE static void target_await(const char *variable)
{
	const char *path = getenv(variable);
	int i;

	for (i = 0; path && i < 24000 && access(path, F_OK); i++)
		target_sleep_ms(5);
}

/* The tool may attach now. */
MAYBE static void target_ready(void)
{
	if (!target_attached())
		return;
	target_create("READY_FILE");
	target_await("GO_FILE");
}

/* All leaks are made. */
MAYBE static void target_done(void)
{
	if (!target_attached())
		return;
	target_create("DONE_FILE");
	target_await("QUIT_FILE");
}

/* The report must hold what expect() was told and nothing else. */
MAYBE static void expect_nothing_else(void)
{
	if (target_attached())
		target_say("EXPECT_TOTAL", NULL, target_totals.bytes, &target_totals.count);
}

#endif
