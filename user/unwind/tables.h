/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tables - hands the unwind tables of a target's images to the BPF side.
 *
 * An image's rows are built and stored once; a change of the address space only writes segments,
 * into the half of the map that is not in use, and then switches to it.
 */
#ifndef UNWIND_TABLES_H
#define UNWIND_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/row.h"

struct addrspace;
struct image;
struct tables;

struct tables *tables__new(void); /* NULL: no memory */
void tables__free(struct tables *t);
/*
 * Build what is missing for the images that are mapped now. Images whose call frame information is
 * missing or broken are walked by frame pointers. Returns 0 or -ENOMEM.
 */
int tables__learn(struct tables *t, const struct addrspace *as);
/* Rows built so far: the map's size is chosen by it. */
size_t tables__rows(const struct tables *t);
/*
 * Give it the memory of the maps, where rows and segments go from now on: n_rows rows, 2 *
 * UNWIND_MAX_SEGS segments. state: where to switch. All borrowed.
 */
void tables__attach(struct tables *t, struct unwind_row *rows, size_t n_rows,
		    struct unwind_seg *segs, struct memleak_state *state);
/* Write what has been learned since, and switch to the address space as it is now. */
void tables__publish(struct tables *t, const struct addrspace *as);
/*
 * The row for a code address, from what was published last; code without rows gets that of a frame
 * pointer. False: no mapping holds pc.
 */
bool tables__find(const struct tables *t, uint64_t pc, struct unwind_row *row);
/* Is there a row, as published last, for the code at vaddr of an image? */
bool tables__covers(const struct tables *t, const struct image *image, uint64_t vaddr);
/*
 * The piece of code around vaddr, an ELF virtual address of the image, that one row describes.
 * False: none does.
 */
bool tables__row(const struct tables *t, const struct image *image, uint64_t vaddr, uint64_t *start,
		 uint64_t *end);
/* Mark that row: what is called from there is an allocator's doing. In force at once. */
void tables__mark(struct tables *t, const struct image *image, uint64_t vaddr);
/* What went wrong with an image that was learned, once for each: "no room", "broken" …; NULL: no
 * more. */
const char *tables__next_warning(struct tables *t);
#endif
