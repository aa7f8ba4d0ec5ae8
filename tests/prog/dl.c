/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dl - opens libraries while it runs.
 * dl leak LIB: one that leaks through the program's malloc, and closes it: its names must survive.
 * dl alloc LIB: one that is an allocator of its own, used through dlsym, a second after.
 * dl twice LIB LIB2: one after the other, at the same addresses as a rule.
 */
#include <dlfcn.h>

#include "target.h"

static void *(*plugin_malloc)(size_t);
static void (*plugin_free)(void *);
static void *(*plugin_realloc)(void *, size_t);

NOINLINE static void plugin_malloc_leaks(void)
{
	for (int i = 0; i < 6; i++)
		KEEP(plugin_malloc(600));
	expect(__func__, 3600, 6);
}

NOINLINE static void plugin_all_freed(void)
{
	for (int i = 0; i < 6; i++) {
		void *p = plugin_malloc(600);

		KEEP(p);
		plugin_free(p);
	}
	EXPECT_NONE();
}

NOINLINE static void plugin_realloc_leaks(void)
{
	void *p = plugin_malloc(10);

	KEEP(p);
	LEAK(plugin_realloc(p, 9000), 9000, 1);
}

NOINLINE static void libc_malloc_leaks(void)
{
	LEAK(malloc(222), 222, 1);
}

static void plug(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void (*function)(void) = (void (*)(void))dlsym(lib, "plug");

	for (int i = 0; i < 5; i++)
		function();
	target_sleep_ms(300);
	dlclose(lib);
}

int main(int argc, char **argv)
{
	void *lib;

	if (argc < 3)
		return 2;
	target_ready();
	if (!strcmp(argv[1], "twice")) {
		plug(argv[2]);
		plug(argv[3]);
		expect("first_plug", 3500, 5);
		expect("second_plug", 3500, 5);
		target_done();
		return 0;
	}
	libc_malloc_leaks();
	lib = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		target_say_words("SKIP", dlerror(), NULL);
		target_done();
		return 0;
	}
	if (!strcmp(argv[1], "alloc")) {
		target_sleep_ms(1000); /* by then it is attached to */
		plugin_malloc = (void *(*)(size_t))dlsym(lib, "malloc");
		plugin_free = (void (*)(void *))dlsym(lib, "free");
		plugin_realloc = (void *(*)(void *, size_t))dlsym(lib, "realloc");
		plugin_malloc_leaks();
		plugin_all_freed();
		plugin_realloc_leaks();
	} else {
		void (*leaks)(void) = (void (*)(void))dlsym(lib, "library_function_leaks");

		leaks();
		target_sleep_ms(300);
		dlclose(lib);
	}
	target_done();
	return 0;
}
