/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is found in real processes, compared with what nm and readelf say of their files. */
#include "check.h"
#include "children.h"

#include "probes.h"
#include "target/addrspace.h"
#include "target/allocators.h"

static char dir[256];

static const char wait_source[] =
	"#include <stdlib.h>\n"
	"#include <unistd.h>\n"
	"int main(void) { char b; void *volatile p = malloc(3); p = realloc(p, 9); free(p);\n"
	"	p = calloc(3, 3); free(p);\n"
	"	while (read(0, &b, 1) == 1) write(1, &b, 1); return 0; }\n";

/* A library with an allocator of its own, as far as it goes. */
static const char pool_source[] = "#include <stddef.h>\n"
				  "static char pool[1 << 20]; static size_t used;\n"
				  "void *malloc(size_t n) { n = (n + 31) & ~15ul; used += n;\n"
				  "	return pool + used - n + 16; }\n"
				  "void free(void *p) { }\n"
				  "void *calloc(size_t a, size_t b) { return malloc(a * b); }\n"
				  "void *realloc(void *p, size_t n) { return malloc(n); }\n"
				  "int in_pool(void) { return 1; }\n";

struct found {
	struct child child;
	struct addrspace *as;
	struct allocators a;
	int err;
};

static char *in_dir(const char *name)
{
	static char paths[4][300];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void look(struct found *f, const struct allocators_opts *opts)
{
	allocators__clear(&f->a);
	f->err = allocators__find(f->as, opts, &f->a);
}

static int start(struct found *f, const char *path, const char *variable,
		 const struct allocators_opts *opts)
{
	int err = child_start(&f->child, path, variable);

	memset(&f->a, 0, sizeof(f->a));
	f->as = addrspace__new(f->child.pid);
	if (err)
		return err;
	CHECK(addrspace__refresh(f->as) > 0);
	look(f, opts);
	CHECK_EQ(f->err, 0);
	return 0;
}

static void stop(struct found *f)
{
	allocators__clear(&f->a);
	addrspace__free(f->as);
	child_stop(&f->child);
}

/* Offset of the site that stands for symbol, or 0. */
static uint64_t site(const struct allocator *a, const char *symbol)
{
	for (size_t i = 0; i < a->n_sites; i++)
		if (!strcmp(entry_points[a->sites[i].entry].symbol, symbol))
			return a->sites[i].offset;
	return 0;
}

static bool has_offset(const struct allocator *a, uint64_t offset)
{
	for (size_t i = 0; i < a->n_sites; i++)
		if (a->sites[i].offset == offset)
			return true;
	return false;
}

/* Each site is where the file's symbol is; sites are sorted and unique. */
static void check_sites(const struct allocator *a, int dynamic)
{
	CHECK(a->n_sites > 0);
	for (size_t i = 0; i < a->n_sites; i++) {
		const char *symbol = entry_points[a->sites[i].entry].symbol;
		uint64_t offset = true_offset(a->image->path, symbol, dynamic);

		if (a->sites[i].offset != offset)
			printf("  %s in %s\n", symbol, a->image->path);
		CHECK_EQ(a->sites[i].offset, offset);
		if (i)
			CHECK(a->sites[i - 1].offset < a->sites[i].offset);
	}
}

/* All names that nm finds are probed, if not under their own name then at their address. */
static void check_complete(const struct allocator *a, int dynamic, const char *const *symbols)
{
	for (; *symbols; symbols++) {
		uint64_t offset = true_offset(a->image->path, *symbols, dynamic);

		if (!offset || !has_offset(a, offset))
			printf("  %s in %s\n", *symbols, a->image->path);
		CHECK(offset && has_offset(a, offset));
	}
}

static const char *const c_names[] = {"malloc",		"calloc",	 "realloc", "free",
				      "posix_memalign", "aligned_alloc", NULL};

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

static void counts_stripped_programs(void)
{
	struct allocators_opts opts = {0};
	uint64_t malloc_address;
	char offsets[128];
	struct found f;

	if (compile(dir, "plain", "gcc", "c", wait_source, "-static")) {
		SKIP("no static C library");
		return;
	}
	CHECK_EQ(compile(dir, "stripped", "gcc", "c", wait_source, "-static -s"), 0);
	CHECK_EQ(start(&f, in_dir("stripped"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 0);
	CHECK_EQ(f.a.n_stripped, 1);

	/* The way out: addresses by hand. Both files have the same code. */
	malloc_address = nm_address(in_dir("plain"), "malloc", 0);
	snprintf(offsets, sizeof(offsets), "malloc=%#llx,free=%llu",
		 (unsigned long long)malloc_address,
		 (unsigned long long)nm_address(in_dir("plain"), "free", 0));
	opts.offsets = offsets;
	look(&f, &opts);
	CHECK_EQ(f.err, 0);
	CHECK_EQ(f.a.n, 1);
	if (f.a.n == 1) {
		CHECK_STR(f.a.list[0].image->name, "stripped");
		CHECK_EQ(f.a.list[0].n_sites, 2);
		CHECK_EQ(site(&f.a.list[0], "malloc"),
			 readelf_offset(in_dir("stripped"), malloc_address));
		CHECK(site(&f.a.list[0], "free"));
	}
	stop(&f);
}

static void refuses_bad_offsets(void)
{
	struct allocators_opts opts = {.object = "c"};
	char lists[12][128];
	unsigned long long malloc_at, free_at;
	struct found f;
	size_t n = 0;

	CHECK_EQ(start(&f, "/bin/cat", NULL, &opts), 0);
	CHECK_EQ(f.a.n, 1);
	if (f.a.n != 1)
		goto cleanup;
	malloc_at = nm_address(f.a.list[0].image->path, "malloc", 1);
	free_at = nm_address(f.a.list[0].image->path, "free", 1);
	CHECK(malloc_at && free_at);

	snprintf(lists[0], 128, "malloc=%#llx,free=%#llx", malloc_at, free_at);
	opts.offsets = lists[0];
	look(&f, &opts);
	CHECK_EQ(f.err, 0);
	CHECK_EQ(f.a.n, 1);
	CHECK_EQ(f.a.n ? f.a.list[0].n_sites : 0, 2);

	snprintf(lists[n++], 128, "%s", "");
	snprintf(lists[n++], 128, "malloc");
	snprintf(lists[n++], 128, "malloc=");
	snprintf(lists[n++], 128, "malloc=0x");
	snprintf(lists[n++], 128, "malloc=%#llx,", malloc_at);
	snprintf(lists[n++], 128, "malloc=%#llxg", malloc_at);
	snprintf(lists[n++], 128, "malloc= %#llx", malloc_at);
	snprintf(lists[n++], 128, "malloc=-%#llx", malloc_at);
	snprintf(lists[n++], 128, "mallok=%#llx", malloc_at);
	snprintf(lists[n++], 128, "malloc=0x0"); /* the ELF header: no code */
	snprintf(lists[n++], 128, "malloc=%#llx,malloc=%#llx", malloc_at, free_at);
	snprintf(lists[n++], 128, "malloc=0xfffffffffffffffff");
	for (size_t i = 0; i < n; i++) {
		opts.offsets = lists[i];
		look(&f, &opts);
		if (f.err != -EINVAL)
			printf("  accepted: %s\n", lists[i]);
		CHECK_EQ(f.err, -EINVAL);
		CHECK_EQ(f.a.n, 0);
	}
cleanup:
	stop(&f);
}

static void obeys_the_object_option(void)
{
	struct allocators_opts opts = {0};
	char libc[4096] = "";
	struct found f;

	if (start(&f, "/bin/cat", "LD_PRELOAD=libjemalloc.so.2", NULL) || f.a.n != 1 ||
	    strcmp(f.a.list[0].kind, "jemalloc")) {
		SKIP("jemalloc not installed");
		goto cleanup;
	}
	opts.object = "libc.so.6";
	look(&f, &opts);
	CHECK_EQ(f.a.n, 1);
	if (f.a.n == 1) {
		CHECK_STR(f.a.list[0].kind, "glibc malloc");
		snprintf(libc, sizeof(libc), "%s", f.a.list[0].image->path);
		check_complete(&f.a.list[0], 1, c_names);
	}
	opts.object = "c";
	look(&f, &opts);
	CHECK_EQ(f.a.n, 1);
	opts.object = libc;
	look(&f, &opts);
	CHECK_EQ(f.a.n, 1);
	/* The same file by another path. */
	CHECK_EQ(symlink(libc, in_dir("link-to-libc")), 0);
	opts.object = in_dir("link-to-libc");
	look(&f, &opts);
	CHECK_EQ(f.a.n, 1);
	CHECK_STR(f.a.n ? f.a.list[0].image->path : NULL, libc);

	opts.object = "jemalloc";
	look(&f, &opts);
	CHECK_EQ(f.a.n, 1);
	CHECK_STR(f.a.n ? f.a.list[0].kind : NULL, "jemalloc");
	CHECK(f.a.n && site(&f.a.list[0], "_Znwm"));
	opts.object = "libno.so";
	look(&f, &opts);
	CHECK_EQ(f.err, 0);
	CHECK_EQ(f.a.n, 0);
cleanup:
	stop(&f);
}

/* A pool under its own names, one of them not exported and one that no table knows. */
static void obeys_the_prefix_option(void)
{
	static const char source[] =
		"#include <stddef.h>\n"
		"#include <unistd.h>\n"
		"static char pool[4096]; static size_t used;\n"
		"void *my_malloc(size_t n) { used += n; return pool + used - n; }\n"
		"void my_free(void *p) { used = 0; }\n"
		"void *my_calloc(size_t a, size_t b) { return my_malloc(a * b); }\n"
		"void *my_special(size_t n) { return my_malloc(n); }\n"
		"int main(void) { char b; my_free(my_calloc(1, 3)); my_special(3);\n"
		"	while (read(0, &b, 1) == 1) write(1, &b, 1); return 0; }\n";
	struct allocators_opts opts = {.prefix = "my_"};
	struct found f;

	if (compile(dir, "pool", "cc", "c", source, "-O0")) {
		SKIP("no C compiler");
		return;
	}
	CHECK_EQ(start(&f, in_dir("pool"), NULL, &opts), 0);
	CHECK_EQ(f.a.n, 1);
	if (f.a.n == 1) {
		CHECK_STR(f.a.list[0].image->name, "pool");
		CHECK_EQ(f.a.list[0].n_sites, 3);
		CHECK_EQ(site(&f.a.list[0], "malloc"), true_offset(in_dir("pool"), "my_malloc", 0));
		CHECK_EQ(site(&f.a.list[0], "calloc"), true_offset(in_dir("pool"), "my_calloc", 0));
		CHECK_EQ(site(&f.a.list[0], "free"), true_offset(in_dir("pool"), "my_free", 0));
	}
	opts.prefix = "your_";
	look(&f, &opts);
	CHECK_EQ(f.a.n, 0);
	/* Without the option, libc's as ever. */
	look(&f, NULL);
	CHECK_EQ(f.a.n, 1);
	CHECK(f.a.n && strcmp(f.a.list[0].image->name, "pool"));
	stop(&f);
}

/* jemalloc under its own prefix beside libc's malloc: both are in use. */
static void finds_prefixed_names_beside_libc(void)
{
	static const char source[] = "#include <stdlib.h>\n"
				     "#include <unistd.h>\n"
				     "static char pool[4096];\n"
				     "void *je_malloc(size_t n) { return pool; }\n"
				     "void je_free(void *p) { }\n"
				     "void *_rjem_rallocx(void *p, size_t n, int f) { return p; }\n"
				     "static void *xmalloc(size_t n) { return je_malloc(n); }\n"
				     "int main(void) { char b; je_free(_rjem_rallocx(xmalloc(3), "
				     "4, 0)); free(malloc(3));\n"
				     "	while (read(0, &b, 1) == 1) write(1, &b, 1); return 0; }\n";
	struct found f;

	if (compile(dir, "prefixed", "cc", "c", source, "-O0")) {
		SKIP("no C compiler");
		return;
	}
	CHECK_EQ(start(&f, in_dir("prefixed"), NULL, NULL), 0);
	CHECK_EQ(f.a.n, 2);
	if (f.a.n == 2) {
		CHECK_STR(f.a.list[0].image->name, "prefixed");
		CHECK_EQ(f.a.list[0].n_sites, 3);
		check_sites(&f.a.list[0], 0);
		CHECK(site(&f.a.list[0], "_rjem_rallocx"));
		CHECK(site(&f.a.list[1], "malloc"));
	}
	stop(&f);
}

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
	RUN(counts_stripped_programs);
	RUN(refuses_bad_offsets);
	RUN(obeys_the_object_option);
	RUN(obeys_the_prefix_option);
	RUN(finds_prefixed_names_beside_libc);
	RUN(follows_the_linkers_order);
	RUN(finds_a_dlopened_allocator);
	RUN(finds_the_rest_when_the_executable_is_deleted);
	RUN(decides_on_operator_new);
	RUN(leaves_out_impostors);
	RUN(forgets_the_program_before_exec);
	scratch_remove(dir);
	return check_done();
}
