# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that allocate on request: run(n) does n units of work and gives nanoseconds per unit.

Only the work is timed, so they serve under tools that attach and under tools that start them.
"""
import os
import shutil
import subprocess

import procs
from procs import BenchError

# A document of 120 objects, taken apart and written again.
JSON_CODE = """
import json, sys, time
text = json.dumps([{"id": i, "name": "name %d" % i, "tags": ["a%d" % i, "b"], "score": i / 7}
                   for i in range(120)])
for line in sys.stdin:
    n = int(line)
    began = time.perf_counter_ns()
    for _ in range(n):
        json.dumps(json.loads(text))
    print((time.perf_counter_ns() - began) / n, flush=True)
"""
SQL_TABLE = "drop table if exists t; create table t(a integer primary key, b text); select 'ok';"
SQL_FILL = """
with recursive n(i) as (select 1 union all select i + 1 from n where i < {n})
insert into t(b) select 'row ' || i || ' of the table' from n; select 'done';
"""
LIMIT = 120  # seconds for one request


class Workload:
    """Talks to a program by lines: a request to its stdin, an answer on the stream `answers`."""

    answers = "stdout"
    allocations = 1  # at least, for a unit of work

    def __init__(self, argv, prefix=(), environment=None):
        self.name = os.path.basename(argv[0])
        self.process = procs.start(
            [*prefix, *argv],
            stdin=subprocess.PIPE,
            env=dict(os.environ, **(environment or {})),
            **{self.answers: subprocess.PIPE},
        )
        self.lines = procs.Lines(getattr(self.process, self.answers))

    @property
    def pid(self):
        return self.process.pid

    def ask(self, text, answer=None):
        try:
            self.process.stdin.write(f"{text}\n".encode())
        except BrokenPipeError as error:
            raise BenchError(f"{self.name} has ended") from error
        line, when = self.lines.next(LIMIT, self.name)
        if answer and line != answer:
            raise BenchError(f"{self.name} says: {line}")
        return line, when

    def prepare(self):
        """What has to be done anew once a tracer has come."""

    def run(self, n):
        line, _ = self.ask(int(n))
        for _ in range(8):  # heaptrack greets on stdout
            try:
                return float(line)
            except ValueError:
                line, _ = self.lines.next(LIMIT, self.name)
        raise BenchError(f"{self.name} says: {line}")

    def stop(self):
        """It ends at the end of its stdin; what wraps it may have to write its findings."""
        self.process.stdin.close()
        procs.await_exit(self.process, 30)
        procs.end(self.process)


class Loop(Workload):
    def __init__(self, variant, prefix=()):
        super().__init__([procs.program("bench_loop"), variant], prefix)
        self.live = variant == "live"
        self.allocations = 2 if variant == "threads" else 1

    def prepare(self):
        if self.live:
            self.ask("new", "ok")


class Json(Workload):
    def __init__(self, prefix=()):
        if not procs.PYTHON:
            raise BenchError("not installed")
        # In a file: heaptrack's records end at a line break in the command line.
        code = os.path.join(procs.WORK, "bench_json.py")
        with open(code, "w", encoding="utf-8") as file:
            file.write(JSON_CODE)
        super().__init__([procs.PYTHON, code], prefix, {"PYTHONMALLOC": "malloc"})


class Sqlite(Workload):
    """The command line's stdout waits in a buffer, its stderr does not."""

    answers = "stderr"

    def __init__(self, prefix=()):
        if not shutil.which("sqlite3"):
            raise BenchError("not installed")
        super().__init__(["sqlite3", "-batch", ":memory:"], prefix)
        self.process.stdin.write(b".output stderr\n")

    def run(self, n):
        self.ask(SQL_TABLE, "ok")
        began = procs.now()
        _, ended = self.ask(SQL_FILL.format(n=int(n)), "done")
        return (ended - began) * 1e9 / n
