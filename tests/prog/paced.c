/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paced MECHANISM [RATE] - gets larger by RATE bytes a second (4M), in one way, or only seems to.
 * For two minutes at most, until $QUIT_FILE is there.
 *
 * What is due depends on the time that has passed, not on how often it had a turn: the growth is a
 * straight line on a busy machine, too.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "target.h"

#define STEP_MS 10
#define LIFE_S 120
#define PAGE 4096
#define SMALL 200	    /* bytes: from the heap */
#define LARGE (512 << 10)   /* above M_MMAP_THRESHOLD */
#define SEGMENT (256 << 10) /* of shared memory */
#define STACK (64 << 10)    /* of a thread, all touched */
#define KEY 0x0bf5eed5	    /* of the segment that is attached again and again */
#define CACHE (4UL << 20)   /* that is what the bounded ones grow to */
#define MAX_THREADS 8000
#define WATCHES 500
#define MAX_SEGMENTS 3000

static unsigned long rate = 4UL << 20;
static int segments[MAX_SEGMENTS], n_segments;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void grow_small(void)
{
	memset(malloc(SMALL), 1, SMALL);
}

static void grow_large(void)
{
	memset(malloc(LARGE), 1, LARGE);
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

/* Neighbours are merged into one mapping: the number of mappings is limited. */
static void grow_mmap(void)
{
	memset(map(SEGMENT), 1, SEGMENT);
}

static void *thread(void *unused)
{
	volatile char stack[STACK];
	size_t i;

	for (i = 0; i < sizeof(stack); i += PAGE)
		stack[i] = 1;
	return unused;
}

/* Threads that end, and that nobody joins: of their stacks the last pages used stay. */
static void grow_stacks(void)
{
	static int n;
	pthread_t t;

	if (n++ < MAX_THREADS && pthread_create(&t, NULL, thread, NULL))
		fail("pthread_create");
}

/* They outlive the process: whatever ends it has to remove them first. */
static void end_segments(void)
{
	while (n_segments)
		shmctl(segments[--n_segments], IPC_RMID, NULL);
}

static void *attach_new(void)
{
	int id = n_segments < MAX_SEGMENTS ? shmget(IPC_PRIVATE, SEGMENT, IPC_CREAT | 0600) : -1;
	void *p;

	if (id < 0)
		fail("shmget");
	segments[n_segments++] = id;
	p = shmat(id, NULL, 0);
	if (p == (void *)-1)
		fail("shmat");
	return memset(p, 1, SEGMENT);
}

/* Segments that stay attached. */
static void grow_shm(void)
{
	attach_new();
}

/* Segments that nobody is attached to, but that are still there. */
static void grow_orphans(void)
{
	shmdt(attach_new());
}

/* One segment, attached again and again. */
static void grow_attach(void)
{
	void *p;

	if (!n_segments) {
		segments[0] = shmget(KEY, SEGMENT, IPC_CREAT | 0600);
		if (segments[0] < 0)
			fail("shmget");
		n_segments = 1;
	}
	p = shmat(segments[0], NULL, 0);
	if (p == (void *)-1)
		fail("shmat");
	memset(p, 1, SEGMENT);
}

/* Files that only this process knows, not mapped. */
static void grow_memfd(void)
{
	static char content[SEGMENT] = {1};
	int fd = memfd_create("message", 0);

	if (fd < 0 || write(fd, content, sizeof(content)) != sizeof(content))
		fail("memfd");
}

/* Files on a disk: the page cache grows. */
static void grow_file(void)
{
	static char content[SEGMENT] = {1};
	static int fd = -1;

	if (fd < 0) {
		const char *path = getenv("GROW_FILE");

		fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	}
	if (fd < 0 || write(fd, content, sizeof(content)) != sizeof(content))
		fail("GROW_FILE");
}

/* A cache with a bound. */
static void grow_cache(void)
{
	static unsigned long full;

	if (full < CACHE)
		memset(map(SEGMENT), 1, SEGMENT);
	full += SEGMENT;
}

/* Small blocks come and go, but one in a page stays: nothing is lost, and little can be given back.
 */
static void grow_fragments(void)
{
	static char *block[CACHE / SMALL];
	static size_t n, round;
	size_t i, per_page = PAGE / SMALL;

	for (i = 0; i < per_page; i++, n++) {
		if (n == CACHE / SMALL) {
			n = 0;
			round++;
		}
		if (round && n % per_page) {
			free(block[n]);
			block[n] = NULL;
		}
		if (!round || (round > 1 && n % per_page)) {
			block[n] = malloc(SMALL);
			memset(block[n], 1, SMALL);
		}
	}
}

/*
 * Watches of epoll: an object of the kernel each (struct epitem, 128 bytes), for each pair of two
 * descriptors, of which a process may have far less.
 */
static void grow_kernel(void)
{
	static int watched[WATCHES], epoll = -1;
	static size_t n_watched, next = WATCHES;
	struct epoll_event event = {.events = EPOLLIN};

	while (n_watched < WATCHES) {
		watched[n_watched] = eventfd(0, 0);
		if (watched[n_watched++] < 0)
			fail("eventfd");
	}
	if (next == WATCHES) {
		epoll = epoll_create1(0);
		next = 0;
	}
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, watched[next++], &event))
		fail("epoll");
}

static void grow_not(void)
{
}

static const struct {
	const char *name;
	void (*grow)(void);
	unsigned long bytes;
} mechanisms[] = {
	{"small", grow_small, SMALL},
	{"large", grow_large, LARGE},
	{"mmap", grow_mmap, SEGMENT},
	{"stacks", grow_stacks, STACK},
	{"shm", grow_shm, SEGMENT},
	{"orphans", grow_orphans, SEGMENT},
	{"attach", grow_attach, SEGMENT},
	{"memfd", grow_memfd, SEGMENT},
	{"file", grow_file, SEGMENT},
	{"cache", grow_cache, SEGMENT},
	{"fragments", grow_fragments, PAGE},
	{"kernel", grow_kernel, 128},
	{"not", grow_not, PAGE},
};

static unsigned long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000 + (unsigned long long)ts.tv_nsec / 1000000;
}

static void quit_now(int signal)
{
	(void)signal;
	exit(0);
}

int main(int argc, char **argv)
{
	const char *quit = getenv("QUIT_FILE");
	unsigned long long start = now_ms(), done = 0, ms;
	struct rlimit files;
	size_t i;

	if (argc > 2)
		rate = strtoul(argv[2], NULL, 0);
	for (i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++)
		if (argc > 1 && !strcmp(mechanisms[i].name, argv[1]))
			break;
	if (i == sizeof(mechanisms) / sizeof(*mechanisms)) {
		fprintf(stderr, "paced: which mechanism?\n");
		return 2;
	}
	atexit(end_segments);
	signal(SIGTERM, quit_now);
	getrlimit(RLIMIT_NOFILE, &files); /* memfds */
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	target_create("READY_FILE");
	while ((ms = now_ms() - start) < LIFE_S * 1000ULL && !(quit && !access(quit, F_OK))) {
		for (; done < rate / 1000.0 * ms; done += mechanisms[i].bytes)
			mechanisms[i].grow();
		target_sleep_ms(STEP_MS);
	}
	return 0;
}
