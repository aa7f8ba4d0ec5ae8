/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_priv - what the parts of cli share: the table of options, and the state of parsing. */
#ifndef CLI_PRIV_H
#define CLI_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli.h"
#include "complaint.h"

#define CLI_MAX_SECONDS 31536000 /* a year */

/* Options without a letter. */
enum {
	OPT_SORT = 256,
	OPT_OFFSET,
	OPT_USER,
	OPT_FOLLOW,
	OPT_FOLLOW_MAX,
	OPT_SAMPLE_BYTES,
	OPT_MAX_LIVE,
	OPT_MAX_STACKS,
	OPT_MAX_DEPTH,
	OPT_STACK,
	OPT_PROBES,
	OPT_HEAP,
	OPT_BY_WHOM,
	OPT_REACH,
	OPT_NO_REACH,
	OPT_CONFIRM,
	OPT_MAX_PAUSE,
	OPT_MAX_MEMORY,
	OPT_NO_COLOR,
	OPT_DEBUGINFOD,
	OPT_VERSION,
	OPT_PAGES,
	OPT_VMALLOC,
	OPT_STACK_EVERY,
	OPT_DUMP,
	OPT_TYPE,
	OPT_PROFILE,
	OPT_VIEW,
	OPT_LISTEN,
	OPT_FORMAT,
	OPT_OUTPUT, /* and one for each further format */
};

struct opt {
	int id; /* a letter, or OPT_ */
	const char *name;
	const char *takes; /* completes "is not ..." and "needs ..."; NULL: takes nothing */
};

/* cli_table.c */
extern const struct opt cli_opts[];
extern const size_t cli_n_opts;
#define CLI_MAX_OPTS 128 /* at least as many */

const struct opt *cli_opt__find(int id);
/* "-o" or "--max-live" */
const char *cli_opt__name(char buf[32], const struct opt *opt);

struct parser {
	struct cli *cli;
	FILE *err;
	int n_positional;
	bool interval_given;
	bool given[CLI_MAX_OPTS]; /* by the place in the table */
	const char *last_value;	  /* of the last option: not the "--" that ends them */
};

#define fail(p, ...) complaint__say((p)->err, "memleak-bpf", __VA_ARGS__)

/* cli_value.c: take an option. Each returns 0, or -EINVAL after a line that says what is wrong. */
int cli_value__take(const struct parser *p, int id, const char *value);
int cli_value__flag(const struct parser *p, int id);
int cli_value__gate(const struct parser *p, int id, const char *value);
/* Decimal digits and nothing else, but one of K, M, G with suffix. False: something else. */
bool cli_value__number(const char *s, bool suffix, uint64_t *value);
#endif
