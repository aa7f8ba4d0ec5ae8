# SPDX-License-Identifier: GPL-2.0-or-later
"""What tracing costs the traced program, and what other tools cost it.

Untraced and traced runs take turns, so that a machine that gets slower or faster meanwhile, as they
do, changes both.
"""
import os
import shutil
import statistics

import procs
import results
from procs import BenchError
from workloads import Json, Loop, Sqlite

LOOPS = [
    ("shallow", "malloc(64), free"),
    ("deep", "20 frames deep"),
    ("live", "100,000 live blocks, 16 sizes"),
    ("threads", "two threads, mean of both"),
]
COLUMNS = {
    "untraced": ("untraced", "ns"),
    "traced": ("traced", "ns"),
    "added": ("added", "ns"),
    "ratio": ("ratio", ""),
    "after": ("after/before", ""),
}


def rounds_within(rounds, seconds):
    """Fewer rounds when they take long, but two: a slow or busy machine still comes to an end."""
    limit = procs.now() + seconds
    for i in range(rounds):
        if i >= 2 and procs.now() > limit:
            return
        yield i


def units_for(run, seconds):
    """How many units of work take about that long."""
    n = 256
    for _ in range(2):
        n = max(256, int(seconds * 1e9 / run(n)))
    return n


class Turns:
    """The same work untraced and traced, in turns."""

    def __init__(self):
        self.untraced, self.traced = [], []

    def add(self, untraced, traced):
        self.untraced.append(untraced)
        self.traced.append(traced)

    def columns(self):
        pairs = list(zip(self.untraced, self.traced))
        return {
            "untraced": self.untraced,
            "traced": self.traced,
            "added": [traced - untraced for untraced, traced in pairs],
            "ratio": [traced / untraced for untraced, traced in pairs],
        }


def attach_in_turns(load, attach, rounds, seconds=None, n=None):
    """seconds: how long an untraced and a traced run should take; or n: their units of work.

    rounds: numbers, as from rounds_within(). attach(pid) gives a tracer with stop(). Returns the
    columns, and how many allocations a unit were traced.
    """
    turns, seen = Turns(), []
    n_untraced = n or units_for(load.run, seconds[0])
    n_traced = n
    load.run(n_untraced)  # first touch of memory and code
    before = [load.run(n_untraced) for _ in range(3)]
    for i in rounds:
        untraced = load.run(n_untraced) if i else before[-1]
        tracer = attach(load.pid)
        try:
            load.prepare()
            n_traced = n_traced or units_for(load.run, seconds[1])
            turns.add(untraced, load.run(n_traced))
        finally:
            account = tracer.stop()
        if account:
            check(account, n_traced * load.allocations)
            seen.append(account[0] / n_traced)
    # What stays behind once the tracer is gone: nothing, or the untraced runs between are not.
    after = [load.run(n_untraced) for _ in range(3)]
    columns = turns.columns()
    columns["after"] = [statistics.median(after) / statistics.median(before)]
    return columns, statistics.median(seen) if seen else None


def check(account, least):
    """A tracer that misses events is fast."""
    seen, _, _, lost = account
    if seen < least or lost:
        raise BenchError(f"of at least {least} allocations {seen} were seen, {lost} lost")


def loops(quick):
    section = results.Section("cost of a malloc and free", COLUMNS)
    for variant, label in LOOPS:
        load = None
        try:
            load = Loop(variant)
            seconds = (0.02, 0.1) if quick else (0.05, 0.25)
            rounds = rounds_within(3, 2) if quick else rounds_within(7, 10)
            columns, _ = attach_in_turns(load, procs.Tool, rounds, seconds)
            section.row(f"cost.{variant}", label, **columns)
        except BenchError as error:
            section.fail(f"cost.{variant}", label, str(error))
        if load:
            load.stop()
    return section


# name, label, class, units of work in a run, when quick, under other tools
PROGRAMS = [
    ("json", "python3 json, PYTHONMALLOC=malloc; a document", Json, 60, 12, 15),
    ("sqlite", "sqlite3 insert; a row", Sqlite, 200000, 20000, 20000),
]


def programs(quick):
    section = results.Section("cost to real programs, a unit of work", COLUMNS)
    for name, label, kind, units, units_quick, _ in PROGRAMS:
        load = None
        n = units_quick if quick else units
        try:
            load = kind()
            rounds = rounds_within(2, 0) if quick else rounds_within(5, 15)
            columns, seen = attach_in_turns(load, procs.Tool, rounds, n=n)
            note = f"{n:,} units a run, {results.number(seen)} allocations each"
            section.row(f"cost.{name}", label, note, **columns)
        except BenchError as error:
            section.fail(f"cost.{name}", label, str(error))
        if load:
            load.stop()
    return section


# --- other tools ---


def find(*commands):
    """The first of them that is installed, also outside of PATH."""
    for command in commands:
        found = shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if found:
            return found
    return None


def started_in_turns(start, prefix, rounds, n):
    """start(prefix) gives a workload, under the tool or with () without."""
    turns = Turns()
    for _ in rounds:
        figures = []
        for how in ((), prefix):
            load = start(how)
            try:
                load.run(n)  # stacks seen for the first time, code translated, pipes filled
                figures.append(load.run(n))
            finally:
                load.stop()
        turns.add(*figures)
    return turns.columns()


def works(quick):
    """What all tools are measured with: name, label, start(prefix), units or None"""
    loop = ("shallow", "malloc(64), free", lambda prefix=(): Loop("shallow", prefix), 100000)
    return [loop] + [
        (name, label.split(",")[0].split(";")[0], kind, small // 2 if quick else small)
        for name, label, kind, _, _, small in PROGRAMS
    ]


def others(quick):
    section = results.Section("cost of other tools, a unit of work", COLUMNS)
    bcc = find("/usr/sbin/memleak", "/usr/share/bcc/tools/memleak", "memleak-bpfcc", "memleak")
    heaptrack, valgrind = find("heaptrack"), find("valgrind")

    def attach_bcc(pid):
        return procs.OtherTracer([bcc, "-p", str(pid), "100000"], pid)

    tools = [
        ("bcc", "bcc memleak", bcc, None),
        ("heaptrack", "heaptrack", heaptrack, [heaptrack, "-o", f"{procs.WORK}/heaptrack"]),
        (
            "valgrind",
            "valgrind --leak-check=full",
            valgrind,
            [valgrind, "-q", "--leak-check=full", "--log-file=/dev/null"],
        ),
    ]
    for name, label, installed, prefix in tools:
        if not installed:
            section.skip(f"others.{name}", label, "not installed")
            continue
        for work, what, start, n in works(quick):
            row = f"others.{name}.{work}", f"{label}: {what}"
            rounds = range(1) if quick else rounds_within(3, 5)
            load = None
            try:
                if prefix:
                    columns = started_in_turns(start, prefix, rounds, n)
                else:
                    load = start()
                    columns, _ = attach_in_turns(load, attach_bcc, rounds, n=n)
                section.row(*row, f"{n:,} units a run", **columns)
            except BenchError as error:
                section.skip(*row, f"not measured: {error}")  # not our failure
            if load:
                load.stop()
    return section
