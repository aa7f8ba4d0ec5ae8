/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "render/render.h"
#include "report/reportfile.h"
#include "report/reportfile_priv.h"
#include "report/sum.h"

#define APP .image = "app", .image_path = "/opt/app", .build_id = "0123"

/* One stack, as it is where the program was loaded at base. */
static void fill_frames(struct report_frame frames[2], uint64_t base, uint64_t vaddr)
{
	frames[0] = (struct report_frame){
		.addr = base + vaddr, .function = "leaks", .image_vaddr = vaddr, APP};
	frames[1] = (struct report_frame){
		.addr = base + 0x10, .function = "main", .image_vaddr = 0x10, APP};
}

static struct report_site make_site(struct report_frame *frames, uint64_t bytes, uint64_t count)
{
	struct report_site site = {.bytes = bytes,
				   .count = count,
				   .sampled = count,
				   .bytes_range = {bytes, bytes},
				   .count_range = {count, count},
				   .entry = "malloc",
				   .frames = frames,
				   .n_frames = 2,
				   .youngest_ns = bytes,
				   .oldest_ns = 10 * bytes};

	site.reach[REACH_UNJUDGED] = (struct reach_sum){bytes, count};
	return site;
}

static struct report make_report(struct report_site *sites, size_t n)
{
	struct report r = {.sites = sites, .n_sites = n, .n_stacks = n, .target_ended = true};

	for (size_t i = 0; i < n; i++) {
		r.bytes += sites[i].bytes;
		r.count += sites[i].count;
	}
	r.account = (struct report_account){.seen = 100 + r.count,
					    .freed = 90,
					    .lost_full = 7,
					    .gone_exec = 3,
					    .outstanding = r.count,
					    .untracked_frees = 2,
					    .inherited_frees = 5,
					    .cuts = {{"x", 1}, {"y", 2}}};
	return r;
}

static struct sum *new_sum(enum report_sort sort)
{
	const struct sum_opts opts = {.sort = sort};

	return sum__new(&opts);
}

/* The same stacks at other addresses are the same, others are not. */
static void joins_what_is_the_same(void)
{
	struct sum *s = new_sum(REPORT_SORT_SIZE);
	struct report_frame frames[5][2];
	struct report_site first[2], second[3];
	struct report *r, a, b;
	size_t p, q;

	fill_frames(frames[0], 0x5500000000, 0x100);
	fill_frames(frames[1], 0x5500000000, 0x200);
	fill_frames(frames[2], 0x7700000000, 0x100);
	fill_frames(frames[3], 0x7700000000, 0x300);
	fill_frames(frames[4], 0x7700000000, 0x100);
	first[0] = make_site(frames[0], 1000, 10);
	first[1] = make_site(frames[1], 500, 1);
	second[0] = make_site(frames[2], 30, 3);
	second[1] = make_site(frames[3], 4000, 4);
	second[2] = make_site(frames[4], 60, 6); /* by another function */
	second[2].entry = "calloc";
	a = make_report(first, 2);
	b = make_report(second, 3);
	b.target_ended = false;
	b.account.cuts[0] = (struct report_cut){"y", 4};
	b.account.cuts[1] = (struct report_cut){0};
	p = sum__process(s, 11, 0, "first");
	q = sum__process(s, 12, 11, "second");
	CHECK_EQ(sum__add(s, q, &b), 0);
	CHECK_EQ(sum__add(s, p, &a), 0);
	CHECK_EQ(sum__report(s, &r), 0);

	CHECK_EQ(r->bytes, 5590);
	CHECK_EQ(r->count, 24);
	CHECK_EQ(r->n_sites, 4);
	CHECK_EQ(r->n_stacks, 4);
	CHECK_EQ(r->sites[0].bytes, 4000);
	CHECK_EQ(r->sites[1].bytes, 1030);
	CHECK_EQ(r->sites[1].count, 13);
	CHECK_EQ(r->sites[1].reach[REACH_UNJUDGED].bytes, 1030);
	CHECK_EQ(r->sites[1].youngest_ns, 30);
	CHECK_EQ(r->sites[1].oldest_ns, 10000);
	CHECK_STR(r->sites[1].frames[0].function, "leaks");
	CHECK_EQ(r->sites[2].bytes, 500);
	CHECK_EQ(r->sites[3].bytes, 60);
	CHECK_STR(r->sites[3].entry, "calloc");
	CHECK(!r->target_ended);

	CHECK_EQ(r->account.seen, 224);
	CHECK_EQ(r->account.untracked_frees, 4);
	CHECK_EQ(r->account.inherited_frees, 10);
	CHECK_EQ(report__balance(&r->account), 0);
	CHECK_STR(r->account.cuts[0].why, "y"); /* the second came first */
	CHECK_EQ(r->account.cuts[0].count, 6);
	CHECK_EQ(r->account.cuts[1].count, 1);

	CHECK_EQ(r->n_processes, 2);
	CHECK_EQ(r->processes[0].pid, 11);
	CHECK_EQ(r->processes[0].bytes, 1500);
	CHECK_EQ(r->processes[0].seen, 111);
	CHECK_EQ(r->processes[0].lost, 7);
	CHECK_EQ(r->processes[0].gone_exec, 3);
	CHECK(r->processes[0].ended);
	CHECK_EQ(r->processes[1].parent, 11);
	CHECK_EQ(r->processes[1].count, 13);
	CHECK(!r->processes[1].ended);
	report__free(r);
	sum__free(s);
}

