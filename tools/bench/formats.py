# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a report of a million blocks on 10,000 stacks takes to be recorded, and to be shown in each format."""
import os
import shutil
import subprocess
import tempfile
import time

import procs
import results
from procs import BenchError


def measure(runs, *arguments):
    """Milliseconds, size of the file, peak of memory."""
    samples = {"time": [], "size": [], "memory": []}
    for _ in range(runs):
        done = subprocess.run([procs.built("formats"), *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(done.stderr.strip() or f"formats ended with {done.returncode}")
        seconds, size, peak = done.stdout.split()
        samples["time"].append(float(seconds) * 1e3)
        samples["size"].append(int(size) / 1e6)
        samples["memory"].append(int(peak) / 2**20)
    return samples


def opened(runs, page, where):
    """Until Chromium has loaded the page and run its script, less what it takes for an empty one."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise BenchError("no chromium")
    empty = os.path.join(where, "empty.html")
    with open(empty, "w", encoding="utf-8") as file:
        file.write("<!DOCTYPE html><title>empty</title>")

    def load(path):
        began = time.monotonic()
        done = subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom",
                               f"--user-data-dir={where}/profile", "file://" + path], capture_output=True,
                              text=True, errors="replace", check=False, timeout=60)
        if path != empty and "data-node" not in done.stdout:
            raise BenchError("the page did not run")
        return (time.monotonic() - began) * 1e3

    load(empty)
    return {"time": [load(page) - load(empty) for _ in range(runs)]}


def run(quick):
    section = results.Section(
        "formats",
        {
            "time": ("wall time", "ms"),
            "size": ("file", "MB"),
            "memory": ("peak of memory", "MiB"),
        },
    )
    runs = 2 if quick else 5
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as where:
        recording = os.path.join(where, "recording")
        try:
            section.row("formats.save", "recorded", **measure(runs, "make", recording))
        except BenchError as error:
            section.fail("formats.save", "recorded", str(error))
            return [section]
        for name in results.SHOWN:
            try:
                path = os.path.join(where, "out." + name)
                section.row(f"formats.{name}", f"shown as {name}", **measure(runs, name, recording, path))
            except BenchError as error:
                section.fail(f"formats.{name}", f"shown as {name}", str(error))
        try:
            section.row("formats.opened", "the page opened", **opened(runs, os.path.join(where, "out.html"), where))
        except BenchError as error:
            section.fail("formats.opened", "the page opened", str(error))
    return [section]
