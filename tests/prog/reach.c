/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach - ways to hold and to lose pointers, in C. See reach.h. */
#include "reach.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

struct node {
	struct node *next, *other;
	uint64_t payload[2];
};

static struct node *node(struct node *next)
{
	struct node *n = block(sizeof(*n));

	n->next = next;
	return n;
}

static struct node *list(int length)
{
	struct node *first = NULL;

	while (length--)
		first = node(first);
	return first;
}

/* --- one block --- */

static void global_start(void)
{
	keep[0] = block(100);
}

static void global_interior(void)
{
	keep[0] = (char *)block(200) + 64;
}

static void last_byte(void)
{
	keep[0] = (char *)block(200) + 199;
}

static void past_the_end(void)
{
	keep[0] = (char *)block(200) + 200;
}

static void lost(void)
{
	sink = block(100);
}

/* Their last word is where the next chunk begins, which free lists point to. */
static void lost_beside_free(void)
{
	void *free_later[8];
	int i;

	for (i = 0; i < 8; i++) {
		sink = block(24);
		free_later[i] = block(2000);
		sink = block(40);
	}
	for (i = 0; i < 8; i++)
		free(free_later[i]);
	memset(free_later, 0, sizeof(free_later));
	sink = block(24);
}

static void empty_kept(void)
{
	keep[0] = malloc(0);
}

static void empty_lost(void)
{
	sink = malloc(0);
}

static void unaligned_word(void)
{
	static char packed[32];
	void *p = block(100);

	memcpy(packed + 3, &p, sizeof(p));
	sink = packed;
}

static void hidden_word(void)
{
	keep[0] = (void *)((uintptr_t)block(100) ^ (uintptr_t)-1);
}

static void last_word_of_odd_block(void)
{
	char *holder = block(29);

	put(holder + 16, block(50));
	put(holder + 8, block(60));
	keep[0] = holder;
}

static void huge_lost(void)
{
	sink = block(3 << 20);
}

static void huge_kept(void)
{
	char *p = block(3 << 20);

	put(p + (2 << 20), block(10));
	keep[0] = p;
}

static void huge_interior(void)
{
	keep[0] = (char *)block(3 << 20) + (1 << 20);
}

static void allocated_aligned(void)
{
	void *p = NULL;

	if (posix_memalign(&p, 256, 1000))
		abort();
	memset(p, 0, 1000);
	sink = p;
	p = aligned_alloc(64, 640);
	memset(p, 0, 640);
	keep[0] = p;
	p = memalign(4096, 4096);
	memset(p, 0, 4096);
	keep[1] = (char *)p + 100;
}

static void moved_by_realloc(void)
{
	void *old = block(100);
	uintptr_t hidden = ~(uintptr_t)old;

	sink = block(100); /* so that it cannot grow in place */
	sink = NULL;
	sink = realloc(old, 5000);
	memset(sink, 0, 5000);
	keep[0] = (void *)hidden;
}

static void grown_in_place(void)
{
	void *p = block(100);

	keep[0] = p = realloc(p, 120);
	memset(p, 0, 120);
	put(keep[0], block(30));
}

static void copied_strings(void)
{
	char *p = NULL;

	sink = strdup("twenty-one characters");
	if (asprintf(&p, "%d", 12345678) != 8)
		abort();
	keep[0] = p;
}

/* --- many blocks --- */

static void list_lost(void)
{
	sink = list(10);
}

static void list_kept(void)
{
	keep[0] = list(10);
}

static void list_from_its_middle(void)
{
	struct node *n = list(10);

	keep[0] = n->next->next->next;
}

static void list_long(void)
{
	sink = list(20000);
}

static void list_long_kept(void)
{
	keep[0] = list(20000);
}

static void ring_lost(void)
{
	struct node *last = node(NULL), *n = last;
	int i;

	for (i = 0; i < 5; i++)
		n = node(n);
	last->next = n;
}

static void ring_kept(void)
{
	struct node *last = node(NULL);

	last->next = node(node(last));
	keep[0] = last;
}

