/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/slabinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "proc/procfile.h"

#define HEAD                                                                                       \
	"slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "           \
	"<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "   \
	"<active_slabs> <num_slabs> <sharedavail>\n"

static size_t bad;

static void parse(const char *text, struct slabinfo *s)
{
	CHECK_EQ(slabinfo__parse(text, strlen(text), s, &bad), 0);
}

static void figures(void)
{
	static const char text[] = HEAD
		"kmalloc-4k          1000   1016   4096    8    8 : tunables    0    0    0 : "
		"slabdata    120    127      0\n"
		"Acpi-State            51     51     80   51    1 : tunables    0    0    0 : "
		"slabdata      1      1      0\n"
		"two words              5      8    512    8    1 : tunables    0    0    0 : "
		"slabdata      1      1      0\n";
	const struct slabinfo_cache *c;
	struct slabinfo s;

	parse(text, &s);
	CHECK_EQ(s.n, 3);
	CHECK_EQ(bad, 0);
	c = slabinfo__find(&s, "kmalloc-4k");
	CHECK(c && c->active == 1000 && c->objects == 1016 && c->size == 4096);
	CHECK(c && c->pages == 127 * 8);
	CHECK(slabinfo__find(&s, "two words") && !slabinfo__find(&s, "two"));
	slabinfo__clear(&s);
}

/* Linux 2.4 and early 2.6: no tunables; the slabs follow from the objects. */
static void old_formats(void)
{
	static const char old[] = "slabinfo - version: 1.1\n"
				  "size-4096             24     25   4096   1    1 : 0 0 0\n";
	static const char debug[] =
		"slabinfo - version: 2.0 (statistics)\n"
		"size-4096(DMA)         0      9   4096    4    4 : tunables   24   12    8 : "
		"slabdata "
		"     3      3      0 : globalstat       1      1     1    0    0    0\n";
	struct slabinfo s;

	parse(old, &s);
	CHECK(s.n == 1 && s.caches[0].active == 24 && s.caches[0].pages == 25);
	slabinfo__clear(&s);
	parse(debug, &s);
	CHECK(s.n == 1 && !strcmp(s.caches[0].name, "size-4096(DMA)") && s.caches[0].pages == 12);
	slabinfo__clear(&s);
}

/* Caches of memory cgroups before 5.9 came with the name of their root. */
static void equal_names_are_added_up(void)
{
	static const char text[] = HEAD "dentry 10 20 192 21 1 : tunables 0 0 0 : slabdata 1 1 0\n"
					"b 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\n"
					"dentry 30 40 192 21 1 : tunables 0 0 0 : slabdata 2 2 0\n"
					"a 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\n";
	struct slabinfo s;

	parse(text, &s);
	CHECK_EQ(s.n, 3);
	if (s.n == 3) {
		CHECK_STR(s.caches[0].name, "a");
		CHECK_STR(s.caches[2].name, "dentry");
		CHECK_EQ(s.caches[2].active, 40);
		CHECK_EQ(s.caches[2].pages, 3);
	}
	slabinfo__clear(&s);
}

static void nonsense_is_skipped(void)
{
	static const char text[] = HEAD
		"x 1 2 3 4 : tunables 0 0 0 : slabdata 1 1 0\n" /* too few */
		"x 1 2 3 4 99999999999999999999 : tunables\n"	/* overflow */
		"x 1 2 3 1 18446744073709551615 : 0\n"		/* product overflows */
		"1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0\n" /* no name */
		"no colon at all\n"
		"zero 5 5 8 0 1 : tunables 0 0 0\n"; /* nothing to divide by */
	struct slabinfo s;

	parse(text, &s);
	CHECK_EQ(bad, 5);
	CHECK(s.n == 1 && s.caches[0].pages == 0);
	slabinfo__clear(&s);
	CHECK_EQ(slabinfo__parse("MemTotal: 1 kB\n", 15, &s, &bad), -EINVAL);
	CHECK_EQ(slabinfo__parse("", 0, &s, &bad), -EINVAL);
}

static void merged_names(void)
{
	static const char links[] = "kmalloc-256 :0000256\nskbuff :0000256\n:0000512 =reclaimable\n"
				    "pool :0000256\ndentry =reclaimable\ninode :0000512\n";
	size_t len = strlen(links);
	char names[64], small[10];

	CHECK_EQ(slabinfo__aliases(links, len, "kmalloc-256", names, sizeof(names)), 2);
	CHECK_STR(names, "skbuff, pool");
	CHECK_EQ(slabinfo__aliases(links, len, "kmalloc-256", small, sizeof(small)), 2);
	CHECK_STR(small, "skbuff");
	CHECK_EQ(slabinfo__aliases(links, len, "dentry", names, sizeof(names)), 0);
	CHECK_EQ(slabinfo__aliases(links, len, "kmalloc", names, sizeof(names)), 0);
	CHECK_EQ(slabinfo__is_reclaimable(links, len, "dentry"), 1);
	CHECK_EQ(slabinfo__is_reclaimable(links, len, "inode"), 1); /* through its link */
	CHECK_EQ(slabinfo__is_reclaimable(links, len, "pool"), 0);
	CHECK_EQ(slabinfo__is_reclaimable("", 0, "pool"), -ENOENT);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void links_of_a_directory(void)
{
	char dir[] = "/tmp/test_slabinfo.XXXXXX", *text;
	size_t len;

	CHECK(mkdtemp(dir) && !chdir(dir));
	CHECK_EQ(mkdir("dentry", 0700), 0);
	write_file("dentry/reclaim_account", "1\n");
	CHECK_EQ(mkdir(":0000256", 0700), 0);
	write_file(":0000256/reclaim_account", "0\n");
	CHECK_EQ(symlink(":0000256", "a b\nc"), 0);
	CHECK_EQ(slabinfo__links(dir, &text, &len), 0);
	CHECK_EQ(slabinfo__is_reclaimable(text, len, "dentry"), 1);
	CHECK_EQ(slabinfo__is_reclaimable(text, len, ":0000256"), 0);
	CHECK(strstr(text, "a?b?c :0000256\n"));
	free(text);
	unlink("a b\nc");
	unlink("dentry/reclaim_account");
	unlink(":0000256/reclaim_account");
	rmdir("dentry");
	rmdir(":0000256");
	CHECK_EQ(chdir("/"), 0);
	rmdir(dir);
	CHECK_EQ(slabinfo__links(dir, &text, &len), -ENOENT);
	CHECK(!text);
}

static void of_this_machine(void)
{
	struct procfile f = {0};
	struct slabinfo s;

	if (procfile__read(&f, AT_FDCWD, "/proc/slabinfo")) {
		SKIP("/proc/slabinfo is for root");
		return;
	}
	CHECK_EQ(slabinfo__parse(f.text, f.len, &s, &bad), 0);
	CHECK_EQ(bad, 0);
	CHECK(s.n > 20 && slabinfo__find(&s, "dentry"));
	slabinfo__clear(&s);
	procfile__clear(&f);
}

int main(void)
{
	RUN(figures);
	RUN(old_formats);
	RUN(equal_names_are_added_up);
	RUN(nonsense_is_skipped);
	RUN(merged_names);
	RUN(links_of_a_directory);
	RUN(of_this_machine);
	return check_done();
}
