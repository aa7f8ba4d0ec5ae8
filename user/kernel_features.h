/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_features - what this kernel can do, and what we are allowed to. */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

#include <stdbool.h>
#include <stdio.h>

struct features {
	char release[65];
	bool btf;	     /* /sys/kernel/btf/vmlinux */
	bool uprobe_multi;   /* one link for many places, limited to a process (6.11) */
	bool uprobe_session; /* entry and return as one link (6.13) */
	bool ringbuf;	     /* 5.8 */
	bool task_storage;   /* 5.11 */
	bool test_run;	     /* programs can be run for a result (of a raw tracepoint: 5.10) */
	bool attach_cookie;  /* 5.15 */
	bool allowed;	     /* the bpf system call works for us at all */
	bool syscall_events; /* tracepoints of mmap, munmap, mremap, brk */
};

/* Probe the kernel; some of it needs root. Leaves no trace behind. */
void features__probe(struct features *f);
/* Does it need the programs for kernels before 5.15, see object.h? */
bool features__is_old(const struct features *f);
/* Print one feature a line. */
void features__print(const struct features *f, FILE *out);
/*
 * Is something essential missing? Returns NULL, or a sentence that says what and what to do.
 * Missing rights are named here too.
 */
const char *features__missing(const struct features *f);
#endif
