/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures for Prometheus: what must hold of any exposition, and what of a report is in it.
 * tests/golden/rich.metrics and rich.openmetrics are the whole of it, tests/formats has them
 * judged.
 */
#include "check.h"
#include "golden.h"
#include "rich_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "render/metrics.h"
#include "render/render.h"

static char *write_out(const struct exposition *e, enum exposition_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK_EQ(exposition__write(e, format, out), 0);
	fclose(out);
	return text;
}

static char *of_report(const struct report *r, size_t top)
{
	struct exposition *e = metrics__new();
	char *text;

	metrics__add(e, r, top);
	text = write_out(e, EXPOSITION_TEXT);
	exposition__free(e);
	return text;
}

/* How many lines of text begin with this? */
static size_t count_lines(const char *text, const char *with)
{
	size_t n = 0;

	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		n += !strncmp(text, with, strlen(with));
	return n;
}

static bool has_line(const char *text, const char *line)
{
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[strlen(line)] == '\n')
			return true;
		at++;
	}
	return false;
}

static const struct exposition_family shapes[] = {
	{"a_bytes", EXPOSITION_GAUGE, "One"},
	{"b", EXPOSITION_COUNTER, "Two"},
	{"c", EXPOSITION_INFO, "Three"},
	{"d_ratio", EXPOSITION_GAUGE, "Four"},
};

/* Families keep together what comes one by one, and are not there when empty. */
static void both_formats(void)
{
	struct exposition *e = exposition__new(shapes, 4);
	char *text, *open;

	exposition__add(e, 1, "x=\"1\"", 5);
	exposition__add(e, 0, "x=\"1\"", UINT64_MAX);
	exposition__add(e, 1, "x=\"2\"", 0);
	exposition__add_signed(e, 0, "", INT64_MIN);
	exposition__add(e, 2, "v=\"9\"", 1);
	text = write_out(e, EXPOSITION_TEXT);
	CHECK_STR(text, "# HELP a_bytes One.\n# TYPE a_bytes gauge\n"
			"a_bytes{x=\"1\"} 18446744073709551615\na_bytes -9223372036854775808\n"
			"# HELP b_total Two.\n# TYPE b_total counter\n"
			"b_total{x=\"1\"} 5\nb_total{x=\"2\"} 0\n"
			"# HELP c_info Three.\n# TYPE c_info gauge\nc_info{v=\"9\"} 1\n");
	open = write_out(e, EXPOSITION_OPENMETRICS);
	CHECK_STR(open, "# HELP a_bytes One.\n# TYPE a_bytes gauge\n# UNIT a_bytes bytes\n"
			"a_bytes{x=\"1\"} 18446744073709551615\na_bytes -9223372036854775808\n"
			"# HELP b Two.\n# TYPE b counter\n"
			"b_total{x=\"1\"} 5\nb_total{x=\"2\"} 0\n"
			"# HELP c Three.\n# TYPE c info\nc_info{v=\"9\"} 1\n"
			"# EOF\n");
	free(text);
	free(open);
	exposition__free(e);
	exposition__free(NULL);
}

/* Readers refuse two samples of the same labels: process ids come back. */
static void same_labels_add_up(void)
{
	struct exposition *e = exposition__new(shapes, 4);
	char *text, labels[32];
	int i;

	for (i = 0; i < 2000; i++) {
		snprintf(labels, sizeof(labels), "x=\"%d\"", i % 1000);
		exposition__add(e, 1, labels, i);
	}
	exposition__add(e, 0, "u=\"\"", UINT64_MAX);
	exposition__add(e, 0, "u=\"\"", 1);
	exposition__add_signed(e, 0, "s=\"\"", INT64_MIN);
	exposition__add_signed(e, 0, "s=\"\"", -1);
	exposition__add_real(e, 3, "", 0.5);
	exposition__add_real(e, 3, "", 0.83);
	exposition__add_real(e, 3, "", 0.25);
	text = write_out(e, EXPOSITION_TEXT);
	CHECK_EQ(count_lines(text, "b_total{"), 1000);
	CHECK(has_line(text, "b_total{x=\"7\"} 1014"));
	CHECK(has_line(text, "a_bytes{u=\"\"} 18446744073709551615"));
	CHECK(has_line(text, "a_bytes{s=\"\"} -9223372036854775808"));
	CHECK(has_line(text, "d_ratio 0.83"));
	free(text);
	exposition__free(e);
}

