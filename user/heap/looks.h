/* SPDX-License-Identifier: GPL-2.0-or-later */
/* looks - what the blocks of a census look like: their classes, their contents, their pointers. */
#ifndef HEAP_LOOKS_H
#define HEAP_LOOKS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct census;
struct kind;
struct looks;

/* c is borrowed. NULL: no memory. */
struct looks *looks__new(const struct census *c);
void looks__free(struct looks *l);
/*
 * The blocks by kind: of a class, or of a size and with contents that begin alike; texts of all
 * sizes together. Blocks are given by their index. Returns 0 or -ENOMEM; *others: all kinds beyond
 * the first 65,536.
 */
int looks__kinds(struct looks *l, const struct kind **kind, size_t *n, const struct kind **others);
/* The class of a block; NULL: none is known. */
const char *looks__class(struct looks *l, size_t block);
/* How it begins, on one line. */
void looks__print_start(struct looks *l, size_t block, FILE *out);
/*
 * By whom it is held: "keep → block of 520 bytes +0x40", from a root to the pointer to it; with a
 * census that has noted that, and a block that something holds. Not escaped.
 */
void looks__print_holders(struct looks *l, size_t block, FILE *out);
/* The way alone, without what begins and ends the line; nothing: nobody holds it. */
void looks__print_way(struct looks *l, size_t block, FILE *out);
/* Its first bytes, at most max, with words on its pointers. Not escaped. */
void looks__dump(struct looks *l, size_t block, size_t max, FILE *out);
#endif
