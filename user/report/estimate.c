/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/estimate.h"

#include <math.h>

#define Z 1.959963984540054 /* the normal distribution has 95 % within so many deviations */

double sampling__chance(const struct sampling *s, uint64_t size)
{
	if (s->bytes)
		return -expm1(-(double)(size ? size : 1) / (double)s->bytes);
	return s->calls > 1 ? 1 / (double)s->calls : 1;
}

static uint64_t round_off(double x)
{
	if (!(x > 0))
		return 0;
	return x < 0x1p64 ? (uint64_t)(x < 0x1p52 ? x + 0.5 : x) : UINT64_MAX;
}

uint64_t sampling__blind(const struct sampling *s)
{
	if (s->bytes)
		return round_off(-log(0.01) * (double)s->bytes);
	return s->calls > 1 ? round_off(log(0.01) / log1p(-1 / (double)s->calls)) : 0;
}

void estimate__add(struct estimate *e, double x, double chance)
{
	double var = x * x * (1 - chance) / (chance * chance);

	e->sum += x / chance;
	e->known += x;
	e->var += var;
	e->scale += var * x * (1 - chance) / chance;
}

void estimate__merge(struct estimate *e, const struct estimate *other)
{
	e->sum += other->sum;
	e->known += other->known;
	e->var += other->var;
	e->scale += other->scale;
}

uint64_t estimate__value(const struct estimate *e)
{
	return round_off(e->sum);
}

struct estimate_range estimate__range(const struct estimate *e)
{
	double c = e->var > 0 ? e->scale / e->var : 0;
	double middle = e->sum + Z * Z * c / 2;
	double half = Z * sqrt(e->var + Z * Z * c * c / 4);
	double low = middle - half;

	return (struct estimate_range){
		.low = round_off(low > e->known ? low : e->known),
		.high = round_off(middle + half),
	};
}