static void ring_with_a_tail(void)
{
	struct node *last = node(NULL);

	last->next = node(node(last));
	last->other = list(4);
}

static void ring_under_a_lost_one(void)
{
	struct node *last = node(NULL);

	last->next = node(node(last));
	sink = node(last);
}

/* Not at its first block, and from behind it. */
static void ring_entered_elsewhere(void)
{
	struct node *ring = node(NULL), *second = node(ring);

	ring->next = second;
	sink = node(second);
}

static void points_to_itself(void)
{
	struct node *n = node(NULL);

	n->next = n;
}

static struct node *tree(int depth)
{
	struct node *n = node(depth ? tree(depth - 1) : NULL);

	n->other = depth ? tree(depth - 1) : NULL;
	return n;
}

static void tree_lost(void)
{
	sink = tree(6);
}

static void tree_kept(void)
{
	keep[0] = tree(6);
}

static void branch_lost(void)
{
	struct node *n = tree(6);

	keep[0] = n;
	n->other = NULL;
}

static void two_lost_share(void)
{
	struct node *shared = list(3);

	sink = node(shared);
	sink = node(shared);
}

static void lost_and_kept_share(void)
{
	struct node *shared = list(3);

	sink = node(shared);
	keep[0] = node(shared);
}

static void lost_points_inside(void)
{
	sink = node((void *)((char *)block(100) + 40));
}

static void inside_of_inside(void)
{
	struct node *n = node((void *)((char *)block(100) + 40));

	keep[0] = &n->payload;
}

static void kept_points_inside(void)
{
	keep[0] = node((void *)((char *)block(100) + 40));
}

static void start_below_interior(void)
{
	struct node *n = list(4);

	keep[0] = &n->payload;
}

/* Found by an interior-pointer first, then by a start-pointer: with all that it leads to. */
static void interior_then_start(void)
{
	struct node *n = list(4);

	keep[0] = &n->payload;
	keep[1] = n;
}

static void hash_table(void)
{
	struct node **table = block(64 * sizeof(*table));
	int i;

	for (i = 0; i < 500; i++)
		table[i % 64] = node(table[i % 64]);
	keep[0] = table;
}

static void hash_table_lost(void)
{
	hash_table();
	keep[0] = NULL;
}

/* --- blocks that were freed --- */

static void freed_holder(void)
{
	struct node *n = node((void *)block(100));

	n->other = (void *)block(50);
	n->payload[0] = (uintptr_t)block(70);
	keep[0] = n;
	free(n);
}

static void freed_large_holder(void)
{
	char *holder = block(5000), *behind = block(10);
	int i;

	for (i = 5; i < 600; i++)
		put(holder + 8 * i, i % 100 ? NULL : block(100 + i));
	free(holder);
	keep[0] = holder;
	keep[1] = behind;
}

static void freed_huge_holder(void)
{
	char *holder = block(3 << 20);

	put(holder + 4096, block(100));
	free(holder);
}

static void freed_and_used_again(void)
{
	char *holder = block(64);

	put(holder + 24, block(100));
	free(holder);
	keep[0] = calloc(1, 64); /* the same memory, cleared */
}

/*
 * The same, but what is in the new block is what was left there. Memcheck follows only words that
 * have been written since (manual, 4.2.8: "the leak checker ... only ... initialised data").
 */
static void left_in_a_new_block(void)
{
	char *holder = block(64);

	put(holder + 24, block(100));
	free(holder);
	keep[0] = malloc(64);
}

/* --- heuristics, by hand --- */

static void length_before(void)
{
	uint64_t *p = block(108);

	*p = 100;
	keep[0] = p + 1;
}

static void length_wrong(void)
{
	uint64_t *p = block(108);

	*p = 99;
	keep[0] = p + 1;
}

static void count_before(void)
{
	uint64_t *p = block(8 + 5 * 24);

	*p = 5;
	keep[0] = p + 1;
}

static void count_wrong(void)
{
	uint64_t *p = block(8 + 5 * 24);

	*p = 7;
	keep[0] = p + 1;
}

