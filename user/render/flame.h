/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flame - the stacks of a report as one tree, and a picture of it: roots above, callees below, as
 * wide as what they hold. Without scripts the picture stands still, with them it can be zoomed and
 * searched (flame.js); both are drawn from the same tree.
 */
#ifndef RENDER_FLAME_H
#define RENDER_FLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct report;
struct report_site;
struct flame;

/* Bytes and allocations before and after. */
struct flame_change {
	uint64_t old_bytes, old_count, new_bytes, new_count;
};

struct flame_node {
	uint32_t parent; /* index; the root's is its own: 0 */
	uint32_t depth;	 /* 0: root */
	uint64_t bytes, count;
	struct flame_change change; /* of a comparison; else nothing */
	uint32_t name_id, image_id; /* in flame__names */
	const char *name;	    /* printable, belongs to the tree */
	const char *image;	    /* the same; "" if unknown */
};

/* Sums that do not fit stick at the largest number. Returns 0 or -ENOMEM. */
int flame__new(const struct report *r, struct flame **out);
/*
 * Of two reports: stacks, and what has become of each. As wide as the larger of before and after,
 * so that what is gone shows as well; coloured by which is larger. Functions of one name are one,
 * whatever the object: the same program may have been in files of different names.
 */
struct flame_stack {
	const struct report_site *site;
	struct flame_change change;
};
int flame__new_compared(const struct flame_stack *stacks, size_t n, struct flame **out);
bool flame__is_compared(const struct flame *f);
void flame__free(struct flame *f);
/* Nodes, each before its callees, siblings from the largest in bytes on. The first is the root. */
const struct flame_node *flame__nodes(const struct flame *f, size_t *n);
/* The names in them, each once. */
const char *const *flame__names(const struct flame *f, size_t *n);

#define FLAME_WIDTH 1200
double flame__height(const struct flame *f);
/* The picture from y = top on, as elements of an SVG. */
void flame__draw(FILE *out, const struct flame *f, double top);
/* Colours and the like, for light and dark screens. */
void flame__style(FILE *out);
/* All of it as a file, SVG 1.1, with a title and a line below. Returns as renderers do. */
int flame__emit_svg(FILE *out, const struct flame *f, const char *title, const char *line);
/* The tree and the script, as elements that SVG and HTML read alike. */
void flame__script(FILE *out, const struct flame *f);
#endif
