/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory WHAT - memory that grows by about 20 MiB after the tool has attached, for one reason each:
 *
 *	leak		blocks of 1,000 bytes that are not freed
 *	small		blocks of 24 bytes, of which a quarter is malloc's
 *	big		blocks with a mapping each
 *	retained	blocks that are all freed, under one that is not
 *	thread		the same in another thread's arena
 *	mixed		half of it leaks, half is retained
 *	mmap		a mapping of the program itself
 *	untouched	a mapping that is never written to; nothing else grows
 *	stacks		threads that use their stacks
 *	file		a file that is mapped and read
 *	reused		memory that was there before, and is allocated again; nothing grows
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#include "target.h"

#define BYTES (20 << 20)
#define BLOCK 1000

static void *touch(void *p, size_t bytes)
{
	if (!p || p == MAP_FAILED)
		_exit(97);
	memset(p, 1, bytes);
	return p;
}

static char *kept[BYTES / BLOCK];

NOINLINE static void leak(size_t bytes, size_t block)
{
	for (size_t at = 0; at + block <= bytes; at += block)
		KEEP(touch(malloc(block), block));
}

NOINLINE static void retain(size_t bytes)
{
	size_t n = bytes / BLOCK;

	for (size_t i = 0; i < n; i++)
		kept[i] = touch(malloc(BLOCK), BLOCK);
	KEEP(touch(malloc(BLOCK), BLOCK));
	for (size_t i = 0; i < n; i++)
		free(kept[i]);
}

static pthread_barrier_t used;

static void *use_stack(void *arg)
{
	char frame[1 << 20];

	touch(frame, sizeof(frame));
	pthread_barrier_wait(&used);
	for (;;)
		pause();
	return arg;
}

static void stacks(void)
{
	pthread_t thread;

	pthread_barrier_init(&used, NULL, BYTES / (1 << 20) + 1);
	for (int i = 0; i < BYTES / (1 << 20); i++)
		if (pthread_create(&thread, NULL, use_stack, NULL))
			_exit(97);
	pthread_barrier_wait(&used);
}

static void *retain_here(void *arg)
{
	retain(BYTES);
	pthread_barrier_wait(&used);
	for (;;)
		pause();
	return arg;
}

static void in_thread(void)
{
	pthread_t thread;

	pthread_barrier_init(&used, NULL, 2);
	if (pthread_create(&thread, NULL, retain_here, NULL))
		_exit(97);
	pthread_barrier_wait(&used);
}

static void read_file(void)
{
	FILE *file = tmpfile();
	volatile char *map;

	if (!file || ftruncate(fileno(file), BYTES))
		_exit(97);
	map = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fileno(file), 0);
	for (size_t at = 0; map != MAP_FAILED && at < BYTES; at += 4096)
		(void)map[at];
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "reused"))
		retain(BYTES);
	target_ready();
	if (!strcmp(what, "leak"))
		leak(BYTES, BLOCK);
	else if (!strcmp(what, "small"))
		leak(BYTES, 24);
	else if (!strcmp(what, "big"))
		leak(BYTES, 1 << 20);
	else if (!strcmp(what, "retained"))
		retain(BYTES);
	else if (!strcmp(what, "thread"))
		in_thread();
	else if (!strcmp(what, "mixed"))
		leak(BYTES / 2, 1 << 20), retain(BYTES / 2);
	else if (!strcmp(what, "mmap"))
		KEEP(touch(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0),
			   BYTES));
	else if (!strcmp(what, "untouched"))
		KEEP(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	else if (!strcmp(what, "stacks"))
		stacks();
	else if (!strcmp(what, "file"))
		read_file();
	else if (!strcmp(what, "reused"))
		leak(BYTES / 2, BLOCK);
	else
		return 96;
	target_done();
	return 0;
}