/* Code that is in no file is known by its address; what has no stack joins what has none. */
static void tells_others_apart(void)
{
	struct sum *s = new_sum(REPORT_SORT_COUNT);
	struct report_frame jit[3][2] = {{{.addr = 1}}, {{.addr = 2}}, {{.addr = 1}}};
	struct report_site sites[5];
	struct report *r, a;

	for (int i = 0; i < 3; i++) {
		sites[i] = make_site(jit[i], 8, 1);
		sites[i].n_frames = 1;
	}
	for (int i = 3; i < 5; i++) {
		sites[i] = make_site(NULL, 1, 3);
		sites[i].n_frames = 0;
		sites[i].stack_lost = true;
	}
	a = make_report(sites, 5);
	CHECK_EQ(sum__add(s, SUM_MAX_PROCESSES, &a), 0);
	CHECK_EQ(sum__report(s, &r), 0);
	CHECK_EQ(r->n_sites, 3);
	CHECK_EQ(r->sites[0].count, 6);
	CHECK(r->sites[0].stack_lost);
	CHECK_EQ(r->sites[1].count, 2);
	CHECK_EQ(r->sites[1].frames[0].addr, 1);
	CHECK_EQ(r->sites[2].frames[0].addr, 2);
	CHECK_EQ(r->n_processes, 0);
	report__free(r);
	sum__free(s);
}

static void sticks_at_the_top(void)
{
	struct sum *s = new_sum(REPORT_SORT_SIZE);
	struct report_frame frames[2];
	struct report_site site;
	struct report *r, a;

	fill_frames(frames, 0, 1);
	site = make_site(frames, UINT64_MAX - 1, 1);
	a = make_report(&site, 1);
	CHECK_EQ(sum__add(s, 0, &a), 0);
	CHECK_EQ(sum__add(s, 0, &a), 0);
	CHECK_EQ(sum__report(s, &r), 0);
	CHECK(r->bytes == UINT64_MAX);
	CHECK(r->sites[0].bytes == UINT64_MAX);
	CHECK_EQ(r->count, 2);
	report__free(r);
	sum__free(s);
}

/* Whatever an account has: each number of it that a recording keeps is summed up. */
static void adds_up_accounts(void)
{
	struct sum *s = new_sum(REPORT_SORT_SIZE);
	const struct layout *all = &layout_account;
	struct report a = {0}, *r;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->members[i].kind == MEMBER_U64)
			*(uint64_t *)((char *)&a.account + all->members[i].offset) = ++n;
	CHECK(n > 20);
	CHECK_EQ(sum__add(s, 0, &a), 0);
	CHECK_EQ(sum__add(s, 0, &a), 0);
	CHECK_EQ(sum__report(s, &r), 0);
	for (i = n = 0; i < all->n; i++)
		if (all->members[i].kind == MEMBER_U64)
			CHECK_EQ(*(uint64_t *)((char *)&r->account + all->members[i].offset),
				 2 * ++n);
	report__free(r);
	sum__free(s);
}

