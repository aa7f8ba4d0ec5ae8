/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * points: functions made by hand, and the allocators that are installed. What is found is tried
 * out: the function is run step by step (stepper.h), and on every call exactly one result has to be
 * met that says what the call was asked for and returned.
 */
#include "check.h"

#ifndef __x86_64__
static void points(void)
{
	SKIP("x86-64 only");
}

int main(void)
{
	RUN(points);
	return check_done();
}
#else
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "elf/points.h"
#include "stepper.h"

/* What the helpers below return, from the last to the first. */
uint64_t give[8];
uint64_t n_give;

#define FUNCTION(name, code)                                                                       \
	__asm__(".pushsection .text\n.globl " #name "\n.type " #name ", @function\n"               \
		".balign 16\n" #name ":\n" code "\n.size " #name ", . - " #name                    \
		"\n.popsection\n");                                                                \
	uint64_t name(uint64_t a, uint64_t b)

/* Hands out the next of give[], and destroys what a function may. */
FUNCTION(h_give, "decq n_give(%rip)\n"
		 "mov n_give(%rip), %rax\n"
		 "lea give(%rip), %rcx\n"
		 "mov (%rcx,%rax,8), %rax\n"
		 "mov $-1, %rcx\n mov $-2, %rdx\n mov $-3, %rsi\n mov $-4, %rdi\n"
		 "mov $-5, %r8\n mov $-6, %r9\n mov $-7, %r10\n mov $-8, %r11\n"
		 "ret");
/* Never returns if its argument is not 0. */
FUNCTION(h_fail, "push %rbx\n and $1, %edi\n mov %edi, %ebx\n call h_touch\n test %ebx, %ebx\n"
		 "je 1f\n ud2\n 1: pop %rbx\n ret");
/* Writes to what it is given. */
FUNCTION(h_scribble, "movq $77, (%rdi)\n ret");
FUNCTION(h_touch, "xor %eax, %eax\n ret");

FUNCTION(t_simple, "push %rbx\n mov %rdi, %rbx\n call h_give\n test %rax, %rax\n je 1f\n"
		   "nopl (%rax)\n pop %rbx\n ret\n"
		   "1: xor %eax, %eax\n pop %rbx\n ret");
/* The size is lost before the call, as where glibc knows that there is one thread only. */
FUNCTION(t_forgets, "push %rbx\n lea give(%rip), %rbx\n call h_give\n test %rax, %rax\n jne 1f\n"
		    "mov (%rbx), %rcx\n 1: pop %rbx\n ret");
/* No instruction that the kernel emulates knows the pointer. */
FUNCTION(t_late, "test %rdi, %rdi\n je 1f\n nopl (%rax)\n 1: mov give(%rip), %rax\n ret");
FUNCTION(t_none, "mov give(%rip), %rax\n ret");
/* The slow path is another function, which others use as well. */
FUNCTION(t_tail_slow, "push %rbx\n mov %rdi, %rbx\n call h_give\n test %rax, %rax\n je 1f\n"
		      "mov %rbx, %rcx\n 1: pop %rbx\n ret");
FUNCTION(t_tail, "cmp $100, %rdi\n ja 1f\n mov give(%rip), %rax\n test %rax, %rax\n je 1f\n ret\n"
		 "1: jmp t_tail_slow");
FUNCTION(t_indirect, "lea t_simple(%rip), %rax\n jmp *%rax");
FUNCTION(t_garbage, "test %rdi, %rdi\n je 1f\n ret\n 1: .byte 0x06");
/* What follows the call that does not return is other code. */
FUNCTION(t_noreturn, "push %rbx\n mov %rdi, %rbx\n call h_give\n test $1, %al\n jne 2f\n"
		     "1: pop %rbx\n ret\n"
		     "2: mov $1, %edi\n call h_fail\n"
		     "3: mov $1234, %eax\n jmp 1b");
/* The same with a call that returns. */
FUNCTION(t_returns, "push %rbx\n mov %rdi, %rbx\n call h_give\n test $1, %al\n jne 2f\n"
		    "1: pop %rbx\n ret\n"
		    "2: mov $2, %edi\n call h_fail\n"
		    "3: mov $1234, %eax\n jmp 1b");
