/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gate on reports of known leaks: its state, its words, and the exit status that follows. */
#include "check.h"
#include "gate_report.h"
#include "golden.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate/gate.h"
#include "gate/source.h"
#include "render/render.h"
#include "report/report.h"
#include "report/reportfile.h"

static char *render(const char *format, const struct report *r, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	CHECK_EQ(renderer__find(format)->emit(out, r, NULL), 0);
	fclose(out);
	return text;
}

/* A file with that text. */
static const char *file(char path[32], const char *text, size_t size)
{
	int fd;

	strcpy(path, "/tmp/test_gate.XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
	return path;
}

/* What the gate says while it is made, freed by the caller. */
static char *words_of(const struct gate_opts *opts, int *err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct gate *g;

	*err = gate__new(opts, out, &g);
	gate__free(g);
	fclose(out);
	return text;
}

/* Judge r, check what comes of it, and leave the judgement in r. */
static void judged(const struct gate_opts *opts, struct report *r, enum gate_state state,
		   const char *verdict)
{
	struct gate *g = NULL;

	CHECK_EQ(gate__new(opts, stderr, &g), 0);
	CHECK_EQ(gate__judge(g, r), 0);
	CHECK_EQ(r->gate.state, state);
	if (verdict)
		CHECK_STR(r->gate.verdict, verdict);
	gate__free(g);
}

static void check(const char *expression, bool reach, enum gate_state state, const char *verdict)
{
	struct gate_opts opts = {.fail_on = {expression}, .n_fail_on = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);

	if (reach)
		gate_report__judge(&r);
	judged(&opts, &r, state, verdict);
	report_gate__clear(&r.gate);
}

static void verdicts(void)
{
	check("leaked > 0", false, GATE_FAIL,
	      "FAIL: leaked > 0: 4 stacks leak 8.3 KiB, 8,500 bytes in 30 blocks (outstanding when "
	      "the program ended); worst: parse_config (config.c:31), 6,000 bytes");
	check("leaked > 8500", false, GATE_PASS,
	      "PASS: leaked > 8500 does not hold: 4 stacks leak 8.3 KiB, 8,500 bytes in 30 blocks "
	      "(outstanding when the program ended)");
	check("leaked > 4499", true, GATE_FAIL,
	      "FAIL: leaked > 4499: 3 stacks leak 4.4 KiB, 4,500 bytes in 9 blocks (definitely or "
	      "indirectly lost); worst: parse_config (config.c:31), 4,000 bytes");
	check("leaked > 4500 || leaks > 9", true, GATE_PASS, NULL);
	check("leaks >= 9", true, GATE_FAIL, NULL);
	check("bytes >= 8500", true, GATE_FAIL,
	      "FAIL: bytes >= 8500: 8,500 bytes outstanding; worst: parse_config (config.c:31), "
	      "4,000 bytes");
	check("count == 30 && stacks == 4 && allocs == 130", false, GATE_FAIL, NULL);
	check("count > 30", false, GATE_PASS,
	      "PASS: count > 30 does not hold: 30 blocks outstanding");
	check("stacks > 4", false, GATE_PASS,
	      "PASS: stacks > 4 does not hold: blocks of 4 stacks outstanding");
	check("allocs > 130", false, GATE_PASS,
	      "PASS: allocs > 130 does not hold: 130 allocations made");
}

/* malloc(0) that is never freed is a leak as well. */
static void empty_blocks(void)
{
	struct gate_opts opts = {.fail_on = {"leaked > 0"}, .n_fail_on = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);

	r.sites += 3;
	r.n_sites = r.n_stacks = 1;
	r.bytes = 0;
	r.count = r.account.outstanding = 2;
	r.account.freed = 128;
	judged(&opts, &r, GATE_FAIL,
	       "FAIL: leaked > 0: 1 stack leaks 0 bytes in 2 blocks (outstanding when the program "
	       "ended); worst: empty (empty.c:3), 0 bytes");
	report_gate__clear(&r.gate);
	r.n_sites = r.n_stacks = 0;
	r.count = r.account.outstanding = 0;
	r.account.freed = 130;
	judged(&opts, &r, GATE_PASS,
	       "PASS: leaked > 0 does not hold: nothing has leaked (outstanding when the program "
	       "ended)");
	report_gate__clear(&r.gate);
}

/* What has leaked cannot be told. */
static void not_known(void)
{
	struct gate_opts opts = {.fail_on = {"leaked > 0"}, .n_fail_on = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);

	r.target_ended = false;
	judged(&opts, &r, GATE_UNSURE,
	       "UNSURE: leaked > 0 may hold: what has leaked is not known: the program still ran, "
	       "and "
	       "its blocks were not judged by --reach");
	CHECK(!r.gate.leaked_known && !r.gate.leaked.count && !sites[0].leaked.count);
	report_gate__clear(&r.gate);
	r = gate_report(sites);
	gate_report__judge(&r);
	strcpy(r.reach.why_not, "the program did not end by _exit");
	judged(&opts, &r, GATE_UNSURE,
	       "UNSURE: leaked > 0 may hold: what has leaked is not known: blocks could not be "
	       "judged: the program did not end by _exit");
	report_gate__clear(&r.gate);
}

static void doubtful(void (*spoil)(struct report *r), const char *why)
{
	struct gate_opts opts = {.fail_on = {"bytes > 8500"}, .n_fail_on = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);

	spoil(&r);
	judged(&opts, &r, GATE_UNSURE, NULL);
	CHECK(r.gate.verdict && strstr(r.gate.verdict, why));
	report_gate__clear(&r.gate);
	opts.fail_on[0] = "bytes > 8499"; /* what is seen suffices to fail */
	judged(&opts, &r, GATE_FAIL, NULL);
	CHECK(r.gate.verdict && !strstr(r.gate.verdict, why));
	report_gate__clear(&r.gate);
}

static void lose_full(struct report *r)
{
	r->account.lost_full = 1234;
	r->account.seen += 1234;
}
static void lose_realloc(struct report *r)
{
	r->account.lost_realloc = 1;
	r->account.seen++;
}
static void no_slot(struct report *r)
{
	r->account.no_slot = 2;
}
static void event_lost(struct report *r)
{
	r->account.event_lost = 3;
}
static void event_missed(struct report *r)
{
	r->account.event_missed = 4;
}
static void event_unsure(struct report *r)
{
	r->account.event_unsure = 5;
}
static void unbalanced(struct report *r)
{
	r->account.seen++;
}
static void partial(struct report *r)
{
	r->partial = true;
}
static void sampled(struct report *r)
{
	r->sampling.bytes = 4096;
}
static void nothing_seen(struct report *r)
{
	r->account.seen = r->account.freed = r->account.outstanding = 0;
}

static void doubts(void)
{
	doubtful(lose_full, "but 1,234 allocations were lost");
	doubtful(lose_realloc, "but 1 allocations were lost");
	doubtful(no_slot, "but 2 calls of the allocator were not followed");
	doubtful(event_lost, "but 3 notifications of mappings were lost");
	doubtful(event_missed, "but 4 system calls were passed over by the kernel");
	doubtful(event_unsure, "but 5 system calls may have been passed over by the kernel");
	doubtful(unbalanced, "but the accounting does not balance");
	doubtful(partial, "but part of it was not followed or not judged");
	doubtful(sampled, "but only a sample was followed");
	doubtful(nothing_seen, "but no allocation was seen at all");
}

static void several(void)
{
	struct gate_opts opts = {.fail_on = {"bytes > 1M", "count > 29", "leaks > 5", "stacks > 9"},
				 .n_fail_on = 4};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);

	judged(&opts, &r, GATE_FAIL,
	       "FAIL: count > 29: 30 blocks outstanding; worst: parse_config (config.c:31), 6,000 "
	       "bytes; and 1 more condition");
	CHECK_EQ(r.gate.n_conditions, 4);
	CHECK_EQ(r.gate.conditions[0].state, GATE_PASS);
	CHECK_EQ(r.gate.conditions[1].state, GATE_FAIL);
	CHECK_EQ(r.gate.conditions[2].state, GATE_FAIL);
	CHECK_STR(r.gate.conditions[3].expression, "stacks > 9");
	report_gate__clear(&r.gate);
	opts.fail_on[1] = opts.fail_on[2] = "count > 1000";
	judged(&opts, &r, GATE_PASS,
	       "PASS: bytes > 1M does not hold: 8,500 bytes outstanding; nor do 3 other "
	       "conditions");
	report_gate__clear(&r.gate);
	r.target_ended = false;
	opts.fail_on[2] = "leaks > 5";
	judged(&opts, &r, GATE_UNSURE, NULL);
	report_gate__clear(&r.gate);
}

