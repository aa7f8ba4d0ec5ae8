/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suppress_priv - entries, as suppress_parse.c makes them and suppress.c applies them. */
#ifndef GATE_SUPPRESS_PRIV_H
#define GATE_SUPPRESS_PRIV_H

#include <stdbool.h>

#include "gate/suppress.h"
#include "report/reach.h"

#define ALL_KINDS ((1U << REACH_KINDS) - 1)

enum place_kind {
	PLACE_ANY, /* LeakSanitizer's: function, file or object */
	PLACE_FUNCTION,
	PLACE_OBJECT,
	PLACE_SOURCE,
	PLACE_FRAMES, /* "...": any number of frames */
};

struct place {
	enum place_kind kind;
	char *pattern; /* for pattern__matches; NULL: PLACE_FRAMES */
	int line;      /* PLACE_SOURCE; 0: any */
	char *literal; /* PLACE_ANY: all that a name has to contain; NULL: the pattern is more */
};

struct suppression {
	char *text; /* for people */
	const char *file;
	int line;
	bool is_lsan;	    /* one place, which may be anywhere */
	unsigned int kinds; /* bits by enum reach_kind */
	struct place *places;
	size_t n;
	struct reach_sum sum; /* what it has suppressed since the last reset */
	uint64_t sites;
};

struct suppressions {
	struct suppression *entries;
	size_t n;
	char **files; /* their names */
	size_t n_files;
	uint64_t skipped;
};
#endif
