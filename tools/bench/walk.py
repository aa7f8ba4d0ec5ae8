# SPDX-License-Identifier: GPL-2.0-or-later
"""What it takes to walk a stack by unwind tables, and what the tables take."""
import json
import mmap
import os
import platform
import shutil
import statistics
import struct
import subprocess

import outstanding
import procs
import results
from procs import BenchError

CHAINS = [
    # name in walk's output, prefix of the row's id, label
    ("common", "", "frames"),
    ("small", "small.", "frames of 32 bytes"),
    ("end", "end.", "at the stack's end"),
]
FRAMES = (4, 16, 24)
SERVER_TEXT = 60e6  # bytes
ROW = 8  # bytes, struct unwind_row
TABLE_MAPS = ("unwind_rows", "unwind_segs", "row_cache")


def output(argv, seconds):
    """Its lines, as lists of words."""
    process = procs.start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{os.path.basename(argv[0])} took more than {seconds} s") from error
    finally:
        procs.end(process)
    if process.returncode:
        last = err.decode(errors="replace").strip().split("\n")[-1]
        raise BenchError(last or f"{argv[0]}: status {process.returncode}")
    return [line.split() for line in out.decode().splitlines()]


# --- walks ---


def net(samples):
    """{way: nanoseconds of a walk in each round}: without what the probe itself takes."""
    return {
        way: [figure - nothing for figure, nothing in zip(figures, samples["nothing"])]
        for way, figures in samples.items()
        if way != "nothing"
    }


def ratio(figures, to):
    """Disturbed rounds may have anything, also a walk that takes less than no time."""
    return [figure / other for figure, other in zip(figures, to) if other > 0]


def walks(quick):
    section = results.Section(
        "a stack walk",
        {
            "stackid": ("bpf_get_stackid", "ns"),
            "warm": ("by tables", "ns"),
            "ratio_warm": ("ratio", ""),
            "cold": ("cache cold", "ns"),
            "ratio_cold": ("ratio", ""),
            # bpf_get_stackid does that, too
            "stored": ("warm, and stored", "ns"),
            "ratio_stored": ("ratio", ""),
        },
    )
    rows = [
        (chain, frames, f"walk.{prefix}{frames}", f"{frames} {label}")
        for chain, prefix, label in CHAINS
        for frames in FRAMES
    ]
    try:
        argv = [procs.built("walk"), procs.built("walk_target"), *(("31", "300") if quick else ("101", "500"))]
        lines = output(argv, 60)
    except BenchError as error:
        for _, _, name, label in rows:
            section.fail(name, label, str(error))
        return section
    for chain, frames, name, label in rows:
        mine = [words for words in lines if words[1:3] == [chain, str(frames)]]
        figures = net({w[3]: [float(t) for t in w[4:]] for w in mine if w[0] == "ns"})
        size = next(int(words[3]) for words in mine if words[0] == "stack")
        # of two programs that do nothing: how far the other figures can be trusted
        exact = abs(statistics.median(figures["again"]))
        note = f"{size:,} bytes, ±{exact:.0f} ns"
        section.row(
            name,
            label,
            note,
            **{way: figures[way] for way in ("stackid", "warm", "cold", "stored")},
            **{
                f"ratio_{way}": ratio(figures[way], figures["stackid"])
                for way in ("warm", "cold", "stored")
            },
        )
    for words in lines:
        if words[0] == "note":
            section.skip("walk.note", "note", " ".join(words[1:]))
    return section


# --- tables ---


class Library:
    """A 64-bit little-endian ELF file; elf(5)."""

    def __init__(self, path):
        self.path = path
        self.code = []  # file offset and bytes of executable segments
        self.index = 0  # bytes of .eh_frame_hdr: 8 for each function
        for kind, flags, offset, length in self.segments():
            if kind == 1 and flags & 1:  # PT_LOAD, PF_X
                self.code.append((offset, length))
            elif kind == 0x6474E550:  # PT_GNU_EH_FRAME
                self.index = length
        self.text = sum(length for _, length in self.code)

    def segments(self):
        with open(self.path, "rb") as file:
            head = file.read(64)
            if len(head) < 64 or head[:6] != b"\x7fELF\2\1":
                return
            (table,) = struct.unpack_from("<Q", head, 32)
            _, count = struct.unpack_from("<HH", head, 54)
            file.seek(table)
            data = file.read(56 * count)
        for at in range(0, len(data) - 55, 56):
            kind, flags, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, at)
            yield kind, flags, offset, length


