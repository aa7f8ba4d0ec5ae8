/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model_priv - what the files that implement model share. */
#ifndef REPORT_MODEL_PRIV_H
#define REPORT_MODEL_PRIV_H

#include "report/model.h"

#include "report/hashidx.h"
#include "report/series.h"

/* Blocks added up: as they are, and what they stand for where they are a sample. */
struct sum {
	uint64_t bytes, count;
	struct estimate all_bytes, all_count;
};

/* Blocks added up by what is known of their reachability. */
struct judged {
	struct reach_sum kind[REACH_KINDS], under;
};

/* Blocks of one snapshot with the same stack key and entry point. */
struct group {
	uint64_t stack;
	const char *entry, *note;
	struct sum sum;
	uint32_t profile; /* in profiles, HASHIDX_NONE: without */
	struct judged judged;
	uint64_t first_ns, last_ns; /* births */
	uint32_t place;
};

/* With -a: a block of this snapshot. */
struct member {
	uint64_t addr, size, birth_ns;
	uint32_t group;
	bool certain;
	enum reach_kind reach;
};

struct tally {
	uint64_t bytes, count; /* as reported: estimates where sum is of a sample */
	struct sum sum;
	uint32_t profile; /* in profiles, HASHIDX_NONE: without */
	struct judged judged;
	uint64_t first_ns, last_ns;
	uint64_t snapshot; /* number of the snapshot that this is of, 0: none */
};

/* A site over the whole session: what the history knows. */
struct place {
	uint32_t stack; /* in stackset */
	const char *entry, *note;
	struct tally now, before;
	uint32_t shown; /* index into report.sites, or HASHIDX_NONE */
	struct series series;
	struct site_verdict verdict;
};

struct model {
	struct model_opts opts;
	uint64_t seed;
	struct stackset *stacks;
	struct place *places;
	size_t n_places, max_places;
	struct hashidx by_place;
	struct series_axis axis;
	bool program_begins; /* since the last point of the axis */
	struct series whole;

	/* this snapshot */
	uint64_t snapshot; /* number, from 1 */
	uint64_t now_ns;
	bool all_ages;
	struct sum young;
	struct group *groups;
	size_t n_groups, max_groups;
	struct hashidx by_group;
	double *cohorts; /* axis.n of each group, see series.h */
	size_t max_cohorts;
	struct member *members;
	size_t n_members, max_members;
	struct report_profile *profiles;
	size_t n_profiles, max_profiles;

	/* the last report */
	uint64_t reported; /* number of its snapshot, 0: there is none */
	uint64_t last_bytes, last_count;
};

/* The target chooses sizes: a total sticks at the top instead of wrapping. */
static inline uint64_t model__add_up(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* model_history.c: how much each place held at the reports before, and what that comes to. */
void model_history__clear(struct model *m);
void model_history__start(struct model *m, uint64_t now_ns);
void model_history__begin(struct model *m);
void model_history__ticks(struct model *m, uint64_t now, uint64_t tick_ns);
/* For one more group. Returns 0 or -ENOMEM. */
int model_history__room(struct model *m);
/* A block of that group, which stands for so many. */
void model_history__add(struct model *m, uint32_t group, const struct model_block *b,
			double blocks);
/*
 * The groups have been added up into the places of list, which hold something: extend all
 * histories, find the verdicts, and fill in those of the report. Returns 0 or -ENOMEM.
 */
int model_history__update(struct model *m, const uint32_t *list, size_t n, struct report *r);
/* Returns 0 or -ENOMEM. */
int model_history__copy(const struct series_axis *axis, const struct series *s,
			struct report_history *h);
#endif