static void check_label(const char *value, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	exposition__label(out, "l", value);
	fclose(out);
	CHECK_STR(text, expected);
	free(text);
}

static void label_values(void)
{
	char *name = malloc(1001), *expected = malloc(1001);

	check_label(NULL, "");
	check_label("", "");
	check_label("operator new(unsigned long)", "l=\"operator new(unsigned long)\"");
	check_label("a\"b\\c\nd", "l=\"a\\\"b\\\\c\\nd\"");
	check_label("größe 日本 \xf0\x9f\x98\x80", "l=\"größe 日本 \xf0\x9f\x98\x80\"");
	check_label("\r\t\033[2J\x7f", "l=\"\\\\x0d\\\\x09\\\\x1b[2J\\\\x7f\"");
	check_label("\xff\xc0\x80", "l=\"\\\\xff\\\\xc0\\\\x80\""); /* no UTF-8 */
	check_label("\xed\xa0\x80", "l=\"\\\\xed\\\\xa0\\\\x80\""); /* half of a pair */
	check_label("\xe2\x80\xae", "l=\"\\\\xe2\\\\x80\\\\xae\""); /* text runs backwards */
	check_label("a\xc3", "l=\"a\\\\xc3\"");			    /* ends in the middle */
	check_label("} 1\nfake 2\n", "l=\"} 1\\nfake 2\\n\"");

	memset(name, 'n', 1000);
	name[EXPOSITION_MAX_LABEL] = '\0';
	snprintf(expected, 1001, "l=\"%s\"", name);
	check_label(name, expected);
	name[EXPOSITION_MAX_LABEL] = 'n';
	name[EXPOSITION_MAX_LABEL + 1] = '\0';
	snprintf(expected, 1001, "l=\"%.*s…\"", EXPOSITION_MAX_LABEL, name);
	check_label(name, expected);
	/* never within a character */
	memcpy(name + EXPOSITION_MAX_LABEL - 1, "日nn", 6);
	snprintf(expected, 1001, "l=\"%.*s日…\"", EXPOSITION_MAX_LABEL - 1, name);
	check_label(name, expected);
	free(name);
	free(expected);
}

static void open_golden(void)
{
	struct exposition *e = metrics__new();
	char *text, *golden;
	size_t size;

	metrics__add(e, &rich_report, 0);
	text = write_out(e, EXPOSITION_OPENMETRICS);
	golden__update("rich.openmetrics", text, strlen(text));
	golden = golden__read("rich.openmetrics", &size);
	CHECK_STR(text, golden);
	free(golden);
	free(text);
	exposition__free(e);
}

static void top_stacks(void)
{
	struct report_site sites[4];
	struct report r = rich_report;
	char *text;

	memcpy(sites, rich_sites, sizeof(sites));
	sites[0].count = 0; /* only a profile has something of it */
	r.sites = sites;
	text = of_report(&r, 2);
	CHECK_EQ(count_lines(text, "memleak_bpf_site_outstanding_bytes{"), 2);
	CHECK_EQ(count_lines(text, "memleak_bpf_site_verdict_ratio{"), 2);
	CHECK(has_line(text, "memleak_bpf_outstanding_bytes{pid=\"4312\",comm=\"my app\"} 424097"));
	CHECK(!strstr(text, "few_large") && !strstr(text, "function=\"inner\""));
	CHECK(strstr(text, "entry=\"calloc\"") && strstr(text, "entry=\"mmap\""));
	free(text);
	text = of_report(&r, 0);
	CHECK_EQ(count_lines(text, "memleak_bpf_site_outstanding_bytes{"), 3);
	free(text);
}

