/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is recorded renders as it did before; what is not a recording is refused. */
#include "check.h"
#include "golden.h"
#include "rich_report.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "render/render.h"
#include "report/gzip.h"
#include "report/proto.h"
#include "report/reportfile.h"

#define RECORDING "rich.rec"
#define MAX_SIZE (1 << 20)

static char *render(const struct renderer *renderer, const struct report *r, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	CHECK_EQ(renderer->emit(out, r, NULL), 0);
	fclose(out);
	return text;
}

/* A file that holds data, at its start. */
static int temporary(const void *data, size_t size)
{
	FILE *f = tmpfile();
	int fd;

	if (!f)
		return -1;
	fwrite(data, 1, size, f);
	fflush(f);
	fd = dup(fileno(f));
	fclose(f);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int read_back(const void *data, size_t size, struct report **r, const char **why)
{
	int fd = temporary(data, size), err;

	err = reportfile__read(fd, r, why);
	close(fd);
	return err;
}

/* What the gzip file holds. */
static uint8_t *unpacked(const char *file, size_t file_size, size_t *size)
{
	int fd = temporary(file, file_size);
	void *data = NULL;

	CHECK_EQ(gzip__read(fd, MAX_SIZE, &data, size), 0);
	close(fd);
	return data;
}

static char *write_rich(size_t *size)
{
	return render(&render_save, &rich_report, size);
}

static void check_same(const struct report *r)
{
	size_t size, n;
	int i;

	for (i = 0; i < RENDER_N; i++) {
		char *direct, *again;

		if (renderer__at(i) == &render_save)
			continue;
		direct = render(renderer__at(i), &rich_report, &size);
		again = render(renderer__at(i), r, &n);
		CHECK(size == n && !memcmp(direct, again, n));
		if (check_failed)
			printf("  format: %s\n", renderer__at(i)->name);
		free(direct);
		free(again);
	}
}

static void renders_the_same(void)
{
	struct report *r = NULL;
	const char *why = NULL;
	size_t size;
	char *file = write_rich(&size);

	CHECK_EQ(read_back(file, size, &r, &why), 0);
	CHECK(!why);
	if (r)
		check_same(r);
	report__free(r);
	free(file);
}

/* A recording of long ago: it must always be readable, and what is written now be the same. */
static void golden_recording(void)
{
	size_t size, golden_size = 0, n, m;
	char *file = write_rich(&size), *golden;
	struct report *r = NULL;
	const char *why = NULL;
	uint8_t *a, *b;

	golden__update(RECORDING, file, size);
	golden = golden__read(RECORDING, &golden_size);
	CHECK(golden);
	if (golden) {
		CHECK_EQ(read_back(golden, golden_size, &r, &why), 0);
		if (r)
			check_same(r);
		a = unpacked(file, size, &n);
		b = unpacked(golden, golden_size, &m);
		CHECK(n == m && !memcmp(a, b, n));
		free(a);
		free(b);
	}
	report__free(r);
	free(golden);
	free(file);
}

/* No list of blocks is not the same as an empty one; nor is no text the same as "". */
static void nothing_is_not_empty(void)
{
	struct report_block none;
	struct report_site sites[2] = {rich_sites[0], rich_sites[0]};
	char empty[] = "";
	struct report r = {.time = 1, .sites = sites, .n_sites = 2, .n_stacks = 2, .comm = empty};
	struct report *back = NULL;
	const char *why;
	size_t size;
	char *file;

	sites[0].blocks = &none;
	sites[0].n_blocks = 0;
	sites[1].blocks = NULL;
	sites[1].n_blocks = 0;
	sites[1].frames = NULL;
	sites[1].n_frames = 0;
	sites[0].history.n = sites[1].history.n = 0;
	file = render(&render_save, &r, &size);
	CHECK_EQ(read_back(file, size, &back, &why), 0);
	if (back) {
		CHECK(back->sites[0].blocks && !back->sites[0].n_blocks);
		CHECK(!back->sites[1].blocks);
		CHECK_EQ(back->sites[1].n_frames, 0);
		CHECK_STR(back->comm, "");
		CHECK(!back->origin.host && !back->sites[1].note && !back->site_name);
	}
	report__free(back);
	free(file);
}

/* Why there is no verdict may be any text; then there are no sums. */
static void no_verdict(void)
{
	struct report_site site = rich_sites[0];
	struct report r = {.time = 1, .sites = &site, .n_sites = 1, .n_stacks = 1};
	struct report *back = NULL;
	const char *why;
	size_t size;
	char *file;

	site.history.n = 0;
	r.reach.wanted = true;
	snprintf(r.reach.why_not, sizeof(r.reach.why_not), "%s", RICH_CONTROL RICH_BREAKOUT);
	file = render(&render_save, &r, &size);
	CHECK_EQ(read_back(file, size, &back, &why), 0);
	if (back) {
		CHECK(back->reach.wanted);
		CHECK_STR(back->reach.why_not, r.reach.why_not);
		CHECK_EQ(back->sites[0].reach[REACH_DEFINITE].count, 0);
		CHECK_EQ(back->sites[0].blocks[0].reach, REACH_UNJUDGED);
	}
	report__free(back);
	free(file);
}

/* Verdicts are kept where the reports that they came from are not. */
static void verdicts_without_history(void)
{
	struct report r = {.time = 1, .verdicts[VERDICT_CHURN] = {42, 43, 44}};
	struct report *back = NULL;
	const char *why;
	size_t size;
	char *file = render(&render_save, &r, &size);

	CHECK_EQ(read_back(file, size, &back, &why), 0);
	if (back)
		CHECK(!memcmp(back->verdicts, r.verdicts, sizeof(r.verdicts)));
	report__free(back);
	free(file);
}

static void check_refused(const void *data, size_t size, int err, const char *expected)
{
	struct report *r = NULL;
	const char *why = NULL;

	CHECK_EQ(reportfile__parse(data, size, &r, &why), err);
	CHECK(!r);
	CHECK_STR(why, expected);
	report__free(r);
}

static void append(uint8_t **data, size_t *size, const struct proto *more)
{
	*data = realloc(*data, *size + more->size);
	memcpy(*data + *size, more->data, more->size);
	*size += more->size;
}

/* The rich recording with a field behind it: the last one counts. */
static uint8_t *with_field(uint32_t field, uint64_t value, size_t *size)
{
	struct proto more = {0};
	size_t file_size;
	char *file = write_rich(&file_size);
	uint8_t *data = unpacked(file, file_size, size);

	proto__u64(&more, field, value);
	append(&data, size, &more);
	proto__clear(&more);
	free(file);
	return data;
}

static void versions(void)
{
	/* field 100 as a fixed64 */
	uint8_t fixed[] = {0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8};
	const struct proto as_it_is = {.data = fixed, .size = sizeof(fixed)};
	struct proto other = {0}, unknown = {0};
	struct report *r = NULL;
	const char *why = NULL;
	uint8_t *data;
	size_t size;

	data = with_field(2, 2, &size);
	check_refused(data, size, -ENOTSUP, "a newer memleak-bpf has written it: use that one");
	free(data);
	proto__string(&other, 1, "memleak-bpf diary");
	check_refused(other.data, other.size, -EINVAL, "it is no recording of memleak-bpf");
	check_refused("", 0, -EINVAL, "it is no recording of memleak-bpf");
	/* what a newer one has added is passed over */
	data = with_field(1000, 5, &size);
	proto__string(&unknown, 1001, "text");
	append(&data, &size, &unknown);
	proto__reset(&unknown);
	proto__bytes(&unknown, 1002, fixed, sizeof(fixed));
	append(&data, &size, &unknown);
	append(&data, &size, &as_it_is);
	CHECK_EQ(reportfile__parse(data, size, &r, &why), 0);
	if (r)
		check_same(r);
	report__free(r);
	free(data);
	proto__clear(&other);
	proto__clear(&unknown);
}

static void impossible_values(void)
{
	static const struct {
		uint32_t field;
		uint64_t value;
	} cases[] = {
		{10, 1ULL << 31},   /* pid */
		{11, 1000},	    /* comm: there are not so many strings */
		{12, 253402300800}, /* time */
		{12, UINT64_MAX},   /* before 1970 */
		{22, 3},	    /* fewer stacks than sites */
		{32, UINT64_MAX},   /* max_live */
		{34, 1ULL << 41},   /* most_live */
		{3, 5},		    /* text: a number */
		{4, 5},		    /* frame: the same */
		{5, 5},		    /* site */
		{6, 5},		    /* account */
		{7, 5},		    /* origin */
		{8, 5},		    /* warnings: not packed */
		{110, 5},	    /* reach: a number */
		{100, 5},	    /* history: numbers */
		{101, 5},
		{108, 5},
		{109, 5},
		{102, VERDICT_KINDS},
		{103, VERDICT_REASONS},
		{104, 101}, /* sure, per cent */
		{107, 41},  /* freed: more than came */
	};
	size_t i, size;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t *data = with_field(cases[i].field, cases[i].value, &size);

		check_refused(data, size, -EILSEQ, "it is damaged");
		if (check_failed)
			printf("  field %u\n", cases[i].field);
		free(data);
	}
}

