/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/site_verdict.h"

#include <math.h>

#include "trend.h"

#define MAX_SAMPLES 16	/* of a series, evenly in time: what the tests cost grows by the square */
#define HARDLY 0.02	/* of all blocks freed: hardly any */
#define STAY 0.9	/* of old blocks: they stay */
#define SLOWER 0.5	/* as fast as at first: it slows down */
#define SURELY_SLOWER 3 /* standard deviations of Poisson's; blocks do not come one by one */
#define LEVEL 0.1	/* a level that varies by no more than this is one */
#define FAST 0.5	/* replaced within an interval: no level, however even it is */
#define SOME_FREED 0.1	/* of all blocks */
#define FROM_START 0.95 /* of the blocks: all of them */
#define NEW_HEIGHT 1.1	/* times what it has been before */

/* What a verdict is found from: all points but those before anything was held, except the last. */
struct view {
	double t[SERIES_MAX]; /* seconds */
	double bytes[SERIES_MAX], count[SERIES_MAX], came[SERIES_MAX], alive[SERIES_MAX];
	double old[SERIES_MAX], old_gone[SERIES_MAX];
	size_t n, half; /* half: the point in the middle of the time, or so */
	size_t first;	/* in the axis */
};

struct share {
	double came, alive;
};

static void look(const struct series_axis *axis, const struct series *s, struct view *v)
{
	size_t start = 0, i, k;

	v->n = 0;
	for (i = 0; i < s->n && !s->at[i].bytes && !s->at[i].count; i++)
		start = i + 1;
	/* the last point that held nothing */
	start += s->first;
	v->first = start ? start - 1 : 0;
	for (i = v->first; i < axis->n; i++) {
		const struct series_point none = {0}, *p = &none;

		if (i >= s->first && i - s->first < s->n)
			p = &s->at[i - s->first];
		k = v->n++;
		v->t[k] = (double)(axis->time_ns[i] - axis->time_ns[v->first]) / 1e9;
		v->bytes[k] = (double)p->bytes;
		v->count[k] = (double)p->count;
		v->came[k] = p->came;
		v->alive[k] = p->alive;
		v->old[k] = p->old;
		v->old_gone[k] = p->old_gone;
	}
	/* of blocks that are older than the stack's first point: realloc has moved them here */
	for (i = 0; i < s->n && s->first + i < v->first; i++) {
		v->came[0] += s->at[i].came;
		v->alive[0] += s->at[i].alive;
	}
	for (v->half = 0; v->half + 1 < v->n && v->t[v->half + 1] <= v->t[v->n - 1] / 2;)
		v->half++;
}

/* The trend of points from to n, of no more than MAX_SAMPLES of them, evenly in time. */
static int trend_of(const struct view *v, const double *values, size_t from, struct trend *trend)
{
	double t[MAX_SAMPLES], sample[MAX_SAMPLES];
	size_t n = v->n - from, samples = n < MAX_SAMPLES ? n : MAX_SAMPLES, i, k, at = from;

	for (i = k = 0; i < samples; i++, k++) {
		double want = v->t[from] +
			      (v->t[v->n - 1] - v->t[from]) * (double)i / (double)(samples - 1);

		if (n == samples)
			at = from + i;
		while (n > samples && at + 1 < v->n &&
		       fabs(v->t[at + 1] - want) <= fabs(v->t[at] - want))
			at++;
		t[k] = v->t[at];
		sample[k] = values[at];
	}
	return trend__find(t, sample, k, 0, trend);
}

/* That of bytes; if these come in very different sizes, the number of blocks shows it sooner. */
static int find_trend(const struct view *v, size_t from, struct trend *trend)
{
	struct trend blocks;
	int err = trend_of(v, v->bytes, from, trend);

	if (err || trend->kind == TREND_GROWING || trend->slope <= 0)
		return err;
	err = trend_of(v, v->count, from, &blocks);
	if (!err && blocks.kind == TREND_GROWING) {
		trend->kind = blocks.kind;
		trend->p = blocks.p;
	}
	return err;
}

