/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/filter_system.h"
#include "kernel/gfp.h"

static char root[] = "/tmp/memleak-test-XXXXXX";

/* Below root: a file with this text, a directory (text NULL), or a link to "->..." */
static void make(const char *path, const char *text)
{
	char full[300];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	if (!text) {
		CHECK_EQ(mkdir(full, 0755), 0);
	} else if (text[0] == '-') {
		CHECK_EQ(symlink(text + 2, full), 0);
	} else {
		f = fopen(full, "w");
		CHECK(f && fputs(text, f) >= 0);
		if (f)
			fclose(f);
	}
}

static struct filter_system *new_system(struct filter_names *names)
{
	struct filter_system *s;

	CHECK_EQ(filter_system__new(NULL, root, &s), 0);
	filter_system__names(s, names);
	return s;
}

static void nothing_there(void)
{
	struct filter_names names;
	struct filter_system *s = new_system(&names);
	uint64_t id, zero;

	/* names that cannot be known are not checked */
	CHECK(!names.cache);
	CHECK_EQ(names.cgroup(names.system, "/", &id), -ENODEV);
	id = 1;
	CHECK_EQ(names.cgroup(names.system, NULL, &id), -ENODEV);
	CHECK(gfp__value(names.gfp, "__GFP_ZERO", &zero));
	filter_system__free(s);
	filter_system__free(NULL);
}

static void caches(void)
{
	struct filter_names names;
	struct filter_system *s;
	const char *merged;

	make("/proc", NULL);
	make("/proc/slabinfo",
	     "slabinfo - version: 2.1\n"
	     "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n"
	     "ext4_groupinfo_4k     48     48    168   24    1 : tunables    0    0    0\n"
	     "pid                  192    192    128   32    1 : tunables    0    0    0\n"
	     "\n"
	     "kmalloc-8k");
	make("/sys", NULL);
	make("/sys/kernel", NULL);
	make("/sys/kernel/slab", NULL);
	make("/sys/kernel/slab/pid", "->:A-0000192");
	make("/sys/kernel/slab/cred", "->:A-0000192");
	make("/sys/kernel/slab/inet_peer", "->:0000192");
	make("/sys/kernel/slab/kmalloc-8k", NULL);
	s = new_system(&names);
	CHECK(names.cache != NULL);
	CHECK_STR(names.cache(names.system, 0), "ext4_groupinfo_4k");
	CHECK_STR(names.cache(names.system, 1), "pid");
	CHECK_STR(names.cache(names.system, 2), "kmalloc-8k");
	CHECK(!names.cache(names.system, 3));

	merged = names.merged_cache(names.system, "cred");
	CHECK_STR(merged, "pid");
	CHECK(!names.merged_cache(names.system, "inet_peer"));
	CHECK(!names.merged_cache(names.system, "kmalloc-8k"));
	CHECK(!names.merged_cache(names.system, "xyzzy"));
	CHECK(!names.merged_cache(names.system, "../slab/cred"));
	filter_system__free(s);
}

static void cgroups(void)
{
	struct filter_names names;
	struct filter_system *s;
	struct stat st;
	char text[600], path[300];
	uint64_t id;

	make("/proc/self", NULL);
	make("/cg", NULL);
	make("/cg/a", NULL);
	make("/cg/a/b", NULL);
	make("/cg/procs", "");
	snprintf(text, sizeof(text),
		 "22 1 0:20 / /proc rw - proc proc rw\n"
		 "30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		 "31 1\n"
		 "35 24 0:30 / %s/cg rw,relatime shared:9 - cgroup2 cgroup2 rw\n",
		 root);
	make("/proc/self/mountinfo", text);
	s = new_system(&names);

	snprintf(path, sizeof(path), "%s/cg/a/b", root);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(names.cgroup(names.system, "/a/b", &id), 0);
	CHECK_EQ(id, st.st_ino);
	id = 0;
	CHECK_EQ(names.cgroup(names.system, "a/b", &id), 0);
	CHECK_EQ(id, st.st_ino);
	id = 0;
	CHECK_EQ(names.cgroup(names.system, path, &id), 0);
	CHECK_EQ(id, st.st_ino);
	CHECK_EQ(names.cgroup(names.system, "/", &id), 0);
	CHECK(id != st.st_ino);
	CHECK_EQ(names.cgroup(names.system, "/x", &id), -ENOENT);
	CHECK_EQ(names.cgroup(names.system, "/procs", &id), -ENOTDIR);
	CHECK_EQ(names.cgroup(names.system, "/../../../proc", &id), -ENOTDIR);
	filter_system__free(s);
}

int main(void)
{
	char command[100];
	int failed;

	if (!mkdtemp(root))
		return 1;
	RUN(nothing_there);
	RUN(caches);
	RUN(cgroups);
	failed = check_done();
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command) || failed;
}