/* Bytes that are in no file of ours, in a message of a site. */
static void broken_sites(void)
{
	uint64_t beyond = 1000, none = 0, three[3] = {1, 2, 3};
	struct proto site = {0}, blocks = {0}, whole = {0};
	int i;

	for (i = 0; i < 7; i++) {
		proto__reset(&whole);
		proto__string(&whole, 1, "memleak-bpf recording");
		proto__u64(&whole, 2, 1);
		proto__bytes(&whole, 3, i == 3 ? "a\0b" : "abc", 3);
		if (i == 0)
			proto__packed(&site, 17, &beyond, 1);
		if (i == 1)
			proto__packed(&site, 17, &none, 1);
		if (i == 2) {
			proto__packed(&blocks, 1, three, 3);
			proto__packed(&blocks, 2, three, 2);
			proto__message(&site, 18, &blocks);
		}
		if (i >= 4) { /* verdicts: too few, none of ours, no list */
			proto__packed(&blocks, 1, three, 3);
			if (i == 6)
				proto__u64(&blocks, 100, 1);
			else
				proto__packed(&blocks, 100, i == 4 ? three : &beyond,
					      i == 4 ? 2 : 1);
			proto__message(&site, 18, &blocks);
		}
		proto__message(&whole, 5, &site);
		check_refused(whole.data, whole.size, -EILSEQ, "it is damaged");
	}
	proto__clear(&site);
	proto__clear(&blocks);
	proto__clear(&whole);
}

