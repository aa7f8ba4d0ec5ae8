/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions that hand memory out or take it back by themselves. Not in the table: strdup, asprintf,
 * getline and the like, which call these, and functions that can't be described by argument
 * positions (mi_strdup, mi_reallocarr, jemalloc's batch_alloc).
 *
 * Where several names share an address, the first one here gives the site its name and meaning: C
 * names first, then operator new and delete, then each allocator's own.
 */
#include "probes.h"

#include <string.h>

/* clang-format off: one row per function */
#define ALLOC(sym, size)                                                                           \
	{                                                                                          \
		sym, PROBE_OP_ALLOC, size, 0, 0, false                                             \
	}
#define ALLOC_N(sym, count, size)                                                                  \
	{                                                                                          \
		sym, PROBE_OP_ALLOC, size, count, 0, false                                         \
	}
#define ALLOC_OUT(sym, out, size)                                                                  \
	{                                                                                          \
		sym, PROBE_OP_ALLOC_OUT, size, 0, out, false                                       \
	}
#define REALLOC(sym, ptr, size)                                                                    \
	{                                                                                          \
		sym, PROBE_OP_REALLOC, size, 0, ptr, false                                         \
	}
#define REALLOC_N(sym, ptr, count, size)                                                           \
	{                                                                                          \
		sym, PROBE_OP_REALLOC, size, count, ptr, false                                     \
	}
#define RESIZE(sym, ptr, size)                                                                     \
	{                                                                                          \
		sym, PROBE_OP_RESIZE, size, 0, ptr, false                                          \
	}
#define FREE(sym, ptr)                                                                             \
	{                                                                                          \
		sym, PROBE_OP_FREE, 0, 0, ptr, false                                               \
	}
#define NEW(sym)                                                                                   \
	{                                                                                          \
		sym, PROBE_OP_ALLOC, 1, 0, 0, true                                                 \
	}
#define DELETE(sym)                                                                                \
	{                                                                                          \
		sym, PROBE_OP_FREE, 0, 0, 1, true                                                  \
	}

/* C17 7.22.3, C23 7.24.3, POSIX, and what glibc adds: malloc(3), posix_memalign(3). */
#define C_ALLOCATOR(p)                                                                             \
	ALLOC(p "malloc", 1), ALLOC_N(p "calloc", 1, 2), REALLOC(p "realloc", 1, 2),               \
		REALLOC_N(p "reallocarray", 1, 2, 3), FREE(p "free", 1),                           \
		ALLOC_OUT(p "posix_memalign", 1, 3), ALLOC(p "aligned_alloc", 2),                  \
		ALLOC(p "memalign", 2), ALLOC(p "valloc", 1), ALLOC(p "pvalloc", 1),               \
		FREE(p "cfree", 1), FREE(p "free_sized", 1), FREE(p "free_aligned_sized", 1)

/* jemalloc(3), "Non-standard API". */
#define JEMALLOC(p)                                                                                \
	ALLOC(p "mallocx", 1), REALLOC(p "rallocx", 1, 2), RESIZE(p "xallocx", 1, 2),              \
		FREE(p "dallocx", 1), FREE(p "sdallocx", 1)

/* A function of mimalloc and its twin whose first argument is a heap. */
#define MI_ALLOC(name, size) ALLOC("mi_" name, size), ALLOC("mi_heap_" name, size + 1)
#define MI_ALLOC_N(name, count, size)                                                              \
	ALLOC_N("mi_" name, count, size), ALLOC_N("mi_heap_" name, count + 1, size + 1)
#define MI_REALLOC(name, ptr, size)                                                                \
	REALLOC("mi_" name, ptr, size), REALLOC("mi_heap_" name, ptr + 1, size + 1)
#define MI_REALLOC_N(name, ptr, count, size)                                                       \
	REALLOC_N("mi_" name, ptr, count, size),                                                   \
		REALLOC_N("mi_heap_" name, ptr + 1, count + 1, size + 1)

const struct entry_point entry_points[] = {
	C_ALLOCATOR(""),

	/* Itanium C++ ABI 5.1.5: nw new, na new[], dl delete, da delete[]; m is size_t. */
	NEW("_Znwm"),
	NEW("_Znam"),
	NEW("_ZnwmRKSt9nothrow_t"),
	NEW("_ZnamRKSt9nothrow_t"),
	NEW("_ZnwmSt11align_val_t"),
	NEW("_ZnamSt11align_val_t"),
	NEW("_ZnwmSt11align_val_tRKSt9nothrow_t"),
	NEW("_ZnamSt11align_val_tRKSt9nothrow_t"),
	DELETE("_ZdlPv"),
	DELETE("_ZdaPv"),
	DELETE("_ZdlPvm"),
	DELETE("_ZdaPvm"),
	DELETE("_ZdlPvSt11align_val_t"),
	DELETE("_ZdaPvSt11align_val_t"),
	DELETE("_ZdlPvmSt11align_val_t"),
	DELETE("_ZdaPvmSt11align_val_t"),
	DELETE("_ZdlPvRKSt9nothrow_t"),
	DELETE("_ZdaPvRKSt9nothrow_t"),
	DELETE("_ZdlPvSt11align_val_tRKSt9nothrow_t"),
	DELETE("_ZdaPvSt11align_val_tRKSt9nothrow_t"),
	/* The newer tcmalloc's hot/cold hints; P0901: {pointer, size} comes back in two registers.
	 */
	NEW("_Znwm12__hot_cold_t"),
	NEW("_Znam12__hot_cold_t"),
	NEW("_ZnwmRKSt9nothrow_t12__hot_cold_t"),
	NEW("_ZnamRKSt9nothrow_t12__hot_cold_t"),
	NEW("_ZnwmSt11align_val_t12__hot_cold_t"),
	NEW("_ZnamSt11align_val_t12__hot_cold_t"),
	NEW("_ZnwmSt11align_val_tRKSt9nothrow_t12__hot_cold_t"),
	NEW("_ZnamSt11align_val_tRKSt9nothrow_t12__hot_cold_t"),
	NEW("__size_returning_new"),
	NEW("__size_returning_new_hot_cold"),
	NEW("__size_returning_new_aligned"),
	NEW("__size_returning_new_aligned_hot_cold"),

	JEMALLOC(""),
	C_ALLOCATOR("je_"), /* --with-jemalloc-prefix=je_ */
	JEMALLOC("je_"),
	C_ALLOCATOR("_rjem_"), /* Rust's jemallocator, without
				  unprefixed_malloc_on_supported_platforms */
	JEMALLOC("_rjem_"),

	/* mimalloc.h */
	C_ALLOCATOR("mi_"),
	ALLOC("mi_heap_malloc", 2),
	ALLOC_N("mi_heap_calloc", 2, 3),
	REALLOC("mi_heap_realloc", 2, 3),
	MI_ALLOC("malloc_small", 1),
	MI_ALLOC("zalloc", 1),
	MI_ALLOC("zalloc_small", 1),
	MI_ALLOC_N("mallocn", 1, 2),
	MI_REALLOC_N("reallocn", 1, 2, 3),
	MI_REALLOC("reallocf", 1, 2),
	MI_REALLOC("rezalloc", 1, 2),
	MI_REALLOC_N("recalloc", 1, 2, 3),
	MI_ALLOC("malloc_aligned", 1),
	MI_ALLOC("malloc_aligned_at", 1),
	MI_ALLOC("zalloc_aligned", 1),
	MI_ALLOC("zalloc_aligned_at", 1),
	MI_ALLOC_N("calloc_aligned", 1, 2),
	MI_ALLOC_N("calloc_aligned_at", 1, 2),
	MI_REALLOC("realloc_aligned", 1, 2),
	MI_REALLOC("realloc_aligned_at", 1, 2),
	MI_REALLOC("rezalloc_aligned", 1, 2),
	MI_REALLOC("rezalloc_aligned_at", 1, 2),
	MI_REALLOC_N("recalloc_aligned", 1, 2, 3),
	MI_REALLOC_N("recalloc_aligned_at", 1, 2, 3),
	REALLOC_N("mi_aligned_recalloc", 1, 2, 3),
	REALLOC_N("mi_aligned_offset_recalloc", 1, 2, 3),
	REALLOC("mi_expand", 1, 2), /* in place, or NULL and the block stays: as a failed realloc */
	REALLOC("mi__expand", 1, 2),
	ALLOC("mi_new", 1),
	ALLOC("mi_new_nothrow", 1),
	ALLOC("mi_new_aligned", 1),
	ALLOC("mi_new_aligned_nothrow", 1),
	ALLOC_N("mi_new_n", 1, 2),
	REALLOC("mi_new_realloc", 1, 2),
	REALLOC_N("mi_new_reallocn", 1, 2, 3),
	ALLOC("mi_heap_alloc_new", 2),
	ALLOC_N("mi_heap_alloc_new_n", 2, 3),
	FREE("mi_free_size", 1),
	FREE("mi_free_size_aligned", 1),
	FREE("mi_free_aligned", 1),

	/* gperftools/tcmalloc.h */
	C_ALLOCATOR("tc_"),
	ALLOC("tc_malloc_skip_new_handler", 1),
	ALLOC("tc_new", 1),
	ALLOC("tc_new_nothrow", 1),
	ALLOC("tc_new_aligned", 1),
	ALLOC("tc_new_aligned_nothrow", 1),
	ALLOC("tc_newarray", 1),
	ALLOC("tc_newarray_nothrow", 1),
	ALLOC("tc_newarray_aligned", 1),
	ALLOC("tc_newarray_aligned_nothrow", 1),
	FREE("tc_delete", 1),
	FREE("tc_delete_nothrow", 1),
	FREE("tc_delete_sized", 1),
	FREE("tc_delete_aligned", 1),
	FREE("tc_delete_aligned_nothrow", 1),
	FREE("tc_delete_sized_aligned", 1),
	FREE("tc_deletearray", 1),
	FREE("tc_deletearray_nothrow", 1),
	FREE("tc_deletearray_sized", 1),
	FREE("tc_deletearray_aligned", 1),
	FREE("tc_deletearray_aligned_nothrow", 1),
	FREE("tc_deletearray_sized_aligned", 1),
};
/* clang-format on */

const size_t n_entry_points = sizeof(entry_points) / sizeof(entry_points[0]);

bool entry_point__is_name(const char *symbol)
{
	size_t i;

	for (i = 0; i < n_entry_points; i++)
		if (!strcmp(symbol, entry_points[i].symbol))
			return true;
	return false;
}

bool entry_point__may_throw(const struct entry_point *e)
{
	if (e->op == PROBE_OP_FREE || strstr(e->symbol, "nothrow"))
		return false;
	return e->is_cxx || strstr(e->symbol, "_new");
}

unsigned int entry_point__args(const struct entry_point *e)
{
	unsigned int last = e->size_arg;

	if (e->count_arg > last)
		last = e->count_arg;
	return e->ptr_arg > last ? e->ptr_arg : last;
}
