/* SPDX-License-Identifier: GPL-2.0-or-later */
/* smaps: every field and flag, in pieces of every size, and against the kernel's own sums. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/smaps.h"

static const char two[] =
	"55d0c0000000-55d0c0021000 rw-p 00000000 00:00 0                          "
	"[heap]\n"
	"Size:                132 kB\n"
	"KernelPageSize:        4 kB\n"
	"MMUPageSize:           4 kB\n"
	"Rss:                 101 kB\n"
	"Pss:                 102 kB\n"
	"Pss_Dirty:           103 kB\n"
	"Shared_Clean:        104 kB\n"
	"Shared_Dirty:        105 kB\n"
	"Private_Clean:       106 kB\n"
	"Private_Dirty:       107 kB\n"
	"Referenced:          108 kB\n"
	"Anonymous:           109 kB\n"
	"KSM:                 110 kB\n"
	"LazyFree:            111 kB\n"
	"AnonHugePages:       112 kB\n"
	"ShmemPmdMapped:      113 kB\n"
	"FilePmdMapped:       114 kB\n"
	"Shared_Hugetlb:      115 kB\n"
	"Private_Hugetlb:     116 kB\n"
	"Swap:                117 kB\n"
	"SwapPss:             118 kB\n"
	"Locked:              119 kB\n"
	"THPeligible:           1\n"
	"ProtectionKey:         0\n"
	"VmFlags: rd wr mr mw me ac sd zz \n"
	"7f0000000000-7f0000001000 r-xp 00002000 fe:01 77 /x y\\012z (deleted)\n"
	"Rss:                   4 kB\n"
	"Novelty:               9 kB\n"
	"Private_Clean:         4 kB\n";

static int keep(struct smaps_vma *v, void *arg)
{
	return smaps__add(arg, v);
}

/* In pieces of so many bytes. */
static void parse(const char *text, size_t len, size_t piece, struct smaps *s)
{
	struct smaps_parser *p;

	memset(s, 0, sizeof(*s));
	p = smaps_parser__new(keep, s);
	for (size_t at = 0; at < len; at += piece)
		CHECK_EQ(smaps_parser__feed(p, text + at, at + piece < len ? piece : len - at), 0);
	CHECK_EQ(smaps_parser__end(p), 0);
	s->bad = smaps_parser__bad(p);
	smaps__finish(s);
	smaps_parser__free(p);
}

static void check_two(const struct smaps *s)
{
	const struct smaps_vma *v = s->vma;
	int f;

	CHECK_EQ(s->n, 2);
	CHECK_EQ(s->bad, 0);
	if (s->n != 2)
		return;
	CHECK_STR(v[0].map.path, "[heap]");
	CHECK_EQ(v[0].bytes[SMAPS_SIZE], 132 << 10);
	CHECK_EQ(v[0].bytes[SMAPS_KERNEL_PAGE], 4096);
	CHECK_EQ(v[0].bytes[SMAPS_MMU_PAGE], 4096);
	/* each field its own number: none goes where another belongs */
	for (f = SMAPS_RSS; f < SMAPS_FIELDS; f++)
		CHECK_EQ(v[0].bytes[f], (101 + f - SMAPS_RSS) << 10);
	CHECK_EQ(v[0].has, (1ULL << SMAPS_FIELDS) - 1);
	CHECK(v[0].thp_eligible && v[0].has_flags);
	CHECK_EQ(v[0].n_strange, 1);
	CHECK(smaps__has_flag(&v[0], "rd") && smaps__has_flag(&v[0], "wr") &&
	      smaps__has_flag(&v[0], "ac") && smaps__has_flag(&v[0], "sd") &&
	      !smaps__has_flag(&v[0], "ex") && !smaps__has_flag(&v[0], "sh"));
	CHECK_EQ(smaps__uss(&v[0]), (106 + 107) << 10);
	CHECK_EQ(smaps__held(&v[0]), (101 + 115 + 116 + 117) << 10);
	CHECK_STR(v[1].map.path, "/x y\nz");
	CHECK(v[1].map.deleted && v[1].map.exec && !v[1].map.write);
	CHECK_EQ(v[1].map.offset, 0x2000);
	CHECK_EQ(v[1].map.inode, 77);
	CHECK(smaps__has(&v[1], SMAPS_RSS) && !smaps__has(&v[1], SMAPS_PSS) && !v[1].has_flags);
	CHECK_EQ(v[1].n_strange, 1);
	CHECK_EQ(s->sum[SMAPS_RSS], 105 << 10);
	CHECK_EQ(smaps__total_uss(s), (106 + 107 + 4) << 10);
	CHECK(s->has_fields);
	CHECK(smaps__find(s, 0x55d0c0000000) == v && smaps__find(s, 0x55d0c0020fff) == v &&
	      !smaps__find(s, 0x55d0c0021000) && smaps__find(s, 0x7f0000000fff) == v + 1 &&
	      !smaps__find(s, 0) && !smaps__find(s, UINT64_MAX));
}

