#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what --profile says with the truth.

profile.py check REPORT.json TRUTH
        Every line of TRUTH (see tests/prog/profiled.c) holds, and the sums are those of the account.
profile.py heaptrack REPORT.json RECORDING.zst [SLACK]
        The same as heaptrack has counted: allocations and peak within 0.1 %, leaked bytes equal.
"""
import json
import subprocess
import sys

KEYS = "count bytes freed freed_bytes temporary temporary_bytes peak_count peak_bytes".split()


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.loads(file.read().splitlines()[-1])


def sites_in(report, function):
    """Those that hold it, and belong to the heap."""
    return [
        site for site in report["sites"]
        if site["profile"] and any(f["function"] == function for f in site["frames"])
    ]


def added(sites, key):
    return sum(site["profile"][key] for site in sites)


def sums(report, with_mappings):
    """Whatever is true of any report of a target that stands still or has ended."""
    wrong = []
    whole, sites, account = report["profile"], [s for s in report["sites"] if s["profile"]], report["account"]
    for key in KEYS[:7]:
        if added(sites, key) != whole[key]:
            wrong.append(f"{key} of the sites {added(sites, key)}, of the process {whole[key]}")
    for what in [whole] + [s["profile"] for s in sites]:
        if sum(what["lived"]) != what["freed"] or len(what["lived"]) != 28:
            wrong.append(f"lifetimes {what['lived']} of {what['freed']} freed blocks")
    for site in sites:
        p = site["profile"]
        if not account["gone_exec"] and (p["count"] - p["freed"], p["bytes"] - p["freed_bytes"]) != (
                site["count"], site["bytes"]):
            wrong.append(f"{p} leaves other than {site['bytes']} bytes in {site['count']}")
    # mappings are in the account, not in the profile
    seen = account["seen"] - account["lost_full"] - account["lost_read"]
    if not with_mappings and not account["gone_exec"] and (whole["count"], whole["freed"]) != (seen, account["freed"]):
        wrong.append(f"{whole['count']} allocations, {whole['freed']} freed; account {account}")
    return wrong


def lifetime(ticks):
    return min(int(ticks).bit_length(), 27)


def check_line(report, line):
    kind, *words = line.split()
    if kind == "PEAK":
        peak, shares = report["profile"]["peak_bytes"], added(sites_in(report, "main"), "peak_bytes")
        return [f"peak {peak}, shares {shares}"] if not peak == shares == int(words[0]) else []
    sites = sites_in(report, words[0])
    if kind == "PROFILE":
        got = [added(sites, key) for key in KEYS]
        return [f"{words[0]}: {dict(zip(KEYS, got))}"] if got != [int(w) for w in words[1:]] else []
    if kind == "ENTRY":
        got = added([s for s in sites if s["entry"] == words[1]], "count")
        return [f"{words[0]}: {got} by {words[1]}"] if got != int(words[2]) else []
    tick, lived = report["profile"]["tick_ns"], [0] * 28
    for site in sites:
        lived = [a + b for a, b in zip(lived, site["profile"]["lived"])]
    least, most = max(0, int(words[1]) // tick - 2), int(words[2]) // tick + 2
    where = [i for i, n in enumerate(lived) if n]
    if len(where) != 1 or lived[where[0]] != 1 or not lifetime(least) <= where[0] <= lifetime(most):
        return [f"{words[0]} lived {lived}, by the clock {least} to {most} ticks"]
    return []


def check(path, truth):
    report = load(path)
    wrong = sums(report, any(not s["profile"] for s in report["sites"]))
    with open(truth, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        wrong += check_line(report, line)
    return wrong, f"{len(lines)} facts, {report['profile']['count']} allocations"


def read_heaptrack(path):
    """Allocations, peak and leaked bytes of a recording: "a size trace", "+ info", "- info", in hexadecimal
    (analyze/accumulatedtracedata.cpp in heaptrack's source)."""
    text = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    sizes, count, held, peak = [], 0, 0, 0
    for line in text.split(b"\n"):
        if line.startswith(b"a "):
            sizes.append(int(line.split()[1], 16))
        elif line.startswith(b"+ "):
            held += sizes[int(line[2:], 16)]
            count += 1
            peak = max(peak, held)
        elif line.startswith(b"- "):
            held -= sizes[int(line[2:], 16)]
    return count, peak, held


def heaptrack(path, recording):
    report = load(path)
    wrong = sums(report, True)
    count, peak, leaked = read_heaptrack(recording)
    ours = report["profile"]
    # libstdc++'s reserve for exceptions, which heaptrack has the C library free at the end
    heap = [s for s in report["sites"] if s["profile"]]
    pool = [s for s in heap if any(f["image"] and f["image"].startswith("libstdc++") for f in s["frames"])]
    left = sum(s["bytes"] for s in heap) - sum(s["bytes"] for s in pool)
    if abs(ours["count"] - count) > count / 1000:
        wrong.append(f"{ours['count']} allocations, heaptrack {count}")
    if abs(ours["peak_bytes"] - peak) > peak / 1000:
        wrong.append(f"peak {ours['peak_bytes']}, heaptrack {peak}")
    if left != leaked:
        wrong.append(f"leaked {left}, heaptrack {leaked}")
    if len(pool) != 1 or count < 50000:
        wrong.append(f"{len(pool)} sites in libstdc++, {count} allocations: this compares nothing")
    detail = f"{ours['count']} allocations ({count}), peak {ours['peak_bytes']} ({peak}), leaked {left} ({leaked})"
    return wrong, detail


def main(argv):
    if len(argv) == 4 and argv[1] in ("check", "heaptrack"):
        wrong, detail = {"check": check, "heaptrack": heaptrack}[argv[1]](*argv[2:])
        print("\n".join(wrong[:5]) or detail)
        return bool(wrong)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))
