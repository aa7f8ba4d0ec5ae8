/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_elfimg - opening images, good and bad; judged by readelf and by the loader. */
#include "elf/elfimg.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"
#include "elf_make.h"

#if defined(__aarch64__)
#define LIBC_PATH "/lib/aarch64-linux-gnu/libc.so.6"
#else
#define LIBC_PATH "/lib/x86_64-linux-gnu/libc.so.6"
#endif

static int open_made(const struct elf_make *e, struct elfimg **img)
{
	int fd = elf_make__fd(e);
	int err = elfimg__open(fd, "made", img);

	close(fd); /* the image has its own */
	return err;
}

static int open_path(const char *path, struct elfimg **img)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : elfimg__open(fd, path, img);

	if (fd >= 0)
		close(fd);
	return err;
}

static void refuses_what_is_not_an_elf_file(void)
{
	struct elfimg *img = (void *)1;
	int p[2], fd;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(elfimg__open(p[0], "pipe", &img), -EINVAL);
	CHECK(!img);
	close(p[0]);
	close(p[1]);
	CHECK_EQ(open_path("/dev/zero", &img), -EINVAL);
	CHECK_EQ(open_path("/", &img), -EINVAL);
	CHECK_EQ(elfimg__open(-1, "closed", &img), -EBADF);

	fd = memfd_create("x", MFD_CLOEXEC);
	CHECK_EQ(elfimg__open(fd, "empty", &img), -ENOEXEC);
	CHECK_EQ(write(fd, "#!/bin/sh\necho this is a script, not a program\n", 47), 47);
	CHECK_EQ(elfimg__open(fd, "script", &img), -ENOEXEC);
	CHECK_EQ(ftruncate(fd, (4LL << 30) + 1), 0);
	CHECK_EQ(elfimg__open(fd, "large", &img), -EFBIG);
	close(fd);
	elfimg__free(NULL);
}

static void refuses_foreign_headers(void)
{
	static struct elf_make e;
	struct elfimg *img = NULL;

	elf_make__init(&e);
	elf_make__finish(&e);
	CHECK_EQ(open_made(&e, &img), 0);
	elfimg__free(img);

	e.ehdr.e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_EQ(open_made(&e, &img), -ENOTSUP);
	e.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	e.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
	CHECK_EQ(open_made(&e, &img), -ENOTSUP);
	e.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	e.ehdr.e_machine = EM_S390;
	CHECK_EQ(open_made(&e, &img), -ENOTSUP);
	e.ehdr.e_machine = ELF_MAKE_MACHINE;
	e.ehdr.e_type = ET_CORE;
	CHECK_EQ(open_made(&e, &img), -ENOEXEC);
	e.ehdr.e_type = ET_REL;
	CHECK_EQ(open_made(&e, &img), -ENOEXEC);
	e.ehdr.e_type = ET_EXEC;
	CHECK_EQ(open_made(&e, &img), 0);
	elfimg__free(img);
}

