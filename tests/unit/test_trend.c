/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trend.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

#define NEAR(a, b, by) CHECK(fabs((a) - (b)) <= (by))

static struct trend trend_of(const double *v, size_t n, double floor)
{
	double t[200];
	struct trend trend;
	size_t i;

	for (i = 0; i < n; i++)
		t[i] = (double)i;
	CHECK_EQ(trend__find(t, v, n, floor, &trend), 0);
	return trend;
}
#define TREND(floor, ...)                                                                          \
	trend_of((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double), floor)
#define KIND(floor, ...) trend__word(TREND(floor, __VA_ARGS__).kind)

/* Kendall, Rank Correlation Methods, appendix table 1: P(S >= s), one-sided, to its digits. */
static void as_in_kendalls_table(void)
{
	/* Orders of 1..n with the s that the table has a line for. */
	NEAR(TREND(0, 1, 2, 3, 4, 5).p / 2, 0.0083, 5e-5);		  /* n 5, S 10 */
	NEAR(TREND(0, 2, 1, 3, 4, 5).p / 2, 0.042, 5e-4);		  /* S 8 */
	NEAR(TREND(0, 2, 1, 4, 3, 5).p / 2, 0.117, 5e-4);		  /* S 6 */
	NEAR(TREND(0, 2, 1, 3, 4, 5, 6).p / 2, 0.0083, 5e-5);		  /* n 6, S 13 */
	NEAR(TREND(0, 2, 1, 4, 3, 5, 6).p / 2, 0.028, 5e-4);		  /* S 11 */
	NEAR(TREND(0, 2, 1, 4, 3, 6, 5, 7).p / 2, 0.015, 5e-4);		  /* n 7, S 15 */
	NEAR(TREND(0, 7, 6, 5, 4, 3, 1, 2).p / 2, 0.0014, 5e-5);	  /* n 7, S -19 */
	NEAR(TREND(0, 4, 3, 2, 1, 5, 6, 7, 8).p / 2, 0.031, 5e-4);	  /* n 8, S 16 */
	NEAR(TREND(0, 4, 3, 2, 1, 5, 7, 6, 10, 9, 8).p / 2, 0.014, 5e-4); /* n 10, S 25 */
}

static int next_order(double *v, size_t n)
{
	size_t i = n - 1, k = n - 1, low;
	double swap;

	while (i && v[i - 1] >= v[i])
		i--;
	if (!i)
		return 0;
	while (v[k] <= v[i - 1])
		k--;
	swap = v[i - 1], v[i - 1] = v[k], v[k] = swap;
	for (low = i, k = n - 1; low < k; low++, k--)
		swap = v[low], v[low] = v[k], v[k] = swap;
	return 1;
}

static long sum_of_signs(const double *v, size_t n)
{
	long s = 0;
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			s += (v[k] > v[i]) - (v[k] < v[i]);
	return s;
}

