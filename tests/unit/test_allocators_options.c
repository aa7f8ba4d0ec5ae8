/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocators that the user points to: by object, prefix or address. */
#include "allocators_found.h"

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

int main(void)
{
	if (scratch_make(dir, sizeof(dir)))
		return 1;
	RUN(counts_stripped_programs);
	RUN(refuses_bad_offsets);
	RUN(obeys_the_object_option);
	RUN(obeys_the_prefix_option);
	RUN(finds_prefixed_names_beside_libc);
	scratch_remove(dir);
	return check_done();
}
