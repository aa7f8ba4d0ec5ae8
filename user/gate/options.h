/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options - those of a gate, which tracing and memleak-bpf report have in common. */
#ifndef GATE_OPTIONS_H
#define GATE_OPTIONS_H

#include <stdio.h>

#include "gate/gate.h"

/* X(id, name, what completes "is not ..." and "needs ...", or NULL: it takes nothing) */
/* clang-format off */
#define GATE_OPTIONS(X) \
	X(GATE_OPT_FAIL_ON, "fail-on", "an expression like 'leaked > 0'") \
	X(GATE_OPT_SUPPRESSIONS, "suppressions", "a file name") \
	X(GATE_OPT_BASELINE, "baseline", "a file name") \
	X(GATE_OPT_ANY_BASELINE, "any-baseline", NULL) \
	X(GATE_OPT_ANNOTATE, "annotate", NULL) \
	X(GATE_OPT_EXITCODE, "exitcode", "an exit status (0 to 255)")
/* clang-format on */

/* Beyond all others. */
enum gate_option {
	GATE_OPT_FIRST = 4096,
#define GATE_OPTION_ID(id, name, takes) id,
	GATE_OPTIONS(GATE_OPTION_ID)
#undef GATE_OPTION_ID
};

/*
 * Take an option. value: NULL if it takes none; it has to stay. Returns 0; -EINVAL: the value is
 * not what the table says; -E2BIG: it was given more often than GATE_MAX_VALUES times.
 */
int gate_options__take(struct gate_opts *opts, int id, const char *value);
/* Their part of --help, with explanations from that column on. */
void gate_options__help(FILE *out, int column);
#endif
