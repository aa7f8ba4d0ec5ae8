/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forms - the allocators' events as this kernel has them, by its BTF. Arguments have changed over
 * the years, so bpf/kernel.bpf.c has a program for each form.
 */
#ifndef KERNEL_FORMS_H
#define KERNEL_FORMS_H

#include <stdbool.h>
#include <stddef.h>

struct btf;

#define FORMS_MAX_PROGRAMS 16

enum forms_class {
	FORMS_SLAB,
	FORMS_PAGES,
	FORMS_PERCPU,
	FORMS_VMALLOC,
	FORMS_CLASSES,
};

struct forms {
	const char *program[FORMS_MAX_PROGRAMS]; /* names in bpf/kernel.bpf.c; frees first */
	size_t n;
	const char *missing; /* an event that is needed and not there; NULL: none */
};

/* Which programs follow a class of allocators on the kernel with this BTF. Adds to *f. */
void forms__choose(const struct btf *btf, enum forms_class class, struct forms *f);
#endif
