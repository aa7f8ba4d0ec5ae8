/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a process is not stopped at all: for too long, or for too much memory. And what there is no
 * room to copy: it stands still until it was judged.
 */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach/capture.h"
#include "reach/memcopy.h"

#define MIB (1ULL << 20)
#define SIZE (64 * MIB)
#define WORD 0x5ca1ab1ec0ffee00ULL

static uint8_t *memory;

/* It has SIZE more than we. */
static pid_t start(void)
{
	int ready[2];
	char c;
	pid_t pid;

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED && !pipe(ready));
	pid = fork();
	if (!pid) {
		alarm(60); /* should the test fail */
		memset(memory, 1, SIZE);
		memcpy(memory + SIZE / 2, &(uint64_t){WORD}, 8);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(memory, SIZE);
}

static void is_taken(void)
{
	const struct capture_opts opts = {.max_memory = 1ULL << 40};
	char why_not[CAPTURE_WHY_NOT];
	struct capture c;
	pid_t pid = start();
	uint64_t word = 0;

	CHECK_EQ(capture__take(pid, &opts, &c, why_not), 0);
	CHECK_STR(why_not, "");
	CHECK(c.copied >= SIZE && c.pause_ns > 0 && c.stop);
	CHECK(memcopy__word(c.memory, (uintptr_t)memory + SIZE / 2, &word));
	CHECK_EQ(word, WORD);
	capture__clear(&c);
	end(pid);
}

static void is_too_much(void)
{
	const struct capture_opts opts = {.max_memory = 70 * MIB};
	unsigned long long copied = 0, needed = 0, there = 0;
	char why_not[CAPTURE_WHY_NOT];
	struct capture c;
	pid_t pid = start();

	CHECK_EQ(capture__take(pid, &opts, &c, why_not), -ENOMEM);
	CHECK_EQ(sscanf(why_not, "judging %llu MiB takes %llu MiB of memory, %llu MiB are", &copied,
			&needed, &there),
		 3);
	CHECK(copied >= 64 && needed >= 83 && needed > copied);
	CHECK_EQ(there, 70);
	CHECK(!c.stop && !c.memory);
	capture__clear(&c);
	end(pid);
}

/* Whatever the machine: 64 MiB in 1 ms would be 62 GiB/s. */
static void takes_too_long(void)
{
	const struct capture_opts opts = {.max_pause_ns = 1000000, .max_memory = 1ULL << 40};
	char why_not[CAPTURE_WHY_NOT];
	struct capture c;
	pid_t pid = start();

	CHECK_EQ(capture__take(pid, &opts, &c, why_not), -ETIME);
	CHECK(!strncmp(why_not, "copying ", 8) &&
	      strstr(why_not, " MiB would stop it for about ") &&
	      strstr(why_not, " ms, more than --max-pause allows"));
	CHECK(!c.stop && !c.memory);
	capture__clear(&c);
	end(pid);
}

static char state_of(pid_t pid)
{
	char path[64], text[512], *at;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : '?';
}

static int take_window(pid_t pid, uint64_t max_pause_ns, struct capture *c,
		       char why_not[CAPTURE_WHY_NOT])
{
	const struct capture_opts opts = {
		.max_pause_ns = max_pause_ns, .max_memory = 8 * MIB, .may_wait = true};

	return capture__take(pid, &opts, c, why_not);
}

