/* SPDX-License-Identifier: GPL-2.0-or-later */
/* glibc: arenas read from outside, against what malloc says of itself (mallinfo2). */
#include "check.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maps/facts.h"
#include "maps/gather.h"
#include "maps/layout.h"
#include "proc/procmem.h"
#include "proc/smaps.h"
#include "target/glibc.h"

#define THREADS 3
#define BLOCKS 3000
#define MAPPED (1 << 20)
#define N_MAPPED 5

struct said {
	uint64_t free_bytes, system, mapped, n_mapped;
	uint64_t anchor[THREADS + 1]; /* a block of each arena */
	uint64_t thread_stack[THREADS];
	uint64_t joined_stack; /* of a thread that was joined */
	uint64_t ended_stack;  /* of one that was not */
	uint64_t big;	       /* a block with a mapping of its own */
	int32_t tid[THREADS];
};

static struct said said;
static pthread_barrier_t ready;

/* Leaves free chunks of many sizes among used ones, in all kinds of bins. */
static uint64_t scatter(unsigned int seed)
{
	static __thread char *block[BLOCKS];
	int i;

	for (i = 0; i < BLOCKS; i++) {
		seed = seed * 1103515245 + 12345;
		block[i] = malloc((seed >> 16) % (i % 10 ? 400 : 20000));
	}
	for (i = 0; i < BLOCKS; i++)
		if (i % 3)
			free(block[i]);
	return (uint64_t)(uintptr_t)block[0];
}

static void *in_thread(void *arg)
{
	size_t i = (size_t)arg;

	said.tid[i] = gettid();
	said.thread_stack[i] = (uint64_t)(uintptr_t)&i;
	said.anchor[i + 1] = scatter(i + 1);
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return NULL;
}

static void *end_at_once(void *arg)
{
	*(uint64_t *)arg = (uint64_t)(uintptr_t)&arg;
	return NULL;
}

/* One that is joined, and one that is not, and has ended. */
static void leave_stacks(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	char path[64];

	pthread_attr_init(&attr);
	/* none of the sizes that others are given, so that they do not take it */
	pthread_attr_setstacksize(&attr, 1 << 20);
	pthread_create(&thread, &attr, end_at_once, &said.ended_stack);
	while (!__atomic_load_n(&said.ended_stack, __ATOMIC_ACQUIRE))
		;
	/* its id goes with it; ours is the only other thread */
	for (int tid = getpid() + 1; tid < getpid() + 100; tid++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
		while (!access(path, F_OK))
			usleep(1000);
	}
	pthread_create(&thread, &attr, end_at_once, &said.joined_stack);
	pthread_join(thread, NULL);
}

/* Run as a program of its own: has arenas of a known state, says so on descriptor 3, stops. */
static int be_target(void)
{
	pthread_t thread;
	struct mallinfo2 info;
	size_t i;

	leave_stacks();
	pthread_barrier_init(&ready, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, in_thread, (void *)i);
	said.anchor[0] = scatter(77);
	for (i = 0; i < N_MAPPED; i++)
		said.big = (uint64_t)(uintptr_t)malloc(MAPPED);
	pthread_barrier_wait(&ready);
	info = mallinfo2();
	said.free_bytes = info.fordblks;
	said.system = info.arena;
	said.mapped = info.hblkhd;
	said.n_mapped = info.hblks;
	if (write(3, &said, sizeof(said)) != sizeof(said))
		return 1;
	raise(SIGSTOP);
	return 0;
}

/* -1: there is nothing to see here. */
static pid_t start_target(struct said *s)
{
	int fd[2];
	pid_t pid;

#ifdef __SANITIZE_ADDRESS__
	SKIP("malloc is the sanitizer's");
	return -1;
#endif
	if (pipe(fd))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(fd[1], 3);
		/* the largest threshold for mmap is fixed, so that big blocks have mappings */
		setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072", 1);
		execl("/proc/self/exe", "target", "target", NULL);
		_exit(127);
	}
	close(fd[1]);
	CHECK_EQ(read(fd[0], s, sizeof(*s)), sizeof(*s));
	close(fd[0]);
	waitpid(pid, NULL, WUNTRACED);
	return pid;
}

