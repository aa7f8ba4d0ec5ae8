#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares memleak-bpf --reach and --heap with valgrind's memcheck, and all with what the program says of itself.

reach.py TOOL PROGRAM [CASE...]: all rows of the program's table (tests/prog/reach.h), or those. For each, the
bytes and blocks of the four kinds are the same as memcheck's, or differ as DIFFERS says. --heap looks at the
program when it has done its work and waits; --reach judges every second one without a copy. The former does not know how many bytes malloc was asked for: see
user/reach/chunks.h for how many more it may tell.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

try:
    import jsonschema
except ImportError:
    jsonschema = None

# Nothing of the C library's own is freed at the end, and stacks of ended threads are given back: what
# only these point to is in use for memcheck otherwise, as it does not know that nobody looks there
# (manual, 2.6.4, no-nptl-pthread-stackcache; since glibc 2.34 a tunable does that).
VALGRIND = [
    "valgrind",
    "--leak-check=full",
    "--show-leak-kinds=all",
    "--run-libc-freeres=no",
    "--run-cxx-freeres=no",
    "--child-silent-after-fork=no",
    "--sim-hints=no-nptl-pthread-stackcache",
    "--xml=yes",
]
KINDS = ["definite", "indirect", "possible", "reachable"]
NAMES = {
    "Leak_DefinitelyLost": "definite",
    "Leak_IndirectlyLost": "indirect",
    "Leak_PossiblyLost": "possible",
    "Leak_StillReachable": "reachable",
}
OURS = {
    "definitely lost": "definite",
    "indirectly lost": "indirect",
    "possibly lost": "possible",
    "still reachable": "reachable",
}
ANY = 2**64 - 1  # not stated

# Where both are right by their own rules: what moves from one kind to another, from memcheck's point of
# view, in (bytes, blocks); and why.
DIFFERS = {
    "left_in_a_new_block": (
        ("definite", "reachable", (100, 1)),
        "memcheck follows only words that the program has written since it got the block",
    ),
    "ring_entered_elsewhere": (
        ("definite", "indirect", (32, 1)),
        "memcheck goes by address, and does not give up a ring's first block for one that leads into it",
    ),
}


# Where there is no verdict: what is said instead.
UNCONFIRMED = {"handles_continue": "unconfirmed: the program did not end by _exit"}
# Where the stack of an ended thread is kept, as it is without a debugger. With it goes the thread's table
# of variables (dtv), by a pointer to its middle: one block more that is possibly lost.
KEEPS_STACKS = {"on_ended_stack"}
FREE_STACKS = dict(os.environ, GLIBC_TUNABLES="glibc.pthread.stack_cache_size=0")


# The same for --heap.
NEEDS_SIZE = {"possible": 1, "reachable": -1}, "memcheck's rule needs the size that was asked for"
AT_EXIT = "what functions called at exit do is still to come"
HEAP_DIFFERS = {
    "left_in_a_new_block": ({"reachable": 1, "definite": -1}, DIFFERS["left_in_a_new_block"][1]),
    "ring_entered_elsewhere": ({"indirect": 1, "definite": -1}, DIFFERS["ring_entered_elsewhere"][1]),
    "length_before": NEEDS_SIZE,
    "count_before": NEEDS_SIZE,
    "text_behind_its_head": NEEDS_SIZE,
    "by_exit_handler": ({"reachable": 1, "definite": -2}, AT_EXIT),
    "in_static_object": ({"reachable": 4, "definite": -3}, AT_EXIT),
    "freed_by_exit_handler": ({"reachable": 2, "definite": -1}, AT_EXIT),
}
# What it shows of blocks.
HEAP_SHOWS = {
    "hash_table": "\n17,440 bytes in 436 blocks of 40 bytes: still reachable 17440 bytes in 436 allocations\n",
    "list_kept": "\n    held by keep (reach.h:{keep}) → block of 40 bytes +0 (9 times)\n",
    "in_thread_variable": "\n    held by variables of thread ",
    "huge_kept": "\n    held by keep (reach.h:{keep}) → block of 3149808 bytes +0x200000\n",
    "second_base": "\n    class (anonymous namespace)::Both\n",
    "copied_strings": '\n24 bytes in 1 blocks of 24 bytes: definitely lost 24 bytes in 1 allocations\n'
                      '    begin like "twenty-one characters"\n',
    "hash_table_lost": "\n17,440 bytes in 436 blocks of 40 bytes: indirectly lost 17440 bytes in 436 allocations\n",
}
ENDS_OTHERWISE = {
    "in_a_frame_that_lives", "in_a_register", "in_opened_library", "in_closed_library", "in_environment",
    "exit_in_thread", "by_quick_exit", "by_underscore_exit", "in_exception",
}


