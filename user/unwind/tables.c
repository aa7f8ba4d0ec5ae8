/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unwind/tables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg.h"
#include "target/addrspace.h"
#include "unwind/cfi.h"
#include "unwind/vdso.h"

/* The table of one image. */
struct table {
	const struct image *image; /* NULL: the vdso */
	struct unwind_row *rows;   /* until they are in the map */
	size_t n;
	uint64_t base;	/* ELF vaddr that row.pc counts from */
	uint32_t first; /* index of the first row in the map */
	bool stored;
};

struct tables {
	struct table *table;
	size_t n, room;
	size_t n_rows;		 /* of all tables */
	struct unwind_row *rows; /* the map, NULL: not there yet */
	size_t rows_room, rows_used;
	struct unwind_seg *segs;
	size_t n_segs; /* in force */
	int half;      /* of segs that is in force */
	struct memleak_state *state;
	char (*warning)[256];
	size_t n_warnings, next_warning;
};

struct tables *tables__new(void)
{
	return calloc(1, sizeof(struct tables));
}

void tables__free(struct tables *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->n; i++)
		free(t->table[i].rows);
	free(t->table);
	free(t->warning);
	free(t);
}

static struct table *find(const struct tables *t, const struct image *image)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->table[i].image == image)
			return &t->table[i];
	return NULL;
}

static void warn(struct tables *t, const struct image *image, const char *what)
{
	char(*warning)[256] = realloc(t->warning, (t->n_warnings + 1) * sizeof(*warning));

	if (!warning)
		return;
	t->warning = warning;
	snprintf(warning[t->n_warnings++], sizeof(*warning),
		 "%.100s: %.100s; its code is walked by frame pointers",
		 image ? image->name : "[vdso]", what);
}

const char *tables__next_warning(struct tables *t)
{
	return t->next_warning < t->n_warnings ? t->warning[t->next_warning++] : NULL;
}

/*
 * Leave out the gaps of padding between functions: no frame is ever there, and a function's last
 * row is often the next one's first. Returns how many rows are left.
 */
static size_t compact(struct unwind_row *rows, size_t n)
{
	const uint32_t padding = 16; /* bytes: compilers align functions to that */
	size_t kept = 0, i;

	for (i = 0; i < n; i++) {
		const struct unwind_row *last = kept ? &rows[kept - 1] : NULL;

		if (rows[i].kind == UNWIND_END && i + 1 < n &&
		    rows[i + 1].pc - rows[i].pc < padding)
			continue;
		if (last && last->kind == rows[i].kind && last->cfa == rows[i].cfa &&
		    last->save == rows[i].save)
			continue;
		rows[kept++] = rows[i];
	}
	return kept;
}

/* Build the rows of one image; none when there is no use in it. */
static int build(struct tables *t, const struct image *image, struct table *table)
{
	struct cfi_info info = {0};
	struct elfimg *vdso = NULL;
	int err = -ENODATA;

	if (!image && !vdso__open(&vdso))
		err = cfi__build(vdso, &table->rows, &table->n, &info);
	else if (image && image->elf)
		err = cfi__build(image->elf, &table->rows, &table->n, &info);
	elfimg__free(vdso);
	if (err) {
		table->rows = NULL;
		table->n = 0;
	}
	table->n = compact(table->rows, table->n);
	table->base = info.base;
	if (err && err != -ENOMEM && err != -ENODATA)
		warn(t, image, info.warning ? info.warning : strerror(-err));
	return err == -ENOMEM ? err : 0;
}

static int learn_one(struct tables *t, const struct image *image)
{
	struct table *tables;
	int err;

	if (find(t, image))
		return 0;
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 64;

		tables = realloc(t->table, room * sizeof(*tables));
		if (!tables)
			return -ENOMEM;
		t->table = tables;
		t->room = room;
	}
	t->table[t->n] = (struct table){.image = image};
	err = build(t, image, &t->table[t->n]);
	if (err)
		return err;
	t->n_rows += t->table[t->n++].n;
	return 0;
}

static bool is_vdso(const struct exec_range *r)
{
	return !r->image && r->label && !strcmp(r->label, "[vdso]");
}

int tables__learn(struct tables *t, const struct addrspace *as)
{
	struct exec_range r;
	int err = 0;
	size_t i;

	for (i = 0; addrspace__range(as, i, &r) && !err; i++)
		if ((r.image && r.image->mapped) || is_vdso(&r))
			err = learn_one(t, r.image);
	return err;
}

size_t tables__rows(const struct tables *t)
{
	return t->n_rows;
}