/* Suppressed blocks count nowhere but among the suppressed, and their stacks come last. */
static void suppressed(void)
{
	static const char text[] =
		"leak:parse_config\nleak:unused\n{\n x\n Memcheck:Cond\n ...\n}\n";
	struct gate_opts opts = {.fail_on = {"leaked > 2500", "bytes > 2500 || count > 27",
					     "stacks > 3", "allocs > 130"},
				 .n_fail_on = 4,
				 .n_suppressions = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);
	char path[32], *out;
	size_t size;

	opts.suppressions[0] = file(path, text, sizeof(text) - 1);
	judged(&opts, &r, GATE_PASS, NULL);
	CHECK_EQ(r.gate.leaked.bytes, 2500);
	CHECK_EQ(r.gate.leaked.count, 27);
	CHECK_EQ(r.gate.leaking_sites, 3);
	CHECK_EQ(sites[0].bytes, 2000);
	CHECK_EQ(sites[2].bytes, 0);
	CHECK_EQ(sites[3].suppressed.bytes, 6000);
	CHECK_EQ(sites[3].leaked.count, 0);
	out = render("text", &r, &size);
	CHECK(strstr(out, "\tsuppressed 6000 bytes in 3 allocations by leak:parse_config (/tmp/"));
	CHECK(strstr(out, "] suppressions: 3 blocks, 6,000 bytes of 1 stack suppressed by 1 entry; "
			  "1 entry for other errors or tools skipped\n"));
	CHECK(strstr(out, "] suppressions: not used: leak:unused (/tmp/"));
	CHECK(strstr(out, "] gate: passes: stacks > 3: blocks of 3 stacks outstanding\n"));
	free(out);
	/* judged again with the same result: marks do not add up */
	judged(&opts, &r, GATE_PASS, NULL);
	CHECK_EQ(sites[3].suppressed.bytes, 6000);
	CHECK_EQ(r.gate.suppressions[0].bytes, 6000);
	/* and without the file nothing is marked */
	opts.n_suppressions = 0;
	judged(&opts, &r, GATE_FAIL, NULL);
	CHECK_EQ(sites[3].suppressed.bytes, 0);
	CHECK_EQ(r.gate.leaked.bytes, 8500);
	report_gate__clear(&r.gate);
	unlink(path);
}

