/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose malloc is called, where several objects have one; and what only looks like one. */
#include "allocators_found.h"

/*
 * The order is that of the dynamic linker, breadth-first: a library's own needed library comes
 * after libc, and its malloc is not the program's.
 */
static void follows_the_linkers_order(void)
{
	static const char middle[] =
		"int in_pool(void);\nint in_middle(void) { return in_pool(); }\n";
	char flags[1024];
	struct found f;

	snprintf(flags, sizeof(flags), "-shared -fPIC -Wl,-soname,libpool.so");
	if (compile(dir, "libpool.so", "cc", "c", pool_source, flags)) {
		SKIP("no C compiler");
		return;
	}
	snprintf(flags, sizeof(flags), "-shared -fPIC -L%s -lpool -Wl,-rpath,%s", dir, dir);
	CHECK_EQ(compile(dir, "libmiddle.so", "cc", "c", middle, flags), 0);

	/* Needed by the program itself, before libc. */
	snprintf(flags, sizeof(flags), "-Wl,--no-as-needed -L%s -lpool -Wl,-rpath,%s", dir, dir);
	CHECK_EQ(compile(dir, "direct", "cc", "c", wait_source, flags), 0);
	CHECK_EQ(start(&f, in_dir("direct"), NULL, NULL), 0);
	CHECK(f.a.n >= 1);
	if (f.a.n >= 1) {
		CHECK_STR(f.a.list[0].image->name, "libpool.so");
		CHECK_EQ(f.a.list[0].n_sites, 4);
		check_sites(&f.a.list[0], 1);
	}
	/* For what the pool leaves out, libc's. */
	CHECK_EQ(f.a.n, 2);
	CHECK(f.a.n == 2 && site(&f.a.list[1], "posix_memalign") && !site(&f.a.list[1], "malloc"));
	stop(&f);

	/* Needed by a library, after libc. */
	snprintf(flags, sizeof(flags), "-Wl,--no-as-needed -L%s -lmiddle -Wl,-rpath,%s", dir, dir);
	CHECK_EQ(compile(dir, "indirect", "cc", "c", wait_source, flags), 0);
	CHECK_EQ(start(&f, in_dir("indirect"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK(f.a.n && strstr(f.a.list[0].image->name, "libc"));
	CHECK(f.a.n && site(&f.a.list[0], "malloc"));
	stop(&f);
}

/* Loaded while libc's malloc is in use: both are, and only after the load. */
static void finds_a_dlopened_allocator(void)
{
	static const char source[] =
		"#include <dlfcn.h>\n"
		"#include <stdlib.h>\n"
		"#include <unistd.h>\n"
		"int main(void) { char b; int n = 0;\n"
		"	while (read(0, &b, 1) == 1) {\n"
		"		if (n++ && !dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL)) b = '!';\n"
		"		write(1, &b, 1); }\n"
		"	return 0; }\n";
	char byte = 'x', flags[512];
	struct found f;

	if (compile(dir, "plugin.so", "cc", "c", pool_source, "-shared -fPIC")) {
		SKIP("no C compiler");
		return;
	}
	snprintf(flags, sizeof(flags), "-ldl -DLIBRARY='\"%s/plugin.so\"'", dir);
	CHECK_EQ(compile(dir, "loader", "cc", "c", source, flags), 0);
	CHECK_EQ(start(&f, in_dir("loader"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK_EQ(write(f.child.in, &byte, 1), 1);
	CHECK_EQ(read(f.child.out, &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	CHECK_EQ(addrspace__refresh(f.as), 1);
	look(&f, NULL);
	CHECK_EQ(f.a.n, 2);
	if (f.a.n == 2) {
		CHECK(strcmp(f.a.list[0].image->name, "plugin.so"));
		check_complete(&f.a.list[0], 1, c_names);
		CHECK_STR(f.a.list[1].image->name, "plugin.so");
		CHECK_EQ(f.a.list[1].n_sites, 4);
		check_sites(&f.a.list[1], 1);
	}
	stop(&f);
}

static void finds_the_rest_when_the_executable_is_deleted(void)
{
	struct found f;

	if (compile(dir, "doomed", "gcc", "c", wait_source, "-static")) {
		SKIP("no static C library");
		return;
	}
	CHECK_EQ(copy_file(in_dir("doomed"), in_dir("kept")), 0);
	CHECK_EQ(child_start(&f.child, in_dir("doomed"), NULL), 0);
	unlink(in_dir("doomed"));
	CHECK_EQ(copy_file("/bin/cat", in_dir("doomed")), 0); /* another program by that name */
	memset(&f.a, 0, sizeof(f.a));
	f.as = addrspace__new(f.child.pid);
	CHECK_EQ(addrspace__refresh(f.as), 1);
	look(&f, NULL);
	CHECK_EQ(f.a.n, 1);
	if (f.a.n == 1) {
		CHECK(f.a.list[0].image->deleted && f.a.list[0].image->is_exe);
		CHECK_EQ(site(&f.a.list[0], "malloc"), true_offset(in_dir("kept"), "malloc", 0));
	}
	stop(&f);
}

static void decides_on_operator_new(void)
{
	static const char main_source[] =
		"int main() { char b; int *volatile p = new int[4]; delete[] p;\n"
		"	while (read(0, &b, 1) == 1) if (write(1, &b, 1) < 0) return 1;\n"
		"	return 0; }\n";
	static const char arena[] =
		"void *operator new(size_t n) { used += n; return pool + used - n; }\n"
		"void *operator new[](size_t n) { used += n; return pool + used - n; }\n"
		"void operator delete(void *) noexcept { }\n"
		"void operator delete[](void *) noexcept { }\n";
	static const char passing[] = "void *operator new(size_t n) { used++; return malloc(n); }\n"
				      "void *operator new[](size_t n) { return malloc(n); }\n"
				      "void operator delete(void *p) noexcept { free(p); }\n"
				      "void operator delete[](void *p) noexcept { free(p); }\n";
	static const char head[] = "#include <stddef.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
				   "#include <new>\n"
				   "static char pool[4096]; static size_t used;\n";
	char source[4096];
	struct found f;

	/* libstdc++'s passes through malloc. */
	snprintf(source, sizeof(source), "%s%s", head, main_source);
	if (compile(dir, "cxx", "c++", "cc", source, "-O0")) {
		SKIP("no C++ compiler");
		return;
	}
	CHECK_EQ(start(&f, in_dir("cxx"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK(f.a.n && site(&f.a.list[0], "malloc") && !site(&f.a.list[0], "_Znwm"));
	stop(&f);

	/* A program's own that passes through malloc. */
	snprintf(source, sizeof(source), "%s%s%s", head, passing, main_source);
	CHECK_EQ(compile(dir, "cxx-passing", "c++", "cc", source, "-O0"), 0);
	CHECK_EQ(start(&f, in_dir("cxx-passing"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK(f.a.n && !site(&f.a.list[0], "_Znwm"));
	stop(&f);

	/* A program's own that has nothing to do with malloc. */
	snprintf(source, sizeof(source), "%s%s%s", head, arena, main_source);
	CHECK_EQ(compile(dir, "cxx-arena", "c++", "cc", source, "-O0"), 0);
	CHECK_EQ(start(&f, in_dir("cxx-arena"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 2);
	if (f.a.n == 2) {
		CHECK_STR(f.a.list[0].image->name, "cxx-arena");
		CHECK(site(&f.a.list[0], "_Znwm") && site(&f.a.list[0], "_Znam"));
		CHECK(site(&f.a.list[0], "_ZdlPv") && site(&f.a.list[0], "_ZdaPv"));
		check_sites(&f.a.list[0], 0);
		CHECK(site(&f.a.list[1], "malloc"));
	}
	stop(&f);
}

/* Functions that only look like an allocator's. */
static void leaves_out_impostors(void)
{
	static const char source[] =
		"#include <unistd.h>\n"
		"__attribute__((noinline, visibility(\"hidden\"))) void cfree(int x) { x += 2; }\n"
		"static void *chosen(void) { return 0; }\n"
		"static void *resolve(void) { return chosen; }\n"
		"void *mallocx(unsigned long n, int f) __attribute__((ifunc(\"resolve\")));\n"
		"int rallocx = 3;\n"
		"extern void *je_malloc(unsigned long) __attribute__((weak));\n"
		"int main(void) { char b; cfree(2); mallocx(1, 0); if (je_malloc) je_malloc(3);\n"
		"	while (read(0, &b, 1) == 1) write(1, &b, 1); return 0; }\n";
	struct found f;

	if (compile(dir, "impostor", "gcc", "c", source, "-O0 -fno-builtin")) {
		SKIP("no C compiler");
		return;
	}
	CHECK_EQ(start(&f, in_dir("impostor"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 1);
	CHECK(f.a.n && strcmp(f.a.list[0].image->name, "impostor"));
	stop(&f);
}

/* After execve, the images of the program before are still known, but no place for probes. */
static void forgets_the_program_before_exec(void)
{
	static const char source[] =
		"#include <unistd.h>\n"
		"void *je_malloc(unsigned long n) { return 0; }\n"
		"int main(void) { char b; read(0, &b, 1); write(1, &b, 1); read(0, &b, 1);\n"
		"	execl(\"/bin/cat\", \"cat\", (char *)0); return 1; }\n";
	char byte = 'x';
	struct found f;

	if (compile(dir, "first", "cc", "c", source, "-rdynamic")) {
		SKIP("no C compiler");
		return;
	}
	CHECK_EQ(start(&f, in_dir("first"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 2);
	CHECK(f.a.n == 2 && site(&f.a.list[0], "je_malloc"));
	CHECK_EQ(write(f.child.in, "xy", 2), 2);
	CHECK_EQ(read(f.child.out, &byte, 1), 1); /* cat's echo */
	addrspace__reset(f.as);
	CHECK_EQ(addrspace__refresh(f.as), 1); /* cat itself; libc and ld.so are known */
	look(&f, NULL);
	CHECK_EQ(f.a.n, 1);
	CHECK(f.a.n && site(&f.a.list[0], "malloc"));
	stop(&f);
}

int main(void)
{
	if (scratch_make(dir, sizeof(dir)))
		return 1;
	RUN(follows_the_linkers_order);
	RUN(finds_a_dlopened_allocator);
	RUN(finds_the_rest_when_the_executable_is_deleted);
	RUN(decides_on_operator_new);
	RUN(leaves_out_impostors);
	RUN(forgets_the_program_before_exec);
	scratch_remove(dir);
	return check_done();
}
