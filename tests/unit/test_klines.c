/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_klines - lines of kernel frames, by a "vmlinux" built here: linked for the address that
 * kernels are linked for, loaded elsewhere, found wherever distributions put theirs.
 */
#include "kernel/klines.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "kernel/kallsyms.h"
#include "report/report.h"

#define RELEASE "6.1.0-9-test"
#define SLIDE 0x1a400000ULL

static const char source[] = "void _stext(void) {}\n"
			     "__attribute__((noinline)) void alloc(void) { asm volatile(\"\"); }\n"
			     "#line 100 \"drivers/misc/leaky.c\"\n"
			     "static inline __attribute__((always_inline)) void helper(void)\n"
			     "{\n"
			     "	alloc();\n" /* 102 */
			     "	asm volatile(\".globl after_inner\\nafter_inner:\");\n"
			     "}\n"
			     "void opener(void)\n"
			     "{\n"
			     "	helper();\n" /* 107 */
			     "	alloc();\n"  /* 108 */
			     "	asm volatile(\".globl after_outer\\nafter_outer:\");\n"
			     "}\n"
			     "#line 50 \"./include/linux/slab.h\"\n"
			     "static inline __attribute__((always_inline)) void kmalloc(void)\n"
			     "{\n"
			     "	alloc();\n"
			     "	asm volatile(\".globl in_header\\nin_header:\");\n"
			     "}\n"
			     "#line 70 \"drivers/misc/leaky.c\"\n"
			     "static inline __attribute__((always_inline)) void kmalloc_own(void)\n"
			     "{\n"
			     "	alloc();\n" /* 72 */
			     "	asm volatile(\".globl in_own\\nin_own:\");\n"
			     "}\n"
			     "void maker(void)\n"
			     "{\n"
			     "	kmalloc();\n"	  /* 77 */
			     "	kmalloc_own();\n" /* 78 */
			     "	asm volatile(\"\");\n"
			     "}\n";

static char dir[] = "/tmp/test_klines.XXXXXX";
static uint8_t notes[256];
static size_t notes_size;
static uint64_t inner, outer, stext, in_header, in_own;

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

static FILE *open_in(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "re");
}

static void read_addresses(void)
{
	FILE *in = open_in("symbols");
	unsigned long long addr;
	char kind, name[100];

	while (in && fscanf(in, "%llx %c %99s", &addr, &kind, name) == 3) {
		if (!strcmp(name, "after_inner"))
			inner = addr;
		else if (!strcmp(name, "after_outer"))
			outer = addr;
		else if (!strcmp(name, "_stext"))
			stext = addr;
		else if (!strcmp(name, "in_header"))
			in_header = addr;
		else if (!strcmp(name, "in_own"))
			in_own = addr;
	}
	if (in)
		fclose(in);
}

static bool build(void)
{
	char path[256];
	FILE *f;

	if (!mkdtemp(dir))
		return false;
	snprintf(path, sizeof(path), "%s/leaky.c", dir);
	f = fopen(path, "we");
	if (!f)
		return false;
	fputs(source, f);
	if (fclose(f) ||
	    !sh("cc -g -O1 -static -nostdlib -ffreestanding -fno-pie -no-pie -fno-stack-protector "
		"-mcmodel=$(test $(uname -m) = x86_64 && echo kernel || echo small) "
		"-Wl,--build-id,-e,0,-Ttext-segment=0xffffffff81000000 leaky.c -o vmlinux && "
		"nm vmlinux >symbols && "
		"objcopy --dump-section .note.gnu.build-id=notes vmlinux copy && rm copy"))
		return false;
	f = open_in("notes");
	notes_size = f ? fread(notes, 1, sizeof(notes), f) : 0;
	if (f)
		fclose(f);
	read_addresses();
	return notes_size && inner && outer && stext && in_header && in_own;
}

/* The running kernel's symbols, which is loaded so far from where it was linked for. */
static struct kallsyms *symbols_at(uint64_t slide)
{
	char text[200];
	struct kallsyms *k = NULL;
	FILE *in;

	snprintf(text, sizeof(text), "%llx T _stext\n%llx T opener\n",
		 (unsigned long long)(stext + slide), (unsigned long long)(inner - 16 + slide));
	in = fmemopen(text, strlen(text), "r");
	CHECK_EQ(kallsyms__read(in, &k), 0);
	fclose(in);
	return k;
}

static int open_lines(uint64_t slide, const void *id, size_t id_size, struct klines **out)
{
	const struct klines_opts opts = {.root = dir};
	struct kallsyms *symbols = symbols_at(slide);
	int err = klines__new(symbols, RELEASE, id, id_size, &opts, out);

	kallsyms__free(symbols);
	return err;
}

static struct report_frame *frames_of(uint64_t slide)
{
	struct report_frame *f = calloc(3, sizeof(*f));