/* No condition: only what is suppressed is said. */
static void only_suppressions(void)
{
	struct gate_opts opts = {.n_suppressions = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);
	struct gate *g = NULL;
	char path[32], *out;
	size_t size;

	opts.suppressions[0] = file(path, "leak:x", 6);
	CHECK_EQ(gate__new(&opts, stderr, &g), 0);
	CHECK_EQ(gate__judge(g, &r), 0);
	CHECK(!r.gate.verdict && r.gate.state == GATE_NONE);
	CHECK_EQ(gate__status(g, 5, stderr), 5);
	CHECK_EQ(gate__status(g, 0, stderr), 0);
	out = render("text", &r, &size);
	CHECK(strstr(out, "] suppressions: nothing is suppressed\n"));
	CHECK(!strstr(out, "PASS"));
	free(out);
	gate__free(g);
	report_gate__clear(&r.gate);
	unlink(path);
}

/* --- with a baseline --- */

static void record(char path[32], const struct report *r)
{
	size_t size;
	char *data = render("save", r, &size);

	file(path, data, size);
	free(data);
}

static void baselines(void)
{
	struct gate_opts opts = {
		.fail_on = {"growth > 0", "allocs > 100% of baseline", "leaked > 100% of baseline"},
		.n_fail_on = 3};
	struct report_site sites[GATE_SITES], old_sites[GATE_SITES];
	struct report r = gate_report(sites), old = gate_report(old_sites);
	char path[32];

	record(path, &old);
	opts.baseline = path;
	judged(&opts, &r, GATE_PASS,
	       "PASS: growth > 0 does not hold: outstanding bytes went from 8,500 to 8,500 (+0.0 "
	       "%); "
	       "nor do 2 other conditions");
	report_gate__clear(&r.gate);
	r.account.seen++;
	r.account.freed++;
	judged(&opts, &r, GATE_FAIL,
	       "FAIL: allocs > 100% of baseline: 131 allocations made; 130 in the baseline; worst: "
	       "parse_config (config.c:31), 6,000 bytes");
	report_gate__clear(&r.gate);
	unlink(path);
	old.sites++; /* the first stack is new */
	old.n_sites = old.n_stacks = 3;
	old.bytes -= 6000;
	old.count -= 3;
	old.account.outstanding -= 3;
	old.account.freed += 3;
	record(path, &old);
	opts.fail_on[0] = "growth >= 240.001%";
	opts.fail_on[1] = "growth >= 240%";
	opts.n_fail_on = 2;
	judged(&opts, &r, GATE_FAIL, NULL);
	CHECK_EQ(r.gate.conditions[0].state, GATE_PASS);
	CHECK_STR(r.gate.conditions[1].why,
		  "outstanding bytes went from 2,500 to 8,500 (+240.0 %)");
	report_gate__clear(&r.gate);
	unlink(path);
	old.target_ended = false;
	record(path, &old);
	opts.fail_on[0] = "leaked > 100% of baseline";
	opts.n_fail_on = 1;
	judged(&opts, &r, GATE_UNSURE, NULL);
	CHECK(strstr(r.gate.verdict, "of the baseline it is not known what had leaked"));
	report_gate__clear(&r.gate);
	unlink(path);

	/* what was outstanding at the end is not what is lost */
	old = gate_report(old_sites);
	record(path, &old);
	gate_report__judge(&r);
	opts.fail_on[1] = "growth > 0";
	opts.n_fail_on = 2;
	judged(&opts, &r, GATE_UNSURE, NULL);
	CHECK(strstr(r.gate.verdict, "of the baseline it is not known what had leaked"));
	CHECK_EQ(r.gate.conditions[1].state, GATE_PASS);
	report_gate__clear(&r.gate);
	unlink(path);
	gate_report__judge(&old);
	record(path, &old);
	judged(&opts, &r, GATE_PASS, NULL);
	report_gate__clear(&r.gate);
	unlink(path);
}

