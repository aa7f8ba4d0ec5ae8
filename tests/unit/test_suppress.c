/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suppressions of LeakSanitizer and Valgrind: what they match, in a report of known stacks. */
#include "check.h"
#include "gate_report.h"

#include <errno.h>
#include <stdlib.h>

#include "gate/pattern.h"
#include "gate/suppress.h"

/* --- patterns --- */

static void check_pattern(const char *lsan, const char *text, bool wanted)
{
	char *pattern = pattern__from_lsan(lsan, strlen(lsan));
	bool got = pattern__matches(pattern, text, PATTERN_LSAN);

	if (got != wanted)
		printf("  leak:%s and %s\n", lsan, text);
	CHECK_EQ(got, wanted);
	free(pattern);
}

static void lsan_patterns(void)
{
	check_pattern("foo", "foo", true);
	check_pattern("foo", "a_foo_b", true);
	check_pattern("foo", "fo", false);
	check_pattern("^foo", "foo_b", true);
	check_pattern("^foo", "a_foo", false);
	check_pattern("foo$", "a_foo", true);
	check_pattern("foo$", "foo_b", false);
	check_pattern("foo$", "foofoo", true);
	check_pattern("^foo$", "foo", true);
	check_pattern("^foo$", "foofoo", false);
	check_pattern("f*o", "a_f_x_o_b", true);
	check_pattern("^f*o$", "f_x_o", true);
	check_pattern("^f*o$", "f_x_o_", false);
	check_pattern("^*foo", "a_foo", true);
	check_pattern("*", "anything", true);
	check_pattern("a*b*c", "a.c.b", false);
	check_pattern("a*b*c", "a.b.b.c", true);
	check_pattern("a.c", "abc", false); /* no regular expressions */
	check_pattern("a?c", "abc", false);
	check_pattern("a\\c", "a\\c", true);
	check_pattern("foo$bar", "a_foo", true); /* the end, wherever it stands */
	check_pattern("foo^", "foo^", true);	 /* and this only at the beginning */
	check_pattern("operator new[](", "operator new[](unsigned long)", true);
}

static void check_glob(const char *pattern, const char *text, bool wanted)
{
	bool got = pattern__matches(pattern, text, PATTERN_VALGRIND);

	if (got != wanted)
		printf("  %s and %s\n", pattern, text);
	CHECK_EQ(got, wanted);
}

static void valgrind_patterns(void)
{
	check_glob("foo", "foo", true);
	check_glob("foo", "foo_b", false);
	check_glob("foo", "a_foo", false);
	check_glob("f?o", "fxo", true);
	check_glob("f?o", "fo", false);
	check_glob("*foo*", "a_foo_b", true);
	check_glob("*", "", true);
	check_glob("?", "", false);
	check_glob("", "", true);
	check_glob("", "a", false);
	check_glob("a\\*b", "a*b", true);
	check_glob("a\\*b", "axb", false);
	check_glob("a\\?b", "axb", false);
	check_glob("a\\", "a\\", true);
	check_glob("**a**", "a", true);
	check_glob("*aab", "aaab", true);
	check_glob("*?b", "b", false);
}