	f[0] = (struct report_frame){.addr = inner + slide, .image = strdup("kernel")};
	f[1] = (struct report_frame){.addr = outer + slide, .image = strdup("leaky")};
	f[2] = (struct report_frame){.addr = outer + slide, .image = strdup("kernel")};
	f[0].function = strdup("opener");
	return f;
}

static void lines_at(uint64_t slide)
{
	struct report_frame *f = frames_of(slide);
	struct klines *k;
	size_t n = 3;
	int round;

	CHECK_EQ(open_lines(slide, notes, notes_size, &k), 0);
	for (round = 0; round < 2 && k; round++) { /* those that have lines stay as they are */
		CHECK_EQ(klines__annotate(k, &f, &n), 0);
		CHECK_EQ(n, 4);
		CHECK_STR(f[0].function, "helper");
		CHECK_EQ(f[0].line, 102);
		CHECK_STR(f[0].file, "leaky.c");
		CHECK(f[0].inlined && f[0].addr == inner + slide);
		CHECK_STR(f[1].function, "opener");
		CHECK_EQ(f[1].line, 107);
		CHECK(strstr(f[1].path, "drivers/misc/leaky.c") && !f[1].inlined);
		/* a module's */
		CHECK(!f[2].path && !f[2].line);
		CHECK_EQ(f[3].line, 108);
		CHECK(!f[3].inlined);
	}
	report_frames__free(f, n);
	klines__free(k);
}

/* copied: how. */
static void found_as(const char *place, const char *copied)
{
	char script[600], want[300];
	struct klines *k;

	snprintf(script, sizeof(script), "mkdir -p $(dirname ./%s) && %s vmlinux ./%s", place,
		 copied, place);
	CHECK(sh(script));
	CHECK_EQ(open_lines(SLIDE, notes, notes_size, &k), 0);
	snprintf(want, sizeof(want), "%s/%s", dir, place);
	CHECK_STR(k ? klines__path(k) : "", want);
	klines__free(k);
	snprintf(script, sizeof(script), "rm ./%s", place);
	CHECK(sh(script));
}

static void found_in(const char *place)
{
	found_as(place, "cp");
}

static void places(void)
{
	char by_id[200] = "usr/lib/debug/.build-id/", *at = by_id + strlen(by_id);
	size_t i;

	found_in("usr/lib/debug/boot/vmlinux-" RELEASE);
	found_in("usr/lib/debug/lib/modules/" RELEASE "/vmlinux");
	found_in("lib/modules/" RELEASE "/build/vmlinux");
	found_in("boot/vmlinux-" RELEASE);
	found_as("usr/lib/debug/usr/lib/modules/" RELEASE "/vmlinux", "objcopy --only-keep-debug");
	for (i = 16; i < notes_size; i++) /* behind the header and "GNU" */
		at += sprintf(at, i == 16 ? "%02x/" : "%02x", notes[i]);
	strcpy(at, ".debug");
	found_in(by_id);
}

static void lines(void)
{
	CHECK(sh("mkdir -p boot && cp vmlinux boot/vmlinux-" RELEASE));
	lines_at(0);
	lines_at(SLIDE);
	lines_at(-SLIDE);
	/* that others can write to is not mapped */
	CHECK(sh("chmod 666 boot/vmlinux-" RELEASE));
	lines_at(SLIDE);
}

/* A stack of the same return address twice. */
static struct report_frame *twice(uint64_t addr)
{
	struct report_frame *f = calloc(2, sizeof(*f));

	f[0] = (struct report_frame){.addr = addr, .image = strdup("kernel")};
	f[1] = (struct report_frame){.addr = addr, .image = strdup("kernel")};
	f[0].function = strdup("maker");
	f[1].function = strdup("maker");
	return f;
}

static void trims_allocators(void)
{
	struct report_frame *f = twice(in_header);
	struct klines *k;
	size_t n = 2;

	CHECK(sh("mkdir -p boot && cp vmlinux boot/vmlinux-" RELEASE));
	CHECK_EQ(open_lines(0, notes, notes_size, &k), 0);
	CHECK_EQ(klines__annotate(k, &f, &n), 0);
	CHECK_EQ(n, 3);
	CHECK_STR(f[0].function, "maker");
	CHECK_EQ(f[0].line, 77);
	CHECK(!f[0].inlined);
	/* only at the top */
	CHECK_STR(f[1].function, "kmalloc");
	CHECK_STR(f[1].file, "slab.h");
	CHECK(f[1].inlined);
	CHECK_EQ(f[2].line, 77);
	report_frames__free(f, n);
	/* what a driver calls like that is its own */
	f = twice(in_own);
	n = 2;
	CHECK_EQ(klines__annotate(k, &f, &n), 0);
	CHECK_EQ(n, 4);
	CHECK_STR(f[0].function, "kmalloc_own");
	CHECK_EQ(f[0].line, 72);
	CHECK_EQ(f[1].line, 78);
	report_frames__free(f, n);
	klines__free(k);
}

