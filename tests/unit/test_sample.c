/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sampling by bytes: the distribution of the gaps, first calculated, then drawn; and what the
 * sampled blocks are. The seeds are fixed, so each test gives the same result each time; bounds of
 * chi-square are those that fair draws exceed once in 10^6 times.
 */
#include "check.h"

#include <linux/types.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../bpf/memleak.h"
#include "sample.h"

static uint64_t seed;
static __u64 chances[SAMPLE_MAX_DIGITS];
static size_t n_chances;

/* Steele, Lea, Flood: splitmix64, OOPSLA 2014 */
static uint64_t next_random(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* Given words first, then random ones. */
static uint32_t given[2];
static size_t n_given;

static uint32_t next_word(void)
{
	return n_given ? given[--n_given] : (uint32_t)(next_random() >> 32);
}

#define SAMPLE_RANDOM() next_word()
#define SAMPLE_DIGITS n_chances
#define SAMPLE_CHANCE(i) chances[i]
#define SAMPLE_FUNC static
#include "../../bpf/sample.h"

static void begin(uint64_t rate, uint64_t first_seed)
{
	seed = first_seed;
	n_chances = sample__chances(rate, chances);
}

/* Chi-square of n terms that fair draws exceed once in 10^6 times: Wilson and Hilferty, 1931. */
static double bound(int n)
{
	double v = 2 / (9.0 * n);

	return n * pow(1 - v + 4.753424 * sqrt(v), 3);
}

/* P(gap >= n) that follows from the table: the first digit from above that differs decides. */
static long double at_least(uint64_t n)
{
	long double same = 1, more = 0;
	size_t i;

	if (n >> n_chances)
		return 0;
	for (i = n_chances; i-- > 0;) {
		long double one = ldexpl(chances[i], -64);

		if (n >> i & 1) {
			same *= one;
		} else {
			more += same * one;
			same *= 1 - one;
		}
	}
	return more + same;
}

/* The table gives the exponential distribution, from single bytes to 40 times the rate. */
static void table_is_exact(void)
{
	const uint64_t rates[] = {1, 2, 3, 10, 4095, 4096, 65537, 1 << 19, 1 << 30, 1ULL << 40};
	size_t i, k;

	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const uint64_t r = rates[i];
		const uint64_t at[] = {0,     1,     2,	    3,	   17,	  64,	  1000,
				       r / 9, r / 2, r - 1, 3 * r, 8 * r, 20 * r, 40 * r};

		begin(r, 0);
		CHECK(n_chances > 0 && n_chances <= SAMPLE_MAX_DIGITS);
		for (k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
			long double is = at_least(at[k]), want = expl(-(long double)at[k] / r);

			CHECK(fabsl(is - want) <= ldexpl(1, -58));
		}
	}
	/* the largest rate uses up the table, and no more */
	CHECK(n_chances == SAMPLE_MAX_DIGITS || !chances[n_chances]);
}

#define DRAWS 10000000
#define BINS 64
#define TAIL 5 /* bins for the last 60th, each with a tenth of the one before */

/* Draws follow the distribution, the tail as well: 10^7 of them in 69 bins. */
static void draws_are_exponential(void)
{
	const uint64_t rate = 1 << 19;
	static uint64_t edge[BINS + TAIL + 1], count[BINS + TAIL];
	double above = 1.0 / BINS, chi = 0, sum = 0;
	int i, n = BINS + TAIL;

	begin(rate, 1);
	for (i = 1; i < BINS; i++)
		edge[i] = (uint64_t)(-log1p(-(double)i / BINS) * rate);
	for (; i < n; i++) {
		above /= 10;
		edge[i] = (uint64_t)(-log(above) * rate);
	}
	edge[n] = UINT64_MAX;
	for (i = 0; i < DRAWS; i++) {
		uint64_t gap = sample_gap();
		int low = 0, high = n;

		while (high - low > 1) {
			int mid = (low + high) / 2;

			if (gap >= edge[mid])
				low = mid;
			else
				high = mid;
		}
		count[low]++;
		sum += (double)gap;
	}
	for (i = 0; i < n; i++) {
		double p = exp(-(double)edge[i] / rate) -
			   (i + 1 < n ? exp(-(double)edge[i + 1] / rate) : 0);
		double want = p * DRAWS;

		chi += (count[i] - want) * (count[i] - want) / want;
	}
	CHECK(chi < bound(n - 1));
	/* mean q / (1 - q), of standard deviation rate / sqrt(draws); five of them */
	CHECK(fabs(sum / DRAWS - 1 / expm1(1.0 / rate)) < 5 * rate / sqrt(DRAWS));
}

