# SPDX-License-Identifier: GPL-2.0-or-later
"""--reach in a process with 1 GiB in a million blocks: how long it stands still, how long the verdict takes, memory."""
import contextlib
import json
import os

import procs
import results
from procs import BenchError
from workloads import Held

BLOCKS = 1 << 20
SIZE = 1008  # of each, tests/prog/bench_reach.c
GIB = 1 << 30
BUSY = "while :; do :; done"
KINDS = {"reachable": BLOCKS // 2, "definite": 1, "indirect": BLOCKS // 2 - 1, "possible": 0}


@contextlib.contextmanager
def load(processes):
    busy = [procs.start(["sh", "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            procs.end(process)


def look(target):
    """Milliseconds of the stop for each GiB, milliseconds for the verdict, memory of the tool against what it copied."""
    path = os.path.join(procs.WORK, "reach.json")
    tool = procs.Tool(
        target.pid, "--reach", "--max-pause", "60000", "-o", "0", "-T", "0", "--max-live", str(2 * BLOCKS), "--json", path
    )
    try:
        target.allocate()
        tool.stop()
    finally:
        tool.end()
    with open(path, encoding="utf-8") as file:
        reach = json.load(file)["reach"]
    if not reach or reach["why_not"]:
        raise BenchError(f"no verdict: {(reach or {}).get('why_not')}")
    found = {kind: reach["kinds"][kind]["count"] for kind in KINDS}
    if found != KINDS:
        raise BenchError(f"it finds {found}, should be {KINDS}")
    return (
        reach["pause_ns"] / 1e6 * GIB / reach["copied"],
        reach["mark_ns"] / 1e6,
        tool.peak_kib * 1024 / reach["copied"],
    )


def measure(section, name, label, processes, runs):
    stops, marks, memories = [], [], []
    try:
        with load(processes):
            for _ in range(runs):
                target = Held("bench_reach", str(BLOCKS // 2))
                try:
                    stop, mark, memory = look(target)
                finally:
                    target.stop()
                stops.append(stop)
                marks.append(mark)
                memories.append(memory)
    except BenchError as error:
        section.fail(f"reach.{name}", label, str(error))
        return
    section.row(f"reach.{name}", label, stop=stops, mark=marks, memory=memories)


def run(quick):
    section = results.Section(
        f"--reach in {BLOCKS * SIZE / GIB:.2f} GiB in {BLOCKS:,} blocks",
        {"stop": ("stopped for each GiB", "ms"), "mark": ("verdict", "ms"), "memory": ("memory, times the copy", "")},
    )
    measure(section, "idle", "on an idle machine", 0, 1 if quick else 3)
    measure(section, "busy", "beside a busy loop for each CPU", os.cpu_count(), 1 if quick else 3)
    return [section]
