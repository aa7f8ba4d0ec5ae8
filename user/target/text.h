/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text - the code that a process really executes: its memory against the file that it was mapped
 * from. Others write there as well: debuggers and tracers breakpoints, hooking libraries jumps.
 *
 * That matters as a probe replaces one byte in memory, but the kernel carries out the instruction
 * of the file: on a patched place it would undo the patch, within one it would break it.
 */
#ifndef TARGET_TEXT_H
#define TARGET_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addrspace;
struct image;

/*
 * How many of the n bytes at vaddr of an image are as in the file, counted from the first one?
 * Single breakpoints do not count as changes, nor what the kernel makes of a 5-byte nop that it
 * probes. n, too, when the memory cannot be read.
 */
size_t text__intact(const struct addrspace *as, const struct image *image, uint64_t vaddr,
		    size_t n);
/* Does somebody's jump begin at vaddr in memory? *target: where to, an address of the process. */
bool text__jump(const struct addrspace *as, const struct image *image, uint64_t vaddr,
		uint64_t *target);
/* Is a breakpoint, or what the kernel makes of it, at vaddr? True, too, when that cannot be read.
 */
bool text__has_probe(const struct addrspace *as, const struct image *image, uint64_t vaddr);
#endif