FUNCTION(t_aligned, "push %rbp\n mov %rsp, %rbp\n push %rbx\n mov %rdi, %rbx\n and $-64, %rsp\n"
		    "call h_give\n test %rax, %rax\n je 1f\n nopl (%rax)\n"
		    "1: mov -8(%rbp), %rbx\n leave\n ret");
/* A callee writes to the word that the size was in. */
FUNCTION(t_escapes, "sub $24, %rsp\n mov %rdi, 8(%rsp)\n lea 8(%rsp), %rdi\n call h_scribble\n"
		    "call h_give\n test %rax, %rax\n je 1f\n nopl (%rax)\n 1: add $24, %rsp\n ret");
/* The same, and nothing knows the size before. */
FUNCTION(t_escaped, "sub $24, %rsp\n mov %rdi, 8(%rsp)\n lea 8(%rsp), %rdi\n movq $5, (%rdi)\n"
		    "mov give(%rip), %rax\n test %rax, %rax\n je 1f\n nopl (%rax)\n"
		    "1: add $24, %rsp\n ret");
FUNCTION(t_loop, "push %rbx\n mov %rdi, %rbx\n 1: call h_give\n test %rax, %rax\n je 1b\n"
		 "pop %rbx\n ret");
/* Two registers on two ways that come together. */
FUNCTION(t_ways,
	 "push %rbx\n push %r12\n push %rbp\n mov %rdi, %rbp\n call h_give\n mov %rax, %rbx\n"
	 "call h_give\n mov %rax, %r12\n cmp $50, %rbp\n jb 1f\n"
	 "mov %rbx, %rax\n jmp 2f\n 1: mov %r12, %rax\n"
	 "2: pop %rbp\n pop %r12\n pop %rbx\n ret");
/* The pointer moves on after it was tested. */
FUNCTION(t_moved, "push %rbx\n mov %rdi, %rbx\n call h_give\n test %rax, %rax\n je 1f\n"
		  "lea 16(%rax), %rax\n cmp $50, %rbx\n jb 1f\n nopl (%rax)\n 1: pop %rbx\n ret");
/* The result is kept on the stack across a call. */
FUNCTION(t_kept, "push %rbx\n sub $16, %rsp\n mov %rdi, %rbx\n call h_give\n mov %rax, 8(%rsp)\n"
		 "call h_touch\n mov 8(%rsp), %rax\n test %rax, %rax\n jne 1f\n nopl (%rax)\n"
		 "1: add $16, %rsp\n pop %rbx\n ret");
FUNCTION(t_product, "mov %rdi, %rax\n push %rbx\n mul %rsi\n jo 1f\n mov %rax, %rbx\n call h_give\n"
		    "test %rax, %rax\n je 1f\n mov %rbx, %rcx\n pop %rbx\n ret\n"
		    "1: xor %eax, %eax\n pop %rbx\n ret");

/* What it ends in returns its first argument; of no bytes, so that nothing is written. */
FUNCTION(t_fills, "push %rbx\n mov %rdi, %rbx\n call h_give\n test %rax, %rax\n je 1f\n"
		  "cmp $50, %rbx\n jb 1f\n mov %rax, %rdi\n xor %esi, %esi\n xor %edx, %edx\n"
		  "pop %rbx\n jmp memset@PLT\n 1: pop %rbx\n ret");
/* What that returns is its own business. */
FUNCTION(t_ends_elsewhere, "push %rbx\n mov %rdi, %rbx\n call h_give\n test %rax, %rax\n je 1f\n"
			   "mov %rax, %rdi\n pop %rbx\n jmp labs@PLT\n 1: pop %rbx\n ret");

static struct elfimg *open_self(const char *path)
{
	struct elfimg *img = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && elfimg__open(fd, path, &img))
		img = NULL;
	if (fd >= 0)
		close(fd);
	return img;
}

struct symbol {
	const char *name;
	uint64_t vaddr, size;
};