def libraries():
    """All that the dynamic linker knows."""
    ldconfig = shutil.which("ldconfig", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not ldconfig:
        raise BenchError("ldconfig is not installed")
    listing = subprocess.run([ldconfig, "-p"], stdout=subprocess.PIPE, check=False, text=True)
    paths = {os.path.realpath(line.rpartition(" => ")[2]) for line in listing.stdout.splitlines()}
    found = [Library(path) for path in sorted(paths) if os.path.isfile(path)]
    if not found:
        raise BenchError("ldconfig knows no library")
    return found


MAPPER = """
import json, mmap, os, sys
kept = []
for path, offset, length in json.loads(sys.argv[1]):
    fd = os.open(path, os.O_RDONLY)
    kept.append(mmap.mmap(fd, length, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC,
                          offset=offset))
    os.close(fd)
print('ready', flush=True)
sys.stdin.read()
"""


def mapped_text(pid):
    """Bytes of files that a process has mapped executable."""
    total = 0
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            fields = line.split(None, 5)
            if fields[1][2] == "x" and fields[4] != "0":
                first, last = (int(text, 16) for text in fields[0].split("-"))
                total += last - first
    return total


def pick(known):
    """Libraries with as much code as a large server, the largest that fit first."""
    room, picked = SERVER_TEXT, []
    for library in sorted(known, key=lambda l: -l.text):
        if room < SERVER_TEXT / 20:  # what the process itself has
            break
        if library.index and 0 < library.text <= room:
            room -= library.text
            picked.append(library)
    if room > SERVER_TEXT / 2:
        raise BenchError(f"the libraries here have only {(SERVER_TEXT - room) / 1e6:.0f} MB of text")
    return picked


def table_maps(picked):
    """Has a process with that code traced. Its bytes of text, and of the maps with its tables."""
    segments = []
    for library in picked:
        for offset, length in library.code:
            start = offset & -mmap.PAGESIZE
            segments.append((library.path, start, offset + length - start))
    process = procs.start(
        [procs.PYTHON, "-c", MAPPER, json.dumps(segments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    tool = None
    try:
        procs.Lines(process.stdout).next(20, "python3")
        text = mapped_text(process.pid)
        tool = procs.Tool(process.pid)
        maps = {m.name: m.size for m in outstanding.read_maps(tool.process.pid)}
        tool.stop()
    finally:
        procs.end(process)
        if tool:
            tool.end()
    if not set(TABLE_MAPS) <= set(maps):
        raise BenchError("the maps have no names: is bpftool installed?")
    return text, [maps[name] for name in TABLE_MAPS]


def build(section, name, library, label, runs):
    (words,) = output([procs.built("walk_tables"), str(runs), library.path], 60)
    rows = int(words[1])
    section.row(
        name,
        f"{os.path.basename(library.path)}{label}",
        build=[int(ns) / 1e6 for ns in words[4:]],
        rows=[rows],
        text=[int(words[2]) / 1e6],
        size=[rows * ROW / 1e6],
    )


def memory(section, known):
    picked = pick(known)
    built_tables = output([procs.built("walk_tables"), "1", *(library.path for library in picked)], 60)
    rows = sum(int(words[1]) for words in built_tables)
    text, sizes = table_maps(picked)
    parts = " + ".join(f"{name} {size / 1e6:.2f}" for name, size in zip(TABLE_MAPS, sizes))
    section.row(
        "walk.memory",
        "a process with as much text as a large server",
        f"{parts}; {', '.join(os.path.basename(library.path) for library in picked)}",
        rows=[rows],
        text=[text / 1e6],
        size=[rows * ROW / 1e6],
        maps=[sum(sizes) / text * SERVER_TEXT / 1e6],
    )


def tables(quick):
    section = results.Section(
        "unwind tables",
        {
            "build": ("build", "ms"),
            "rows": ("rows", ""),
            "text": ("text", "MB"),
            "size": ("rows", "MB"),
            "maps": ("maps for 60 MB of text", "MB"),
        },
    )
    try:
        known = libraries()
        runs = 3 if quick else 9
        by_index = sorted(known, key=lambda l: -l.index)
        build(section, "walk.build", by_index[0], ", which describes most code", runs)
        llvm = [l for l in by_index[1:] if os.path.basename(l.path).startswith("libLLVM")]
        if llvm:
            build(section, "walk.build.llvm", llvm[0], "", runs)
        memory(section, known)
    except BenchError as error:
        name = "walk.memory" if section.rows else "walk.build"
        section.fail(name, "tables", str(error))
    return section


def run(quick):
    """Two sections."""
    if platform.machine() != "x86_64":
        section = results.Section("a stack walk", {})
        section.skip("walk", "all", "not for this architecture yet")
        return [section]
    return [walks(quick), tables(quick)]
