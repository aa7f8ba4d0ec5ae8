/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histories with a known truth: what is found, in which order, and what is not. */
#include "triage/verdict.h"

#include <math.h>
#include <unistd.h>

#include "check.h"
#include "triage_feed.h"

#define NEAR(a, b, by) CHECK(fabs((a) - (b)) <= (by))
#define KIB 1024.0
#define START 100 /* clock ticks: long ago */

static struct history h;
static struct verdict v;

static void judge(void)
{
	verdict__clear(&v);
	CHECK_EQ(verdict__find(&h, &v), 0);
}

static const struct finding *finding(size_t i, enum finding_kind kind)
{
	static const struct finding none = {.row = -1};

	CHECK(v.n > i);
	if (v.n <= i)
		return &none;
	CHECK_EQ(v.finding[i].kind, kind);
	return &v.finding[i];
}

static int pid_of(const struct finding *f)
{
	return f->row < 0 ? -1 : (int)h.process[f->row].pid;
}

/* Two samples a second apart, at 1000 s: whatever started at START is old. */
static void five(void (*sample)(unsigned int i))
{
	unsigned int i;

	history__clear(&h);
	for (i = 0; i < 5; i++) {
		next_sample(&h, 1000 + 2 * i);
		sample(i);
		CHECK_EQ(history__end_sample(&h), 0);
	}
	judge();
}

static void mixed_processes(unsigned int i)
{
	static const unsigned int cache[] = {1000, 5000, 9000, 9000, 9000};
	static const unsigned int saw[] = {1000, 9000, 1500, 8000, 1200};

	feed_meminfo(&h, &(struct feed_meminfo){.anon = 100000 + 1000 * i, .cached = 500000});
	feed_process(&h, 10, "slow", START, 5000 + 100 * i, 0, 1);
	feed_process(&h, 11, "fast", START, 5000 + 900 * i, 0, 1);
	feed_process(&h, 12, "cache", START, cache[i], 0, 1);
	feed_process(&h, 13, "saw", START, saw[i], 0, 1);
	feed_process(&h, 14, "flat", START, 50000 + i % 2, 0, 1);
	feed_process(&h, 1, "ourselves", START, 1000 + 5000 * i, 0, 1);
	/* 8 s before the last sample */
	feed_process(&h, 15, "warming", (unsigned long)(1000 * sysconf(_SC_CLK_TCK)),
		     1000 + 4000 * i, 0, 1);
}

static void processes_are_ranked(void)
{
	const struct finding *f;

	five(mixed_processes);
	CHECK_EQ(v.n, 3);
	f = finding(0, FOUND_PROCESS);
	CHECK_EQ(pid_of(f), 11);
	CHECK_EQ(f->mechanism, GROWS_ANON);
	NEAR(f->trend.slope, 450 * KIB, 1e-6);
	CHECK(!f->young);
	CHECK_EQ(pid_of(finding(1, FOUND_PROCESS)), 10);
	f = finding(2, FOUND_PROCESS);
	CHECK_EQ(pid_of(f), 15);
	CHECK(f->young);
	NEAR(f->age, 8, 0.1);
	CHECK_EQ(h.seen, 7);
	NEAR(verdict__seconds_left(&h, 1024), (16 * KIB * KIB - 104000), 1e-6);
}

static enum trend_kind kind_of(const struct ranking *ranking, long row)
{
	size_t i;

	for (i = 0; i < ranking->n; i++)
		if (ranking->at[i].row == row)
			return ranking->at[i].trend.kind;
	return TREND_UNKNOWN;
}

static void each_has_its_verdict(void)
{
	five(mixed_processes);
	CHECK_EQ(kind_of(&v.processes, history__process(&h, 12)), TREND_STOPPED);
	CHECK_EQ(kind_of(&v.processes, history__process(&h, 13)), TREND_NOISY);
	CHECK_EQ(kind_of(&v.processes, history__process(&h, 14)), TREND_FLAT);
	CHECK_EQ(v.use[USE_ANON].kind, TREND_GROWING);
	NEAR(v.use[USE_ANON].slope, 500 * KIB, 1e-6);
	CHECK_EQ(v.use[USE_FILE].kind, TREND_FLAT);
}

