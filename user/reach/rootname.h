/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rootname - what a root is called: a variable, with the line that declares it, the stack or the
 * variables of a thread, a mapping, a register.
 */
#ifndef REACH_ROOTNAME_H
#define REACH_ROOTNAME_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct debugfile_opts;
struct landmarks;
struct maps;
struct rootname;

struct rootname_thread {
	pid_t tid;
	uint64_t sp, tls;
};

struct root {
	char name[160];	  /* "cache", "stack of thread 12", "a register" */
	uint64_t key;	  /* where it begins: different for different ones */
	uint64_t offset;  /* of the address that was asked for; 0 in stacks */
	const char *file; /* NULL: it is not known where it is declared */
	int line;
	const char *image; /* of a variable, or NULL */
};

/* maps and threads are borrowed, and of pid, which may have ended. NULL: no memory. */
struct rootname *rootname__new(pid_t pid, const struct maps *maps,
			       const struct rootname_thread *threads, size_t n,
			       const struct debugfile_opts *opts);
void rootname__free(struct rootname *r);
/* at: an address, 0: in a register. Strings are r's; what the target called them is not escaped. */
void rootname__find(struct rootname *r, uint64_t at, struct root *out);
/* "cache+0x8 (app.c:31)", "table [libx.so]" */
void rootname__print(FILE *out, const struct root *root);
#endif
