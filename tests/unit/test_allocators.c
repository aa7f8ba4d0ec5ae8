/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of a process's libraries allocates: linked, preloaded, static. */
#include "allocators_found.h"

static void finds_libc(void)
{
	struct found f;

	CHECK_EQ(start(&f, "/bin/cat", NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK_EQ(f.a.n_stripped, 0);
	if (f.a.n == 1) {
		if (strcmp(f.a.list[0].kind, "musl malloc")) {
			CHECK_STR(f.a.list[0].kind, "glibc malloc");
			CHECK(strstr(f.a.list[0].image->name, "libc"));
			CHECK(site(&f.a.list[0], "reallocarray"));
			CHECK(!site(&f.a.list[0], "_Znwm"));
		}
		check_sites(&f.a.list[0], 1);
		check_complete(&f.a.list[0], 1, c_names);
	}
	stop(&f);
}

static void check_preloaded(const char *library, const char *kind, const char *const *own)
{
	char variable[320];
	struct found f;

	snprintf(variable, sizeof(variable), "LD_PRELOAD=%s", library);
	if (start(&f, "/bin/cat", variable, NULL)) {
		CHECK(!"started");
	} else if (!f.a.n || !strcmp(f.a.list[0].kind, "glibc malloc")) {
		SKIP("library not installed");
	} else {
		/* libc's are not called by the program. */
		CHECK_EQ(f.a.n, 1);
		CHECK_STR(f.a.list[0].kind, kind);
		check_sites(&f.a.list[0], 1);
		check_complete(&f.a.list[0], 1, c_names);
		check_complete(&f.a.list[0], 1, own);
	}
	stop(&f);
}

static void finds_preloaded_jemalloc(void)
{
	static const char *const own[] = {"mallocx",  "rallocx", "xallocx", "dallocx",
					  "sdallocx", "_Znwm",	 "_ZdlPvm", NULL};

	check_preloaded("libjemalloc.so.2", "jemalloc", own);
}

static void finds_preloaded_tcmalloc(void)
{
	static const char *const own[] = {"tc_malloc", "tc_free", "tc_newarray", "tc_delete_sized",
					  "_Znam",     "_ZdaPv",  NULL};

	check_preloaded("libtcmalloc.so.4", "tcmalloc", own);
}

static void finds_preloaded_mimalloc(void)
{
	static const char *const own[] = {
		"mi_malloc",	"mi_heap_malloc", "mi_zalloc",	  "mi_recalloc",
		"mi_free_size", "_Znwm",	  "reallocarray", NULL};

	check_preloaded("libmimalloc.so.2", "mimalloc", own);
}

/* A wrapper that passes malloc and free on, and leaves the rest to libc. */
static void finds_a_preloaded_wrapper(void)
{
	static const char source[] =
		"#include <dlfcn.h>\n"
		"#include <stddef.h>\n"
		"void *malloc(size_t n) { static void *(*next)(size_t);\n"
		"	if (!next) next = dlsym(RTLD_NEXT, \"malloc\"); return next(n); }\n"
		"void free(void *p) { static void (*next)(void *);\n"
		"	if (!next) next = dlsym(RTLD_NEXT, \"free\"); next(p); }\n";
	char variable[320];
	struct found f;

	if (compile(dir, "wrapper.so", "cc", "c", source, "-shared -fPIC -ldl")) {
		SKIP("no C compiler");
		return;
	}
	/* By its path, and by a symbolic link with another name: the library has no soname. */
	CHECK_EQ(symlink("wrapper.so", in_dir("alias.so")), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(variable, sizeof(variable), "LD_PRELOAD=%s",
			 in_dir(i ? "alias.so" : "wrapper.so"));
		CHECK_EQ(start(&f, "/bin/cat", variable, NULL), 0);
		CHECK_EQ(f.a.n, 2);
		if (f.a.n == 2) {
			CHECK_STR(f.a.list[0].image->name, "wrapper.so");
			CHECK_STR(f.a.list[0].kind, "malloc");
			CHECK_EQ(f.a.list[0].n_sites, 2);
			CHECK(site(&f.a.list[0], "malloc") && site(&f.a.list[0], "free"));
			CHECK(!site(&f.a.list[1], "malloc") && !site(&f.a.list[1], "free"));
			CHECK(site(&f.a.list[1], "calloc") && site(&f.a.list[1], "realloc"));
		}
		stop(&f);
	}
}

static void check_program(const char *name, const char *compiler, const char *flags,
			  const char *kind, const char *where, int dynamic)
{
	struct found f;

	if (compile(dir, name, compiler, "c", wait_source, flags)) {
		SKIP("no such compiler or library");
		return;
	}
	CHECK_EQ(start(&f, in_dir(name), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK_EQ(f.a.n_stripped, 0);
	if (f.a.n == 1) {
		CHECK_STR(f.a.list[0].kind, kind);
		if (where)
			CHECK_STR(f.a.list[0].image->name, where);
		check_sites(&f.a.list[0], dynamic);
		/* Without posix_memalign: what nobody calls is not linked in. */
		check_complete(&f.a.list[0], dynamic,
			       (const char *const[]){"malloc", "calloc", "realloc", "free", NULL});
	}
	stop(&f);
}

static void finds_static_glibc(void)
{
	check_program("static", "gcc", "-static", "glibc malloc", "static", 0);
}

static void finds_static_pie(void)
{
	check_program("static-pie", "gcc", "-static-pie", "glibc malloc", "static-pie", 0);
}

static void finds_musl(void)
{
	check_program("musl", "musl-gcc", "", "musl malloc", NULL, 1);
}

static void finds_static_musl(void)
{
	check_program("musl-static", "musl-gcc", "-static", "musl malloc", "musl-static", 0);
}

static void finds_linked_jemalloc(void)
{
	check_program("je-shared", "gcc", "-Wl,--no-as-needed -ljemalloc", "jemalloc",
		      "libjemalloc.so.2", 1);
}

/* In the executable, and exported because libc defines it, too. */
static void finds_jemalloc_in_the_executable(void)
{
	check_program("je-inside", "gcc", "-l:libjemalloc.a -lstdc++ -lpthread -ldl -lm",
		      "jemalloc", "je-inside", 0);
}

int main(void)
{
	if (scratch_make(dir, sizeof(dir)))
		return 1;
	RUN(finds_libc);
	RUN(finds_preloaded_jemalloc);
	RUN(finds_preloaded_tcmalloc);
	RUN(finds_preloaded_mimalloc);
	RUN(finds_a_preloaded_wrapper);
	RUN(finds_static_glibc);
	RUN(finds_static_pie);
	RUN(finds_musl);
	RUN(finds_static_musl);
	RUN(finds_linked_jemalloc);
	RUN(finds_jemalloc_in_the_executable);
	scratch_remove(dir);
	return check_done();
}
