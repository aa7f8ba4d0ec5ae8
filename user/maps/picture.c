/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/picture.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/bars.h"
#include "render/format.h"

#define MIN_CELL 4096ULL
#define MAX_CELL (1ULL << 57)
#define ADDRESS_COLUMNS 15
#define TEXT_ROWS 14

static bool is_drawn(const struct region *r)
{
	/* the vsyscall page lies at the other end of all addresses */
	return r->kind != MAP_RESERVED && r->vma->map.start < 1ULL << 63;
}

static uint64_t cells_of(uint64_t bytes, uint64_t cell)
{
	return bytes / cell + (bytes % cell != 0);
}

/* The next run of mappings with no gap of a cell or more in it: from *i on, to *end. False: none.
 */
static bool next_run(const struct layout *l, size_t *i, uint64_t cell, uint64_t *start,
		     uint64_t *end)
{
	while (*i < l->n && !is_drawn(&l->region[*i]))
		++*i;
	if (*i == l->n)
		return false;
	*start = l->region[*i].vma->map.start;
	*end = l->region[*i].vma->map.end;
	while (++*i < l->n) {
		const struct mapping *m = &l->region[*i].vma->map;

		if (!is_drawn(&l->region[*i]))
			continue;
		if (m->start - *end >= cell)
			break;
		*end = m->end;
	}
	return true;
}

static uint64_t count_cells(const struct layout *l, uint64_t cell)
{
	uint64_t start, end, n = 0;
	size_t i = 0;

	while (next_run(l, &i, cell, &start, &end))
		n += cells_of(end - start, cell) + 1;
	return n;
}

/* The cell [start, end): *i is the first region that may reach into it. */
static void fill_cell(const struct layout *l, size_t *i, uint64_t start, uint64_t end,
		      struct cell *c)
{
	double mapped = 0, resident = 0;
	uint64_t most = 0;
	size_t k;

	while (*i < l->n && l->region[*i].vma->map.end <= start)
		++*i;
	c->addr = start;
	for (k = *i; k < l->n && l->region[k].vma->map.start < end; k++) {
		const struct region *r = &l->region[k];
		const struct mapping *m = &r->vma->map;
		uint64_t from = m->start > start ? m->start : start;
		uint64_t to = m->end < end ? m->end : end;

		if (!is_drawn(r))
			continue;
		mapped += to - from;
		resident += (double)smaps__held(r->vma) / (m->end - m->start) * (to - from);
		if (to - from > most) {
			most = to - from;
			c->region = r;
		}
	}
	c->fill = mapped > 0 ? fmin(resident / mapped, 1) : 0;
}

int picture__make(const struct layout *l, size_t columns, size_t rows, struct picture *p)
{
	uint64_t start, end, at, cell = MIN_CELL, next;
	size_t i = 0, k = 0;

	memset(p, 0, sizeof(*p));
	while (cell < MAX_CELL && count_cells(l, cell) > columns * rows)
		cell *= 2;
	p->cell = calloc(count_cells(l, cell) + 1, sizeof(*p->cell));
	if (!p->cell)
		return -ENOMEM;
	p->columns = columns;
	p->cell_bytes = cell;
	while (next_run(l, &i, cell, &start, &end)) {
		if (p->n)
			p->cell[p->n++].addr = start; /* a gap */
		for (at = start; at < end; at = next) {
			next = end - at > cell ? at + cell : end;
			fill_cell(l, &k, at, next, &p->cell[p->n++]);
		}
	}
	return 0;
}

void picture__clear(struct picture *p)
{
	free(p->cell);
	memset(p, 0, sizeof(*p));
}

struct printer {
	FILE *out;
	bool color;
	const struct region *region; /* of the cell before */
	double due; /* what of the cells of region is still to be shown as filled */
};

/*
 * In colour, shades. Without, as many letters among points as is in memory: where in a mapping that
 * is, is not known.
 */
static void print_cell(struct printer *p, const struct cell *c)
{
	static const char *const shades[] = {"·", "░", "▒", "▓", "█"};

	if (c->region != p->region)
		p->due = 0.999; /* the first one shows that there is something */
	p->region = c->region;
	if (!c->region) {
		fputc(' ', p->out);
	} else if (p->color) {
		bars__begin(p->out, true, map_kind__hue(c->region->kind));
		fputs(shades[(int)ceil(c->fill * 4)], p->out);
		bars__end(p->out, true);
	} else {
		p->due += c->fill;
		fputc(p->due >= 1 ? map_kind__letter(c->region->kind) : '.', p->out);
		p->due -= p->due >= 1;
	}
}

static void print_legend(const struct picture *p, FILE *out, bool color)
{
	bool present[MAP_KINDS] = {false};
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->cell[i].region)
			present[p->cell[i].region->kind] = true;
	fprintf(out, "%*s", ADDRESS_COLUMNS - 2, "");
	for (i = 0; i < MAP_KINDS; i++) {
		if (!present[i])
			continue;
		fputs("  ", out);
		bars__begin(out, color, map_kind__hue(i));
		if (color)
			fputs("█", out);
		else
			fputc(map_kind__letter(i), out);
		bars__end(out, color);
		fprintf(out, " %s", map_kind__name(i));
	}
	fputc('\n', out);
}

int picture__print(const struct layout *l, FILE *out, bool color, unsigned int columns)
{
	struct printer printer = {.out = out, .color = color};
	char size[FORMAT_BYTES_SIZE];
	struct picture p;
	size_t i, k;
	int err = picture__make(l, columns - ADDRESS_COLUMNS - 1, TEXT_ROWS, &p);

	if (err)
		return err;
	fprintf(out, "address space: a character is %s; %s; a blank is a gap\n",
		format__bytes(size, p.cell_bytes),
		color ? "the fuller, the more of it is in memory" : "a point: not in memory");
	for (i = 0; i < p.n; i += p.columns) {
		/* a row does not begin with a gap's address, but with what comes behind it */
		fprintf(out, "%*" PRIx64 " ", ADDRESS_COLUMNS - 1, p.cell[i].addr);
		for (k = i; k < p.n && k < i + p.columns; k++)
			print_cell(&printer, &p.cell[k]);
		fputc('\n', out);
	}
	if (p.n)
		print_legend(&p, out, color);
	picture__clear(&p);
	return 0;
}
