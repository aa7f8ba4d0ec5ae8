# SPDX-License-Identifier: GPL-2.0-or-later
"""What -k adds to an allocation of the kernel and its free, against programs that do nothing, against
bpf_get_stackid and a tracer in bcc's shape, in turns."""
import results
import walk
from procs import BenchError, built

ROWS = [
    ("untraced", "a message sent and received", ""),
    ("empty", "programs that do nothing", ""),
    ("site", "-k, by call site", "--stack-every 1048576"),
    ("sampled", "-k, a stack for 1 in 64", "the default"),
    ("stacks", "-k, a stack for each", "--stack-every 1"),
    ("stackid", "bpf_get_stackid alone", "4 frames below the allocator's"),
    ("bcc", "a tracer in bcc's shape", "hash map, clock, stack id"),
]


def differences(left, right):
    return [a - b for a, b in zip(left, right)]


def run(quick):
    section = results.Section(
        "a kmalloc of 4,048 bytes and its kfree",
        {
            "added": ("added", "ns"),
            "empty": ("empty programs", ""),
            "stackid": ("its stack to a stack id", ""),
            "site": ("to -k by call site", ""),
        },
    )
    try:
        lines = walk.output([built("kernel_shapes"), "5" if quick else "25"], 120)
    except BenchError as error:
        for name, label, _ in ROWS:
            section.fail(f"kernel.{name}", label, str(error))
        return [section]
    figures = {(words[0], words[1]): [float(ns) for ns in words[2:]] for words in lines}
    added = {name: ns for (what, name), ns in figures.items() if what == "ns"}
    for name, label, note in ROWS:
        columns = {"added": added[name]}
        if name not in ("untraced", "empty"):
            columns["empty"] = walk.ratio(added[name], figures["beside", name])
        if name == "stacks":
            columns["stackid"] = walk.ratio(
                differences(added[name], added["site"]),
                differences(added["stackid"], added["empty"]),
            )
        if name == "bcc":
            columns["site"] = walk.ratio(added[name], added["site"])
        section.row(f"kernel.{name}", label, note, **columns)
    return [section]
