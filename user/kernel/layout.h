/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layout - where the fields of a kernel's structures are, by its BTF. */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;

struct field {
	uint32_t bit, bits; /* from the structure's start; bits 0: there is no such field */
};

/*
 * A field of a structure, or of what it holds without a name. path may lead on into structures that
 * it holds by name: "list.next". A pointer is not followed.
 */
struct field layout__field(const struct btf *btf, const char *type, const char *path);
/* Bytes, 0: there is no such structure. */
size_t layout__size(const struct btf *btf, const char *type);
/*
 * A variable of the per-CPU section: where it is in it. False: there is none, or no such section in
 * BTF.
 */
bool layout__percpu(const struct btf *btf, const char *name, uint64_t *offset);

static inline uint32_t field__offset(struct field f)
{
	return f.bit / 8;
}
/* Its value, of a structure that was read into size bytes at base; 0 when it is not in there. */
uint64_t field__get(struct field f, const void *base, size_t size);
#endif
