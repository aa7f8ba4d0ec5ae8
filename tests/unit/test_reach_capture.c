/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a process is not stopped at all: for too long, or for too much memory. */
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
	const struct capture_opts opts = {.memory = 1ULL << 40};
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
	const struct capture_opts opts = {.memory = 70 * MIB};
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
	const struct capture_opts opts = {.max_pause_ns = 1000000, .memory = 1ULL << 40};
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

int main(void)
{
	RUN(is_taken);
	RUN(is_too_much);
	RUN(takes_too_long);
	return check_done();
}
