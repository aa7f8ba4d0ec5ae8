// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cxx - operator new and delete in all forms, exceptions, a longjmp and a thread's end out of them.
 * Each scenario has an inner and an outer function; both must be told, also through libraries that
 * have no frame pointers. "no-oom" leaves out what makes operator new fail.
 */
#include <csetjmp>
#include <new>
#include <pthread.h>
#include <string>
#include <sys/syscall.h>
#include <vector>

#include "target.h"

static bool oom_aborts; /* mimalloc built as C cannot throw */

/* Outer and inner function; the body is the inner one's. */
#define SCENARIO(name)                                                                             \
	NOINLINE static void name##_inner();                                                       \
	NOINLINE static void name()                                                                \
	{                                                                                          \
		name##_inner();                                                                    \
		KEEP(nullptr);                                                                     \
	}                                                                                          \
	NOINLINE static void name##_inner()

#define LEAK_CXX(outer, block, bytes, count)                                                       \
	do {                                                                                       \
		KEEP(block);                                                                       \
		expect(outer, bytes, count);                                                       \
		expect_outer(__func__, bytes, count);                                              \
		expect_line(__func__, __LINE__);                                                   \
	} while (0)

namespace shop
{
struct item {
	char data[24];
};
struct alignas(64) wide_item {
	char data[128];
};

template <class T> struct basket {
	NOINLINE static T *fill(size_t n);
};

template <class T> NOINLINE T *basket<T>::fill(size_t n)
{
	T *p = new T[n];

	KEEP(p);
	return p;
}
} // namespace shop

SCENARIO(new_plain)
{
	LEAK_CXX("new_plain", new shop::item, 24, 1);
}

SCENARIO(new_array)
{
	LEAK_CXX("new_array", new char[1001], 1001, 1);
}

SCENARIO(new_nothrow)
{
	LEAK_CXX("new_nothrow", new (std::nothrow) shop::item, 24, 1);
}

SCENARIO(new_nothrow_array)
{
	LEAK_CXX("new_nothrow_array", new (std::nothrow) char[1002], 1002, 1);
}

SCENARIO(new_nothrow_fails)
{
	KEEP(new (std::nothrow) char[target_huge]);
	expect("new_nothrow_fails", 0, 0);
}

SCENARIO(new_aligned)
{
	LEAK_CXX("new_aligned", new shop::wide_item, 128, 1);
}

SCENARIO(new_aligned_array)
{
	LEAK_CXX("new_aligned_array", new shop::wide_item[3], 384, 1);
}

SCENARIO(new_aligned_nothrow)
{
	LEAK_CXX("new_aligned_nothrow", new (std::nothrow) shop::wide_item, 128, 1);
}

/* All forms of delete: plain, sized, aligned, array, nothrow. */
SCENARIO(delete_all)
{
	for (int i = 0; i < 5; i++) {
		shop::item *item = new shop::item;
		char *array = new char[100 + i];
		shop::wide_item *wide = new shop::wide_item;
		shop::wide_item *wides = new shop::wide_item[2];
		std::string *string = new std::string(100, 's');

		KEEP(item);
		KEEP(array);
		KEEP(wide);
		KEEP(wides);
		KEEP(string);
		delete item;
		delete[] array;
		delete wide;
		delete[] wides;
		delete string;
		::operator delete(::operator new(64), size_t(64));
		::operator delete(::operator new(65));
		::operator delete(::operator new(66, std::nothrow), std::nothrow);
		::operator delete[](::operator new[](67, std::nothrow), std::nothrow);
		::operator delete(::operator new(128, std::align_val_t(64)), size_t(128),
				  std::align_val_t(64));
		::operator delete[](::operator new[](128, std::align_val_t(64)),
				    std::align_val_t(64));
	}
	expect("delete_all", 0, 0);
}

NOINLINE static void basket_leaks()
{
	shop::basket<long>::fill(100);
	expect("basket_leaks", 800, 1);
	expect_outer("shop::basket<long>::fill", 800, 1);
}

