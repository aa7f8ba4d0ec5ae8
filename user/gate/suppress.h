/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suppress - which stacks a gate lets pass, from files as other tools take them:
 *
 *	# LeakSanitizer: the pattern is in the function, source file or object of any frame
 *	leak:pattern
 *
 *	# Valgrind: an entry of memcheck for leaks, whose frames are those of the stack from its
 *	# innermost one on; what is for other tools, or for other errors, is passed over
 *	{
 *	   name
 *	   Memcheck:Leak
 *	   match-leak-kinds: definite,reachable
 *	   fun:malloc
 *	   ...
 *	   obj:*libfoo.so*
 *	   src:foo.c:31
 *	}
 *
 * A file may have both. Lines that begin with "#" are comments.
 */
#ifndef GATE_SUPPRESS_H
#define GATE_SUPPRESS_H

#include <stddef.h>
#include <stdint.h>

struct report;
struct report_gate;
struct report_site;
struct suppressions;

struct suppress_error {
	unsigned int line;
	char text[200];
};

struct suppressions *suppressions__new(void); /* NULL: no memory */
void suppressions__free(struct suppressions *s);
/*
 * Add the entries of a text. name: of the file it is from, copied. Returns 0, -EINVAL with *error,
 * or -ENOMEM; those read before the error stay.
 */
int suppressions__parse(struct suppressions *s, const char *name, const char *text, size_t size,
			struct suppress_error *error);
/* The same of a file, of 16 MiB at most. Other negative errno: it could not be read. */
int suppressions__read(struct suppressions *s, const char *path, struct suppress_error *error);
/* No entry has suppressed anything yet. */
void suppressions__reset(struct suppressions *s);
/*
 * Set what is suppressed of a site of r, and by which entry (suppressed, suppressor, which are 0);
 * add it to what the entry has suppressed. A block falls under the first entry that matches.
 * Returns the kinds of blocks that are not suppressed, bits by enum reach_kind: all or none where
 * the blocks have not been judged, as match-leak-kinds means nothing then.
 */
unsigned int suppressions__mark(struct suppressions *s, const struct report *r,
				struct report_site *site);
/* List them in *g, which has no list yet. Returns 0 or -ENOMEM. */
int suppressions__list(const struct suppressions *s, struct report_gate *g);
#endif