def run(command, **more):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=250, check=False, **more
    )


def memcheck_all(program, work):
    """Runs all rows; the files of what it found, by name."""
    path = os.path.join(work, "%p.xml")
    done = run(VALGRIND + [f"--xml-file={path}", program, "all"], env=FREE_STACKS)
    rows = [line.split() for line in done.stdout.decode().splitlines() if len(line.split()) == 2]
    return {case: path.replace("%p", pid) for case, pid in rows}


def memcheck(path):
    """By kind: bytes, blocks."""
    found = {kind: [0, 0] for kind in KINDS}
    for error in xml.etree.ElementTree.parse(path).getroot().iter("error"):
        kind = NAMES.get(error.findtext("kind"))
        if not kind:
            continue
        # of a lost block that others hang under, "leakedbytes" is the sum of all: the text tells
        text = error.find("xwhat").findtext("text")
        direct = re.search(r"\(([\d,]+) direct", text)
        size = direct.group(1).replace(",", "") if direct else error.find("xwhat").findtext("leakedbytes")
        found[kind][0] += int(size)
        found[kind][1] += int(error.find("xwhat").findtext("leakedblocks"))
    return {kind: tuple(sums) for kind, sums in found.items()}


def ours(tool, program, case, options):
    environment = os.environ if case in KEEPS_STACKS else FREE_STACKS
    done = run([tool, "--reach", *options, "-T", "0", "--", program, case], env=environment)
    report = done.stdout.decode(errors="replace")
    line = re.search(r"\] reachability: (.*)", report)
    if not line or "unconfirmed" in line.group(1):
        return None, line.group(1) if line else done.stderr.decode(errors="replace")[-300:]
    if ("no room for a copy" in line.group(1)) != bool(options):
        return None, f"with {options}: {line.group(1)}"
    found = {kind: (0, 0) for kind in KINDS}
    for name, size, count in re.findall(r"(\w+ \w+) (\d+) bytes in (\d+) allocations", line.group(1)):
        if name == "not judged":  # mappings of the program itself
            continue
        found[OURS[name]] = int(size), int(count)
    return found, report


def heap_json_wrong(done, found, report):
    """What is wrong about --format json: by its schema, by the text of the same process, by its own sums."""
    try:
        document = json.loads(done.stdout)
    except ValueError as error:
        return [f"no JSON: {error}: {done.stderr[-200:]}"]
    wrong = []
    if jsonschema:
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "user", "heap", "heap.schema.json")
        with open(path, encoding="utf-8") as file:
            schema = json.load(file)
        validator = jsonschema.validators.validator_for(schema)(schema)
        wrong += [f"{list(e.absolute_path)}: {e.message[:100]}" for e in validator.iter_errors(document)]
        if wrong or not list(validator.iter_errors(dict(document, more=1))):
            return wrong or ["the schema takes anything"]
    kinds = {k: (s["bytes"], s["count"]) for k, s in document["kinds"].items()}
    if kinds != found:
        wrong.append(f"JSON has {kinds}, the text {found}")
    for key in ("bytes", "count"):
        sums = {
            "kinds": sum(s[key] for s in document["kinds"].values()),
            "sizes": sum(s["all"][key] for s in document["sizes"]),
            "alike": sum(k[key] for k in document["alike"]) + document["others"][key],
        }
        if set(sums.values()) != {document[key]}:
            wrong.append(f"of {document[key]} {key} there are {sums}")
    for kind in document["alike"]:
        if sum(s["count"] for s in kind["kinds"].values()) != kind["count"]:
            wrong.append(f"verdicts do not add up: {kind}")
        if kind["held_by"] and f"held by {kind['held_by']}" not in report:
            wrong.append(f"held by {kind['held_by']} in JSON only")
    if "held by" in report and not any(kind["held_by"] for kind in document["alike"]):
        wrong.append("held by nobody in JSON")
    return wrong


def line_of_keep():
    """The line that declares the programs' variable `keep`."""
    header = os.path.join(os.path.dirname(os.path.abspath(__file__)), "prog", "reach.h")
    with open(header, encoding="utf-8") as file:
        return str(next(i for i, text in enumerate(file, 1) if re.search(r"^static .*\bkeep\[", text)))


