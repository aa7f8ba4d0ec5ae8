/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * sample - sampling by bytes: which blocks hold a sample point.
 *
 * Of the bytes that a thread allocates, one after the other, each is a sample point with the same
 * probability p = 1 - q, whatever the others are. A block of s bytes is recorded if it holds one:
 * with probability 1 - q^s. With q = exp(-1 / rate) there is one point in about rate bytes.
 *
 * Not a random number for each block but one for each point: the gap, how many bytes there are
 * before the next point. It is n or more with probability q^n, a whole number by nature, so nothing
 * is rounded. A point that is found ends the gap; the next one is drawn anew and counts from the
 * next block on, as what comes behind a point does not depend on what came before.
 *
 * The binary digits of such a number are independent of each other: digit i is 1 with probability
 * q^(2^i) / (1 + q^(2^i)) (G. Marsaglia, Random variables with independent binary digits, Annals of
 * Mathematical Statistics 42 (1971) 1922-1929). So it is drawn digit by digit, with a table of
 *64-bit chances from user space (user/sample.c): no logarithm, no error but that of the random
 *bits, and the tail is as exact as the rest. P(gap >= n) is q^n but for 2^-58;
 *tests/unit/test_sample.c.
 *
 * Includes nothing; whoever includes it defines
 *	SAMPLE_RANDOM()		32 random bits
 *	SAMPLE_DIGITS		digits that a gap has, at most SAMPLE_MAX_DIGITS
 *	SAMPLE_CHANCE(i)	that digit i is 1, times 2^64
 *	SAMPLE_FUNC		what stands before the function that is not inlined
 */
#ifndef SAMPLE_H
#define SAMPLE_H

/* 1 with that chance. The low half decides once in 2^32 times. */
static __always_inline __u64 sample_digit(__u64 chance)
{
	__u64 high = SAMPLE_RANDOM();

	if (high != chance >> 32)
		return high < chance >> 32;
	return SAMPLE_RANDOM() < (chance & 0xffffffff);
}

/* Bytes before the next sample point. */
SAMPLE_FUNC __u64 sample_gap(void)
{
	__u64 gap = 0;

	for (__u32 i = 0; i < SAMPLE_MAX_DIGITS; i++) {
		if (i >= SAMPLE_DIGITS)
			break;
		gap |= sample_digit(SAMPLE_CHANCE(i)) << i;
	}
	return gap;
}

/*
 * Does a block of size bytes hold a sample point? A block of none counts as one byte. *next belongs
 * to the thread: which byte from here on is the next point, counted from 1; 0: not drawn yet.
 */
static __always_inline int sample_holds(__u64 *next, __u64 size)
{
	__u64 at = *next;

	if (!size)
		size = 1;
	if (!at)
		at = sample_gap() + 1;
	*next = at > size ? at - size : 0;
	return at <= size;
}

#endif