static void too_few_samples(void)
{
	unsigned int i;

	history__clear(&h);
	for (i = 0; i < 4; i++) {
		next_sample(&h, i);
		feed_process(&h, 10, "a", START, 5000 + 900 * i, 0, 1);
		history__end_sample(&h);
	}
	judge();
	CHECK_EQ(v.n, 0);
	CHECK_EQ(kind_of(&v.processes, 0), TREND_UNKNOWN);
	NEAR(v.processes.at[0].growth, 2700 * KIB, 1e-6);
}

static void mechanisms(unsigned int i)
{
	feed_process(&h, 20, "shared", START, 5000 + 1000 * i, 1000 * i, 1);
	feed_process(&h, 21, "threads", START, 5000 + 500 * i, 0, 1 + 20 * i); /* 25 KiB each */
}

static void mechanisms_of_processes(void)
{
	five(mechanisms);
	CHECK_EQ(v.n, 2);
	CHECK_EQ(finding(0, FOUND_PROCESS)->mechanism, GROWS_SHMEM);
	CHECK_EQ(finding(1, FOUND_PROCESS)->mechanism, GROWS_THREADS);
}

/* A shell that starts more and more: none of them grows. */
static void ever_more(unsigned int i)
{
	unsigned int k;

	for (k = 0; k < 3 + 2 * i; k++)
		feed_process(&h, 100 + (int)k, "worker", START + k, 3000, 0, 1);
	/* And some that come while others go, under one pid even. */
	feed_process(&h, 50, "short", START + 1000 * i, 3000 + 1000 * i, 0, 1);
}

static void more_and_more_processes(void)
{
	const struct finding *f;

	five(ever_more);
	CHECK_EQ(v.n, 1);
	f = finding(0, FOUND_NAME);
	CHECK(f->row >= 0 && !strcmp(h.names.row[f->row].key, "worker"));
	NEAR(f->trend.slope, 3000 * KIB, 1e-6);
	CHECK_EQ(v.came, 9);
	CHECK_EQ(v.went, 4);
}

static void shared(unsigned int i)
{
	char text[4096];
	size_t n = 0;
	unsigned int k;

	feed_meminfo(&h, &(struct feed_meminfo){.cached = 400000 + 4000 * i, .shmem = 4000 * i});
	/* Two more of a MiB each time; and one of old that is attached more and more. */
	n += (size_t)snprintf(text, sizeof(text), "key shmid perms size cpid nattch rss swap\n");
	n += (size_t)snprintf(text + n, sizeof(text) - n, "160008567 7 600 4096 30 %u 4096 0\n",
			      3 + 5 * i);
	for (k = 0; k < 2 * i; k++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "0 %u 600 1048576 31 0 1048576 0\n", 10 + k);
	feed(&h, "sysvipc/shm", "%s", text);
	feed(&h, "shm/files",
	     "32 0:1:77 %u /memfd:a\\040(deleted)\n33 0:1:77 5 same\n0 0:5:1 9 x\n",
	     1000000 + 1000 * 1024 * i);
	feed(&h, "tmpfs", "%u 1000000000 /a\\040b\n5000 90000 /run\n", 1024 * 900 * i);
	feed(&h, "shm/attached", "30 7 2\n34 7 21\n32 0:1:77 3\n33 0:1:77 1\n33 0:1:78 1\n");
}

