/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports built here, rendered, compared with tests/golden byte for byte. A wanted change of the
 * format: run with UPDATE_GOLDEN=1, then read the difference.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "render/format.h"
#include "render/reach.h"
#include "render/render.h"
#include "report/report.h"

#define MS 1000000ULL
#define S (1000 * MS)
#define STAMP 1609327 /* 1970-01-19 15:02:07 UTC */

static char *render(const struct report *r, bool color)
{
	struct render_opts opts = {.color = color};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK_EQ(renderer__find("text")->emit(out, r, &opts), 0);
	fclose(out);
	return text;
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

static void check_golden(const struct report *r, const char *name)
{
	const char *here = strrchr(__FILE__, '/');
	char path[4096], *text = render(r, false), *golden;
	FILE *f;

	snprintf(path, sizeof(path), "%.*s../golden/%s.txt", here ? (int)(here + 1 - __FILE__) : 0,
		 __FILE__, name);
	if (getenv("UPDATE_GOLDEN") && (f = fopen(path, "w"))) {
		fputs(text, f);
		fclose(f);
	}
	golden = read_file(path);
	CHECK_STR(text, golden);
	free(golden);
	free(text);
}

/* The example of the manual. */
static struct report_frame leak_frames[] = {
	{.addr = 0x000055aece4f1121,
	 .function = "main",
	 .offset = 0x1d,
	 .file = "leak_example.c",
	 .path = "/src/leak_example.c",
	 .line = 9,
	 .image = "leak_example",
	 .image_vaddr = 0x1121},
	{.addr = 0x00007f6cf0e540b2,
	 .function = "__libc_start_call_main",
	 .offset = 0x7a,
	 .image = "libc.so.6",
	 .image_vaddr = 0x240b2},
};
static struct report_site leak_site = {
	.bytes = 122880,
	.count = 10,
	.youngest_ns = 500 * MS,
	.oldest_ns = 9500 * MS,
	.entry = "malloc",
	.frames = leak_frames,
	.n_frames = 2,
};
static const struct report leak = {
	.pid = 4312,
	.time = STAMP,
	.bytes = 122880,
	.count = 10,
	.n_stacks = 1,
	.older_ns = 500 * MS,
	.sampled = 10,
	.sites = &leak_site,
	.n_sites = 1,
	.account = {.seen = 23, .freed = 13, .outstanding = 10, .stacks_complete = 23},
	.max_live = 1048576,
	.most_live = 4194304,
	.max_stacks = 16384,
};

static void first_report(void)
{
	check_golden(&leak, "text-first");
}

/* Growth, inlined frames, unknown functions, labels, lost and cut stacks, what is not shown. */
static void second_report(void)
{
	struct report_frame frames[] = {
		{.addr = 0x401005,
		 .function = "std::vector<int>::push_back(int&&)",
		 .file = "stl_vector.h",
		 .line = 1199,
		 .inlined = true,
		 .image = "app"},
		{.addr = 0x401005,
		 .function = "fill",
		 .offset = 5,
		 .file = "fill.cc",
		 .image = "app"},
		{.addr = 0x7f0000001234, .image = "libx.so", .image_vaddr = 0x1234},
		{.addr = 0x7fff00000010, .image = "[vdso]", .image_vaddr = 0x10},
		{.addr = 0x7fff00000020, .function = "__vdso_time", .image = "[vdso]"},
		{.addr = 0x7f1100000000, .image = "[anon]"},
		{.addr = 0xdead},
	};
	struct report_site sites[] = {
		leak_site,
		{.bytes = 8192,
		 .count = 2,
		 .is_new = true,
		 .bytes_delta = 8192,
		 .count_delta = 2,
		 .youngest_ns = 119999 * MS,
		 .oldest_ns = 3 * 86400 * S,
		 .entry = "mmap",
		 .note = "thread stack",
		 .frames = frames,
		 .n_frames = 7,
		 .stack_cut = "--max-depth reached"},
		{.bytes = 1,
		 .count = 1,
		 .bytes_delta = -4096,
		 .youngest_ns = 2 * S,
		 .oldest_ns = 2 * S,
		 .entry = "posix_memalign",
		 .stack_lost = true},
	};
	struct report r = leak;

	sites[0].bytes_delta = 12288;
	sites[0].count_delta = 1;
	r.has_delta = true;
	r.sites = sites;
	r.n_sites = 3;
	r.n_stacks = 15;
	r.bytes = 122880 + 8192 + 1 + 345;
	r.count = 10 + 2 + 1 + 6;
	r.young_bytes = 512;
	r.young_count = 3;
	r.account = (struct report_account){
		.seen = 35,
		.freed = 13,
		.outstanding = 22,
		.stacks_complete = 30,
		.stacks_cut = 5,
		.cuts = {{"--max-depth", 3}, {"unreadable", 0}, {"unknown code", 2}}};
	check_golden(&r, "text-second");
}

/* All kinds, of one site and of the whole; then why there is no verdict. */
static void judged(void)
{
	struct report_block blocks[] = {{0x55aece6a02a0, 4096, 1234 * MS, 1, REACH_DEFINITE},
					{0x10, 0, 200 * S, 1, REACH_UNJUDGED}};
	struct report_site sites[2] = {leak_site, leak_site};
	struct report r = leak;

	sites[0].reach[REACH_DEFINITE] = (struct reach_sum){122000, 3};
	sites[0].reach[REACH_INDIRECT] = (struct reach_sum){400, 2};
	sites[0].reach[REACH_POSSIBLE] = (struct reach_sum){300, 1};
	sites[0].reach[REACH_REACHABLE] = (struct reach_sum){160, 3};
	sites[0].reach[REACH_UNJUDGED] = (struct reach_sum){20, 1};
	sites[0].under = (struct reach_sum){7000, 70};
	sites[0].blocks = blocks;
	sites[0].n_blocks = 2;
	sites[1].reach[REACH_REACHABLE] = (struct reach_sum){122880, 10};
	r.sites = sites;
	r.n_sites = r.n_stacks = 2;
	memcpy(r.reach.sum, sites[0].reach, sizeof(r.reach.sum));
	r.reach.wanted = true;
	r.reach.scans = 2;
	r.reach.apart_ns = 10 * S + 40 * MS;
	r.reach.pause_ns = 12345678;
	r.reach.copied = 122880;
	r.reach.heap_roots = 4096;
	r.reach.swapped = 12582912;
	check_golden(&r, "text-judged");
	r.reach.copied = 0;
	check_golden(&r, "text-judged-without-a-copy");
	strcpy(r.reach.why_not, "a debugger\033 is attached");
	check_golden(&r, "text-not-judged");
}

/* What is lost, in a line of its own below the first. */
static void lost(void)
{
	struct report_site sites[2] = {leak_site, leak_site};
	struct report_frame frames[] = {{.function = (char *)"other", .image = (char *)"lib.so"}};
	struct reach_sum *sum;
	struct report r = leak;
	char line[WORDS_SIZE];

	sum = r.reach.sum;
	sites[1].frames = frames;
	sites[1].n_frames = 1;
	r.sites = sites;
	r.n_sites = r.n_stacks = 2;
	r.count = 10;
	CHECK(!render_reach__lost(line, &r)); /* nobody has looked */
	r.reach.wanted = true;
	sum[REACH_REACHABLE] = (struct reach_sum){122880, 10};
	CHECK_STR(render_reach__lost(line, &r),
		  "nothing; all 122,880 bytes in 10 can still be reached");
	sum[REACH_REACHABLE] = (struct reach_sum){1000, 9};
	sum[REACH_POSSIBLE] = (struct reach_sum){24, 1};
	CHECK_STR(
		render_reach__lost(line, &r),
		"nothing for sure; possibly 24 bytes in 1; 1,000 bytes in 9 can still be reached");
	sum[REACH_REACHABLE] = sum[REACH_POSSIBLE] = (struct reach_sum){0, 0};
	sum[REACH_DEFINITE] = (struct reach_sum){4000, 1};
	sites[1].reach[REACH_DEFINITE] = (struct reach_sum){4000, 1};
	CHECK_STR(render_reach__lost(line, &r), "4,000 bytes in 1 allocation at other (lib.so)");
	/* what hangs under a block counts for the stack that has lost it */
	sum[REACH_DEFINITE] = (struct reach_sum){4010, 2};
	sum[REACH_INDIRECT] = (struct reach_sum){5000, 8};
	sites[0].reach[REACH_DEFINITE] = (struct reach_sum){10, 1};
	sites[0].under = (struct reach_sum){5000, 8};
	CHECK_STR(render_reach__lost(line, &r),
		  "9,010 bytes in 10 allocations, most of it at main (leak_example.c:9)");
	sites[0].suppressor = 1; /* as a whole: then it is not what to look at */
	sites[0].suppressed.count = sites[0].count;
	CHECK_STR(render_reach__lost(line, &r),
		  "9,010 bytes in 10 allocations, most of it at other (lib.so)");
	strcpy(r.reach.why_not, "it was killed");
	CHECK(!render_reach__lost(line, &r));
	r.reach.why_not[0] = '\0';
	r.count = 0;
	CHECK(!render_reach__lost(line, &r));
}

/* What leaks is said first, then at each stack why; curves where there are intervals enough. */
static void verdicts(void)
{
	uint64_t times[] = {0, 5 * S, 10 * S, 15 * S, 20 * S, 25 * S};
	uint64_t total[] = {0, 1000, 100000, 110000, 120000, 130000};
	uint64_t leaked[] = {1000, 2000, 3000, 4000, 5000}, cached[] = {3000, 3000};
	uint64_t count[] = {1, 1, 1, 1, 1, 1};
	struct report_site sites[] = {leak_site, leak_site, leak_site};
	struct report r = leak;

	sites[0].verdict = (struct site_verdict){VERDICT_LEAKING, REASON_OLD_STAY, 84, 13002342};
	sites[0].history = (struct report_history){leaked, count, 5, 9, 4};
	sites[1].verdict = (struct site_verdict){VERDICT_CACHE, REASON_OLD_FREED, 7, 1};
	sites[1].history = (struct report_history){cached, count, 2, 1, 0};
	sites[2].verdict = (struct site_verdict){.reason = REASON_NOT_STEADY};
	r.sites = sites;
	r.n_sites = r.n_stacks = 3;
	r.bytes *= 3;
	r.count *= 3;
	r.history = (struct report_history){total, count, 6, 10, 4};
	r.history_ns = times;
	r.verdicts[VERDICT_LEAKING] = (struct verdict_tally){1, 122880, 13002342};
	r.verdicts[VERDICT_CACHE] = (struct verdict_tally){1, 122880, 1};
	r.verdicts[VERDICT_EARLY] = (struct verdict_tally){1, 122880, 0};
	check_golden(&r, "text-leaking");

	/* several; where most of it is shows, whatever the order */
	sites[2].verdict = (struct site_verdict){VERDICT_LEAKING, REASON_NONE_FREED, 90, 500000000};
	sites[2].frames = leak_frames + 1; /* without a line */
	sites[2].n_frames = 1;
	r.verdicts[VERDICT_LEAKING] = (struct verdict_tally){12, 122880, UINT64_MAX};
	r.verdicts[VERDICT_EARLY] = (struct verdict_tally){0};
	check_golden(&r, "text-leaking-more");

	sites[0].verdict = sites[2].verdict = (struct site_verdict){VERDICT_PLATEAU, REASON_STAYS,
								    80, 0};
	r.verdicts[VERDICT_LEAKING] = (struct verdict_tally){0};
	r.verdicts[VERDICT_PLATEAU] = (struct verdict_tally){2, 0, 0};
	r.verdicts[VERDICT_EARLY] = (struct verdict_tally){1, 122880, 0};
	check_golden(&r, "text-no-leak");

	/* before that there are too few reports, and after the last one no more will come */
	r.history.n = 4;
	memset(r.verdicts, 0, sizeof(r.verdicts));
	r.n_sites = r.n_stacks = 0;
	check_golden(&r, "text-early");
	r.final = true;
	check_golden(&r, "text-early-last");
}

static void every_block(void)
{
	struct report_block blocks[] = {{0x55aece6a02a0, 4096, 1234 * MS, 1, 0},
					{0x10, 0, 200 * S, 1, 0}};
	struct report_site site = leak_site;
	struct report r = leak;

	site.blocks = blocks;
	site.n_blocks = 2;
	r.sites = &site;
	check_golden(&r, "text-blocks");
	r.combined_only = true;
	check_golden(&r, "text-combined");
}

/* Estimates with error bars, beside a site that is certain. */
static void sampled(void)
{
	struct report_block block = {0x7f0000001000, 64, 1234 * MS, 8192, 0};
	struct report_site sites[] = {leak_site, leak_site};
	struct report r = leak;

	sites[0].bytes = 13002342;
	sites[0].count = 1234;
	sites[0].sampled = 31;
	sites[0].bytes_range = (struct estimate_range){9160210, 18456123};
	sites[0].count_range = (struct estimate_range){869, 1752};
	sites[0].blocks = &block;
	sites[0].n_blocks = 1;
	sites[0].bytes_delta = 524352;
	sites[0].count_delta = 50;
	sites[1].entry = "mmap";
	sites[1].bytes_range = (struct estimate_range){122880, 122880};
	sites[1].count_range = (struct estimate_range){10, 10};
	r.sites = sites;
	r.n_sites = 2;
	r.n_stacks = 3;
	r.bytes = 14000000;
	r.count = 2000;
	r.sampled = 45;
	r.bytes_range = (struct estimate_range){10000000, 19000000};
	r.count_range = (struct estimate_range){1500, 2600};
	r.has_delta = true;
	r.sampling.bytes = 524288;
	r.account = (struct report_account){.seen = 1000050,
					    .freed = 4,
					    .outstanding = 46,
					    .unsampled = 1000000,
					    .untracked_frees = 17,
					    .stacks_complete = 50};
	CHECK_EQ(report__balance(&r.account), 0);
	check_golden(&r, "text-sampled");
	/* what is drawn decides which range is sure */
	r.sampling = (struct sampling){.calls = 40};
	check_golden(&r, "text-sampled-calls");
}

/* -k: lines of its own around a stack and below the account; call sites, some of them with a stack.
 */
static void kernel(void)
{
	struct report_frame frames[] = {{.addr = 0xffffffff81a92aa1,
					 .function = "load_msg",
					 .offset = 0x41,
					 .image = "kernel"}};
	struct report_site site = {
		.bytes = 4096,
		.count = 1,
		.youngest_ns = 1 * S,
		.oldest_ns = 1 * S,
		.entry = "kmalloc",
		.frames = frames,
		.n_frames = 1,
		.detail = "4,048 bytes asked for\nlatest by a\033[2Jb/1 in task context\n",
		.after = "[it has a stack]\n  0000  |text|",
	};
	struct report r = leak;

	r.pid = 0;
	r.bytes = 4096;
	r.count = 1;
	r.sites = &site;
	r.site_name = "call site";
	r.account = (struct report_account){.seen = 9,
					    .freed = 8,
					    .found_free = 3,
					    .outstanding = 1,
					    .stacks_complete = 4,
					    .stacks_cut = 1,
					    .stacks_sampled = true};
	r.checks = "check: foo grew\n";
	check_golden(&r, "text-kernel");
	r.account.untracked_frees = REPORT_UNTRACKED_UNKNOWN;
	check_golden(&r, "text-kernel-filtered");
	r.account.untracked_frees = 0;
	r.n_stacks = 3;
	r.bytes = 10000;
	r.count = 7;
	r.checks = NULL;
	check_golden(&r, "text-kernel-more");
}

static void losses_in_words(void)
{
	char warning[] = "the target has replaced itself (execve)";
	char *warnings[] = {warning};
	struct report r = leak;

	r.sampling.calls = 100;
	r.account = (struct report_account){
		.seen = 200000000,
		.freed = 1000000,
		.outstanding = 999445,
		.lost_full = 512,
		.lost_read = 2,
		.lost_realloc = 1,
		.gone_exec = 40,
		.implied = 7,
		.untracked_frees = 9,
		.failed = 11,
		.abandoned = 12,
		.no_slot = 13,
		.filtered = 14,
		.unsampled = 198000000,
		.stack_full = 1500,
		.stack_fault = 16,
		.event_lost = 17,
		.event_missed = 16,
		.event_unsure = 18,
		.stacks_complete = 1900000,
		.stacks_cut = 100000,
		.imbalance = -3,
	};
	CHECK_EQ(report__balance(&r.account), 0);
	r.warnings = warnings;
	r.n_warnings = 1;
	check_golden(&r, "text-losses");

	/* Sums that do not add up are noticed here, too. */
	r = leak;
	r.account.freed++;
	r.account.lost_full++;
	r.max_live = r.most_live = 0;
	check_golden(&r, "text-imbalance");
}

static void nothing_there(void)
{
	struct report r = {.time = STAMP, .older_ns = 500 * MS, .target_ended = true};

	check_golden(&r, "text-nothing-seen");
	r.account.filtered = 1234;
	check_golden(&r, "text-nothing-filtered");
	r.account = (struct report_account){.seen = 5, .unsampled = 5};
	r.sampling.calls = 1000;
	check_golden(&r, "text-nothing-sampled");
	r.sampling.calls = 1;
	r.account = (struct report_account){.seen = 4567, .freed = 4567, .stacks_complete = 4567};
	check_golden(&r, "text-nothing-left");
	r.account.freed -= 67;
	r.account.lost_full = 60;
	r.account.gone_exec = 7;
	check_golden(&r, "text-nothing-known");
	/* While the target runs, an empty report is just that; young blocks are there. */
	r = (struct report){.time = STAMP,
			    .older_ns = 500 * MS,
			    .young_bytes = 5,
			    .young_count = 1,
			    .account = {.seen = 1, .outstanding = 1, .stacks_complete = 1}};
	check_golden(&r, "text-nothing-yet");
}

static void hostile_names(void)
{
	struct report_frame frames[] = {
		{.addr = 1,
		 .function = "\033[2Jgone\r\n[11:11:11] 0 bytes",
		 .file = "\xe2\x80\xae"
			 "c.elif",
		 .line = -5,
		 .image = "\xff\xc0\x80"},
		{.addr = 2, .function = "größe", .file = "日本.c", .line = 1, .image = "[]"},
	};
	struct report_site site = leak_site;
	struct report r = leak;

	site.frames = frames;
	r.sites = &site;
	check_golden(&r, "text-hostile");
}

static void check_escape(const char *in, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	render__escape(out, in);
	fclose(out);
	CHECK_STR(text, expected);
	free(text);
}

static void escapes(void)
{
	check_escape("", "");
	check_escape("plain ~ text\\", "plain ~ text\\");
	check_escape("\x01\t\n\x1f\x7f", "\\x01\\x09\\x0a\\x1f\\x7f");
	check_escape("\xc2\x85", "\\xc2\\x85"); /* C1: next line */
	check_escape("\xc2\x9b", "\\xc2\\x9b"); /* C1: CSI */
	check_escape("\xc2\xa0", "\xc2\xa0");	/* first behind C1 */
	check_escape("\xe2\x80\xaa\xe2\x80\xae", "\\xe2\\x80\\xaa\\xe2\\x80\\xae");
	check_escape("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
	check_escape("\xe2\x80\xa8", "\\xe2\\x80\\xa8"); /* line separator */
	check_escape("\xe2\x80\x8f", "\\xe2\\x80\\x8f");
	check_escape("\xe2\x80\x93", "\xe2\x80\x93");	      /* en dash */
	check_escape("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"); /* U+1F600 */
	check_escape("\xc0\xaf", "\\xc0\\xaf");		      /* overlong '/' */
	check_escape("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	check_escape("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf");
	check_escape("\xed\xa0\x80", "\\xed\\xa0\\x80");	  /* surrogate */
	check_escape("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	check_escape("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
	check_escape("a\xe2\x80", "a\\xe2\\x80"); /* ends early */
	check_escape("\x80z", "\\x80z");
	check_escape("\xc3(", "\\xc3(");
}

/* Colour adds sequences and changes nothing else. */
static void colour(void)
{
	char *plain = render(&leak, false), *color = render(&leak, true), *in, *out;

	CHECK(!strchr(plain, '\033'));
	CHECK(strstr(color, "\033[1m122880 bytes in 10 allocations\033[0m from stack"));
	for (in = out = color; *in; in++) {
		if (*in == '\033')
			in += strcspn(in, "m");
		else
			*out++ = *in;
	}
	*out = '\0';
	CHECK_STR(color, plain);
	free(plain);
	free(color);
}

static void full_disk(void)
{
	FILE *out = fopen("/dev/full", "w");

	if (!out) {
		SKIP("no /dev/full");
		return;
	}
	CHECK_EQ(render_text.emit(out, &leak, NULL), -ENOSPC);
	fclose(out);
}

static void finds_formats(void)
{
	CHECK(renderer__find("text") == &render_text);
	CHECK(!renderer__find("txt"));
	CHECK(!renderer__find(""));
}

static void numbers(void)
{
	char buf[FORMAT_NUMBER_SIZE];

	CHECK_STR(format__number(buf, 0), "0");
	CHECK_STR(format__number(buf, 999), "999");
	CHECK_STR(format__number(buf, 1000), "1,000");
	CHECK_STR(format__number(buf, 123456), "123,456");
	CHECK_STR(format__number(buf, 1234567), "1,234,567");
	CHECK_STR(format__number(buf, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void ages(void)
{
	char buf[FORMAT_AGE_SIZE];

	CHECK_STR(format__age(buf, 500 * MS, 9500 * MS), "0.5–9.5 s");
	CHECK_STR(format__age(buf, 1199 * MS, 1199 * MS), "1.1 s");
	CHECK_STR(format__age(buf, 1100 * MS, 1199 * MS), "1.1 s");
	CHECK_STR(format__age(buf, 0, 119999 * MS), "0.0–119.9 s");
	CHECK_STR(format__age(buf, 1 * S, 120 * S), "1.0 s–2 min");
	CHECK_STR(format__age(buf, 200 * S, 7200 * S), "3 min–2 h");
	CHECK_STR(format__age(buf, 180 * S, 7199 * S), "3–119 min");
	CHECK_STR(format__age(buf, 2 * 86400 * S - 1, 2 * 86400 * S), "47 h–2 d");
	CHECK_STR(format__age(buf, UINT64_MAX, UINT64_MAX), "213503 d");
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	RUN(first_report);
	RUN(second_report);
	RUN(judged);
	RUN(lost);
	RUN(verdicts);
	RUN(every_block);
	RUN(sampled);
	RUN(kernel);
	RUN(losses_in_words);
	RUN(nothing_there);
	RUN(hostile_names);
	RUN(escapes);
	RUN(colour);
	RUN(full_disk);
	RUN(finds_formats);
	RUN(numbers);
	RUN(ages);
	return check_done();
}