/* What is not known is not there, what there is none of is 0. */
static void absent_or_nothing(void)
{
	static const struct report nothing = {.time = 7};
	char *text = of_report(&nothing, 0);

	CHECK(has_line(text, "memleak_bpf_build_info{comm=\"[kernel]\"} 1"));
	CHECK(has_line(text, "memleak_bpf_outstanding_bytes{comm=\"[kernel]\"} 0"));
	CHECK(has_line(text, "memleak_bpf_snapshot_timestamp_seconds{comm=\"[kernel]\"} 7"));
	CHECK_EQ(count_lines(text, "memleak_bpf_losses_total{"), 9);
	CHECK_EQ(count_lines(text, "memleak_bpf_events_total{"), 9);
	CHECK(!strstr(text, "_growth_bytes{"));
	CHECK(!strstr(text, "_uss_"));
	CHECK(!strstr(text, "_reachability_"));
	CHECK(!strstr(text, "_low_") && !strstr(text, "_high_"));
	CHECK(!strstr(text, "_site_") && !strstr(text, "_followed_") && !strstr(text, "_peak_"));
	free(text);
}

/* Every loss that the text tells of, and no other. */
static void losses(void)
{
	static const struct {
		const char *reason;
		size_t at;
	} all[] = {
		{"live table full", offsetof(struct report_account, lost_full)},
		{"pointer unreadable", offsetof(struct report_account, lost_read)},
		{"realloc never returned", offsetof(struct report_account, lost_realloc)},
		{"stack table full", offsetof(struct report_account, stack_full)},
		{"stack unreadable", offsetof(struct report_account, stack_fault)},
		{"no memory for thread", offsetof(struct report_account, no_slot)},
		{"notification lost", offsetof(struct report_account, event_lost)},
		{"system call missed", offsetof(struct report_account, event_missed)},
		{"system call possibly missed", offsetof(struct report_account, event_unsure)},
	};
	char line[200], *text;
	size_t i, k;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct report r = {.pid = 5, .comm = (char *)"c"};

		*(uint64_t *)((char *)&r.account + all[i].at) = 41 + i;
		text = of_report(&r, 0);
		for (k = 0; k < sizeof(all) / sizeof(*all); k++) {
			snprintf(line, sizeof(line),
				 "memleak_bpf_losses_total{pid=\"5\",comm=\"c\",reason=\"%s\"} "
				 "%zu",
				 all[k].reason, k == i ? 41 + i : 0);
			CHECK(has_line(text, line));
		}
		/* the text warns of it; what is lost is missing from the account, too */
		snprintf(line, sizeof(line), "memleak_bpf_warnings{pid=\"5\",comm=\"c\"} %d",
			 i < 3 ? 2 : 1);
		CHECK(has_line(text, line));
		free(text);
	}
}

/* Those that only -k has. */
static void kernel_losses(void)
{
	struct report r = {.missed = {.known = true, .allocations = 3, .frees = 4, .stacks = 5}};
	char *text = of_report(&r, 0);

#define KERNEL_LOSS "memleak_bpf_losses_total{comm=\"[kernel]\",reason="
	CHECK_EQ(count_lines(text, "memleak_bpf_losses_total{"), 12);
	CHECK(has_line(text, KERNEL_LOSS "\"allocation event missed\"} 3"));
	CHECK(has_line(text, KERNEL_LOSS "\"free event missed\"} 4"));
	CHECK(has_line(text, KERNEL_LOSS "\"stack missed\"} 5"));
	free(text);
}

static void get_id(char id[20], const struct report_site *site)
{
	struct report r = {.pid = 1, .sites = (struct report_site *)site, .n_sites = 1};
	char *text = of_report(&r, 0), *at = strstr(text, "stack=\"");

	CHECK(at);
	snprintf(id, 20, "%.16s", at ? at + 7 : "");
	free(text);
}