static int find_symbol(const struct elf_sym *sym, void *arg)
{
	struct symbol *s = arg;

	if (!sym->is_defined || strcmp(sym->name, s->name))
		return 0;
	s->vaddr = sym->vaddr;
	s->size = sym->size;
	return 1;
}

/* Points of a function of this program. */
static int find_own(const char *name, unsigned int count_arg, struct points *p)
{
	struct elfimg *img = open_self("/proc/self/exe");
	struct symbol s = {.name = name};
	struct points_query q = {
		.size_arg = count_arg ? 2 : 1, .count_arg = count_arg, .max_traps = 10};
	int err = -ESRCH;

	memset(p, 0, sizeof(*p));
	if (img && elfimg__for_each_sym(img, find_symbol, &s) == 1) {
		q.vaddr = s.vaddr;
		q.bytes = s.size;
		err = points__find(img, &q, p);
	}
	elfimg__free(img);
	return err;
}

/* Run it once, and compare. */
static void try_call(uint64_t function, const struct points *p, uint64_t bias, uint64_t a,
		     uint64_t b, uint64_t size)
{
	struct step_result r;
	uint64_t ptr = stepper_call(function, p, bias, a, b, &r);

	CHECK_EQ(r.results, 1);
	CHECK_EQ(r.ptr, ptr);
	if (ptr)
		CHECK_EQ(r.size, size);
	CHECK(!r.bad_order);
	CHECK(!r.bad_frame);
}

static uint64_t bias_of(const char *name, uint64_t address)
{
	struct elfimg *img = open_self("/proc/self/exe");
	struct symbol s = {.name = name};

	if (img)
		elfimg__for_each_sym(img, find_symbol, &s);
	elfimg__free(img);
	return address - s.vaddr;
}

static void set_give(uint64_t first, uint64_t second, uint64_t third)
{
	give[0] = third; /* also what is read without h_give */
	give[1] = second;
	give[2] = first;
	n_give = 3;
}

/* A function that has points: found, and right about pointers, failures, small and large sizes. */
static void try_function(const char *name, uint64_t (*f)(uint64_t, uint64_t), bool may_fail)
{
	static const uint64_t sizes[] = {0, 1, 49, 50, 99, 100, 101, 1 << 20};
	uint64_t bias = bias_of(name, (uint64_t)f);
	struct points p;
	size_t i;
	int err = find_own(name, 0, &p);

	CHECK_EQ(err, 0);
	for (i = 0; !err && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		set_give(0x10000, 0x20000, 0x30000);
		try_call((uint64_t)f, &p, bias, sizes[i], 0, sizes[i]);
		set_give(0, 0x40000, 0x50000);
		if (may_fail)
			try_call((uint64_t)f, &p, bias, sizes[i], 0, sizes[i]);
		set_give(0x60000, 0, 0);
		try_call((uint64_t)f, &p, bias, sizes[i], 0, sizes[i]);
	}
	points__clear(&p);
}

static void right_about_every_call(void)
{
	try_function("t_simple", t_simple, true);
	try_function("t_forgets", t_forgets, true);
	try_function("t_tail", t_tail, true);
	try_function("t_noreturn", t_noreturn, true);
	try_function("t_escapes", t_escapes, true);
	try_function("t_ways", t_ways, true);
	try_function("t_moved", t_moved, true);
	try_function("t_kept", t_kept, true);
	try_function("t_fills", t_fills, true);
}

/* In a loop, a place that is met more than once must not count twice. */
static void loops_count_once(void)
{
	uint64_t bias = bias_of("t_loop", (uint64_t)t_loop);
	struct points p;

	CHECK_EQ(find_own("t_loop", 0, &p), 0);
	set_give(0, 0, 0x30000);
	try_call((uint64_t)t_loop, &p, bias, 10, 0, 10);
	set_give(0x10000, 0, 0);
	try_call((uint64_t)t_loop, &p, bias, 20, 0, 20);
	points__clear(&p);
}

