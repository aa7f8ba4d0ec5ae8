/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each mapping is, from saved samples: the kinds one by one, and the whole text against
 * tests/golden byte for byte (a wanted change: run with UPDATE_GOLDEN=1, then read the difference).
 */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "maps/groups.h"
#include "maps/page.h"
#include "maps/picture.h"
#include "maps/sample.h"
#include "maps/show.h"

static void golden_path(char *path, size_t size, const char *name, const char *ending)
{
	const char *here = strrchr(__FILE__, '/');

	snprintf(path, size, "%.*s../golden/%s.%s", here ? (int)(here + 1 - __FILE__) : 0, __FILE__,
		 name, ending);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return strdup("(cannot be read)");
	if (getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(f);
	return text;
}

static void load(const char *name, struct samples *all)
{
	char path[4096];

	golden_path(path, sizeof(path), name, "in");
	CHECK_EQ(samples__read(path, all), 0);
	CHECK_EQ(all->n, 1);
}

static const struct region *at(const struct samples *all, uint64_t addr)
{
	static const struct region none = {.kind = MAP_KINDS, .object = "", .detail = ""};
	const struct layout *l = &all->sample[0].layout;

	for (size_t i = 0; i < l->n; i++)
		if (l->region[i].vma->map.start == addr)
			return &l->region[i];
	return &none;
}

static void check_kind(const struct samples *all, uint64_t addr, enum map_kind kind,
		       const char *object)
{
	CHECK_EQ(at(all, addr)->kind, kind);
	CHECK_STR(at(all, addr)->object, object);
}

static void check_text(const struct samples *all, const char *name)
{
	const struct show_opts opts = {.all = true, .columns = 100};
	const struct show_opts brief = {.top = 3, .columns = 60};
	char path[4096], *text = NULL, *golden;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK_EQ(show__sample(&all->sample[0], &opts, out), 0);
	fputc('\n', out);
	CHECK_EQ(show__sample(&all->sample[0], &brief, out), 0);
	fclose(out);
	golden_path(path, sizeof(path), name, "txt");
	out = getenv("UPDATE_GOLDEN") ? fopen(path, "w") : NULL;
	if (out) {
		fputs(text, out);
		fclose(out);
	}
	golden = read_file(path);
	CHECK_STR(text, golden);
	/* whatever names hold */
	CHECK(!strchr(text, '\033') && !strstr(text, "\ninjected"));
	free(golden);
	free(text);
}

static void sysv_and_hostile_names(void)
{
	const char *libc = "/lib64/libc-2.12.so", *exe = "/usr/sbin/spp_worker";
	struct samples all;

	load("maps-sysv", &all);
	check_kind(&all, 0x400000, MAP_TEXT, exe);
	check_kind(&all, 0x652000, MAP_DATA, exe);
	check_kind(&all, 0x655000, MAP_BSS, exe);
	check_kind(&all, 0x1a3b000, MAP_HEAP, "");
	check_kind(&all, 0x7f2a30000000, MAP_SYSV, "key 0x09998877");
	check_kind(&all, 0x7f2a30800000, MAP_SYSV, "private, id 131076");
	check_kind(&all, 0x7f2a38000000, MAP_ARENA, "");
	check_kind(&all, 0x7f2a38021000, MAP_RESERVED, "");
	check_kind(&all, 0x7f2a3d001000, MAP_STACK, "");
	check_kind(&all, 0x7f2a3e000000, MAP_SHARED, "");
	check_kind(&all, 0x7f2a3e100000, MAP_MEMFD, "cache \xe4\xb8\xad\n");
	check_kind(&all, 0x7f2a3e200000, MAP_POSIX, "/dev/shm/sem.\033[31mred");
	check_kind(&all, 0x7f2a3e300000, MAP_FILE, "/srv/data with blanks");
	CHECK(at(&all, 0x7f2a3e300000)->deleted && !at(&all, 0x7f2a30000000)->deleted);
	check_kind(&all, 0x7f2a3e400000, MAP_TEXT, libc);
	check_kind(&all, 0x7f2a3e5a0000, MAP_RESERVED, libc);
	check_kind(&all, 0x7f2a3e7a4000, MAP_DATA, libc);
	check_kind(&all, 0x7f2a3e7a6000, MAP_BSS, libc);
	check_kind(&all, 0x7f2a3e800000, MAP_DEVICE, "/dev/infiniband/uverbs0");
	check_kind(&all, 0x7f2a3ea00000, MAP_JIT, "");
	check_kind(&all, 0x7ffd1b2a8000, MAP_STACK, LAYOUT_MAIN);
	check_kind(&all, 0xffffffffff600000, MAP_KERNEL, "[vsyscall]");
	check_text(&all, "maps-sysv");
	samples__clear(&all);
}

static void android(void)
{
	struct samples all;

	load("maps-android", &all);
	check_kind(&all, 0x12c00000, MAP_ANON, "dalvik-main space (region space)");
	check_kind(&all, 0x70a00000, MAP_FILE, "/system/framework/arm64/boot.art");
	check_kind(&all, 0x7a1c000000, MAP_ANON, "scudo:primary");
	check_kind(&all, 0x7a20000000, MAP_RESERVED, "");
	check_kind(&all, 0x7a30000000, MAP_SHARED, "display list");
	check_kind(&all, 0x7a40000000, MAP_DEVICE, "/dmabuf:");
	check_text(&all, "maps-android");
	samples__clear(&all);
}

static void linux_2_6(void)
{
	struct samples all;

	load("maps-linux-2.6", &all);
	check_kind(&all, 0x6b0000, MAP_DATA, "/bin/bash");
	check_kind(&all, 0x6ba000, MAP_BSS, "/bin/bash");
	CHECK_EQ(smaps__total_uss(&all.sample[0].smaps), (32 + 20 + 1000 + 4 + 20) << 10);
	check_text(&all, "maps-linux-2.6");
	samples__clear(&all);
}

static void linux_7(void)
{
	const struct group *g;
	struct samples all;
	struct groups groups;

	load("maps-linux-7", &all);
	check_kind(&all, 0x7f1000000000, MAP_ANON, "");
	check_kind(&all, 0x7f2000000000, MAP_HUGETLB, "");
	check_kind(&all, 0x7f3000000000, MAP_HUGETLB, "/dev/hugepages/pool 1");
	check_kind(&all, 0x7f4000000000, MAP_ARENA, "");
	CHECK_EQ(at(&all, 0x7f1000000000)->vma->n_strange, 1);
	CHECK_EQ(groups__make(&all.sample[0].layout, GROUPS_BY_KIND, &groups), 0);
	g = groups__find(&groups, MAP_HUGETLB, "");
	CHECK(g && g->mappings == 2 && g->held == (524288 + 2048) << 10 && !g->uss);
	g = groups__find(&groups, MAP_ANON, "");
	CHECK(g && g->sum[SMAPS_ANON_HUGE] == 260096 << 10 && g->sum[SMAPS_LOCKED] == 256 << 20);
	groups__clear(&groups);
	check_text(&all, "maps-linux-7");
	samples__clear(&all);
}

/* Facts outweigh shapes; of a mapping that holds several things, most of it decides. */
static void facts_decide(void)
{
	struct facts f = {0};
	struct samples all;
	struct layout l;

	load("maps-sysv", &all);
	facts__add(&f, 0x7f2a38000000, 0x7f2a38021000, FACT_STACK, 99, "worker");
	facts__add(&f, 0x655000, 0x657000, FACT_BSS, 0, "/usr/sbin/spp_worker");
	facts__add(&f, 0x7f2a3e7a6000, 0x7f2a3e7aa000, FACT_BSS, 0, "/lib64/libc-2.12.so");
	facts__add(&f, 0x7f2a3e300000, 0x7f2a3e301000, FACT_KEPT_NAME, 0, NULL);
	facts__finish(&f);
	CHECK_EQ(layout__make(&all.sample[0].smaps, &f, &l), 0);
	for (size_t i = 0; i < l.n; i++) {
		switch (l.region[i].vma->map.start) {
		case 0x7f2a38000000:
			CHECK_EQ(l.region[i].kind, MAP_STACK);
			CHECK_STR(l.region[i].detail, "thread 99 (worker)");
			break;
		case 0x655000: /* only 8 KiB of 108 are bss: the rest has grown onto it */
			CHECK_EQ(l.region[i].kind, MAP_ANON);
			break;
		case 0x7f2a3e7a6000:
			CHECK_EQ(l.region[i].kind, MAP_BSS);
			break;
		case 0x7f2a3e300000:
			CHECK_STR(l.region[i].object, "/srv/data with blanks (deleted)");
			CHECK(!l.region[i].deleted);
			break;
		case 0x7f2a3d001000: /* a guard page alone is no proof when more is known */
			CHECK_EQ(l.region[i].kind, MAP_ANON);
			break;
		}
	}
	layout__clear(&l);
	facts__clear(&f);
	samples__clear(&all);
}

/* A recording says what the sample said. */
static void recorded_and_read_again(void)
{
	static const char *const names[] = {"maps-sysv", "maps-android", "maps-linux-2.6",
					    "maps-linux-7"};
	const struct show_opts opts = {.all = true, .columns = 100};
	char path[] = "/tmp/test_layout.XXXXXX", *text[2];
	size_t i, k, size;
	FILE *out;

	close(mkstemp(path));
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct samples all, again;

		load(names[i], &all);
		all.sample[0].pid = 4312;
		strcpy(all.sample[0].comm, "a (b) c");
		all.sample[0].time_ns = 1700000000123456789;
		all.sample[0].memory_denied = true;
		facts__add(&all.sample[0].facts, 0x7f1000000000, 0x7f1040000000, FACT_STACK, 5,
			   "a b");
		layout__clear(&all.sample[0].layout);
		layout__make(&all.sample[0].smaps, &all.sample[0].facts, &all.sample[0].layout);
		out = fopen(path, "w");
		CHECK_EQ(sample__write(&all.sample[0], out), 0);
		CHECK_EQ(sample__write(&all.sample[0], out), 0);
		fclose(out);
		CHECK_EQ(samples__read(path, &again), 0);
		CHECK_EQ(again.n, 2);
		for (k = 0; k < again.n; k++) {
			CHECK_EQ(again.sample[k].pid, 4312);
			CHECK(again.sample[k].time_ns == 1700000000123456789);
			CHECK_EQ(again.sample[k].smaps.bad, 0);
			out = open_memstream(&text[0], &size);
			show__sample(&all.sample[0], &opts, out);
			fclose(out);
			out = open_memstream(&text[1], &size);
			show__sample(&again.sample[k], &opts, out);
			fclose(out);
			CHECK_STR(text[1], text[0]);
			free(text[0]);
			free(text[1]);
		}
		samples__clear(&again);
		samples__clear(&all);
	}
	unlink(path);
}

