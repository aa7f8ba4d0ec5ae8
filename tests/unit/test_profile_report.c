/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile through the model and every format: what the views order by and show, and that a
 * recording keeps it. golden/profile* are compared byte for byte.
 */
#include "check.h"
#include "golden.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/render.h"
#include "render/words.h"
#include "report/model.h"
#include "report/reportfile.h"

#define MS 1000000ULL
#define NOW (1000000 * MS)
#define KEYS 6

static int stack_of(uint64_t key, struct model_stack *out, void *arg)
{
	static const char *const names[KEYS] = {"", "leak", "cache", "loop", "loop", "big"};

	(void)arg;
	out->frames = calloc(2, sizeof(*out->frames));
	out->n_frames = 2;
	/* 3 and 4 are one stack once they are cut */
	out->frames[0].addr = 0x1000 + (key == 4 ? 3 : key);
	out->frames[0].function = strdup(names[key]);
	out->frames[0].image = strdup("app");
	out->frames[0].image_vaddr = out->frames[0].addr;
	out->frames[1].addr = 0x2000;
	out->frames[1].function = strdup("main");
	out->frames[1].image = strdup("app");
	return 0;
}

/*
 * leak: 3 of 10 bytes are there. cache: nothing now, all of it at the peak. loop: 1,000 temporary
 * ones in two parts, and one more. big: two large ones, one of them at the peak. And a mapping.
 */
static const struct {
	uint64_t stack;
	const char *entry;
	struct report_profile profile;
} parts[] = {
	{1,
	 "malloc",
	 {.count = 4,
	  .bytes = 40,
	  .freed = 1,
	  .freed_bytes = 10,
	  .peak_count = 1,
	  .peak_bytes = 10,
	  .lived = {[27] = 1}}},
	{2,
	 "calloc",
	 {.count = 50,
	  .bytes = 5000,
	  .freed = 50,
	  .freed_bytes = 5000,
	  .peak_count = 50,
	  .peak_bytes = 5000,
	  .lived = {[8] = 20, [9] = 30}}},
	{3,
	 "malloc",
	 {.count = 700,
	  .bytes = 7000,
	  .freed = 700,
	  .freed_bytes = 7000,
	  .temporary = 600,
	  .temporary_bytes = 6000,
	  .lived = {700}}},
	{4,
	 "malloc",
	 {.count = 301,
	  .bytes = 3010,
	  .freed = 301,
	  .freed_bytes = 3010,
	  .temporary = 400 - 100,
	  .temporary_bytes = 3000,
	  .peak_count = 1,
	  .peak_bytes = 10,
	  .lived = {[0] = 300, [1] = 1}}},
	{5,
	 "realloc",
	 {.count = 2,
	  .bytes = 8000,
	  .freed = 2,
	  .freed_bytes = 8000,
	  .temporary = 1,
	  .temporary_bytes = 4000,
	  .peak_count = 1,
	  .peak_bytes = 4000,
	  .lived = {[1] = 1, [20] = 1}}},
};
#define PARTS (sizeof(parts) / sizeof(*parts))

static void add_block(struct model *m, uint64_t addr, uint64_t size, uint64_t stack,
		      const char *entry)
{
	struct model_block b = {.addr = addr,
				.size = size,
				.birth_ns = NOW - 800 * MS,
				.stack = stack,
				.entry = entry};

	CHECK_EQ(model__add(m, &b), 0);
}

static struct report *make(enum report_view view, size_t top)
{
	const struct model_opts opts = {.older_ns = 500 * MS,
					.profile = true,
					.view = view,
					.top = top,
					.lost_first = true,
					.sort = REPORT_SORT_VERDICT};
	struct model *m = model__new(&opts, stack_of, NULL);
	struct report *r = NULL;
	size_t i;