static void end_target(pid_t pid, struct procmem *mem, struct smaps *s)
{
	procmem__close(mem);
	smaps__clear(s);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void free_memory_is_what_malloc_says(void)
{
	struct procmem mem;
	struct glibc_free f;
	struct smaps s;
	pid_t pid = start_target(&said);

	if (pid < 0)
		return;
	procmem__open(&mem, pid);
	CHECK_EQ(smaps__read(pid, &s), 0);
	CHECK_EQ(glibc__free_memory(&mem, &s, 1000000, &f), 0);
	CHECK(f.known && !f.at_least);
	CHECK_EQ(f.arenas, THREADS + 1);
	CHECK_EQ(f.system, said.system);
	CHECK_EQ(f.bytes, said.free_bytes);
	CHECK(f.chunks > 100 && f.bytes > f.top);
	/* with too little patience: no more than there is, and it says so */
	CHECK_EQ(glibc__free_memory(&mem, &s, 100, &f), 0);
	CHECK(f.known && f.at_least && f.chunks == 100 && f.bytes < said.free_bytes);
	end_target(pid, &mem, &s);
}

static const struct region *region_at(const struct layout *l, uint64_t addr)
{
	for (size_t i = 0; i < l->n; i++)
		if (addr >= l->region[i].vma->map.start && addr < l->region[i].vma->map.end)
			return &l->region[i];
	return NULL;
}

static void every_block_lies_in_its_arena(void)
{
	const struct region *r;
	struct procmem mem;
	struct facts facts;
	struct layout l;
	struct smaps s;
	char words[64];
	bool denied;
	pid_t pid = start_target(&said);

	if (pid < 0)
		return;
	procmem__open(&mem, pid);
	CHECK_EQ(smaps__read(pid, &s), 0);
	CHECK_EQ(facts__gather(pid, &s, &facts, &denied), 0);
	CHECK(!denied);
	CHECK_EQ(layout__make(&s, &facts, &l), 0);
	r = region_at(&l, said.anchor[0]);
	CHECK(r && r->kind == MAP_HEAP);
	r = region_at(&l, said.big);
	CHECK(r && r->kind == MAP_ANON && !strcmp(r->object, LAYOUT_MALLOC));
	r = region_at(&l, said.joined_stack);
	CHECK(r && r->kind == MAP_STACK && !strcmp(r->object, LAYOUT_ENDED) &&
	      strstr(r->detail, "was joined"));
	r = region_at(&l, said.ended_stack);
	CHECK(r && r->kind == MAP_STACK && !strcmp(r->object, LAYOUT_ENDED) &&
	      !strstr(r->detail, "was joined"));
	for (size_t i = 0; i < THREADS; i++) {
		r = region_at(&l, said.anchor[i + 1]);
		CHECK(r && r->kind == MAP_ARENA);
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(region_at(&l, said.anchor[k + 1])->object, r->object) != 0);
		r = region_at(&l, said.thread_stack[i]);
		CHECK(r && r->kind == MAP_STACK);
		snprintf(words, sizeof(words), "thread %d (", said.tid[i]);
		CHECK(r && !strncmp(r->detail, words, strlen(words)));
	}
	layout__clear(&l);
	facts__clear(&facts);
	end_target(pid, &mem, &s);
}

static void not_glibc(void)
{
	static const char zeros[1 << 16];
	struct procmem mem;
	struct glibc_free f;
	struct smaps s = {0};

	/* nothing is known of a process without mappings, or that is not there */
	procmem__open(&mem, 0x7fffffff);
	CHECK_EQ(glibc__free_memory(&mem, &s, 100, &f), 0);
	CHECK(!f.known && !f.bytes);
	CHECK(!procmem__read(&mem, (uint64_t)(uintptr_t)zeros, &f, sizeof(f)));
	procmem__close(&mem);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "target"))
		return be_target();
	RUN(free_memory_is_what_malloc_says);
	RUN(every_block_lies_in_its_arena);
	RUN(not_glibc);
	return check_done();
}
