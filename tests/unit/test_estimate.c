/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Estimates from samples against the truth: populations of known blocks, sampled thousands of times
 * with fixed seeds. Bounds are five standard deviations, if nothing else is said.
 */
#include "check.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "report/estimate.h"

static const struct sampling by_bytes = {.bytes = 65536};
static uint64_t seed;

static double uniform(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void adds_up_by_hand(void)
{
	struct estimate e = {0}, other = {0};

	/* chance 1/2: stands for two, and for one more or less by chance */
	estimate__add(&e, 100, 0.5);
	CHECK_EQ(estimate__value(&e), 200);
	CHECK(e.known == 100 && e.var == 20000);
	/* c = 100: 200 + 1.92 * 100 -+ 1.96 * sqrt(20000 + 0.96 * 10000); not below what is there
	 */
	CHECK_EQ(estimate__range(&e).low, 100);
	CHECK_EQ(estimate__range(&e).high, 729);
	/* certain ones add no doubt */
	estimate__add(&other, 1000, 1);
	CHECK_EQ(estimate__range(&other).low, 1000);
	CHECK_EQ(estimate__range(&other).high, 1000);
	estimate__merge(&e, &other);
	CHECK_EQ(estimate__value(&e), 1200);
	CHECK_EQ(estimate__range(&e).low, 1100);
	CHECK_EQ(estimate__range(&e).high, 1729);
	/* nothing sampled, and too much */
	e = (struct estimate){0};
	CHECK_EQ(estimate__value(&e), 0);
	CHECK_EQ(estimate__range(&e).high, 0);
	estimate__add(&e, 0x1p63, 0.1);
	CHECK(estimate__value(&e) == UINT64_MAX && estimate__range(&e).high == UINT64_MAX);
}

static void chances(void)
{
	const struct sampling calls = {.calls = 8}, none = {0}, one = {.calls = 1};

	CHECK(!sampling__is_on(&none) && !sampling__is_on(&one));
	CHECK(sampling__is_on(&calls) && sampling__is_on(&by_bytes));
	CHECK(sampling__chance(&none, 5) == 1 && sampling__chance(&one, 5) == 1);
	CHECK(sampling__chance(&calls, 0) == 0.125 && sampling__chance(&calls, 1 << 30) == 0.125);
	CHECK(fabs(sampling__chance(&by_bytes, 65536) - 0.63212055882855767) < 1e-15);
	CHECK(fabs(sampling__chance(&by_bytes, 1) * 65536 - 0.99999237064) < 1e-9);
	CHECK(sampling__chance(&by_bytes, 0) == sampling__chance(&by_bytes, 1));
	CHECK(sampling__chance(&by_bytes, UINT64_MAX) == 1);
	/* unseen once in 100 times */
	CHECK(fabs(exp(-(double)sampling__blind(&by_bytes) / 65536) - 0.01) < 1e-6);
	CHECK_EQ(sampling__blind(&calls), 34); /* 0.875^34 = 0.0107, 0.875^35 = 0.0093 */
	CHECK_EQ(sampling__blind(&none), 0);
}

enum mix {
	TINY,	/* 64 bytes: a chance of 0.001 */
	SMALL,	/* 1,000 */
	MIDDLE, /* 20,000 */
	RATE,	/* as many as the rate: 0.63 */
	SPREAD, /* 1 to 131,072, each octave as often */
	N_MIXES,
};

struct population {
	uint64_t *size;
	size_t n;
	double bytes, var_bytes, var_count; /* of the estimates, from the chances */
};

static uint64_t draw_size(enum mix mix)
{
	const uint64_t fixed[] = {[TINY] = 64, [SMALL] = 1000, [MIDDLE] = 20000, [RATE] = 65536};

	return mix == SPREAD ? (uint64_t)exp2(17 * uniform()) : fixed[mix];
}

/* As many blocks that about so many are sampled. */
static struct population populate(enum mix mix, double sampled)
{
	struct population p = {.size = calloc(100000, sizeof(*p.size))};
	double sum = 0;

	while (sum < sampled && p.n < 100000) {
		double size = (double)(p.size[p.n++] = draw_size(mix));
		double chance = sampling__chance(&by_bytes, (uint64_t)size);

		sum += chance;
		p.bytes += size;
		p.var_bytes += size * size * (1 - chance) / chance;
		p.var_count += (1 - chance) / chance;
	}
	return p;
}

static void sample(const struct population *p, struct estimate *bytes, struct estimate *count)
{
	size_t i;

	*bytes = *count = (struct estimate){0};
	for (i = 0; i < p->n; i++) {
		double chance = sampling__chance(&by_bytes, p->size[i]);

		if (uniform() >= chance)
			continue;
		estimate__add(bytes, (double)p->size[i], chance);
		estimate__add(count, 1, chance);
	}
}

/* On the average estimates are the truth, and so are their variances. */
static void is_unbiased(void)
{
	const int runs = 4000;

	seed = 1;
	for (enum mix mix = 0; mix < N_MIXES; mix++) {
		struct population p = populate(mix, mix == TINY ? 2 : 8);
		double sum_bytes = 0, sum_count = 0, sum_var = 0, sum_var2 = 0;

		for (int i = 0; i < runs; i++) {
			struct estimate bytes, count;

			sample(&p, &bytes, &count);
			sum_bytes += bytes.sum;
			sum_count += count.sum;
			sum_var += bytes.var;
			sum_var2 += bytes.var * bytes.var;
		}
		CHECK(fabs(sum_bytes / runs - p.bytes) < 5 * sqrt(p.var_bytes / runs));
		CHECK(fabs(sum_count / runs - (double)p.n) < 5 * sqrt(p.var_count / runs));
		CHECK(fabs(sum_var / runs - p.var_bytes) <
		      5 * sqrt((sum_var2 / runs - sum_var / runs * sum_var / runs) / runs));
		free(p.size);
	}
}

/*
 * The range holds the truth 95 times in 100, of what is shown: 250 populations of a kind, each
 * sampled 40 times. Coverage of a whole number of samples goes up and down around 95 % (Brown, Cai,
 * DasGupta, Interval estimation for a binomial proportion, Statist. Sci. 16 (2001) 101), so the
 * average over different populations is held against 93.5 to 97.5 %.
 */
static void ranges_hold_the_truth(void)
{
	const int populations = 250, runs = 40;

	seed = 2;
	for (enum mix mix = 0; mix < N_MIXES; mix++) {
		int shown = 0, held_bytes = 0, held_count = 0;

		for (int i = 0; i < populations; i++) {
			struct population p = populate(mix,
						       (mix == TINY ? 3 : 4) * exp2(3 * uniform()));

			for (int k = 0; k < runs; k++) {
				struct estimate bytes, count;
				struct estimate_range rb, rc;

				sample(&p, &bytes, &count);
				rb = estimate__range(&bytes);
				rc = estimate__range(&count);
				shown += count.sum > 0;
				held_bytes += count.sum > 0 && rb.low <= p.bytes &&
					      p.bytes <= rb.high;
				held_count += count.sum > 0 && rc.low <= p.n && p.n <= rc.high;
			}
			free(p.size);
		}
		CHECK(held_bytes > 0.935 * shown && held_bytes < 0.975 * shown);
		if (mix == SPREAD) /* of which tiny blocks cannot be counted */
			CHECK(held_count < held_bytes);
		else
			CHECK(held_count > 0.935 * shown && held_count < 0.985 * shown);
		printf("  mix %d: %.1f %% of %d ranges hold the bytes, %.1f %% the count\n", mix,
		       100.0 * held_bytes / shown, shown, 100.0 * held_count / shown);
	}
}

int main(void)
{
	RUN(adds_up_by_hand);
	RUN(chances);
	RUN(is_unbiased);
	RUN(ranges_hold_the_truth);
	return check_done();
}
