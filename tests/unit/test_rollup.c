/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/rollup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "check.h"
#include "proc/procfile.h"

#define KIB 1024ULL

static const char rollup[] =
	"55d0c8a00000-7ffd5a9fe000 ---p 00000000 00:00 0                          [rollup]\n"
	"Rss:                1000 kB\nPss:                 600 kB\nPss_Dirty:           300 kB\n"
	"Pss_Anon:            250 kB\nPss_File:            300 kB\nPss_Shmem:            50 kB\n"
	"Shared_Clean:        500 kB\nShared_Dirty:         20 kB\nPrivate_Clean:        80 kB\n"
	"Private_Dirty:       400 kB\nReferenced:          900 kB\nAnonymous:           410 kB\n"
	"KSM:                   0 kB\nLazyFree:              0 kB\nAnonHugePages:         0 kB\n"
	"ShmemPmdMapped:        0 kB\nFilePmdMapped:         0 kB\nShared_Hugetlb:        0 kB\n"
	"Private_Hugetlb:    2048 kB\nSwap:                 64 kB\nSwapPss:              32 kB\n"
	"Locked:                4 kB\n";

static void sums_of_a_rollup(void)
{
	struct rollup r;

	CHECK_EQ(rollup__parse(rollup, strlen(rollup), &r), 0);
	CHECK_EQ(r.rss, 1000 * KIB);
	CHECK_EQ(r.pss, 600 * KIB);
	CHECK_EQ(r.pss_anon, 250 * KIB);
	CHECK_EQ(r.pss_file, 300 * KIB);
	CHECK_EQ(r.pss_shmem, 50 * KIB);
	CHECK_EQ(r.shared, 520 * KIB);
	CHECK_EQ(r.private, 480 * KIB);
	CHECK_EQ(r.hugetlb, 2048 * KIB);
	CHECK_EQ(r.anonymous, 410 * KIB);
	CHECK_EQ(r.swap, 64 * KIB);
	CHECK_EQ(r.swap_pss, 32 * KIB);
	CHECK_EQ(r.locked, 4 * KIB);
}

/* Linux 2.6.32 has no Anonymous, no SwapPss; a path that looks like a field. */
static void sums_of_smaps(void)
{
	static const char smaps[] =
		"00400000-0040b000 r-xp 00000000 fd:00 123        /bin/cat\n"
		"Size:                 44 kB\nRss:                  20 kB\nPss:                  "
		"10 kB\n"
		"Shared_Clean:         20 kB\nPrivate_Dirty:         0 kB\n"
		"0060a000-0060b000 rw-p 0000a000 fd:00 124        Rss: 7 kB\n"
		"Size:                  4 kB\nRss:                   4 kB\nPss:                   "
		"4 kB\n"
		"Private_Dirty:         4 kB\nSwap:                  8 kB\nNewField:  9 kB\n"
		"VmFlags: rd wr mr mw me ac\n";
	struct rollup r;

	CHECK_EQ(rollup__parse(smaps, strlen(smaps), &r), 0);
	CHECK_EQ(r.size, 48 * KIB);
	CHECK_EQ(r.rss, 24 * KIB);
	CHECK_EQ(r.pss, 14 * KIB);
	CHECK_EQ(r.private, 4 * KIB);
	CHECK_EQ(r.swap, 8 * KIB);
}

static void no_wrong_sums(void)
{
	struct rollup r;
	static const char *const texts[] = {
		"",
		"Rss: kB\n",
		"Rss: -1 kB\n",
		"Rss: 18446744073709551615 kB\n",
		"Rss: 9007199254740992 kB\nRss: 9007199254740992 kB\n",
		"MemTotal: 5 kB\n",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK_EQ(rollup__parse(texts[i], strlen(texts[i]), &r), -EINVAL);
}

static void a_stat_line(void)
{
	static const char text[] =
		"4312 (a) R 1 (b)\nc) S 1 4312 4312 34816 4312 4194304 1500 90 7 2 10 20 30 40 20 "
		"0 3 0 "
		"98765 123456789 321 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";
	static const char kthread[] =
		"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 7 0 0 0\n";
	struct pidstat s;

	CHECK_EQ(pidstat__parse(text, strlen(text), &s), 0);
	CHECK_STR(s.comm, "a) R 1 (b)\nc");
	CHECK_EQ(s.state, 'S');
	CHECK_EQ(s.ppid, 1);
	CHECK_EQ(s.minor_faults, 1500);
	CHECK_EQ(s.major_faults, 7);
	CHECK_EQ(s.threads, 3);
	CHECK_EQ(s.start, 98765);
	CHECK_EQ(s.vsize, 123456789);
	CHECK_EQ(s.rss, 321);
	CHECK(!s.kernel_thread);
	CHECK_EQ(pidstat__parse(kthread, strlen(kthread), &s), 0);
	CHECK(s.kernel_thread);
	CHECK_EQ(pidstat__parse("1 (x) S 1 2", 11, &s), -EINVAL);
	CHECK_EQ(pidstat__parse("1 (x", 4, &s), -EINVAL);
	CHECK_EQ(pidstat__parse("1 )x(", 5, &s), -EINVAL);
	CHECK_EQ(pidstat__parse("", 0, &s), -EINVAL);
}

static struct rollup of_us(const char *path)
{
	struct procfile f = {0};
	struct rollup r = {0};
	int err = procfile__read(&f, AT_FDCWD, path);

	if (!err)
		CHECK_EQ(rollup__parse(f.text, f.len, &r), 0);
	procfile__clear(&f);
	return r;
}

/* 40 MiB of our own; rollup and smaps say the same of them. */
static void of_ourselves(void)
{
	const size_t size = 40 << 20;
	struct rollup before, after, smaps;
	char *p;

	if (access("/proc/self/smaps_rollup", R_OK)) {
		SKIP("no smaps_rollup before Linux 4.14");
		return;
	}
	before = of_us("/proc/self/smaps_rollup");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 1, size);
	after = of_us("/proc/self/smaps_rollup");
	smaps = of_us("/proc/self/smaps");
	CHECK(after.private >= before.private + size);
	CHECK(after.private < before.private + size + (1 << 20));
	CHECK(llabs((long long)(smaps.private - after.private)) < 512 * 1024);
	CHECK(llabs((long long)(smaps.pss - after.pss)) < 512 * 1024);
	CHECK(llabs((long long)(smaps.rss - after.rss)) < 512 * 1024);
	CHECK(smaps.size > after.rss && !after.size);
	munmap(p, size);
}

static void our_own_stat(void)
{
	struct procfile f = {0};
	struct pidstat s;

	prctl(PR_SET_NAME, "odd ) name\n(");
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/self/stat"), 0);
	CHECK_EQ(pidstat__parse(f.text, f.len, &s), 0);
	CHECK(!strncmp(s.comm, "odd ) name", 10));
	CHECK_EQ(s.ppid, getppid());
	CHECK_EQ(s.threads, 1);
	CHECK(s.minor_faults > 0 && s.vsize > 1 << 20 && s.start > 0);
	procfile__clear(&f);
}

int main(void)
{
	RUN(sums_of_a_rollup);
	RUN(sums_of_smaps);
	RUN(no_wrong_sums);
	RUN(a_stat_line);
	RUN(of_ourselves);
	RUN(our_own_stat);
	return check_done();
}
