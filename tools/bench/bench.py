# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures memleak-bpf; started by tools/bench/run, which says how."""
import argparse
import os
import platform
import re
import signal
import subprocess
import sys
import time

import bystander
import cost
import filters
import formats
import kept
import kernel
import maps
import outstanding
import procs
import programs
import reach
import results
import startup
import triage
import walk

PARTS = {
    "start": lambda quick: [startup.run(quick)],
    "report": outstanding.run,
    "walk": walk.run,
    "kept": kept.run,
    "maps": maps.run,
    "triage": triage.run,
    "formats": formats.run,
    "reach": reach.run,
    "bystander": bystander.run,
    "loops": cost.run,
    "profile": cost.profiles,
    "programs": programs.run,
    "filters": filters.run,
    "kernel": kernel.run,
}


def busy_percent(seconds):
    """How much of all CPUs others use."""

    def sample():
        with open("/proc/stat", encoding="utf-8") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # all; idle and waiting for a disk

    total, idle = sample()
    time.sleep(seconds)
    total_after, idle_after = sample()
    return 100 - 100 * (idle_after - idle) / max(1, total_after - total)


def cpu():
    """Its name, and whether a hypervisor runs it."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    name = re.search(r"^model name\s*: (.*)$", text, re.M)
    flags = re.search(r"^flags\s*: (.*)$", text, re.M)
    return (
        name.group(1) if name else platform.machine(),
        bool(flags and "hypervisor" in flags.group(1).split()),
    )


def facts(quick):
    name, virtual = cpu()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    version = subprocess.check_output([procs.TOOL, "--version"], text=True)
    return {
        "tool": version.splitlines()[0],
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu": name,
        "cpus": os.cpu_count(),
        "virtual": virtual,
        "memory_gib": round(memory / 2**30),
        "libc": os.confstr("CS_GNU_LIBC_VERSION"),
        "busy_percent": round(busy_percent(0.5)),
        "quick": quick,
    }


def print_head(all_results):
    f = all_results.facts
    print(f"{all_results.machine()}; {results.LEGEND}")
    if f["busy_percent"] > 10:
        print(f"note: others keep this machine {f['busy_percent']} % busy; the figures suffer")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    parser.add_argument("parts", nargs="*")
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    all_results = results.Results(facts(args.quick))
    began = time.monotonic()
    print_head(all_results)
    for part in args.parts or PARTS:
        part, _, only = part.partition(":")
        for section in PARTS[part](args.quick, *([only.split(",")] if only else [])):
            all_results.sections.append(section)
            section.print(sys.stdout)
    all_results.facts["seconds"] = round(time.monotonic() - began, 1)
    if args.json:
        all_results.save(args.json)
    if args.markdown:
        all_results.save_markdown(args.markdown)
    return verdict(all_results)


def verdict(all_results):
    failed, missed = all_results.failed(), all_results.missed()
    if failed:
        print(f"could not be measured: {', '.join(failed)}")
    if all_results.unheld():
        print(f"bars that nothing here can be held against: {', '.join(all_results.unheld())}")
    print(f"bars missed: {', '.join(missed) or 'none'}; {all_results.facts['seconds']:.0f} s")
    if failed:
        return 1
    return 1 if missed and os.environ.get("BENCH_STRICT") == "1" else 0


def terminated(*_):
    sys.exit(130)


if __name__ == "__main__":
    # Children start with SIGINT as it is by default, even when a shell ran this in the background.
    signal.signal(signal.SIGINT, terminated)
    signal.signal(signal.SIGTERM, terminated)
    try:
        sys.exit(main())
    finally:
        procs.end_all()
