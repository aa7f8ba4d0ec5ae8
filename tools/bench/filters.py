# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel filter (-f) costs that rejects, against a program that does nothing."""
import results
import walk
from procs import BenchError, built

# Row, expression that lets nothing of the load pass.
FILTERS = [
    ("number", "bytes_alloc == 12345"),
    ("and", "bytes_alloc == 4096 && bytes_req == 1"),
    ("flags", "gfp_flags & __GFP_DMA"),
    ("pid", "pid == 1"),
    ("comm", 'comm == "xyzzy"'),
    ("comm_glob", 'comm ~ "*[x-z]y?z*"'),
    ("name", 'name ~ "dentry*"'),
    ("cgroup", 'cgroup != "/"'),
]


def run(quick):
    section = results.Section(
        "a filter that rejects", {"added": ("added to kmalloc", "ns"), "ratio": ("empty program", "")}
    )
    try:
        argv = [built("filters"), "5" if quick else "15", *(text for _, text in FILTERS)]
        lines = walk.output(argv, 60)
    except BenchError as error:
        for name, text in FILTERS:
            section.fail(f"filter.{name}", text, str(error))
        return [section]
    figures = [[float(ns) for ns in words[2:]] for words in lines if words[0] == "ns"]
    section.row("filter.empty", "empty program", added=figures[0])
    for (name, text), added in zip(FILTERS, figures[1:]):
        section.row(f"filter.{name}", text, added=added, ratio=walk.ratio(added, figures[0]))
    return [section]
