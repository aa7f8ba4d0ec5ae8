# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of two million blocks on 8,192 stacks, allocated by two threads: in memleak-bpf's
report, and in others'."""
import subprocess
import time

import outstanding
import peers
import procs
import results
import ways
from procs import BenchError
from workloads import Held

LEVELS, ROUNDS, THREADS = 13, 123, 2
STACKS = 1 << LEVELS
BLOCKS = STACKS * ROUNDS * THREADS  # 2,015,232
COMMAND = ("tree", str(LEVELS), str(ROUNDS), str(THREADS))
MAX_LIVE = 1 << 21
BCC_WAITS = 6  # seconds until its report


def note(blocks, stacks, says_so):
    if blocks == BLOCKS and stacks == STACKS:
        return "all of them"
    lost = f"LOST {BLOCKS - blocks:,} blocks, {STACKS - stacks:,} stacks"
    if says_so is None:
        return lost
    return f"{lost}, {'and says so' if says_so else 'without a word'}"


def row(section, name, label, blocks, stacks, says_so=None):
    """says_so: does the tool tell that it lost some? None: it has no report."""
    section.row(
        f"kept.{name}", label, note(blocks, stacks, says_so),
        blocks=[100 * blocks / BLOCKS], stacks=[100 * stacks / STACKS],
    )


def memleak_bpf(section):
    session = outstanding.Session(COMMAND, BLOCKS, STACKS, "--max-live", str(MAX_LIVE))
    label = f"memleak-bpf --max-live {MAX_LIVE}"
    row(section, "tool", label, session.blocks, session.stacks, session.lost > 0)


def shape(section):
    target = Held(*COMMAND)
    try:
        tracer = ways.Shape(target.pid, "bcc", target.functions)
        target.allocate()
        account = tracer.stop()
    finally:
        target.stop()
    # Of main's threads there are blocks and stacks that are not the tree's: a handful.
    row(section, "bcc-placed", "in bcc's shape", BLOCKS - account.lost, min(account.stacks, STACKS))


def bcc(section):
    """It has to be asked beforehand when to report, and for how many stacks."""
    target = Held(*COMMAND)
    process = None
    try:
        before = procs.code_hash(target.pid)
        process = procs.start(
            [peers.bcc_command(), "-p", str(target.pid), "-o", "0", "-T", str(2 * STACKS)]
            + [str(BCC_WAITS), "1"],
            stdout=subprocess.PIPE,
        )
        procs.await_true(30, lambda: procs.code_hash(target.pid) != before, "bcc", process)
        while procs.code_hash(target.pid) != before:
            before = procs.code_hash(target.pid)
            time.sleep(0.3)
        began = procs.now()
        target.allocate()
        if procs.now() - began > BCC_WAITS - 1:
            raise BenchError("this machine is too slow for it")
        report = process.communicate(timeout=60)[0].decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        raise BenchError("its report took more than 60 s") from error
    finally:
        target.stop()
        if process:
            procs.end(process)
    row(section, "bcc", "bcc memleak", *outstanding.count_sites(report), "lost" in report.lower())


def run(_):
    section = results.Section(
        f"reported of {BLOCKS:,} blocks on {STACKS:,} stacks, by two threads",
        {"blocks": ("blocks", "%"), "stacks": ("stacks", "%")},
    )
    try:
        memleak_bpf(section)
        shape(section)
    except BenchError as error:
        section.fail("kept.tool", "memleak-bpf", str(error))
    if not peers.bcc_command():
        section.skip("kept.bcc", "bcc memleak", "not installed")
        return [section]
    try:
        bcc(section)
    except BenchError as error:
        section.skip("kept.bcc", "bcc memleak", f"not measured: {error}")
    return [section]
