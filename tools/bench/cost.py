# SPDX-License-Identifier: GPL-2.0-or-later
"""What a malloc and its free cost under memleak-bpf, and under what it is measured against."""
import results
import turns
import ways
from procs import BenchError
from workloads import Loop

LOOPS = [
    # name, label, only memleak-bpf and the floor
    ("shallow", "malloc(64), free", False),
    ("deep", "malloc(64), free, 20 frames deep", False),
    ("live", "malloc, free among 100,000 live blocks of 16 sizes", False),
    ("deep_live", "malloc, free among 100,000 live blocks, 20 frames deep", True),
    ("threads", "malloc(64), free in two threads, mean of both", False),
]
COLUMNS = {c: turns.COLUMNS[c] for c in ("time", "added", "floor", "tool")}


def loop(variant, label, few, quick):
    section = results.Section(label, COLUMNS)
    seconds = (0.01, 0.05) if quick else (0.03, 0.15)
    work = turns.Work(variant, label, lambda prefix: Loop(variant, prefix), seconds=seconds)
    measured = ways.memleak_bpf() + [
        way for way in ways.shapes() if not few or way.name == ways.FLOOR
    ]
    measure = turns.Turns(work, measured)
    try:
        load = Loop(variant)
        try:
            places = ways.prove(load)
        finally:
            load.stop()
        for way in measured:
            way.note = places.get(way.how, "")
        measure.measure(turns.rounds_within(3, 4) if quick else turns.rounds_within(7, 9))
        measure.add_rows(section, f"cost.{variant}")
    except BenchError as error:
        section.fail(f"cost.{variant}.{ways.TOOL}", "memleak-bpf", str(error))
    return section


def with_profile(variant, label, quick):
    """The same loop with and without --profile."""
    section = results.Section(f"--profile: {label}", {c: turns.COLUMNS[c] for c in ("time", "added", "tool")})
    seconds = (0.01, 0.05) if quick else (0.03, 0.15)
    work = turns.Work(variant, label, lambda prefix: Loop(variant, prefix), seconds=seconds)
    measure = turns.Turns(work, ways.profile())
    try:
        measure.measure(turns.rounds_within(3, 4) if quick else turns.rounds_within(11, 12))
        measure.add_rows(section, f"profile.{variant}")
    except BenchError as error:
        section.fail(f"profile.{variant}.profile", "memleak-bpf --profile", str(error))
    return section


def profiles(quick):
    for variant, label, few in LOOPS:
        if not few:
            yield with_profile(variant, label, quick)


def run(quick, only=()):
    """A section for each loop; only: names."""
    for variant, label, few in LOOPS:
        if not only or variant in only:
            yield loop(variant, label, few, quick)