static struct share cohorts(const struct view *v, size_t from, size_t to)
{
	struct share s = {0};

	for (; from < to; from++) {
		s.came += v->came[from];
		s.alive += v->alive[from];
	}
	return s;
}

static double left(const struct share *s)
{
	return s->came > 0 ? s->alive / s->came : 1;
}

/*
 * Do blocks stay once they are old? Many that are freed soon say nothing against it: a stack that
 * leaks one in a hundred. So this is of those that were older than half of the time, and of what
 * became of them in its second half.
 */
static bool old_stay(const struct view *v)
{
	double stay = 1, old = 0;
	size_t i;

	for (i = v->half + 1; i < v->n; i++) {
		old = fmax(old, v->old[i]);
		if (v->old[i] > 0)
			stay *= 1 - fmin(v->old_gone[i] / v->old[i], 1);
	}
	return old > 0 && stay >= STAY;
}

/* By half or more between the first and the second half of the time, and not by chance. */
static bool slows_down(const struct view *v)
{
	double early_t, late_t = v->t[v->n - 1] - v->t[v->half];
	double early, late, a, b;
	/* what was there at once is no growth */
	size_t from = v->half > 1 ? 1 : 0;

	early_t = v->t[v->half] - v->t[from];
	if (early_t <= 0 || late_t <= 0)
		return false;
	early = (v->bytes[v->half] - v->bytes[from]) / early_t;
	late = (v->bytes[v->n - 1] - v->bytes[v->half]) / late_t;
	if (early <= 0 || late >= SLOWER * early)
		return false;
	/* blocks in the same time */
	a = v->count[v->half] - v->count[from];
	b = (v->count[v->n - 1] - v->count[v->half]) * early_t / late_t;
	if (a <= 0) /* the blocks that there are grow */
		return true;
	return b <= 0 || (a - b) / sqrt(a + b) > SURELY_SLOWER;
}

/*
 * Are there more blocks? Where they are replaced by others, of other sizes, bytes go up and down by
 * chance, and for long.
 */
static bool more_blocks(const struct view *v, size_t from)
{
	double bytes = v->bytes[v->n - 1] - v->bytes[from];
	double count = v->count[v->n - 1] - v->count[from];
	struct share all = cohorts(v, 0, v->n - 1);

	return all.alive >= all.came ||
	       count * v->bytes[v->n - 1] >= bytes * v->count[v->n - 1] / 2;
}

/* Two jumps a long time apart pass the test of a trend: nothing else comes in that order. */
static bool is_steady(const struct view *v)
{
	size_t rises = 0, i;

	for (i = 1; i < v->n; i++)
		rises += v->bytes[i] > v->bytes[i - 1];
	return rises >= VERDICT_INTERVALS;
}

static unsigned int percent(double share)
{
	return share <= 0 ? 1 : share >= 0.99 ? 99 : (unsigned int)(share * 100);
}

static double laplace(size_t intervals)
{
	return (double)(intervals + 1) / (double)(intervals + 2);
}

static void range(const double *values, size_t from, size_t to, double *least, double *most)
{
	*least = *most = values[from];
	for (; from < to; from++) {
		*least = fmin(*least, values[from]);
		*most = fmax(*most, values[from]);
	}
}

static void say(struct site_verdict *verdict, enum verdict_kind kind, enum verdict_reason reason,
		double sure)
{
	verdict->kind = kind;
	verdict->reason = reason;
	verdict->sure = kind == VERDICT_EARLY ? 0 : percent(sure);
}

