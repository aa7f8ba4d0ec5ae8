/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_kmodlines - lines of a module, by an object built here as modules are: two sections of code,
 * which "the kernel" has put far from each other, and in another order.
 */
#include "kernel/kmodlines.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "kernel/klines.h"
#include "sym/dwarf.h"

#define RELEASE "6.1.0-9-test"
#define TEXT 0xffffffffc0a40000ULL
#define INIT 0xffffffffc0123000ULL

static const char source[] = "void alloc(void);\n"
			     "#line 100 \"drivers/misc/two_words.c\"\n"
			     "static inline __attribute__((always_inline)) void helper(void)\n"
			     "{\n"
			     "	alloc();\n" /* 102 */
			     "	asm volatile(\".globl in_helper\\nin_helper:\");\n"
			     "}\n"
			     "void other(void) { alloc(); asm volatile(\"\"); }\n"
			     "void opener(void)\n"
			     "{\n"
			     "	helper();\n" /* 108 */
			     "	asm volatile(\"\");\n"
			     "}\n"
			     "__attribute__((section(\".init.text\"))) void init(void)\n"
			     "{\n"
			     "	alloc();\n" /* 113 */
			     "	asm volatile(\".globl in_init\\nin_init:\");\n"
			     "}\n";

static char dir[] = "/tmp/test_kmodlines.XXXXXX";
static uint64_t in_helper, in_init; /* from their sections' starts on */

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

static FILE *open_in(const char *name, const char *mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, mode);
}

static void read_symbols(void)
{
	FILE *in = open_in("symbols", "re");
	unsigned long long addr;
	char kind, name[100];

	while (in && fscanf(in, "%llx %c %99s", &addr, &kind, name) == 3) {
		if (!strcmp(name, "in_helper"))
			in_helper = addr;
		else if (!strcmp(name, "in_init"))
			in_init = addr;
	}
	if (in)
		fclose(in);
}

static bool build(void)
{
	char script[600];
	FILE *f;

	if (!mkdtemp(dir))
		return false;
	f = open_in("two_words.c", "we");
	if (!f)
		return false;
	fputs(source, f);
	fclose(f);
	snprintf(script, sizeof(script),
		 "m=sys/module/two_words && mkdir -p $m/notes $m/sections &&"
		 "cc -g -O1 -ffreestanding -fno-pie -fno-stack-protector -c two_words.c &&"
		 "ld -r --build-id -o module two_words.o && nm module | grep -v ' U ' >symbols &&"
		 "objcopy --dump-section .note.gnu.build-id=$m/notes/.note.gnu.build-id module &&"
		 "echo 0x%llx >$m/sections/.text && echo 0x%llx >$m/sections/.init.text",
		 TEXT, INIT);
	if (!sh(script))
		return false;
	read_symbols();
	return in_helper && in_init;
}

/* Lines at an address; returns how many. */
static size_t lines_at(uint64_t addr, struct dwarf_frame *frames, struct kmodlines **k)
{
	size_t n = 99;

	*k = kmodlines__new(RELEASE, &(struct klines_opts){.root = dir});
	CHECK_EQ(kmodlines__lookup(*k, "two_words", addr, frames, &n), 0);
	return n;
}

static size_t count_at(uint64_t addr)
{
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	struct kmodlines *k;
	size_t n = lines_at(addr, frames, &k);

	kmodlines__free(k);
	return n;
}

