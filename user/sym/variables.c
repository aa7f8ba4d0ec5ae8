/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sym/variables.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdlib.h>

#include "elf/debugfile.h"
#include "elf/elfimg.h"
#include "sym/dwarf.h"

/* A large browser has some 10^7 DIEs. */
#define MAX_DIES (32u << 20)
#define MAX_DEPTH 64

struct entry {
	uint64_t vaddr;
	const char *file;
	int line;
};

struct variables {
	struct elfimg *debug; /* a separate debug file, NULL: it is in the image */
	struct dwarf_info *dwarf;
	struct entry *entry; /* by address */
	size_t n, max;
	size_t dies; /* that may still be looked at */
};

static int add(struct variables *v, Dwarf_Die *die, uint64_t vaddr)
{
	struct entry *grown;
	int line = 0;

	if (dwarf_decl_line(die, &line) || line <= 0)
		return 0;
	if (v->n == v->max) {
		size_t max = v->max ? 2 * v->max : 256;

		grown = reallocarray(v->entry, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		v->entry = grown;
		v->max = max;
	}
	v->entry[v->n] = (struct entry){vaddr, dwarf_decl_file(die), line};
	v->n += v->entry[v->n].file != NULL;
	return 0;
}

/* What has no address of its own is in a register, on a stack, or of each thread. */
static bool has_address(Dwarf_Die *die, uint64_t *vaddr)
{
	Dwarf_Attribute attr;
	Dwarf_Op *expr;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_whatform(&attr) != DW_FORM_exprloc ||
	    dwarf_getlocation(&attr, &expr, &n) || n != 1 || expr[0].atom != DW_OP_addr)
		return false;
	*vaddr = expr[0].number;
	return true;
}

static int walk(struct variables *v, Dwarf_Die *parent, unsigned int depth)
{
	uint64_t vaddr;
	Dwarf_Die die;
	int err = 0;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die))
		return 0;
	do {
		if (!v->dies)
			return -E2BIG;
		v->dies--;
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
			if (has_address(&die, &vaddr))
				err = add(v, &die, vaddr);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_subprogram:
		case DW_TAG_lexical_block:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
			err = walk(v, &die, depth + 1);
			break;
		default:
			break;
		}
		/* libdw refuses a DW_AT_sibling that points back, so this ends */
	} while (!err && dwarf_siblingof(&die, &die) == 0);
	return err;
}

static int by_address(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->vaddr != b->vaddr)
		return a->vaddr < b->vaddr ? -1 : 1;
	return a->line - b->line;
}

/* A spent budget leaves what was found. */
static int list(struct variables *v)
{
	Dwarf *dw = dwarf_info__dwarf(v->dwarf);
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;
	int err = 0;

	v->dies = MAX_DIES;
	/* no subdie is asked for: libdw would open whatever file a skeleton unit names */
	while (!err && dwarf_get_units(dw, cu, &cu, NULL, &type, &die, NULL) == 0)
		if (dwarf_tag(&die) == DW_TAG_compile_unit)
			err = walk(v, &die, 0);
	if (v->n)
		qsort(v->entry, v->n, sizeof(*v->entry), by_address);
	return err == -ENOMEM ? err : 0;
}

int variables__new(struct elfimg *img, const struct debugfile_opts *opts, struct variables **out)
{
	struct variables *v = calloc(1, sizeof(*v));
	struct elfimg *from = img;
	int err = v ? 0 : -ENOMEM;

	*out = NULL;
	if (!err && !debugfile__has_dwarf(img)) {
		err = debugfile__find(img, opts, &v->debug);
		from = v->debug;
	}
	if (!err)
		err = dwarf_info__new(from, img, opts, &v->dwarf);
	if (!err)
		err = list(v);
	if (!err) {
		*out = v;
		v = NULL;
	}
	variables__free(v);
	return err;
}

void variables__free(struct variables *v)
{
	if (!v)
		return;
	dwarf_info__free(v->dwarf);
	elfimg__free(v->debug);
	free(v->entry);
	free(v);
}

bool variables__find(const struct variables *v, uint64_t vaddr, struct variable *out)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->entry[mid].vaddr < vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == v->n || v->entry[low].vaddr != vaddr)
		return false;
	*out = (struct variable){v->entry[low].file, v->entry[low].line};
	return true;
}
