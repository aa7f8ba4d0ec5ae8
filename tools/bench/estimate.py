# SPDX-License-Identifier: GPL-2.0-or-later
"""Small differences between figures that scatter: what they are, and how far that can be trusted.

Figures come in batches. Those of a batch have more in common than they seem to: all are of the same
code at the same addresses. So the interval is from batches drawn anew, not figures (a cluster
bootstrap: Field and Welsh, J. R. Statist. Soc. B 69, 2007, 369-390).
"""
import random
import statistics

DRAWS = 2000
CONFIDENCE = 0.95


class Estimate:
    """A figure and the interval that it lies in, as far as CONFIDENCE goes."""

    def __init__(self, value, low, high):
        self.value = value
        self.low = low
        self.high = high


def midmean(figures):
    """The mean of the middle half. Figures are of two or three levels, between which a median jumps,
    and some are disturbed, which a mean follows."""
    figures = sorted(figures)
    cut = len(figures) // 4
    return statistics.fmean(figures[cut : len(figures) - cut])


def pooled(batches, chosen):
    """{name: midmean of its figures in the chosen batches}"""
    return {
        name: midmean([figure for i in chosen for figure in its[i]]) for name, its in batches.items()
    }


class Batches:
    """{name: [figures of the first batch, of the second...]}, as many batches of each name."""

    def __init__(self, batches):
        n = len(next(iter(batches.values())))
        draw = random.Random(n)  # the same figures give the same interval
        self.all = pooled(batches, range(n))
        self.drawn = [pooled(batches, draw.choices(range(n), k=n)) for _ in range(DRAWS)]

    def estimate(self, figure):
        """figure({name: midmean}): a difference, a ratio."""
        drawn = sorted(figure(means) for means in self.drawn)
        out = int(DRAWS * (1 - CONFIDENCE) / 2)
        return Estimate(figure(self.all), drawn[out], drawn[-1 - out])


def added(name, to="untraced"):
    return lambda mean: mean[name] - mean[to]


def ratio(top, bottom):
    """Of two such functions. A difference of nothing may come out negative: no ratio says so."""

    def figure(mean):
        other = bottom(mean)
        return top(mean) / other if other > 0 else float("inf")

    return figure
