/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flame - the stacks of a report as one tree, and a picture of it: roots above, callees below, as
 * wide as what they hold. Without scripts the picture stands still, with them it can be zoomed and
 * searched (flame.js); both are drawn from the same tree.
 */
#ifndef RENDER_FLAME_H
#define RENDER_FLAME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct report;
struct flame;

struct flame_node {
	uint32_t parent; /* index; the root's is its own: 0 */
	uint32_t depth;	 /* 0: root */
	uint64_t bytes, count;
	uint32_t name_id, image_id; /* in flame__names */
	const char *name;	    /* printable, belongs to the tree */
	const char *image;	    /* the same; "" if unknown */
};

/* Sums that do not fit stick at the largest number. Returns 0 or -ENOMEM. */
int flame__new(const struct report *r, struct flame **out);
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
/* The tree and the script, as elements that SVG and HTML read alike. */
void flame__script(FILE *out, const struct flame *f);
#endif