/* The same stack has the same name wherever its objects are loaded, another one another. */
static void stack_ids(void)
{
	struct report_frame frames[5];
	struct report_site site = rich_sites[0];
	char id[20], other[20];
	size_t i;

	get_id(id, &site);
	CHECK_EQ(strlen(id), 16);
	memcpy(frames, rich_large, sizeof(frames));
	site.frames = frames;
	for (i = 0; i < 5; i++)
		frames[i].addr += 0x10000;
	site.bytes = 1;
	get_id(other, &site);
	CHECK_STR(other, id);
	frames[3].image_vaddr++; /* another call by the same function */
	get_id(other, &site);
	CHECK(strcmp(other, id) != 0);
	frames[3].image_vaddr--;
	frames[0].function = (char *)"outer"; /* of what is inlined there */
	get_id(other, &site);
	CHECK(strcmp(other, id) != 0);
	frames[0].function = rich_large[0].function;
	site.entry = "calloc";
	get_id(other, &site);
	CHECK(strcmp(other, id) != 0);
	site.entry = "malloc";
	site.n_frames--;
	get_id(other, &site);
	CHECK(strcmp(other, id) != 0);
	site.n_frames = 0;
	get_id(id, &site);
	site.stack_lost = true;
	get_id(other, &site);
	CHECK(strcmp(other, id) != 0);
}

/* With --follow: a set for each process, and their sum under names of its own. */
static void several_processes(void)
{
	struct report_process processes[] = {
		{.pid = 7, .comm = (char *)"make", .bytes = 100, .count = 1, .seen = 5, .freed = 4},
		{.pid = 8, .comm = (char *)"cc\n", .bytes = 30, .count = 3, .seen = 9, .freed = 6},
		{.pid = 8, .comm = (char *)"cc\n", .bytes = 3, .count = 2, .seen = 2, .freed = 0},
	};
	const struct report sum = {.pid = 7,
				   .comm = (char *)"make",
				   .bytes = 133,
				   .count = 6,
				   .sites = rich_sites,
				   .n_sites = 1,
				   .account = {.seen = 16, .freed = 9, .stack_full = 1},
				   .processes = processes,
				   .n_processes = 3};
	const struct report one = {.pid = 7,
				   .comm = (char *)"make",
				   .bytes = 100,
				   .count = 1,
				   .account = {.seen = 10,
					       .freed = 9,
					       .lost_full = 1,
					       .lost_read = 2,
					       .lost_realloc = 3,
					       .stack_full = 4,
					       .stack_fault = 5,
					       .no_slot = 6,
					       .event_lost = 7,
					       .event_missed = 8,
					       .event_unsure = 9},
				   .followed = true};
	const struct report two = {.pid = 8,
				   .comm = (char *)"cc\n",
				   .bytes = 30,
				   .count = 3,
				   .account = {.seen = 20,
					       .freed = 4,
					       .lost_read = 2,
					       .lost_realloc = 4,
					       .stack_full = 6,
					       .stack_fault = 8,
					       .no_slot = 10,
					       .event_lost = 12,
					       .event_missed = 14,
					       .event_unsure = 16},
				   .followed = true};
	static const char *const reasons[] = {
		"live table full",   "pointer unreadable", "realloc never returned",
		"stack table full",  "stack unreadable",   "no memory for thread",
		"notification lost", "system call missed", "system call possibly missed"};
	struct metrics_sum both = {.processes = 2};
	char line[200];
	size_t i;
	struct exposition *e = metrics__new();
	char *text = of_report(&sum, 0);

#define MAKE "{pid=\"7\",comm=\"make\"} "
#define LOSS "{pid=\"7\",comm=\"make\",reason="
#define CC "{pid=\"8\",comm=\"cc\\n\"} "
	CHECK(has_line(text, "memleak_bpf_followed_processes" MAKE "3"));
	CHECK(has_line(text, "memleak_bpf_followed_outstanding_bytes" MAKE "133"));
	CHECK(has_line(text, "memleak_bpf_followed_outstanding_objects" MAKE "6"));
	CHECK(has_line(text, "memleak_bpf_followed_allocations_total" MAKE "16"));
	CHECK(has_line(text, "memleak_bpf_followed_frees_total" MAKE "9"));
	CHECK(has_line(text, "memleak_bpf_followed_losses_total{pid=\"7\",comm=\"make\","
			     "reason=\"stack table full\"} 1"));
	CHECK(has_line(text, "memleak_bpf_outstanding_bytes" MAKE "100"));
	CHECK(has_line(text, "memleak_bpf_outstanding_bytes" CC "33"));
	CHECK(has_line(text, "memleak_bpf_outstanding_objects" CC "5"));
	CHECK(has_line(text, "memleak_bpf_allocations_total" CC "11"));
	CHECK(has_line(text, "memleak_bpf_frees_total" CC "6"));
	CHECK_EQ(count_lines(text, "memleak_bpf_followed_site_outstanding_bytes{"), 1);
	CHECK_EQ(count_lines(text, "memleak_bpf_site_outstanding_bytes{"), 0);
	free(text);

	metrics__add(e, &one, 0);
	metrics__add(e, &two, 0);
	metrics_sum__add(&both, &one);
	metrics_sum__add(&both, &two);
	metrics__add_sum(e, 7, "make", &both);
	text = write_out(e, EXPOSITION_TEXT);
	CHECK_EQ(count_lines(text, "# TYPE memleak_bpf_outstanding_bytes "), 1);
	CHECK(strstr(text, "memleak_bpf_outstanding_bytes" MAKE
			   "100\nmemleak_bpf_outstanding_bytes" CC "30\n"));
	CHECK(has_line(text, "memleak_bpf_followed_processes" MAKE "2"));
	CHECK(has_line(text, "memleak_bpf_followed_outstanding_bytes" MAKE "130"));
	CHECK(has_line(text, "memleak_bpf_followed_outstanding_objects" MAKE "4"));
	CHECK(has_line(text, "memleak_bpf_followed_allocations_total" MAKE "30"));
	CHECK(has_line(text, "memleak_bpf_followed_frees_total" MAKE "13"));
	for (i = 0; i < 9; i++) {
		snprintf(line, sizeof(line), "memleak_bpf_followed_losses_total" LOSS "\"%s\"} %zu",
			 reasons[i], 1 + 3 * i);
		CHECK(has_line(text, line));
	}
	free(text);
	exposition__free(e);
}

