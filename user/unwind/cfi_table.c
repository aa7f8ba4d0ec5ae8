/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cfi_table - from the entries of the sections to one sorted table. */
#include <errno.h>
#include <stdlib.h>

#include "unwind/cfi_priv.h"

static bool same(const struct unwind_row *a, const struct unwind_row *b)
{
	return a->cfa == b->cfa && a->kind == b->kind && a->save == b->save;
}

int cfi_rows__put(struct cfi_rows *r, const struct unwind_row *row)
{
	struct unwind_row *grown;
	size_t room;

	if (r->n && r->rows[r->n - 1].pc == row->pc)
		r->n--;
	if (r->n && same(&r->rows[r->n - 1], row))
		return 0;
	if (r->n == r->room) {
		if (r->n >= CFI_MAX_ROWS)
			return -E2BIG;
		room = r->room ? r->room * 2 : 256;
		grown = realloc(r->rows, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->rows = grown;
		r->room = room;
	}
	r->rows[r->n++] = *row;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct cfi_fde *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void sort(struct cfi_fde *fdes, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (by_start(&fdes[i - 1], &fdes[i]) > 0) {
			qsort(fdes, n, sizeof(*fdes), by_start);
			return;
		}
	}
}

static const struct cfi_range *exec_range(const struct cfi_image *img, uint64_t vaddr)
{
	for (size_t i = 0; i < img->n_exec; i++)
		if (vaddr >= img->exec[i].start && vaddr < img->exec[i].end)
			return &img->exec[i];
	return NULL;
}

/*
 * Drop what describes no code of the image (functions that the linker has removed keep an FDE, at
 * address 0) and cut what goes beyond it. Returns how many are left, sorted.
 */
static size_t keep_code(const struct cfi_image *img, struct cfi_entries *e, uint8_t section)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_fdes; i++) {
		struct cfi_fde *fde = &e->fdes[i];
		const struct cfi_range *range = exec_range(img, fde->start);

		if (!range) {
			e->n_skipped++;
			continue;
		}
		if (fde->end > range->end)
			fde->end = range->end;
		fde->section = section;
		e->fdes[n++] = *fde;
	}
	sort(e->fdes, n);
	e->n_fdes = n;
	return n;
}

/*
 * The second section only fills what the first leaves: add those of its FDEs that share no code
 * with the first's (both sorted). Returns 0 or -ENOMEM.
 */
static int add_gaps(struct cfi_entries *first, const struct cfi_entries *second,
		    struct cfi_info *info)
{
	size_t n = first->n_fdes, total = n, i = 0;
	uint64_t covered = 0;
	struct cfi_fde *grown;

	if (!second->n_fdes)
		return 0;
	grown = realloc(first->fdes, (n + second->n_fdes) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	first->fdes = grown;
	first->fdes_room = n + second->n_fdes;
	for (size_t k = 0; k < second->n_fdes; k++) {
		const struct cfi_fde *fde = &second->fdes[k];

		for (; i < n && grown[i].start <= fde->start; i++)
			if (grown[i].end > covered)
				covered = grown[i].end;
		if (fde->start < covered || (i < n && grown[i].start < fde->end))
			info->n_overlaps++;
		else
			grown[total++] = *fde;
	}
	first->n_fdes = total;
	sort(grown, total);
	return 0;
}

static int add_rows(const struct cfi_image *img, const struct cfi_entries e[2],
		    struct cfi_rows *rows, struct cfi_info *info)
{
	uint64_t covered = 0;

	for (size_t i = 0; i < e[0].n_fdes; i++) {
		const struct cfi_fde *fde = &e[0].fdes[i];
		struct unwind_row end = {
			.pc = (uint32_t)(fde->end - img->base),
			.kind = UNWIND_END,
		};
		int err;

		if (fde->start < covered) {
			info->n_overlaps++;
			if (fde->end <= covered)
				continue;
		}
		err = cfi_exec__fde(&e[fde->section].cies[fde->cie], fde, &img->sects[fde->section],
				    fde->start < covered ? covered : fde->start, img->base, rows);
		if (err == -ENOTSUP)
			info->n_undecoded++;
		else if (err)
			return err;
		err = cfi_rows__put(rows, &end);
		if (err)
			return err;
		covered = fde->end;
		info->n_fdes++;
	}
	return 0;
}

/* Put signal frames over what the sections say, or do not say. Returns 0, -E2BIG or -ENOMEM. */
static int add_sigreturns(const struct cfi_image *img, struct cfi_rows *rows)
{
	struct cfi_rows out = {0};
	struct unwind_row here = {.kind = UNWIND_END}; /* what the sections say at this point */
	uint64_t covered = img->base;
	size_t k = 0;
	int err = 0;

	if (!img->n_sigreturns)
		return 0;
	for (size_t i = 0; i < img->n_sigreturns && !err; i++) {
		const struct cfi_range *r = &img->sigreturns[i];
		struct unwind_row row = {.kind = UNWIND_SIGNAL};

		if (r->end <= covered)
			continue;
		row.pc = (uint32_t)((r->start > covered ? r->start : covered) - img->base);
		for (; k < rows->n && rows->rows[k].pc < row.pc && !err; k++) {
			here = rows->rows[k];
			err = cfi_rows__put(&out, &here);
		}
		if (!err)
			err = cfi_rows__put(&out, &row);
		covered = r->end;
		for (; k < rows->n && rows->rows[k].pc <= covered - img->base; k++)
			here = rows->rows[k];
		here.pc = (uint32_t)(covered - img->base);
		if (!err)
			err = cfi_rows__put(&out, &here);
	}
	for (; k < rows->n && !err; k++)
		err = cfi_rows__put(&out, &rows->rows[k]);
	if (err) {
		free(out.rows);
		return err;
	}
	free(rows->rows);
	*rows = out;
	return 0;
}

static const char *exec_error(int err)
{
	switch (err) {
	case -EBADMSG:
		return "the instructions of an FDE are broken";
	case -E2BIG:
		return "the unwind table would be too large";
	default:
		return NULL;
	}
}

int cfi_table__build(const struct cfi_image *img, struct unwind_row **out, size_t *n,
		     struct cfi_info *info)
{
	struct cfi_entries entries[2] = {0};
	struct cfi_rows rows = {0};
	struct unwind_row *shrunk;
	int err;

	for (size_t i = 0; i < img->n_sects; i++) {
		err = cfi_entries__read(&entries[i], &img->sects[i], &info->warning);
		if (err)
			goto cleanup;
		keep_code(img, &entries[i], (uint8_t)i);
		info->bytes += img->sects[i].size;
		info->n_skipped += entries[i].n_skipped;
	}
	err = add_gaps(&entries[0], &entries[1], info);
	if (err)
		goto cleanup;
	err = add_rows(img, entries, &rows, info);
	if (!err)
		err = add_sigreturns(img, &rows);
	if (err) {
		info->warning = exec_error(err);
		goto cleanup;
	}
	err = -ENODATA;
	if (!rows.n)
		goto cleanup;
	err = 0;

	for (size_t i = 0; i < rows.n; i++)
		info->kinds[rows.rows[i].kind]++;
	shrunk = realloc(rows.rows, rows.n * sizeof(*shrunk));
	*out = shrunk ? shrunk : rows.rows;
	*n = rows.n;
	rows.rows = NULL;

cleanup:
	free(rows.rows);
	for (size_t i = 0; i < img->n_sects; i++)
		cfi_entries__clear(&entries[i]);
	return err;
}
