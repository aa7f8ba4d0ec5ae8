# SPDX-License-Identifier: GPL-2.0-or-later
"""What -k adds to an allocation of the kernel and its free, against programs that do nothing, against
bpf_get_stackid and a tracer in bcc's shape, in turns."""
import estimate
import results
import walk
from estimate import added, ratio
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
BATCHES, ROUNDS = 25, 4


def figures(lines):
    """From kernel_shapes' lines: {name: [figures of a batch...]}, {name: events a message}"""
    batches, events = {}, {}
    for what, name, *words in lines:
        if what == "ns":
            batches.setdefault(name, []).append([float(ns) for ns in words[1:]])
        elif what == "events":
            events[name] = float(words[0])
    return batches, events


def columns_of(name):
    """{column: what it is of the means}"""
    if name == "untraced":
        return {"time": lambda mean: mean[name]}
    columns = {"added": added(name)}
    if name != "empty":
        columns["empty"] = ratio(added(name), added("empty"))
    if name == "stacks":
        columns["stackid"] = ratio(added(name, "site"), added("stackid", "empty"))
    if name == "bcc":
        columns["site"] = ratio(added(name), added("site"))
    return columns


def add_rows(section, lines):
    batches, events = figures(lines)
    means = estimate.Batches(batches)
    for name, label, note in ROWS:
        if name == "empty":
            note = f"{events[name]:.2f} events a message, as with all below"
        columns = {column: means.estimate(figure) for column, figure in columns_of(name).items()}
        section.row(f"kernel.{name}", label, note, **columns)


def run(quick):
    section = results.Section(
        "a kmalloc of 4,048 bytes and its kfree",
        {
            "time": ("time", "ns"),
            "added": ("added", "ns"),
            "empty": ("empty programs", ""),
            "stackid": ("its stack to a stack id", ""),
            "site": ("to -k by call site", ""),
        },
    )
    try:
        argv = [built("kernel_shapes"), str(5 if quick else BATCHES), str(ROUNDS)]
        add_rows(section, walk.output(argv, 120))
    except BenchError as error:
        for name, label, _ in ROWS:
            section.fail(f"kernel.{name}", label, str(error))
    return [section]