static void sizes_that_are_products(void)
{
	uint64_t bias = bias_of("t_product", (uint64_t)t_product);
	struct points p;

	CHECK_EQ(find_own("t_product", 1, &p), 0);
	set_give(0x10000, 0, 0);
	try_call((uint64_t)t_product, &p, bias, 7, 9, 63);
	set_give(0, 0, 0);
	try_call((uint64_t)t_product, &p, bias, 7, 9, 63);
	try_call((uint64_t)t_product, &p, bias, 1ULL << 40, 1ULL << 40, 0);
	points__clear(&p);
}

/* How often each kind of point is there. */
static size_t count(const struct points *p, enum point_kind kind)
{
	size_t n = 0, i;

	for (i = 0; i < p->n; i++)
		n += p->point[i].kind == kind && p->point[i].ptr != POINT_NULL;
	return n;
}

static size_t count_begins(const struct points *p)
{
	size_t n = 0, i;

	for (i = 0; i < p->n; i++)
		n += p->point[i].kind == POINT_BEGIN;
	return n;
}

/* One trap for a call where that is possible. */
static void one_point_a_call(void)
{
	struct points p;

	CHECK_EQ(find_own("t_simple", 0, &p), 0);
	CHECK_EQ(count_begins(&p), 0);
	CHECK_EQ(count(&p, POINT_RESULT), 1);
	points__clear(&p);
	CHECK_EQ(find_own("t_forgets", 0, &p), 0);
	CHECK_EQ(count_begins(&p), 1);
	CHECK_EQ(count(&p, POINT_END), 1);
	points__clear(&p);
}

/* In code that is not the function's own nobody is counted who has not come through the function.
 */
static void shared_code_only_ends_calls(void)
{
	struct symbol slow = {.name = "t_tail_slow"};
	struct elfimg *img = open_self("/proc/self/exe");
	struct points p;
	size_t i;

	elfimg__for_each_sym(img, find_symbol, &slow);
	elfimg__free(img);
	CHECK_EQ(find_own("t_tail", 0, &p), 0);
	CHECK_EQ(count(&p, POINT_RESULT), 1);
	for (i = 0; i < p.n; i++)
		if (p.point[i].vaddr - slow.vaddr < slow.size)
			CHECK_EQ(p.point[i].kind, POINT_END);
	CHECK_EQ(count_begins(&p), 1);
	points__clear(&p);
}

static int error_of(const char *name)
{
	struct points p;
	int err = find_own(name, 0, &p);

	points__clear(&p);
	return err;
}

static void refused_without_proof(void)
{
	CHECK_EQ(error_of("t_late"), -ENOENT);
	CHECK_EQ(error_of("t_none"), -ENOENT);
	CHECK_EQ(error_of("t_aligned"), -ENOENT);
	CHECK_EQ(error_of("t_escaped"), -ENOENT);
	CHECK_EQ(error_of("t_ends_elsewhere"), -ENOENT);
	CHECK_EQ(error_of("t_indirect"), -ENOTSUP);
	CHECK_EQ(error_of("t_garbage"), -EINVAL);
}

/* A call that may return is one that returns: the result after it is another one. */
static void calls_that_return(void)
{
	uint64_t bias = bias_of("t_returns", (uint64_t)t_returns);
	struct points p;

	if (!find_own("t_returns", 0, &p)) {
		set_give(0x10000, 0, 0);
		try_call((uint64_t)t_returns, &p, bias, 10, 0, 10);
		set_give(0x10001, 0, 0);
		try_call((uint64_t)t_returns, &p, bias, 10, 0, 10);
	}
	points__clear(&p);
}

static void code_that_is_the_functions(void)
{
	struct symbol s = {.name = "t_simple"};
	struct elfimg *img = open_self("/proc/self/exe");
	struct points p;

	elfimg__for_each_sym(img, find_symbol, &s);
	CHECK_EQ(find_own("t_simple", 0, &p), 0);
	CHECK(points__contains(&p, s.vaddr));
	CHECK(!points__contains(&p, s.vaddr + 2)); /* within an instruction */
	CHECK(points__holds(img, &p, s.vaddr, s.vaddr + s.size));
	CHECK(points__holds(img, &p, s.vaddr, (s.vaddr + s.size + 15) & ~15ULL)); /* padding */
	CHECK(!points__holds(img, &p, s.vaddr, s.vaddr + s.size + 32));
	CHECK(!points__holds(img, &p, s.vaddr - 16, s.vaddr + s.size));
	points__clear(&p);
	elfimg__free(img);
}

