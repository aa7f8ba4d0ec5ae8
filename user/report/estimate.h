/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * estimate - totals of all blocks from a sample of them, with error bars.
 *
 * Each block is in the sample with a chance P that follows from its size, whatever becomes of the
 * others. The sum of x / P over the sampled ones is then right on the average, and so is the sum of
 * x^2 (1 - P) / P^2 as its variance: D. G. Horvitz, D. J. Thompson, A generalization of sampling
 * without replacement from a finite universe, JASA 47 (1952) 663-685.
 *
 * Plus or minus 1.96 standard deviations would be too short a range with few samples: by chance few
 * of them make the estimate small, and its deviation as well. So the range holds all totals T that
 * are within 1.96 of their own deviations from the estimate, that is, with a variance c T in
 * proportion to T: E. B. Wilson, Probable inference, the law of succession, and statistical
 * inference, JASA 22 (1927) 209-212. For equal blocks c is x (1 - P) / P; of different ones, each
 * counts by its part of the variance. What was sampled is there, so the range begins no lower.
 *
 * The range of bytes holds for any mix of sizes when sampling is by bytes, that of the number of
 * blocks when it is by calls. The other one takes what was sampled for typical: a sample by bytes
 * cannot know of tiny blocks among large ones.
 */
#ifndef REPORT_ESTIMATE_H
#define REPORT_ESTIMATE_H

#include <stdint.h>

/* How blocks are drawn; all 0: every one is there. */
struct sampling {
	uint64_t calls; /* one in so many, 0 or 1: all */
	uint64_t bytes; /* by bytes, one sample point in so many; 0: not so */
};

struct estimate {
	double sum;	   /* the estimate */
	double known;	   /* of those in the sample alone */
	double var, scale; /* variance, and c times it */
};

struct estimate_range {
	uint64_t low, high; /* the true value is between them, 95 times in 100 */
};

/* The chance that a block of size bytes is in the sample: bpf/sample.h. */
double sampling__chance(const struct sampling *s, uint64_t size);
/* Is anything left out? */
static inline int sampling__is_on(const struct sampling *s)
{
	return s->calls > 1 || s->bytes;
}
/*
 * A stack with how many bytes (or calls, when these are drawn) goes wholly unseen once in 100
 * times? However large its blocks are: the chance is exp(-bytes / rate).
 */
uint64_t sampling__blind(const struct sampling *s);

/* Add a sampled block that brings in x. */
void estimate__add(struct estimate *e, double x, double chance);
void estimate__merge(struct estimate *e, const struct estimate *other);
/* The estimate as a whole number; what is too large is UINT64_MAX. */
uint64_t estimate__value(const struct estimate *e);
struct estimate_range estimate__range(const struct estimate *e);
#endif