/* Histories that do not fit together: renderers go by the number of points. */
static void broken_histories(void)
{
	static const struct {
		size_t times, bytes, count, site_bytes, site_count;
		uint64_t step;
		int err;
	} cases[] = {
		{3, 3, 3, 3, 3, 1, 0},
		{3, 3, 3, 2, 2, 1, 0},
		{0, 0, 0, 0, 0, 1, 0},
		{3, 3, 3, 4, 4, 1, -EILSEQ}, /* more points than there are times */
		{3, 3, 3, 3, 2, 1, -EILSEQ},
		{2, 3, 3, 0, 0, 1, -EILSEQ},
		{3, 3, 2, 0, 0, 1, -EILSEQ},
		{3, 3, 3, 3, 3, 0, -EILSEQ}, /* time stands still */
		{SERIES_MAX, SERIES_MAX, SERIES_MAX, 1, 1, 1, 0},
		{SERIES_MAX + 1, SERIES_MAX + 1, SERIES_MAX + 1, 1, 1, 1, -EILSEQ},
	};
	struct proto site = {0}, whole = {0};
	uint64_t numbers[SERIES_MAX + 1];
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct report *r = NULL;
		const char *why;

		for (k = 0; k <= SERIES_MAX; k++)
			numbers[k] = k * cases[i].step;
		proto__reset(&whole);
		proto__string(&whole, 1, "memleak-bpf recording");
		proto__u64(&whole, 2, 1);
		proto__packed(&site, 80, numbers, cases[i].site_bytes);
		proto__packed(&site, 81, numbers, cases[i].site_count);
		proto__message(&whole, 5, &site);
		proto__u64(&whole, 22, 1);
		proto__packed(&whole, 100, numbers, cases[i].bytes);
		proto__packed(&whole, 101, numbers, cases[i].count);
		proto__packed(&whole, 108, numbers, cases[i].times);
		CHECK_EQ(reportfile__parse(whole.data, whole.size, &r, &why), cases[i].err);
		if (check_failed)
			printf("  case %zu\n", i);
		report__free(r);
	}
	proto__clear(&site);
	proto__clear(&whole);
}