/* Blocks of all sizes mixed, each size is sampled as often as it should be. */
static void check_blocks(uint64_t rate, int blocks)
{
	const uint64_t sizes[] = {0,   1,    2,	   7,	 24,   64,   100,   256,
				  512, 1000, 2048, 4096, 5000, 8192, 16384, 40960};
	const int n = sizeof(sizes) / sizeof(sizes[0]);
	uint64_t all[16] = {0}, sampled[16] = {0};
	__u64 next = 0;
	double chi = 0;
	int i, terms = 0;

	begin(rate, 2);
	for (i = 0; i < blocks; i++) {
		int k = next_random() % n;

		all[k]++;
		sampled[k] += sample_holds(&next, sizes[k]);
	}
	for (i = 0; i < n; i++) {
		double p = -expm1(-(double)(sizes[i] ? sizes[i] : 1) / rate);
		double want = all[i] * p;

		if (want > all[i] - 5) { /* certain, or nearly so */
			CHECK(sampled[i] + 20 > all[i]);
			continue;
		}
		chi += (sampled[i] - want) * (sampled[i] - want) / (want * (1 - p));
		terms++;
	}
	CHECK(terms >= 5 && chi < bound(terms));
	/* what overflowed is as large as can be */
	CHECK(sample_holds(&next, UINT64_MAX));
}

static void blocks_are_sampled(void)
{
	check_blocks(4096, 8000000);
	check_blocks(16, 1000000); /* where a byte more or less shows */
}

/* Of a digit's chance all 64 bits count. */
static void digits_are_compared(void)
{
	const uint64_t chance = 0x8000000000000005ULL;
	const struct {
		uint32_t high, low;
		uint64_t digit, words;
	} cases[] = {
		{0x7fffffff, 9, 1, 1}, {0x80000001, 0, 0, 1}, {0x80000000, 4, 1, 2},
		{0x80000000, 5, 0, 2}, {0, 9, 1, 1},	      {0xffffffff, 0, 0, 1},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		given[1] = cases[i].high; /* taken from the end */
		given[0] = cases[i].low;
		n_given = 2;
		CHECK_EQ(sample_digit(chance), cases[i].digit);
		CHECK_EQ(2 - n_given, cases[i].words);
	}
	n_given = 0;
}

/* A table of what two decisions were, each 1 with chance p, against the two being independent. */
static double dependence(uint64_t table[2][2], double p)
{
	double n = (double)(table[0][0] + table[0][1] + table[1][0] + table[1][1]), chi = 0;
	int i, k;

	for (i = 0; i < 2; i++)
		for (k = 0; k < 2; k++) {
			double want = n * (i ? p : 1 - p) * (k ? p : 1 - p);

			chi += (table[i][k] - want) * (table[i][k] - want) / want;
		}
	return chi;
}

/* One block says nothing about the next one, nor one thread about another that runs in step. */
static void decisions_are_independent(void)
{
	const uint64_t rate = 4096, size = 1500;
	const double p = -expm1(-(double)size / rate);
	uint64_t serial[2][2] = {{0}}, crosswise[2][2] = {{0}};
	__u64 next[2] = {0};
	int last = -1, i;

	begin(rate, 3);
	for (i = 0; i < 4000000; i++) {
		int a = sample_holds(&next[0], size), b = sample_holds(&next[1], size);

		crosswise[a][b]++;
		/* pairs that do not overlap */
		if (i & 1)
			serial[last][a]++;
		last = a;
	}
	CHECK(dependence(serial, p) < bound(3));
	CHECK(dependence(crosswise, p) < bound(3));
}

int main(void)
{
	RUN(table_is_exact);
	RUN(digits_are_compared);
	RUN(draws_are_exponential);
	RUN(blocks_are_sampled);
	RUN(decisions_are_independent);
	return check_done();
}
