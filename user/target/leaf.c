/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/leaf.h"

#include <stdlib.h>

#include "elf/code.h"
#include "elf/elfimg.h"
#include "probes.h"
#include "target/addrspace.h"
#include "target/allocators.h"

#define LEVELS 2 /* the function itself, and what it calls */

static bool is_probed(const struct allocator *alloc, uint64_t vaddr)
{
	uint64_t offset;
	size_t i;

	if (!elfimg__vaddr_to_offset(alloc->image->elf, vaddr, &offset))
		return false;
	for (i = 0; i < alloc->n_sites; i++)
		if (alloc->sites[i].offset == offset)
			return true;
	return false;
}

/* May the function at vaddr call a probed one? */
static bool may_call(const struct allocator *alloc, uint64_t vaddr, int levels)
{
	const struct elfimg *elf = alloc->image->elf;
	struct code *code = malloc(sizeof(*code));
	bool may = true;
	size_t i;

	if (!code || code__explore(elf, vaddr, code) || code->calls_pointer)
		goto cleanup;
	may = false;
	for (i = 0; i < code->n_targets && !may; i++) {
		const char *import;

		may = is_probed(alloc, code->targets[i]);
		if (may || !code->called[i])
			continue;
		import = code__import(elf, code->targets[i]);
		if (import)
			may = entry_point__is_name(import);
		else if (levels > 1)
			may = may_call(alloc, code->targets[i], levels - 1);
	}
cleanup:
	free(code);
	return may;
}

bool leaf__is(const struct allocator *alloc, size_t i)
{
	uint64_t vaddr;

	if (entry_points[alloc->sites[i].entry].op != PROBE_OP_ALLOC || !alloc->image->elf ||
	    !elfimg__offset_to_vaddr(alloc->image->elf, alloc->sites[i].offset, &vaddr))
		return false;
	return !may_call(alloc, vaddr, LEVELS);
}
