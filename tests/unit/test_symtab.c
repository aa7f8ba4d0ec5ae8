/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_symtab - which symbol covers an address: made tables, and libc judged by nm. */
#include "sym/symtab.h"

#include <fcntl.h>

#include "check.h"
#include "elf/elfimg.h"
#include "elf_make.h"
#include "sym/rangemap.h"

#if defined(__aarch64__)
#define LIBC_PATH "/lib/aarch64-linux-gnu/libc.so.6"
#else
#define LIBC_PATH "/lib/x86_64-linux-gnu/libc.so.6"
#endif

/* .text [0x1000, 0x2000) is section 1, .fini [0x2000, 0x2100) is section 2. */
static struct elfimg *make(const struct elf_make_syms *t)
{
	static struct elf_make e;
	struct elfimg *img = NULL;
	int fd;

	elf_make__init(&e);
	elf_make__sect(&e, ".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, NULL, 0x1000);
	elf_make__sect(&e, ".fini", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0x2000, NULL, 0x100);
	elf_make__symtab(&e, ".symtab", SHT_SYMTAB, t);
	elf_make__finish(&e);
	fd = elf_make__fd(&e);
	if (elfimg__open(fd, "made", &img))
		abort();
	close(fd);
	return img;
}

static void is(const struct symtab *tab, uint64_t vaddr, const char *name, uint64_t start)
{
	struct symtab_hit hit = {0};
	bool found = symtab__find(tab, vaddr, &hit);

	if (!name) {
		if (found)
			printf("  0x%llx is %s\n", (unsigned long long)vaddr, hit.name);
		CHECK(!found);
		return;
	}
	CHECK(found);
	CHECK_STR(hit.name, name);
	CHECK_EQ(hit.start, start);
}

static void honours_sizes(void)
{
	struct elf_make_syms t = {0};
	struct symtab *tab = NULL;
	const struct elfimg *imgs[1];
	struct elfimg *img;

	elf_make__sym(&t, "b", STB_GLOBAL, STT_FUNC, 1, 0x1100, 0x10);
	elf_make__sym(&t, "a", STB_LOCAL, STT_FUNC, 1, 0x1010, 0x20);
	elf_make__sym(&t, "outside", STB_GLOBAL, STT_FUNC, 1, 0x5000, 0x10);
	elf_make__sym(&t, "data", STB_GLOBAL, STT_OBJECT, 1, 0x1200, 0x10);
	elf_make__sym(&t, "huge", STB_GLOBAL, STT_FUNC, 1, 0x1ff0, UINT64_MAX);
	imgs[0] = img = make(&t);
	CHECK_EQ(symtab__new(imgs, 1, &tab), 0);
	is(tab, 0x100f, NULL, 0);
	is(tab, 0x1010, "a", 0x1010);
	is(tab, 0x102f, "a", 0x1010);
	is(tab, 0x1030, NULL, 0);
	is(tab, 0x10ff, NULL, 0);
	is(tab, 0x110f, "b", 0x1100);
	is(tab, 0x1110, NULL, 0);
	is(tab, 0x1204, NULL, 0);
	is(tab, 0x5000, NULL, 0);
	is(tab, 0x1fff, "huge", 0x1ff0);
	is(tab, 0x2000, NULL, 0); /* a symbol ends with its section at the latest */
	is(tab, 0, NULL, 0);
	is(tab, UINT64_MAX, NULL, 0);
	symtab__free(tab);
	symtab__free(NULL);
	elfimg__free(img);
}

static void symbols_without_size(void)
{
	struct elf_make_syms t = {0};
	struct symtab *tab = NULL;
	const struct elfimg *imgs[1];
	struct symtab_hit hit;
	struct elfimg *img;

	elf_make__sym(&t, "asm1", STB_GLOBAL, STT_NOTYPE, 1, 0x1000, 0);
	elf_make__sym(&t, "f", STB_GLOBAL, STT_FUNC, 1, 0x1100, 0x100);
	elf_make__sym(&t, "label_in_f", STB_LOCAL, STT_NOTYPE, 1, 0x1180, 0);
	elf_make__sym(&t, "$x", STB_LOCAL, STT_NOTYPE, 1, 0x1300, 0);
	elf_make__sym(&t, ".Ltmp", STB_LOCAL, STT_NOTYPE, 1, 0x1300, 0);
	elf_make__sym(&t, "asm2", STB_LOCAL, STT_FUNC, 1, 0x1f00, 0);
	elf_make__sym(&t, "_fini", STB_GLOBAL, STT_FUNC, 2, 0x2000, 0);
	imgs[0] = img = make(&t);
	CHECK_EQ(symtab__new(imgs, 1, &tab), 0);
	is(tab, 0x1000, "asm1", 0x1000);
	is(tab, 0x10ff, "asm1", 0x1000);
	CHECK(symtab__find(tab, 0x10ff, &hit) && !hit.sized);
	CHECK(symtab__find(tab, 0x1100, &hit) && hit.sized);
	is(tab, 0x1190, "f", 0x1100);
	is(tab, 0x1200, NULL, 0); /* asm1 does not come back, the label was no symbol */
	is(tab, 0x1304, NULL, 0);
	is(tab, 0x1fff, "asm2", 0x1f00);
	is(tab, 0x2000, "_fini", 0x2000);
	is(tab, 0x20ff, "_fini", 0x2000);
	is(tab, 0x2100, NULL, 0);
	symtab__free(tab);
	elfimg__free(img);
}

static void nested_symbols(void)
{
	struct elf_make_syms t = {0};
	struct symtab *tab = NULL;
	const struct elfimg *imgs[1];
	struct elfimg *img;

	elf_make__sym(&t, "outer", STB_GLOBAL, STT_FUNC, 1, 0x1000, 0x100);
	elf_make__sym(&t, "inner", STB_GLOBAL, STT_FUNC, 1, 0x1040, 0x10);
	elf_make__sym(&t, "across", STB_GLOBAL, STT_FUNC, 1, 0x10f0, 0x20);
	imgs[0] = img = make(&t);
	CHECK_EQ(symtab__new(imgs, 1, &tab), 0);
	is(tab, 0x103f, "outer", 0x1000);
	is(tab, 0x1040, "inner", 0x1040);
	is(tab, 0x104f, "inner", 0x1040);
	is(tab, 0x1050, "outer", 0x1000);
	is(tab, 0x10ef, "outer", 0x1000);
	is(tab, 0x10ff, "across", 0x10f0);
	is(tab, 0x110f, "across", 0x10f0);
	is(tab, 0x1110, NULL, 0);
	symtab__free(tab);
	elfimg__free(img);
}

static void best_of_several_names(void)
{
	struct elf_make_syms t = {0}, debug = {0};
	struct symtab *tab = NULL;
	const struct elfimg *imgs[3];
	struct elfimg *img, *img2;

	elf_make__sym(&t, "__libc_malloc", STB_GLOBAL, STT_FUNC, 1, 0x1000, 0x10);
	elf_make__sym(&t, "malloc", STB_GLOBAL, STT_FUNC, 1, 0x1000, 0x10);
	elf_make__sym(&t, "__malloc", STB_GLOBAL, STT_FUNC, 1, 0x1000, 0x10);
	elf_make__sym(&t, "__read", STB_GLOBAL, STT_FUNC, 1, 0x1100, 0x10);
	elf_make__sym(&t, "read", STB_WEAK, STT_FUNC, 1, 0x1100, 0x10);
	elf_make__sym(&t, "weak", STB_WEAK, STT_FUNC, 1, 0x1200, 0x10);
	elf_make__sym(&t, "local", STB_LOCAL, STT_FUNC, 1, 0x1200, 0x10);
	elf_make__sym(&t, "global", STB_GLOBAL, STT_FUNC, 1, 0x1200, 0x10);
	elf_make__sym(&t, "tc_new", STB_GLOBAL, STT_FUNC, 1, 0x1300, 0x10);
	elf_make__sym(&t, "_Znwm", STB_GLOBAL, STT_FUNC, 1, 0x1300, 0x10);
	elf_make__sym(&t, "label", STB_GLOBAL, STT_NOTYPE, 1, 0x1400, 0x80);
	elf_make__sym(&t, "_func", STB_LOCAL, STT_FUNC, 1, 0x1400, 0x10);
	imgs[0] = img = make(&t);
	imgs[1] = NULL;
	elf_make__sym(&debug, "hidden", STB_LOCAL, STT_FUNC, 1, 0x1800, 0x10);
	elf_make__sym(&debug, "__GI___malloc", STB_LOCAL, STT_FUNC, 1, 0x1000, 0x10);
	imgs[2] = img2 = make(&debug);
	CHECK_EQ(symtab__new(imgs, 3, &tab), 0);
	is(tab, 0x1004, "malloc", 0x1000);
	is(tab, 0x1104, "read", 0x1100);
	is(tab, 0x1204, "global", 0x1200);
	is(tab, 0x1304, "_Znwm", 0x1300);
	is(tab, 0x1404, "_func", 0x1400);
	is(tab, 0x147f, "_func", 0x1400); /* largest size of all of its names */
	is(tab, 0x1808, "hidden", 0x1800);
	symtab__free(tab);
	elfimg__free(img);
	elfimg__free(img2);
}

/* Random ranges against the definition, read out address by address. */
static void ranges_match_brute_force(void)
{
	unsigned int seed = 20240229;

	for (int round = 0; round < 300; round++) {
		struct rangemap m = {0};
		struct range all[24];
		size_t n = 1 + (size_t)(rand_r(&seed) % 24);

		for (size_t i = 0; i < n; i++) {
			uint64_t start = (uint64_t)(rand_r(&seed) % 60);

			all[i] = (struct range){start, start + (uint64_t)(rand_r(&seed) % 30), i};
			CHECK_EQ(rangemap__add(&m, all[i].start, all[i].end, i), 0);
		}
		CHECK_EQ(rangemap__seal(&m), 0);
		for (uint64_t a = 0; a < 100; a++) {
			const struct range *got = rangemap__find(&m, a);
			const struct range *want = NULL;

			for (size_t i = 0; i < n; i++) {
				const struct range *r = &all[i];

				if (a < r->start || a >= r->end)
					continue;
				if (!want || r->start > want->start ||
				    (r->start == want->start && r->end < want->end))
					want = r;
			}
			CHECK(!got == !want);
			if (got && want)
				CHECK_EQ(got->value, want->value);
		}
		rangemap__clear(&m);
	}
}

static void agrees_with_nm_about_libc(void)
{
	struct symtab *tab = NULL;
	const struct elfimg *imgs[1];
	struct elfimg *img = NULL;
	unsigned long seen = 0, bad = 0;
	char line[1024];
	FILE *p = NULL;
	int fd = open(LIBC_PATH, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || elfimg__open(fd, "libc", &img)) {
		SKIP("no libc at " LIBC_PATH);
		goto cleanup;
	}
	imgs[0] = img;
	CHECK_EQ(symtab__new(imgs, 1, &tab), 0);
	p = popen("nm -D -S --defined-only " LIBC_PATH " 2>/dev/null", "r");
	while (tab && p && fgets(line, sizeof(line), p)) {
		unsigned long long addr, size;
		struct symtab_hit hit;
		char type, name[256];

		if (sscanf(line, "%llx %llx %c %255[^@\n]", &addr, &size, &type, name) != 4 ||
		    !strchr("TtWi", type) || !size)
			continue;
		seen++;
		/* First and last byte belong to it, under whichever of its names. */
		if (!symtab__find(tab, addr, &hit) || hit.start != addr ||
		    !symtab__find(tab, addr + size - 1, &hit) || hit.start != addr) {
			printf("  %s", line);
			bad++;
		}
		if (!strcmp(name, "malloc") || !strcmp(name, "calloc") || !strcmp(name, "free") ||
		    !strcmp(name, "read") || !strcmp(name, "mmap"))
			CHECK_STR(hit.name, name);
	}
	if (!p || pclose(p) || !seen) {
		SKIP("no nm");
		goto cleanup;
	}
	CHECK(seen > 1000);
	CHECK_EQ(bad, 0);

cleanup:
	symtab__free(tab);
	elfimg__free(img);
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	RUN(honours_sizes);
	RUN(symbols_without_size);
	RUN(nested_symbols);
	RUN(best_of_several_names);
	RUN(ranges_match_brute_force);
	RUN(agrees_with_nm_about_libc);
	return check_done();
}
