#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the stacks that memleak-bpf reports with those that gdb's own unwinder finds.

gdb -batch -nx -x gdb_stacks.py --args COMMAND
        Runs COMMAND, without address randomisation, and appends each different stack at an entry of
        malloc and its like to the file $GDB_STACKS: a line each, return addresses in hexadecimal,
        the innermost first, then, separated by "|", what gdb calls them. With $GDB_REPORT only those
        that this report has: much faster, as gdb need not go on once a stack is another one.
gdb_stacks.py REPORT STACKS
        Every stack of the last report in REPORT (-T 0, of the same command, also without
        randomisation) is among STACKS, all frames equal. Prints how many were compared. A stack that
        the tool calls cut has to be the beginning of one of gdb's.
"""
import itertools
import os
import re
import sys
import time

try:
    import gdb
except ImportError:
    gdb = None

ENTRIES = (
    "malloc calloc realloc reallocarray memalign posix_memalign aligned_alloc valloc pvalloc"
    " mallocx rallocx"
).split()
SECONDS = 60


def executable(pid):
    ranges = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        for line in file:
            addresses, permissions = line.split()[:2]
            if "x" in permissions:
                ranges.append(tuple(int(x, 16) for x in addresses.split("-")))
    return ranges


class Wanted:
    """A tree of the stacks still looked for: what may follow a frame."""

    def __init__(self, stacks):
        self.tree = {}
        self.left = 0
        for pcs, stack in stacks.items():
            node = self.tree
            for pc in pcs:
                node = node.setdefault(pc, {})
            node["cut" if stack.cut else "end"] = True
            self.left += 1

    def found(self, pcs, end):
        path = [self.tree]
        for pc in pcs:
            path.append(path[-1][pc])
        del path[-1][end]
        self.left -= 1
        for node, pc in zip(reversed(path[:-1]), reversed(pcs)):
            if not node[pc]:
                del node[pc]


class Collector:
    def __init__(self, path, wanted):
        self.path = path
        self.wanted = wanted
        self.stacks = {}
        self.hits = 0
        self.started = time.monotonic()
        self.code = []

    def is_code(self, pc):
        for fresh in (False, True):
            if fresh:
                self.code = executable(gdb.selected_inferior().pid)
            if any(start <= pc < end for start, end in self.code):
                return True
        return False

    def frames(self):
        """The callers of a function at whose first instruction the program is."""
        frame = gdb.newest_frame().older()
        while frame and frame.is_valid():
            # gdb's invention from debug information: inlined calls and calls that were jumps
            if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                # What calls _dl_start_user (ld.so) and __start_context (a coroutine) is not
                # described: gdb takes what is above them on the stack, argc and a pointer to data,
                # for an address.
                if not self.is_code(frame.pc()):
                    return
                yield frame
            frame = frame.older()

    def add(self):
        """Returns False when nothing is left to look for."""
        self.hits += 1
        pcs, names = (), []
        node = self.wanted.tree if self.wanted else None
        for frame in self.frames():
            pc = frame.pc()
            if node is not None:
                node = node.get(pc)
                if node is None:
                    return True
            pcs += (pc,)
            names.append(frame.name() or "??")
            if node and "cut" in node:
                self.stacks[pcs] = list(names)
                self.wanted.found(pcs, "cut")
                if not node:
                    return self.wanted.left > 0
        if node is None or "end" in node:
            self.stacks.setdefault(pcs, names)
            if node:
                self.wanted.found(pcs, "end")
        return not self.wanted or self.wanted.left > 0

    def write(self):
        with open(self.path, "a", encoding="utf-8") as file:
            for pcs, names in self.stacks.items():
                file.write(" ".join(f"{pc:x}" for pc in pcs) + "|" + "|".join(names) + "\n")


def collect():
    report = os.environ.get("GDB_REPORT")
    wanted = Wanted(read_report(report)) if report else None
    collector = Collector(os.environ["GDB_STACKS"], wanted)

    class Entry(gdb.Breakpoint):
        def stop(self):
            # True ends the run
            return not collector.add() or time.monotonic() - collector.started > SECONDS

    for command in (
        "set pagination off",
        "set confirm off",
        "set width 0",
        "set print thread-events off",
        "set print inferior-events off",
        "set auto-load off",
        "set debug-file-directory /nonexistent",  # not needed for .eh_frame, and slow
        "set breakpoint pending on",
        "set backtrace past-main on",
        "set backtrace limit unlimited",
        "set startup-with-shell off",
        "set disable-randomization on",
        "set detach-on-fork on",
        "set follow-fork-mode parent",
        "unset environment LINES",
        "unset environment COLUMNS",
        "handle all nostop noprint pass",
    ):
        gdb.execute(command, to_string=True)
    for name in ENTRIES:
        # Behind the prologue, maybe: the caller is the same.
        entry = Entry("-qualified -function " + name)
        entry.silent = True
    gdb.execute("run")
    if gdb.selected_inferior().pid:
        gdb.execute("kill")
    collector.write()
    print(f"{collector.hits} allocations, {len(collector.stacks)} stacks")


def read_stacks(path):
    stacks = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.rstrip("\n").split("|")
            stacks[tuple(int(x, 16) for x in words[0].split())] = words[1:]
    return stacks


class Stack:
    """One of the tool's. (report.py takes lines apart into more than is needed here.)"""

    def __init__(self):
        self.entry = ""
        self.cut = False
        self.pcs = ()
        self.text = {}

    def add(self, line):
        word, _, text = line.partition(" ")
        if word.startswith("0x") and not text.endswith(" (inlined)"):
            self.pcs += (int(word, 16),)
            self.text[self.pcs[-1]] = text
        elif text.startswith("→"):
            self.entry = word.removeprefix("je_")
        elif word == "[stack":
            self.cut = True


