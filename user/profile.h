/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile - reads what the BPF side has counted for --profile (bpf/profile.h) into a report. */
#ifndef PROFILE_H
#define PROFILE_H

#include <linux/types.h>
#include <stddef.h>

#include "../bpf/memleak.h"

struct model;
struct report;
struct session_clock;

/* In memory shared with the BPF side. */
struct profile_table {
	const struct profile_stack *stack; /* by PROFILE_INDEX; NULL: there is no profile */
	size_t n;
	const struct profile_total *total;
};

/* Add all stacks to the model's snapshot. Returns 0 or negative errno. */
int profile__add(const struct profile_table *t, struct model *m);
/* What is said of the process as a whole, besides the sums over its stacks. */
void profile__complete(const struct profile_table *t, const struct session_clock *clock,
		       struct report *r);
#endif
