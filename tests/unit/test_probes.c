/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <string.h>

#include "probes.h"

static const struct entry_point *find(const char *symbol)
{
	for (size_t i = 0; i < n_entry_points; i++)
		if (!strcmp(entry_points[i].symbol, symbol))
			return &entry_points[i];
	return NULL;
}

static void describes_known_functions(void)
{
	static const struct entry_point known[] = {
		{"malloc", PROBE_OP_ALLOC, 1, 0, 0, false},
		{"calloc", PROBE_OP_ALLOC, 2, 1, 0, false},
		{"realloc", PROBE_OP_REALLOC, 2, 0, 1, false},
		{"reallocarray", PROBE_OP_REALLOC, 3, 2, 1, false},
		{"free", PROBE_OP_FREE, 0, 0, 1, false},
		{"posix_memalign", PROBE_OP_ALLOC_OUT, 3, 0, 1, false},
		{"aligned_alloc", PROBE_OP_ALLOC, 2, 0, 0, false},
		{"memalign", PROBE_OP_ALLOC, 2, 0, 0, false},
		{"valloc", PROBE_OP_ALLOC, 1, 0, 0, false},
		{"pvalloc", PROBE_OP_ALLOC, 1, 0, 0, false},
		{"cfree", PROBE_OP_FREE, 0, 0, 1, false},
		{"free_sized", PROBE_OP_FREE, 0, 0, 1, false},
		{"free_aligned_sized", PROBE_OP_FREE, 0, 0, 1, false},
		{"_Znwm", PROBE_OP_ALLOC, 1, 0, 0, true},
		{"_ZnamSt11align_val_tRKSt9nothrow_t", PROBE_OP_ALLOC, 1, 0, 0, true},
		{"_ZdlPv", PROBE_OP_FREE, 0, 0, 1, true},
		{"_ZdaPvmSt11align_val_t", PROBE_OP_FREE, 0, 0, 1, true},
		{"mallocx", PROBE_OP_ALLOC, 1, 0, 0, false},
		{"rallocx", PROBE_OP_REALLOC, 2, 0, 1, false},
		{"xallocx", PROBE_OP_RESIZE, 2, 0, 1, false},
		{"sdallocx", PROBE_OP_FREE, 0, 0, 1, false},
		{"je_posix_memalign", PROBE_OP_ALLOC_OUT, 3, 0, 1, false},
		{"_rjem_rallocx", PROBE_OP_REALLOC, 2, 0, 1, false},
		{"mi_mallocn", PROBE_OP_ALLOC, 2, 1, 0, false},
		{"mi_heap_malloc", PROBE_OP_ALLOC, 2, 0, 0, false},
		{"mi_heap_calloc", PROBE_OP_ALLOC, 3, 2, 0, false},
		{"mi_recalloc", PROBE_OP_REALLOC, 3, 2, 1, false},
		{"mi_heap_recalloc_aligned", PROBE_OP_REALLOC, 4, 3, 2, false},
		{"mi_heap_alloc_new_n", PROBE_OP_ALLOC, 3, 2, 0, false},
		{"mi_free_size_aligned", PROBE_OP_FREE, 0, 0, 1, false},
		{"tc_memalign", PROBE_OP_ALLOC, 2, 0, 0, false},
		{"tc_deletearray_sized_aligned", PROBE_OP_FREE, 0, 0, 1, false},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct entry_point *e = find(known[i].symbol);

		if (!e)
			printf("  missing: %s\n", known[i].symbol);
		CHECK(e);
		if (!e)
			continue;
		if (e->op != known[i].op || e->size_arg != known[i].size_arg ||
		    e->count_arg != known[i].count_arg || e->ptr_arg != known[i].ptr_arg ||
		    e->is_cxx != known[i].is_cxx)
			printf("  differs: %s\n", e->symbol);
		CHECK_EQ(e->op, known[i].op);
		CHECK_EQ(e->size_arg, known[i].size_arg);
		CHECK_EQ(e->count_arg, known[i].count_arg);
		CHECK_EQ(e->ptr_arg, known[i].ptr_arg);
		CHECK_EQ(e->is_cxx, known[i].is_cxx);
	}
}

static void is_consistent(void)
{
	CHECK(n_entry_points < 0xffff); /* fits into the cookie */
	for (size_t i = 0; i < n_entry_points; i++) {
		const struct entry_point *e = &entry_points[i];
		bool ok = e->size_arg <= MEMLEAK_MAX_ARG && e->count_arg <= MEMLEAK_MAX_ARG &&
			  e->ptr_arg <= MEMLEAK_MAX_ARG;

		switch (e->op) {
		case PROBE_OP_ALLOC:
			ok &= e->size_arg && !e->ptr_arg;
			break;
		case PROBE_OP_ALLOC_OUT:
		case PROBE_OP_REALLOC:
		case PROBE_OP_RESIZE:
			ok &= e->size_arg && e->ptr_arg && e->ptr_arg < e->size_arg;
			break;
		case PROBE_OP_FREE:
			ok &= !e->size_arg && !e->count_arg && e->ptr_arg == 1;
			break;
		default:
			ok = false;
		}
		if (e->count_arg)
			ok &= e->count_arg == e->size_arg - 1;
		ok &= e->is_cxx ==
		      (!strncmp(e->symbol, "_Zn", 3) || !strncmp(e->symbol, "_Zd", 3) ||
		       !strncmp(e->symbol, "__size_returning", 16));
		if (!ok)
			printf("  inconsistent: %s\n", e->symbol);
		CHECK(ok);
	}
}

static void has_no_name_twice(void)
{
	for (size_t i = 0; i < n_entry_points; i++) {
		if (find(entry_points[i].symbol) != &entry_points[i])
			printf("  twice: %s\n", entry_points[i].symbol);
		CHECK(find(entry_points[i].symbol) == &entry_points[i]);
	}
}

static void leaves_out_callers_of_malloc(void)
{
	static const char *const out[] = {"strdup",	    "strndup",	   "getline",
					  "asprintf",	    "mi_strdup",   "mi_strndup",
					  "mi_heap_strdup", "mi_realpath", "mi_reallocarr",
					  "nallocx",	    "sallocx",	   "mmap"};

	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK(!find(out[i]));
}

/* C names first: of several names at one address, the first names the site. */
static void prefers_c_names(void)
{
	CHECK(find("malloc") < find("tc_malloc"));
	CHECK(find("free") < find("_ZdlPv"));
	CHECK(find("free") < find("cfree"));
	CHECK(find("_Znwm") < find("tc_new"));
	CHECK(find("_Znwm") < find("mi_new"));
}

static void survives_the_cookie(void)
{
	for (size_t i = 0; i < n_entry_points; i++) {
		const struct entry_point *e = &entry_points[i];
		__u64 cookie = PROBE_COOKIE(e->op, i, e->size_arg, e->count_arg, e->ptr_arg);

		CHECK_EQ(PROBE_COOKIE_OP(cookie), e->op);
		CHECK_EQ(PROBE_COOKIE_ENTRY(cookie), i);
		CHECK_EQ(PROBE_COOKIE_SIZE(cookie), e->size_arg);
		CHECK_EQ(PROBE_COOKIE_COUNT(cookie), e->count_arg);
		CHECK_EQ(PROBE_COOKIE_PTR(cookie), e->ptr_arg);
	}
}

int main(void)
{
	RUN(describes_known_functions);
	RUN(is_consistent);
	RUN(has_no_name_twice);
	RUN(leaves_out_callers_of_malloc);
	RUN(prefers_c_names);
	RUN(survives_the_cookie);
	return check_done();
}
