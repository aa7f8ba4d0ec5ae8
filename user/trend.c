/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trend.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 40 /* beyond, the normal approximation is good to four digits */
#define MAX_PAIRS ((size_t)EXACT_MAX * (EXACT_MAX - 1) / 2)
#define LEAST_POINTS 5	 /* with four, the most extreme order has p = 1/12 */
#define SIGNIFICANT 0.05 /* two-sided */
#define SLOWED 3	 /* growth that is slower by this factor in the end goes nowhere */
#define JUMP (2.0 / 3)	 /* of the whole growth between two points: no trend, a jump */
#define PAUSE 0.1	 /* of the mean rate: no growth */

struct points {
	double *t, *v;
	size_t n;
};

static int compare(const void *pa, const void *pb)
{
	double a = *(const double *)pa, b = *(const double *)pb;

	return (a > b) - (a < b);
}

/*
 * Of all orders of a multiset, how many have k inversions? Their generating function is the
 * product of Gaussian binomials, built up group by group; as probabilities, so that nothing
 * overflows. MacMahon, Combinatory Analysis, 1916: section III, chapter V.
 */
struct inversions {
	double p[MAX_PAIRS + 1]; /* of k inversions */
	size_t most;
};

/* Gaussian binomial of a + b over b, divided by the ordinary one: probabilities of Mann's and
 * Whitney's U. */
static void gaussian(size_t a, size_t b, double *p)
{
	size_t i, k, most = a * b;

	memset(p, 0, (most + 1) * sizeof(*p));
	p[0] = 1;
	for (i = 1; i <= b; i++) {
		size_t up = a + i;

		/* times (1 - q^up), in place from above ... */
		for (k = most + 1; k-- > up;)
			p[k] -= p[k - up];
		/* ... divided by (1 - q^i), from below */
		for (k = i; k <= most; k++)
			p[k] += p[k - i];
		for (k = 0; k <= most; k++)
			p[k] *= (double)i / (double)up;
	}
}

static void add_group(struct inversions *inv, size_t before, size_t size, double *u,
		      double *product)
{
	size_t most = before * size, i, k;

	gaussian(before, size, u);
	memset(product, 0, (inv->most + most + 1) * sizeof(*product));
	for (i = 0; i <= inv->most; i++)
		for (k = 0; k <= most; k++)
			product[i + k] += inv->p[i] * u[k];
	inv->most += most;
	memcpy(inv->p, product, (inv->most + 1) * sizeof(*product));
}

/* groups: how often each value occurs. */
static int count_inversions(const size_t *groups, size_t n_groups, struct inversions *inv)
{
	double *work = malloc(2 * (MAX_PAIRS + 1) * sizeof(*work));
	size_t before = 0, i;

	if (!work)
		return -ENOMEM;
	inv->p[0] = 1;
	inv->most = 0;
	for (i = 0; i < n_groups; i++) {
		add_group(inv, before, groups[i], work, work + MAX_PAIRS + 1);
		before += groups[i];
	}
	free(work);
	return 0;
}

/* Of at most k inversions. */
static double at_most(const struct inversions *inv, size_t k)
{
	double sum = 0;
	size_t i;

	for (i = 0; i <= k && i <= inv->most; i++)
		sum += inv->p[i];
	return sum;
}

/* Kendall's S: pairs that rise less pairs that fall. */
static long long kendall(const struct points *p)
{
	long long s = 0;
	size_t i, k;

	for (i = 0; i < p->n; i++)
		for (k = i + 1; k < p->n; k++)
			s += (p->v[k] > p->v[i]) - (p->v[k] < p->v[i]);
	return s;
}

static size_t group(const double *sorted, size_t n, size_t *groups)
{
	size_t n_groups = 0, i, start = 0;

	for (i = 1; i <= n; i++) {
		if (i < n && sorted[i] == sorted[start])
			continue;
		groups[n_groups++] = i - start;
		start = i;
	}
	return n_groups;
}