/* It grows: by whole or by tail, the trends of all points and of the second half of the time. */
static void judge_growth(const struct view *v, const struct trend *whole, const struct trend *tail,
			 struct site_verdict *verdict)
{
	bool all_along = whole->kind == TREND_GROWING, at_end = tail->kind == TREND_GROWING;
	struct share all = cohorts(v, 0, v->n - 1);
	double p = all_along && (!at_end || whole->p < tail->p) ? whole->p : tail->p;
	double slope = at_end ? tail->slope : whole->slope;
	double sure = (1 - p) * laplace(v->n - 1), freed = 1 - left(&all);
	double low, high;

	verdict->bytes_per_hour = slope > 0 ? (uint64_t)fmin(slope * 3600, 9e18) : 0;
	range(v->bytes, 0, v->half + 1, &low, &high);
	if (slows_down(v))
		say(verdict, VERDICT_CACHE, REASON_SLOWS_DOWN, sure);
	else if (freed <= 0)
		say(verdict, VERDICT_LEAKING, REASON_NONE_FREED, sure);
	else if (freed <= HARDLY)
		say(verdict, VERDICT_LEAKING, REASON_FEW_FREED, sure);
	else if (old_stay(v))
		say(verdict, VERDICT_LEAKING, REASON_OLD_STAY, sure);
	else if (all_along && at_end && v->bytes[v->n - 1] >= NEW_HEIGHT * high)
		say(verdict, VERDICT_CACHE, REASON_OLD_FREED, sure);
	else
		verdict->kind = VERDICT_KINDS; /* as if it did not */
}

/* Intervals at the end in which nothing changed but by a little. */
static size_t level_intervals(const struct view *v)
{
	size_t i = v->n - 1;

	while (i && fabs(v->bytes[i - 1] - v->bytes[v->n - 1]) <= LEVEL * v->bytes[v->n - 1])
		i--;
	return v->n - 1 - i;
}

/* All that is there was born when the program began to allocate. */
static bool is_from_start(const struct series_axis *axis, const struct view *v)
{
	size_t last = axis->begun + 1; /* one more report, if it was looked at meanwhile */
	struct share all = cohorts(v, 0, v->n), early;

	if (v->first > last)
		return false;
	early = cohorts(v, 0, last - v->first + 1 < v->n ? last - v->first + 1 : v->n);
	return early.alive >= FROM_START * all.alive;
}

/* Each interval a little more: too few of them to say that it grows, too many to say it does not.
 */
static bool creeps(const struct view *v, size_t from)
{
	size_t i;

	for (i = from + 1; i < v->n; i++)
		if (v->bytes[i] <= v->bytes[i - 1])
			return false;
	return v->n - 1 - from < 2 * VERDICT_INTERVALS;
}

static void judge_rest(const struct series_axis *axis, const struct view *v, bool started,
		       struct site_verdict *verdict)
{
	struct share all = cohorts(v, 0, v->n);
	size_t tail = v->n - 1, i;
	double came = 0, held = 0, high, low;
	bool level, fast, freed = 1 - left(&all) >= SOME_FREED;

	verdict->bytes_per_hour = 0;
	/* the last third of the time, but three intervals at least */
	while (tail && (v->n - 1 - tail < 3 || v->t[tail - 1] >= v->t[v->n - 1] * 2 / 3))
		tail--;
	for (i = tail + 1; i < v->n; i++) {
		came += v->came[i];
		held += v->count[i];
	}
	range(v->count, tail, v->n, &low, &high);
	level = high - low <= LEVEL * high;
	range(v->bytes, tail, v->n, &low, &high);
	level |= high - low <= LEVEL * high;
	fast = came >= FAST * held && came > 0;
	if (fast && freed)
		say(verdict, VERDICT_CHURN, level ? REASON_REPLACED : REASON_COMES_AND_GOES,
		    laplace(v->n - 1));
	else if (level && creeps(v, tail) && more_blocks(v, tail))
		say(verdict, VERDICT_EARLY, REASON_STILL_RISING, 0);
	else if (level && started && is_from_start(axis, v))
		say(verdict, VERDICT_STARTUP, REASON_FROM_START, laplace(level_intervals(v)));
	else if (level)
		say(verdict, VERDICT_PLATEAU, REASON_STAYS, laplace(level_intervals(v)));
	else if (freed || low < v->bytes[tail])
		say(verdict, VERDICT_CHURN,
		    v->bytes[v->n - 1] <= low ? REASON_BECOMES_LESS : REASON_COMES_AND_GOES,
		    laplace(v->n - 1));
	else
		say(verdict, VERDICT_EARLY, REASON_NOT_STEADY, 0);
}

