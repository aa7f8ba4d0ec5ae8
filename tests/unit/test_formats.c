/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each format, of a report that has everything in it: the same bytes as in tests/golden, which
 * tests/formats has judged by other programs; and here what must hold of any report.
 */
#include "check.h"
#include "golden.h"
#include "rich_report.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "render/flame.h"
#include "render/jsonout.h"
#include "render/output.h"
#include "render/render.h"

static char *render(const char *format, const struct report *r, size_t *size)
{
	const struct renderer *renderer = renderer__find(format);
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	CHECK(renderer);
	if (renderer)
		CHECK_EQ(renderer->emit(out, r, NULL), 0);
	fclose(out);
	return text;
}

/* Compressed files differ by the version of zlib: what is in them counts. */
static char *inflated(const char *data, size_t size, size_t *n)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = size};
	char *out = calloc(1, 1 << 20);

	z.next_out = (Bytef *)out;
	z.avail_out = 1 << 20;
	CHECK_EQ(inflateInit2(&z, 15 + 16), Z_OK);
	CHECK_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
	*n = z.total_out;
	inflateEnd(&z);
	return out;
}

static void check_golden(const char *format, const char *name)
{
	size_t size, golden_size = 0, n, m;
	char *text = render(format, &rich_report, &size), *golden, *a, *b;

	golden__update(name, text, size);
	golden = golden__read(name, &golden_size);
	CHECK(golden);
	if (golden && !strcmp(format, "pprof")) {
		a = inflated(text, size, &n);
		b = inflated(golden, golden_size, &m);
		CHECK(n == m && !memcmp(a, b, n));
		free(a);
		free(b);
	} else if (golden) {
		CHECK_STR(text, golden);
	}
	free(golden);
	free(text);
}

static void same_as_golden(void)
{
	check_golden("json", "rich.json");
	check_golden("folded", "rich.folded");
	check_golden("csv", "rich.csv");
	check_golden("pprof", "rich.pb.gz");
	check_golden("svg", "rich.svg");
	check_golden("html", "rich.html");
	check_golden("junit", "rich.junit.xml");
	check_golden("sarif", "rich.sarif");
	check_golden("codequality", "rich.codequality.json");
	check_golden("metrics", "rich.metrics");
}

/* Every format of a report with nothing in it, and none of them on a full disk. */
static void empty_and_full(void)
{
	static const struct report nothing = {.time = 1};
	FILE *full = fopen("/dev/full", "w");
	size_t size;
	int i;

	for (i = 0; i < RENDER_N; i++) {
		free(render(renderer__at(i)->name, &nothing, &size));
		if (strcmp(renderer__at(i)->name, "folded") != 0)
			CHECK(size > 0);
		if (full)
			CHECK_EQ(renderer__at(i)->emit(full, &rich_report, NULL), -ENOSPC);
	}
	if (full)
		fclose(full);
}

/* Times that no calendar has, which a forged recording may. */
static void far_times(void)
{
	static const int64_t times[] = {INT64_MAX, INT64_MIN, 9223372037, -9223372037};
	size_t size, i;
	int k;

	for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
		const struct report far = {.time = times[i]};

		for (k = 0; k < RENDER_N; k++) {
			free(render(renderer__at(k)->name, &far, &size));
			CHECK(size > 0 || !strcmp(renderer__at(k)->name, "folded"));
		}
	}
}

/* What a name holds stays inside of its frame and line. */
static void folded_lines(void)
{
	size_t size, lines = 0;
	uint64_t sum = 0;
	char *text = render("folded", &rich_report, &size), *line, *save = NULL;

	CHECK_EQ(strlen(text), size);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *number = strrchr(line, ' '), *c;
		size_t frames = 1;

		CHECK(number);
		sum += number ? strtoull(number + 1, NULL, 10) : 0;
		for (c = line; *c; c++) {
			CHECK((unsigned char)*c >= ' ');
			frames += *c == ';';
		}
		/* a cut stack has a frame that says so, and a lost one nothing else */
		CHECK_EQ(frames, lines == 3   ? 1
				 : lines == 2 ? rich_sites[lines].n_frames + 1
					      : rich_sites[lines].n_frames);
		lines++;
	}
	CHECK_EQ(sum, RICH_BYTES);
	CHECK_EQ(lines, 4);
	free(text);
}