/* Kendall's variance of S with ties, and half a step of continuity (chapters 4 and 5). */
static double normal_p(long long s, size_t n, const size_t *groups, size_t n_groups)
{
	double variance = (double)n * (double)(n - 1) * (2.0 * (double)n + 5);
	size_t i;

	for (i = 0; i < n_groups; i++) {
		double g = (double)groups[i];

		variance -= g * (g - 1) * (2 * g + 5);
	}
	if (!s || variance <= 0)
		return 1;
	return erfc(((double)llabs(s) - 1) / sqrt(variance / 18) / M_SQRT2);
}

static int test(const struct points *p, long long s, double *sorted, double *result)
{
	struct inversions *inv = NULL;
	size_t *groups = calloc(p->n, sizeof(*groups)), n_groups;
	int err = -ENOMEM;

	if (!groups)
		return err;
	memcpy(sorted, p->v, p->n * sizeof(*sorted));
	qsort(sorted, p->n, sizeof(*sorted), compare);
	n_groups = group(sorted, p->n, groups);
	if (p->n > EXACT_MAX) {
		*result = normal_p(s, p->n, groups, n_groups);
		err = 0;
		goto cleanup;
	}
	inv = malloc(sizeof(*inv));
	if (!inv || count_inversions(groups, n_groups, inv))
		goto cleanup;
	/* S = pairs that are no ties - 2 inversions */
	*result = 2 * at_most(inv, (inv->most - (size_t)llabs(s)) / 2);
	if (*result > 1)
		*result = 1;
	err = 0;
cleanup:
	free(inv);
	free(groups);
	return err;
}