static void text_behind_its_head(void)
{
	uint64_t *p = block(24 + 40 + 1);

	p[0] = 11;
	p[1] = 40;
	keep[0] = p + 3;
}

static void text_longer_than_its_room(void)
{
	uint64_t *p = block(24 + 40 + 1);

	p[0] = 41;
	p[1] = 40;
	keep[0] = p + 3;
}

/* --- where pointers are --- */

static __thread void *volatile thread_variable;

static void in_thread_variable(void)
{
	thread_variable = block(100);
}

static NOINLINE void deep(int depth)
{
	void *volatile slot[64];

	memset((void *)slot, 0, sizeof(slot));
	slot[20] = block(100);
	if (depth)
		deep(depth - 1);
	sink = slot[20];
}

static void below_the_stack(void)
{
	deep(3);
}

static void in_a_frame_that_lives(void)
{
	void *volatile slot = block(100);

	sink = NULL;
	scrub();
	exit(slot ? 0 : 1);
}

static void in_a_register(void)
{
	void *p = block(100);

	sink = NULL;
	scrub();
	__asm__ volatile("mov %0, %%rbx\n\t"
			 "xor %0, %0\n\t"
			 "xor %%edi, %%edi\n\t"
			 "sub $128, %%rsp\n\t"
			 "and $-16, %%rsp\n\t"
			 "call _exit@PLT"
			 : "+r"(p)
			 :
			 : "rbx", "rdi", "memory");
}

static void in_own_mapping(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	put(p + 5000, block(100));
}

static void in_shared_memory(void)
{
	char *p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	put(p + 5000, block(100));
}

static void in_mapped_file(void)
{
	char name[] = "/tmp/memleak-bpf-reach.XXXXXX", *p;
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) || ftruncate(fd, 8192))
		abort();
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	put(p + 5000, block(100));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	put(p + 128, block(50));
	close(fd);
}

static void in_sealed_mapping(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	put(p + 16, block(100));
	mprotect(p, 8192, PROT_READ);
}

static void in_unmapped_memory(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	put(p + 16, block(100));
	munmap(p, 8192);
}

static void in_dropped_pages(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	put(p + 16, block(100));
	put(p + 5000, block(60));
	madvise(p, 4096, MADV_DONTNEED);
}

static void **open_plug(void **handle)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	if (n <= 0)
		abort();
	path[n] = '\0';
	strcpy(strrchr(path, '/'), "/libreach_plug.so");
	*handle = dlopen(path, RTLD_NOW);
	return *handle ? dlsym(*handle, "reach_slot") : NULL;
}

static void in_opened_library(void)
{
	void *handle, **slot = open_plug(&handle);

	*slot = block(100);
}

static void in_closed_library(void)
{
	void *handle, **slot = open_plug(&handle);

	*slot = block(100);
	dlclose(handle);
}

static pthread_key_t key;

static void in_thread_specific(void)
{
	pthread_key_create(&key, NULL);
	pthread_setspecific(key, block(100));
}

/* From the 33rd key on the C library takes a block for them. */
static void in_many_thread_specifics(void)
{
	int i;

	for (i = 0; i < 40; i++) {
		pthread_key_create(&key, NULL);
		pthread_setspecific(key, block(100));
	}
}

static void in_environment(void)
{
	clearenv(); /* valgrind adds some */
	setenv("REACH", "a value that the C library copies", 1);
	unsetenv("REACH");
	setenv("REACH", "another one, in place of that", 1);
}

static void in_open_streams(void)
{
	FILE *f = fopen("/proc/version", "r");
	char *line = NULL;
	size_t size = 0;

	if (!f || getline(&line, &size, f) < 0)
		abort();
	keep[0] = opendir("/");
	keep[1] = line;
}

/* Only some registers are mangled in it. */
static jmp_buf place __attribute__((used));