/* A pattern that was made to take long takes no longer than both lengths multiplied. */
static void patterns_are_quick(void)
{
	char pattern[2001], text[10001];
	size_t i;

	for (i = 0; i < 1000; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	pattern[2000] = '\0';
	pattern[1999] = 'b';
	memset(text, 'a', 10000);
	text[10000] = '\0';
	for (i = 0; i < 20; i++)
		CHECK(!pattern__matches(pattern, text, PATTERN_VALGRIND));
}

/* --- files --- */

/* What a text suppresses of each site: its bytes and blocks. */
struct wanted {
	uint64_t bytes[GATE_SITES], count[GATE_SITES];
};

static int apply(const char *text, bool judged, struct report *r,
		 struct report_site sites[GATE_SITES], struct suppressions **out)
{
	struct suppressions *s = suppressions__new();
	struct suppress_error error = {0};
	int err, i;

	*r = gate_report(sites);
	if (judged)
		gate_report__judge(r);
	err = suppressions__parse(s, "s.txt", text, strlen(text), &error);
	if (err)
		printf("  line %u: %s\n", error.line, error.text);
	for (i = 0; i < GATE_SITES; i++)
		suppressions__mark(s, r, &sites[i]);
	*out = s;
	return err;
}

static void check(const char *text, bool judged, const struct wanted *w)
{
	struct report_site sites[GATE_SITES];
	struct suppressions *s;
	struct report r;
	int i;

	CHECK_EQ(apply(text, judged, &r, sites, &s), 0);
	for (i = 0; i < GATE_SITES; i++) {
		if (sites[i].suppressed.bytes != w->bytes[i] ||
		    sites[i].suppressed.count != w->count[i])
			printf("  %s: site %d\n", text, i);
		CHECK_EQ(sites[i].suppressed.bytes, w->bytes[i]);
		CHECK_EQ(sites[i].suppressed.count, w->count[i]);
	}
	suppressions__free(s);
}

/* Sites by letters: those of gate_report that are suppressed, all of what they hold. */
static void suppresses(const char *text, const char *which)
{
	struct wanted w = {0};
	int i;

	for (i = 0; i < GATE_SITES; i++) {
		if (!strchr(which, "cnpe"[i]))
			continue;
		w.bytes[i] = gate_sites[i].bytes;
		w.count[i] = gate_sites[i].count;
	}
	check(text, false, &w);
}

static void lsan_files(void)
{
	suppresses("leak:parse_config", "c");
	suppresses("# a comment\n\n  leak:parse_config  \r\n", "c");
	suppresses("leak:main", "cnpe");
	suppresses("leak:^main$", "cnpe");
	suppresses("leak:cache.cc", "n");	      /* a source file */
	suppresses("leak:/src/service/*.c$", "cnpe"); /* by its whole path: main.c, too */
	suppresses("leak:libplugin.so", "p");	      /* an object */
	suppresses("leak:/opt/service/lib/", "p");
	suppresses("leak:Cache::add", "n"); /* readable names */
	suppresses("leak:^Cache::add(int)$", "n");
	suppresses("leak:new_allocator.h", "n"); /* inlined */
	suppresses("leak:operator new", "n");
	suppresses("leak:malloc", ""); /* the allocator is no frame of ours */
	suppresses("leak:empty\nleak:strdup", "pe");
	suppresses("leak:nothing", "");
	suppresses("", "");
}

#define LEAK(frames) "{\n name\n Memcheck:Leak\n" frames "}\n"

static void valgrind_files(void)
{
	suppresses(LEAK("fun:malloc\nfun:parse_config\n"), "c");
	suppresses(LEAK(" fun:malloc\n\tfun:parse_config \n fun:main\n"), "c");
	suppresses(LEAK("fun:malloc\nfun:main\n"), ""); /* no frame may be left out */
	suppresses(LEAK("fun:parse_config\n"), "");	/* nor the innermost */
	suppresses(LEAK("...\nfun:main\n"), "cnpe");
	suppresses(LEAK("...\nfun:main\nfun:further_out\n"), "");
	suppresses(LEAK("fun:malloc\n...\n"), "cpe");
	suppresses(LEAK("fun:*\n"), "cnpe");
	suppresses(LEAK("fun:*alloc\nfun:strdup\nobj:*/libplugin.so\n"), "p");
	suppresses(LEAK("fun:malloc\nobj:/usr/lib/libc.so.6\n...\nobj:/opt/*\n"), "p");
	suppresses(LEAK("obj:*vgpreload_memcheck*\nfun:empty\n"), "e");
	suppresses(LEAK("fun:malloc\nsrc:config.c:31\n"), "c");
	suppresses(LEAK("fun:malloc\nsrc:config.c:32\n"), "");
	suppresses(LEAK("fun:malloc\nsrc:config.c\n"), "c");
	suppresses(LEAK("fun:malloc\nsrc:*.c\n"), "ce");
	suppresses(LEAK("...\nsrc:main.c:90\n"), "cnpe");
	suppresses(LEAK("...\nfun:str*\n...\nfun:main\n"), "p");
	/* "..." is tried at each depth */
	suppresses(LEAK("...\nfun:*\nfun:main\n"), "cnpe");
	suppresses(LEAK("...\n...\nfun:plugin_init\n...\n...\n"), "p");
	suppresses(LEAK("...\nfun:Cache*\n"), "n");
	suppresses(LEAK("fun:malloc\nfun:???\n"), "");
}

/* operator new is memcheck's own, and its name is mangled. */
static void mangled(void)
{
	suppresses(LEAK("fun:_Znwm\n...\nfun:_ZN5Cache3addEi\n"), "n");
	suppresses(LEAK("fun:_Znwm\nfun:_ZNSaIiE8allocateEm\nfun:_ZN5Cache3addEi\nfun:main\n"),
		   "n");
	suppresses(LEAK("fun:_Znam\n...\nfun:_ZN5Cache3addEi\n"), "");
	suppresses(LEAK("fun:_Znwm\n...\nfun:_ZN5Cache3addEl\n"), "");
	suppresses(LEAK("fun:malloc\n...\nfun:_ZN5Cache3addEi\n"), "");
	/* a star of the name is no wildcard: Cache::get(char*) is not Cache::get(character) */
	suppresses(LEAK("...\nfun:_ZN5Cache3addEPc\n"), "");
}

/* Where an allocator has entry points of C++ itself. */
static void entry_is_new(void)
{
	static const char text[] = LEAK("fun:_Znwm\nfun:parse_config\n");
	struct report_site sites[GATE_SITES];
	struct suppressions *s = suppressions__new();
	struct suppress_error error;
	struct report r = gate_report(sites);

	sites[0].entry = "_Znwm";
	CHECK_EQ(suppressions__parse(s, "s", text, strlen(text), &error), 0);
	CHECK_EQ(suppressions__mark(s, &r, &sites[0]), 0);
	CHECK_EQ(sites[0].suppressed.bytes, 6000);
	suppressions__free(s);
}

/* Of a stack only the blocks of some kinds, where these are known. */
static void kinds(void)
{
	static const struct wanted all = {{6000, 2000, 500, 0}, {3, 20, 5, 2}},
				   definite = {{4000, 0, 0, 0}, {2, 0, 0, 2}},
				   lost = {{4000, 0, 500, 0}, {2, 0, 5, 2}},
				   reachable = {{2000, 2000, 0, 0}, {1, 20, 0, 0}},
				   none = {{0}, {0}};
#define KIND(k) LEAK("match-leak-kinds: " k "\n...\nfun:main\n")

	check(KIND("definite"), true, &definite);
	check(KIND("definite,indirect"), true, &lost);
	check(KIND("reachable"), true, &reachable);
	check(KIND("possible"), true, &none);
	check(KIND("all"), true, &all);
	check(KIND("none"), true, &none);
	check(LEAK("...\nfun:main\n"), true, &all);
	check("leak:main", true, &all);
	/* nobody knows which they are */
	check(KIND("definite"), false, &all);
	check(KIND("reachable"), false, &all);
	/* a block falls under the first */
	check(KIND("definite, indirect") "leak:main", true, &all);
}

/* What is counted for each entry, and which one a site names. */
static void counts(void)
{
	static const char text[] =
		"leak:unused\n" KIND("definite") "leak:parse_config\nleak:main\n"
						 "{\n x\n Memcheck:Cond\n fun:main\n}\n"
						 "{\n y\n Helgrind:Race\n ...\n}\n"
						 "{\n z\n Helgrind,Memcheck:Leak\n fun:nobody\n}\n";
	struct report_site sites[GATE_SITES];
	struct report_gate g = {0};
	struct suppressions *s;
	struct report r;
	int i;

	CHECK_EQ(apply(text, true, &r, sites, &s), 0);
	CHECK_EQ(suppressions__list(s, &g), 0);
	CHECK_EQ(g.n_suppressions, 5);
	CHECK_EQ(g.skipped, 2);
	if (g.n_suppressions == 5) {
		static const struct report_suppression wanted[] = {
			{(char *)"leak:unused", NULL, 1, 0, 0, 0},
			{(char *)"name", NULL, 2, 4000, 4, 2},
			{(char *)"leak:parse_config", NULL, 9, 2000, 1, 1},
			{(char *)"leak:main", NULL, 10, 2500, 25, 2},
			{(char *)"z", NULL, 21, 0, 0, 0},
		};

		for (i = 0; i < 5; i++) {
			CHECK_STR(g.suppressions[i].entry, wanted[i].entry);
			CHECK_STR(g.suppressions[i].file, "s.txt");
			CHECK_EQ(g.suppressions[i].line, wanted[i].line);
			CHECK_EQ(g.suppressions[i].bytes, wanted[i].bytes);
			CHECK_EQ(g.suppressions[i].count, wanted[i].count);
			CHECK_EQ(g.suppressions[i].sites, wanted[i].sites);
		}
	}
	CHECK_EQ(sites[0].suppressor, 2);
	CHECK_EQ(sites[1].suppressor, 4);
	CHECK_EQ(sites[2].suppressor, 4);
	CHECK_EQ(sites[3].suppressor, 2);
	report_gate__clear(&g);
	suppressions__reset(s);
	CHECK_EQ(suppressions__list(s, &g), 0);
	CHECK(g.n_suppressions == 5 && !g.suppressions[3].bytes && !g.suppressions[3].sites);
	report_gate__clear(&g);
	suppressions__free(s);
}

/* A stack that was lost falls under nothing that names a frame. */
static void no_frames(void)
{
	struct report_site site = {.bytes = 10, .count = 1, .entry = "malloc", .stack_lost = true};
	struct suppressions *s = suppressions__new();
	struct suppress_error error;
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);
	static const char text[] = "leak:*\n" LEAK("fun:malloc\nfun:*\n");

	CHECK_EQ(suppressions__parse(s, "s", text, strlen(text), &error), 0);
	suppressions__mark(s, &r, &site);
	CHECK_EQ(site.suppressed.count, 0);
	CHECK_EQ(suppressions__parse(s, "s", LEAK("...\n"), strlen(LEAK("...\n")), &error), 0);
	suppressions__mark(s, &r, &site);
	CHECK_EQ(site.suppressed.count, 1);
	suppressions__free(s);
}

