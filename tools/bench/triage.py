# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sample of memleak-bpf triage costs on a machine with many processes."""
import os
import re
import subprocess

import procs
import results
from procs import BenchError

PROCESSES = 2000
SAMPLES = 5
# Waits for its input to end: so none of them outlives the bench.
FORK = """
import os, sys
for _ in range(int(sys.argv[1])):
    if not os.fork():
        os.close(1)
        sys.stdin.buffer.raw.read(1)
        os._exit(0)
print('ready', flush=True)
sys.stdin.buffer.raw.read(1)
"""
SPAWN = """
import subprocess, sys
started = [subprocess.Popen(['cat']) for _ in range(int(sys.argv[1]))]
print('ready', flush=True)
sys.stdin.buffer.raw.read(1)
"""
KINDS = [
    ("spawned", f"{PROCESSES:,} times cat", SPAWN),
    ("forked", f"{PROCESSES:,} forks of python3", FORK),
]


def cost(samples):
    """Milliseconds of CPU, and how many processes it saw."""
    command = [procs.TOOL, "triage", "0.01", str(samples)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        report = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r", (\d+) processes", report)
    if status or not found:
        raise BenchError(f"triage ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1e3, int(found.group(1)), usage.ru_maxrss / 1024


def measure(code, runs):
    read, write = os.pipe()
    target = procs.start([procs.PYTHON, "-c", code, str(PROCESSES)], stdin=read,
                         stdout=subprocess.PIPE)
    os.close(read)
    try:
        procs.Lines(target.stdout).next(60, "python3")
        one, more, memory = [], [], []
        for _ in range(runs):
            first, seen, _ = cost(1)
            if seen < PROCESSES:
                raise BenchError(f"only {seen} processes were seen")
            all_of_them, _, rss = cost(1 + SAMPLES)
            one.append(first)
            more.append((all_of_them - first) / SAMPLES)
            memory.append(rss)
        return {"sample": more, "one": one, "memory": memory}
    finally:
        os.close(write)
        procs.end(target)


def run(quick):
    section = results.Section(
        "triage",
        {
            "sample": ("CPU for a sample", "ms"),
            "one": ("CPU for a triage of one sample", "ms"),
            "memory": ("memory of the tool", "MB"),
        },
    )
    for name, label, code in KINDS:
        try:
            section.row(f"triage.{name}", label, **measure(code, 2 if quick else 5))
        except BenchError as error:
            section.fail(f"triage.{name}", label, str(error))
    return [section]
