/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings, and copies that somebody sent: what is in them is what comes out, or a clear line. */
#include "triage/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "triage/history.h"
#include "triage/recording.h"

#define MEMINFO(free) "MemTotal: 1000 kB\nMemFree: " free " kB\nAnonPages: 100 kB\n"
#define SMAPS(start, dirty)                                                                        \
	start "-7fff00000000 rw-p 00000000 00:00 0  [heap]\nSize: 8 kB\nRss: 8 kB\nPss: 8 kB\n"    \
	      "Private_Dirty: " dirty " kB\n"

static struct history h;
static char dir[] = "/tmp/test_triage_saved.XXXXXX";
static char said[400];

static const char *write_file(const char *name, const char *text)
{
	static char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	CHECK(f);
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	return path;
}

static int add(struct saved *s, const char *path)
{
	FILE *err = fmemopen(said, sizeof(said), "w");
	int ret = saved__add(s, path, err);

	fclose(err);
	return ret;
}

static void replay(struct saved *s, double interval)
{
	history__clear(&h);
	CHECK_EQ(saved__replay(s, interval, &h), 0);
	saved__free(s);
}

static double use(enum use use, size_t sample)
{
	return h.samples > sample ? h.uses.row[use].values[0][sample] / 1024 : NAN;
}

static void a_log_of_copies(void)
{
	struct saved *s = saved__new();

	CHECK_EQ(add(s, write_file("log", "Mon 1\n" MEMINFO("500") "Mon 2\n" MEMINFO(
						  "400") "slabinfo - version: 2.1\n"
							 "a 1 2 8 1 1 : tunables 0 0 0 : slabdata "
							 "2 2 0\n" MEMINFO("300"))),
		 0);
	replay(s, 60);
	CHECK_EQ(h.samples, 3);
	CHECK(h.timed && history__seconds(&h) == 120);
	CHECK(use(USE_FREE, 0) == 500 && use(USE_FREE, 1) == 400 && use(USE_FREE, 2) == 300);
	/* The first slabinfo belongs to the first sample. */
	CHECK(h.slabs.n == 1 && h.slabs.row[0].values[SLAB_BYTES][0] == 8);
	CHECK(isnan(h.slabs.row[0].values[SLAB_BYTES][1]));
	CHECK_EQ(h.bad, 0);
}

static void set_time(const char *path, time_t seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	CHECK_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void when_files_were_written(void)
{
	struct saved *s = saved__new();

	set_time(write_file("m1", MEMINFO("500")), 1000);
	set_time(write_file("m2", MEMINFO("400")), 1030);
	CHECK_EQ(add(s, write_file("m0", MEMINFO("600"))) || 0, 0);
	saved__free(s);
	s = saved__new();
	snprintf(said, sizeof(said), "%s/m1", dir);
	CHECK_EQ(add(s, strdupa(said)), 0);
	snprintf(said, sizeof(said), "%s/m2", dir);
	CHECK_EQ(add(s, strdupa(said)), 0);
	replay(s, 0);
	CHECK(h.timed && h.samples == 2 && history__seconds(&h) == 30);
	/* The other way around they tell nothing. */
	s = saved__new();
	snprintf(said, sizeof(said), "%s/m2", dir);
	CHECK_EQ(add(s, strdupa(said)), 0);
	snprintf(said, sizeof(said), "%s/m1", dir);
	CHECK_EQ(add(s, strdupa(said)), 0);
	replay(s, 0);
	CHECK(!h.timed && h.samples == 2 && history__seconds(&h) == 1);
}

static void smaps_by_their_paths(void)
{
	struct saved *s = saved__new();

	CHECK_EQ(add(s, write_file("smaps.4312", SMAPS("00400000", "40") SMAPS("00500000", "60")
							 SMAPS("00400000", "90"))),
		 0);
	CHECK_EQ(add(s, write_file("99.smaps.txt", SMAPS("00400000", "7"))), 0);
	replay(s, 1);
	CHECK_EQ(h.samples, 2);
	CHECK_EQ(h.processes.n, 2);
	CHECK_EQ(h.process[0].pid, 4312);
	CHECK(h.processes.row[0].values[PROCESS_OWN][0] == 100 * 1024);
	CHECK(h.processes.row[0].values[PROCESS_OWN][1] == 90 * 1024);
	CHECK_EQ(h.process[1].pid, 99);
	CHECK_EQ(h.process[1].rollup.size, 8 * 1024);
}

static void zones_of_two_copies(void)
{
	struct saved *s = saved__new();

	CHECK_EQ(add(s, write_file("zones", "Node 0, zone DMA 1 2\nNode 0, zone Normal 3 4\n"
					    "Node 0, zone DMA 5 6\nNode 0, zone Normal 7 8\n"
					    "Node 0, zone DMA\n  pages free 9\n        min 1\n"
					    "Node 0, zone Normal\n  pages free 10\n")),
		 0);
	replay(s, 1);
	CHECK_EQ(h.samples, 2);
	CHECK_EQ(h.zones.n, 2);
	CHECK_EQ(h.zones.zone[1].blocks[0], 7);
}

static void a_recording_comes_back(void)
{
	char *text;
	size_t len, line;
	FILE *f = open_memstream(&text, &len);
	bool cut;

	recording__begin(f);
	recording__sample(f, 12.5);
	recording__file(f, "meminfo", MEMINFO("500"), strlen(MEMINFO("500")));
	recording__file(f, "tmpfs", "7 9 /a\nend\n", 11); /* not the end of the sample */
	recording__end(f);
	fputs("of a later version\n", f);
	recording__sample(f, 14.000000001);
	recording__file(f, "meminfo", MEMINFO("400"), strlen(MEMINFO("400")));
	recording__end(f);
	fclose(f);
	history__clear(&h);
	f = fmemopen(text, len, "r");
	CHECK_EQ(recording__read(f, "memleak-bpf triage recording 1\n", &h, &line, &cut), 0);
	fclose(f);
	CHECK(!cut && h.samples == 2 && h.timed);
	CHECK(fabs(history__seconds(&h) - 1.500000001) < 1e-9);
	CHECK(use(USE_FREE, 0) == 500 && use(USE_FREE, 1) == 400);
	CHECK(h.mounts.n == 1);
	free(text);
}

static void read_broken(const char *text, int wanted, bool wanted_cut, size_t wanted_samples)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	size_t line;
	bool cut;

	history__clear(&h);
	CHECK_EQ(recording__read(f, "memleak-bpf triage recording 1\n", &h, &line, &cut), wanted);
	CHECK_EQ(cut, wanted_cut);
	CHECK_EQ(h.samples, wanted_samples);
	fclose(f);
}