/* Cut anywhere: an error, or less, but nothing read that is not there (see SAN=1). */
static void cut_and_flipped(void)
{
	size_t file_size, size, i;
	char *file = write_rich(&file_size), *copy;
	uint8_t *data = unpacked(file, file_size, &size);
	struct report *r;
	const char *why;
	int bit;

	for (i = 0; i < file_size; i++) {
		r = NULL;
		CHECK(read_back(file, i, &r, &why) < 0 && why && !r);
	}
	for (i = 0; i < size; i++) {
		copy = malloc(i + !i);
		memcpy(copy, data, i);
		reportfile__parse(copy, i, &r, &why);
		report__free(r);
		free(copy);
		for (bit = 0; bit < 8; bit++) {
			data[i] ^= 1 << bit;
			reportfile__parse(data, size, &r, &why);
			report__free(r);
			data[i] ^= 1 << bit;
		}
	}
	free(data);
	free(file);
}

/* A file of 1 MB that would unpack to 1 GB. */
static void too_large(void)
{
	char *part = calloc(1, 1 << 20), *file = NULL;
	size_t file_size = 0, size;
	FILE *out = open_memstream(&file, &file_size);
	void *data;
	int fd;

	gzip__write(out, part, 1 << 20);
	fclose(out);
	fd = temporary(file, file_size);
	CHECK_EQ(gzip__read(fd, (1 << 20) - 1, &data, &size), -EFBIG);
	lseek(fd, 0, SEEK_SET);
	CHECK_EQ(gzip__read(fd, 1 << 21, &data, &size), 0);
	CHECK_EQ(size, 1 << 20);
	free(data);
	close(fd);
	free(file);
	free(part);
}

static void varints(void)
{
	static const uint64_t values[] = {0,	 1,	     127,	128,	   16383,
					  16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
	static const uint8_t beyond[] = {0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0xff, 0xff, 0xff, 0x02};
	static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					  0x80, 0x80, 0x80, 0x80, 0x80};
	struct proto p = {0};
	struct proto_reader r, inner;
	struct proto_field f;
	uint64_t value = 0;
	size_t i;

	proto__packed(&p, 5, values, sizeof(values) / sizeof(*values));
	/* 1 + 1 + 1 + 2 + 2 + 3 + 5 + 9 + 10 bytes, behind a tag and a length */
	CHECK_EQ(p.size, 2 + 34);
	CHECK_EQ(p.data[0], 5 << 3 | 2);
	r = proto__reader(p.data, p.size);
	CHECK(proto__next(&r, &f) && f.is_bytes && f.number == 5);
	inner = proto__reader(f.data, f.size);
	for (i = 0; i < sizeof(values) / sizeof(*values); i++)
		CHECK(proto__next_packed(&inner, &value) && value == values[i]);
	CHECK(!proto__next_packed(&inner, &value) && !inner.bad);
	CHECK(!proto__next(&r, &f) && !r.bad);
	inner = proto__reader(beyond, sizeof(beyond));
	CHECK(!proto__next_packed(&inner, &value) && inner.bad);
	inner = proto__reader(endless, sizeof(endless));
	CHECK(!proto__next_packed(&inner, &value) && inner.bad);
	proto__clear(&p);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	RUN(renders_the_same);
	RUN(golden_recording);
	RUN(nothing_is_not_empty);
	RUN(no_verdict);
	RUN(verdicts_without_history);
	RUN(versions);
	RUN(impossible_values);
	RUN(broken_sites);
	RUN(broken_histories);
	RUN(cut_and_flipped);
	RUN(too_large);
	RUN(varints);
	return check_done();
}
