#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""placement.py LOG - what -v says of each probe, compared with nm and objdump.

The function is where nm has it. The place is the beginning of an instruction, one that the kernel
emulates if that is said to be the reason, and else the function's first one. Prints a summary.
"""
import re
import subprocess
import sys

EMULATED = re.compile(r"(push|j\w+|call|nop)\b")
LINKS = {"session", "multi", "perf event"}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(path):
    names = {}
    for address, name in re.findall(r"^([0-9a-f]+) [TWi] (\w+)", output("nm", "-D", path), re.M):
        names.setdefault(name, int(address, 16))
    return names


def check(path, names, name, address, offset, link, why):
    assert names.get(name) == address, f"{name}: at {address:#x}, nm has {names.get(name)}"
    assert link in LINKS, link
    listing = output("objdump", "-d", "--no-show-raw-insn", f"--start-address={address}",
                     f"--stop-address={address + offset + 16}", path)
    code = dict(re.findall(r"^ +([0-9a-f]+):\t(.*)$", listing, re.M))
    place = code.get(f"{address + offset:x}")
    assert place, f"{name}+{offset}: no instruction begins there"
    emulated = bool(EMULATED.match(place))
    assert emulated == (why == "the kernel emulates it"), f"{name}+{offset}: {place}: {why}"
    assert emulated or offset == 0, f"{name}+{offset}: {place}"


def main():
    path, checked, moved = None, 0, 0
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            head = re.match(r"memleak-bpf: probes on functions of (\S+):$", line)
            if head:
                path = head[1]
                names = symbols(path)
            match = re.match(r"  (\w+) (0x[0-9a-f]+)\+(\d+) ([a-z ]+): (.+?)(?:; \d+ points inside)?$", line)
            if not path or not match:
                continue
            check(path, names, match[1], int(match[2], 16), int(match[3]), match[4], match[5])
            checked += 1
            moved += int(match[3]) > 0
    assert checked >= 6, f"only {checked} functions"
    print(f"{checked} functions with address, place, link and reason; {moved} not at the symbol")


main()
