#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""maps_sums.py REPORT ROLLUP RECORDING - the sums in a report of "maps", and in the recording of the same
sample, against the kernel's own in smaps_rollup: exact but for
shares of pages (1 %)."""
import re
import sys

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def main():
    report, rollup, recording = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
    kernel = {key: int(value) << 10 for key, value in re.findall(r"^(\w+): +(\d+) kB", rollup, re.M)}
    want = {"Rss": kernel["Rss"], "Pss": kernel["Pss"], "USS": kernel["Private_Clean"] + kernel["Private_Dirty"]}
    fields = {"Rss": "Rss", "Pss": "Pss", "USS": "Private_(?:Clean|Dirty)"}
    head = report.splitlines()[0]
    for name, value in want.items():
        found = re.findall(rf"^{fields[name]}: (\d+) kB", recording, re.M)
        got = sum(map(int, found)) << 10
        # each mapping's share is cut to a kibibyte
        if got != value and (name != "Pss" or abs(got - value) > value / 100):
            return f"the recorded {name} is {got}, the kernel says {value}"
        number, unit = re.search(name + r" ([\d.]+) (\w+)", head).groups()
        if abs(float(number) - got / UNITS[unit]) > 0.0501:
            return f"{name} is shown as {number} {unit}, recorded as {got}"
    return None


sys.exit(main())