def read_report(path):
    stacks = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if re.match(r"\[\d\d:\d\d:\d\d\] [\d,]+ bytes in ", line):
                stacks = []
            elif " from stack" in line:
                stacks.append(Stack())
            elif line.startswith("\t\t") and stacks:
                stacks[-1].add(line.strip())
    return {s.pcs: s for s in stacks if s.entry in ENTRIES}


def nearest(stacks, pcs):
    """That which shares the most frames with pcs, from the innermost or the outermost."""

    def alike(other):
        inner = outer = 0
        while inner < min(len(pcs), len(other)) and pcs[inner] == other[inner]:
            inner += 1
        while outer < min(len(pcs), len(other)) and pcs[-1 - outer] == other[-1 - outer]:
            outer += 1
        return inner + outer

    return max(stacks, key=alike, default=())


def explain(stack, stacks):
    other = nearest(stacks, stack.pcs)
    names = dict(zip(other, stacks.get(other, [])))
    print(f"not among gdb's stacks (frames: {len(stack.pcs)}, gdb's nearest: {len(other)})")
    for ours, gdbs in itertools.zip_longest(stack.pcs, other):
        mark = " " if ours == gdbs else "*"
        left = f"{ours:#x} {stack.text[ours]}" if ours else "-"
        right = f"{gdbs:#x} {names[gdbs]}" if gdbs else "-"
        print(f"\t{mark} {left}   gdb: {right}")


def compare(report_path, stacks_path):
    ours, stacks = read_report(report_path), read_stacks(stacks_path)
    if not ours or not stacks:
        print("no stacks in the report" if stacks else "no stacks of gdb's")
        return 1
    cut = [p for p in ours if ours[p].cut]
    lengths = {len(p) for p in cut}
    starts = {s[:n] for s in stacks for n in lengths}
    wrong = [p for p in ours if p not in (starts if ours[p].cut else stacks)]
    if wrong:
        print(f"{len(wrong)} of {len(ours)} stacks differ from gdb's")
        for pcs in wrong[:3]:
            explain(ours[pcs], stacks)
        return 1
    frames = sum(len(p) for p in ours)
    print(
        f"{len(ours)} stacks compared, {frames} frames, all equal"
        + (f" ({len(cut)} cut)" if cut else "")
    )
    return 0


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    return compare(argv[1], argv[2])


if gdb:
    collect()
elif __name__ == "__main__":
    sys.exit(main(sys.argv))
