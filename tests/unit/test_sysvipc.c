/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/sysvipc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "check.h"

/* ipc/shm.c of Linux 2.6.18: no rss, no swap. */
static const char old_table[] =
	"       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid      "
	"atime      dtime      ctime\n"
	" 160008567     196609  1600   33554432  2558  2601     24     0     0     0     0 "
	"1354616403 1354616403 1354610000\n"
	"        -2     229378   666       4096    12     0      0   501   501   501   501 "
	"0          0 1354610001\n";

static const char new_table[] =
	"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  "
	"cgid      atime      dtime      ctime                   rss                  swap colour\n"
	"         0          3   600               1048576     7     0      0  1000  1000  1000  "
	"1000          0          0 1763796000                 81920                  4096 blue\n";

static void headings_tell_the_columns(void)
{
	struct shm_segments s;
	const struct shm_segment *seg;
	size_t bad = 9;

	CHECK_EQ(shm_segments__parse(old_table, strlen(old_table), &s, &bad), 0);
	CHECK_EQ(bad, 0);
	CHECK_EQ(s.n, 2);
	seg = shm_segments__find(&s, 196609);
	CHECK(seg);
	if (seg) {
		CHECK_EQ(seg->key, 160008567);
		CHECK_EQ(seg->mode & SHM_SEGMENT_DOOMED, SHM_SEGMENT_DOOMED);
		CHECK_EQ(seg->mode & 0777, 0600);
		CHECK_EQ(seg->size, 33554432);
		CHECK_EQ(seg->creator, 2558);
		CHECK_EQ(seg->last, 2601);
		CHECK_EQ(seg->attached, 24);
		CHECK_EQ(seg->changed, 1354610000);
		CHECK(!seg->has_rss);
	}
	seg = shm_segments__find(&s, 229378);
	CHECK(seg && seg->key == 0xfffffffe && seg->uid == 501);
	CHECK(!shm_segments__find(&s, 1));
	shm_segments__clear(&s);

	CHECK_EQ(shm_segments__parse(new_table, strlen(new_table), &s, NULL), 0);
	CHECK_EQ(s.n, 1);
	if (s.n) {
		CHECK(s.seg[0].has_rss);
		CHECK_EQ(s.seg[0].rss, 81920);
		CHECK_EQ(s.seg[0].swap, 4096);
	}
	shm_segments__clear(&s);
}

static void nonsense_is_skipped(void)
{
	static const char bad_lines[] = "key shmid perms size cpid nattch\n"
					"1 2 600 99999999999999999999 5 6\n" /* overflow */
					"1 2 600 4096 5\n"		     /* cut */
					"1 2 699 4096 5 6\n"		     /* not octal */
					"1 -2 600 4096 5 6\n"
					"\n"
					"x 2 600 4096 5 6\n"
					"1 2 600 4096 4294967296 6\n" /* no process id */
					"9 8 600 4096 5 6";	      /* good, no newline */
	struct shm_segments s;
	size_t bad = 0;

	CHECK_EQ(shm_segments__parse(bad_lines, strlen(bad_lines), &s, &bad), 0);
	CHECK_EQ(bad, 7);
	CHECK_EQ(s.n, 1);
	CHECK(s.n && s.seg[0].key == 9 && s.seg[0].shmid == 8);
	shm_segments__clear(&s);
	CHECK_EQ(shm_segments__parse("", 0, &s, &bad), -EINVAL);
	CHECK_EQ(shm_segments__parse("MemTotal: 1 kB\n", 15, &s, &bad), -EINVAL);
}

static void a_segment_of_our_own(void)
{
	struct shm_segments s;
	const struct shm_segment *seg;
	char *memory;
	int id = shmget(0x0afec0de, 1 << 16, IPC_CREAT | IPC_EXCL | 0640);

	if (id < 0) {
		SKIP("no System V shared memory here");
		return;
	}
	memory = shmat(id, NULL, 0);
	CHECK(memory != (void *)-1);
	memset(memory, 1, 3 * 4096);
	CHECK_EQ(shm_segments__read(&s), 0);
	seg = shm_segments__find(&s, (uint64_t)id);
	CHECK(seg);
	if (seg) {
		CHECK_EQ(seg->key, 0x0afec0de);
		CHECK_EQ(seg->mode, 0640);
		CHECK_EQ(seg->size, 1 << 16);
		CHECK_EQ(seg->creator, getpid());
		CHECK_EQ(seg->attached, 1);
		CHECK_EQ(seg->uid, geteuid());
		CHECK(seg->has_rss);
		CHECK_EQ(seg->rss, 3 * sysconf(_SC_PAGESIZE));
	}
	shm_segments__clear(&s);
	shmdt(memory);
	CHECK_EQ(shm_segments__read(&s), 0);
	seg = shm_segments__find(&s, (uint64_t)id);
	CHECK(seg && seg->attached == 0);
	shm_segments__clear(&s);
	shmctl(id, IPC_RMID, NULL);
}

int main(void)
{
	RUN(headings_tell_the_columns);
	RUN(nonsense_is_skipped);
	RUN(a_segment_of_our_own);
	return check_done();
}
