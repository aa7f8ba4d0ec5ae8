#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares reports of a sample with what the program knows.

sampling.py groups REPORT TRUTH RATE
        The estimates of "sampled" (tests/prog/sampled.c), taken with --sample-bytes RATE.
sampling.py same EXACT SAMPLED
        A program was traced with and without sampling: the same calls and the same mappings were seen.
        Prints how many.

Nothing of a sample is certain. Each comparison is made so that a right tool fails it less than once
in 10^7 times, with the variances that follow from the truth.
"""
import math
import re
import sys

from report import number, parse

ONE_SIDE = 5.1993  # a normal variate exceeds it once in 10^7 times, and its negative
BOTH_SIDES = 5.3267
RANGE = re.compile(r"\t\t≈ 95 %: (\d+)–(\d+) bytes; (\d+)–(\d+) allocations, if of sizes like the (\d+) ")
HEAD = re.compile(r"estimated from ([\d,]+) sampled(?:; 95 %: ([\d,]+)–([\d,]+) bytes)?")


class Group:
    """What one function has left in one thread: the truth, and what the report says."""

    def __init__(self):
        self.bytes = self.count = 0
        self.var_bytes = self.expected = self.var_sampled = 0
        self.estimate = self.sampled = 0
        self.covered = False
        self.sites = 0

    def add(self, size, count, rate):
        chance = -math.expm1(-max(size, 1) / rate)
        self.bytes += size * count
        self.count += count
        self.var_bytes += count * size * size * (1 - chance) / chance
        self.expected += count * chance
        self.var_sampled += count * chance * (1 - chance)

    def see(self, site):
        ranges = next((m for m in map(RANGE.match, site.lines) if m), None)
        low, high = map(int, ranges.groups()[:2]) if ranges else (site.bytes, site.bytes)
        self.estimate = site.bytes
        self.sampled = int(ranges[5]) if ranges else site.count
        self.covered = low <= self.bytes <= high
        self.sites += 1

    def bytes_off(self):
        return (self.estimate - self.bytes) / math.sqrt(self.var_bytes)

    def sampled_off(self):
        return (self.sampled - self.expected) / math.sqrt(self.var_sampled)


def chi_square_bound(n, deviations):
    """Wilson and Hilferty, 1931."""
    return n * (1 - 2 / (9 * n) + deviations * math.sqrt(2 / (9 * n))) ** 3


def fewest(n, chance):
    """So many of n, each with that chance, or more; but for once in 10^7 times."""
    below = 0.0
    for k in range(n + 1):
        below += math.comb(n, k) * chance**k * (1 - chance) ** (n - k)
        if below > 1e-7:
            return k
    return n


def read_truth(path, rate):
    groups, seen = {}, None
    with open(path, encoding="utf-8") as file:
        for words in map(str.split, file):
            if words[0] == "GROUP":
                group = groups.setdefault((words[1], words[2]), Group())
                group.add(int(words[3]), int(words[4]), rate)
            elif words[0] == "SEEN":
                seen = int(words[1])
    return groups, seen


def check_chi_square(what, offs, wrong):
    """Neither too far from the truth, nor nearer than chance comes."""
    chi = sum(off * off for off in offs)
    low, high = chi_square_bound(len(offs), -ONE_SIDE), chi_square_bound(len(offs), ONE_SIDE)
    if not low < chi < high:
        wrong.append(f"{what}: chi-square {chi:.1f} of {len(offs)}, should be {low:.1f} to {high:.1f}")
    return chi


def check_groups(report_path, truth_path, rate):
    wrong = []
    groups, seen = read_truth(truth_path, rate)
    last = parse(report_path)[-1]
    account = last.account
    for site in last.sites:
        for (thread, function), group in groups.items():
            if site.holds(thread) and site.holds(function):
                group.see(site)
    parts = list(groups.values())
    more = [name for name, group in groups.items() if group.sites > 1]
    if more or len(parts) < 200:
        wrong.append(f"{len(parts)} groups; on several stacks: {more}")

    # What the counters say is exact.
    if account["seen"] != seen:
        wrong.append(f"seen {account['seen']}, should be {seen}")
    if seen != sum(account[k] for k in ("freed", "outstanding", "lost", "passed over")):
        wrong.append(f"does not balance: {account}")
    sampled = sum(group.sampled for group in parts)
    if account["outstanding"] != sampled or number(HEAD.search(last.rest)[1]) != sampled:
        wrong.append(f"{sampled} sampled ones at the stacks, in the head {last.rest}, {account}")
    if account["lost"] or last.warnings:
        wrong.append(f"lost {account['lost']}, {last.warnings}")

    # How many were sampled, and what follows from that.
    chi = check_chi_square("blocks sampled", [group.sampled_off() for group in parts], wrong)
    chi_bytes = check_chi_square("bytes", [group.bytes_off() for group in parts], wrong)
    mean = sum(group.sampled_off() for group in parts) / math.sqrt(len(parts))
    if abs(mean) > BOTH_SIDES:
        wrong.append(f"blocks sampled: {mean:+.1f} standard deviations off in all")
    truth = sum(group.bytes for group in parts)
    off = (last.bytes - truth) / math.sqrt(sum(group.var_bytes for group in parts))
    if abs(off) > BOTH_SIDES:
        wrong.append(f"total of {last.bytes} bytes is {off:+.1f} standard deviations off {truth}")

    # Error bars. Whole numbers of samples make 93 to 98 % of what is meant to be 95 %:
    # tests/unit/test_estimate.c.
    covered, least = sum(group.covered for group in parts), fewest(len(parts), 0.93)
    if covered < least:
        wrong.append(f"{covered} of {len(parts)} ranges hold the truth, should be {least} or more")

    # Threads in step draw independently: the products of what they are off by cancel out.
    pairs = [
        (group.sampled_off(), groups["second_thread", function].sampled_off())
        for (thread, function), group in groups.items()
        if thread == "first_thread"
    ]
    together = sum(a * b for a, b in pairs) / math.sqrt(len(pairs))
    if abs(together) > BOTH_SIDES:
        wrong.append(f"threads: correlation of {together:+.1f} standard deviations")
    print(
        f"{len(parts)} groups, {sampled} of {seen} blocks sampled, chi-square {chi:.0f} and"
        f" {chi_bytes:.0f}, all in all {off:+.1f} sd, {100 * covered / len(parts):.0f} % of ranges right,"
        f" threads {together:+.1f} sd"
    )
    return wrong


def check_same(exact_path, sampled_path):
    exact, sampled = parse(exact_path)[-1], parse(sampled_path)[-1]
    wrong = []
    if exact.account["seen"] != sampled.account["seen"]:
        wrong.append(f"seen {sampled.account['seen']}, exactly {exact.account['seen']}")
    for entry in ("mmap", "brk"):
        sums = [
            sorted((s.bytes, s.count) for s in r.sites if (s.entry or "").split(" ")[0] == entry)
            for r in (exact, sampled)
        ]
        if sums[0] != sums[1]:
            wrong.append(f"{entry}: {sums[1]}, exactly {sums[0]}")
    print(f"{sampled.account['seen']} calls, {sampled.account['passed over']} of them passed over")
    return wrong


def main(argv):
    if len(argv) == 4 and argv[0] == "groups":
        wrong = check_groups(argv[1], argv[2], int(argv[3]))
    elif len(argv) == 3 and argv[0] == "same":
        wrong = check_same(argv[1], argv[2])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for line in wrong[:8]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
