/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate - conditions on a report that make the tool's exit status: what a CI job fails by.
 *
 * What has leaked is what is definitely or indirectly lost, where the report tells which blocks can
 * be reached: by default, of a command. Where it was not to, it is what was outstanding when the
 * program ended. Where it could not, or the program still ran, it is not known.
 *
 * A report that has lost something can fail, but not pass: it is unsure then. So is one in which
 * what a condition asks for is not known.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define GATE_MAX_VALUES 32
#define GATE_EXIT_FAIL 23 /* LeakSanitizer's */
#define GATE_EXIT_UNSURE 24

struct gate;
struct report;

struct gate_opts {
	const char *fail_on[GATE_MAX_VALUES]; /* the gate fails if one of them holds */
	size_t n_fail_on;
	const char *suppressions[GATE_MAX_VALUES]; /* files */
	size_t n_suppressions;
	const char *baseline; /* a recording; NULL: none */
	bool any_baseline;    /* also of another program */
	bool annotate;	      /* the last report for GitHub, too: what shows it does that */
	bool exit_code_given;
	int exit_code; /* when it fails; 0: the gate leaves the exit status alone */
};

/* Is there anything to judge or to suppress? */
bool gate_opts__any(const struct gate_opts *opts);
/*
 * Read what the options name. *out is NULL if there is nothing to do; *opts has to stay. Returns 0,
 * or negative errno after a message on err: -EINVAL, an option or a file is wrong; others: it could
 * not be read.
 */
int gate__new(const struct gate_opts *opts, FILE *err, struct gate **out);
void gate__free(struct gate *g);
/*
 * Judge a report with all its sites: fills in its gate, and leaked, suppressed, suppressor of its
 * sites; those that are suppressed as a whole go behind the others. Only the last report that is
 * judged counts. g may be NULL. Returns 0 or -ENOMEM.
 */
int gate__judge(struct gate *g, struct report *r);
/*
 * The exit status when it would be own without the gate, which may be NULL. A failing gate comes
 * before the command's own status, as with LeakSanitizer; an unsure one after it. Says on err what
 * of that cannot be told from the report.
 */
int gate__status(const struct gate *g, int own, FILE *err);
#endif
