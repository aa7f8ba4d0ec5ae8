/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff: which stacks of two recordings are one, what has become of them, and each format of that,
 * compared with tests/golden (tests/differences has other programs judge those).
 */
#include "changed_report.h"
#include "check.h"
#include "golden.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "diff/compare.h"
#include "diff/render.h"

/* --- small recordings --- */

#define MAX 8

struct recording {
	struct report report;
	struct report_site sites[400];
	struct report_frame frames[400][MAX];
};

static struct recording a, b;

static void reset(void)
{
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.report.comm = b.report.comm = "prog";
	a.report.sites = a.sites;
	b.report.sites = b.sites;
}

/* A stack of these frames, innermost first, up to one without address; 1 block of size bytes. */
static struct report_site *add(struct recording *r, uint64_t size,
			       const struct report_frame frames[MAX])
{
	struct report_site *s = &r->sites[r->report.n_sites];
	struct report_frame *to = r->frames[r->report.n_sites++];

	*s = (struct report_site){.bytes = size, .count = 1, .entry = "malloc", .frames = to};
	while (s->n_frames < MAX && frames[s->n_frames].addr) {
		to[s->n_frames] = frames[s->n_frames];
		s->n_frames++;
	}
	r->report.n_stacks = r->report.n_sites;
	r->report.bytes += size;
	r->report.count++;
	return s;
}
#define STACK(...)                                                                                 \
	(const struct report_frame[MAX])                                                           \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define OLD .image = "prog", .image_path = "/bin/prog", .build_id = "01"
#define NEW .image = "prog", .image_path = "/bin/prog", .build_id = "02"
#define CODE(name, at, number, ...)                                                                \
	{                                                                                          \
		.addr = 0x400000 + (at), .image_vaddr = at, .image_offset = at, .function = name,  \
		.offset = (at)&0xff, .line = number, __VA_ARGS__                                   \
	}

/* "old sites, new sites": what diff__new says of a and b, "new grown unchanged shrunk gone". */
static void expect(const char *kinds)
{
	struct diff *d = NULL;
	char got[100] = "";
	size_t i, used = 0;
	uint64_t old = 0, new = 0;

	CHECK_EQ(diff__new(&a.report, "a", &b.report, "b", &d), 0);
	CHECK(!diff_render__find(RENDER_ID_save));
	for (i = 0; i < DIFF_KINDS; i++)
		used += snprintf(got + used, sizeof(got) - used, "%s%zu", i ? " " : "",
				 d->sum[i].sites);
	CHECK_STR(got, kinds);
	for (i = 0; i < d->n_sites; i++) {
		old += d->sites[i].old ? d->sites[i].old->bytes : 0;
		new += d->sites[i].new ? d->sites[i].new->bytes : 0;
		CHECK(!i || d->sites[i - 1].bytes_delta >= d->sites[i].bytes_delta);
	}
	CHECK_EQ(old, a.report.bytes);
	CHECK_EQ(new, b.report.bytes);
	CHECK_EQ(d->bytes_delta, new - old);
	diff__free(d);
}

static void moved(void)
{
	reset();
	add(&a, 8, STACK(CODE("f", 0x110, 10, OLD), CODE("main", 0x220, 20, OLD)));
	add(&b, 8, STACK(CODE("f", 0x1130, 14, NEW), CODE("main", 0x1260, 29, NEW)));
	expect("0 0 1 0 0");
	b.sites[0].entry = "calloc";
	expect("1 0 0 0 1");
	b.sites[0].entry = "malloc";
	b.sites[0].note = "thread stack";
	expect("1 0 0 0 1");
	b.sites[0].note = NULL;
	b.frames[0][0].function = "g";
	expect("1 0 0 0 1");
	b.frames[0][0].function = "f";
	b.frames[0][0].image = "libother.so";
	expect("1 0 0 0 1");
	b.frames[0][0].image = "prog";
	b.sites[0].stack_cut = "no caller";
	expect("1 0 0 0 1");
	b.sites[0].stack_cut = NULL;
	b.sites[0].bytes = b.report.bytes = 9;
	expect("0 1 0 0 0");
	b.sites[0].bytes = b.report.bytes = 7;
	expect("0 0 0 1 0");
	b.sites[0].bytes = b.report.bytes = 8;
	b.sites[0].count = 2;
	expect("0 1 0 0 0");
}

