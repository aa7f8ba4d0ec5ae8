# SPDX-License-Identifier: GPL-2.0-or-later
"""What memleak-bpf maps takes for a process with 60,000 mappings."""
import os
import re
import subprocess
import tempfile
import time

import procs
import results
from procs import BenchError

MAPPINGS = 60000
CASES = [
    ("maps.one", "what they are", []),
    ("maps.all", "every one of them, in words", ["--all"]),
    ("maps.growth", "two samples, 0.1 s apart, compared", ["0.1", "2"]),
]


def peak_memory(pid):
    """KiB so far. Not ru_maxrss, which begins with what the process had that started it."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            found = re.search(r"^VmHWM:\s+(\d+)", file.read(), re.M)
    except OSError:
        found = None
    return int(found.group(1)) if found else 0


def cost(pid, arguments):
    """Milliseconds, those of CPU, and MiB of memory, looked at every 2 ms."""
    began = procs.now()
    command = [procs.TOOL, "maps", str(pid), *arguments]
    peak = ended = 0
    with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output) as process:
        while not ended:
            time.sleep(0.002)
            peak = max(peak, peak_memory(process.pid))
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        took = procs.now() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        report = output.read()
    found = re.search(r": (\d+) mappings", report)
    if status or (not arguments and (not found or int(found.group(1)) < MAPPINGS)):
        raise BenchError(f"maps ended with {process.returncode}: {report[:80]}")
    return took * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, peak / 1024


def run(quick):
    section = results.Section(
        f"maps of a process with {MAPPINGS:,} mappings",
        {"time": ("time", "ms"), "cpu": ("CPU", "ms"), "memory": ("memory of the tool", "MiB")},
    )
    ready = os.path.join(procs.WORK, "ready")
    environment = dict(os.environ, WAIT="1", READY_FILE=ready, GO_FILE=ready + ".never")
    target = procs.start([procs.program("many_maps"), str(MAPPINGS)], env=environment)
    try:
        procs.await_true(20, lambda: os.path.exists(ready), "many_maps", target)
        for name, label, arguments in CASES:
            took, cpu, memory = zip(*(cost(target.pid, arguments) for _ in range(2 if quick else 5)))
            section.row(name, label, time=took, cpu=cpu, memory=memory)
    except BenchError as error:
        section.fail("maps", "maps", str(error))
    finally:
        procs.end(target)
    return [section]