static void profile(void)
{
	struct report_profile p = {
		.bytes = 50, .freed_bytes = 40, .temporary = 3, .peak_bytes = 20, .peak_count = 2};
	const struct report r = {.pid = 7, .comm = (char *)"make", .profile = &p};
	char *text = of_report(&r, 0);

	CHECK(has_line(text, "memleak_bpf_allocated_bytes_total" MAKE "50"));
	CHECK(has_line(text, "memleak_bpf_freed_bytes_total" MAKE "40"));
	CHECK(has_line(text, "memleak_bpf_temporary_allocations_total" MAKE "3"));
	CHECK(has_line(text, "memleak_bpf_peak_bytes" MAKE "20"));
	CHECK(has_line(text, "memleak_bpf_peak_objects" MAKE "2"));
	free(text);
}

static void cost(void)
{
	struct report r = {.pid = 7,
			   .comm = (char *)"make",
			   .cost = {.known = true, .cpu_ns = 1500000000, .report_ns = 20000001}};
	char *text = of_report(&r, 0);

	CHECK(has_line(text, "memleak_bpf_tracer_cpu_seconds_total" MAKE "1.5"));
	CHECK(has_line(text, "memleak_bpf_report_duration_seconds" MAKE "0.020000001"));
	CHECK(!strstr(text, "_program_"));
	free(text);
	r.cost.runs = 3;
	r.cost.run_ns = 2000;
	text = of_report(&r, 0);
	CHECK(has_line(text, "memleak_bpf_program_runs_total" MAKE "3"));
	CHECK(has_line(text, "memleak_bpf_program_seconds_total" MAKE "2e-06"));
	free(text);
	r.cost.known = false; /* a recording */
	text = of_report(&r, 0);
	CHECK(!strstr(text, "_seconds_total") && !strstr(text, "_duration_"));
	free(text);
}

int main(void)
{
	RUN(both_formats);
	RUN(same_labels_add_up);
	RUN(label_values);
	RUN(open_golden);
	RUN(top_stacks);
	RUN(absent_or_nothing);
	RUN(losses);
	RUN(kernel_losses);
	RUN(stack_ids);
	RUN(several_processes);
	RUN(profile);
	RUN(cost);
	return check_done();
}
