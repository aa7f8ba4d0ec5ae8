# SPDX-License-Identifier: GPL-2.0-or-later
"""Other tools, as far as they are installed."""
import os
import shutil
import subprocess

import procs
import ways

SBIN = ":/usr/sbin:/sbin:/usr/share/bcc/tools"


def find(*commands):
    """The first of them that is installed, also outside of PATH."""
    for command in commands:
        found = shutil.which(command, path=os.environ.get("PATH", "") + SBIN)
        if found:
            return found
    return None


def bcc_command():
    """bcc's memleak: $BCC_MEMLEAK, or as Debian calls the one of libbpf-tools, or the older one."""
    return os.environ.get("BCC_MEMLEAK") or find("memleak-libbpf", "memleak-bpfcc", "memleak")


def liblsan():
    """LeakSanitizer's library, which works preloaded."""
    listing = subprocess.run(
        [find("ldconfig") or "ldconfig", "-p"], stdout=subprocess.PIPE, check=False, text=True
    )
    for line in listing.stdout.splitlines():
        if line.strip().startswith("liblsan.so"):
            return line.rpartition(" => ")[2]
    return None


class Bcc(procs.OtherTracer):
    def __init__(self, load):
        argv = [bcc_command(), "-p", str(load.pid)]
        if load.allocator:
            argv += ["-O", short_name(load.pid, load.allocator)]
        super().__init__([*argv, "100000"], load.pid)

    def settle(self, warm_up):
        warm_up()

    def stop(self):
        super().stop()
        return ways.Account()


def short_name(pid, library):
    """A path of a mapped library that fits: bcc's memleak has room for 31 characters."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        path = next((line.split()[-1] for line in maps if library in line), library)
    short = os.path.join(procs.WORK, "o")
    if not os.path.lexists(short):
        os.symlink(path, short)
    return short


def attaching():
    """Ways of tools that attach, and (name, label) of those that are not installed."""
    if not bcc_command():
        return [], [("bcc", "bcc memleak")]
    return [ways.Way("bcc", "bcc memleak", Bcc, every=2, ours=False)], []


def starting(valgrind_flags=()):
    """The same of tools that start the program; valgrind, the slowest, least often."""
    lsan = liblsan()
    tools = [
        ("heaptrack", "heaptrack", find("heaptrack"), ["-o", f"{procs.WORK}/heaptrack"]),
        (
            "valgrind", "valgrind --leak-check=full", find("valgrind"),
            ["-q", "--leak-check=full", "--log-file=/dev/null", *valgrind_flags],
        ),
        # Whatever leaks, the program shall end as it would.
        (
            "lsan", "LeakSanitizer, preloaded", lsan and find("env"),
            [f"LD_PRELOAD={lsan}", "LSAN_OPTIONS=exitcode=0:log_path=/dev/null"],
        ),
    ]
    found, missing = [], []
    for name, label, command, arguments in tools:
        if command:
            prefix = [command, *arguments]
            every = 3 if name == "valgrind" else 2
            found.append(ways.Way(name, label, prefix=prefix, every=every, ours=False))
        else:
            missing.append((name, label))
    return found, missing
