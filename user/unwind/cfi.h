/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi - the unwind table of one ELF image, from its call frame information.
 *
 * The file belongs to somebody else and is decoded as if it were hostile: all reads are bounded,
 * time and memory grow with the size of the sections and end at fixed limits.
 */
#ifndef UNWIND_CFI_H
#define UNWIND_CFI_H

#include <stddef.h>
#include <stdint.h>

#include "unwind/row.h"

struct elfimg;

struct cfi_info {
	uint64_t base;	    /* ELF vaddr that row.pc counts from: lowest PT_LOAD's page */
	size_t bytes;	    /* of .eh_frame and .debug_frame that were decoded */
	size_t n_fdes;	    /* functions and parts of functions that the rows cover */
	size_t n_skipped;   /* FDEs dropped: no executable code there, or format unknown */
	size_t n_overlaps;  /* FDEs dropped or cut because an earlier one has the code */
	size_t n_undecoded; /* FDEs with unknown instructions, UNWIND_UNSUPPORTED from there */
	size_t kinds[UNWIND_N_KINDS]; /* rows by kind */
	const char *warning;	      /* why there is no table; NULL: there is, or nothing to say */
};

/*
 * Build the table of img. *rows (freed by the caller) are sorted by pc, no two have the same pc, no
 * two neighbours say the same, and the last is UNWIND_END. Code below the first row is not
 * described. info is always filled. Returns 0; -ENODATA the image describes no code; -EBADMSG
 * broken; -E2BIG beyond a limit; -ENOTSUP not for this architecture; other negative errno. On
 * failure there are no rows.
 */
int cfi__build(const struct elfimg *img, struct unwind_row **rows, size_t *n,
	       struct cfi_info *info);

#endif