/* What is suppressed is no part of the baseline's figures either. */
static void baseline_suppressed(void)
{
	struct gate_opts opts = {.fail_on = {"growth > 0"}, .n_fail_on = 1, .n_suppressions = 1};
	struct report_site sites[GATE_SITES], old_sites[GATE_SITES];
	struct report r = gate_report(sites), old = gate_report(old_sites);
	char path[32], supp[32];

	old_sites[0].bytes = 1000; /* it has grown, but is suppressed */
	old.bytes = 3500;
	record(path, &old);
	opts.baseline = path;
	opts.suppressions[0] = file(supp, "leak:parse_config", 17);
	judged(&opts, &r, GATE_PASS, NULL);
	report_gate__clear(&r.gate);
	unlink(path);
	unlink(supp);
}

static void other_program(void)
{
	struct gate_opts opts = {.fail_on = {"growth > 0"}, .n_fail_on = 1};
	struct report_site sites[GATE_SITES], old_sites[GATE_SITES];
	struct report r = gate_report(sites), old = gate_report(old_sites);
	char path[32], *text = NULL;
	struct gate *g = NULL;
	size_t size;
	FILE *err = open_memstream(&text, &size);

	old.comm = (char *)"other\033[2J";
	record(path, &old);
	opts.baseline = path;
	CHECK_EQ(gate__new(&opts, stderr, &g), 0);
	CHECK_EQ(gate__judge(g, &r), 0);
	CHECK_EQ(r.gate.state, GATE_UNSURE);
	CHECK_EQ(gate__status(g, 0, err), 2);
	fclose(err);
	CHECK_STR(text, "memleak-bpf: the baseline is of another program, other\\x1b[2J, not of "
			"service: --any-baseline compares with it all the same\n");
	free(text);
	gate__free(g);
	report_gate__clear(&r.gate);
	opts.any_baseline = true;
	judged(&opts, &r, GATE_PASS, NULL);
	report_gate__clear(&r.gate);
	unlink(path);
}

/* --- exit status --- */