static void finds_sections(void)
{
	static struct elf_make e;
	struct elfimg *img = NULL;
	const struct elf_sect *s;
	void *buf = NULL;

	elf_make__init(&e);
	elf_make__sect(&e, ".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, NULL, 0x100);
	elf_make__sect(&e, ".note", SHT_PROGBITS, 0, 0, "hello", 5);
	elf_make__finish(&e);
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK_EQ(elfimg__n_sects(img), 4);
	CHECK(!elfimg__find_sect(img, ".text")); /* has no contents */
	CHECK(!elfimg__find_sect(img, ".data"));
	CHECK(!elfimg__sect(img, 4));
	s = elfimg__find_sect(img, ".note");
	CHECK(s && s->size == 5);
	CHECK(s && elfimg__read_sect(img, s, 4, &buf) == -EFBIG);
	CHECK(s && elfimg__read_sect(img, s, 5, &buf) == 0);
	CHECK_STR(buf, "hello");
	free(buf);
	CHECK_EQ(elfimg__read_sect(img, elfimg__sect(img, 1), 1 << 20, &buf), -ENODATA);
	CHECK(elfimg__exec_sect(img, 0x1000) == elfimg__sect(img, 1));
	CHECK(elfimg__exec_sect(img, 0x10ff) == elfimg__sect(img, 1));
	CHECK(!elfimg__exec_sect(img, 0x1100));
	CHECK(!elfimg__exec_sect(img, 0xfff));
	elfimg__free(img);
}

static void does_not_believe_a_broken_section_table(void)
{
	static struct elf_make e;
	struct elfimg *img = NULL;

	elf_make__init(&e);
	elf_make__sect(&e, ".big", SHT_PROGBITS, 0, 0, "x", 1);
	elf_make__finish(&e);
	e.sects[1].sh_size = UINT64_MAX;
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK_EQ(elfimg__n_sects(img), 0);
	elfimg__free(img);
	e.sects[1].sh_size = 1;
	e.sects[1].sh_offset = UINT64_MAX;
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK_EQ(elfimg__n_sects(img), 0);
	elfimg__free(img);
}

struct seen {
	size_t n;
	char names[16][64];
	struct elf_sym syms[16];
};

static int remember(const struct elf_sym *s, void *arg)
{
	struct seen *seen = arg;

	if (seen->n < 16) {
		snprintf(seen->names[seen->n], sizeof(seen->names[0]), "%s", s->name);
		seen->syms[seen->n] = *s;
	}
	seen->n++;
	return 0;
}

static int stop_at_second(const struct elf_sym *s, void *arg)
{
	(void)s;
	return ++*(int *)arg == 2 ? 77 : 0;
}

static void lists_symbols(void)
{
	struct elf_make_syms dyn = {0}, tab = {0};
	static struct elf_make e;
	struct elfimg *img = NULL;
	struct seen seen = {0};
	size_t text, data;
	int calls = 0;

	elf_make__init(&e);
	text = elf_make__sect(&e, ".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, NULL,
			      0x100);
	data = elf_make__sect(&e, ".data", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0x2000, NULL, 0x100);
	elf_make__sym(&dyn, "malloc", STB_GLOBAL, STT_FUNC, SHN_UNDEF, 0, 0);
	elf_make__sym(&dyn, "quick", STB_WEAK, STT_GNU_IFUNC, text, 0x1010, 8);
	elf_make__sym(&tab, "file.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	elf_make__sym(&tab, "", STB_LOCAL, STT_FUNC, text, 0x1000, 1);
	elf_make__sym(&tab, "label", STB_LOCAL, STT_NOTYPE, text, 0x1020, 0);
	elf_make__sym(&tab, "_end", STB_GLOBAL, STT_NOTYPE, data, 0x2100, 0);
	elf_make__sym(&tab, "old@@V_1", STB_GLOBAL, STT_FUNC, text, 0x1030, 4);
	elf_make__sym(&tab, "table", STB_GLOBAL, STT_OBJECT, data, 0x2000, 16);
	elf_make__symtab(&e, ".dynsym", SHT_DYNSYM, &dyn);
	elf_make__symtab(&e, ".symtab", SHT_SYMTAB, &tab);
	elf_make__finish(&e);
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK(elfimg__has_symtab(img) && elfimg__has_dynsym(img));
	CHECK_EQ(elfimg__for_each_sym(img, remember, &seen), 0);
	CHECK_EQ(seen.n, 6);
	CHECK_STR(seen.names[0], "malloc");
	CHECK(!seen.syms[0].is_defined && seen.syms[0].is_func && seen.syms[0].is_dynamic);
	CHECK_STR(seen.names[1], "quick");
	CHECK(seen.syms[1].is_ifunc && seen.syms[1].is_func && seen.syms[1].is_weak &&
	      seen.syms[1].is_global && seen.syms[1].is_defined);
	CHECK_EQ(seen.syms[1].vaddr, 0x1010);
	CHECK_EQ(seen.syms[1].size, 8);
	CHECK_STR(seen.names[2], "label");
	CHECK(seen.syms[2].is_func && seen.syms[2].is_notype && !seen.syms[2].is_global &&
	      !seen.syms[2].is_dynamic);
	CHECK_STR(seen.names[3], "_end");
	CHECK(!seen.syms[3].is_func);
	CHECK_STR(seen.names[4], "old");
	CHECK_STR(seen.names[5], "table");
	CHECK(!seen.syms[5].is_func);

	CHECK_EQ(elfimg__for_each_sym(img, stop_at_second, &calls), 77);
	CHECK_EQ(calls, 2);
	elfimg__free(img);
}

static void survives_truncation_while_open(void)
{
	struct elf_make_syms tab = {0};
	static struct elf_make e;
	struct elfimg *img = NULL;
	struct seen seen = {0};
	int fd;

	elf_make__init(&e);
	elf_make__sym(&tab, "f", STB_GLOBAL, STT_FUNC, SHN_ABS, 1, 1);
	elf_make__symtab(&e, ".symtab", SHT_SYMTAB, &tab);
	elf_make__finish(&e);
	fd = elf_make__fd(&e);
	CHECK_EQ(elfimg__open(fd, "made", &img), 0);
	CHECK_EQ(ftruncate(fd, 10), 0);
	CHECK_EQ(elfimg__for_each_sym(img, remember, &seen), 0);
	CHECK_EQ(seen.n, 0);
	elfimg__free(img);
	close(fd);
}

static void names_never_leave_the_string_table(void)
{
	struct elf_make_syms tab = {0};
	static struct elf_make e;
	struct elfimg *img = NULL;
	struct seen seen = {0};

	elf_make__init(&e);
	elf_make__sym(&tab, "first", STB_GLOBAL, STT_FUNC, SHN_ABS, 1, 1);
	elf_make__sym(&tab, "last", STB_GLOBAL, STT_FUNC, SHN_ABS, 2, 1);
	tab.strs_size -= 3; /* "la", and no NUL */
	tab.syms[1].st_name = UINT32_MAX;
	elf_make__symtab(&e, ".symtab", SHT_SYMTAB, &tab);
	elf_make__finish(&e);
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK_EQ(elfimg__for_each_sym(img, remember, &seen), 0);
	CHECK_EQ(seen.n, 1);
	CHECK_STR(seen.names[0], "la");
	elfimg__free(img);
}

static void reads_the_build_id(void)
{
	static const unsigned char notes[] = {
		4, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 'G', 'N', 'U', 0, 7, 7, 0, 0, /* not ours */
		4, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 4, 5, 0, 0, 0,
	};
	static struct elf_make e;
	struct elfimg *img = NULL;
	const uint8_t *id;
	size_t n, sect;

	elf_make__init(&e);
	sect = elf_make__sect(&e, ".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, 0, notes,
			      sizeof(notes));
	elf_make__finish(&e);
	CHECK_EQ(open_made(&e, &img), 0);
	id = elfimg__build_id(img, &n);
	CHECK_EQ(n, 5);
	CHECK(id && !memcmp(id, "\1\2\3\4\5", 5));
	elfimg__free(img);

	e.sects[sect].sh_size = 40; /* cuts the second note short */
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK(!elfimg__build_id(img, &n));
	CHECK_EQ(n, 0);
	elfimg__free(img);

	e.sects[sect].sh_size = sizeof(notes);
	memset(e.data + 20 + 4, 0xff, 4); /* n_descsz of the second */
	CHECK_EQ(open_made(&e, &img), 0);
	CHECK(!elfimg__build_id(img, &n));
	elfimg__free(img);
}

/* The loader is the judge of where this program's own code is. */
static int first_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(uint64_t *)arg = info->dlpi_addr;
	return 1;
}

static void translates_addresses_of_this_program(void)
{
	unsigned char bytes[32];
	struct elfimg *img = NULL;
	uint64_t base = 0, vaddr, offset = 0, back = 0, size;

	dl_iterate_phdr(first_object, &base);
	CHECK_EQ(open_path("/proc/self/exe", &img), 0);
	if (!img)
		return;
	vaddr = (uint64_t)(uintptr_t)translates_addresses_of_this_program - base;
	CHECK(elfimg__vaddr_to_offset(img, vaddr, &offset));
	CHECK_EQ(pread(elfimg__fd(img), bytes, sizeof(bytes), (off_t)offset), sizeof(bytes));
	CHECK(!memcmp(bytes, (const void *)(uintptr_t)(base + vaddr), sizeof(bytes)));
	CHECK(elfimg__offset_to_vaddr(img, offset, &back));
	CHECK_EQ(back, vaddr);
	size = (uint64_t)lseek(elfimg__fd(img), 0, SEEK_END);
	CHECK(!elfimg__offset_to_vaddr(img, size, &back));
	CHECK(!elfimg__vaddr_to_offset(img, UINT64_MAX, &back));
	CHECK(elfimg__elf(img) != NULL);
	CHECK_STR(elfimg__name(img), "/proc/self/exe");
	elfimg__free(img);
}

struct count {
	unsigned long functions, imports;
	unsigned long long addresses, sizes;
};

static int count_dynamic(const struct elf_sym *s, void *arg)
{
	struct count *c = arg;

	if (!s->is_dynamic || !s->is_func || s->is_notype)
		return 0;
	if (!s->is_defined) {
		c->imports++;
		return 0;
	}
	c->functions++;
	c->addresses += s->vaddr;
	c->sizes += s->size;
	return 0;
}

static void agrees_with_readelf_about_libc(void)
{
	static const char libc[] = LIBC_PATH;
	struct count ours = {0}, theirs = {0};
	struct elfimg *img = NULL;
	char line[1024];
	FILE *p;

	if (open_path(libc, &img)) {
		SKIP("no libc at " LIBC_PATH);
		return;
	}
	p = popen("readelf --dyn-syms -W " LIBC_PATH " 2>/dev/null", "r");
	while (p && fgets(line, sizeof(line), p)) {
		unsigned long long value;
		char size[32], type[16], bind[16], vis[16], ndx[16];

		if (sscanf(line, " %*d: %llx %31s %15s %15s %15s %15s", &value, size, type, bind,
			   vis, ndx) != 6)
			continue;
		if (strcmp(type, "FUNC") && strcmp(type, "IFUNC"))
			continue;
		if (!strcmp(ndx, "UND")) {
			theirs.imports++;
			continue;
		}
		theirs.functions++;
		theirs.addresses += value;
		theirs.sizes += strtoull(size, NULL, 0);
	}
	if (!p || pclose(p) || !theirs.functions) {
		elfimg__free(img);
		SKIP("no readelf");
		return;
	}
	CHECK_EQ(elfimg__for_each_sym(img, count_dynamic, &ours), 0);
	CHECK(theirs.functions > 1000);
	CHECK_EQ(ours.functions, theirs.functions);
	CHECK_EQ(ours.imports, theirs.imports);
	CHECK_EQ(ours.addresses, theirs.addresses);
	CHECK_EQ(ours.sizes, theirs.sizes);
	elfimg__free(img);
}

int main(void)
{
	RUN(refuses_what_is_not_an_elf_file);
	RUN(refuses_foreign_headers);
	RUN(finds_sections);
	RUN(does_not_believe_a_broken_section_table);
	RUN(lists_symbols);
	RUN(survives_truncation_while_open);
	RUN(names_never_leave_the_string_table);
	RUN(reads_the_build_id);
	RUN(translates_addresses_of_this_program);
	RUN(agrees_with_readelf_about_libc);
	return check_done();
}
