# SPDX-License-Identifier: GPL-2.0-or-later
"""What a process that is not traced notices of a trace: it uses the same C library, where the probes
are."""
import statistics

import procs
import results
from procs import BenchError
from turns import units_for
from workloads import Loop

CASES = [
    ("malloc", "malloc(64), free", "shallow"),
    ("getppid", "a system call: getppid", "getppid"),
]
RUNS = 10  # of each round and state; the fastest counts, which others disturb least
LEAST_NOISE, MOST_NOISE = 0.01, 0.05


def case(section, name, label, variant, rounds):
    target = bystander = None
    off, on, ratios, nulls = [], [], [], []
    try:
        target, bystander = Loop("shallow"), Loop(variant)
        n = units_for(bystander.run, 0.02)

        def fastest():
            return min(bystander.run(n) for _ in range(RUNS))

        fastest()  # first touch of memory and code
        for _ in range(rounds):
            before = fastest()
            tool = procs.Tool(target.pid)
            try:
                during = fastest()
            finally:
                tool.stop()
            after = fastest()
            off += [before, after]
            on.append(during)
            ratios.append(during / statistics.mean((before, after)))
            nulls.append(after / before)
    finally:
        for load in (target, bystander):
            if load:
                load.stop()
    # How far apart the same thing is twice, here and now. On a machine so disturbed that this would
    # be no bar, it may be missed.
    noise = max(LEAST_NOISE, *(abs(null - 1) for null in nulls))
    section.row(
        f"bystander.{name}", label, untraced=off, traced=on, ratio=ratios, noise=[noise],
        # Only malloc is what the probes are in: what system calls pay is shown.
        bars={"ratio": 1 + min(noise, MOST_NOISE)} if name == "malloc" else {},
    )


def run(quick):
    section = results.Section(
        "another process that uses the same C library",
        {
            "untraced": ("no trace", "ns"),
            "traced": ("during a trace", "ns"),
            "ratio": ("ratio", ""),
            "noise": ("noise", ""),
        },
    )
    for name, label, variant in CASES:
        try:
            case(section, name, label, variant, 3 if quick else 5)
        except BenchError as error:
            section.fail(f"bystander.{name}", label, str(error))
    return [section]
