/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_symbolizer - names, lines and inlined calls: of programs built here whose truth is known,
 * and of every instruction of them against binutils and LLVM.
 */
#include "sym/symbolizer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "elf/elfimg.h"

#if defined(__aarch64__)
#define LIBC_PATH "/lib/aarch64-linux-gnu/libc.so.6"
#else
#define LIBC_PATH "/lib/x86_64-linux-gnu/libc.so.6"
#endif

static char dir[] = "/tmp/test_symbolizer.XXXXXX";

/* Run shell commands inside dir; false when one failed. */
static bool sh(const char *script)
{
	char *cmd = NULL;
	bool ok = asprintf(&cmd, "cd %s && exec >/dev/null 2>&1 </dev/null && %s", dir, script) >
			  0 &&
		  system(cmd) == 0;

	free(cmd);
	return ok;
}

/* Output of shell commands run inside dir. */
static FILE *sh_read(const char *script)
{
	char *cmd = NULL;
	FILE *f = NULL;

	if (asprintf(&cmd, "cd %s && { %s; } 2>/dev/null </dev/null", dir, script) > 0)
		f = popen(cmd, "r");
	free(cmd);
	return f;
}

static bool write_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f)
		return false;
	fputs(text, f);
	return fclose(f) == 0;
}

static struct elfimg *open_image(const char *path)
{
	struct elfimg *img = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || elfimg__open(fd, path, &img))
		img = NULL;
	if (fd >= 0)
		close(fd);
	return img;
}

static struct elfimg *open_in_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open_image(path);
}

static const struct symbolizer_opts demangled = {.demangle = true};
static const struct symbolizer_opts raw;

/*
 * The program prints where its calls of probe() return to; the lines are given by #line. Built
 * without PIE, so that addresses are those of the file.
 */
static const char known_c[] =
	"#include <stdio.h>\n"
	"__attribute__((noinline)) void probe(const char *what) {\n"
	"	printf(\"%s %lx\\n\", what, (unsigned long)__builtin_return_address(0) - 1);\n"
	"}\n"
	"static inline __attribute__((always_inline)) void two(void) {\n"
	"#line 100 \"dir/two.h\"\n"
	"	probe(\"two\");\n"
	"	__asm__ volatile(\"\");\n"
	"}\n"
	"static inline __attribute__((always_inline)) void one(void) {\n"
	"#line 200 \"dir/one.h\"\n"
	"	two();\n"
	"	__asm__ volatile(\"\");\n"
	"}\n"
	"__attribute__((noinline)) void real(void) {\n"
	"#line 300 \"known.c\"\n"
	"	one();\n"
	"#line 310\n"
	"	probe(\"real\");\n"
	"#line 320\n"
	"	{ if (stdout) { one(); } }\n"
	"	__asm__ volatile(\"\");\n"
	"}\n"
	"int main(void) {\n"
	"#line 400\n"
	"	real();\n"
	"	printf(\"start %lx\\n\", (unsigned long)real);\n"
	"	return 0;\n"
	"}\n";

struct known {
	unsigned long two, real, two_again, start;
};

static bool build_known(const char *compiler, const char *flags, struct known *k)
{
	char *cmd = NULL;
	bool ok;
	FILE *f;

	ok = write_file("known.c", known_c) &&
	     asprintf(&cmd, "%s -O2 -no-pie -fno-pie %s known.c -o known", compiler, flags) > 0 &&
	     sh(cmd);
	free(cmd);
	if (!ok)
		return false;
	f = sh_read("./known");
	ok = f && fscanf(f, " two %lx real %lx two %lx start %lx", &k->two, &k->real, &k->two_again,
			 &k->start) == 4;
	if (f)
		pclose(f);
	return ok;
}

static void check_frame(const struct sym_frame *f, const char *function, const char *file, int line,
			bool inlined, uint64_t offset)
{
	CHECK_STR(f->function, function);
	CHECK_STR(f->file, file);
	CHECK(f->path && strlen(f->path) >= strlen(file) &&
	      !strcmp(f->path + strlen(f->path) - strlen(file), file));
	CHECK_EQ(f->line, line);
	CHECK_EQ(f->inlined, inlined);
	CHECK_EQ(f->offset, offset);
}