def on_heap(tool, program, case):
    """What --heap says of the program when its work is done."""
    environment = dict(FREE_STACKS, REACH_STAY="1")
    with subprocess.Popen([program, case], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as child:
        ready = child.stdout.readline()
        done = run([tool, "--heap", "--by-whom", "-p", str(child.pid), "--max-pause", "60000"])
        document = None
        if case in HEAP_SHOWS:
            document = run([tool, "--heap", "--by-whom", "--format", "json", "-p", str(child.pid), "--max-pause", "60000"])
        child.stdin.close()
    report = done.stdout.decode(errors="replace")
    line = re.search(r"^reachability: (.*)", report, re.M)
    if ready != b"done\n" or not line:
        return None, f"{ready} {done.stderr.decode(errors='replace')[-300:]}"
    found = {kind: (0, 0) for kind in KINDS}
    for name, size, count in re.findall(r"(\w+ \w+) (\d+) bytes in (\d+) allocations", line.group(1)):
        found[OURS[name]] = int(size), int(count)
    more = re.findall(r"^(?:warning|note): .*", report, re.M)
    shows = HEAP_SHOWS.get(case, "").replace("{keep}", line_of_keep())
    if shows not in report:
        more.append(f"not {shows}, but {report}")
    if document:
        more += heap_json_wrong(document, found, report)
    return found, more


def compare_heap(tool, program, case, theirs):
    """None, or what is wrong."""
    found, more = on_heap(tool, program, case)
    if not found or more:
        return f"--heap says {more}"
    wanted = {kind: count for kind, (_, count) in theirs.items()}
    for kind, more in HEAP_DIFFERS.get(case, ({}, ""))[0].items():
        wanted[kind] += more
    counts = {kind: count for kind, (_, count) in found.items()}
    if counts != wanted:
        return f"--heap finds {counts} blocks, should be {wanted}"
    for kind in KINDS:
        size, count = found[kind]
        rounded = (4096 if size > 1 << 20 else 47) * count
        if case not in HEAP_DIFFERS and not size - rounded <= theirs[kind][0] <= size:
            return f"--heap says {size} bytes {kind} in {count}, memcheck {theirs[kind][0]}"
    return None


def compare(tool, program, row, memcheck_files, options):
    """None, or what is wrong."""
    case, *stated = row.split()
    if case not in memcheck_files:
        return "memcheck has not run it"
    theirs = memcheck(memcheck_files[case])
    if case not in ENDS_OTHERWISE:
        wrong = compare_heap(tool, program, case, theirs)
        if wrong:
            return wrong
    found, report = ours(tool, program, case, options)
    if case in UNCONFIRMED:
        return None if report == UNCONFIRMED[case] else f"should be {UNCONFIRMED[case]}"
    if not found:
        return f"no verdict: {report}"
    for kind, size in zip(KINDS, stated):
        if int(size) != ANY and theirs[kind][0] != int(size):
            return f"memcheck finds {theirs[kind][0]} bytes {kind}, the program says {size}"
    wanted = dict(theirs)
    if case in DIFFERS:
        (source, target, (size, count)), _ = DIFFERS[case]
        wanted[source] = wanted[source][0] - size, wanted[source][1] - count
        wanted[target] = wanted[target][0] + size, wanted[target][1] + count
    if case in KEEPS_STACKS and found["possible"][1] == 1:
        wanted["possible"] = found["possible"]
    if found != wanted:
        return "; ".join(
            f"{kind}: {found[kind]}, should be {wanted[kind]}" for kind in KINDS if found[kind] != wanted[kind]
        ) + ("\n" + report if os.environ.get("REACH_VERBOSE") else "")
    return None


def main():
    tool, program, *only = sys.argv[1:]
    rows = run([program, "list"]).stdout.decode().splitlines()
    if only:
        rows = [row for row in rows if row.split()[0] in only]
    failed = not rows
    # they mostly wait: for probes to come and go
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(8) as pool:
        files = memcheck_all(program, work)
        options = [["--max-memory", "64K"] if i % 2 else [] for i in range(len(rows))]
        results = pool.map(lambda row, how: compare(tool, program, row, files, how), rows, options)
        for row, wrong in zip(rows, results):
            case = row.split()[0]
            if wrong:
                failed = True
                print(f"FAIL {case}: {wrong}")
            elif case in UNCONFIRMED:
                print(f"PASS {case}: {UNCONFIRMED[case]}")
            elif case in DIFFERS:
                print(f"PASS {case}: differs from memcheck as it has to: {DIFFERS[case][1]}")
            else:
                print(f"PASS {case}: all four kinds are memcheck's")
            sys.stdout.flush()
    return failed


sys.exit(main())