/* Files are named anew with each version. */
static void renamed_images(void)
{
	reset();
	add(&a, 8,
	    STACK(CODE("g", 1, 0, .image = "libx.so.1.2"), CODE("f", 2, 0, OLD),
		  CODE("main", 3, 0, .image = "prog", .image_path = "/bin/prog")));
	add(&b, 8,
	    STACK(CODE("g", 1, 0, .image = "libx.so.1.3"),
		  CODE("f", 2, 0, .image = "prog-2", .image_path = "/p"),
		  CODE("main", 3, 0, .image = "prog-2", .image_path = "/p")));
	expect("0 0 1 0 0");
	/* without main: what the command line says is the program */
	a.sites[0].n_frames = b.sites[0].n_frames = 2;
	expect("1 0 0 0 1");
	b.report.origin.command = "/opt/prog-2 -x";
	expect("0 0 1 0 0");
	b.report.origin.command = NULL;
	b.report.comm = "prog-2";
	expect("0 0 1 0 0");
}

/* Which code calls main is the C library's business. */
static void other_libc(void)
{
	reset();
	add(&a, 8,
	    STACK(CODE("main", 3, 0, OLD),
		  CODE("__libc_start_call_main", 4, 0, .image = "libc.so.6"),
		  CODE("_start", 5, 0, OLD)));
	add(&b, 8,
	    STACK(CODE("main", 3, 0, NEW),
		  CODE("__libc_start_main", 4, 0, .image = "libc-2.31.so")));
	expect("0 0 1 0 0");
	/* but where it calls back, it is part of the stack */
	a.frames[0][1].function = "qsort";
	a.sites[0].stack_cut = b.sites[0].stack_cut = "stack unreadable";
	a.sites[0].n_frames = 2;
	expect("1 0 0 0 1");
}

static void inlining(void)
{
	reset();
	add(&a, 8,
	    STACK(CODE("f", 1, 10, OLD, .inlined = true), CODE("g", 1, 20, OLD),
		  CODE("main", 3, 30, OLD)));
	/* no longer inlined */
	add(&b, 8, STACK(CODE("f", 9, 10, NEW), CODE("g", 5, 20, NEW), CODE("main", 7, 30, NEW)));
	expect("0 0 1 0 0");
	/* two inlined calls in one function are two sites */
	add(&a, 8,
	    STACK(CODE("h", 2, 10, OLD, .inlined = true), CODE("g", 2, 20, OLD),
		  CODE("main", 3, 30, OLD)));
	expect("0 0 1 0 1");
	/* lines, and with them inlined calls, are unknown to the new recording */
	reset();
	add(&a, 8,
	    STACK(CODE("f", 1, 10, OLD, .inlined = true), CODE("g", 1, 20, OLD),
		  CODE("main", 3, 30, OLD)));
	add(&b, 8, STACK(CODE("g", 5, 0, NEW), CODE("main", 7, 0, NEW)));
	expect("0 0 1 0 0");
}

static void clones(void)
{
	static const char *const same[] = {"f.isra.0",	  "f.constprop.0.isra.1",   "f.part.2",
					   "f.cold",	  "f [clone .constprop.0]", "f.llvm.123",
					   "f.lto_priv.0"},
				 *const others[] = {"f.c", "f.party", "g.isra.0", "f.", ".cold"};
	size_t i;

	reset();
	add(&a, 8, STACK(CODE("f", 1, 0, OLD)));
	add(&b, 8, STACK(CODE(NULL, 1, 0, NEW)));
	for (i = 0; i < sizeof(same) / sizeof(*same); i++) {
		b.frames[0][0].function = (char *)same[i];
		expect("0 0 1 0 0");
	}
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		b.frames[0][0].function = (char *)others[i];
		expect("1 0 0 0 1");
	}
}