static void check_known(const struct known *k)
{
	struct elfimg *img = open_in_dir("known");
	struct symbolizer *s = symbolizer__new(&raw);
	const struct sym_frame *f, *again;
	size_t n;

	CHECK(img && s);
	if (!img || !s)
		goto cleanup;
	CHECK_EQ(symbolizer__resolve(s, img, k->two, &f, &n), 0);
	CHECK_EQ(n, 3);
	if (n == 3) {
		check_frame(&f[0], "two", "two.h", 100, true, 0);
		check_frame(&f[1], "one", "one.h", 200, true, 0);
		check_frame(&f[2], "real", "known.c", 300, false, k->two - k->start);
	}
	CHECK_EQ(symbolizer__resolve(s, img, k->real, &f, &n), 0);
	CHECK_EQ(n, 1);
	check_frame(&f[0], "real", "known.c", 310, false, k->real - k->start);
	CHECK_EQ(symbolizer__resolve(s, img, k->real, &again, &n), 0);
	CHECK(again == f); /* cached */
	CHECK_EQ(symbolizer__resolve(s, img, k->two_again, &f, &n), 0);
	CHECK_EQ(n, 3);
	if (n == 3)
		check_frame(&f[2], "real", "known.c", 320, false, k->two_again - k->start);
	CHECK_EQ(symbolizer__resolve(s, img, k->start, &f, &n), 0);
	CHECK_STR(f[n - 1].function, "real");
	CHECK_EQ(f[n - 1].offset, 0);

cleanup:
	symbolizer__free(s);
	elfimg__free(img);
}

static void inlined_calls_of_gcc(void)
{
	static const char *const flags[] = {"-g", "-g -gdwarf-4", "-g1", "-g -gz=zlib", "-g -flto"};
	struct known k;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!build_known("cc", flags[i], &k)) {
			SKIP("no cc");
			return;
		}
		check_known(&k);
	}
}

/* No .debug_aranges there. */
static void inlined_calls_of_clang(void)
{
	static const char *const flags[] = {"-g", "-g -gdwarf-4", "-gline-tables-only"};
	struct known k;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!build_known("clang", flags[i], &k)) {
			SKIP("no clang");
			return;
		}
		check_known(&k);
	}
}

static void separate_debug_file(void)
{
	struct known k;

	if (!build_known("cc", "-g", &k) ||
	    !sh("objcopy --only-keep-debug known known.debug && strip known && "
		"objcopy --add-gnu-debuglink=known.debug known")) {
		SKIP("no cc or objcopy");
		return;
	}
	check_known(&k);
	CHECK(sh("rm known.debug"));
}

static void dwarf_moved_by_dwz(void)
{
	struct known k;

	if (!build_known("cc", "-g", &k) || !sh("dwz --version")) {
		SKIP("no dwz");
		return;
	}
	CHECK(sh("cp known a && cp known b && dwz -m common a b && mv a known"));
	check_known(&k);
	/* Without the other file: a FIFO must not be waited for, and the symbols are still there.
	 */
	CHECK(sh("rm common && mkfifo common"));
	alarm(20);
	{
		struct elfimg *img = open_in_dir("known");
		struct symbolizer *s = symbolizer__new(&raw);
		const struct sym_frame *f;
		size_t n;

		CHECK(img && s && !symbolizer__resolve(s, img, k.two, &f, &n));
		if (img && s) {
			CHECK_STR(f[n - 1].function, "real");
			CHECK_STR(f[n - 1].file, "known.c");
			CHECK_EQ(f[n - 1].line, 300);
		}
		symbolizer__free(s);
		elfimg__free(img);
	}
	alarm(0);
}

static void without_symbols_dwarf_names_the_function(void)
{
	struct known k;

	if (!build_known("cc", "-g", &k) ||
	    !sh("strip --strip-all --keep-section='.debug_*' known")) {
		SKIP("no cc or strip");
		return;
	}
	check_known(&k);
}

