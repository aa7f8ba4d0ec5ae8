/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile.h"

#include "probes.h"
#include "report/model.h"
#include "report/report.h"
#include "session.h"

_Static_assert(PROFILE_LIVES == REPORT_LIVES, "the same lifetimes");

static uint64_t load(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

#define TRIES 16

/*
 * What a stack held at the last peak: what was put aside, or what it holds if it has not changed
 * since. The BPF side goes on meanwhile: read again what was touched by a peak or by an exchange.
 */
static void read_peak(const struct profile_table *t, const struct profile_stack *p,
		      struct report_profile *out)
{
	uint64_t seen, now;
	int i;

	for (i = 0; i < TRIES; i++) {
		now = load(&t->total->moment);
		seen = load(&p->seen);
		if (seen < load(&t->total->exec_moment)) {
			out->peak_count = out->peak_bytes = 0;
		} else if (seen < now) {
			out->peak_count = load(&p->made.count) - load(&p->freed.count) -
					  load(&p->gone.count);
			out->peak_bytes = load(&p->made.bytes) - load(&p->freed.bytes) -
					  load(&p->gone.bytes);
		} else {
			out->peak_count = PROFILE_ASIDE_VALUE(load(&p->at_peak.count));
			out->peak_bytes = PROFILE_ASIDE_VALUE(load(&p->at_peak.bytes));
		}
		if (load(&p->seen) == seen && load(&t->total->moment) == now)
			break;
	}
}

/* Frees first: no more of them than allocations. */
static void read_stack(const struct profile_table *t, const struct profile_stack *p,
		       struct report_profile *out)
{
	int i;

	for (i = 0; i < REPORT_LIVES; i++) {
		out->lived[i] = load(&p->lived[i]);
		out->freed += out->lived[i];
	}
	out->temporary = load(&p->temporary.count);
	out->temporary_bytes = load(&p->temporary.bytes);
	out->freed_bytes = load(&p->freed.bytes);
	out->bytes = load(&p->made.bytes);
	out->count = load(&p->made.count);
	read_peak(t, p, out);
}

int profile__add(const struct profile_table *t, struct model *m)
{
	size_t i;
	int err;

	for (i = 0; i < t->n; i++) {
		const struct profile_stack *p = &t->stack[i];
		uint64_t stack = i < PROFILE_ENTRIES ? 0 : i - PROFILE_ENTRIES + 1;
		uint64_t entry = load(&p->entry);
		struct report_profile profile = {0};

		if (!entry || !load(&p->made.count))
			continue;
		read_stack(t, p, &profile);
		err = model__add_profile(
			m, stack, entry <= n_entry_points ? entry_points[entry - 1].symbol : "?",
			&profile);
		if (err)
			return err;
	}
	return 0;
}

void profile__complete(const struct profile_table *t, const struct session_clock *clock,
		       struct report *r)
{
	uint64_t when;

	if (!r->profile)
		return;
	r->profile->peak_bytes = load(&t->total->peak);
	r->tick_ns = clock->tick_ns;
	when = session__time_of(clock, load(&t->total->peak_time) & LIVE_BIRTH_MASK);
	r->peak_age_ns = clock->now_ns - when;
}