/* The picture is to scale: each cell lies where its address is, and is as full as its mapping. */
static void picture_is_to_scale(void)
{
	struct samples all;
	struct picture p;
	size_t i, cells = 0;

	load("maps-linux-7", &all);
	CHECK_EQ(picture__make(&all.sample[0].layout, 80, 10, &p), 0);
	CHECK(p.n <= 80 * 10);
	for (i = 0; i < p.n; i++) {
		const struct cell *c = &p.cell[i];
		const struct smaps_vma *v;

		if (!c->region)
			continue;
		v = c->region->vma;
		CHECK(c->addr + p.cell_bytes > v->map.start && c->addr < v->map.end);
		if (v->map.start != 0x7f1000000000)
			continue;
		cells++;
		CHECK(c->fill > 0.2499 && c->fill < 0.2501); /* 256 MiB of 1 GiB */
	}
	CHECK_EQ(cells, (1ULL << 30) / p.cell_bytes);
	/* twice as many bytes a cell would do, half as many would not */
	CHECK(p.n > 80 * 10 / 2 - 20);
	picture__clear(&p);
	samples__clear(&all);
}

static void empty(void)
{
	struct samples all;

	CHECK_EQ(samples__read("/dev/null", &all), -61 /* ENODATA */);
	CHECK_EQ(samples__read("/nonexistent", &all), -2);
}

int main(void)
{
	RUN(sysv_and_hostile_names);
	RUN(android);
	RUN(linux_2_6);
	RUN(linux_7);
	RUN(facts_decide);
	RUN(recorded_and_read_again);
	RUN(picture_is_to_scale);
	RUN(empty);
	return check_done();
}
