# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports over many outstanding blocks, what detaching takes then, and the memory of the maps."""
import glob
import json
import os
import re
import subprocess

import procs
import results
from procs import BenchError

CASES = [
    # name, label, command, blocks, stacks, runs, runs when quick
    ("100000", "100,000 blocks", ["live", "50000"], 100000, 1, 5, 3),
    ("1000000", "1,000,000 blocks", ["live", "500000"], 1000000, 1, 3, 1),
    ("stacks", "8,192 blocks on as many stacks", ["tree", "13"], 8192, 8192, 3, 1),
]
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
    """A program that allocates under trace, the report, the end; then the figures are there."""

    def __init__(self, command, blocks, stacks):
        files = {f"{n}_FILE": f"{procs.WORK}/{n}" for n in ("READY", "GO", "DONE", "QUIT")}
        for path in files.values():
            if os.path.exists(path):
                os.unlink(path)
        target = procs.start(
            [procs.program(command[0]), *command[1:]],
            env=dict(os.environ, WAIT="1", EXPECT_FILE="/dev/null", **files),
        )
        tool = None
        try:
            self.await_file(files["READY_FILE"], target)
            tool = procs.Tool(target.pid, "-v", "-o", "0", "-T", "0")
            with open(files["GO_FILE"], "w", encoding="utf-8"):
                pass
            self.await_file(files["DONE_FILE"], target)
            self.maps = read_maps(tool.process.pid)
            _, _, outstanding, lost = tool.stop()
        finally:
            procs.end(target)
            if tool:
                tool.end()
        if outstanding < blocks or lost:
            raise BenchError(f"the report has {outstanding} of {blocks} blocks, {lost} lost")
        shown = tool.out().count(b" from stack")
        if shown < stacks:
            raise BenchError(f"the report has {shown} of {stacks} stacks")
        if tool.report_ms is None:
            raise BenchError("-v does not tell how long the report took")
        self.report_ms = tool.report_ms
        self.printed_ms = (tool.last_output - tool.asked) * 1e3
        self.detach_ms = (tool.exited - tool.last_output) * 1e3
        self.peak_mib = tool.peak_kib / 1024 if tool.peak_kib else None

    @staticmethod
    def await_file(path, process):
        procs.await_true(60, lambda: os.path.exists(path), "handshake", process)


def read_maps(pid):
    """Type, name, entries, bytes of each BPF map that the process holds, and of its programs.

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
        (
            MAP_TYPES.get(int(info["map_type"]), f"type {info['map_type']}"),
            names.get(number, f"map {i + 1}"),
            int(info["max_entries"]),
            int(info["memlock"]),
        )
        for i, (number, info) in enumerate(sorted(maps.items()))
    ] + [("programs", "programs", len(programs), sum(programs.values()))]


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
        "memory of maps, with default limits", {"entries": ("entries", ""), "size": ("size", "KiB")}
    )
    for kind, name, entries, size in sorted(maps, key=lambda m: -m[3]):
        note = kind if kind != name else ""
        section.row(f"memory.{name}", name, note, entries=[entries], size=[size / 1024])
    section.row("memory.total", "total", size=[sum(m[3] for m in maps) / 1024])
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
            sessions = [Session(command, blocks, stacks) for _ in range(runs)]
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
