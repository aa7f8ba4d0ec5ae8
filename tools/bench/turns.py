# SPDX-License-Identifier: GPL-2.0-or-later
"""The same work in several ways, in turns, so that a machine that gets slower or faster meanwhile, as
they do, changes all of them. Ratios are taken within a round."""
import statistics

import procs
from procs import BenchError
from ways import FLOOR, TOOL, UNTRACED

COLUMNS = {
    "time": ("time", "ns"),
    "added": ("added", "ns"),
    "slowdown": ("slowdown", ""),
    "floor": ("of three traps", ""),
    "tool": ("to memleak-bpf", ""),
    "slower": ("slowdown to memleak-bpf's", ""),
}


class Work:
    """What is run. start(prefix) gives a workload.

    units, units_slow: units of work in a run; None: as many as take `seconds`. fresh: a run needs a
    process of its own.
    """

    def __init__(self, name, label, start, units=None, units_slow=None, seconds=None, fresh=False):
        self.name = name
        self.label = label
        self.start = start
        self.units = units
        self.units_slow = units_slow or units
        self.seconds = seconds
        self.fresh = fresh


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


class Measured:
    """One way's figures: {round: (untraced, traced)}"""

    def __init__(self):
        self.samples = {}
        self.n = 0
        self.seen = []  # allocations a unit
        self.note = ""
        self.error = None


class Turns:
    def __init__(self, work, ways):
        self.work = work
        self.ways = ways
        self.measured = {way.name: Measured() for way in ways}
        self.before, self.untraced, self.after = [], [], []
        self.kept = None  # the process that all runs without a prefix share
        self.n = {}  # units of a run, by way

    # --- processes ---

    def load(self, prefix):
        if prefix or self.work.fresh:
            return self.work.start(prefix)
        if not self.kept:
            self.kept = self.work.start(())
            self.kept.run(self.n[UNTRACED.name])  # first touch of memory and code
        return self.kept

    def release(self, load):
        if load and load is not self.kept:
            load.stop()

    # --- runs ---

    def units(self, way, load):
        """Calibrated at the first run, which a workload that starts anew cannot do."""
        if way.name not in self.n:
            fixed = self.work.units_slow if way.every > 1 else self.work.units
            self.n[way.name] = fixed or units_for(
                load.run, self.work.seconds[0 if way is UNTRACED else 1]
            )
        return self.n[way.name]

    def run_untraced(self, n=None):
        load = None
        try:
            load = self.load(())
            return load.run(n or self.units(UNTRACED, load))
        finally:
            self.release(load)

    def run(self, way):
        load = tracer = None
        measured = self.measured[way.name]
        try:
            load = self.load(way.prefix)
            if way.attach:
                tracer = way.attach(load)
                load.prepare()
            n = self.units(way, load)
            if tracer and not self.work.fresh:
                tracer.settle(lambda: load.run(max(1, n // 10)))
            elif not self.work.fresh:
                load.run(n)  # stacks seen for the first time, code translated, pipes filled
            ns = load.run(n)
            measured.n = n
            allocations = n * load.allocations
        finally:
            # A workload that ends with its work is to end before the tracer leaves.
            account = tracer.stop() if tracer else None
            self.release(load)
        if account:
            measured.note = account.note() or measured.note
            if account.seen is not None:
                check(account, allocations)
                measured.seen.append(account.seen / n)
        return ns

    def turn(self, i, way, untraced):
        measured = self.measured[way.name]
        if measured.error:
            return
        try:
            # All of a short life may cost more at its start than later; what goes on does not.
            # Before the tool: what it leaves to the kernel to clean up takes a while.
            n = self.work.units if way.every == 1 else self.work.units_slow
            if self.work.fresh and n != self.n[UNTRACED.name]:
                untraced = statistics.median(self.run_untraced(n) for _ in range(3))
            traced = self.run(way)
            measured.samples[i] = (untraced, traced)
        except BenchError as error:
            measured.error = str(error)

    def measure(self, rounds):
        """rounds: numbers, as from rounds_within(). Slow ways sit some rounds out."""
        try:
            if self.work.fresh:
                self.n[UNTRACED.name] = self.work.units
            else:
                load = self.work.start(())
                self.kept = load
                load.run(self.units(UNTRACED, load))
            self.before = [self.run_untraced() for _ in range(3)]
            for i in rounds:
                untraced = self.run_untraced()
                self.untraced.append(untraced)
                # Another order in each round: none always follows the same one.
                ways = self.ways[i % len(self.ways):] + self.ways[: i % len(self.ways)]
                for way in ways:
                    if i % way.every == 0:
                        self.turn(i, way, untraced)
            # What stays behind once the tracers are gone: nothing, or the figures are wrong.
            self.after = [self.run_untraced() for _ in range(3)]
        finally:
            if self.kept:
                self.kept.stop()
                self.kept = None

    # --- figures ---

    def compared(self, way, to, figure):
        """figure(untraced, traced) of a way by that of another one in the same round."""
        other = self.measured.get(to)
        if not other or way == to:
            return []
        samples = self.measured[way].samples
        pairs = [
            (figure(*samples[i]), figure(*other.samples[i])) for i in samples if i in other.samples
        ]
        return [mine / its for mine, its in pairs if its > 0]

    def columns(self, way):
        samples = self.measured[way].samples.values()

        def added(untraced, traced):
            return traced - untraced

        def slowdown(untraced, traced):
            return traced / untraced

        return {
            "time": [traced for _, traced in samples],
            "added": [added(*sample) for sample in samples],
            "slowdown": [slowdown(*sample) for sample in samples],
            "floor": self.compared(way, FLOOR, added),
            "tool": self.compared(way, TOOL, added),
            "slower": self.compared(way, TOOL, slowdown),
        }

    def add_rows(self, section, prefix):
        after = statistics.median(self.after) / statistics.median(self.before)
        section.row(
            f"{prefix}.untraced", "untraced", f"{after:.2f} of it once all tracers are gone",
            time=self.untraced,
        )
        for way in self.ways:
            measured = self.measured[way.name]
            name = f"{prefix}.{way.name}"
            if measured.error and not way.ours:
                section.skip(name, way.label, f"not measured: {measured.error}")
            elif measured.error:
                section.fail(name, way.label, measured.error)
            else:
                columns = self.columns(way.name)
                columns = {c: v for c, v in columns.items() if c in section.columns}
                section.row(name, way.label, measured.note or way.note, **columns)


def check(account, least):
    """A tracer that misses events is fast."""
    if account.seen < least or account.lost:
        raise BenchError(
            f"of at least {least} allocations {account.seen} were seen, {account.lost} lost"
        )
