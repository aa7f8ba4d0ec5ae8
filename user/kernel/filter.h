/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter - the language of -f: that of the kernel's trace events (Documentation/trace/events.rst,
 * "Event filtering"), compiled to the graph of bpf/filter.h.
 *
 *	bytes_alloc == 4096 && !(comm ~ "kworker*" || gfp_flags & __GFP_ACCOUNT)
 *
 *	expression	comparisons with && || ! and parentheses; && binds stronger than ||, and !
 *			belongs to the comparison or the parentheses that it stands before
 *	comparison	FIELD OPERATOR VALUE
 *	numbers		bytes_req bytes_alloc gfp_flags order call_site pid tid (or common_pid) with
 *			== != < <= > >= and & (some of these bits are set)
 *	texts		name (of the cache) comm with == != and ~ (a glob: * ? [a-z] [!a-z] \, and a
 *			! in front of it all); values in " or '
 *
 * As in the kernel a number is decimal, 0x hexadecimal or 0 octal. What the kernel does not have:
 *
 *	bytes_alloc >= 64K		K, M and G behind a number of bytes
 *	gfp_flags == GFP_KERNEL|0x100	names of flags, and several of them
 *	call_site == load_msg		anywhere in a function, as call_site.function
 *	call_site == load_msg+0x41	one place, as reports and the kernel print it; a module may
 *					follow: foo+0x1c/0x50 [ext4]
 *	call_site == [ext4]		anywhere in a module; [kernel] is what is in none
 *	name == "kmalloc-4k"
 *	cgroup == "/system.slice"	the task is in it or in one below it; a path or an id
 *
 * And what it does better than to be silent about: an operator with nothing behind it, and a text
 * that is too long to be ever found, are errors.
 */
#ifndef KERNEL_FILTER_H
#define KERNEL_FILTER_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../bpf/filter.h"

struct gfp;

#define FILTER_MAX_LENGTH 4095 /* of an expression, as in the kernel */
#define FILTER_MAX_DEPTH 64    /* parentheses and ! within each other */

/* Code at [start, end). */
struct filter_range {
	uint64_t start, end;
};

/*
 * What names in an expression stand for. A function that is NULL has no such names. Those that
 * return an int: -errno if they cannot tell.
 */
struct filter_names {
	const struct gfp *gfp;

	void *symbols; /* handed to these three */
	/*
	 * The functions called name, of one module or of all (NULL); "kernel" stands for what is in
	 * none. Without a name: all code of the module. Puts room of them into ranges and returns
	 * how many there are; 0: none.
	 */
	int (*functions)(void *symbols, const char *name, const char *module,
			 struct filter_range *ranges, size_t room);
	/* The function that addr is in. 1, or 0: in none. */
	int (*function_at)(void *symbols, uint64_t addr, struct filter_range *range);
	/* Names of functions, one after the other, "" for what is none; then NULL. */
	const char *(*function)(void *symbols, size_t index);

	void *system; /* handed to the others: filter_system.h */
	/* The names of caches, one after the other, then NULL. */
	const char *(*cache)(void *system, size_t index);
	/* The cache that one of this name has been merged into, as they look alike; or NULL. */
	const char *(*merged_cache)(void *system, const char *name);
	/* The id of the cgroup with a path. path NULL: is there one with the id *id? */
	int (*cgroup)(void *system, const char *path, uint64_t *id);
};

/* Why an expression was refused. */
struct filter_error {
	size_t at; /* where in the expression: up to its length */
	char text[256];
};

/*
 * Compile an expression. Returns 0; -EINVAL: it is wrong, and *err says where and why; or another
 * -errno, also with *err. *prog is then a filter that passes everything.
 */
int filter__compile(const char *expression, const struct filter_names *names,
		    struct filter_prog *prog, struct filter_error *err);

/* The error, the expression (as much of it as fits a line), and a caret under the place. */
void filter_error__print(const struct filter_error *err, const char *expression, FILE *out);

#endif