/* --- allocators that are installed --- */

#ifndef __SANITIZE_ADDRESS__
/* Calls of all kinds of sizes, in an order that empties and fills caches. */
static void try_allocator(void *lib, const char *function, uint64_t address, uint64_t bias,
			  const struct points *p, bool by_count)
{
	static const uint64_t sizes[] = {24, 1033, 140000};
	void *(*allocate)(uint64_t, uint64_t) = (void *(*)(uint64_t, uint64_t))address;
	void (*release)(void *) = (void (*)(void *))dlsym(lib, "free");
	uint64_t huge = by_count ? 1ULL << 62 : 1ULL << 60;
	struct step_result r;
	void *ptr[9];
	size_t i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t first = by_count ? 3 : sizes[i];

		/* before and after glibc's cache of seven blocks has been filled and emptied */
		for (k = 0; k < 9; k++) {
			ptr[k] = allocate(first, sizes[i]);
			if (k && k < 8)
				continue;
			release(ptr[k]);
			ptr[k] = (void *)stepper_call(address, p, bias, first, sizes[i], &r);
			CHECK_EQ(r.results, 1);
			CHECK_EQ(r.ptr, (uint64_t)ptr[k]);
			CHECK_EQ(r.size, by_count ? 3 * sizes[i] : sizes[i]);
			CHECK(!r.bad_order && !r.bad_frame);
		}
		for (k = 0; k < 9; k++)
			release(ptr[k]);
	}
	if (!strncmp(function, "_Zn", 3))
		return; /* would throw */
	CHECK_EQ(stepper_call(address, p, bias, huge, huge, &r), 0);
	CHECK_EQ(r.results, 1);
	CHECK_EQ(r.ptr, 0);
}

static size_t try_library(const char *name, const char *function, bool by_count)
{
	struct points_query q = {
		.size_arg = by_count ? 2 : 1, .count_arg = by_count, .max_traps = 10};
	struct symbol s = {.name = function};
	void *lib = dlopen(name, RTLD_NOW | RTLD_LOCAL), *address;
	struct elfimg *img = NULL;
	struct link_map *map;
	struct points p = {0};
	size_t n = 0;

	if (!lib)
		return 0;
	address = dlsym(lib, function);
	if (!address || dlinfo(lib, RTLD_DI_LINKMAP, &map))
		return 0;
	img = open_self(map->l_name);
	if (img && elfimg__for_each_sym(img, find_symbol, &s) == 1 &&
	    (uint64_t)address == map->l_addr + s.vaddr) {
		q.vaddr = s.vaddr;
		q.bytes = s.size;
		if (!points__find(img, &q, &p)) {
			try_allocator(lib, function, (uint64_t)address, map->l_addr, &p, by_count);
			printf("  %s in %s: %zu points\n", function, name, p.n);
			n = p.n;
		}
	}
	points__clear(&p);
	elfimg__free(img);
	return n;
}
#endif

static void right_about_installed_allocators(void)
{
#ifdef __SANITIZE_ADDRESS__
	SKIP("the sanitizer's own malloc takes their place");
#else
	static const char *const names[] = {"libc.so.6", "libjemalloc.so.2",
					    "libtcmalloc_minimal.so.4", "libmimalloc.so.2"};
	size_t n = 0, i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n += try_library(names[i], "malloc", false);
		n += try_library(names[i], "calloc", true);
		n += try_library(names[i], "_Znwm", false);
	}
	if (!n)
		SKIP("none of them has points");
#endif
}

int main(void)
{
	RUN(right_about_every_call);
	RUN(loops_count_once);
	RUN(sizes_that_are_products);
	RUN(one_point_a_call);
	RUN(shared_code_only_ends_calls);
	RUN(refused_without_proof);
	RUN(calls_that_return);
	RUN(code_that_is_the_functions);
	RUN(right_about_installed_allocators);
	return check_done();
}
#endif