static void flame_tree(void)
{
	const struct flame_node *nodes;
	struct flame *f = NULL;
	uint64_t bytes[64] = {0}, count[64] = {0};
	size_t n = 0, i, mains = 0, leaves = 0;

	CHECK_EQ(flame__new(&rich_report, &f), 0);
	nodes = flame__nodes(f, &n);
	/* the root; two stacks share main and what called it; inner, outer, few_large; on_signal;
	 * one cut, with 6 frames; one lost */
	CHECK_EQ(n, 1 + 2 + 3 + 1 + 7 + 1);
	CHECK_EQ(nodes[0].bytes, RICH_BYTES);
	CHECK_EQ(nodes[0].count, RICH_COUNT);
	for (i = 1; i < n && i < 64; i++) {
		const struct flame_node *up = &nodes[nodes[i].parent];

		CHECK(nodes[i].parent < i);
		CHECK_EQ(nodes[i].depth, up->depth + 1);
		bytes[nodes[i].parent] += nodes[i].bytes;
		count[nodes[i].parent] += nodes[i].count;
		mains += !strcmp(nodes[i].name, "main");
	}
	for (i = 0; i < n && i < 64; i++) {
		leaves += !count[i];
		/* every allocation here is at a leaf */
		CHECK(!count[i] || (bytes[i] == nodes[i].bytes && count[i] == nodes[i].count));
	}
	CHECK_EQ(mains, 1);
	CHECK_EQ(leaves, 4);
	flame__free(f);
	flame__free(NULL);
}

/* Sums that no 64 bits hold. */
static void flame_saturates(void)
{
	struct report_site sites[2] = {rich_sites[0], rich_sites[0]};
	struct report r = rich_report;
	const struct flame_node *nodes;
	struct flame *f = NULL;
	size_t n = 0;

	sites[0].bytes = sites[1].bytes = UINT64_MAX - 1;
	r.sites = sites;
	r.n_sites = 2;
	CHECK_EQ(flame__new(&r, &f), 0);
	nodes = flame__nodes(f, &n);
	CHECK_EQ(n, 6);
	CHECK(nodes[0].bytes == UINT64_MAX && nodes[5].bytes == UINT64_MAX);
	flame__free(f);
}

static void check_json(const char *in, const char *expected)
{
	char *text = NULL;
	size_t size;
	struct jsonout j = {.out = open_memstream(&text, &size)};

	jsonout__string(&j, NULL, in);
	fclose(j.out);
	CHECK_STR(text, expected);
	free(text);
}

static void json_strings(void)
{
	check_json(NULL, "null");
	check_json("", "\"\"");
	check_json("a\"b\\c/", "\"a\\\"b\\\\c/\"");
	check_json("\x01\n\x7f", "\"\\u0001\\u000a\\u007f\"");
	check_json("</script>&", "\"\\u003c/script\\u003e\\u0026\"");
	check_json("größe 日本 \xf0\x9f\x98\x80", "\"größe 日本 \xf0\x9f\x98\x80\"");
	check_json("\xc4\xbc", "\"\xc4\xbc\"");			 /* U+013C: ends like '<' */
	check_json("\xe2\x80\xae", "\"\\u202e\"");		 /* override */
	check_json("\xf3\xa0\x80\x81", "\"\\udb40\\udc01\"");	 /* U+E0001, in two halves */
	check_json("a\xff\xc3", "\"a\\\\xff\\\\xc3\"");		 /* no UTF-8 */
	check_json("\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\""); /* half of a pair */
}