static double median(const double *sorted, size_t n)
{
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static size_t slopes_between(const struct points *p, size_t from, size_t to, double *slopes)
{
	size_t n = 0, i, k;

	for (i = from; i < to; i++)
		for (k = i + 1; k < to; k++)
			slopes[n++] = (p->v[k] - p->v[i]) / (p->t[k] - p->t[i]);
	qsort(slopes, n, sizeof(*slopes), compare);
	return n;
}

/*
 * Sen's interval: the true slope has as many slopes below it as a random order has inversions, so
 * the k-th from below and above bound it with 1 - 2 P(at most k - 1 inversions).
 */
static int bound_slope(size_t n, const double *slopes, size_t n_slopes, struct trend *trend)
{
	size_t k = 0;

	if (n > EXACT_MAX) {
		double dn = (double)n;
		double margin = 1.959964 * sqrt(dn * (dn - 1) * (2 * dn + 5) / 18);

		k = (size_t)(((double)n_slopes - margin) / 2);
		k = k ? k - 1 : 0;
		trend->coverage = 0.95;
	} else {
		struct inversions *inv = malloc(sizeof(*inv));
		size_t groups[EXACT_MAX], i;
		int err;

		if (!inv)
			return -ENOMEM;
		for (i = 0; i < n; i++)
			groups[i] = 1;
		err = count_inversions(groups, n, inv);
		while (!err && 1 - 2 * at_most(inv, k + 1) >= 0.95)
			k++;
		if (!err)
			trend->coverage = fmax(0, 1 - 2 * at_most(inv, k));
		free(inv);
		if (err)
			return err;
	}
	trend->low = slopes[k];
	trend->high = slopes[n_slopes - 1 - k];
	return 0;
}

/*
 * Did growth come to an end? In one jump; or with a pause at the end that is longer than any
 * before; or by slowing down, as what fills up does.
 */
static bool has_stopped(const struct points *p, double growth, double slope, double *slopes)
{
	size_t half = p->n / 2, i, tail = 0, pause = 0, longest = 0, jumps = 0, n;
	double early, late, mean = growth / (p->t[p->n - 1] - p->t[0]);
	bool in_tail = true;

	for (i = p->n; --i > 0;) {
		double rise = p->v[i] - p->v[i - 1];

		if (fabs(rise) <= PAUSE * mean * (p->t[i] - p->t[i - 1])) {
			pause++;
			tail += in_tail;
			longest = !in_tail && pause > longest ? pause : longest;
			continue;
		}
		in_tail = false;
		pause = 0;
		jumps++;
	}
	if (tail && (tail > longest || jumps == 1))
		return true;
	if (p->n < LEAST_POINTS)
		return false;
	n = slopes_between(p, 0, p->n - half, slopes);
	early = median(slopes, n);
	n = slopes_between(p, half, p->n, slopes);
	late = median(slopes, n);
	return late * SLOWED < fmax(early, slope);
}

static bool is_jump(const struct points *p, double growth)
{
	size_t i;

	for (i = 1; i < p->n; i++)
		if (p->v[i] - p->v[i - 1] > JUMP * growth)
			return true;
	return false;
}

static enum trend_kind judge(const struct points *p, const struct trend *trend, double floor,
			     double *work)
{
	double growth = trend->last - trend->first, least = p->v[0], most = p->v[0];
	bool significant = trend->p <= SIGNIFICANT;
	size_t i;

	for (i = 1; i < p->n; i++) {
		least = fmin(least, p->v[i]);
		most = fmax(most, p->v[i]);
	}
	if (p->n < 2)
		return TREND_UNKNOWN;
	if (most - least <= floor)
		return p->n < LEAST_POINTS ? TREND_UNKNOWN : TREND_FLAT;
	if (p->n < LEAST_POINTS)
		return TREND_UNKNOWN;
	if (significant && trend->slope < 0 && -growth > floor)
		return TREND_SHRINKING;
	/* What has fallen again since is no plateau. */
	if (growth <= floor || trend->last < most - JUMP * growth)
		return TREND_NOISY;
	if (has_stopped(p, growth, trend->slope, work))
		return TREND_STOPPED;
	return significant && !is_jump(p, growth) ? TREND_GROWING : TREND_NOISY;
}

int trend__find(const double *times, const double *values, size_t n, double floor,
		struct trend *trend)
{
	struct points p = {0};
	double *slopes = NULL;
	size_t i, n_slopes;
	int err = -ENOMEM;

	*trend = (struct trend){.p = 1};
	p.t = malloc((n ? n : 1) * 2 * sizeof(*p.t));
	if (!p.t)
		return err;
	p.v = p.t + n;
	for (i = 0; i < n; i++) {
		if (isnan(values[i]) || (p.n && times[i] <= p.t[p.n - 1]))
			continue;
		p.t[p.n] = times[i];
		p.v[p.n++] = values[i];
	}
	trend->points = p.n;
	err = 0;
	if (!p.n)
		goto cleanup;
	trend->first = p.v[0];
	trend->last = p.v[p.n - 1];
	if (p.n < 2)
		goto cleanup;
	/* Also room for the sorted values, of which there are less but with two points. */
	slopes = malloc((p.n * (p.n - 1) / 2 + p.n) * sizeof(*slopes));
	err = slopes ? test(&p, kendall(&p), slopes, &trend->p) : -ENOMEM;
	if (err)
		goto cleanup;
	n_slopes = slopes_between(&p, 0, p.n, slopes);
	trend->slope = median(slopes, n_slopes);
	err = bound_slope(p.n, slopes, n_slopes, trend);
	if (!err)
		trend->kind = judge(&p, trend, floor, slopes);
cleanup:
	free(slopes);
	free(p.t);
	return err;
}

const char *trend__word(enum trend_kind kind)
{
	switch (kind) {
	case TREND_FLAT:
		return "flat";
	case TREND_NOISY:
		return "noisy";
	case TREND_STOPPED:
		return "grew and stopped";
	case TREND_GROWING:
		return "growing steadily";
	case TREND_SHRINKING:
		return "shrinking";
	default:
		return "too few samples";
	}
}
