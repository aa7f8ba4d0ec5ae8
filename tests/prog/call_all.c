/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call_all - calls every function of the table of entry points that the process has, some times.
 *
 * What the table does not say of an argument is 64: as a size and an alignment that is right for
 * all blocks here, and as flags that do no harm.
 */
#include <dlfcn.h>
#include <malloc.h>

#include "../../user/probes.h"
#include "target.h"

#define TIMES 3
#define FIELD 64 /* bytes of a block, and its alignment */

typedef uint64_t (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static void call(const struct entry_point *e, function f, uint64_t heap)
{
	uint64_t arg[7] = {0, FIELD, FIELD, FIELD, FIELD, FIELD, FIELD};
	unsigned int args = entry_point__args(e);
	void *block = NULL, *result;

	if (heap)
		arg[1] = heap;
	if (strlen(e->symbol) > 3 && !strcmp(e->symbol + strlen(e->symbol) - 3, "_at"))
		arg[args + 2] = 0; /* offset, behind the alignment */
	if (e->size_arg)
		arg[e->size_arg] = 200;
	if (e->count_arg)
		arg[e->count_arg] = 3;
	if (e->op != PROBE_OP_ALLOC && e->op != PROBE_OP_ALLOC_OUT)
		block = memalign(FIELD, FIELD);
	if (e->ptr_arg)
		arg[e->ptr_arg] = e->op == PROBE_OP_ALLOC_OUT ? (uintptr_t)&block
							      : (uintptr_t)block;
	result = (void *)(uintptr_t)f(arg[1], arg[2], arg[3], arg[4], arg[5], arg[6]);
	if (e->op == PROBE_OP_ALLOC || (e->op == PROBE_OP_REALLOC && result))
		block = result; /* else it grew in place, or not */
	if (e->op != PROBE_OP_FREE)
		free(block);
}

/* libc's, beside another allocator that leaves it out: they do not know each other's blocks. */
static int is_foreign(function f)
{
	Dl_info of_f, of_malloc, of_libc;

	return dladdr((void *)(uintptr_t)f, &of_f) && dladdr((void *)malloc, &of_malloc) &&
	       dladdr((void *)exit, &of_libc) && of_f.dli_fbase == of_libc.dli_fbase &&
	       of_malloc.dli_fbase != of_libc.dli_fbase;
}

int main(void)
{
	function get_heap = (function)(uintptr_t)dlsym(RTLD_DEFAULT, "mi_heap_get_default");
	uint64_t heap = get_heap ? get_heap(0, 0, 0, 0, 0, 0) : 0;

	target_ready();
	for (size_t i = 0; i < n_entry_points; i++) {
		const struct entry_point *e = &entry_points[i];
		function f = (function)(uintptr_t)dlsym(RTLD_DEFAULT, e->symbol);

		for (int k = 0; f && !is_foreign(f) && k < TIMES; k++)
			call(e, f, strncmp(e->symbol, "mi_heap_", 8) ? 0 : heap);
	}
	target_done();
	return 0;
}