int site_verdict__find(const struct series_axis *axis, const struct series *s, bool started,
		       struct site_verdict *verdict)
{
	struct trend whole, tail;
	struct view v;
	size_t from;
	int err;

	*verdict = (struct site_verdict){0};
	look(axis, s, &v);
	if (v.n <= VERDICT_INTERVALS)
		return 0;
	from = v.half < v.n - 1 - VERDICT_INTERVALS ? v.half : v.n - 1 - VERDICT_INTERVALS;
	/* most stacks: no need to look closer */
	if (v.bytes[v.n - 1] > v.bytes[from]) {
		err = find_trend(&v, 0, &whole);
		if (!err)
			err = find_trend(&v, from, &tail);
		if (err)
			return err;
		verdict->kind = VERDICT_KINDS;
		if ((whole.kind == TREND_GROWING || tail.kind == TREND_GROWING) && is_steady(&v) &&
		    more_blocks(&v, from))
			judge_growth(&v, &whole, &tail, verdict);
		if (verdict->kind != VERDICT_KINDS)
			return 0;
	}
	judge_rest(axis, &v, started, verdict);
	return 0;
}

const char *site_verdict__word(enum verdict_kind kind)
{
	static const char *const words[VERDICT_KINDS] = {
		[VERDICT_EARLY] = "too early to say",
		[VERDICT_LEAKING] = "leaking",
		[VERDICT_CACHE] = "growing cache",
		[VERDICT_PLATEAU] = "plateau",
		[VERDICT_CHURN] = "churn",
		[VERDICT_STARTUP] = "start-up",
	};

	return kind < VERDICT_KINDS ? words[kind] : words[VERDICT_EARLY];
}

const char *site_verdict__reason(enum verdict_reason reason)
{
	static const char *const words[VERDICT_REASONS] = {
		[REASON_FEW_REPORTS] = "seen in too few reports",
		[REASON_NOT_STEADY] = "grows, but not steadily",
		[REASON_STILL_RISING] = "rises a little so far",
		[REASON_NONE_FREED] = "grows steadily, nothing freed",
		[REASON_FEW_FREED] = "grows steadily, hardly any freed",
		[REASON_OLD_STAY] = "grows steadily, old blocks stay",
		[REASON_OLD_FREED] = "grows, old blocks are freed",
		[REASON_SLOWS_DOWN] = "grows, but ever more slowly",
		[REASON_STAYS] = "has grown, and stays so",
		[REASON_COMES_AND_GOES] = "comes and goes, no growth",
		[REASON_REPLACED] = "as many freed as made",
		[REASON_BECOMES_LESS] = "becomes less, blocks are freed",
		[REASON_FROM_START] = "came at start, stays so",
	};

	return reason < VERDICT_REASONS ? words[reason] : words[REASON_FEW_REPORTS];
}

int site_verdict__rank(enum verdict_kind kind)
{
	static const int ranks[VERDICT_KINDS] = {
		[VERDICT_LEAKING] = 0, [VERDICT_CACHE] = 1, [VERDICT_EARLY] = 2,
		[VERDICT_PLATEAU] = 3, [VERDICT_CHURN] = 4, [VERDICT_STARTUP] = 5,
	};

	return kind < VERDICT_KINDS ? ranks[kind] : ranks[VERDICT_EARLY];
}