static void without_names(void)
{
	reset();
	/* of the same file: by address, wherever it was mapped */
	add(&a, 8, STACK(CODE(NULL, 0x10, 0, OLD), CODE(NULL, 0x20, 0, OLD)));
	add(&b, 8, STACK(CODE(NULL, 0x10, 0, OLD), CODE(NULL, 0x20, 0, OLD)));
	b.frames[0][0].addr += 0x10000;
	expect("0 0 1 0 0");
	b.frames[0][0].image_vaddr = 0x11;
	expect("1 0 0 0 1");
	/* one recording has names, inlined calls with them */
	reset();
	add(&a, 8,
	    STACK(CODE("i", 0x10, 5, OLD, .inlined = true), CODE("f", 0x10, 6, OLD),
		  CODE("main", 0x20, 7, OLD)));
	add(&b, 8, STACK(CODE(NULL, 0x10, 0, OLD), CODE(NULL, 0x20, 0, OLD)));
	expect("0 0 1 0 0");
	/* of another file an address says nothing */
	b.frames[0][0].build_id = b.frames[0][1].build_id = "02";
	expect("1 0 0 0 1");
	/* no object at all: addresses are chance */
	reset();
	add(&a, 8, STACK({.addr = 0x1234}, CODE("main", 0x20, 0, OLD)));
	add(&b, 8, STACK({.addr = 0x5678}, CODE("main", 0x20, 0, NEW)));
	expect("0 0 1 0 0");
	/* a stack that is lost is that of its entry point */
	reset();
	add(&a, 8, STACK({0}))->stack_lost = true;
	add(&b, 8, STACK({0}))->stack_lost = true;
	expect("0 0 1 0 0");
}

/* The index among the sites of b that is new; -1: not one. */
static int which_is_new(void)
{
	struct diff *d = NULL;
	int found = -1;
	size_t i;

	CHECK_EQ(diff__new(&a.report, "a", &b.report, "b", &d), 0);
	CHECK_EQ(d->sum[DIFF_NEW_SITE].sites, 1);
	CHECK_EQ(d->sum[DIFF_GONE].sites, 0);
	for (i = 0; i < d->n_sites; i++)
		if (d->sites[i].kind == DIFF_NEW_SITE)
			found = (int)(d->sites[i].new - b.sites);
	diff__free(d);
	return found;
}

/* Calls of malloc on several lines of one function. */
static void one_function(void)
{
	reset();
	add(&a, 8, STACK(CODE("f", 0x10, 10, OLD)));
	add(&a, 16, STACK(CODE("f", 0x20, 20, OLD)));
	add(&a, 24, STACK(CODE("f", 0x30, 30, OLD)));
	/* two lines inserted: 16 bytes more, above the same 16 */
	add(&b, 24, STACK(CODE("f", 0x44, 32, NEW)));
	add(&b, 8, STACK(CODE("f", 0x10, 10, NEW)));
	add(&b, 40, STACK(CODE("f", 0x20, 12, NEW)));
	add(&b, 16, STACK(CODE("f", 0x34, 22, NEW)));
	CHECK_EQ(which_is_new(), 2);
	/* of equal sizes: what has moved least */
	a.sites[1].bytes = b.sites[2].bytes = b.sites[3].bytes = 16;
	CHECK_EQ(which_is_new(), 2);
	/* the same file: places count, even where sizes say other */
	reset();
	add(&a, 8, STACK(CODE("f", 0x10, 10, OLD)));
	add(&b, 8, STACK(CODE("f", 0x08, 9, OLD)));
	add(&b, 99, STACK(CODE("f", 0x10, 10, OLD)));
	CHECK_EQ(which_is_new(), 0);
	/* a changed line is the same site still, whatever it allocates */
	reset();
	add(&a, 8, STACK(CODE("f", 0x10, 10, OLD)));
	add(&b, 4096, STACK(CODE("f", 0x80, 50, NEW)));
	expect("0 1 0 0 0");
	/* lines are not known: by where in the function */
	reset();
	add(&a, 8, STACK(CODE("f", 0x10, 0, OLD)));
	add(&a, 8, STACK(CODE("f", 0x20, 0, OLD)));
	add(&b, 8, STACK(CODE("f", 0x10, 0, NEW)));
	add(&b, 8, STACK(CODE("f", 0x90, 0, NEW)));
	add(&b, 8, STACK(CODE("f", 0x22, 0, NEW)));
	CHECK_EQ(which_is_new(), 1);
}

/*
 * Any lines taken out of and put into a function, with sizes that are all different: pairs must be
 * those that were not touched.
 */
static void any_edit(void)
{
	unsigned int seed = 1;
	int round, i, line, gone, fresh;
	char kinds[64];

	for (round = 0; round < 300; round++) {
		reset();
		gone = fresh = 0;
		for (i = line = 0; i < 12; i++) {
			int fate = rand_r(&seed) % 8;

			line += 1 + rand_r(&seed) % 3;
			/* one that is put in and one that is taken out would be one that is changed
			 */
			if (fate != 0 || round % 2)
				add(&a, 1000 + i, STACK(CODE("f", 0x10 + i, 100 + i, OLD)));
			else
				fresh++;
			if (fate != 0 || !(round % 2))
				add(&b, 1000 + i, STACK(CODE("f", 0x20 + 2 * i, 100 + line, NEW)));
			else
				gone++;
		}
		snprintf(kinds, sizeof(kinds), "%d 0 %d 0 %d", fresh, 12 - fresh - gone, gone);
		expect(kinds);
	}
}