/* Between reports the file is neither mapped nor needed. */
static void rests(void)
{
	struct report_frame *f = twice(in_own);
	struct klines *k;
	size_t n = 2;

	CHECK(sh("mkdir -p boot && cp vmlinux boot/vmlinux-" RELEASE));
	CHECK_EQ(open_lines(0, notes, notes_size, &k), 0);
	CHECK(sh("! grep vmlinux /proc/$PPID/maps"));
	CHECK_EQ(klines__annotate(k, &f, &n), 0);
	CHECK_EQ(n, 4);
	report_frames__free(f, n);
	klines__rest(k);
	CHECK(sh("! grep vmlinux /proc/$PPID/maps"));
	/* replaced: the one that was found is still there */
	CHECK(sh("mv boot/vmlinux-" RELEASE " boot/old && echo text >boot/vmlinux-" RELEASE));
	f = twice(in_header);
	n = 2;
	CHECK_EQ(klines__annotate(k, &f, &n), 0);
	CHECK_EQ(n, 3);
	report_frames__free(f, n);
	klines__rest(k);
	/* emptied: no lines any more but those that are known */
	CHECK(sh(": >boot/old"));
	f = twice(inner);
	n = 2;
	CHECK_EQ(klines__annotate(k, &f, &n), 0);
	CHECK_EQ(n, 2);
	CHECK(!f[0].path);
	report_frames__free(f, n);
	f = twice(in_own);
	n = 2;
	CHECK_EQ(klines__annotate(k, &f, &n), 0);
	CHECK_EQ(n, 4);
	CHECK_STR(f[0].function, "kmalloc_own");
	CHECK_EQ(f[0].line, 72);
	CHECK_EQ(f[3].line, 78);
	report_frames__free(f, n);
	klines__rest(k);
	klines__rest(NULL);
	klines__free(k);
}

static void refuses(void)
{
	const struct klines_opts opts = {.root = dir};
	struct klines *k;
	char want[300];
	uint8_t other[sizeof(notes)];
	struct report_frame *f = frames_of(0);
	size_t n = 3;

	CHECK(sh("mkdir -p boot && cp vmlinux boot/vmlinux-" RELEASE));
	/* another kernel's */
	memcpy(other, notes, sizeof(notes));
	other[notes_size - 1] ^= 1;
	CHECK_EQ(open_lines(0, other, notes_size, &k), -ENOENT);
	CHECK(k && !klines__path(k));
	snprintf(want, sizeof(want), "%s/boot/vmlinux-" RELEASE, dir);
	CHECK_STR(k ? klines__other(k) : NULL, want);
	klines__free(k);
	/* nor is that said where the right one is, too */
	CHECK(sh(
		"mkdir -p usr/lib/debug/boot && cc -g -nostdlib -static -Wl,--build-id=0x1234,-e,0 "
		"leaky.c -o usr/lib/debug/boot/vmlinux-" RELEASE));
	CHECK_EQ(open_lines(0, notes, notes_size, &k), 0);
	CHECK_STR(k ? klines__path(k) : NULL, want);
	CHECK(k && !klines__other(k));
	klines__free(k);
	CHECK(sh("rm -r usr"));
	CHECK_EQ(open_lines(0, notes, notes_size - 1, &k), -ENOENT);
	klines__free(k);
	CHECK_EQ(open_lines(0, notes, 0, &k), -ENOENT);
	klines__free(k);
	/* without lines, without symbols, and no ELF file at all */
	CHECK(sh("strip --strip-debug boot/vmlinux-" RELEASE));
	CHECK_EQ(open_lines(0, notes, notes_size, &k), -ENOENT);
	klines__free(k);
	CHECK(sh("cp vmlinux boot/vmlinux-" RELEASE " && objcopy -N _stext boot/vmlinux-" RELEASE));
	CHECK_EQ(open_lines(0, notes, notes_size, &k), -ENOENT);
	klines__free(k);
	CHECK(sh("echo text >boot/vmlinux-" RELEASE));
	CHECK_EQ(open_lines(0, notes, notes_size, &k), -ENOENT);
	CHECK(k && !klines__other(k));
	klines__free(k);
	CHECK_EQ(klines__new(NULL, RELEASE, notes, notes_size, &opts, &k), -ENOENT);
	klines__free(k);
	CHECK_EQ(klines__annotate(NULL, &f, &n), 0);
	CHECK_EQ(n, 3);
	report_frames__free(f, n);
	klines__free(NULL);
}

int main(void)
{
	if (!build()) {
		check_any_failed = 1;
		printf("FAIL test_klines: cannot build the kernel\n");
	} else {
		RUN(places);
		RUN(lines);
		RUN(trims_allocators);
		RUN(rests);
		RUN(refuses);
	}
	sh("rm -rf boot lib usr leaky.c vmlinux symbols notes");
	rmdir(dir);
	return check_done();
}
