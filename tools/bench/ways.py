# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways to run a program that are measured against each other: under tracers that attach to it.

An attached tracer has stop(), which gives an Account.
"""
import os
import subprocess
import time

import procs
from procs import BenchError

# What a report of one of these would show as missing.
LOST = {"lost_blocks": "no room in its map", "lost_stacks": "no stack id"}


class Account:
    """What a tracer says that it has seen. None: it does not say."""

    def __init__(self, seen=None, lost=None, why="", stacks=None):
        self.seen = seen
        self.lost = lost
        self.why = why
        self.stacks = stacks

    def note(self):
        return f"LOST {self.lost:,} of its allocations: {self.why}" if self.lost else ""


class MemleakBpf(procs.Tool):
    def settle(self, warm_up):
        """It may begin one way and go on in a cheaper one, once the first calls have proved it."""
        warm_up()
        time.sleep(0.3)

    def stop(self):
        seen, _, _, lost = super().stop()
        return Account(seen, lost, "see its report")


class Shape:
    """A tracer of shapes.c."""

    def __init__(self, pid, how, functions, counting=False):
        flags = ["-c"] if counting else []
        self.process = procs.start(
            [procs.built("shapes"), *flags, how, str(pid), *functions],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        self.lines = procs.Lines(self.process.stdout)
        try:
            words = self.line(30).split()
            if words[:1] != ["attached"]:
                raise BenchError(f"shapes says: {' '.join(words)}")
        except BenchError:
            procs.end(self.process)
            raise
        self.places = words[1:]

    def line(self, seconds):
        try:
            return self.lines.next(seconds, "shapes")[0]
        except BenchError as error:
            procs.await_exit(self.process, 5)
            said = os.read(self.process.stderr.fileno(), 4096) if self.process.poll() else b""
            raise BenchError(said.decode(errors="replace").strip() or str(error)) from error

    def settle(self, warm_up):
        warm_up()

    def finish(self):
        """Everything that it counted."""
        self.process.stdin.close()
        try:
            words = self.line(60).split()
        finally:
            procs.end(self.process)
        return dict(zip(words[::2], map(int, words[1::2])))

    def stop(self):
        counts = self.finish()
        why = ", ".join(f"{n:,} {LOST[what]}" for what, n in counts.items() if n and what in LOST)
        return Account(None, sum(counts[what] for what in LOST), why, counts["stacks"])


class Way:
    """attach(load) gives an attached tracer; prefix: argv that starts a program under a tool."""

    def __init__(self, name, label, attach=None, prefix=(), every=1, ours=True):
        self.name = name
        self.label = label
        self.attach = attach
        self.prefix = tuple(prefix)
        self.every = every  # in one round of so many; with less work if it is not 1
        self.ours = ours  # else it is not our failure if it fails
        self.how = None  # of shapes.c
        self.note = ""


UNTRACED = Way("untraced", "untraced")
FLOOR = "floor"  # names of the ways that others are compared with
TOOL = "tool"


def shape(name, how, label, every=1):
    way = Way(name, label, lambda load: Shape(load.pid, how, load.functions), every=every)
    way.how = how
    return way


def shapes():
    return [
        shape(FLOOR, "empty", "empty probes, perf events: three traps a pair"),
        shape("session", "session", "empty probes, session and multi links"),
        shape("bcc-symbol", "bcc-symbol", "in bcc's shape, at symbols", every=2),
        shape("bcc-placed", "bcc", "in bcc's shape, well placed"),
    ]


def memleak_bpf():
    """$BENCH_ALSO: arguments of memleak-bpf, for rows of it with these, too."""
    sampled = ("--sample-bytes", "512K")
    ways = [
        Way(TOOL, "memleak-bpf", lambda load: MemleakBpf(load.pid)),
        Way(
            "sampled", f"memleak-bpf {' '.join(sampled)}", lambda load: MemleakBpf(load.pid, *sampled)
        ),
    ]
    also = os.environ.get("BENCH_ALSO", "")
    if also:
        attach = lambda load: MemleakBpf(load.pid, *also.split())
        ways.append(Way("also", f"memleak-bpf {also}", attach))
    return ways


def profile():
    return [
        Way(TOOL, "memleak-bpf", lambda load: MemleakBpf(load.pid)),
        Way("profile", "memleak-bpf --profile", lambda load: MemleakBpf(load.pid, "--profile")),
    ]


def prove(load, pairs=10000, slack=100):
    """Each shape's probes are where calls come by: entries, returns and frees are as many as there
    are pairs, and the few that threads and the answer take. Returns the places."""
    places = {}
    for how in ("empty", "session", "bcc-symbol", "bcc"):
        tracer = Shape(load.pid, how, load.functions, counting=True)
        load.run(pairs)
        counts = tracer.finish()
        for what in ("enters", "exits", "frees"):
            if not 0 <= counts[what] - pairs * load.allocations <= slack:
                raise BenchError(
                    f"{how}: {pairs * load.allocations} pairs were {counts[what]} {what}"
                )
        places[how] = " ".join(tracer.places)
    return places