void tables__attach(struct tables *t, struct unwind_row *rows, size_t n_rows,
		    struct unwind_seg *segs, struct memleak_state *state)
{
	t->rows = rows;
	t->rows_room = n_rows;
	t->segs = segs;
	t->state = state;
}

/* Append a table's rows to the map. */
static void store(struct tables *t, struct table *table)
{
	if (table->stored)
		return;
	table->stored = true;
	if (table->n > t->rows_room - t->rows_used) {
		warn(t, table->image, "no room is left for its unwind table");
		table->n = 0;
	}
	table->first = (uint32_t)t->rows_used;
	if (table->n)
		memcpy(t->rows + t->rows_used, table->rows, table->n * sizeof(*table->rows));
	t->rows_used += table->n;
	free(table->rows);
	table->rows = NULL;
}

static struct unwind_seg segment(const struct tables *t, const struct exec_range *r)
{
	struct unwind_seg seg = {.start = r->start, .end = r->end};
	const struct table *table = r->image || is_vdso(r) ? find(t, r->image) : NULL;

	if (!table || !table->n)
		return seg;
	/* the vdso is mapped as it is, with its lowest address first */
	seg.bias = r->image ? r->start - r->vaddr + table->base : r->start;
	seg.row_lo = table->first;
	seg.row_hi = table->first + (uint32_t)table->n;
	return seg;
}

void tables__publish(struct tables *t, const struct addrspace *as)
{
	struct unwind_seg *now = t->segs + t->half * UNWIND_MAX_SEGS;
	struct unwind_seg *next = t->segs + !t->half * UNWIND_MAX_SEGS;
	uint64_t first = (uint64_t)!t->half * UNWIND_MAX_SEGS;
	struct exec_range r;
	size_t n = 0, i;

	for (i = 0; i < t->n; i++)
		store(t, &t->table[i]);
	for (i = 0; n < UNWIND_MAX_SEGS && addrspace__range(as, i, &r); i++)
		next[n++] = segment(t, &r);
	if (n == t->n_segs && !memcmp(now, next, n * sizeof(*now)))
		return;
	/* rows and segments are there before they are referred to */
	__atomic_store_n(&t->state->segs, first | (first + n) << 32, __ATOMIC_RELEASE);
	__atomic_fetch_add(&t->state->gen, 1, __ATOMIC_RELEASE);
	t->half = !t->half;
	t->n_segs = n;
}

/* The row among [low, high) of the map that pc, counted as theirs, falls to. NULL: none. */
static const struct unwind_row *search(const struct tables *t, size_t low, size_t high, uint64_t pc)
{
	size_t first = low;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->rows[mid].pc <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low > first && t->rows[low - 1].kind != UNWIND_END ? &t->rows[low - 1] : NULL;
}

/* The row of an image's code at vaddr, in the map; NULL: none, or a gap. */
static const struct unwind_row *find_row(const struct tables *t, const struct table *table,
					 uint64_t vaddr)
{
	if (!table || !table->stored || vaddr < table->base)
		return NULL;
	return search(t, table->first, table->first + table->n, vaddr - table->base);
}

bool tables__covers(const struct tables *t, const struct image *image, uint64_t vaddr)
{
	return find_row(t, find(t, image), vaddr);
}

bool tables__row(const struct tables *t, const struct image *image, uint64_t vaddr, uint64_t *start,
		 uint64_t *end)
{
	const struct table *table = find(t, image);
	const struct unwind_row *row = find_row(t, table, vaddr);

	if (!row || row + 1 == t->rows + table->first + table->n)
		return false;
	*start = table->base + row[0].pc;
	*end = table->base + row[1].pc;
	return true;
}

void tables__mark(struct tables *t, const struct image *image, uint64_t vaddr)
{
	const struct unwind_row *row = find_row(t, find(t, image), vaddr);

	if (!row || row->kind & UNWIND_ALLOCATOR)
		return;
	t->rows[row - t->rows].kind |= UNWIND_ALLOCATOR;
	__atomic_fetch_add(&t->state->gen, 1, __ATOMIC_RELEASE); /* rows are cached */
}

bool tables__find(const struct tables *t, uint64_t pc, struct unwind_row *row)
{
	const struct unwind_seg *segs = t->segs + t->half * UNWIND_MAX_SEGS;
	size_t low = 0, high = t->n_segs;
	const struct unwind_seg *seg;
	const struct unwind_row *there;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (segs[mid].start <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || pc >= segs[low - 1].end)
		return false;
	seg = &segs[low - 1];
	there = search(t, seg->row_lo, seg->row_hi, pc - seg->bias);
	*row = there ? *there : (struct unwind_row){.cfa = 2, .kind = UNWIND_FP, .save = 2};
	row->kind &= ~UNWIND_ALLOCATOR;
	return true;
}