static void is_read_as_it_is_asked_for(void)
{
	char why_not[CAPTURE_WHY_NOT], all[4096], ones[4096];
	struct capture c;
	pid_t pid = start();
	uint64_t word = 0, at, wrong = 0;

	CHECK_EQ(take_window(pid, 0, &c, why_not), 0);
	CHECK_STR(why_not, "");
	CHECK(memcopy__is_window(c.memory) && !c.copied && !c.pause_ns);
	CHECK_EQ(state_of(pid), 't');
	CHECK(memcopy__word(c.memory, (uintptr_t)memory + SIZE / 2, &word));
	CHECK_EQ(word, WORD);
	memset(ones, 1, sizeof(ones));
	for (at = 4096; at + sizeof(all) < SIZE; at += sizeof(all) + 4)
		wrong += (at > SIZE / 2 + 8 || at + sizeof(all) < SIZE / 2) &&
			 (!memcopy__read(c.memory, (uintptr_t)memory + at, all, sizeof(all)) ||
			  memcmp(all, ones, sizeof(all)) != 0);
	CHECK_EQ(wrong, 0);
	CHECK_EQ(capture__let_go(&c, why_not), 0);
	CHECK(state_of(pid) != 't' && c.pause_ns > 0);
	/* it may change from now on, so nothing is read any more */
	CHECK(!memcopy__word(c.memory, (uintptr_t)memory + SIZE / 4, &word));
	CHECK_EQ(capture__let_go(&c, why_not), 0);
	CHECK_STR(why_not, "");
	capture__clear(&c);
	/* nor does it stay when nobody lets it go */
	CHECK_EQ(take_window(pid, 0, &c, why_not), 0);
	CHECK_EQ(state_of(pid), 't');
	capture__clear(&c);
	CHECK(state_of(pid) != 't');
	end(pid);
}

static void is_killed_meanwhile(void)
{
	char why_not[CAPTURE_WHY_NOT];
	struct capture c;
	pid_t pid = start();
	uint64_t word;

	CHECK_EQ(take_window(pid, 0, &c, why_not), 0);
	kill(pid, SIGKILL);
	while (state_of(pid) != 'Z')
		usleep(1000);
	CHECK(!memcopy__word(c.memory, (uintptr_t)memory + SIZE / 2, &word));
	CHECK_EQ(capture__let_go(&c, why_not), -ESRCH);
	CHECK_STR(why_not, "it ended");
	capture__clear(&c);
	end(pid);
}

static int64_t many_blocks(bool stopped, void *arg)
{
	(void)stopped;
	(void)arg;
	return 1 << 30;
}

static int take_many(pid_t pid, uint64_t max_pause_ns, struct capture *c,
		     char why_not[CAPTURE_WHY_NOT])
{
	const struct capture_opts opts = {.max_pause_ns = max_pause_ns,
					  .max_memory = 8 * MIB,
					  .may_wait = true,
					  .note = many_blocks};

	return capture__take(pid, &opts, c, why_not);
}

/* A minute is enough to copy 64 MiB, and not to read a thousand million blocks one by one. */
static void takes_too_long_without_a_copy(void)
{
	unsigned long long size = 0, ms = 0, copy = 0, there = 0;
	char why_not[CAPTURE_WHY_NOT];
	struct capture c;
	pid_t pid = start();

	CHECK_EQ(take_many(pid, 60000000000, &c, why_not), -ETIME);
	CHECK_EQ(sscanf(why_not,
			"judging %llu MiB without a copy would stop it for about %llu ms, more "
			"than --max-pause allows; with one it takes %llu MiB of memory, %llu MiB "
			"may be taken",
			&size, &ms, &copy, &there),
		 4);
	CHECK(size >= 64 && ms > 60000 && copy > size && there == 8);
	CHECK(!c.stop && !c.memory);
	capture__clear(&c);
	end(pid);
}

static void too_many_blocks(void)
{
	char why_not[CAPTURE_WHY_NOT];
	struct capture c;
	pid_t pid = start();

	CHECK_EQ(take_many(pid, 0, &c, why_not), -ENOMEM);
	CHECK_STR(why_not,
		  "judging 1073741824 blocks takes 204800 MiB of memory, 8 MiB may be taken");
	CHECK(!c.stop && !c.memory);
	capture__clear(&c);
	end(pid);
}

int main(void)
{
	RUN(is_taken);
	RUN(is_too_much);
	RUN(takes_too_long);
	RUN(is_read_as_it_is_asked_for);
	RUN(is_killed_meanwhile);
	RUN(takes_too_long_without_a_copy);
	RUN(too_many_blocks);
	return check_done();
}