static void lines(void)
{
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	struct kmodlines *k;
	size_t n;

	CHECK(sh("mkdir -p lib/modules/" RELEASE "/kernel/drivers/misc && "
		 "cp module lib/modules/" RELEASE "/kernel/drivers/misc/two-words.ko"));
	CHECK_EQ(lines_at(TEXT + in_helper - 1, frames, &k), 2);
	CHECK_STR(frames[0].name, "helper");
	CHECK_EQ(frames[0].line, 102);
	CHECK(frames[0].inlined);
	CHECK_STR(frames[1].name, "opener");
	CHECK_EQ(frames[1].line, 108);
	CHECK(strstr(frames[1].path, "drivers/misc/two_words.c") != NULL);
	/* the same object, another section */
	CHECK_EQ(kmodlines__lookup(k, "two_words", INIT + in_init - 1, frames, &n), 0);
	CHECK_EQ(n, 1);
	CHECK_STR(frames[0].name, "init");
	CHECK_EQ(frames[0].line, 113);
	/* nobody's */
	CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT + 0x100000, frames, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT - 1, frames, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(kmodlines__lookup(k, "two", TEXT + in_helper - 1, frames, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(kmodlines__lookup(k, "../module/two_words", TEXT + in_helper - 1, frames, &n), 0);
	CHECK_EQ(n, 0);
	kmodlines__free(k);
	/* an initial section is given up once it has run */
	CHECK(sh("rm sys/module/two_words/sections/.init.text"));
	CHECK_EQ(count_at(INIT + in_init - 1), 0);
	CHECK_EQ(count_at(TEXT + in_helper - 1), 2);
	CHECK(sh("rm -r lib"));
	CHECK_EQ(count_at(TEXT + in_helper - 1), 0);
}

static void places(void)
{
	static const char *const names[] = {
		"usr/lib/debug/lib/modules/" RELEASE "/extra/two_words.ko",
		"usr/lib/debug/lib/modules/" RELEASE "/extra/two_words.ko.debug",
		"usr/lib/debug/usr/lib/modules/" RELEASE "/kernel/two-words.ko.debug",
		"lib/modules/" RELEASE "/updates/two_words.ko",
		/* its first byte is a directory */
		"usr/lib/debug/.build-id/$(objcopy -O binary -j .note.gnu.build-id module "
		"/dev/stdout |"
		" tail -c +17 | od -An -tx1 | tr -d ' \\n' | sed 's|^..|&/|').debug",
	};
	static const char *const copies[] = {"cp module $f", "objcopy --only-keep-debug module $f"};
	char script[600];
	size_t i, j;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (j = 0; j < sizeof(copies) / sizeof(*copies); j++) {
			snprintf(script, sizeof(script), "f=%s && mkdir -p $(dirname $f) && %s",
				 names[i], copies[j]);
			CHECK(sh(script));
			CHECK_EQ(count_at(TEXT + in_helper - 1), 2);
			CHECK(sh("rm -rf usr lib"));
		}
	}
	CHECK(sh("mkdir -p lib/modules/" RELEASE " && cp module lib/modules/" RELEASE
		 "/two_words_more.ko && cp module lib/modules/" RELEASE "/two_words.c"));
	CHECK_EQ(count_at(TEXT + in_helper - 1), 0);
	CHECK(sh("rm -rf lib"));
}

/* As distributions pack modules; and what is damaged is none. */
static void packed(void)
{
	static const struct {
		const char *program, *end;
	} kinds[] = {{"gzip", "gz"}, {"xz", "xz"}, {"zstd", "zst"}};
	char script[600];
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(script, sizeof(script), "%s --version", kinds[i].program);
		if (!sh(script)) {
			SKIP("no program to pack with");
			continue;
		}
		snprintf(script, sizeof(script),
			 "d=lib/modules/" RELEASE "/kernel/drivers/misc && mkdir -p $d && "
			 "%s -c module >$d/two-words.ko.%s",
			 kinds[i].program, kinds[i].end);
		CHECK(sh(script));
		CHECK_EQ(count_at(TEXT + in_helper - 1), 2);
		CHECK(sh("cd lib/modules/" RELEASE "/kernel/drivers/misc && head -c 700 * >cut && "
			 "mv cut two-words.ko*"));
		CHECK_EQ(count_at(TEXT + in_helper - 1), 0);
		CHECK(sh("rm -r lib"));
	}
}

/* Between reports nothing is kept but which file it was; a module may be another one by then. */
static void rests(void)
{
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	struct kmodlines *k;
	size_t n;

	CHECK(sh("mkdir -p lib/modules/" RELEASE " && cp module lib/modules/" RELEASE
		 "/two_words.ko"));
	CHECK_EQ(lines_at(TEXT + in_helper - 1, frames, &k), 2);
	kmodlines__rest(k);
	CHECK(sh("rm -r lib"));
	CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT + in_helper - 1, frames, &n), 0);
	CHECK_EQ(n, 2);
	CHECK_EQ(frames[0].line, 102);
	kmodlines__rest(k);
	/* loaded elsewhere */
	CHECK(sh(
		"cp -r sys saved && echo 0xffffffffc0b00000 >sys/module/two_words/sections/.text"));
	CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT + in_helper - 1, frames, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(kmodlines__lookup(k, "two_words", 0xffffffffc0b00000 + in_helper - 1, frames, &n),
		 0);
	CHECK_EQ(n, 2);
	kmodlines__rest(k);
	/* built anew, without a file of it */
	CHECK(sh("rm -r sys && mv saved sys && ld -r --build-id=0x1234 -o other two_words.o && "
		 "objcopy --dump-section .note.gnu.build-id=note other && cp -r sys saved && "
		 "mv note sys/module/two_words/notes/.note.gnu.build-id"));
	CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT + in_helper - 1, frames, &n), 0);
	CHECK_EQ(n, 0);
	kmodlines__rest(k);
	CHECK(sh("mkdir -p lib/modules/" RELEASE " && cp module lib/modules/" RELEASE
		 "/two_words.ko && rm -r sys other && mv saved sys"));
	CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT + in_helper - 1, frames, &n), 0);
	CHECK_EQ(n, 2);
	kmodlines__free(k);
	CHECK(sh("rm -r lib"));
}