	CHECK_EQ(model__begin(m, NOW, false), 0);
	for (i = 0; i < 3; i++)
		add_block(m, 0x10 * i, 10, 1, "malloc");
	add_block(m, 0x100000, 4096, 1, "mmap");
	for (i = 0; i < PARTS; i++)
		CHECK_EQ(model__add_profile(m, parts[i].stack, parts[i].entry, &parts[i].profile),
			 0);
	CHECK_EQ(model__finish(m, &r), 0);
	model__free(m);
	r->time = 1609327;
	r->pid = 4312;
	r->comm = strdup("app");
	r->tick_ns = 4 * MS;
	r->peak_age_ns = 2500 * MS;
	r->account = (struct report_account){
		.seen = 1058, .freed = 1054, .outstanding = 4, .stacks_complete = 1058};
	return r;
}

static void check_order(const struct report *r, const char *const *names, size_t viewed)
{
	size_t i;

	CHECK_EQ(report__viewed(r), viewed);
	CHECK_EQ(report__n_viewed(r), viewed);
	for (i = 0; i < viewed && i < r->n_sites; i++)
		CHECK_STR(r->sites[i].frames[0].function, names[i]);
}

static const char *const order[REPORT_VIEWS][5] = {
	[REPORT_VIEW_LEAKED] = {"leak", "leak"}, /* the mapping, then malloc */
	[REPORT_VIEW_PEAK] = {"cache", "big", "leak", "loop"},
	[REPORT_VIEW_TOTAL] = {"loop", "big", "cache", "leak"},
	[REPORT_VIEW_TEMPORARY] = {"loop", "big"},
};
static const size_t viewed[REPORT_VIEWS] = {2, 4, 4, 2};

static void adds_up_and_orders(void)
{
	int view;

	for (view = 0; view < REPORT_VIEWS; view++) {
		struct report *r = make(view, 0);

		CHECK_EQ(r->bytes, 4126);
		CHECK_EQ(r->count, 4);
		CHECK_EQ(r->n_stacks, 2);
		CHECK_EQ(r->n_sites, 5);
		CHECK_EQ(r->profile->count, 4 + 50 + 1001 + 2);
		CHECK_EQ(r->profile->bytes, 40 + 5000 + 10010 + 8000);
		CHECK_EQ(r->profile->freed, 1 + 50 + 1001 + 2);
		CHECK_EQ(r->profile->freed_bytes, 10 + 5000 + 10010 + 8000);
		CHECK_EQ(r->profile->temporary, 901);
		CHECK_EQ(r->profile->temporary_bytes, 13000);
		CHECK_EQ(r->profile->peak_count, 53);
		CHECK_EQ(r->profile->peak_bytes, 9020);
		CHECK_EQ(r->profile->lived[0], 1000);
		CHECK_EQ(r->profile->lived[1], 2);
		CHECK_EQ(r->profile->lived[27], 1);
		check_order(r, order[view], viewed[view]);
		report__free(r);
	}
}

/* The same order as the model's, from any other; a report without a profile has but one. */
static void views_of_a_report(void)
{
	struct report plain = {0}, *r;
	int from, to;

	for (from = 0; from < REPORT_VIEWS; from++)
		for (to = 0; to < REPORT_VIEWS; to++) {
			r = make(from, 0);
			CHECK_EQ(report__view(r, to), 0);
			check_order(r, order[to], viewed[to]);
			report__free(r);
		}
	CHECK_EQ(report__view(&plain, REPORT_VIEW_LEAKED), 0);
	CHECK_EQ(report__view(&plain, REPORT_VIEW_PEAK), -ENODATA);
}

static void cut_to_the_top(void)
{
	struct report *r = make(REPORT_VIEW_TOTAL, 1);

	CHECK_EQ(r->n_sites, 1);
	CHECK_EQ(r->sites[0].profile->bytes, 10010);
	CHECK_EQ(r->n_viewed, 4);
	CHECK_EQ(r->profile->count, 1057);
	report__free(r);
}

