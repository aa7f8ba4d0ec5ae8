# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that allocate on request: run(n) does n units of work and gives nanoseconds per unit.

Only the work is timed, so they serve under tools that attach and under tools that start them.
"""
import array
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import termios

import csource
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
    functions = ("malloc", "calloc", "realloc", "free")  # of the allocator, that it calls
    allocator = None  # its library, if that is not the C library
    valgrind_flags = ()

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
        try:
            line, when = self.lines.next(LIMIT, self.name)
        except BenchError as error:
            raise BenchError(f"{error}{self.death()}") from error
        if answer and line != answer:
            raise BenchError(f"{self.name} says: {line}")
        return line, when

    def death(self):
        """What it died of, if it did. It stays a zombie: see procs.end()."""
        if not procs.await_exit(self.process, 1):
            return ""
        end = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        if end.si_code == os.CLD_EXITED:
            return f" status {end.si_status}"
        return f" {signal.Signals(end.si_status).name}"

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


class Held:
    """A program of tests/prog that allocates at a signal and then waits: tests/prog/target.h."""

    functions = ("malloc",)
    allocator = None

    def __init__(self, *command):
        self.files = {f"{n}_FILE": f"{procs.WORK}/{n}" for n in ("READY", "GO", "DONE", "QUIT")}
        for path in self.files.values():
            if os.path.exists(path):
                os.unlink(path)
        self.process = procs.start(
            [procs.program(command[0]), *command[1:]],
            env=dict(os.environ, WAIT="1", EXPECT_FILE="/dev/null", **self.files),
        )
        self.pid = self.process.pid
        self.await_file("READY_FILE")

    def await_file(self, name):
        path = self.files[name]
        procs.await_true(60, lambda: os.path.exists(path), "handshake", self.process)

    def allocate(self):
        with open(self.files["GO_FILE"], "w", encoding="utf-8"):
            pass
        self.await_file("DONE_FILE")

    def stop(self):
        procs.end(self.process)


class Loop(Workload):
    functions = ("malloc", "free")

    def __init__(self, variant, prefix=()):
        super().__init__([procs.program("bench_loop"), variant], prefix)
        self.live = variant in ("live", "deep_live")
        self.allocations = 2 if variant == "threads" else 1
        if variant != "threads":
            procs.stay_on_one_cpu(self.process)
        self.run(1)  # it answers once it has allocated its live blocks

    def prepare(self):
        if self.live:
            self.ask("new", "ok")


class Json(Workload):
    @staticmethod
    def missing():
        return not procs.PYTHON

    def __init__(self, prefix=()):
        if self.missing():
            raise BenchError("not installed")
        # In a file: heaptrack's records end at a line break in the command line.
        code = os.path.join(procs.WORK, "bench_json.py")
        with open(code, "w", encoding="utf-8") as file:
            file.write(JSON_CODE)
        super().__init__([procs.PYTHON, code], prefix, {"PYTHONMALLOC": "malloc"})


class Sqlite(Workload):
    """The command line's stdout waits in a buffer, its stderr does not."""

    answers = "stderr"

    @staticmethod
    def missing():
        return not shutil.which("sqlite3")

    def __init__(self, prefix=()):
        if self.missing():
            raise BenchError("not installed")
        super().__init__(["sqlite3", "-batch", ":memory:"], prefix)
        self.process.stdin.write(b".output stderr\n")

    def run(self, n):
        self.ask(SQL_TABLE, "ok")
        began = procs.now()
        _, ended = self.ask(SQL_FILL.format(n=int(n)), "done")
        return (ended - began) * 1e9 / n


def cc1():
    """The compiler proper of gcc, which is in no PATH; None: not installed."""
    try:
        found = subprocess.run(
            ["gcc", "-print-prog-name=cc1"], stdout=subprocess.PIPE, check=False, text=True
        )
    except OSError:
        return None
    path = found.stdout.strip()
    return path if os.path.isabs(path) else None


class Cc1(Workload):
    """Compiles what comes on its stdin, once: it waits there for a tracer to attach."""

    @staticmethod
    def missing():
        return not cc1()

    def __init__(self, prefix=()):
        if self.missing():
            raise BenchError("not installed")
        super().__init__([cc1(), "-quiet", "-O2", "-", "-o", "/dev/null"], prefix)
        # An empty line that is no longer in the pipe: it reads, all that starts it has done its part.
        self.process.stdin.write(b"\n")
        procs.await_true(60, self.has_read, "cc1 reads", self.process)

    def has_read(self):
        waiting = array.array("i", [0])
        fcntl.ioctl(self.process.stdin, termios.FIONREAD, waiting)
        return not waiting[0]

    def run(self, n):
        source = csource.functions(int(n)).encode()
        began = procs.now()
        try:
            write_all(self.process.stdin, source)
            self.process.stdin.close()
        except BrokenPipeError as error:
            raise BenchError("cc1 has ended") from error
        if not procs.await_exit(self.process, LIMIT):
            raise BenchError(f"cc1: not within {LIMIT} s")
        ended = procs.now()
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT).si_status:
            raise BenchError("cc1 failed")
        return (ended - began) * 1e9 / n


def write_all(stream, data):
    """The streams of procs.start() are not buffered: they may take less than they are given."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view):]


class Redis(Workload):
    """redis-server, asked by redis-benchmark with its 50 connections."""

    allocator = "libjemalloc"  # as Debian builds it; ignored where it is not mapped
    # Else valgrind takes jemalloc for a part of the program.
    valgrind_flags = ("--soname-synonyms=somalloc=*jemalloc*",)

    @staticmethod
    def missing():
        return not (shutil.which("redis-server") and shutil.which("redis-benchmark"))

    def __init__(self, prefix=()):
        if self.missing():
            raise BenchError("not installed")
        self.socket = tempfile.mktemp(".sock", "redis-", procs.WORK)
        super().__init__(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", ""]
            + ["--appendonly", "no", "--dir", procs.WORK],
            prefix,
        )
        procs.await_true(30, self.answers_calls, "redis-server", self.process)

    def answers_calls(self):
        with socket.socket(socket.AF_UNIX) as client:
            return not client.connect_ex(self.socket)

    def run(self, n):
        """As redis-benchmark has measured it: without its own start."""
        process = procs.start(
            ["redis-benchmark", "-s", self.socket, "-t", "set", "-n", str(int(n))]
            + ["-r", "100000", "-d", "64", "--csv"],
            stdout=subprocess.PIPE,
        )
        try:
            text = process.communicate(timeout=LIMIT)[0].decode(errors="replace")
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"redis-benchmark: not within {LIMIT} s") from error
        finally:
            procs.end(process)
        for line in text.splitlines():
            fields = [field.strip('"') for field in line.split(",")]
            if fields[0] == "SET" and float(fields[1]) > 0:
                return 1e9 / float(fields[1])
        raise BenchError(f"redis-benchmark says: {text.strip() or 'nothing'}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        procs.await_exit(self.process, 30)
        procs.end(self.process)