static void refuses(const char *text, unsigned int line, const char *words)
{
	struct suppressions *s = suppressions__new();
	struct suppress_error error = {0};

	CHECK_EQ(suppressions__parse(s, "s", text, strlen(text), &error), -EINVAL);
	if (error.line != line || !strstr(error.text, words)) {
		printf("  '%s': line %u: %s\n", text, error.line, error.text);
		CHECK(!"the error is at its line, and says what to do");
	}
	suppressions__free(s);
}

static void errors(void)
{
	struct suppressions *s = suppressions__new();
	struct suppress_error error = {0};

	refuses("leak:a\nrace:b\n", 2, "expected leak:PATTERN");
	refuses("leak:\n", 1, "leak:*");
	refuses("\n\nLeak:a", 3, "expected leak:PATTERN");
	refuses("{\n", 1, "not closed");
	refuses("leak:a\n{\nname\nMemcheck:Leak\nfun:malloc\n", 2, "not closed");
	refuses("{\nname\nMemcheck:Cond\nfun:malloc\n", 1, "not closed");
	refuses("{\n}\n", 2, "without a name");
	refuses("{\nname\n}\n", 3, "without a kind");
	refuses(LEAK(""), 4, "without frames");
	refuses(LEAK("malloc\n"), 4, "expected fun:NAME");
	refuses(LEAK("fun:\n"), 4, "expected fun:NAME");
	refuses(LEAK("fun:a\nmatch-leak-kinds: all\n"), 5, "expected fun:NAME");
	refuses(LEAK("match-leak-kinds: lost\nfun:a\n"), 4, "definite, indirect");
	refuses(LEAK("src:a.c:\n"), 4, "src:FILE:LINE");
	refuses(LEAK("src:a.c:0\n"), 4, "src:FILE:LINE");
	refuses(LEAK("src:a.c:12x\n"), 4, "src:FILE:LINE");
	refuses(LEAK("src:a.c:99999999999999\n"), 4, "src:FILE:LINE");
	CHECK_EQ(suppressions__parse(s, "s", "leak:a\0b", 8, &error), -EINVAL);
	CHECK_EQ(suppressions__read(s, "/nonexistent/file", &error), -ENOENT);
	CHECK_EQ(suppressions__read(s, "/", &error), -EISDIR);
	CHECK_EQ(suppressions__read(s, "/dev/zero", &error), -EFBIG);
	suppressions__free(s);
	suppressions__free(NULL);
}

/* Many entries, as a table that grows has them. */
static void many(void)
{
	struct report_site sites[GATE_SITES];
	struct suppressions *s;
	struct report_gate g = {0};
	struct report r;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	for (i = 0; i < 1000; i++)
		fprintf(out, "leak:nothing%d\n" LEAK("fun:n%d\nfun:a\nfun:b\nfun:c\nfun:d\n"), i,
			i);
	fputs("leak:empty\n", out);
	fclose(out);
	CHECK_EQ(apply(text, false, &r, sites, &s), 0);
	CHECK_EQ(sites[3].suppressor, 2001);
	CHECK_EQ(suppressions__list(s, &g), 0);
	CHECK_EQ(g.n_suppressions, 2001);
	report_gate__clear(&g);
	suppressions__free(s);
	free(text);
}

int main(void)
{
	RUN(lsan_patterns);
	RUN(valgrind_patterns);
	RUN(patterns_are_quick);
	RUN(lsan_files);
	RUN(valgrind_files);
	RUN(mangled);
	RUN(entry_is_new);
	RUN(kinds);
	RUN(counts);
	RUN(no_frames);
	RUN(errors);
	RUN(many);
	return check_done();
}