/* With ties there is no table: all orders are gone through. */
static void exact_with_ties(void)
{
	static const double series[][8] = {
		{1, 1, 2, 2, 3, 4, 4, 4}, {1, 1, 1, 1, 1, 1, 2, 1}, {3, 1, 2, 2, 3, 5, 5, 6},
		{2, 2, 2, 2, 2, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}, {8, 8, 7, 1, 1, 1, 7, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		double v[8], swap;
		long wanted = labs(sum_of_signs(series[i], 8)), extreme = 0, all = 0;
		size_t a, b;

		memcpy(v, series[i], sizeof(v));
		for (a = 0; a < 8; a++)
			for (b = a + 1; b < 8; b++)
				if (v[b] < v[a])
					swap = v[a], v[a] = v[b], v[b] = swap;
		do {
			all++;
			extreme += labs(sum_of_signs(v, 8)) >= wanted;
		} while (next_order(v, 8));
		NEAR(trend_of(series[i], 8, 0).p, (double)extreme / (double)all, 1e-12);
	}
}

/* Two ways to the same: at 40 points exact, at 41 by the normal distribution. */
static void approximation_continues(void)
{
	double v[41];
	struct trend exact, normal;
	size_t i;

	for (i = 0; i < 41; i++)
		v[i] = (double)(i * 17 % 41) + (double)i / 2;
	exact = trend_of(v, 40, 0);
	normal = trend_of(v, 41, 0);
	CHECK(exact.p > 0.001 && exact.p < 0.2);
	CHECK(normal.p > exact.p / 3 && normal.p < exact.p * 3);
	CHECK(normal.low < normal.slope && normal.slope < normal.high);
	CHECK(normal.high - normal.low < 1.5 * (exact.high - exact.low));
	CHECK(normal.high - normal.low > (exact.high - exact.low) / 1.5);
}

static void slope_is_the_median(void)
{
	double t[] = {0, 1, 3, 4, 10}, v[] = {0, 2, 6, 800, 20}; /* one outlier */
	struct trend trend;

	CHECK_EQ(trend__find(t, v, 5, 0, &trend), 0);
	/* 2 2 2 2 200 and those with the outlier: 266, 794, -130; (800-6)/1; (20-6)/7 = 2 */
	NEAR(trend.slope, 2, 1e-12);
	CHECK_EQ(trend.points, 5);
	NEAR(trend.coverage, 1 - 2.0 / 120, 1e-12);
	NEAR(trend.low, -130, 1e-9);
	NEAR(trend.high, 794, 1e-9);
	/* Four points never make 95 %. */
	trend = TREND(0, 1, 2, 3, 5);
	NEAR(trend.coverage, 1 - 2.0 / 24, 1e-12);
	NEAR(trend.p, 2.0 / 24, 1e-12);
	CHECK_EQ(trend.kind, TREND_UNKNOWN);
	/* Ten: P(at most 10 inversions of 45) = 0.0233 is the last below 0.025 (Kendall: S >= 25
	 * 0.014, S >= 23 0.023, S >= 21 0.036), so the 12th slope from either end. */
	trend = TREND(0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512);
	NEAR(trend.coverage, 1 - 2 * 0.0233, 1e-3);
}

static void verdicts(void)
{
	CHECK_STR(KIND(1, 10, 20, 30, 40, 50), "growing steadily");
	CHECK_STR(KIND(1, 10, 24, 28, 41, 50), "growing steadily");
	CHECK_STR(KIND(1, 0, 1, 3, 7, 15), "growing steadily"); /* faster and faster */
	CHECK_STR(KIND(1, 50, 40, 30, 20, 10), "shrinking");
	CHECK_STR(KIND(64, 10, 20, 30, 40, 50), "flat"); /* below the floor */
	CHECK_STR(KIND(1, 7, 7, 7, 7, 7), "flat");
	CHECK_STR(KIND(1, 10, 90, 20, 80, 15), "noisy"); /* a saw */
	CHECK_STR(KIND(1, 0, 0, 0, 0, 100), "noisy");	 /* one jump, who knows what follows */
	CHECK_STR(KIND(1, 0, 60, 90, 10, 20), "noisy");	 /* and back */
	CHECK_STR(KIND(1, 10, 20, 30, 40), "too few samples");
	CHECK_STR(KIND(1, 10), "too few samples");

	CHECK_STR(KIND(1, 0, 100, 100, 100, 100), "grew and stopped"); /* one jump */
	CHECK_STR(KIND(1, 0, 0, 100, 100, 100), "grew and stopped");
	CHECK_STR(KIND(1, 0, 0, 0, 100, 100), "grew and stopped");
	CHECK_STR(KIND(1, 0, 50, 100, 100, 100), "grew and stopped"); /* a cache is full */
	CHECK_STR(KIND(1, 0, 33, 66, 100, 100), "grew and stopped");
	CHECK_STR(KIND(1, 0, 50, 75, 87, 94), "grew and stopped"); /* will be */
	CHECK_STR(KIND(1, 0, 90, 99, 100, 101), "grew and stopped");
}

/* A hundred points: noise of 3 around a line, a plateau, a jump in the third quarter. */
static void long_series(void)
{
	double line[100], plateau[100], jump[100], wave[100];
	unsigned int seed = 1, i;

	for (i = 0; i < 100; i++) {
		double noise = (double)(rand_r(&seed) % 7) - 3;

		line[i] = i + noise;
		plateau[i] = fmin(i * 5, 150) + noise;
		jump[i] = (i > 72 ? 300 : 0) + noise;
		wave[i] = 50 * sin(i / 5.0) + noise;
	}
	CHECK_STR(trend__word(trend_of(line, 100, 10).kind), "growing steadily");
	NEAR(trend_of(line, 100, 10).slope, 1, 0.03);
	CHECK(trend_of(line, 100, 10).p < 1e-12);
	CHECK_STR(trend__word(trend_of(plateau, 100, 10).kind), "grew and stopped");
	CHECK(trend_of(jump, 100, 10).kind != TREND_GROWING);
	CHECK_STR(trend__word(trend_of(wave, 100, 10).kind), "noisy");
}

/* A line measured at odd times is a line: little growth in little time is no pause. */
static void uneven_times(void)
{
	double t[] = {0, 0.9, 2.3, 3.8, 3.86}, v[] = {0, 9, 23, 38, 38.6};
	struct trend trend;

	CHECK_EQ(trend__find(t, v, 5, 1, &trend), 0);
	CHECK_STR(trend__word(trend.kind), "growing steadily");
	v[4] = 38;
	CHECK_EQ(trend__find(t, v, 5, 1, &trend), 0);
	CHECK_STR(trend__word(trend.kind), "grew and stopped");
}

static void holes_and_clocks_that_stand(void)
{
	double t[] = {0, 1, 1, 2, 3, 4, 5}, v[] = {1, 2, 9, NAN, 4, 5, 6};
	struct trend trend;

	CHECK_EQ(trend__find(t, v, 7, 0, &trend), 0);
	CHECK_EQ(trend.points, 5);
	NEAR(trend.slope, 1, 1e-12);
	CHECK_EQ(trend.kind, TREND_GROWING);
	CHECK_EQ(trend__find(t, v, 0, 0, &trend), 0);
	CHECK_EQ(trend.points, 0);
	CHECK_EQ(trend.kind, TREND_UNKNOWN);
}

int main(void)
{
	RUN(as_in_kendalls_table);
	RUN(exact_with_ties);
	RUN(approximation_continues);
	RUN(slope_is_the_median);
	RUN(verdicts);
	RUN(long_series);
	RUN(uneven_times);
	RUN(holes_and_clocks_that_stand);
	return check_done();
}