static int status(const char *expression, bool ended, int own, int exit_code)
{
	struct gate_opts opts = {.fail_on = {expression},
				 .n_fail_on = 1,
				 .exit_code_given = exit_code >= 0,
				 .exit_code = exit_code};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);
	char *text = NULL;
	size_t size;
	FILE *err = open_memstream(&text, &size);
	struct gate *g = NULL;
	int ret;

	r.target_ended = ended;
	CHECK_EQ(gate__new(&opts, err, &g), 0);
	CHECK_EQ(gate__judge(g, &r), 0);
	ret = gate__status(g, own, err);
	fclose(err);
	/* the command's own status is not lost */
	CHECK_EQ(strstr(text, "without the gate the exit status were 3") != NULL,
		 own == 3 && ret != 3);
	free(text);
	gate__free(g);
	report_gate__clear(&r.gate);
	return ret;
}

static void exit_statuses(void)
{
	static const char fail[] = "leaked > 0", pass[] = "leaked > 8500";
	struct gate_opts opts = {.fail_on = {fail}, .n_fail_on = 1};
	struct gate *g = NULL;

	CHECK_EQ(status(pass, true, 0, -1), 0);
	CHECK_EQ(status(pass, true, 3, -1), 3);
	CHECK_EQ(status(fail, true, 0, -1), 23);
	CHECK_EQ(status(fail, true, 3, -1), 23);
	CHECK_EQ(status(fail, true, 0, 77), 77);
	CHECK_EQ(status(fail, true, 3, 77), 77);
	CHECK_EQ(status(fail, true, 3, 0), 3);
	CHECK_EQ(status(fail, true, 0, 0), 0);
	/* unsure: what has leaked of a running program */
	CHECK_EQ(status(fail, false, 0, -1), 24);
	CHECK_EQ(status(fail, false, 0, 77), 24);
	CHECK_EQ(status(fail, false, 3, -1), 3);
	CHECK_EQ(status(fail, false, 0, 0), 0);
	CHECK_EQ(gate__status(NULL, 4, stderr), 4);
	/* there was no report */
	CHECK_EQ(gate__new(&opts, stderr, &g), 0);
	CHECK_EQ(gate__status(g, 0, stderr), 24);
	CHECK_EQ(gate__status(g, 1, stderr), 1);
	gate__free(g);
	gate__free(NULL);
}

static void refuses(const struct gate_opts *opts, int wanted, const char *words)
{
	int err;
	char *text = words_of(opts, &err);

	CHECK_EQ(err, wanted);
	CHECK_STR(text, words);
	free(text);
}

static void wrong_options(void)
{
	struct gate_opts none = {0}, expression = {.fail_on = {"leaked > x"}, .n_fail_on = 1},
			 lacks = {.fail_on = {"growth > 1%"}, .n_fail_on = 1},
			 missing = {.suppressions = {"/nonexistent\n"}, .n_suppressions = 1},
			 base = {.baseline = "/nonexistent"}, syntax = {.n_suppressions = 1},
			 no_recording = {.baseline = "/dev/null"};
	char path[32], words[128];

	refuses(&none, 0, "");
	refuses(&expression, -EINVAL,
		"memleak-bpf: option --fail-on: expected a number, such as 100, 1MiB or 10%\n"
		"  leaked > x\n           ^\n");
	refuses(&lacks, -EINVAL,
		"memleak-bpf: --fail-on compares with a baseline: give it as --baseline FILE, "
		"recorded by --save\n");
	refuses(&missing, -ENOENT,
		"memleak-bpf: cannot read /nonexistent\\x0a: No such file or directory\n");
	refuses(&base, -ENOENT,
		"memleak-bpf: cannot read /nonexistent: No such file or directory\n");
	refuses(&no_recording, -EILSEQ,
		"memleak-bpf: cannot read /dev/null: it is no recording of memleak-bpf, or "
		"damaged\n");
	syntax.suppressions[0] = file(path, "leak:a\nmleak:b\n", 15);
	snprintf(words, sizeof(words),
		 "memleak-bpf: %s:2: expected leak:PATTERN, or an entry of Valgrind in { and }\n",
		 path);
	refuses(&syntax, -EINVAL, words);
	unlink(path);
}

/* --- the line to point at --- */