static void pieces_of_every_size(void)
{
	struct smaps s;
	size_t piece;

	for (piece = 1; piece <= sizeof(two); piece++) {
		parse(two, sizeof(two) - 1, piece, &s);
		check_two(&s);
		smaps__clear(&s);
	}
	/* without the last newline */
	parse(two, sizeof(two) - 2, 7, &s);
	check_two(&s);
	smaps__clear(&s);
}

static void maps_without_fields(void)
{
	static const char text[] =
		"1000-2000 r--p 00000000 00:00 0 \n2000-3000 ---p 00000000 00:00 0\n";
	struct smaps s;

	parse(text, sizeof(text) - 1, 100, &s);
	CHECK_EQ(s.n, 2);
	CHECK(!s.has_fields);
	smaps__clear(&s);
}

static void nonsense_is_left_out(void)
{
	static const struct {
		const char *line;
		size_t bad;
		uint64_t rss;
	} cases[] = {
		{"Rss: 4 kB\n", 0, 4096},
		{"Rss: -4 kB\n", 1, 0},
		{"Rss: 4 MB\n", 1, 0},
		{"Rss: 4\n", 1, 0},
		{"Rss:\n", 1, 0},
		{"Rss\n", 1, 0},
		{"Rss: 18446744073709551615 kB\n", 1, 0},
		{"Rss: 99999999999999999999999 kB\n", 1, 0},
		/* more than the mapping has: the sum of such numbers may overflow */
		{"Rss: 18014398509481983 kB\n", 1, 0},
		{"Rss: 4 kB trailing\n", 0, 4096},
		{"THPeligible: x\n", 1, 0},
		{"\x01\x02\n", 1, 0},
		{"0-0 rw-p 0 0:0 0\n", 1, 0},
		{"\n", 1, 0},
	};
	char text[256];
	struct smaps s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(text, sizeof(text), "1000-2000 rw-p 00000000 00:00 0 \n%s", cases[i].line);
		parse(text, strlen(text), 5, &s);
		CHECK_EQ(s.n, 1);
		CHECK_EQ(s.bad, cases[i].bad);
		CHECK_EQ(s.sum[SMAPS_RSS], cases[i].rss);
		smaps__clear(&s);
	}
	/* a field before any mapping */
	parse("Rss: 4 kB\n", 10, 3, &s);
	CHECK_EQ(s.n, 0);
	CHECK_EQ(s.bad, 1);
	smaps__clear(&s);
}

/* What follows a line that is too long must not become the mapping's before it. */
static void long_line(void)
{
	const size_t n = 100000;
	char *text = malloc(n + 300);
	struct smaps s;
	size_t len;

	len = sprintf(text, "1000-2000 rw-p 00000000 00:00 0 \nRss: 4 kB\n2000-3000 r--p 0 0:1 1 ");
	memset(text + len, 'x', n);
	strcpy(text + len + n, "\nRss: 4 kB\n3000-4000 r--p 0 0:1 1 /y\nRss: 4 kB\n");
	for (size_t piece = 1; piece < 2 * n; piece = piece * 3 + 1) {
		parse(text, strlen(text), piece, &s);
		CHECK_EQ(s.n, 2);
		CHECK_EQ(s.bad, 2);
		CHECK_EQ(s.sum[SMAPS_RSS], 8192);
		smaps__clear(&s);
	}
	free(text);
}

