# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports over many outstanding blocks, what detaching takes then, and the memory of the maps."""
import glob
import json
import os
import re
import subprocess
import typing

import procs
import results
from procs import BenchError
from workloads import Held

CASES = [
    # name, label, command, blocks, stacks, runs, runs when quick
    ("100000", "100,000 blocks", ["live", "50000"], 100000, 1, 5, 3),
    ("1000000", "1,000,000 blocks", ["live", "500000"], 1000000, 1, 3, 1),
    ("stacks", "8,192 blocks on as many stacks", ["tree", "13"], 8192, 8192, 3, 1),
]
MAX_LIVE = 1 << 20  # as it is by default
# linux/bpf.h, enum bpf_map_type
MAP_TYPES = {
    1: "hash",
    2: "array",
    6: "percpu array",
    9: "LRU hash",
    27: "ring buffer",
    29: "task storage",
}


class Session:
    """A program that allocates under trace, the report, the end; then the figures are there.

    blocks: that it leaves in tree_leaf or keep_blocks, of 24 bytes each, evenly on its stacks.
    """

    def __init__(self, command, blocks, stacks, *options):
        target = Held(*command)
        tool = None
        try:
            tool = procs.Tool(target.pid, "-v", "-o", "0", "-T", "0", *options)
            target.allocate()
            self.maps = read_maps(tool.process.pid)
            self.seen, _, outstanding, self.lost = tool.stop()
        finally:
            target.stop()
            if tool:
                tool.end()
        self.blocks, self.stacks = count_sites(tool.out().decode(errors="replace"))
        if tool.report_ms is None:
            raise BenchError("-v does not tell how long the report took")
        self.complete = (
            outstanding >= blocks
            and not self.lost
            and (self.blocks, self.stacks) == (blocks, stacks)
        )
        self.report_ms = tool.report_ms
        self.printed_ms = (tool.last_output - tool.asked) * 1e3
        self.detach_ms = (tool.exited - tool.last_output) * 1e3
        self.peak_mib = tool.peak_kib / 1024 if tool.peak_kib else None

    def check(self):
        if not self.complete:
            raise BenchError(
                f"the report has {self.blocks:,} blocks on {self.stacks:,} stacks,"
                f" {self.lost:,} are lost"
            )


SITE = re.compile(r"^\s*(\d+) bytes in (\d+) allocations? from stack", re.M)


def count_sites(report):
    """Blocks of 24 bytes in a report of ours or bcc's, and how many stacks they are on."""
    sites = [(int(size), int(count)) for size, count in SITE.findall(report)]
    ours = [count for size, count in sites if size == 24 * count]
    return sum(ours), len(ours)


class Map(typing.NamedTuple):
    kind: str
    name: str
    entries: int
    pair: int  # bytes of a key with its value
    value: int
    size: int  # bytes, all of it

    def slot(self):
        """Bytes that an entry takes: an array's keys are not stored."""
        return self.value if "array" in self.kind else self.pair


def read_maps(pid):
    """Each BPF map that the process holds, and as another one its programs.

    The kernel's own account, see bpf_map_show_fdinfo in kernel/bpf/syscall.c.
    """
    maps, programs = {}, {}
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path, encoding="utf-8") as file:
                info = dict(re.findall(r"^(\w+):\s*(\S+)$", file.read(), re.M))
        except OSError:
            continue
        if "map_id" in info:
            maps[int(info["map_id"])] = info
        elif "prog_id" in info and "memlock" in info:
            programs[info["prog_id"]] = int(info["memlock"])
    names = map_names()
    return [
        Map(
            MAP_TYPES.get(int(info["map_type"]), f"type {info['map_type']}"),
            names.get(number, f"map {i + 1}"),
            int(info["max_entries"]),
            int(info["key_size"]) + int(info["value_size"]),
            int(info["value_size"]),
            int(info["memlock"]),
        )
        for i, (number, info) in enumerate(sorted(maps.items()))
    ] + [Map("programs", "programs", len(programs), 0, 0, sum(programs.values()))]


def map_names():
    """By id; fdinfo has no names. Empty without bpftool."""
    find = subprocess.run(
        [f"{procs.TOP}/tools/install-deps", "--bpftool"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True,
    )
    try:
        listing = subprocess.run(
            [find.stdout.strip() or "bpftool", "-j", "map", "list"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        )
        return {m["id"]: m["name"] for m in json.loads(listing.stdout) if m.get("name")}
    except (OSError, ValueError, TypeError):
        return {}


def memory(maps):
    section = results.Section(
        f"memory of maps, --max-live {MAX_LIVE:,}",
        {"entries": ("entries", ""), "entry": ("an entry", "bytes"), "size": ("size", "KiB")},
    )
    for one in sorted(maps, key=lambda m: -m.size):
        note = one.kind if one.kind != one.name else ""
        if one.name == "live":
            note += f", {one.size / MAX_LIVE:.1f} bytes of it for each block that it has to hold"
        entry = [one.slot()] if one.value else []
        section.row(
            f"memory.{one.name}", one.name, note,
            entries=[one.entries], entry=entry, size=[one.size / 1024],
        )
    section.row("memory.total", "total", size=[sum(m.size for m in maps) / 1024])
    return section


def run(quick):
    """Two sections."""
    section = results.Section(
        "report and end, after",
        {
            "report": ("report, as -v tells", "ms"),
            "printed": ("SIGINT to report read", "ms"),
            "detach": ("last report to exit", "ms"),
            "peak": ("peak RSS", "MiB"),
        },
    )
    maps = None
    for name, label, command, blocks, stacks, runs, runs_quick in CASES:
        try:
            runs = runs_quick if quick else runs
            limit = ("--max-live", str(MAX_LIVE))
            sessions = [Session(command, blocks, stacks, *limit) for _ in range(runs)]
            for session in sessions:
                session.check()
        except BenchError as error:
            section.fail(f"report.{name}", label, str(error))
            continue
        section.row(
            f"report.{name}",
            label,
            report=[s.report_ms for s in sessions],
            printed=[s.printed_ms for s in sessions],
            detach=[s.detach_ms for s in sessions],
            peak=[s.peak_mib for s in sessions if s.peak_mib],
        )
        maps = maps or sessions[0].maps
    return [section] + ([memory(maps)] if maps else [])
