/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histories against keeping everything: what is kept of them is exact, and blocks do not get lost.
 */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "report/series.h"

#define LOOKS 5000

struct whole {
	uint64_t time[LOOKS], bytes[LOOKS], count[LOOKS];
	double came[LOOKS]; /* up to then */
	size_t n;
};

static struct whole whole;
static struct series_axis axis;

static void thin(struct series *s, size_t max)
{
	uint8_t to[SERIES_MAX];

	if (axis.n < max)
		return;
	axis__thin(&axis, max, to);
	series__thin(s, to);
	CHECK(axis.n < max);
	CHECK_EQ(s->first + s->n, axis.n);
}

/* One look at blocks that live for life looks; rate of them come between two looks. */
static void look(struct series *s, size_t rate, size_t life, uint64_t gap)
{
	double found[SERIES_MAX] = {0};
	size_t k = whole.n++, born;

	whole.time[k] = (k ? whole.time[k - 1] : 0) + gap;
	axis__add(&axis, whole.time[k], &(struct series_until){.ns = whole.time[k]});
	whole.count[k] = 0;
	for (born = k + 1 > life ? k + 1 - life : 0; born <= k; born++) {
		size_t cohort = axis__cohort(&axis, whole.time[born], 0);

		CHECK(cohort < axis.n);
		found[cohort] += (double)rate;
		whole.count[k] += rate;
	}
	whole.came[k] = (double)(rate * (k + 1));
	whole.bytes[k] = whole.count[k] * 100 + k;
	CHECK_EQ(series__begin(s, &axis), 0);
	CHECK_EQ(series__found(s, &axis, found), 0);
	series__set(s, &axis, whole.bytes[k], whole.count[k]);
}

static void check_exact(const struct series *s, double dies)
{
	double came = 0, alive = 0, old_gone = 0;
	size_t i, k = 0;

	for (i = 0; i < s->n; i++) {
		const struct series_point *p = &s->at[i];

		while (k < whole.n && whole.time[k] < axis.time_ns[s->first + i])
			k++;
		CHECK_EQ(whole.time[k], axis.time_ns[s->first + i]);
		CHECK_EQ(p->bytes, whole.bytes[k]);
		CHECK_EQ(p->count, whole.count[k]);
		came += p->came;
		alive += p->alive;
		old_gone += p->old_gone;
		CHECK_EQ(came, whole.came[k]);
	}
	CHECK_EQ(k, whole.n - 1);
	CHECK_EQ(alive, whole.count[k]);
	CHECK(dies > 0 ? old_gone > 0 : !old_gone);
}

/* A long session: points are left out, evenly, and what is kept stays as it was. */
static void long_session(size_t max, size_t life, size_t begun)
{
	struct series s = {0};
	uint64_t gap = 0;
	size_t i, recent;

	whole.n = 0;
	axis = (struct series_axis){.begun = begun};
	while (whole.n < LOOKS) {
		thin(&s, max);
		look(&s, 7, life, 1000 + whole.n % 10);
		if (whole.n % 100 == 0 || whole.n < 200)
			check_exact(&s, whole.n > life ? 1 : 0);
	}
	CHECK_EQ(axis.time_ns[0], whole.time[0]);
	for (i = 0; i < begun + 2; i++)
		CHECK_EQ(axis.time_ns[i], whole.time[i]);
	/* the last ones are all there, in the middle no gap is much larger than others */
	recent = max / 4 > SERIES_RECENT ? max / 4 : SERIES_RECENT;
	for (i = 1; i <= recent; i++)
		CHECK_EQ(axis.time_ns[axis.n - i], whole.time[whole.n - i]);
	for (i = axis.begun + 2; i + recent < axis.n; i++) {
		uint64_t g = axis.time_ns[i + 1] - axis.time_ns[i];

		gap = g > gap ? g : gap;
	}
	CHECK(gap * (max - recent) < 8 * (whole.time[whole.n - 1] - whole.time[0]));
	series__clear(&s);
}

static void keeps_what_it_has(void)
{
	long_session(SERIES_MAX, 50, 0);
	long_session(SERIES_MAX, LOOKS, 1);
	long_session(SERIES_MIN, 3, 6);
	long_session(60, 900, 3);
}

/* The clock stands still, or nothing has happened yet: no second point at a time. */
static void same_time(void)
{
	struct series s = {0};
	double found[SERIES_MAX] = {0};

	axis = (struct series_axis){0};
	axis__add(&axis, 1000, &(struct series_until){0});
	axis__add(&axis, 2000, &(struct series_until){.ns = 1500});
	axis__add(&axis, 2000, &(struct series_until){.ns = 1400});
	axis__add(&axis, 1999, &(struct series_until){.ns = 2000});
	CHECK_EQ(axis.n, 2);
	CHECK_EQ(axis__cohort(&axis, 1, 0), 1);
	CHECK_EQ(axis__cohort(&axis, 2000, 0), 1); /* bounds only grow */
	CHECK(axis__cohort(&axis, 2001, 0) == SIZE_MAX);
	axis.until[1].ticks = 50;
	CHECK_EQ(axis__cohort(&axis, 2001, 50), 1); /* by ticks, if there are any */
	CHECK(axis__cohort(&axis, 1, 51) == SIZE_MAX);
	found[1] = 5;
	CHECK_EQ(series__begin(&s, &axis), 0);
	CHECK_EQ(series__found(&s, &axis, found), 0);
	series__set(&s, &axis, 10, 5);
	found[1] = 7; /* looked again */
	CHECK_EQ(series__begin(&s, &axis), 0);
	CHECK_EQ(series__found(&s, &axis, found), 0);
	series__set(&s, &axis, 14, 7);
	CHECK_EQ(s.n, 1);
	CHECK_EQ(s.first, 1);
	CHECK_EQ(s.at[0].came, 7);
	CHECK_EQ(s.at[0].bytes, 14);
	series__clear(&s);
}

/* realloc gives a stack a block that is older than all it had. */
static void older_than_the_first(void)
{
	struct series s = {0};
	double found[SERIES_MAX] = {0};
	size_t i;

	axis = (struct series_axis){0};
	for (i = 0; i < 5; i++)
		axis__add(&axis, 1000 * i, &(struct series_until){.ns = 1000 * i});
	found[4] = 1;
	CHECK_EQ(series__begin(&s, &axis), 0);
	CHECK_EQ(series__found(&s, &axis, found), 0);
	series__set(&s, &axis, 1, 1);
	CHECK_EQ(s.first, 4);
	axis__add(&axis, 5000, &(struct series_until){.ns = 5000});
	found[2] = 3;
	CHECK_EQ(series__begin(&s, &axis), 0);
	CHECK_EQ(series__found(&s, &axis, found), 0);
	CHECK_EQ(series__found(&s, &axis, found), 0); /* of another key */
	series__set(&s, &axis, 8, 8);
	CHECK_EQ(s.first, 2);
	CHECK_EQ(s.n, 4);
	CHECK_EQ(s.at[0].came, 6);
	CHECK_EQ(s.at[1].came, 0);
	CHECK_EQ(s.at[2].came, 2);
	CHECK_EQ(s.at[2].bytes, 1);
	CHECK_EQ(s.at[3].bytes, 8);
	series__clear(&s);
}

int main(void)
{
	RUN(keeps_what_it_has);
	RUN(same_time);
	RUN(older_than_the_first);
	return check_done();
}