static void told_twice_counts_once(void)
{
	static const char text[] = "5000-6000 rw-p 00000000 00:00 0 \nRss: 4 kB\n"
				   "1000-3000 rw-p 00000000 00:00 0 \nRss: 8 kB\n"
				   "1000-2000 rw-p 00000000 00:00 0 \nRss: 4 kB\n"
				   "5000-6000 rw-p 00000000 00:00 0 \nRss: 4 kB\n";
	struct smaps s;

	parse(text, sizeof(text) - 1, 50, &s);
	CHECK_EQ(s.n, 2);
	CHECK_EQ(s.bad, 2);
	CHECK_EQ(s.vma[0].map.start, 0x1000);
	CHECK_EQ(s.sum[SMAPS_RSS], s.vma[0].bytes[SMAPS_RSS] + 4096);
	smaps__clear(&s);
}

static void flags_have_words(void)
{
	const char *words, *letters;
	unsigned int i, k;

	for (i = 0; (letters = smaps__flag(i, &words)); i++) {
		CHECK_EQ(strlen(letters), 2);
		CHECK(strlen(words) > 3);
		for (k = 0; k < i; k++)
			CHECK(strcmp(smaps__flag(k, &words), letters) != 0);
	}
	CHECK(i <= SMAPS_MAX_FLAGS);
}

/* A process that stands still, with memory of several kinds; shares none with us that we write to.
 */
static int be_sleeper(void)
{
	char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, 3 << 20);
	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(p, 1, 1 << 19);
	raise(SIGSTOP);
	return 0;
}

static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "sleeper", "sleep", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, WUNTRACED);
	return pid;
}

static void agrees_with_the_kernels_sums(void)
{
	pid_t pid = start_sleeper();
	char path[64], *text = NULL;
	struct smaps s, rollup;
	size_t room = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	in = fopen(path, "r");
	if (!in) {
		SKIP("this kernel has no smaps_rollup");
		goto cleanup;
	}
	CHECK_EQ(smaps__read(pid, &s), 0);
	CHECK(getdelim(&text, &room, '\0', in) > 0);
	fclose(in);
	parse(text, strlen(text), 4096, &rollup);
	CHECK_EQ(rollup.n, 1);
	CHECK_EQ(s.bad, 0);
	/* as in the kernel's file: all but what is said per mapping only */
	for (int f = SMAPS_RSS; f < SMAPS_FIELDS && rollup.n == 1; f++) {
		/* shares of a page are cut for each mapping here, once there */
		uint64_t slack = f == SMAPS_PSS || f == SMAPS_PSS_DIRTY || f == SMAPS_SWAP_PSS ||
						 f == SMAPS_LOCKED
					 ? s.n * 1024
					 : 0;

		if (!smaps__has(&rollup.vma[0], f))
			continue;
		CHECK(s.sum[f] <= rollup.vma[0].bytes[f] &&
		      s.sum[f] + slack >= rollup.vma[0].bytes[f]);
	}
	CHECK(s.sum[SMAPS_RSS] >= 3 << 20);
	CHECK(smaps__total_uss(&s) >= 3 << 20);
	smaps__clear(&rollup);
	smaps__clear(&s);
cleanup:
	free(text);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void who_is_not_there(void)
{
	struct smaps s;

	CHECK_EQ(smaps__read(0x7fffffff, &s), -ESRCH);
	CHECK_EQ(s.n, 0);
	smaps__clear(&s);
	smaps_parser__free(NULL);
	smaps__clear(NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sleep"))
		return be_sleeper();
	RUN(pieces_of_every_size);
	RUN(maps_without_fields);
	RUN(nonsense_is_left_out);
	RUN(long_line);
	RUN(told_twice_counts_once);
	RUN(flags_have_words);
	RUN(agrees_with_the_kernels_sums);
	RUN(who_is_not_there);
	return check_done();
}
