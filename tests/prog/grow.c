/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grow MECHANISM [STEPS] - memory that grows by one mechanism, 64 KiB or so every 5 ms, and by no
 * other; after STEPS it stays as it is. Ends when $QUIT_FILE is there.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "target.h"

#define STEP (64 << 10)
#define SEGMENT_KEY 0x09998877

static void *touch(void *p, size_t bytes)
{
	if (!p || p == MAP_FAILED)
		_exit(97);
	memset(p, 1, bytes);
	return p;
}

static void step_brk(void)
{
	for (int i = 0; i < STEP / 4096; i++)
		touch(malloc(4000), 4000);
}

/* M_MMAP_THRESHOLD is 128 KiB; the first half is used. */
static void step_threshold(void)
{
	touch(malloc(2 * STEP), STEP);
}

static void step_mmap(void)
{
	touch(mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), STEP);
}

static void step_shared(void)
{
	touch(mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), STEP);
}

static void step_memfd(void)
{
	int fd = memfd_create("cache of pages", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, STEP))
		_exit(97);
	touch(mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), STEP);
	close(fd);
}

static void step_file(void)
{
	static volatile char *map;
	static size_t at;
	const size_t size = 256 << 20;
	FILE *file;

	if (!map) {
		file = tmpfile();
		if (!file || ftruncate(fileno(file), size))
			_exit(97);
		map = mmap(NULL, size, PROT_READ, MAP_SHARED, fileno(file), 0);
	}
	for (size_t end = at + STEP; at < end && at < size; at += 4096)
		(void)map[at];
}

/* The same segment attached again and again; gone with the last detach. */
static void step_sysv(void)
{
	static int id = -1;

	if (id < 0)
		id = shmget(SEGMENT_KEY, STEP, IPC_CREAT | 0600);
	touch(shmat(id, NULL, 0), STEP);
	shmctl(id, IPC_RMID, NULL);
}

static void *wait_forever(void *arg)
{
	char frame[STEP];

	touch(frame, sizeof(frame));
	for (;;)
		pause();
	return arg;
}

static void *end_at_once(void *arg)
{
	char frame[STEP];

	touch(frame, sizeof(frame));
	return arg;
}

static void start(void *(*run)(void *))
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 20);
	if (pthread_create(&thread, &attr, run, NULL))
		_exit(97);
	pthread_attr_destroy(&attr);
}

static void step_threads(void)
{
	start(wait_forever);
}

static void step_unjoined(void)
{
	start(end_at_once);
}

static void step_none(void)
{
	free(touch(malloc(STEP), STEP));
}

static const struct {
	const char *name;
	void (*step)(void);
	int in_thread; /* 2: and the main one ends */
} mechanisms[] = {
	{"brk", step_brk, 0},		{"arena", step_brk, 1},
	{"leader", step_brk, 2},	{"threshold", step_threshold, 0},
	{"mmap", step_mmap, 0},		{"shared", step_shared, 0},
	{"memfd", step_memfd, 0},	{"file", step_file, 0},
	{"sysv", step_sysv, 0},		{"threads", step_threads, 0},
	{"unjoined", step_unjoined, 0}, {"none", step_none, 0},
};

static void (*step)(void);
static unsigned long steps = 4000; /* 20 seconds, 256 MiB */

static void *grow(void *arg)
{
	const char *quit = getenv("QUIT_FILE");

	step();
	target_create("READY_FILE");
	for (int i = 0; i < 24000 && (!quit || access(quit, F_OK)); i++) {
		target_sleep_ms(5);
		if (steps && steps--)
			step();
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	for (size_t i = 0; argc > 1 && i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		if (strcmp(argv[1], mechanisms[i].name) != 0)
			continue;
		step = mechanisms[i].step;
		if (argc > 2)
			steps = strtoul(argv[2], NULL, 10);
		if (!mechanisms[i].in_thread)
			grow(NULL);
		else if (pthread_create(&thread, NULL, grow, NULL))
			return 97;
		else if (mechanisms[i].in_thread == 2)
			pthread_exit(NULL);
		else
			pthread_join(thread, NULL);
		return 0;
	}
	return 96;
}
