/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mappings - mmap, munmap, mremap and brk called by the program itself.
 *
 * glibc's mmap, munmap and brk are leaf functions without a frame, so callers are told by the
 * return address; mremap has a frame, but keeps the stack of the mapping it moves.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "target.h"

#define PAGE 4096UL
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Room for MAP_FIXED that nothing else takes: found by a mapping that is gone again. */
static char *room_free(unsigned long pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_NONE, ANON, -1, 0);

	if (p == MAP_FAILED || munmap(p, pages * PAGE))
		_exit(91);
	return p;
}

NOINLINE static void map_plain(void)
{
	LEAK(mmap(NULL, 5 * PAGE, RW, ANON, -1, 0), 5 * PAGE, 1);
	expect_entry(__func__, "mmap");
}

NOINLINE static void map_shared(void)
{
	LEAK(mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 4 * PAGE, 1);
}

NOINLINE static void map_rounded(void)
{
	LEAK(mmap(NULL, 5000, RW, ANON, -1, 0), 2 * PAGE, 1);
}

NOINLINE static void map_fails(void)
{
	KEEP(mmap(NULL, target_huge, RW, ANON, -1, 0));
	EXPECT_NONE();
}

NOINLINE static void map_freed(void)
{
	char *p = mmap(NULL, 5 * PAGE, RW, ANON, -1, 0);

	munmap(p, 5 * PAGE);
	EXPECT_NONE();
}

NOINLINE static void map_freed_in_pieces(void)
{
	char *p = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);

	munmap(p + 1 * PAGE, 1);
	munmap(p, PAGE);
	munmap(p + 2 * PAGE, PAGE);
	EXPECT_NONE();
}

NOINLINE static void map_of_a_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	KEEP(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);
	EXPECT_NONE();
}

NOINLINE static void unmap_fails(void)
{
	char *p;

	LEAK(p = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0), 2 * PAGE, 1);
	if (!munmap(p + 1, PAGE))
		_exit(90);
}

NOINLINE static void unmap_middle(void)
{
	char *p;

	LEAK(p = mmap(NULL, 10 * PAGE, RW, ANON, -1, 0), 7 * PAGE, 1);
	munmap(p + 4 * PAGE, 3 * PAGE);
}

/* Two neighbours and the hole behind them lose pages by one call. */
NOINLINE static void unmap_across(void)
{
	char *room = room_free(16);

	KEEP(mmap(room, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	KEEP(mmap(room + 4 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	KEEP(mmap(room + 10 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	munmap(room + 2 * PAGE, 9 * PAGE);
	expect(__func__, (2 + 3) * PAGE, 2);
}

static char *fixed_at;

NOINLINE static void fixed_old(void)
{
	LEAK(fixed_at = mmap(NULL, 6 * PAGE, RW, ANON, -1, 0), 4 * PAGE, 1);
}

NOINLINE static void fixed_new(void)
{
	LEAK(mmap(fixed_at + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0), 2 * PAGE, 1);
}

NOINLINE static void fixed_covered(void)
{
	fixed_at = mmap(NULL, 6 * PAGE, RW, ANON, -1, 0);
	EXPECT_NONE();
}

NOINLINE static void fixed_covers(void)
{
	LEAK(mmap(fixed_at, 6 * PAGE, RW, ANON | MAP_FIXED, -1, 0), 6 * PAGE, 1);
}

/* A file over anonymous memory frees it. */
NOINLINE static void fixed_covered_by_file(void)
{
	char *p;
	int fd = open("/proc/self/exe", O_RDONLY);

	LEAK(p = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0), 2 * PAGE, 1);
	KEEP(mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0));
	close(fd);
}

NOINLINE static void remap_grown(void)
{
	char *p;

	LEAK(p = mmap(NULL, 2 * PAGE, RW, ANON, -1, 0), 20 * PAGE, 1);
	KEEP(mremap(p, 2 * PAGE, 20 * PAGE, MREMAP_MAYMOVE));
}

NOINLINE static void remap_shrunk(void)
{
	char *p;

	LEAK(p = mmap(NULL, 8 * PAGE, RW, ANON, -1, 0), 3 * PAGE, 1);
	KEEP(mremap(p, 8 * PAGE, 3 * PAGE, 0));
}

NOINLINE static void remap_moved(void)
{
	char *room = room_free(8), *p;

	LEAK(p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0), 4 * PAGE, 1);
	KEEP(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room));
}

NOINLINE static void remap_moved_and_freed(void)
{
	char *room = room_free(8);
	char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);

	KEEP(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room));
	munmap(room, 8 * PAGE);
	EXPECT_NONE();
}

NOINLINE static void remap_fails(void)
{
	char *p;

	LEAK(p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0), 4 * PAGE, 1);
	if (mremap(p, 4 * PAGE, target_huge, MREMAP_MAYMOVE) != MAP_FAILED)
		_exit(89);
}

/* What malloc maps for a block is malloc's: one block, no mapping beside it. */
NOINLINE static void malloc_maps(void)
{
	LEAK(malloc(4 << 20), 4 << 20, 1);
	expect_entry(__func__, "malloc");
}

NOINLINE static void malloc_maps_and_frees(void)
{
	void *p = malloc(4 << 20);

	KEEP(p);
	free(p);
	EXPECT_NONE();
}

NOINLINE static void break_grown(void)
{
	char *old = sbrk(0);

	LEAK(brk(old + 16 * PAGE) ? NULL : old, 16 * PAGE, 1);
	expect_entry(__func__, "brk");
}

NOINLINE static void break_grown_and_shrunk(void)
{
	char *old = sbrk(0);

	LEAK(brk(old + 12 * PAGE) ? NULL : old, 5 * PAGE, 1);
	if (brk(old + 5 * PAGE))
		_exit(88);
}

static volatile int thread_runs, thread_ends;

static void *thread_waits(void *arg)
{
	thread_runs = 1;
	while (!thread_ends)
		target_sleep_ms(5);
	return arg;
}

/* A thread's stack is the thread's; a report may show it, but must call it so. */
NOINLINE static void stack_of_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_waits, NULL))
		_exit(96);
	while (!thread_runs)
		target_sleep_ms(5);
}

/*
 * glibc's free makes a thread's cache, and with it the arena's 64 MiB, if it is the first thing a
 * thread calls.
 */
NOINLINE static void *thread_frees_first(void *arg)
{
	free(arg);
	return NULL;
}

static void freed_by_threads(void)
{
	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_frees_first, malloc(100)))
			_exit(96);
		pthread_join(thread, NULL);
	}
	expect("thread_frees_first", 0, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "thread")) {
		target_ready();
		freed_by_threads();
		stack_of_a_thread();
		map_plain();
		target_done();
		_exit(0);
	}
	target_ready();
	map_plain();
	map_shared();
	map_rounded();
	map_fails();
	map_freed();
	map_freed_in_pieces();
	map_of_a_file();
	unmap_fails();
	unmap_middle();
	unmap_across();
	fixed_old();
	fixed_new();
	fixed_covered();
	fixed_covers();
	fixed_covered_by_file();
	remap_grown();
	remap_shrunk();
	remap_moved();
	remap_moved_and_freed();
	remap_fails();
	malloc_maps();
	malloc_maps_and_frees();
	break_grown();
	break_grown_and_shrunk();
	expect_nothing_else();
	target_done();
	return 0;
}
