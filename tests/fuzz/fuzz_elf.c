/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_elf - libFuzzer target: an ELF file made by an attacker, opened and asked about.
 *
 *	clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -std=gnu11 -Iuser \
 *		tests/fuzz/fuzz_elf.c and all of user/elf and user/sym \
 *		-ldw -lelf -lz -liberty
 *	ASAN_OPTIONS=allocator_may_return_null=1 ./fuzz_elf CORPUS
 *
 * The corpus: a few small programs and objects (shared ones), with -g, stripped, compressed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/debugfile.h"
#include "elf/elfimg.h"
#include "sym/symbolizer.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

enum {
	MAX_ADDRESSES = 24,
};

struct addresses {
	uint64_t list[MAX_ADDRESSES];
	size_t n;
	volatile char touched; /* reads every name to its end */
};

static int visit(const struct elf_sym *s, void *arg)
{
	struct addresses *a = arg;

	for (const char *p = s->name; *p; p++)
		a->touched = *p;
	if (s->is_func && s->is_defined && a->n < MAX_ADDRESSES - 4) {
		a->list[a->n++] = s->vaddr;
		a->list[a->n++] = s->vaddr + s->size / 2;
	}
	return 0;
}

/*
 * Left alone, the fuzzer breaks the file header first, and the code behind it sees little. Three
 * times out of four change a few bytes inside one section, chosen at random, and nothing else.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdr;
	size_t pos, len;

	if (seed % 4 == 0 || size < sizeof(ehdr))
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(&ehdr, data, sizeof(ehdr));
	if (!ehdr.e_shnum || ehdr.e_shoff > size ||
	    (size - ehdr.e_shoff) / sizeof(shdr) < ehdr.e_shnum)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(&shdr, data + ehdr.e_shoff + (seed / 4) % ehdr.e_shnum * sizeof(shdr), sizeof(shdr));
	if (shdr.sh_type == SHT_NOBITS || !shdr.sh_size || shdr.sh_offset > size ||
	    shdr.sh_size > size - shdr.sh_offset)
		return LLVMFuzzerMutate(data, size, max_size);
	pos = shdr.sh_offset + seed / 1024 % shdr.sh_size;
	len = shdr.sh_offset + shdr.sh_size - pos;
	LLVMFuzzerMutate(data + pos, len < 16 ? len : 16, len < 16 ? len : 16);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct debugfile_opts files = {0};
	const struct symbolizer_opts opts = {.demangle = true};
	struct elfimg *img = NULL, *other = NULL;
	struct symbolizer *s = NULL;
	struct addresses a = {0};
	uint64_t v;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		goto cleanup;
	if (elfimg__open(fd, "fuzz", &img))
		goto cleanup;
	elfimg__for_each_sym(img, visit, &a);
	a.list[a.n++] = elfimg__entry(img);
	a.list[a.n++] = UINT64_MAX;
	for (size_t i = 0; i < elfimg__n_sects(img) && a.n < MAX_ADDRESSES; i++)
		if (elfimg__sect(img, i)->flags & SHF_EXECINSTR)
			a.list[a.n++] = elfimg__sect(img, i)->addr + 8;
	if (!debugfile__find_alt(img, &files, &other))
		elfimg__free(other);

	s = symbolizer__new(&opts);
	for (size_t i = 0; s && i < a.n; i++) {
		const struct sym_frame *f;
		size_t n;

		elfimg__vaddr_to_offset(img, a.list[i], &v);
		elfimg__offset_to_vaddr(img, a.list[i], &v);
		if (symbolizer__resolve(s, img, a.list[i], &f, &n))
			continue;
		if (!n || f[n - 1].inlined)
			abort();
		for (size_t j = 0; j < n; j++) {
			for (const char *p = f[j].function; p && *p; p++)
				a.touched = *p;
			for (const char *p = f[j].path; p && *p; p++)
				a.touched = *p;
		}
	}

cleanup:
	symbolizer__free(s);
	elfimg__free(img);
	if (fd >= 0)
		close(fd);
	return 0;
}
