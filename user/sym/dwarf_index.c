/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dwarf_index - ranges of units and functions (DWARF 5, 2.17 and 3.3).
 *
 * Every walk has a budget: a made-up file can have a million DIEs share a list of a million ranges.
 */
#include "sym/dwarf_index.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "sym/rangemap.h"

/* A large browser has some 10^5 units and 10^6 ranges; a large unit some 10^6 DIEs. */
static const uint64_t index_budget = 32 << 20;
static const uint64_t unit_budget = 32 << 20;
static const unsigned int max_depth = 64;

struct unit {
	Dwarf_Die die;
	bool walked, walked_deep;
	struct rangemap functions; /* value: DIE offset */
	struct rangemap nested;	   /* those inside of functions */
};

struct dwarf_index {
	Dwarf *dw;
	uint64_t code_start, code_end;
	struct rangemap map; /* value: index into units */
	struct unit *units;
	size_t n, room;
};

struct walk {
	const struct dwarf_index *index;
	struct rangemap *out;
	uint64_t budget;
	bool deep; /* into function bodies, too */
};

/* Add the code ranges of die. Returns how many, or -ENOMEM, or -E2BIG: budget spent. */
static int add_ranges(const struct dwarf_index *x, Dwarf_Die *die, uint64_t value, uint64_t *budget,
		      struct rangemap *out)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t next = 0;
	int n = 0;

	while ((next = dwarf_ranges(die, next, &base, &start, &end)) > 0) {
		int err;

		if (!*budget)
			return -E2BIG;
		--*budget;
		if (start < x->code_start || start >= x->code_end || end > x->code_end)
			continue;
		err = rangemap__add(out, start, end, value);
		if (err)
			return err;
		n = 1;
	}
	return n;
}

static int walk(struct walk *w, Dwarf_Die *parent, unsigned int depth)
{
	Dwarf_Die die;

	if (depth > max_depth || dwarf_child(parent, &die))
		return 0;
	do {
		bool descend = false;
		int err;

		if (!w->budget)
			return -E2BIG;
		w->budget--;
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			err = add_ranges(w->index, &die, dwarf_dieoffset(&die), &w->budget, w->out);
			if (err < 0)
				return err;
			descend = w->deep;
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_interface_type:
			descend = true;
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			descend = w->deep;
			break;
		default:
			break;
		}
		if (descend) {
			err = walk(w, &die, depth + 1);
			if (err)
				return err;
		}
		/* libdw refuses a DW_AT_sibling that points back, so this ends. */
	} while (dwarf_siblingof(&die, &die) == 0);
	return 0;
}

/* Fill one of the unit's maps. A spent budget leaves what was found. */
static int index_functions(const struct dwarf_index *x, struct unit *u, bool deep)
{
	struct walk w = {
		.index = x,
		.out = deep ? &u->nested : &u->functions,
		.budget = unit_budget,
		.deep = deep,
	};
	int err = walk(&w, &u->die, 0);

	if (err == -ENOMEM)
		return err;
	return rangemap__seal(w.out);
}

static int add_unit(struct dwarf_index *x, const Dwarf_Die *die)
{
	if (x->n == x->room) {
		size_t room = x->room ? x->room * 2 : 64;
		struct unit *grown = realloc(x->units, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->units = grown;
		x->room = room;
	}
	x->units[x->n++] = (struct unit){.die = *die};
	return 0;
}

/* Without ranges of its own a unit has those of its functions. */
static int add_function_ranges(struct dwarf_index *x, size_t i, uint64_t *budget)
{
	struct rangemap found = {0};
	struct walk w = {.index = x, .out = &found, .budget = *budget};
	int err = walk(&w, &x->units[i].die, 0);

	for (size_t j = 0; j < found.n && !err; j++)
		err = rangemap__add(&x->map, found.ranges[j].start, found.ranges[j].end, i);
	*budget = w.budget;
	rangemap__clear(&found);
	return err;
}

static int index_units(struct dwarf_index *x)
{
	uint64_t budget = index_budget;
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;
	int err = 0;

	/*
	 * No subdie is asked for: libdw would open the .dwo file that a skeleton unit names, and
	 * that name is the target's.
	 */
	while (!err && dwarf_get_units(x->dw, cu, &cu, NULL, &type, &die, NULL) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		if (dwarf_tag(&die) != DW_TAG_compile_unit &&
		    dwarf_tag(&die) != DW_TAG_skeleton_unit)
			continue;
		if (!budget)
			break;
		budget--;
		err = add_unit(x, &die);
		if (err)
			break;
		err = add_ranges(x, &die, x->n - 1, &budget, &x->map);
		if (err == 0)
			err = add_function_ranges(x, x->n - 1, &budget);
		else if (err > 0)
			err = 0;
	}
	if (err && err != -E2BIG)
		return err;
	return rangemap__seal(&x->map);
}

int dwarf_index__new(Dwarf *dw, uint64_t code_start, uint64_t code_end, struct dwarf_index **out)
{
	struct dwarf_index *x = calloc(1, sizeof(*x));
	int err;

	*out = NULL;
	if (!x)
		return -ENOMEM;
	x->dw = dw;
	x->code_start = code_start;
	x->code_end = code_end;
	err = index_units(x);
	if (err) {
		dwarf_index__free(x);
		return err;
	}
	*out = x;
	return 0;
}

void dwarf_index__free(struct dwarf_index *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->n; i++) {
		rangemap__clear(&x->units[i].functions);
		rangemap__clear(&x->units[i].nested);
	}
	rangemap__clear(&x->map);
	free(x->units);
	free(x);
}

int dwarf_index__cu(struct dwarf_index *x, uint64_t pc, Dwarf_Die *cu)
{
	const struct range *r = rangemap__find(&x->map, pc);

	if (!r)
		return 0;
	*cu = x->units[r->value].die;
	return 1;
}

int dwarf_index__function(struct dwarf_index *x, uint64_t pc, Dwarf_Die *fn, uint64_t *piece)
{
	const struct range *r = rangemap__find(&x->map, pc);
	struct unit *u;
	int err;

	if (!r)
		return 0;
	u = &x->units[r->value];
	if (!u->walked) {
		err = index_functions(x, u, false);
		if (err)
			return err;
		u->walked = true;
	}
	r = rangemap__find(&u->functions, pc);
	if (!r && !u->walked_deep) {
		/*
		 * GNU C nested functions, Ada, Fortran: code of its own, described inside of
		 * another function. Rare, so the price of a full walk is paid on a miss.
		 */
		err = index_functions(x, u, true);
		if (err)
			return err;
		u->walked_deep = true;
	}
	if (!r)
		r = rangemap__find(&u->nested, pc);
	if (!r || !dwarf_offdie(x->dw, r->value, fn))
		return 0;
	*piece = r->start;
	return 1;
}