static void who_holds_shared_memory(void)
{
	const struct finding *f;

	five(shared);
	CHECK_EQ(v.n, 4);
	f = finding(0, FOUND_SHMEM);
	CHECK_EQ(f->holder, HOLDER_CREATOR);
	CHECK_STR(h.creators.row[f->row].key, "31");
	NEAR(f->trend.slope, 1024 * KIB, 1e-6);
	f = finding(1, FOUND_SHMEM);
	CHECK_EQ(f->holder, HOLDER_FILES);
	CHECK_STR(h.holders.row[f->row].key, "32");
	NEAR(table__last(&h.holders, f->row, HOLDER_COUNT), 1, 0);
	f = finding(2, FOUND_SHMEM);
	CHECK_EQ(f->holder, HOLDER_MOUNT);
	CHECK_STR(h.mounts.row[f->row].key, "/a\\040b");
	f = finding(3, FOUND_ATTACHMENT);
	CHECK(f->row >= 0 && h.segment[f->row].key == 160008567);
	NEAR(f->trend.slope, 2.5, 1e-9);
	CHECK_EQ(h.n_attached, 2);
	CHECK_EQ(h.file[table__find(&h.files, "0:1:77")].mappings, 4);
	CHECK_EQ(h.file[table__find(&h.files, "0:1:77")].processes, 2);
	CHECK_EQ(h.file[table__find(&h.files, "0:5:1")].mappings, 0);
	CHECK_EQ(v.orphans, 8);
	NEAR(v.orphan_bytes, 8 * KIB * KIB, 0);
}

static void unknown_shmem(unsigned int i)
{
	feed_meminfo(&h, &(struct feed_meminfo){.cached = 400000 + 4000 * i, .shmem = 4000 * i});
}

static void shared_memory_of_nobody(void)
{
	five(unknown_shmem);
	CHECK_EQ(v.n, 1);
	CHECK_EQ(finding(0, FOUND_SHMEM)->holder, HOLDER_UNKNOWN);
}

static unsigned long leaks_kb; /* of a process beside it */

static void kernel(unsigned int i)
{
	feed_meminfo(&h, &(struct feed_meminfo){.slab = 100000 + 800 * i,
						.page_tables = 1000 + 200 * i,
						.stacks = 5000,
						.lost = 50000 + 9000 * i});
	feed(&h, "slab/links", "dentry =reclaimable\nskb :0000256\nkmalloc-256 :0000256\n");
	feed(&h, "slabinfo",
	     "slabinfo - version: 2.1\n"
	     "kmalloc-4k %u 2000 4096 1 1 : tunables 0 0 0 : slabdata 2000 2000 0\n"
	     "vm_area_struct %u 90000 200 20 1 : tunables 0 0 0 : slabdata 5000 5000 0\n"
	     "dentry %u 90000 192 21 1 : tunables 0 0 0 : slabdata 5000 5000 0\n"
	     "still 9999 9999 192 21 1 : tunables 0 0 0 : slabdata 500 500 0\n",
	     100 + 200 * i, 3000 + 1000 * i, 1000 + 9000 * i);
	feed_process(&h, 40, "beside", START, 5000 + leaks_kb * i, 0, 1);
}

static void kernel_memory(void)
{
	const struct finding *f;

	leaks_kb = 0;
	five(kernel);
	CHECK_EQ(v.n, 4);
	f = finding(0, FOUND_USE);
	CHECK_EQ(f->row, USE_UNACCOUNTED);
	NEAR(f->trend.slope, 4500 * KIB, 1e-6);
	f = finding(1, FOUND_SLAB); /* not dentry: the kernel can shrink it */
	CHECK(f->row >= 0 && !strcmp(h.slab[f->row].name, "kmalloc-4k"));
	NEAR(f->trend.slope, 400 * KIB, 1e-6);
	CHECK_EQ(finding(2, FOUND_USE)->row, USE_PAGE_TABLES);
	f = finding(3, FOUND_SLAB);
	CHECK(f->row >= 0 && !strcmp(h.slab[f->row].name, "vm_area_struct"));
	/* Beside a process that takes 20 times as much, the latter two are what that needs. */
	leaks_kb = 40000;
	five(kernel);
	CHECK_EQ(v.n, 3);
	CHECK_EQ(pid_of(finding(0, FOUND_PROCESS)), 40);
	CHECK_EQ(finding(1, FOUND_USE)->row, USE_UNACCOUNTED);
	CHECK_EQ(finding(2, FOUND_SLAB)->row, table__find(&h.slabs, "kmalloc-4k"));
}

