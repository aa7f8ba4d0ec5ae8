/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/text.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "target/addrspace.h"

#define MAX_BYTES 256
#define INT3 0xcc
#define NOP5_SIZE 5

/*
 * Since 6.18 a probe on this nop becomes a call (arch/x86/kernel/uprobes.c, arch_uprobe_optimize),
 * the instruction that begins with CALL.
 */
static const uint8_t nop5[NOP5_SIZE] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
#define CALL 0xe8

/* Where the image's code at vaddr is mapped; a file may be so more than once. False: no more. */
static bool next_address(const struct addrspace *as, const struct image *image, uint64_t vaddr,
			 size_t *i, uint64_t *addr)
{
	struct exec_range range;

	while (addrspace__range(as, (*i)++, &range)) {
		if (range.image != image || vaddr < range.vaddr ||
		    vaddr - range.vaddr >= range.end - range.start)
			continue;
		*addr = range.start + (vaddr - range.vaddr);
		return true;
	}
	return false;
}

static bool read_memory(const struct addrspace *as, uint64_t addr, void *buf, size_t n)
{
	struct iovec local = {buf, n}, remote = {(void *)(uintptr_t)addr, n};

	return process_vm_readv(addrspace__pid(as), &local, 1, &remote, 1, 0) == (ssize_t)n;
}

static size_t read_file(const struct image *image, uint64_t vaddr, void *buf, size_t n)
{
	uint64_t offset;
	ssize_t got;

	if (!image->elf || !elfimg__vaddr_to_offset(image->elf, vaddr, &offset))
		return 0;
	got = pread(elfimg__fd(image->elf), buf, n, (off_t)offset);
	return got > 0 ? (size_t)got : 0;
}

static size_t intact_bytes(const uint8_t *file, const uint8_t *memory, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (n - i >= NOP5_SIZE && !memcmp(file + i, nop5, NOP5_SIZE) && memory[i] == CALL)
			i += NOP5_SIZE;
		else if (memory[i] == file[i] || memory[i] == INT3)
			i++;
		else
			break;
	}
	return i;
}

size_t text__intact(const struct addrspace *as, const struct image *image, uint64_t vaddr, size_t n)
{
	uint8_t file[MAX_BYTES], memory[MAX_BYTES];
	size_t least = n, i = 0, intact;
	uint64_t addr;

	if (n > MAX_BYTES)
		n = MAX_BYTES;
	n = read_file(image, vaddr, file, n);
	while (n && next_address(as, image, vaddr, &i, &addr)) {
		if (!read_memory(as, addr, memory, n))
			continue;
		intact = intact_bytes(file, memory, n);
		if (intact < n && intact < least)
			least = intact;
	}
	return least;
}

/* Intel SDM vol. 2: JMP rel32, and JMP m64 relative to rip. */
static bool decode_jump(const struct addrspace *as, uint64_t addr, uint64_t *target)
{
	uint8_t b[6];
	int32_t rel;

	if (!read_memory(as, addr, b, sizeof(b)))
		return false;
	if (b[0] == 0xe9) {
		memcpy(&rel, b + 1, sizeof(rel));
		*target = addr + 5 + (int64_t)rel;
		return true;
	}
	if (b[0] == 0xff && b[1] == 0x25) {
		memcpy(&rel, b + 2, sizeof(rel));
		return read_memory(as, addr + 6 + (int64_t)rel, target, sizeof(*target));
	}
	return false;
}

bool text__jump(const struct addrspace *as, const struct image *image, uint64_t vaddr,
		uint64_t *target)
{
	uint64_t addr;
	size_t i = 0;

	while (next_address(as, image, vaddr, &i, &addr))
		if (decode_jump(as, addr, target))
			return true;
	return false;
}

bool text__has_probe(const struct addrspace *as, const struct image *image, uint64_t vaddr)
{
	uint8_t file[NOP5_SIZE], byte;
	bool read = false;
	uint64_t addr;
	size_t i = 0;

	while (next_address(as, image, vaddr, &i, &addr)) {
		if (!read_memory(as, addr, &byte, 1))
			continue;
		read = true;
		if (byte == INT3)
			return true;
		if (byte == CALL && read_file(image, vaddr, file, NOP5_SIZE) == NOP5_SIZE &&
		    !memcmp(file, nop5, NOP5_SIZE))
			return true;
	}
	return !read;
}
