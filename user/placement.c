/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "placement.h"

#include "elf/elfimg.h"
#include "target/addrspace.h"
#include "target/text.h"

#define MAX_JUMPS 4  /* a hook may be hooked */
#define INSN_BYTES 5 /* of the last place: as much as a jump that is written there */

/* Keep the points that are as in the file, up to and with their own first bytes. */
static size_t keep_intact(const struct addrspace *as, const struct image *image,
			  struct code_points *points)
{
	uint64_t entry = points->at[0], last = points->at[0];
	size_t i, n = 0, intact;

	for (i = 0; i < points->n; i++) {
		if (points->at[i] < entry)
			entry = points->at[i];
		if (points->at[i] > last)
			last = points->at[i];
	}
	intact = text__intact(as, image, entry, last - entry + INSN_BYTES);
	if (intact == last - entry + INSN_BYTES)
		return points->n;
	points->emulated &= points->at[0] - entry < intact;
	for (i = 0; i < points->n; i++)
		if (points->at[i] - entry < intact)
			points->at[n++] = points->at[i];
	points->n = n;
	return n;
}

static void place_in(const struct image *image, uint64_t vaddr, const struct code_points *points,
		     struct placement *out)
{
	size_t i;

	out->image = image;
	out->entry = vaddr;
	out->emulated = points->emulated;
	for (i = 0; i < points->n; i++)
		if (elfimg__vaddr_to_offset(image->elf, points->at[i], &out->offsets[out->n]))
			out->n++;
}

void placement__find(const struct addrspace *as, const struct image *image, uint64_t offset,
		     unsigned int args, struct placement *out)
{
	struct code_points points;
	struct place place;
	uint64_t vaddr, target;
	size_t all;
	int jumps;

	*out = (struct placement){.image = image};
	if (!image->elf || !elfimg__offset_to_vaddr(image->elf, offset, &vaddr)) {
		out->offsets[out->n++] = offset;
		out->why = "its file cannot be read";
		return;
	}
	out->entry = vaddr;
	for (jumps = 0; jumps <= MAX_JUMPS; jumps++) {
		code__probe_points(image->elf, vaddr, args, &points);
		all = points.n;
		if (keep_intact(as, image, &points)) {
			place_in(image, vaddr, &points, out);
			out->why = points.n == all || points.emulated
					   ? points.why
					   : "what follows it has been patched in memory";
			return;
		}
		if (!text__jump(as, image, vaddr, &target)) {
			out->why = "patched in memory by somebody else, not with a jump";
			return;
		}
		if (!addrspace__find(as, target, &place) || !place.image || !place.image->elf) {
			out->why = "patched in memory: a jump to code that is in no file";
			return;
		}
		out->patched = true;
		image = place.image;
		vaddr = place.vaddr;
	}
	out->why = "patched in memory: a jump that leads to jumps";
}
