/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/maps.h"

static size_t parse(const char *text, struct maps *maps)
{
	size_t bad = 99;

	CHECK_EQ(maps__parse(text, strlen(text), maps, &bad), 0);
	return bad;
}

static void parses_every_field(void)
{
	struct maps maps;

	CHECK_EQ(parse("55d0c0e0e000-55d0c0e13000 r-xp 00002000 fe:01 393272             "
		       "        /usr/bin/cat\n"
		       "7ffd1c5f0000-7ffd1c611000 rw-s 00000000 00:00 0      [stack]\n"
		       "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
		       &maps),
		 0);
	CHECK_EQ(maps.n, 3);
	if (maps.n != 3)
		return;
	CHECK_EQ(maps.map[0].start, 0x55d0c0e0e000);
	CHECK_EQ(maps.map[0].end, 0x55d0c0e13000);
	CHECK_EQ(maps.map[0].offset, 0x2000);
	CHECK_EQ(maps.map[0].dev_major, 0xfe);
	CHECK_EQ(maps.map[0].dev_minor, 1);
	CHECK_EQ(maps.map[0].inode, 393272);
	CHECK(maps.map[0].read && !maps.map[0].write && maps.map[0].exec && !maps.map[0].shared);
	CHECK(!maps.map[0].deleted);
	CHECK_STR(maps.map[0].path, "/usr/bin/cat");
	CHECK(maps.map[1].read && maps.map[1].write && !maps.map[1].exec && maps.map[1].shared);
	CHECK_STR(maps.map[1].path, "[stack]");
	CHECK(!maps.map[2].read && maps.map[2].exec);
	CHECK_EQ(maps.map[2].start, 0xffffffffff600000);
	maps__clear(&maps);
	CHECK_EQ(maps.n, 0);
	CHECK(!maps.map);
}

static void parses_paths(void)
{
	struct maps maps;

	CHECK_EQ(parse("1000-2000 r-xp 00000000 fe:01 7 /tmp/a b  c\n"
		       "2000-3000 r-xp 00000000 fe:01 8 /tmp/x.so (deleted)\n"
		       "3000-4000 r-xp 00000000 fe:01 9 /tmp/new\\012line\\012\n"
		       "4000-5000 r-xp 00000000 00:00 0 \n"
		       "5000-6000 r-xp 00000000 00:00 0\n"
		       "6000-7000 r-xp 00000000 00:00 0 [anon:x (deleted)\n"
		       "7000-8000 r-xp 00000000 fe:01 9 /tmp/back\\slash\\01\n"
		       "8000-9000 r-xp 00000000 fe:01 9  (deleted)\n"
		       "9000-a000 rwxs 00000000 00:01 1024 /memfd:jit (deleted)\n"
		       "a000-b000 r-xp 00000000 fe:01 12 /tmp/twice (deleted) (deleted)",
		       &maps),
		 0);
	CHECK_EQ(maps.n, 10);
	if (maps.n != 10)
		return;
	CHECK_STR(maps.map[0].path, "/tmp/a b  c");
	CHECK_STR(maps.map[1].path, "/tmp/x.so");
	CHECK(maps.map[1].deleted);
	CHECK_STR(maps.map[2].path, "/tmp/new\nline\n");
	CHECK_STR(maps.map[3].path, "");
	CHECK_STR(maps.map[4].path, "");
	CHECK_STR(maps.map[5].path, "[anon:x (deleted)"); /* no file, so not deleted */
	CHECK(!maps.map[5].deleted);
	CHECK_STR(maps.map[6].path, "/tmp/back\\slash\\01");
	CHECK_STR(maps.map[7].path, "(deleted)");
	CHECK_STR(maps.map[8].path, "/memfd:jit");
	CHECK(maps.map[8].deleted && maps.map[8].shared && maps.map[8].write);
	CHECK_STR(maps.map[9].path, "/tmp/twice (deleted)"); /* without newline at the end */
	maps__clear(&maps);
}

static void refuses_malformed_lines(void)
{
	static const char *const bad[] = {
		"",
		"garbage",
		"1000",
		"1000-",
		"1000-2000",
		"1000-2000 ",
		"1000-2000 r-x",
		"1000-2000 r-xp 0 fe:01",
		"1000-2000 r-xp 0 fe:01 ",
		"1000-2000 r-xp 0 fe:01 x",
		"1000-2000 r-xp 0 fe01 7 /x",
		"1000-2000 r-xp 0 fe:01 7/x",
		"1000-2000 q-xp 0 fe:01 7 /x",
		"1000-2000 r-xq 0 fe:01 7 /x",
		"1000-2000 r-xp  0 fe:01 7 /x",
		" 1000-2000 r-xp 0 fe:01 7 /x",
		"-1000-2000 r-xp 0 fe:01 7 /x",
		"0x1000-2000 r-xp 0 fe:01 7 /x",
		"1000-1000 r-xp 0 fe:01 7 /x",		      /* empty */
		"2000-1000 r-xp 0 fe:01 7 /x",		      /* backwards */
		"1000-10000000000000000 r-xp 0 fe:01 7 /x",   /* 65 bits */
		"1000-2000 r-xp fffffffffffff001 fe:01 7 /x", /* offset + length wraps */
		"1000-2000 r-xp 0 100000000:01 7 /x",	      /* 33 bits */
		"1000-2000 r-xp 0 fe:01 18446744073709551616 /x",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct maps maps;
		char text[256];
		size_t n_bad;

		snprintf(text, sizeof(text), "%s\n3000-4000 r--p 0 00:00 0 good\n", bad[i]);
		n_bad = parse(text, &maps);
		if (n_bad != 1 || maps.n != 1)
			printf("  accepted: \"%s\"\n", bad[i]);
		CHECK_EQ(n_bad, 1);
		CHECK_EQ(maps.n, 1);
		maps__clear(&maps);
	}
}

