/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cfi_make - call frame information made by hand, for tests that need to know every byte. */
#ifndef CFI_MAKE_H
#define CFI_MAKE_H

#include <dwarf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "unwind/cfi_priv.h"

enum {
	TEXT = 0x1000, /* the code of the images here is [TEXT, TEXT_END) */
	TEXT_END = 0x101000,
	FRAME = 0x200000, /* vaddr of .eh_frame */
};

/* A frame section being written. */
struct out {
	uint8_t *p;
	size_t n, room;
	bool debug;   /* .debug_frame */
	bool wide;    /* 64-bit DWARF */
	int8_t align; /* data alignment, 0: -8 */
	size_t at;    /* the entry that is open: of its length field */
};

static inline void put(struct out *o, const void *data, size_t size)
{
	if (o->n + size > o->room) {
		o->room = (o->n + size) * 2;
		o->p = realloc(o->p, o->room);
		if (!o->p)
			abort();
	}
	if (size)
		memcpy(o->p + o->n, data, size);
	o->n += size;
}

static inline void u8(struct out *o, uint8_t v)
{
	put(o, &v, sizeof(v));
}

static inline void u32(struct out *o, uint32_t v)
{
	put(o, &v, sizeof(v));
}

static inline void u64(struct out *o, uint64_t v)
{
	put(o, &v, sizeof(v));
}

static inline void begin(struct out *o)
{
	o->at = o->n;
	u32(o, o->wide ? 0xffffffff : 0);
	if (o->wide)
		u64(o, 0);
}

static inline void end(struct out *o)
{
	uint64_t size = o->n - o->at - (o->wide ? 12 : 4);

	memcpy(o->p + o->at + (o->wide ? 4 : 0), &size, o->wide ? 8 : 4);
}

/* What every compiler's CIE begins with: CFA = rsp + 8, return address at CFA - 8. */
#define USUAL DW_CFA_def_cfa, 7, 8, DW_CFA_offset | 16, 1
#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

/* Returns its offset, for fde(). */
static inline size_t cie(struct out *o, const char *aug, const uint8_t *insns, size_t size)
{
	size_t at = o->n;

	begin(o);
	if (o->debug && o->wide)
		u64(o, UINT64_MAX);
	else
		u32(o, o->debug ? 0xffffffff : 0);
	u8(o, 1);
	put(o, aug, strlen(aug) + 1);
	put(o, BYTES(1, (o->align ? o->align : -8) & 0x7f, 16)); /* alignments, return address */
	if (*aug == 'z')
		put(o, BYTES(1, DW_EH_PE_pcrel | DW_EH_PE_sdata4));
	put(o, insns, size);
	end(o);
	return at;
}

static inline void fde(struct out *o, size_t cie_at, uint64_t start, uint64_t size,
		       const uint8_t *insns, size_t n)
{
	begin(o);
	if (o->debug && o->wide)
		u64(o, cie_at);
	else
		u32(o, (uint32_t)(o->debug ? cie_at : o->n - cie_at));
	if (o->debug) {
		u64(o, start);
		u64(o, size);
	} else {
		u32(o, (uint32_t)(start - (FRAME + o->n)));
		u32(o, (uint32_t)size);
		u8(o, 0);
	}
	put(o, insns, n);
	end(o);
}

struct built {
	struct unwind_row *rows;
	size_t n;
	struct cfi_info info;
	int err;
};

static inline struct cfi_section section(const struct out *o)
{
	return (struct cfi_section){.data = o->p, .size = o->n, .addr = FRAME, .is_eh = !o->debug};
}

static inline struct built build(const struct out *first, const struct out *second)
{
	struct cfi_image img = {.exec[0] = {TEXT, TEXT_END}, .n_exec = 1};
	struct built b = {0};

	img.sects[img.n_sects++] = section(first);
	if (second)
		img.sects[img.n_sects++] = section(second);
	b.err = cfi_table__build(&img, &b.rows, &b.n, &b.info);
	return b;
}

static inline void drop(struct built *b, struct out *o)
{
	free(b->rows);
	free(o->p);
	*b = (struct built){0};
	*o = (struct out){0};
}

/* The table is exactly these rows. */
static inline bool is(const struct built *b, const struct unwind_row *want, size_t n)
{
	bool ok = !b->err && b->n == n;

	for (size_t i = 0; ok && i < n; i++)
		ok = b->rows[i].pc == want[i].pc && b->rows[i].kind == want[i].kind &&
		     b->rows[i].cfa == want[i].cfa && b->rows[i].save == want[i].save;
	for (size_t i = 0; !ok && i < b->n; i++)
		printf("  row {%#x, %u, %u, %u}\n", b->rows[i].pc, b->rows[i].cfa, b->rows[i].kind,
		       b->rows[i].save);
	if (!ok)
		printf("  error %d, %s\n", b->err,
		       b->info.warning ? b->info.warning : "no warning");
	return ok;
}

/* Rows as in the struct: {pc, cfa, kind, save}. */
#define CHECK_ROWS(b, ...)                                                                         \
	CHECK(is((b), (const struct unwind_row[]){__VA_ARGS__},                                    \
		 sizeof((const struct unwind_row[]){__VA_ARGS__}) / sizeof(struct unwind_row)))

/* How glibc describes the frame that the kernel makes for a signal handler. */
static const uint8_t sigframe[] = {
	DW_CFA_def_cfa_expression, 4,  DW_OP_breg7, 0xa0,	 1,    DW_OP_deref,
	DW_CFA_expression,	   6,  3,	    DW_OP_breg7, 0xf8, 0,
	DW_CFA_expression,	   16, 3,	    DW_OP_breg7, 0xa8, 1,
};

#endif