/* The client takes file:// servers: no network needed. */
static void asks_debuginfod(void)
{
	struct klines_opts opts = {.root = dir};
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	char value[300];
	struct kmodlines *k;
	size_t n;
	void *lib;

	CHECK(sh("id=$(objcopy -O binary -j .note.gnu.build-id module /dev/stdout | "
		 "tail -c +17 | od -An -tx1 | tr -d ' \\n') && d=web/buildid/$id && mkdir -p $d && "
		 "cp module $d/debuginfo"));
	snprintf(value, sizeof(value), "file://%s/web", dir);
	setenv("DEBUGINFOD_URLS", value, 1);
	snprintf(value, sizeof(value), "%s/cache", dir);
	setenv("DEBUGINFOD_CACHE_PATH", value, 1);
	CHECK_EQ(count_at(TEXT + in_helper - 1), 0); /* not asked to ask */
	lib = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_NODELETE);
	if (lib) {
		opts.debuginfod = true;
		k = kmodlines__new(RELEASE, &opts);
		CHECK_EQ(kmodlines__lookup(k, "two_words", TEXT + in_helper - 1, frames, &n), 0);
		CHECK_EQ(n, 2);
		kmodlines__free(k);
		dlclose(lib);
	} else {
		SKIP("no libdebuginfod");
	}
	unsetenv("DEBUGINFOD_URLS");
	CHECK(sh("rm -rf web cache"));
}

static void refuses(void)
{
	struct dwarf_frame frames[DWARF_MAX_FRAMES];
	static const char *const made[] = {
		"strip --strip-debug -o $f module",	     /* without lines */
		"ld -r --build-id=0x1234 -o $f two_words.o", /* another one's */
		"head -c 3000 module >$f",		     /* cut */
		"echo text >$f",
		"mkdir $f",
		"mkfifo $f",
		"cc -nostdlib -shared -fPIC -o $f two_words.c", /* no object */
		/* it names a file that nobody is to open */
		"printf 'no\\0x' >link && objcopy --add-section .gnu_debugaltlink=link module $f",
	};
	char script[300];
	struct kmodlines *k;
	size_t i;

	for (i = 0; i < sizeof(made) / sizeof(*made); i++) {
		snprintf(script, sizeof(script),
			 "rm -rf lib && d=lib/modules/" RELEASE
			 " && mkdir -p $d && f=$d/two_words.ko && %s",
			 made[i]);
		CHECK(sh(script));
		CHECK_EQ(count_at(TEXT + in_helper - 1), 0);
	}
	/* one that is broken does not hide one that is not */
	CHECK(sh("mkdir -p usr/lib/debug/lib/modules/" RELEASE
		 " && echo text >usr/lib/debug/lib/modules/" RELEASE
		 "/two_words.ko && rm -rf lib/modules/*/two_words.ko && cp module "
		 "lib/modules/" RELEASE "/two_words.ko"));
	CHECK_EQ(lines_at(TEXT + in_helper - 1, frames, &k), 2);
	kmodlines__free(k);
	/* nor is it taken where the kernel says nothing of a build-id */
	CHECK(sh("echo >sys/module/two_words/notes/.note.gnu.build-id"));
	CHECK_EQ(count_at(TEXT + in_helper - 1), 0);
	kmodlines__free(NULL);
}

int main(void)
{
	if (!build()) {
		check_any_failed = 1;
		printf("FAIL test_kmodlines: cannot build the module\n");
	} else {
		RUN(lines);
		RUN(places);
		RUN(packed);
		RUN(rests);
		RUN(asks_debuginfod);
		RUN(refuses);
	}
	sh("rm -rf boot lib usr sys link module symbols two_words.*");
	rmdir(dir);
	return check_done();
}