static void refuses_nul(void)
{
	static const char text[] = "1000-2000 r-xp 0 fe:01 7 /x\0y\n3000-4000 r--p 0 00:00 0 z";
	struct maps maps;
	size_t bad;

	CHECK_EQ(maps__parse(text, sizeof(text) - 1, &maps, &bad), 0);
	CHECK_EQ(bad, 1);
	CHECK_EQ(maps.n, 1);
	maps__clear(&maps);
}

static void accepts_the_extremes(void)
{
	struct maps maps;

	CHECK_EQ(parse("fffffffffffff000-ffffffffffffffff ---p fffffffffffff000 "
		       "ffffffff:ffffffff 18446744073709551615 /x\n",
		       &maps),
		 0);
	CHECK_EQ(maps.n, 1);
	if (maps.n == 1) {
		CHECK(maps.map[0].inode == UINT64_MAX);
		CHECK_EQ(maps.map[0].dev_major, 0xffffffff);
	}
	maps__clear(&maps);
	CHECK_EQ(maps__parse("", 0, &maps, NULL), 0);
	CHECK_EQ(maps.n, 0);
	maps__clear(&maps);
	maps__clear(NULL);
}

static void finds_addresses(void)
{
	struct maps maps;

	/* Out of order: must be sorted. */
	CHECK_EQ(parse("5000-6000 r-xp 0 00:00 0 c\n"
		       "1000-2000 r-xp 0 00:00 0 a\n"
		       "2000-3000 r-xp 0 00:00 0 b\n",
		       &maps),
		 0);
	CHECK(!maps__find(&maps, 0));
	CHECK(!maps__find(&maps, 0xfff));
	CHECK(!maps__find(&maps, 0x3000));
	CHECK(!maps__find(&maps, 0x4fff));
	CHECK(!maps__find(&maps, 0x6000));
	CHECK(!maps__find(&maps, UINT64_MAX));
	CHECK_STR(maps__find(&maps, 0x1000) ? maps__find(&maps, 0x1000)->path : NULL, "a");
	CHECK_STR(maps__find(&maps, 0x1fff) ? maps__find(&maps, 0x1fff)->path : NULL, "a");
	CHECK_STR(maps__find(&maps, 0x2000) ? maps__find(&maps, 0x2000)->path : NULL, "b");
	CHECK_STR(maps__find(&maps, 0x5fff) ? maps__find(&maps, 0x5fff)->path : NULL, "c");
	maps__clear(&maps);
	CHECK(!maps__find(&maps, 0x1000));
}

static void reads_this_process(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	const struct mapping *m;
	struct maps maps;
	char *guarded;
	int local;

	guarded = mmap(NULL, 3 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(guarded != MAP_FAILED);
	CHECK_EQ(mprotect(guarded + page, page, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(maps__read(getpid(), &maps), 0);
	CHECK(maps.n > 10);
	m = maps__find(&maps, (uintptr_t)reads_this_process);
	CHECK(m && m->exec && !m->write && m->inode && strstr(m->path, "test_maps"));
	m = maps__find(&maps, (uintptr_t)&local);
	CHECK(m && !m->exec && m->write && !m->inode);
	m = maps__find(&maps, (uintptr_t)guarded + page);
	CHECK(m && m->exec && m->start == (uintptr_t)guarded + page &&
	      m->end == (uintptr_t)guarded + 2 * page);
	maps__clear(&maps);
	munmap(guarded, 3 * page);
}

/* More text than one read or one buffer takes. */
static void reads_many_mappings(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	const size_t n = 6000;
	size_t executable = 0;
	struct maps maps;
	char *area;

	area = mmap(NULL, n * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	for (size_t i = 1; i < n; i += 2)
		CHECK_EQ(mprotect(area + i * page, page, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(maps__read(getpid(), &maps), 0);
	for (size_t i = 0; i < maps.n; i++)
		executable += maps.map[i].exec && maps.map[i].start >= (uintptr_t)area &&
			      maps.map[i].end <= (uintptr_t)area + n * page;
	CHECK_EQ(executable, n / 2);
	maps__clear(&maps);
	munmap(area, n * page);
}

static void no_such_process(void)
{
	struct maps maps;

	CHECK_EQ(maps__read(0x7fffffff, &maps), -ESRCH);
	CHECK_EQ(maps.n, 0);
}

int main(void)
{
	RUN(parses_every_field);
	RUN(parses_paths);
	RUN(refuses_malformed_lines);
	RUN(refuses_nul);
	RUN(accepts_the_extremes);
	RUN(finds_addresses);
	RUN(reads_this_process);
	RUN(reads_many_mappings);
	RUN(no_such_process);
	return check_done();
}