static void without_anything_there_is_one_frame(void)
{
	struct elfimg *img;
	struct symbolizer *s;
	const struct sym_frame *f;
	struct known k;
	size_t n = 0;

	if (!build_known("cc", "", &k)) {
		SKIP("no cc");
		return;
	}
	img = open_in_dir("known");
	s = symbolizer__new(&raw);
	CHECK(img && s && !symbolizer__resolve(s, img, k.two, &f, &n)); /* symbols, no DWARF */
	CHECK_EQ(n, 1);
	if (n == 1) {
		CHECK_STR(f->function, "real");
		CHECK_EQ(f->offset, k.two - k.start);
		CHECK(!f->file && !f->path && !f->line && !f->inlined);
	}
	symbolizer__free(s);
	elfimg__free(img);

	n = 0;
	CHECK(sh("strip known"));
	img = open_in_dir("known");
	s = symbolizer__new(&raw);
	CHECK(img && s && !symbolizer__resolve(s, img, k.two, &f, &n));
	CHECK_EQ(n, 1);
	if (n == 1)
		CHECK(!f->function && !f->file && !f->path && !f->line && !f->offset);
	CHECK(img && s && !symbolizer__resolve(s, img, UINT64_MAX, &f, &n) && n == 1);
	CHECK(img && s && !symbolizer__resolve(s, img, 0, &f, &n) && n == 1);
	symbolizer__free(s);
	elfimg__free(img);
}

/* Terminals act on control characters. */
static void names_are_printable(void)
{
	struct elfimg *img;
	struct symbolizer *s;
	const struct sym_frame *f;
	struct known k;
	size_t n;

	if (!build_known("cc", "", &k) ||
	    !sh("printf 'real \\033[31mreal\\n' > names && objcopy --redefine-syms=names known")) {
		SKIP("no cc or objcopy");
		return;
	}
	img = open_in_dir("known");
	s = symbolizer__new(&raw);
	CHECK(img && s && !symbolizer__resolve(s, img, k.two, &f, &n));
	if (img && s)
		CHECK_STR(f[0].function, "?[31mreal");
	symbolizer__free(s);
	elfimg__free(img);
}

/* libdw would read on behind such a section: its DWARF is not used, the symbols are. */
static void unterminated_strings_are_refused(void)
{
	struct elfimg *img;
	struct symbolizer *s;
	const struct sym_frame *f;
	struct known k;
	size_t n = 0;

	if (!build_known("cc", "-g -gdwarf-5", &k) ||
	    !sh("objcopy --dump-section .debug_line_str=strings known && printf x >> strings && "
		"objcopy --update-section .debug_line_str=strings known")) {
		SKIP("no cc or objcopy");
		return;
	}
	img = open_in_dir("known");
	s = symbolizer__new(&raw);
	CHECK(img && s && !symbolizer__resolve(s, img, k.two, &f, &n));
	CHECK_EQ(n, 1);
	if (n == 1) {
		CHECK_STR(f[0].function, "real");
		CHECK(!f[0].path);
	}
	symbolizer__free(s);
	elfimg__free(img);
}

/* GNU C: the nested function is described inside of the other one. */
static void nested_functions(void)
{
	struct elfimg *img;
	struct symbolizer *s;
	const struct sym_frame *f;
	unsigned long addr = 0;
	size_t n;
	FILE *p;

	if (!write_file(
		    "nest.c",
		    "#include <stdio.h>\n"
		    "int main(int argc, char **argv) {\n"
		    "	__attribute__((noinline)) void inside(void) {\n"
		    "#line 50\n"
		    "		printf(\"%lx\\n\", (unsigned long)__builtin_return_address(0));\n"
		    "		here: printf(\"%p%d%p\\n\", &&here, argc, argv);\n"
		    "	}\n"
		    "	inside(); return 0; }\n") ||
	    !sh("gcc -g -O1 -no-pie -fno-pie nest.c -o nest && "
		"strip --strip-all --keep-section='.debug_*' nest -o nest.s")) {
		SKIP("no gcc");
		return;
	}
	p = sh_read("nm nest | sed -n 's/^\\([0-9a-f]*\\) t inside.*/\\1/p'");
	CHECK(p && fscanf(p, "%lx", &addr) == 1);
	if (p)
		pclose(p);
	img = open_in_dir("nest.s");
	s = symbolizer__new(&raw);
	CHECK(img && s && !symbolizer__resolve(s, img, addr + 1, &f, &n));
	if (img && s) {
		CHECK_STR(f[n - 1].function, "inside");
		CHECK_EQ(f[n - 1].offset, 1);
	}
	symbolizer__free(s);
	elfimg__free(img);
}