static void in_jump_buffer(void)
{
	void *p = block(100);

	__asm__ volatile("mov %0, %%r12\n\t"
			 "lea place(%%rip), %%rdi\n\t"
			 "call _setjmp@PLT"
			 : "+r"(p)
			 :
			 : "r12", "rax", "rdi", "rsi", "rcx", "rdx", "r8", "r9", "r10", "r11", "cc",
			   "memory");
}

/* --- contexts --- */

static ucontext_t main_context, other_context;

static NOINLINE void coroutine(void)
{
	void *volatile slot = block(100);

	swapcontext(&other_context, &main_context);
	sink = slot;
}

static void run_coroutine(void *stack, size_t size)
{
	getcontext(&other_context);
	other_context.uc_stack.ss_sp = stack;
	other_context.uc_stack.ss_size = size;
	makecontext(&other_context, coroutine, 0);
	swapcontext(&main_context, &other_context);
}

static void on_mapped_coroutine(void)
{
	run_coroutine(mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		      65536);
}

static void on_heap_coroutine(void)
{
	keep[0] = block(65536);
	run_coroutine(keep[0], 65536);
}

static void on_lost_coroutine(void)
{
	run_coroutine(block(65536), 65536);
	memset(&other_context, 0, sizeof(other_context));
	memset(&main_context, 0, sizeof(main_context));
}

/* --- threads --- */

static pthread_barrier_t barrier;

static void meet(void)
{
	pthread_barrier_wait(&barrier);
}

static void stay(void)
{
	meet();
	for (;;)
		pause();
}

static pthread_t start(void *(*fn)(void *), void *arg, int n_threads)
{
	pthread_t t;

	pthread_barrier_init(&barrier, NULL, n_threads + 1);
	if (pthread_create(&t, NULL, fn, arg))
		abort();
	return t;
}

static void *hold_on_stack(void *arg)
{
	void *volatile slot = block(100);

	stay();
	return slot ? arg : NULL;
}

static void on_other_stack(void)
{
	start(hold_on_stack, NULL, 1);
	meet();
}

static void *hold_in_variable(void *arg)
{
	thread_variable = block(100);
	stay();
	return arg;
}

static void in_other_thread_variable(void)
{
	start(hold_in_variable, NULL, 1);
	meet();
}

static void *hold_specific(void *arg)
{
	pthread_key_create(&key, NULL);
	pthread_setspecific(key, block(100));
	stay();
	return arg;
}

static void in_other_thread_specific(void)
{
	start(hold_specific, NULL, 1);
	meet();
}

static void *use_and_end(void *arg)
{
	void *volatile slot[16];

	memset((void *)slot, 0, sizeof(slot));
	slot[5] = block(100);
	thread_variable = block(60);
	sink = slot[5];
	sink = NULL;
	return arg;
}

static void on_ended_stack(void)
{
	pthread_join(start(use_and_end, NULL, 1), NULL);
}

static volatile int given;

static void *give_back(void *arg)
{
	arg = block(100);
	given = 1;
	return arg;
}

static void result_not_fetched(void)
{
	start(give_back, NULL, 1);
	while (!given)
		usleep(1000);
	usleep(100000);
}

static void result_fetched(void)
{
	void *result;

	pthread_join(start(give_back, NULL, 1), &result);
	keep[0] = result;
}

static void *wait_with_argument(void *arg)
{
	keep[1] = ((void **)arg)[0];
	stay();
	return NULL;
}

static void argument_of_thread(void)
{
	void **argument = block(80);

	*argument = block(20);
	start(wait_with_argument, argument, 1);
	argument = NULL;
	meet();
}

static void detached(void)
{
	pthread_detach(start(hold_on_stack, NULL, 1));
	meet();
}

static void *exit_here(void *arg)
{
	(void)arg;
	keep[0] = block(10);
	sink = block(20);
	sink = NULL;
	scrub();
	exit(0);
}

static void exit_in_thread(void)
{
	void *volatile slot = block(100);

	pthread_join(start(exit_here, NULL, 1), NULL);
	keep[1] = slot;
}

