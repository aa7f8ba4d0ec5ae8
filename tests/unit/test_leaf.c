/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions call no other probed one: asked about functions of this program itself. */
#include "check.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "probes.h"
#include "target/addrspace.h"
#include "target/allocators.h"
#include "target/leaf.h"

#ifdef __x86_64__
/* Never called. target is the other function that is probed. */
__asm__(".text\n"
	"target: ret\n"
	"helper: ret\n"
	"plain: test %rdi, %rdi; je 1f; call helper; 1: ret\n"
	"itself: call itself; ret\n"
	"calls: call target; ret\n"
	"jumps: jmp target\n"
	"branches: test %rdi, %rdi; je target; ret\n"
	"below: call calls; ret\n"
	"tail_below: jmp below\n"
	"pointer: call *%rax; ret\n"
	"pointer_below: call pointer; ret\n"
	"computed: jmp *%rax\n"
	"import: call calloc@PLT; ret\n"
	"other_import: call getppid@PLT; ret\n");
#endif
extern const char target[], helper[], plain[], itself[], calls[], jumps[], branches[], below[],
	tail_below[], pointer[], pointer_below[], computed[], import[], other_import[];

static uint64_t base;

static int find_base(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	base = info->dlpi_addr; /* the program comes first */
	return 1;
}

static size_t entry_of(const char *symbol)
{
	size_t i;

	for (i = 0; i < n_entry_points && strcmp(entry_points[i].symbol, symbol) != 0; i++)
		;
	return i;
}

/* Is the function one, probed under that name beside target? */
static bool is_leaf(struct elfimg *elf, const char *function, const char *name)
{
	struct image image = {.elf = elf, .fd = -1};
	struct probe_site sites[2] = {{.entry = entry_of(name)}, {.entry = entry_of("memalign")}};
	struct allocator alloc = {.image = &image, .sites = sites, .n_sites = 2};

	CHECK(elfimg__vaddr_to_offset(elf, (uintptr_t)function - base, &sites[0].offset));
	CHECK(elfimg__vaddr_to_offset(elf, (uintptr_t)target - base, &sites[1].offset));
	return leaf__is(&alloc, 0);
}

static void leaves(void)
{
#ifdef __x86_64__
	int fd = open("/proc/self/exe", O_RDONLY);
	struct elfimg *elf = NULL;

	dl_iterate_phdr(find_base, NULL);
	CHECK_EQ(elfimg__open(fd, "self", &elf), 0);
	if (!elf)
		return;
	CHECK(is_leaf(elf, plain, "malloc"));
	CHECK(is_leaf(elf, helper, "malloc"));
	CHECK(is_leaf(elf, other_import, "malloc"));
	CHECK(!is_leaf(elf, itself, "malloc"));
	CHECK(!is_leaf(elf, calls, "malloc"));
	CHECK(!is_leaf(elf, jumps, "malloc"));
	CHECK(!is_leaf(elf, branches, "malloc"));
	CHECK(!is_leaf(elf, below, "malloc"));
	CHECK(!is_leaf(elf, tail_below, "malloc"));
	CHECK(!is_leaf(elf, pointer, "malloc"));
	CHECK(!is_leaf(elf, pointer_below, "malloc"));
	CHECK(!is_leaf(elf, computed, "malloc"));
	CHECK(!is_leaf(elf, import, "malloc"));
	/* its old block has to be seen to */
	CHECK(!is_leaf(elf, plain, "realloc"));
	elfimg__free(elf);
	close(fd);
#else
	SKIP("code is read for x86-64 only");
#endif
}

int main(void)
{
	RUN(leaves);
	return check_done();
}
