/* SPDX-License-Identifier: GPL-2.0-or-later */
/* strpool - each string once, kept until the pool goes. */
#ifndef SYM_STRPOOL_H
#define SYM_STRPOOL_H

struct strpool;

struct strpool *strpool__new(void); /* NULL: no memory */
void strpool__free(struct strpool *p);
/*
 * The pool's copy of text. Control characters become '?' (names from a target's file go to a
 * terminal) and overlong text is cut. NULL: no memory.
 */
const char *strpool__add(struct strpool *p, const char *text);
#endif
