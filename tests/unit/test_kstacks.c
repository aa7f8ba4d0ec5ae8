/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <linux/types.h>
#include <stdlib.h>

#include "../../bpf/memleak.h"

#include "kernel/kallsyms.h"
#include "kernel/kstacks.h"

static const char table[] = "ffffffff81000000 t ksys_read\n"
			    "ffffffff81001000 t vmalloc_noprof\n"
			    "ffffffff81002000 t alloc_vmap_area\n"
			    "ffffffffc0200000 t vmalloc_open\t[leaky]\n"
			    "ffffffffc0400000 t bpf_prog_6deef7357e7b4530_on_vmap_alloc\t[bpf]\n";

#define READ 0xffffffff81000010
#define VMALLOC 0xffffffff81001010
#define AREA 0xffffffff81002010
#define LEAKY 0xffffffffc0200010
#define PROGRAM 0xffffffffc0400010

/* The first frame shown of a stack, NULL-terminated. */
static size_t first(uint64_t call_site, const uint64_t *pc)
{
	FILE *in = fmemopen((void *)table, strlen(table), "r");
	struct stack_trace *trace = calloc(1, sizeof(*trace));
	struct kallsyms *k = NULL;
	size_t i;

	CHECK_EQ(kallsyms__read(in, &k), 0);
	for (i = 0; pc[i]; i++)
		trace->pc[i] = pc[i];
	trace->head.depth = i;
	i = kstacks__first(k, trace, call_site);
	kallsyms__free(k);
	free(trace);
	fclose(in);
	return i;
}

static void trims_allocators(void)
{
	CHECK_EQ(first(0, (uint64_t[]){PROGRAM, AREA, VMALLOC, READ, 0}), 3);
	CHECK_EQ(first(0, (uint64_t[]){READ, VMALLOC, READ, 0}), 0);
	/* there would be nothing left */
	CHECK_EQ(first(0, (uint64_t[]){PROGRAM, AREA, VMALLOC, 0}), 0);
	/* who called is known */
	CHECK_EQ(first(VMALLOC, (uint64_t[]){VMALLOC, READ, 0}), 0);
}

static void leaves_modules(void)
{
	CHECK_EQ(first(0, (uint64_t[]){PROGRAM, AREA, VMALLOC, LEAKY, READ, 0}), 3);
}

int main(void)
{
	RUN(trims_allocators);
	RUN(leaves_modules);
	return check_done();
}