static void *lose_some(void *arg)
{
	int i;

	for (i = 0; i < 50; i++) {
		sink = block(100);
		free(block(3000));
	}
	((void **)arg)[0] = list(20);
	sink = NULL;
	return NULL;
}

/* Each with a heap of its own, which then has no thread. */
static void heaps_of_ended_threads(void)
{
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		t[i] = start(lose_some, (void *)&keep[i], 1);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void *fill_and_stay(void *arg)
{
	lose_some(arg);
	scrub();
	stay();
	return NULL;
}

static void heaps_of_threads(void)
{
	pthread_t t;
	int i;

	pthread_barrier_init(&barrier, NULL, 5);
	for (i = 0; i < 4; i++)
		pthread_create(&t, NULL, fill_and_stay, (void *)&keep[i]);
	meet();
}

/* --- ends --- */

static void lose_at_exit(void)
{
	keep[1] = keep[0];
	keep[0] = NULL;
	sink = block(30);
	sink = NULL;
}

static void by_exit_handler(void)
{
	keep[0] = block(100);
	keep[1] = block(50);
	atexit(lose_at_exit);
}

static void free_it(void)
{
	free(keep[0]);
	keep[0] = NULL;
}

static void freed_by_exit_handler(void)
{
	keep[0] = list(2);
	atexit(free_it);
}

static void by_quick_exit(void)
{
	sink = block(100);
	keep[0] = block(50);
	sink = NULL;
	scrub();
	quick_exit(0);
}

static void by_underscore_exit(void)
{
	sink = block(100);
	keep[0] = block(50);
	sink = NULL;
	scrub();
	_exit(0);
}

static void child_ends_first(void)
{
	pid_t pid;

	keep[0] = block(100);
	pid = fork();
	if (!pid) {
		keep[0] = NULL;
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	sink = block(40);
}

static void vfork_child_ends_first(void)
{
	pid_t pid;

	keep[0] = block(100);
	pid = vfork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	keep[0] = NULL;
}

static void on_continue(int sig)
{
	(void)sig;
	abort();
}

/* What lets it go on after a stop at its end would run the handler. */
static void handles_continue(void)
{
	sink = block(100);
	signal(SIGCONT, on_continue);
}

#define NODE sizeof(struct node)
#define CASE(name, definite, indirect, possible)                                                   \
	{                                                                                          \
#name, name, definite, indirect, possible                                          \
	}

static const struct reach_case cases[] = {
	CASE(global_start, 0, 0, 0),
	CASE(global_interior, 0, 0, 200),
	CASE(last_byte, 0, 0, 200),
	CASE(past_the_end, 200, 0, 0),
	CASE(lost, 100, 0, 0),
	CASE(lost_beside_free, 9 * 24 + 8 * 40, 0, 0),
	CASE(empty_kept, 0, 0, 0),
	CASE(empty_lost, 0, 0, 0),
	CASE(unaligned_word, 100, 0, 0),
	CASE(hidden_word, 100, 0, 0),
	CASE(last_word_of_odd_block, 0, 0, 0),
	CASE(huge_lost, 3 << 20, 0, 0),
	CASE(huge_kept, 0, 0, 0),
	CASE(huge_interior, 0, 0, 3 << 20),
	CASE(allocated_aligned, 1000, 0, 4096),
	CASE(moved_by_realloc, 5100, 0, 0),
	CASE(grown_in_place, 0, 0, 0),
	CASE(copied_strings, 22, 0, 0),
	CASE(list_lost, NODE, 9 * NODE, 0),
	CASE(list_kept, 0, 0, 0),
	CASE(list_from_its_middle, NODE, 2 * NODE, 0),
	CASE(list_long, NODE, 19999 * NODE, 0),
	CASE(list_long_kept, 0, 0, 0),
	CASE(ring_lost, NODE, 5 * NODE, 0),
	CASE(ring_kept, 0, 0, 0),
	CASE(ring_with_a_tail, NODE, 6 * NODE, 0),
	CASE(ring_under_a_lost_one, NODE, 3 * NODE, 0),
	CASE(ring_entered_elsewhere, 2 * NODE, NODE, 0),
	CASE(points_to_itself, NODE, 0, 0),
	CASE(tree_lost, NODE, 126 * NODE, 0),
	CASE(tree_kept, 0, 0, 0),
	CASE(branch_lost, NODE, 62 * NODE, 0),
	CASE(two_lost_share, 2 * NODE, 3 * NODE, 0),
	CASE(lost_and_kept_share, NODE, 0, 0),
	CASE(lost_points_inside, NODE, 100, 0),
	CASE(inside_of_inside, 0, 0, NODE + 100),
	CASE(kept_points_inside, 0, 0, 100),
	CASE(start_below_interior, 0, 0, 4 * NODE),
	CASE(interior_then_start, 0, 0, 0),
	CASE(hash_table, 0, 0, 0),
	CASE(hash_table_lost, 512, 500 * NODE, 0),
	CASE(freed_holder, 220, 0, 0),
	CASE(freed_large_holder, 200 + 300 + 400 + 500 + 600, 0, 0),
	CASE(freed_huge_holder, 100, 0, 0),
	CASE(freed_and_used_again, 100, 0, 0),
	CASE(left_in_a_new_block, 100, 0, 0),
	CASE(length_before, 0, 0, 0),
	CASE(length_wrong, 0, 0, 108),
	CASE(count_before, 0, 0, 0),
	CASE(count_wrong, 0, 0, 128),
	CASE(text_behind_its_head, 0, 0, 0),
	CASE(text_longer_than_its_room, 0, 0, 65),
	CASE(in_thread_variable, 0, 0, 0),
	CASE(below_the_stack, 400, 0, 0),
	CASE(in_a_frame_that_lives, 0, 0, 0),
	CASE(in_a_register, 0, 0, 0),
	CASE(in_own_mapping, 0, 0, 0),
	CASE(in_shared_memory, 0, 0, 0),
	CASE(in_mapped_file, 0, 0, 0),
	CASE(in_sealed_mapping, 100, 0, 0),
	CASE(in_unmapped_memory, 100, 0, 0),
	CASE(in_dropped_pages, 100, 0, 0),
	CASE(in_opened_library, 0, 0, ANY),
	CASE(in_closed_library, 100, 0, ANY),
	CASE(in_thread_specific, 0, 0, 0),
	CASE(in_many_thread_specifics, 0, 0, 0),
	CASE(in_environment, 0, 0, 0),
	CASE(in_open_streams, 0, 0, 0),
	CASE(in_jump_buffer, 0, 0, 0),
	CASE(on_mapped_coroutine, 0, 0, 0),
	CASE(on_heap_coroutine, 0, 0, 0),
	CASE(on_lost_coroutine, 65536, 100, 0),
	CASE(on_other_stack, 0, 0, ANY),
	CASE(in_other_thread_variable, 0, 0, ANY),
	CASE(in_other_thread_specific, 0, 0, ANY),
	CASE(on_ended_stack, 160, 0, ANY),
	CASE(result_not_fetched, 0, 0, ANY),
	CASE(result_fetched, 0, 0, ANY),
	CASE(argument_of_thread, 0, 0, ANY),
	CASE(detached, 0, 0, ANY),
	CASE(exit_in_thread, 20, 0, ANY),
	CASE(heaps_of_ended_threads, 20000, 0, ANY),
	CASE(heaps_of_threads, 20000, 0, ANY),
	CASE(by_exit_handler, 80, 0, 0),
	CASE(freed_by_exit_handler, NODE, 0, 0),
	CASE(by_quick_exit, 100, 0, 0),
	CASE(by_underscore_exit, 100, 0, 0),
	CASE(child_ends_first, 40, 0, 0),
	CASE(vfork_child_ends_first, 100, 0, 0),
	CASE(handles_continue, 100, 0, 0),
};

int main(int argc, char **argv)
{
	return reach_main(argc, argv, cases, sizeof(cases) / sizeof(*cases));
}