static void json_numbers(void)
{
	char *text = NULL;
	size_t size;
	struct jsonout j = {.out = open_memstream(&text, &size)};

	jsonout__begin(&j, NULL, '{');
	jsonout__u64(&j, "a", UINT64_MAX);
	jsonout__begin(&j, "b", '[');
	jsonout__i64(&j, NULL, INT64_MIN);
	jsonout__null(&j, NULL);
	jsonout__end(&j, ']');
	jsonout__bool(&j, "c", true);
	jsonout__address(&j, "d", UINT64_MAX);
	jsonout__end(&j, '}');
	fclose(j.out);
	CHECK_STR(text, "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,null],\"c\":true,"
			"\"d\":\"0xffffffffffffffff\"}");
	free(text);
}

/* --- files --- */

static char dir[] = "/tmp/memleak-test-formats.XXXXXX";

static char *in_dir(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", dir, name);
	return path;
}

static size_t count_files(void)
{
	char command[300];
	size_t n = 0;
	FILE *ls;
	int c;

	snprintf(command, sizeof(command), "ls -A %s", dir);
	ls = popen(command, "r");
	while (ls && (c = fgetc(ls)) != EOF)
		n += c == '\n';
	if (ls)
		pclose(ls);
	return n;
}

static int emit_half(FILE *out, const struct report *r, const struct render_opts *opts)
{
	(void)r;
	(void)opts;
	fputs("half of it", out);
	return -ENOSPC;
}

static void writes_files(void)
{
	char json[256], csv[256], half[256], text[32] = "";
	const struct renderer broken = {.name = "broken", .emit = emit_half};
	struct output outputs[] = {
		{&render_json, in_dir(json, "a.json")},
		{&broken, in_dir(half, "a.json")},
		{&render_csv, in_dir(csv, "a.csv")},
	};
	const struct output *bad = NULL;
	struct stat st = {0};
	FILE *f;

	umask(027);
	CHECK_EQ(output__check(outputs, 3, &bad), 0);
	CHECK_EQ(count_files(), 0); /* looking leaves nothing */
	CHECK_EQ(output__write(outputs, 3, &rich_report, NULL, &bad), -ENOSPC);
	CHECK(bad == &outputs[1]);
	CHECK_EQ(count_files(), 2);
	CHECK_EQ(stat(json, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	/* the one that failed has left what was there */
	f = fopen(json, "r");
	CHECK(f && fgets(text, sizeof(text), f) && !strncmp(text, "{\"schema\":", 10));
	if (f)
		fclose(f);
	CHECK_EQ(stat(csv, &st), 0);
	CHECK(st.st_size > 0);
}

static void refuses_files(void)
{
	char path[256];
	struct output output = {&render_json, in_dir(path, "no/such")};
	const struct output *bad = NULL;

	CHECK_EQ(output__check(&output, 1, &bad), -ENOENT);
	CHECK(bad == &output);
	CHECK_EQ(output__write(&output, 1, &rich_report, NULL, &bad), -ENOENT);
	output.path = dir;
	CHECK_EQ(output__check(&output, 1, &bad), -EISDIR);
	CHECK_EQ(output__write(&output, 1, &rich_report, NULL, &bad), -EISDIR);
	output.path = "";
	CHECK(output__check(&output, 1, &bad) < 0);
	/* a device stays one */
	output.path = "/dev/null";
	CHECK_EQ(output__check(&output, 1, &bad), 0);
	CHECK_EQ(output__write(&output, 1, &rich_report, NULL, &bad), 0);
	CHECK(access("/dev/null", W_OK) == 0);
}

int main(void)
{
	char command[300];

	setenv("TZ", "UTC", 1);
	if (!mkdtemp(dir))
		return 1;
	RUN(same_as_golden);
	RUN(empty_and_full);
	RUN(far_times);
	RUN(folded_lines);
	RUN(flame_tree);
	RUN(flame_saturates);
	RUN(json_strings);
	RUN(json_numbers);
	RUN(writes_files);
	RUN(refuses_files);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || check_done();
}