static const char judged_cc[] =
	"#include <algorithm>\n#include <cstdio>\n#include <cstdlib>\n#include <map>\n"
	"#include <string>\n#include <vector>\n"
	"namespace outer { namespace inner {\n"
	"static inline __attribute__((always_inline)) void *leaf(size_t n) { return malloc(n); }\n"
	"struct Box { int v; std::vector<int> d; Box(int x) : v(x), d(x) {}\n"
	"	int twice() const { return v * 2 + (int)d.size(); } };\n"
	"template <typename T> inline T pick(T a, T b) {\n"
	"	if (a < b) { void *p = leaf(10); if (!p) abort(); return b; }\n	return a;\n}\n"
	"}}\n"
	"static int order(std::vector<std::string> &v) {\n"
	"	std::sort(v.begin(), v.end(), [](const std::string &a, const std::string &b) {\n"
	"		return a.size() < b.size(); });\n"
	"	return (int)v.size();\n}\n"
	"int main(int argc, char **argv) {\n"
	"	std::map<std::string, outer::inner::Box> m;\n"
	"	std::vector<std::string> v;\n"
	"	for (int i = 0; i < argc; i++) {\n"
	"		m.emplace(argv[i], outer::inner::Box(i)); v.push_back(argv[i]); }\n"
	"	auto f = [&](int k) { for (auto &e : m)\n"
	"		printf(\"%s %d\\n\", e.first.c_str(), e.second.twice() +\n"
	"			outer::inner::pick(k, argc)); };\n"
	"	f(3);\n"
	"	try { f(order(v)); throw 3; } catch (int e) { return e; }\n"
	"}\n";

struct tally {
	unsigned long addresses, frames, inlined, differing;
};

/*
 * Compare the lines of all frames with those that "addr2line -a -i -f" printed for the addresses:
 * "0xADDR" and then two lines for each frame. Only where DWARF has a line: what the judges make up
 * from .symtab alone is not ours to match.
 */
static void compare(struct symbolizer *s, struct elfimg *img, FILE *judge, struct tally *t)
{
	char text[8192], lines[8192];
	uint64_t addr = 0;
	bool more = fgets(text, sizeof(text), judge) != NULL;

	while (more) {
		const struct sym_frame *f;
		size_t n, at = 0, their = 0;
		char ours[8192];
		bool known = false;

		addr = strtoull(text, NULL, 16);
		lines[0] = '\0';
		while ((more = fgets(text, sizeof(text), judge) != NULL) &&
		       strncmp(text, "0x", 2)) {
			char *base, *end;

			if (!fgets(text, sizeof(text), judge)) /* that was the name */
				break;
			end = strstr(text, " (disc");
			if (end)
				*end = '\0';
			text[strcspn(text, "\n")] = '\0';
			base = strrchr(text, '/');
			base = base ? base + 1 : text;
			end = strrchr(base, ':');
			if (end && end[1] == '?') /* binutils for line 0 */
				end[1] = '0';
			known |= end && end[1] > '0' && end[1] <= '9';
			their += (size_t)snprintf(lines + their, sizeof(lines) - their, "%s ",
						  base);
		}
		CHECK_EQ(symbolizer__resolve(s, img, addr, &f, &n), 0);
		if (!known || !f[n - 1].function)
			continue;
		for (size_t i = 0; i < n; i++)
			at += (size_t)snprintf(ours + at, sizeof(ours) - at, "%s:%d ",
					       f[i].file ? f[i].file : "??", f[i].line);
		t->addresses++;
		t->frames += n;
		t->inlined += n > 1;
		if (strcmp(ours, lines) && t->differing++ < 3)
			printf("  0x%llx\n    ours   %s\n    theirs %s\n", (unsigned long long)addr,
			       ours, lines);
	}
}