/* Two blocks: the vector and its elements, inlined from headers or not. */
SCENARIO(vector_leaks)
{
	auto *v = new std::vector<long>;

	v->reserve(50);
	KEEP(v);
	expect("vector_leaks_inner", sizeof(*v) + 400, 2);
}

/* Deeper than the call that did not return: must be recorded as calls of their own. */
NOINLINE static void deeper(int depth, size_t size)
{
	volatile char room[100];

	room[0] = 0;
	if (depth)
		deeper(depth - 1, size);
	else
		KEEP(malloc(size));
	room[1] = room[0];
}

NOINLINE static void after_throw()
{
	for (int i = 0; i < 5; i++)
		deeper(20, 31);
	expect("after_throw", 155, 5);
}

NOINLINE static void after_handler_throw()
{
	for (int i = 0; i < 5; i++)
		deeper(20, 34);
	expect("after_handler_throw", 170, 5);
}

SCENARIO(new_throws)
{
	for (int i = 0; i < 3; i++) {
		try {
			KEEP(new char[target_huge]);
			_exit(97);
		} catch (const std::bad_alloc &) {
		}
	}
	expect("new_throws_inner", 0, 0);
}

struct out_of_memory {
	int why;
};

static void throwing_handler()
{
	throw out_of_memory{1};
}

SCENARIO(handler_throws)
{
	std::set_new_handler(throwing_handler);
	try {
		KEEP(new char[target_huge]);
		_exit(97);
	} catch (const out_of_memory &) {
	} catch (const std::bad_alloc &) {
		/* Some allocators do not call the handler for sizes that are out of range. */
	}
	std::set_new_handler(nullptr);
	expect("handler_throws_inner", 0, 0);
}

static jmp_buf jump;

static void jumping_handler()
{
	longjmp(jump, 1);
}

SCENARIO(handler_jumps)
{
	std::set_new_handler(jumping_handler);
	if (!setjmp(jump)) {
		try {
			KEEP(new char[target_huge]);
			_exit(97);
		} catch (const std::bad_alloc &) {
		}
	}
	std::set_new_handler(nullptr);
	expect("handler_jumps_inner", 0, 0);
}

NOINLINE static void after_jump()
{
	for (int i = 0; i < 5; i++)
		deeper(20, 32);
	expect("after_jump", 160, 5);
}

/* The handler ends its thread: new never returns. */
static void ending_handler()
{
	syscall(SYS_exit, 0);
}

static void *ending_thread(void *)
{
	try {
		KEEP(new char[target_huge]);
	} catch (const std::bad_alloc &) {
	}
	return nullptr;
}

NOINLINE static void *thread_after_end(void *)
{
	for (int i = 0; i < 5; i++)
		deeper(20, 33);
	return nullptr;
}

static void threads_end_inside()
{
	for (int i = 0; i < 10; i++) {
		pthread_t thread;

		std::set_new_handler(ending_handler);
		if (pthread_create(&thread, nullptr, ending_thread, nullptr))
			_exit(96);
		pthread_join(thread, nullptr);
		std::set_new_handler(nullptr);
		if (pthread_create(&thread, nullptr, thread_after_end, nullptr))
			_exit(96);
		pthread_join(thread, nullptr);
	}
	expect("thread_after_end", 50 * 33, 50);
	expect("ending_thread", 0, 0);
}

/* In a static program the first exception allocates the unwinder's index, for good. */
NOINLINE static void first_throw()
{
	try {
		throw out_of_memory{0};
	} catch (const out_of_memory &) {
	}
}

static void out_of_memory_cases()
{
	new_throws();
	after_throw();
	handler_throws();
	after_handler_throw();
	handler_jumps();
	after_jump();
	threads_end_inside();
}

int main(int argc, char **argv)
{
	oom_aborts = argc > 1 && !strcmp(argv[1], "no-oom");
	first_throw();
	target_ready();
	new_plain();
	new_array();
	new_nothrow();
	new_nothrow_array();
	if (!oom_aborts)
		new_nothrow_fails();
	new_aligned();
	new_aligned_array();
	new_aligned_nothrow();
	delete_all();
	basket_leaks();
	vector_leaks();
	if (!oom_aborts)
		out_of_memory_cases();
	target_done();
	return 0;
}
