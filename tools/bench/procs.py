# SPDX-License-Identifier: GPL-2.0-or-later
"""The processes of a measurement: the tool under test, what it traces, and other tools.

Everything that is started here is ended by end_all().
"""
import hashlib
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT_TOOL = os.environ.get("TOOL") or os.path.join(TOP, "memleak-bpf")
PROGRAMS = os.path.join(TOP, "build/tests/prog")
# Not what some version manager puts first in PATH: a shell script that starts the real one.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else shutil.which("python3")
WORK = tempfile.mkdtemp(prefix="memleak-bench.")

TOOL = shutil.copy2(BUILT_TOOL, os.path.join(WORK, "memleak-bpf"))  # may be built again meanwhile

now = time.perf_counter  # CLOCK_MONOTONIC
running = []


class BenchError(Exception):
    """A figure that cannot be had; the message says why."""


def program(name):
    path = os.path.join(PROGRAMS, name)
    if not os.path.exists(path):
        raise BenchError(f"{path} is not built")
    return path


def built(name):
    """A program of this directory."""
    path = os.path.join(TOP, "build/tools/bench", name)
    if not os.path.exists(path):
        raise BenchError(f"{path} is not built: make bench-tools")
    return path


def start(argv, **options):
    """A process in a group of its own, so that all of it can be ended. No terminal's Ctrl-C."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen(argv, start_new_session=True, bufsize=0, **options)
    running.append(process)
    return process


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
    if process in running:
        running.remove(process)


def stay_on_one_cpu(process):
    """On the last one that we may use: not where interrupts tend to go."""
    os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})


def await_exit(process, seconds):
    """True once it is a zombie: its exit status stays to be read."""
    if process.returncode is not None:
        return True
    pidfd = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    ended = poll.poll(seconds * 1000)
    os.close(pidfd)
    return bool(ended)


def end_all():
    for process in list(running):
        end(process)
    shutil.rmtree(WORK, ignore_errors=True)


def await_true(seconds, condition, what, process=None):
    limit = now() + seconds
    while not condition():
        if process and process.poll() is not None:
            raise BenchError(f"{what}: ended with status {process.returncode}")
        if now() > limit:
            raise BenchError(f"{what}: not within {seconds} s")
        time.sleep(0.002)


class Lines:
    """Lines of a pipe, with the time they came."""

    def __init__(self, stream):
        self.fd = stream.fileno()
        self.rest = b""

    def next(self, seconds, what):
        limit = now() + seconds
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while b"\n" not in self.rest:
            if not poll.poll(max(0, (limit - now()) * 1000)):
                raise BenchError(f"{what}: no answer within {seconds} s")
            data = os.read(self.fd, 65536)
            if not data:
                raise BenchError(f"{what}: it ended; {self.rest.decode(errors='replace')}".strip())
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace"), now()


class Tool:
    """memleak-bpf -p PID, from its start to its end. Its times are in seconds, of now()."""

    ACCOUNT = re.compile(
        r"accounting: seen ([\d,]+), freed ([\d,]+), outstanding ([\d,]+), lost ([\d,]+)"
    )
    TOOK = re.compile(r"memleak-bpf: the report took ([\d.]+) ms")

    def __init__(self, pid, *args):
        argv = [TOOL, *args, "-p", str(pid), "100000"]
        self.began = now()
        self.process = start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.exited = None
        self.pidfd = os.pidfd_open(self.process.pid)
        self.out_fd, self.err_fd = self.process.stdout.fileno(), self.process.stderr.fileno()
        self.streams = {self.out_fd: b"", self.err_fd: b""}
        self.last_output = self.began  # on stdout: when the last report was complete
        self.report_ms = None  # as -v tells
        self.peak_kib = None
        self.poll = select.poll()
        for fd in [self.pidfd, *self.streams]:
            self.poll.register(fd, select.POLLIN)
        try:
            self.pump(30, lambda: b"memleak-bpf: tracing pid" in self.err(), "attach")
        except BenchError:
            self.end()
            raise
        self.attached = now()

    def out(self):
        return self.streams[self.out_fd]

    def err(self):
        return self.streams[self.err_fd]

    def pump(self, seconds, condition, what):
        """Read what it writes until condition is true."""
        limit = now() + seconds
        while not condition():
            if self.exited:
                last = self.err().decode(errors="replace").strip().split("\n")[-1]
                raise BenchError(f"{what}: memleak-bpf ended: {last or 'without a word'}")
            events = self.poll.poll(max(0, (limit - now()) * 1000))
            if not events:
                raise BenchError(f"{what}: memleak-bpf took more than {seconds} s")
            self.take(dict(events))

    def take(self, events):
        """Output before the exit: it was there first."""
        for fd in self.streams:
            if events.get(fd, 0) & select.POLLIN:
                self.streams[fd] += os.read(fd, 1 << 20)
                if fd == self.out_fd:
                    self.last_output = now()
                events.pop(self.pidfd, None)
            elif fd in events:
                self.poll.unregister(fd)
        if self.pidfd in events:
            self.exited = now()

    def stop(self):
        """Let it report and end. Returns seen, freed, outstanding, lost of the last report."""
        try:
            self.asked = now()
            self.process.send_signal(signal.SIGINT)
            self.pump(60, lambda: b"accounting: " in self.out(), "last report")
            self.peak_kib = self.status_kib("VmHWM")
            self.pump(60, lambda: self.exited, "end")
        finally:
            self.end()
        status = self.process.returncode
        if status:
            raise BenchError(f"memleak-bpf's exit status is {status}")
        took = self.TOOK.findall(self.err().decode(errors="replace"))
        if took:
            self.report_ms = float(took[-1])
        account = self.ACCOUNT.findall(self.out().decode(errors="replace"))
        if not account:
            raise BenchError("the last report has no account")
        return [int(text.replace(",", "")) for text in account[-1]]

    def end(self):
        if self.pidfd is None:
            return
        end(self.process)
        os.close(self.pidfd)
        self.pidfd = None

    def status_kib(self, field):
        """None once it is gone."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
                return int(re.search(rf"^{field}:\s+(\d+) kB", file.read(), re.M).group(1))
        except (OSError, AttributeError):
            return None


