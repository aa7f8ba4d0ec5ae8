/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples as they come from the field, of Linux 2.6 to 7, judged, and printed: small, whole, and
 * next to tests/golden byte for byte. A wanted change: run with UPDATE_GOLDEN=1, then read the
 * difference.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "triage/history.h"
#include "triage/saved.h"
#include "triage/screen.h"
#include "triage/verdict.h"

static struct history h;
static struct verdict v;

static void golden_path(char path[4096], const char *name, const char *suffix)
{
	const char *here = strrchr(__FILE__, '/');

	snprintf(path, 4096, "%.*s../golden/%s%s", here ? (int)(here + 1 - __FILE__) : 0, __FILE__,
		 name, suffix);
}

static void load(const char *name)
{
	struct saved *s = saved__new();
	char path[4096];

	golden_path(path, name, ".in");
	verdict__clear(&v);
	history__clear(&h);
	CHECK_EQ(saved__add(s, path, stdout), 0);
	CHECK_EQ(saved__replay(s, 0, &h), 0);
	CHECK_EQ(h.bad, 0);
	CHECK_EQ(verdict__find(&h, &v), 0);
	saved__free(s);
}

static char *print(void)
{
	struct screen_opts small = {.columns = 100}, all = {.columns = 100, .all = true};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	screen__print(out, &h, &v, &small);
	fputs("\n----\n\n", out);
	screen__print(out, &h, &v, &all);
	fclose(out);
	return text;
}

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!f || getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		text = strdup("(cannot be read)");
	}
	if (f)
		fclose(f);
	return text;
}

/* All that is named, not named, and free is all there is: to the byte. */
static void check_sum(void)
{
	double sum = 0;
	int use;

	for (use = 0; use <= USE_FREE; use++)
		if (h.has_use[use])
			sum += table__last(&h.uses, use, 0);
	CHECK(sum == (double)h.meminfo.value[MEM_TOTAL]);
}

static void check_golden(const char *name)
{
	char path[4096], *text, *golden, *c;
	FILE *f;

	load(name);
	text = print();
	golden_path(path, name, ".txt");
	if (getenv("UPDATE_GOLDEN") && (f = fopen(path, "w"))) {
		fputs(text, f);
		fclose(f);
	}
	golden = read_text(path);
	CHECK_STR(text, golden);
	check_sum();
	for (c = text; *c; c++)
		CHECK((unsigned char)*c >= ' ' || *c == '\n');
	free(golden);
	free(text);
}

static void linux_2_6(void)
{
	check_golden("triage-linux-2.6");
	/* MemTotal - MemFree - Active - Inactive - Slab - PageTables, no address space */
	CHECK(table__last(&h.uses, USE_UNACCOUNTED, 0) ==
	      (514352 - 9204 - 361208 - 97244 - 27308 - 3704) * 1024.0);
	CHECK(!h.has_use[USE_VMALLOC] && h.slabs.n == 4);
}

static void linux_2_6_32(void)
{
	check_golden("triage-linux-2.6.32");
	/* Buffers, Cached, AnonPages; of SwapCached what the lists have more; 1024 huge pages */
	CHECK(table__last(&h.uses, USE_UNACCOUNTED, 0) ==
	      (24675796 - 812340 - 310264 - 9801444 - 8114916 -
	       (13822404 + 4406836 + 8200 - 310264 - 9801444 - 8114916) - 1010436 - 16144 - 298668 -
	       1024 * 2048) *
		      1024.0);
	CHECK_EQ(v.orphans, 1);
	CHECK_EQ(h.segments.n, 2);
}

static void linux_7(void)
{
	check_golden("triage-linux-7");
	CHECK(table__last(&h.uses, USE_UNACCOUNTED, 0) ==
	      (65742208 - 20111004 - 2048 - 13004172 - 20078636 -
	       (17772400 + 14949236 + 483124 - 2048 - 13004172 - 20078636) - 2402012 - 200000 -
	       374628 - 257008 - 101300 - 84016 - 612000 - 2097152 - 524288 - 2113536) *
		      1024.0);
	CHECK_EQ(h.sites.n, 3);
}

/* A recording with all there is, and names that try to look like something else. */
static void a_leak(void)
{
	check_golden("triage-leak");
	CHECK_EQ(h.samples, 5);
	CHECK(h.timed && history__seconds(&h) == 8);
	CHECK_EQ(v.n, 3);
	CHECK_EQ(v.finding[0].kind, FOUND_PROCESS);
	CHECK_EQ(h.process[v.finding[0].row].pid, 4312);
	CHECK(v.finding[0].trend.slope == 2000 * 1024.0);
	CHECK_EQ(v.finding[1].kind, FOUND_SLAB);
	CHECK(v.finding[1].trend.slope == 250 * 4096.0);
	CHECK_EQ(v.finding[2].kind, FOUND_ATTACHMENT);
	CHECK_EQ(h.segment[v.finding[2].row].key, 161056887);
}

int main(void)
{
	history__init(&h);
	RUN(linux_2_6);
	RUN(linux_2_6_32);
	RUN(linux_7);
	RUN(a_leak);
	verdict__clear(&v);
	history__clear(&h);
	return check_done();
}