/* Too many for a table: in their order. */
static void many_lines(void)
{
	int i;

	reset();
	for (i = 0; i < 300; i++) {
		add(&a, 8, STACK(CODE("f", 0x10, 1 + i, OLD)));
		add(&b, i < 299 ? 8 : 9, STACK(CODE("f", 0x20, 700 - i, NEW)));
	}
	expect("0 1 299 0 0");
}

static void sums_saturate(void)
{
	struct diff *d = NULL;

	reset();
	add(&b, UINT64_MAX, STACK(CODE("f", 1, 0, NEW)));
	add(&b, UINT64_MAX, STACK(CODE("g", 1, 0, NEW)));
	add(&a, UINT64_MAX, STACK(CODE("h", 1, 0, OLD)));
	CHECK_EQ(diff__new(&a.report, "a", &b.report, "b", &d), 0);
	CHECK(d->sites[0].bytes_delta == INT64_MAX && d->sites[2].bytes_delta == INT64_MIN);
	CHECK(d->total.new_bytes == UINT64_MAX && d->bytes_delta == 0);
	diff__free(d);
	diff__free(NULL);
}

static void notes(void)
{
	struct diff *d = NULL;
	char all[1000] = "";
	size_t i;

	reset();
	CHECK_EQ(diff__new(&a.report, "a", &b.report, "b", &d), 0);
	CHECK_EQ(d->n_notes, 0);
	diff__free(d);
	b.report.comm = "other";
	b.report.older_ns = 5000000;
	a.report.sampling.calls = 10;
	a.report.account.lost_full = 1234;
	b.report.n_stacks = 7;
	CHECK_EQ(diff__new(&a.report, "a", &b.report, "b", &d), 0);
	for (i = 0; i < d->n_notes; i++)
		strcat(strcat(all, d->notes[i]), "\n");
	CHECK_STR(all,
		  "these are of programs of different names, prog and other\n"
		  "the old recording leaves out what is younger than 0 ms, the new one 5 ms: "
		  "record both with the same -o\n"
		  "there are estimates from samples among these figures: small differences may be "
		  "chance\n"
		  "the old recording has lost 1,234 allocations: stacks may have held more\n"
		  "the new recording leaves out 7 of its stacks\n");
	diff__free(d);
}

/* --- formats --- */

static char *render(enum render_id id, const struct diff *d, size_t *size)
{
	static const struct render_opts opts = {.top = 0};
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	CHECK_EQ(diff_render__find(id)(out, d, &opts), 0);
	fclose(out);
	return text;
}

static void inflate_to(char out[1 << 16], const char *data, size_t size, size_t *n)
{
	z_stream z = {.next_in = (Bytef *)data,
		      .avail_in = size,
		      .next_out = (Bytef *)out,
		      .avail_out = 1 << 16};

	CHECK_EQ(inflateInit2(&z, 15 + 16), Z_OK);
	CHECK_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
	*n = z.total_out;
	inflateEnd(&z);
}

/* Take out what lies between the two, wherever they are. */
static void cut(char *text, const char *from, const char *to)
{
	char *end;

	while ((text = strstr(text, from))) {
		text += strlen(from);
		end = strstr(text, to);
		if (end)
			memmove(text, end, strlen(end) + 1);
	}
}

/* Style and script are files of user/render, the same in each page: changes of theirs are none
 * here. */
static void cut_assets(char *text)
{
	cut(text, "<style>", "</style>");
	cut(text, "//<![CDATA[", "//]]>");
}

static void check_golden(enum render_id id, const struct diff *d, const char *name)
{
	static char x[1 << 16], y[1 << 16];
	size_t size, golden_size = 0, n, m;
	char *text = render(id, d, &size), *golden;

	golden__update(name, text, size);
	golden = golden__read(name, &golden_size);
	CHECK(golden);
	if (golden && id == RENDER_ID_pprof) { /* compression differs by the version of zlib */
		inflate_to(x, text, size, &n);
		inflate_to(y, golden, golden_size, &m);
		CHECK(n == m && !memcmp(x, y, n));
	} else if (golden) {
		cut_assets(text);
		cut_assets(golden);
		CHECK(!strcmp(text, golden));
	}
	free(golden);
	free(text);
}