static void source_lines(void)
{
	struct report_site sites[GATE_SITES];
	struct report_frame gate_frames[2] = {gate_config[0]};
	const struct report_frame *f;

	gate_report(sites);
	CHECK_EQ(source__allocator_frames(&sites[0]), 0);
	CHECK_EQ(source__allocator_frames(&sites[1]), 1);
	f = source__frame(&sites[0], NULL);
	CHECK(f && f->line == 31);
	f = source__frame(&sites[1], NULL); /* neither operator new nor a header of the system */
	CHECK(f && f->line == 12);
	f = source__frame(&sites[2], NULL); /* the innermost two have no lines */
	CHECK(f && f->line == 90);
	f = source__frame(&sites[1], "/");
	CHECK(f && f->line == 12);
	/* what lies below the root comes first */
	gate_frames[1] = gate_frames[0];
	gate_frames[1].path = (char *)"/home/tree/a.c";
	sites[0].frames = gate_frames;
	f = source__frame(&sites[0], "/home/tree");
	CHECK(f == &gate_frames[1]);
	f = source__frame(&sites[0], NULL);
	CHECK(f == &gate_frames[0]);
	sites[0].frames = gate_config;
	f = source__frame(&sites[0], "/src/service");
	CHECK_STR(f ? source__path(f, "/src/service") : NULL, "config.c");
	CHECK_STR(f ? source__path(f, "/src/serv") : NULL, "/src/service/config.c");
	CHECK_STR(f ? source__path(f, "/") : NULL, "src/service/config.c");
	CHECK_STR(f ? source__path(f, NULL) : NULL, "/src/service/config.c");
	sites[1].n_frames = 2; /* only the system's is left */
	f = source__frame(&sites[1], NULL);
	CHECK(f && f->line == 137);
	sites[2].n_frames = 2;
	CHECK(!source__frame(&sites[2], NULL));
}

/* --- recordings --- */

/* The recordings that tests/gate judges: the same in golden files as in gate_report.h. */
static void check_recording(const char *name, const struct report *r)
{
	size_t size, golden_size = 0, n, m;
	char *file_data = render("save", r, &size), *golden, *a, *b, path[4096];
	struct report *again = NULL;
	const char *why = NULL;
	FILE *f;

	golden__update(name, file_data, size);
	golden = golden__read(name, &golden_size);
	f = fopen(golden__path(path, name), "r");
	CHECK(golden && f);
	if (f) {
		CHECK_EQ(reportfile__read(fileno(f), &again, &why), 0);
		fclose(f);
	}
	if (again) {
		a = render("json", r, &n);
		b = render("json", again, &m);
		CHECK_STR(b, a);
		free(a);
		free(b);
	}
	report__free(again);
	free(golden);
	free(file_data);
}

static void recordings(void)
{
	static const char text[] = "leak:parse_config\nleak:unused\n";
	struct gate_opts opts = {
		.fail_on = {"leaked > 0", "bytes > 1M"}, .n_fail_on = 2, .n_suppressions = 1};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);
	struct gate *g = NULL;
	char path[32];
	size_t i;

	check_recording("gate.rec", &r);
	r.comm = (char *)"other";
	check_recording("gate-other.rec", &r);
	r = gate_report(sites);
	r.bytes -= 850;
	sites[0].bytes -= 850;
	check_recording("gate-base.rec", &r);
	r = gate_report(sites);
	r.target_ended = false;
	check_recording("gate-running.rec", &r);
	r = gate_report(sites);
	lose_full(&r);
	check_recording("gate-lost.rec", &r);

	r = gate_report(sites);
	gate_report__judge(&r);
	check_recording("gate-reach.rec", &r);

	/* with the judgement in it, which can be replaced by another one */
	r = gate_report(sites);
	opts.suppressions[0] = file(path, text, sizeof(text) - 1);
	CHECK_EQ(gate__new(&opts, stderr, &g), 0);
	CHECK_EQ(gate__judge(g, &r), 0);
	for (i = 0; i < r.gate.n_suppressions; i++) /* not the name of today */
		strcpy(r.gate.suppressions[i].file, "s.txt");
	check_recording("gate-judged.rec", &r);
	gate__free(g);
	report_gate__clear(&r.gate);
	unlink(path);
}

int main(void)
{
	RUN(verdicts);
	RUN(empty_blocks);
	RUN(not_known);
	RUN(doubts);
	RUN(several);
	RUN(suppressed);
	RUN(only_suppressions);
	RUN(baselines);
	RUN(baseline_suppressed);
	RUN(other_program);
	RUN(exit_statuses);
	RUN(wrong_options);
	RUN(source_lines);
	RUN(recordings);
	return check_done();
}