/* Sentences are said once, with how many they are true of. */
static void counts_warnings(void)
{
	struct sum *s = new_sum(REPORT_SORT_SIZE);
	struct report a = {.target_ended = true}, b = a;
	char *of_both[] = {(char *)"all", (char *)"one"};
	struct report *r;

	a.warnings = of_both;
	a.n_warnings = 2;
	b.warnings = of_both;
	b.n_warnings = 1;
	CHECK_EQ(sum__add(s, 0, &a), 0);
	CHECK_EQ(sum__add(s, 0, &b), 0);
	CHECK_EQ(sum__report(s, &r), 0);
	CHECK_EQ(r->n_warnings, 2);
	CHECK_STR(r->warnings[0], "all");
	CHECK_STR(r->warnings[1], "one (1 of 2 processes)");
	report__free(r);
	sum__free(s);
}

/* Verdicts on some of the processes: the others are named. */
static void says_who_was_not_judged(void)
{
	struct sum *s = new_sum(REPORT_SORT_SIZE);
	struct report a = {.reach = {.wanted = true, .scans = 1, .copied = 5}}, b = a;
	struct report *r;

	a.reach.sum[REACH_DEFINITE] = (struct reach_sum){70, 7};
	strcpy(b.reach.why_not, "it was too quick");
	CHECK_EQ(sum__add(s, 0, &b), 0);
	CHECK_EQ(sum__report(s, &r), 0);
	CHECK_STR(r->reach.why_not, "it was too quick");
	CHECK(!r->partial);
	report__free(r);
	CHECK_EQ(sum__add(s, 0, &a), 0);
	CHECK_EQ(sum__report(s, &r), 0);
	CHECK_STR(r->reach.why_not, "");
	CHECK_EQ(r->reach.sum[REACH_DEFINITE].bytes, 70);
	CHECK_EQ(r->reach.copied, 10);
	CHECK(r->partial); /* no gate passes by what half of them say */
	CHECK_EQ(r->n_warnings, 1);
	CHECK_STR(r->warnings[0],
		  "1 of 2 processes were not looked at for what can be reached: it was "
		  "too quick");
	report__free(r);
	sum__free(s);
}

static char *render(const struct report *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK_EQ(render_text.emit(out, r, NULL), 0);
	fclose(out);
	return text;
}

/* What a recording brings back is the same, and names do no harm on a terminal. */
static void is_recorded(void)
{
	struct sum *s = new_sum(REPORT_SORT_SIZE);
	struct report a = make_report(NULL, 0), *r, *again = NULL;
	char *before, *after;
	struct report_process *p;
	const char *why;
	size_t n;
	FILE *file = tmpfile();

	n = sum__process(s, 4194304, 0, "a");
	CHECK_EQ(sum__add(s, n, &a), 0);
	n = sum__process(s, 12, 4194304, "b\033[2J");
	p = sum__at(s, n);
	p->command = strdup("b --option \n");
	p->forked = p->ended = true;
	p->bytes = 1;
	p->count = 2;
	p->seen = 3;
	p->freed = 4;
	p->lost = 5;
	p->gone_exec = 6;
	sum__set_gap(s, n, "it was not there");
	sum__set_gap(s, 77, "nobody");
	CHECK_EQ(sum__report(s, &r), 0);
	CHECK_EQ(reportfile__write(file, r), 0);
	CHECK(!fflush(file) && !lseek(fileno(file), 0, SEEK_SET));
	CHECK_EQ(reportfile__read(fileno(file), &again, &why), 0);
	fclose(file);
	before = render(r);
	after = render(again);
	CHECK_STR(after, before);
	CHECK(strstr(after,
		     "process 12: 1 bytes in 2 allocations outstanding, seen 3, freed 4, given "
		     "up at exec 6, lost 5; forked by 4194304: b --option "));
	CHECK(strstr(after, " (it was not there)\n"));
	CHECK(strstr(after, "; all of 2 processes\n"));
	CHECK(strstr(after, "frees of what was inherited 5"));
	CHECK(!strchr(after, '\033'));
	free(before);
	free(after);
	report__free(again);
	report__free(r);
	sum__free(s);
}

int main(void)
{
	RUN(joins_what_is_the_same);
	RUN(tells_others_apart);
	RUN(sticks_at_the_top);
	RUN(adds_up_accounts);
	RUN(counts_warnings);
	RUN(says_who_was_not_judged);
	RUN(is_recorded);
	return check_done();
}