static void same_as_golden(void)
{
	struct diff *d = NULL;

	CHECK_EQ(diff__new(&rich_report, "rich.rec", &changed_report, "changed.rec", &d), 0);
	CHECK_EQ(d->n_sites, 5);
	CHECK_EQ(d->total.old_bytes, RICH_BYTES);
	CHECK_EQ(d->total.new_bytes, CHANGED_BYTES);
	CHECK_EQ(d->count_delta, CHANGED_COUNT - RICH_COUNT);
	CHECK_EQ(d->sites[0].kind, DIFF_GROWN);
	CHECK(d->sites[0].old == &rich_sites[0] && d->sites[0].new == &changed_sites[0]);
	CHECK_EQ(d->sites[1].kind, DIFF_NEW_SITE);
	CHECK(d->sites[1].new == &changed_sites[2]);
	CHECK_EQ(d->sites[2].kind, DIFF_UNCHANGED);
	CHECK_EQ(d->sites[3].kind, DIFF_SHRUNK);
	CHECK_EQ(d->sites[4].kind, DIFF_GONE);
	check_golden(RENDER_ID_text, d, "diff.txt");
	check_golden(RENDER_ID_json, d, "diff.json");
	check_golden(RENDER_ID_csv, d, "diff.csv");
	check_golden(RENDER_ID_folded, d, "diff.folded");
	check_golden(RENDER_ID_pprof, d, "diff.pb.gz");
	check_golden(RENDER_ID_svg, d, "diff.svg");
	check_golden(RENDER_ID_html, d, "diff.html");
	diff__free(d);
}

/* What tests/differences compares with rich.rec and rich.pb.gz. */
static void check_report(const char *format, const char *name)
{
	static char x[1 << 16], y[1 << 16];
	size_t size, golden_size = 0, n = 0, m = 1;
	char *data = NULL, *golden;
	FILE *out = open_memstream(&data, &size);

	CHECK_EQ(renderer__find(format)->emit(out, &changed_report, NULL), 0);
	fclose(out);
	golden__update(name, data, size);
	golden = golden__read(name, &golden_size);
	CHECK(golden);
	if (golden) {
		inflate_to(x, data, size, &n);
		inflate_to(y, golden, golden_size, &m);
	}
	CHECK(n == m && !memcmp(x, y, n));
	free(golden);
	free(data);
}

static void recordings(void)
{
	check_report("save", "changed.rec");
	check_report("pprof", "changed.pb.gz");
}

static void top_and_nothing(void)
{
	static const struct render_opts one = {.top = 1};
	struct diff *d = NULL;
	char *text = NULL;
	size_t size;
	FILE *out;
	int i;

	CHECK_EQ(diff__new(&rich_report, "a", &changed_report, "b", &d), 0);
	out = open_memstream(&text, &size);
	CHECK_EQ(diff_text__emit(out, d, &one), 0);
	fclose(out);
	CHECK(strstr(text, "\n\t... and 1 more stack new or grown with +4096 bytes, +2 allocations "
			   "(-T 0 shows all)\n"));
	CHECK(strstr(text, "\n\t... and 1 more stack shrunk or gone with -1000 bytes, -1 "
			   "allocations (-T 0 shows all)\n"));
	free(text);
	diff__free(d);
	/* nothing, and onto a full disk */
	reset();
	CHECK_EQ(diff__new(&a.report, "a", &b.report, "b", &d), 0);
	for (i = 0; i < RENDER_N; i++) {
		FILE *full = fopen("/dev/full", "w");

		if (diff_render__find(i)) {
			free(render(i, d, &size));
			if (full && i != RENDER_ID_folded)
				CHECK_EQ(diff_render__find(i)(full, d, NULL), -ENOSPC);
		}
		if (full)
			fclose(full);
	}
	diff__free(d);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	RUN(moved);
	RUN(renamed_images);
	RUN(other_libc);
	RUN(inlining);
	RUN(clones);
	RUN(without_names);
	RUN(one_function);
	RUN(any_edit);
	RUN(many_lines);
	RUN(sums_saturate);
	RUN(notes);
	RUN(same_as_golden);
	RUN(recordings);
	RUN(top_and_nothing);
	return check_done();
}