static void judge_program(const char *compile, const char *judge, const char *missing)
{
	char cmd[512];
	struct tally t = {0};
	struct elfimg *img;
	struct symbolizer *s;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "%s judged.cc -o judged && which %s objdump", compile, judge);
	if (!write_file("judged.cc", judged_cc) || !sh(cmd)) {
		SKIP(missing);
		return;
	}
	snprintf(cmd, sizeof(cmd),
		 "objdump -d judged | sed -n 's/^ *\\([0-9a-f]*\\):\\t.*/\\1/p' | "
		 "%s -a -i -f -e judged",
		 judge);
	img = open_in_dir("judged");
	s = symbolizer__new(&demangled);
	f = sh_read(cmd);
	CHECK(img && s && f);
	if (img && s && f)
		compare(s, img, f, &t);
	CHECK(t.addresses > 1000);
	CHECK(t.inlined > 300);
	CHECK_EQ(t.differing, 0);
	if (f)
		pclose(f);
	symbolizer__free(s);
	elfimg__free(img);
}

static void every_instruction_of_gcc_as_binutils(void)
{
	judge_program("g++ -O2 -g", "addr2line", "no g++ or binutils");
}

static void every_instruction_of_clang_as_llvm(void)
{
	judge_program("clang++ -O2 -g", "llvm-addr2line", "no clang++ or llvm-addr2line");
}

static void demangles_when_asked(void)
{
	static const char *const expected[] = {"_ZN2ns4leakEi", "ns::leak(int)"};
	struct elfimg *img;
	unsigned long addr = 0;
	FILE *p;

	if (!write_file("name.cc", "namespace ns { __attribute__((noinline)) int leak(int x) "
				   "{ return x; } } int main() { return ns::leak(0); }\n") ||
	    !sh("g++ -O1 -no-pie -fno-pie name.cc -o name")) {
		SKIP("no g++");
		return;
	}
	p = sh_read("nm name | sed -n 's/ T _ZN2ns4leakEi$//p'");
	CHECK(p && fscanf(p, "%lx", &addr) == 1);
	if (p)
		pclose(p);
	img = open_in_dir("name");
	for (int i = 0; i < 2 && img; i++) {
		struct symbolizer *s = symbolizer__new(i ? &demangled : &raw);
		const struct sym_frame *f;
		size_t n;

		CHECK(s && !symbolizer__resolve(s, img, addr, &f, &n));
		if (s)
			CHECK_STR(f[0].function, expected[i]);
		symbolizer__free(s);
	}
	CHECK(img != NULL);
	elfimg__free(img);
}

static int find_malloc(const struct elf_sym *sym, void *arg)
{
	if (!sym->is_dynamic || !sym->is_defined || strcmp(sym->name, "malloc"))
		return 0;
	*(uint64_t *)arg = sym->vaddr;
	return 1;
}

static void libc_with_its_debug_package(void)
{
	struct elfimg *img = open_image(LIBC_PATH);
	struct symbolizer *s = symbolizer__new(&demangled);
	const struct sym_frame *f;
	uint64_t addr = 0;
	size_t n;

	if (!img || elfimg__for_each_sym(img, find_malloc, &addr) != 1) {
		SKIP("no glibc at " LIBC_PATH);
		goto cleanup;
	}
	CHECK_EQ(symbolizer__resolve(s, img, addr + 4, &f, &n), 0);
	CHECK_STR(f[n - 1].function, "malloc");
	CHECK_EQ(f[n - 1].offset, 4);
	if (!f[n - 1].file) {
		SKIP("no debug information for libc");
		goto cleanup;
	}
	CHECK_STR(f[n - 1].file, "malloc.c");
	CHECK(f[n - 1].line > 3000 && f[n - 1].line < 4000); /* 3281 in glibc 2.36 */

cleanup:
	symbolizer__free(s);
	elfimg__free(img);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	symbolizer__free(NULL);
	RUN(inlined_calls_of_gcc);
	RUN(inlined_calls_of_clang);
	RUN(separate_debug_file);
	RUN(dwarf_moved_by_dwz);
	RUN(without_symbols_dwarf_names_the_function);
	RUN(without_anything_there_is_one_frame);
	RUN(names_are_printable);
	RUN(unterminated_strings_are_refused);
	RUN(nested_functions);
	RUN(every_instruction_of_gcc_as_binutils);
	RUN(every_instruction_of_clang_as_llvm);
	RUN(demangles_when_asked);
	RUN(libc_with_its_debug_package);
	sh("rm -rf -- \"$PWD\"");
	return check_done();
}
