# SPDX-License-Identifier: GPL-2.0-or-later
"""What tracing costs real programs, and what other tools cost them."""
import peers
import results
import turns
import ways
from procs import BenchError
from turns import Work
from workloads import Cc1, Json, Redis, Sqlite

COLUMNS = {c: turns.COLUMNS[c] for c in ("time", "slowdown", "floor", "slower")}

WORKS = [
    Work("json", "python3 json, PYTHONMALLOC=malloc; a document", Json, 60, 15),
    Work("sqlite", "sqlite3 insert into 200,000 rows; a row", Sqlite, 200000, 10000),
    Work("cc1", "cc1 -O2; a function", Cc1, 20, 10, fresh=True),
    Work("redis", "redis-server, redis-benchmark -t set; a request", Redis, 10000, 4000),
]
WORKS_QUICK = {"json": (12, 2), "sqlite": (20000, 2000), "cc1": (20, 10), "redis": (8000, 2000)}


def program(work, quick):
    section = results.Section(work.label, COLUMNS)
    if quick:
        work.units, work.units_slow = WORKS_QUICK[work.name]
    attaching, missing = peers.attaching()
    starting, also_missing = peers.starting(work.start.valgrind_flags)
    # By which links the empty probes are held is a matter of the loops.
    shapes = [way for way in ways.shapes() if way.name != "session"]
    measure = turns.Turns(work, ways.memleak_bpf() + shapes + attaching + starting)
    try:
        measure.measure(range(1 if quick else 3))
        measure.add_rows(section, f"programs.{work.name}")
        for name, label in missing + also_missing:
            section.skip(f"programs.{work.name}.{name}", label, "not installed")
    except BenchError as error:
        row = section.skip if work.start.missing() else section.fail
        row(f"programs.{work.name}.{ways.TOOL}", "memleak-bpf", str(error))
    return section


def run(quick, only=()):
    """A section for each program; only: names."""
    for work in WORKS:
        if not only or work.name in only:
            yield program(work, quick)
