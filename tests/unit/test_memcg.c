/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cgroups leave us, of directories that look like those of real systems, and of broken ones.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/available.h"
#include "proc/memcg.h"

#define MIB (1ULL << 20)

static char dir[32];
static int root = -1;

static void begin(void)
{
	strcpy(dir, "/tmp/memleak-test-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void end(void)
{
	close(root);
	CHECK_EQ(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The file below the root, and the directories that it is in. */
static void make(const char *path, const char *text)
{
	char full[8192], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", dir, path);
	for (slash = full + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		CHECK(!mkdir(full, 0755) || errno == EEXIST);
		*slash = '/';
	}
	f = fopen(full, "w");
	CHECK(f && fputs(text, f) >= 0);
	if (f)
		fclose(f);
}

static struct memcg_room room(void)
{
	struct memcg_room r;

	memcg__room(root, &r);
	return r;
}

#define V2_MOUNT                                                                                   \
	"35 24 0:30 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

/* systemd, cgroup2 only: a service in a slice in another one. */
static void a_service(void)
{
	struct memcg_room r;

	begin();
	make("proc/self/mountinfo", "22 1 0:20 / /proc rw - proc proc rw\n" V2_MOUNT);
	make("proc/self/cgroup", "0::/web.slice/web-api.slice/api.service\n");
	/* the highest one has no limit, and does not say what is taken */
	make("sys/fs/cgroup/memory.stat", "anon 1\n");
	make("sys/fs/cgroup/web.slice/memory.max", "1073741824\n");
	make("sys/fs/cgroup/web.slice/memory.high", "max\n");
	make("sys/fs/cgroup/web.slice/memory.current", "524288000\n");
	make("sys/fs/cgroup/web.slice/memory.stat", "anon 1\nactive_file 9\ninactive_file 0\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/memory.max", "max\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/memory.high", "max\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/memory.current", "524288000\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/api.service/memory.max", "max\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/api.service/memory.high", "max\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/api.service/memory.current", "104857600\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/api.service/memory.stat",
	     "anon 52428800\ninactive_file 20971520\nactive_file 31457280\n");
	r = room();
	CHECK_EQ(r.bytes, 524 * MIB); /* 1024 - 500 */
	CHECK_EQ(r.limit, 1024 * MIB);
	CHECK_STR(r.file, "memory.max");
	CHECK_STR(r.cgroup, "/web.slice");

	/* our own: 200 - (100 - 20 of page cache); memory.high stops us as well */
	make("sys/fs/cgroup/web.slice/web-api.slice/api.service/memory.max", "314572800\n");
	make("sys/fs/cgroup/web.slice/web-api.slice/api.service/memory.high", "209715200\n");
	r = room();
	CHECK_EQ(r.bytes, 120 * MIB);
	CHECK_EQ(r.limit, 200 * MIB);
	CHECK_STR(r.file, "memory.high");
	CHECK_STR(r.cgroup, "/web.slice/web-api.slice/api.service");

	/* more is taken than it may be; more page cache than there is of anything */
	make("sys/fs/cgroup/web.slice/memory.max", "524287999\n");
	CHECK_EQ(room().bytes, 0);
	make("sys/fs/cgroup/web.slice/memory.stat", "inactive_file 18446744073709551615\n");
	CHECK_EQ(room().bytes, 120 * MIB);
	end();
}

/* cgroup v1 beside an empty cgroup2; a container sees its part of the hierarchy only. */
static void a_container(void)
{
	struct memcg_room r;

	begin();
	make("proc/self/mountinfo",
	     "30 1 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
	     "31 1 0:27 /docker/0f3a /sys/fs/cgroup/memory ro master:5 - cgroup cgroup rw,memory\n"
	     "32 1 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	make("proc/self/cgroup", "9:name=systemd:/\n5:cpu,cpuacct:/docker/0f3a\n"
				 "4:hugetlb,memory:/docker/0f3a\n0::/docker/0f3a\n");
	make("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
	make("sys/fs/cgroup/memory/memory.usage_in_bytes", "209715200\n");
	make("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 10485760\n");
	r = room();
	CHECK_EQ(r.bytes, 66 * MIB); /* 256 - (200 - 10) */
	CHECK_STR(r.file, "memory.limit_in_bytes");
	CHECK_STR(r.cgroup, "/");

	/* nobody has set one: that is how it looks */
	make("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	CHECK(room().bytes > 1ULL << 62);
	/* a neighbour's */
	make("proc/self/cgroup", "4:hugetlb,memory:/docker/0f3ab\n");
	CHECK(room().bytes == UINT64_MAX);
	end();
}

/* What the machine has, and what is left of it for us. */
static void the_less_of_both(void)
{
	struct available a;

	begin();
	available__get(root, &a);
	CHECK(a.bytes == UINT64_MAX);
	make("proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 262144 kB\n");
	make("proc/self/mountinfo", V2_MOUNT);
	make("proc/self/cgroup", "0::/x\n");
	make("sys/fs/cgroup/x/memory.current", "0\n");
	make("sys/fs/cgroup/x/memory.max", "268435456\n");
	available__get(root, &a);
	CHECK_EQ(a.bytes, 256 * MIB);
	CHECK_STR(a.words, "are available");
	make("sys/fs/cgroup/x/memory.max", "268431360\n");
	available__get(root, &a);
	CHECK_EQ(a.bytes, 256 * MIB - 4096);
	CHECK_STR(a.words, "are left by memory.max of cgroup /x");
	end();
}

/* Whatever is in the files, nothing is read that was not named, and a limit that is none is none.
 */
static void nonsense(void)
{
	static const char *const mounts[] = {
		"",
		"35\n",
		"35 24 0:30 /\n",
		"35 24 0:30 / /sys/fs/cgroup rw - cgroup2\n",
		"35 24 0:30 / sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		"35 24 0:30 /y /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		"35 24 0:30 / /sys/fs/cgroup rw - cgroup cgroup2 rw\n",
		"35 24 0:30 / /sys/fs/cgroup rw - tmpfs - cgroup2 cgroup2 rw\n",
	};
	static const char *const cgroups[] = {
		"",
		"0::",
		"0:/x\n",
		"0::x\n",
		"1:cpu:/x\n",
		"0::/../x\n",
		"0::/x/../../x\n",
		"x\n",
		"4:memoryx:/x\n",
		"::\n0",
	};
	static const char *const limits[] = {
		"", "\n", "max\n", "-1\n", "18446744073709551616\n", "0x10\n", "10k\n"};
	char text[6000];
	size_t i;

	begin();
	make("proc/self/cgroup", "0::/x\n");
	make("sys/fs/cgroup/x/memory.current", "0\n");
	make("sys/fs/cgroup/x/memory.max", "4096\n");
	for (i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		make("proc/self/mountinfo", mounts[i]);
		CHECK(room().bytes == UINT64_MAX);
	}
	make("proc/self/mountinfo", V2_MOUNT);
	CHECK_EQ(room().bytes, 4096);
	for (i = 0; i < sizeof(cgroups) / sizeof(*cgroups); i++) {
		make("proc/self/cgroup", cgroups[i]);
		CHECK(room().bytes == UINT64_MAX);
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "0::/", 4);
	text[sizeof(text) - 1] = '\0';
	make("proc/self/cgroup", text);
	CHECK(room().bytes == UINT64_MAX);
	make("proc/self/cgroup", "0::/x\n");
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		make("sys/fs/cgroup/x/memory.max", limits[i]);
		CHECK(room().bytes == UINT64_MAX);
	}
	end();
}

/* Of a long name the end is told; what is no printable ASCII is not. */
static void names(void)
{
	struct memcg_room r;

	begin();
	make("proc/self/mountinfo",
	     "35 24 0:30 / /sys/fs/my\\040cgroups rw - cgroup2 cgroup2 rw\n");
	make("proc/self/cgroup", "0::/a\033[2J b\n");
	make("sys/fs/my cgroups/a\033[2J b/memory.current", "0\n");
	make("sys/fs/my cgroups/a\033[2J b/memory.max", "7\n");
	r = room();
	CHECK_EQ(r.bytes, 7);
	CHECK_STR(r.cgroup, "/a?[2J?b");

	make("proc/self/cgroup",
	     "0::/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/0123456789abcdef\n");
	make("sys/fs/my cgroups/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/"
	     "0123456789abcdef/memory.current",
	     "0\n");
	make("sys/fs/my cgroups/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/"
	     "0123456789abcdef/memory.max",
	     "5\n");
	r = room();
	CHECK_EQ(r.bytes, 5);
	CHECK_STR(r.cgroup, "67-89ab-cdef-0123-456789abcdef/0123456789abcdef");
	end();
}

/* Ours, whatever they are: not more than any limit that is set. */
static void our_own(void)
{
	struct memcg_room r;
	struct available a;

	memcg__room(AT_FDCWD, &r);
	CHECK(r.bytes == UINT64_MAX || (r.bytes <= r.limit && r.cgroup[0]));
	available__get(AT_FDCWD, &a);
	CHECK(a.bytes > 0 && a.bytes <= r.bytes);
}

static bool put(const char *cgroup, const char *file, const char *text)
{
	char path[200];
	bool done;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	f = fopen(path, "r+"); /* in a directory that is no cgroup there is no such file */
	done = f && fputs(text, f) >= 0;
	if (f && fclose(f))
		done = false;
	return done;
}

/* In a cgroup that has a limit of 64 MiB, and takes 16 of them. */
static void in_it(const char *cgroup, const char *file)
{
	struct memcg_room before, after;
	char *memory;

	CHECK(put(cgroup, "cgroup.procs", "0"));
	memcg__room(AT_FDCWD, &before);
	CHECK_EQ(before.limit, 64 * MIB);
	CHECK(before.bytes <= 64 * MIB && before.bytes > 32 * MIB);
	CHECK_STR(before.file, file);
	CHECK(strstr(before.cgroup, "memleak-test-") != NULL);
	memory = malloc(16 * MIB);
	memset(memory, 1, 16 * MIB);
	memcg__room(AT_FDCWD, &after);
	CHECK(after.bytes + 15 * MIB <= before.bytes); /* charges are counted in batches */
	free(memory);
}

static void a_real_one(void)
{
	static const char *const mounts[][2] = {
		{"/sys/fs/cgroup", "memory.max"},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
	};
	char cgroup[100];
	bool found = false;
	int status;
	pid_t pid;
	size_t i;

	for (i = 0; !found && i < 2; i++) {
		snprintf(cgroup, sizeof(cgroup), "%s/memleak-test-%d", mounts[i][0], getpid());
		if (mkdir(cgroup, 0755))
			continue;
		found = put(cgroup, mounts[i][1], "67108864");
		if (!found)
			CHECK_EQ(rmdir(cgroup), 0);
	}
	if (!found) {
		SKIP("no cgroup with a limit can be made here");
		return;
	}
	pid = fork();
	if (!pid) {
		in_it(cgroup, mounts[i - 1][1]);
		fflush(stdout);
		_exit(check_failed);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	/* it may take a moment until nobody is in it any more */
	for (i = 0; rmdir(cgroup) && errno == EBUSY && i < 30000; i++)
		usleep(1000);
	CHECK(access(cgroup, F_OK) != 0);
}

int main(void)
{
	RUN(a_service);
	RUN(a_container);
	RUN(the_less_of_both);
	RUN(nonsense);
	RUN(names);
	RUN(our_own);
	RUN(a_real_one);
	return check_done();
}
