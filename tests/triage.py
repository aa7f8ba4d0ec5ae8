#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds a report of "memleak-bpf triage" against what is known of the programs that ran.

    triage.py run REPORT PIDS      PIDS: lines "mechanism pid", of tests/prog/paced
    triage.py sums TOOL DIRECTORY  sums of all processes against the kernel's rollups and smem's; prints
                                   results as tests/run counts them
"""
import os
import re
import shutil
import subprocess
import sys

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
SIZE = r"([+-]?[\d.]+) (B|KiB|MiB|GiB|TiB)"
RATE = 4 << 20  # of paced, bytes a second
KERNEL_RATE = 256 << 10


def size(text):
    number, unit = re.fullmatch(SIZE, text.strip()).groups()
    return float(number) * UNITS[unit]


class Report:
    def __init__(self, path):
        self.lines = open(path, encoding="utf-8").read().splitlines()

    def section(self, heading):
        """The lines below a heading, up to the next one."""
        found, lines = False, []
        for line in self.lines:
            if line.startswith(heading):
                found = True
            elif found and line and not line.startswith("  "):
                break
            elif found:
                lines.append(line)
        return lines

    def findings(self):
        return [line for line in self.lines if line.startswith(("GROWING", "young"))]

    def process(self, pid):
        """Its row: own bytes, growth, rate, verdict."""
        for line in self.section("Processes"):
            if line.split()[:1] == [str(pid)]:
                sizes = re.findall(SIZE, line)
                verdict = re.search(
                    r"(growing steadily|grew and stopped|noisy|flat|shrinking|too few samples)", line
                )
                return {
                    "own": float(sizes[0][0]) * UNITS[sizes[0][1]],
                    "pss": float(sizes[1][0]) * UNITS[sizes[1][1]],
                    "verdict": verdict.group(1),
                }
        return None

    def finding_of(self, pid):
        return [line for line in self.findings() if re.search(rf"\bpid {pid}\b", line)]


def rate_of(line):
    found = re.search(rf"{SIZE}/s", line)
    return float(found.group(1)) * UNITS[found.group(2)]


class Checks:
    def __init__(self, report):
        self.report = report
        self.wrong = []

    def check(self, true, what):
        if not true:
            self.wrong.append(what)

    def grows(self, name, pid, subject, low=0.75 * RATE, high=1.25 * RATE):
        """One finding, of this subject, at the rate that the program keeps."""
        lines = self.report.finding_of(pid)
        self.check(len(lines) == 1, f"{name}: {len(lines)} findings: {lines}")
        for line in lines:
            self.check(re.match(rf"GROWING\s+{subject}", line), f"{name}: not so named: {line}")
            self.check(low < rate_of(line) < high, f"{name}: not {low} to {high} a second: {line}")

    def quiet(self, name, pid, verdicts):
        row = self.report.process(pid)
        self.check(not self.report.finding_of(pid), f"{name}: called a leak")
        self.check(
            row and row["verdict"] in verdicts, f"{name}: {row and row['verdict']}, not {verdicts}"
        )


def run(report, path):
    checks = Checks(report)
    pids = dict(line.split() for line in open(path, encoding="utf-8"))
    for name, pid in pids.items():
        process = rf"pid {pid} \(paced\) grows steadily"
        if name in ("small", "large", "mmap"):
            checks.grows(name, pid, process + ":")
        elif name == "stacks":
            # glibc gives back all of a 64 KiB stack but the last 16 KiB; what it keeps for a thread comes on top
            checks.grows(name, pid, process + ":", RATE / 64 * 16, RATE)
        elif name == "shm":
            checks.grows(name, pid, process + ", in shared memory:")
        elif name == "orphans":
            checks.grows(name, pid, rf"System V segments of pid {pid} \(paced\) grow steadily")
        elif name == "memfd":
            checks.grows(name, pid, rf"memfds or deleted files of pid {pid} \(paced\) grow steadily")
        elif name in ("cache", "fragments"):
            checks.quiet(name, pid, ["grew and stopped"])
        elif name == "not":
            checks.quiet(name, pid, ["flat"])
    whole = "\n".join(report.lines)
    checks.check(
        re.search(r"GROWING\s+attachments of shared memory key 0x0bf5eed5 grow steadily", whole),
        "attach: not found",
    )
    checks.check(
        re.search(rf"key 0x0bf5eed5 .*created by pid {pids['attach']} \(paced\), "
                  rf"(\d+) of \1 attachments in pid {pids['attach']} \(paced\)", whole),
        "attach: creator and attachments are not told",
    )
    # Look-alikes are merged: it may go by another name.
    rows = [line for line in checks.report.section("Slab caches") if "eventpoll_epi" in line]
    name = rows[0].split()[0] if rows else "?"
    cache = [line for line in checks.report.findings() if f" slab cache {name} grows" in line]
    checks.check(len(cache) == 1, f"kernel: {len(cache)} findings of {name}")
    for line in cache:
        checks.check(0.75 < rate_of(line) / KERNEL_RATE < 1.25, f"kernel: not {KERNEL_RATE} a second: {line}")
    return checks.wrong


def rollups(recording):
    """{pid: (uss, pss, swap)} in KiB, of the last sample of a recording."""
    found, at = {}, 0
    data = open(recording, "rb").read()
    for match in iter(lambda: re.compile(rb"^file (\S+) (\d+)\n", re.M).search(data, at), None):
        name, length = match.group(1).decode(), int(match.group(2))
        text = data[match.end() : match.end() + length].decode(errors="replace")
        at = match.end() + length
        if name.endswith("/smaps_rollup"):
            kib = {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
            uss = kib["Private_Clean"] + kib["Private_Dirty"]
            found[int(name.split("/")[0])] = (uss, kib["Pss"], kib["Swap"])
    return found


def look(tool, directory, name):
    path = os.path.join(directory, name)
    command = [tool, "triage", "0.1", "1", "--record", path]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = re.search(r"^  all (\d+): USS ([\d,]+), PSS ([\d,]+), swap ([\d,]+) KiB", report, re.M)
    return [int(group.replace(",", "")) for group in line.groups()], rollups(path)


def smem():
    output = subprocess.run(
        ["smem", "-H", "-c", "pid uss pss"], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split() for line in output.splitlines()]
    return {int(pid): (int(uss), int(pss)) for pid, uss, pss in rows}


def total(table, pids, column):
    return sum(table[pid][column] for pid in pids)


def mappings(pid):
    """How many have something in memory."""
    try:
        with open(f"/proc/{pid}/smaps", "rb") as file:
            return sum(1 for line in file if line.startswith(b"Rss:") and line.split()[1] != b"0")
    except OSError:
        return 0


def compare_with_smem(tool, directory):
    """[(name, smem's sum, ours, what smem can have lost)], of the processes that did not change
    meanwhile; and how many these are. smem adds up mappings, of each of which the kernel rounds Pss down to a KiB.
    The sum of a process is rounded once."""
    _, before = look(tool, directory, "before")
    smem_has = smem()
    _, after = look(tool, directory, "after")
    still = [
        pid
        for pid in before
        if pid in after
        and pid in smem_has
        and before[pid][0] == after[pid][0]
        and abs(before[pid][1] - after[pid][1]) <= 0.005 * before[pid][1]
    ]
    lost = [0, sum(mappings(pid) for pid in still)]
    both = [
        (name, total(smem_has, still, column), total(before, still, column), lost[column])
        for column, name in ((0, "USS"), (1, "PSS"))
    ]
    return both, len(still)


def sums(tool, directory):
    shown, before = look(tool, directory, "before")
    truth = [len(before)] + [total(before, before, column) for column in range(3)]
    good = shown == truth
    print(f"{'PASS' if good else 'FAIL'} sums: {shown} of processes, USS, PSS, swap; the kernel's: {truth}")
    if not shutil.which("smem"):
        print("SKIP sums of smem: it is not installed")
        return not good
    # What went up and down again in the meantime has changed as well, though it does not show.
    for _ in range(5):
        both, n = compare_with_smem(tool, directory)
        near = all(ours > 10000 and theirs <= 1.01 * ours and theirs + lost >= 0.99 * ours for _, theirs, ours, lost in both)
        if near:
            break
    text = ", ".join(f"{name} {theirs} KiB (at most {lost} more if not rounded) and ours {ours}" for name, theirs, ours, lost in both)
    print(f"{'PASS' if near else 'FAIL'} sums of smem: of {n} processes {text}")
    return not (good and near)


def main():
    what, first, second = sys.argv[1:]
    if what == "sums":
        return sums(first, second)
    wrong = run(Report(first), second)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