static void no_slabinfo(unsigned int i)
{
	feed_meminfo(&h,
		     &(struct feed_meminfo){.slab = 100000 + 800 * i, .percpu = 1000 + 400 * i});
}

/* Slab memory grows, among others, and which cache it is nobody may see. */
static void caches_unknown(void)
{
	five(no_slabinfo);
	CHECK_EQ(v.n, 2);
	CHECK_EQ(finding(0, FOUND_USE)->row, USE_SLAB);
	CHECK_EQ(finding(1, FOUND_USE)->row, USE_PERCPU);
}

static void only_available(unsigned int i)
{
	feed_meminfo(&h, &(struct feed_meminfo){.anon = 100000 + 9000 * i, .cached = 700000});
	feed_process(&h, 41, "small", START, 5000 + 100 * i, 0, 1);
}

/* Memory goes, and the processes that are seen do not say where to. */
static void nothing_explains_it(void)
{
	five(only_available);
	CHECK_EQ(v.n, 2);
	CHECK_EQ(pid_of(finding(0, FOUND_PROCESS)), 41);
	NEAR(finding(1, FOUND_AVAILABLE)->trend.slope, 4500 * KIB, 1e-6);
}

static void page_cache(unsigned int i)
{
	feed_meminfo(&h, &(struct feed_meminfo){.anon = 100000, .cached = 700000 + 50000 * i});
}

static void a_cache_is_no_leak(void)
{
	five(page_cache);
	CHECK_EQ(v.n, 0);
	CHECK_EQ(v.use[USE_FILE].kind, TREND_GROWING);
}

/* What may not be looked into is estimated from statm, and then not mixed with exact figures. */
static void denied(unsigned int i)
{
	feed(&h, "60/stat", "60 (a) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 100 1000000 500 0\n");
	feed(&h, "60/statm", "9000 %u 50 1 0 1 0\n", 500 + 100 * i);
	feed_process(&h, 61, "b", START, 7000, 0, 1);
	if (i == 4)
		feed(&h, "61/statm", "9000 5000 50 1 0 1 0\n");
	feed(&h, "62/stat", "62 (kthread) S 2 0 0 0 -1 2097152 0 0 0 0 1 1 0 0 20 0 1 0 1 0 0 0\n");
	feed(&h, "63/stat", "63 (zombie) Z 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 100 0 0 0\n");
}

static void estimates(void)
{
	const struct finding *f;

	five(denied);
	CHECK_EQ(v.n, 1);
	f = finding(0, FOUND_PROCESS);
	CHECK_EQ(pid_of(f), 60);
	NEAR(f->trend.slope, 50 * 4096.0, 1e-6);
	NEAR(f->trend.last, 850 * 4096.0, 1e-6);
	CHECK(f->row >= 0 && !h.process[f->row].exact);
	CHECK_EQ(h.denied, 2);
	CHECK_EQ(h.kernel_threads, 1);
	CHECK_EQ(h.seen, 2);
	CHECK_EQ(kind_of(&v.processes, history__process(&h, 61)), TREND_FLAT);
}

int main(void)
{
	history__init(&h);
	RUN(processes_are_ranked);
	RUN(each_has_its_verdict);
	RUN(too_few_samples);
	RUN(mechanisms_of_processes);
	RUN(more_and_more_processes);
	RUN(who_holds_shared_memory);
	RUN(shared_memory_of_nobody);
	RUN(kernel_memory);
	RUN(caches_unknown);
	RUN(nothing_explains_it);
	RUN(a_cache_is_no_leak);
	RUN(estimates);
	verdict__clear(&v);
	history__clear(&h);
	return check_done();
}