static void names(void)
{
	enum report_view view;
	int i;

	for (i = 0; i < REPORT_VIEWS; i++) {
		CHECK_EQ(report_view__find(report_view__name(i), &view), 0);
		CHECK_EQ(view, i);
	}
	CHECK_EQ(report_view__find("", &view), -EINVAL);
	CHECK_EQ(report_view__find("leaked ", &view), -EINVAL);
}

static char *render(const struct report *r, const char *format, size_t *size)
{
	const struct render_opts opts = {.top = strcmp(format, "text") ? 0 : 3};
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	CHECK_EQ(renderer__find(format)->emit(out, r, &opts), 0);
	fclose(out);
	return text;
}

static void check_golden(const struct report *r, const char *format, const char *name)
{
	size_t size, golden_size;
	char *text = render(r, format, &size), *golden;

	golden__update(name, text, size);
	golden = golden__read(name, &golden_size);
	CHECK_STR(text, golden);
	free(golden);
	free(text);
}

static void as_golden(void)
{
	static const char *const texts[REPORT_VIEWS] = {"profile-leaked.txt", "profile-peak.txt",
							"profile-total.txt",
							"profile-temporary.txt"};
	struct report *r = make(REPORT_VIEW_LEAKED, 0);
	int view;

	for (view = 0; view < REPORT_VIEWS; view++) {
		CHECK_EQ(report__view(r, view), 0);
		check_golden(r, "text", texts[view]);
	}
	CHECK_EQ(report__view(r, REPORT_VIEW_TOTAL), 0);
	check_golden(r, "json", "profile.json");
	check_golden(r, "csv", "profile.csv");
	check_golden(r, "folded", "profile.folded");
	report__free(r);
}

/* Every format of every view is the same from a recording. */
static void recorded(void)
{
	struct report *r, *again;
	size_t size, n, m;
	const char *why;
	int view, i, fd;
	FILE *f;

	for (view = 0; view < REPORT_VIEWS; view++) {
		char *file;

		r = make(view, 0);
		file = render(r, "save", &size);
		f = tmpfile();
		fwrite(file, 1, size, f);
		fflush(f);
		fd = fileno(f);
		lseek(fd, 0, SEEK_SET);
		again = NULL;
		CHECK_EQ(reportfile__read(fd, &again, &why), 0);
		for (i = 0; again && i < RENDER_N; i++) {
			const char *format = renderer__at(i)->name;
			char *a = render(r, format, &n), *b = render(again, format, &m);

			CHECK(n == m && !memcmp(a, b, n));
			free(a);
			free(b);
		}
		fclose(f);
		free(file);
		report__free(again);
		report__free(r);
	}
}

/* What it holds at most: larger numbers stick, in words they still fit. */
static void largest_numbers(void)
{
	struct report_profile a = {.count = UINT64_MAX - 1, .lived = {[3] = UINT64_MAX}}, b = a;
	struct report *r = make(REPORT_VIEW_TOTAL, 0);
	char line[WORDS_SIZE];
	size_t i, size;

	report_profile__add(&a, &b);
	CHECK(a.count == UINT64_MAX && a.lived[3] == UINT64_MAX && !a.bytes);
	memset(r->profile, 0xff, sizeof(*r->profile));
	for (i = 0; i < r->n_sites; i++)
		if (r->sites[i].profile)
			memset(r->sites[i].profile, 0xff, sizeof(*r->sites[i].profile));
	r->tick_ns = UINT64_MAX;
	for (i = 0; words__verdict(line, r, i); i++)
		CHECK(strlen(line) < sizeof(line));
	for (i = 0; i < RENDER_N; i++)
		free(render(r, renderer__at(i)->name, &size));
	report__free(r);
}

int main(void)
{
	RUN(adds_up_and_orders);
	RUN(views_of_a_report);
	RUN(cut_to_the_top);
	RUN(names);
	RUN(as_golden);
	RUN(recorded);
	RUN(largest_numbers);
	return check_done();
}