static void broken_recordings(void)
{
	struct saved *s = saved__new();

	read_broken("file meminfo 3\nabc\n", -EBADMSG, false, 0); /* of no sample */
	read_broken("sample 1\nfile meminfo 3\nabcd\n", -EBADMSG, true, 1);
	read_broken("sample 1\nfile meminfo 300\nabcd\n", 0, true, 1);
	read_broken("sample 1\nend\nsample 2\nfile 12/sta", 0, true, 2);
	read_broken("sample 1\nend\nsamp", 0, false, 1);
	read_broken("sample 1\nfile meminfo -3\n", -EBADMSG, true, 1);
	read_broken("sample 1\nfile meminfo 99999999999999999999\n", -EBADMSG, true, 1);
	read_broken("sample 2\nend\nsample 1\nend\n", -EBADMSG, false, 1); /* time runs back */
	read_broken("sample 2\nsample 3\n", -EBADMSG, true, 1);
	read_broken("sample x\n", -EBADMSG, false, 0);
	CHECK_EQ(add(s, write_file("other", "memleak-bpf triage recording 12\n")), 0);
	history__clear(&h);
	CHECK_EQ(saved__replay(s, 0, &h), -EINVAL);
	saved__free(s);
}

static void what_is_nothing_of_it(void)
{
	struct saved *s = saved__new();

	CHECK_EQ(add(s, write_file("no\nname", "nothing\n")), -EINVAL);
	CHECK(strstr(said, "no\\x0aname: neither a recording"));
	CHECK_EQ(add(s, "/nowhere/at all"), -ENOENT);
	CHECK_EQ(add(s, dir), -EINVAL); /* no file in it is called as in /proc */
	CHECK_EQ(saved__replay(s, 0, &h), -EINVAL);
	saved__free(s);
}

int main(void)
{
	CHECK(mkdtemp(dir));
	history__init(&h);
	RUN(a_log_of_copies);
	RUN(when_files_were_written);
	RUN(smaps_by_their_paths);
	RUN(zones_of_two_copies);
	RUN(a_recording_comes_back);
	RUN(broken_recordings);
	RUN(what_is_nothing_of_it);
	history__clear(&h);
	if (chdir(dir) || system("rm -f -- *") || chdir("/") || rmdir(dir))
		printf("  %s is left\n", dir);
	return check_done();
}