class OtherTracer:
    """A tracer by uprobes that attaches to a running process and ends at SIGINT.

    What such tools say, and when their buffers let it out, differs; that they are attached shows in
    the target's code, where breakpoints appear.
    """

    def __init__(self, argv, pid):
        before = code_hash(pid)
        self.pid = pid
        self.name = os.path.basename(argv[0])
        self.log = os.path.join(WORK, "tracer.log")
        with open(self.log, "wb") as log:
            self.process = start(argv, stderr=log)
        try:
            await_true(30, lambda: code_hash(pid) != before, f"{self.name} attaches", self.process)
            while code_hash(pid) != before:  # all of its probes
                before = code_hash(pid)
                time.sleep(0.3)
            self.code = before
        except BenchError as error:
            end(self.process)
            raise BenchError(self.complaint() or str(error)) from error

    def complaint(self):
        """The first line of its complaints names the cause."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            lines = log.read().split("\n")
        return next((line for line in lines if line.strip()), "")

    def stop(self):
        """Its probes have to be there still: it may have given up, which takes it a while."""
        ended = self.process.poll() is not None
        left = ended or code_hash(self.pid) not in (self.code, None)
        if not ended:
            self.process.send_signal(signal.SIGINT)
            await_exit(self.process, 60)
        end(self.process)
        if left:
            raise BenchError(self.complaint() or f"{self.name} did not stay attached")


def code_hash(pid):
    """None: the process has ended."""
    digest = hashlib.blake2b()
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            lines = maps.readlines()
        with open(f"/proc/{pid}/mem", "rb") as mem:
            for line in lines:
                first, last = (int(text, 16) for text in line.split()[0].split("-"))
                if line.split()[1].startswith("r-x") and "[v" not in line:
                    mem.seek(first)
                    digest.update(mem.read(last - first))
    except OSError:
        return None
    return digest.digest() if lines else None
