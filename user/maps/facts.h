/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts - what is known of a process's mappings beyond smaps: which thread's stack one is, which
 * arena of malloc, how far an object's bss reaches.
 *
 * Gathered from the living process (maps/gather.h), or read from a recording: layout does not care.
 */
#ifndef MAPS_FACTS_H
#define MAPS_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum fact_kind {
	FACT_STACK,	/* number: thread id; text: its name */
	FACT_OLD_STACK, /* of a thread that has ended; number: 1 when it was joined, else 0 */
	FACT_TLS,	/* thread-local storage of the main thread; number: its id */
	FACT_HEAP,	/* a heap of an arena of glibc's malloc; number: which arena, 1 and up */
	FACT_BLOCKS,	/* blocks of malloc that have mappings of their own; number: how many */
	FACT_BSS,	/* memory of an object's segment beyond its file; text: the object */
	FACT_SHM,	/* System V segment; number: its key; text: size, creator, attachments */
	FACT_KEPT_NAME, /* a file whose name does end with " (deleted)" */
	FACTS
};

struct fact {
	uint64_t start, end; /* of a mapping, or of a part of one */
	enum fact_kind kind;
	uint64_t number;
	char *text; /* NULL: nothing to say */
};

struct facts {
	struct fact *fact; /* sorted by start once finished */
	size_t n;
};

/* text is copied; NULL is all right. Returns 0 or -ENOMEM. */
int facts__add(struct facts *f, uint64_t start, uint64_t end, enum fact_kind kind, uint64_t number,
	       const char *text);
void facts__finish(struct facts *f);
void facts__clear(struct facts *f);
/* Index of the first fact that ends above addr; f->n: there is none. Finished facts only. */
size_t facts__after(const struct facts *f, uint64_t addr);

/* As lines of a recording: "# stack 7f00 7f80 4313 worker". Return 0 or negative errno. */
int facts__write(const struct facts *f, FILE *out);
/* One such line behind the "# ", a string. Returns 1, 0: no fact, or -ENOMEM. */
int facts__parse(struct facts *f, const char *line);
#endif
