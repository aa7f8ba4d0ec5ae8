#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads memleak-bpf's text reports and compares them with the truth that a traced program wrote.

report.py check REPORT TRUTH [--attached] [--lossy] [--top]
        Every line of TRUTH (see tests/prog/target.h) holds in the last report, and it balances.
        --attached: EXPECT_TOTAL and EXPECT_UNTRACKED count too
        --lossy: losses are allowed
        --top: not all stacks are shown, so sums are not compared
report.py holds REPORT EXPRESSION
        A Python expression is true of `reports`, `last` and `total(function)`; else it is explained.
report.py each REPORT EXPRESSION...
        The same of many. Prints a line for each: what is wrong, or nothing.
report.py becomes REPORT SKIP SECONDS EXPRESSION
        The same of a report of a tool that still runs, behind the first SKIP ones; it is waited for.
report.py symbols REPORT MAPS
        The names in the last report are those that nm has for these addresses. MAPS: /proc/PID/maps
        of the traced process. Prints how many frames were compared.
"""
import os
import platform
import re
import subprocess
import sys
import time

HEAD = re.compile(
    r"\[(\d\d:\d\d:\d\d)\] ([\d,]+) bytes in ([\d,]+) allocations? outstanding"
    r"(?:, ([\d,]+) stacks?)?(.*)"
)
SITE = re.compile(r"\t(\d+) bytes in (\d+) allocations? from stack(.*)")
FRAME = re.compile(r"\t\t(0x[0-9a-f]+) (.*)")
TIMED = re.compile(r"\[\d\d:\d\d:\d\d\] (\w+): (.*)")
VERDICT = re.compile(r"\t\t(too early to say|leaking|growing cache|plateau|churn|start-up): ")
GROWTH = re.compile(
    r"\[\d\d:\d\d:\d\d\] check: (\S+) grew by ([\d,]+) objects, (?:all of them accounted for \(([\d,]+) .*"
    r"|([\d,]+) of them accounted for \([\d.]+ %\)"
    r"(?:, ([\d,]+) came or went meanwhile)?(?:, ([\d,]+) (?:unexplained(?:: .*)?|not followed))?)"
)
PROCESS = re.compile(
    r"\[\d\d:\d\d:\d\d\] process (\d+): (\d+) bytes in (\d+) allocations outstanding, seen (\d+), freed (\d+)"
    r"(?:, given up at exec (\d+))?(?:, lost (\d+))?(?:; (forked|started) by (\d+))?(; still running)?: (.*?)(?: \((.*)\))?"
)
ENTRY = re.compile(r"\t\t(\S.*?) → (.*)")


def number(text):
    return int(text.replace(",", ""))


class Frame:
    """One line `ADDRESS function+0xOFFSET file:LINE [image] (inlined)`; all but the address may lack."""

    def __init__(self, address, text):
        self.address = int(address, 16)
        self.text = text
        self.inlined = self.file = self.line = self.image = None
        if text.endswith(" (inlined)"):
            self.inlined = True
            text = text[: -len(" (inlined)")]
        match = re.fullmatch(r"(?:(.*?) )?\[(?!clone )(.*)\]", text)
        if match:
            text, self.image = match.group(1) or "", match.group(2)
            self.image = re.sub(r"\+0x[0-9a-f]+$", "", self.image)  # no name: place in the file
        if text.endswith(" (inlined)"):
            self.inlined = True
            text = text[: -len(" (inlined)")]
        match = re.fullmatch(r"(.*?) ?(\S+):(\d+)", text)
        if match:
            text, self.file, self.line = match.group(1), match.group(2), int(match.group(3))
        match = re.fullmatch(r"(.*)\+0x([0-9a-f]+)", text)
        self.offset = None
        if match:
            text, self.offset = match.group(1), int(match.group(2), 16)
        self.function = text

    def is_in(self, function):
        if self.function == function:
            return True
        plain = re.sub(r"(::h[0-9a-f]{16})$", "", self.function)  # Rust's hash
        plain = re.sub(r"@.*", "", plain)
        plain = re.sub(r" \[clone .*\]$|\.(isra|part|constprop|cold)\b.*", "", plain)
        if plain == function:
            return True
        # C++: without arguments, and without a template function's return type
        plain = re.sub(r"\(.*", "", plain)
        return plain == function or plain.endswith(" " + function)


class Site:
    def __init__(self, count_bytes, count, growth):
        self.bytes = count_bytes
        self.count = count
        self.growth = growth.strip()
        self.entry = None
        self.age = ""
        self.verdict = ""  # "leaking"
        self.frames = []
        self.lines = []

    def holds(self, function):
        return any(f.is_in(function) for f in self.frames)


class Process:
    """A line of the list below the sum of several processes."""

    def __init__(self, match):
        self.pid, self.bytes, self.count, self.seen, self.freed = (int(match.group(i)) for i in range(1, 6))
        self.gone, self.lost = int(match.group(6) or 0), int(match.group(7) or 0)
        self.how, self.parent = match.group(8), int(match.group(9) or 0)
        self.running, self.command, self.gap = bool(match.group(10)), match.group(11), match.group(12)


class Growth:
    """Of a cache of the kernel: how much of it is accounted for."""

    def __init__(self, match):
        self.cache, self.objects = match.group(1), number(match.group(2))
        self.known = number(match.group(3) or match.group(4))
        self.moving, self.rest = (number(match.group(i) or "0") for i in (5, 6))

    def adds_up(self):
        return self.known >= self.objects or self.known + self.moving + self.rest == self.objects


class Report:
    def __init__(self, match):
        self.time, self.rest = match.group(1), match.group(5)
        self.bytes, self.count = number(match.group(2)), number(match.group(3))
        self.stacks = number(match.group(4)) if match.group(4) else None
        self.sites = []
        self.account = {}
        self.warnings = []
        self.verdict = ""  # the sentence on the whole
        self.lost = ""  # the same, of what can be reached
        self.processes = []  # of a sum
        self.memory = []  # sentences of the reconciliation
        self.lines = [match.group(0)]

    def total(self, function):
        sites = [s for s in self.sites if s.holds(function)]
        return sum(s.bytes for s in sites), sum(s.count for s in sites)

    def mib(self, words):
        """The figure behind these words in the reconciliation with the target's memory; 0: none."""
        units = {"B": 2**-20, "KiB": 2**-10, "MiB": 1, "GiB": 2**10}
        match = re.search(re.escape(words) + r"[ ≈]*([\d.]+) (\w+)", "\n".join(self.memory))
        return float(match.group(1)) * units[match.group(2)] if match else 0

    def made_by(self, function):
        """Of the sites that are in this function themselves."""
        sites = [s for s in self.sites if s.frames and s.frames[0].is_in(function)]
        return sum(s.bytes for s in sites), sum(s.count for s in sites)

    def passed_over(self):
        """System calls that the kernel did not tell of, at most."""
        return sum(int(text.split()[0].replace(",", "")) for text in self.warnings if "passed over by the kernel" in text)

    def grew(self):
        """Caches that have grown."""
        return [Growth(match) for match in map(GROWTH.fullmatch, self.lines) if match]

    def gone(self):
        """Given up by exec: neither freed nor outstanding nor lost."""
        return sum(v for k, v in self.account.items() if "exec" in k)

    def text(self):
        return "\n".join(self.lines)


def parse(path, whole=False):
    """All reports; whole: only those before the end of the last accounting line."""
    reports = []
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    if whole:
        ends = [i for i, line in enumerate(lines[:-1]) if re.match(r"\[[\d:]+\] accounting: ", line)]
        lines = lines[: ends[-1] + 1] if ends else []
    for line in lines:
        match = HEAD.match(line)
        if match:
            reports.append(Report(match))
            continue
        if not reports:
            continue
        report = reports[-1]
        report.lines.append(line)
        match = SITE.match(line)
        if match:
            report.sites.append(Site(int(match.group(1)), int(match.group(2)), match.group(3)))
            continue
        match = PROCESS.fullmatch(line)
        if match:
            report.processes.append(Process(match))
            continue
        match = TIMED.match(line)
        if match:
            kind, text = match.groups()
            if kind == "accounting":
                for name, value in re.findall(r"([a-z][a-z /-]*?) ([\d,]*\d)", text):
                    report.account[name] = number(value)
            elif kind == "memory":
                report.memory.append(text)
            elif kind == "verdict":
                report.verdict = text
            elif kind == "lost":
                report.lost = text
            elif kind not in ("reachability", "profile"):
                report.warnings.append(text)
            continue
        if not report.sites:
            continue
        site = report.sites[-1]
        site.lines.append(line)
        match = FRAME.match(line)
        if match:
            site.frames.append(Frame(*match.groups()))
            continue
        match = VERDICT.match(line)
        if match:
            site.verdict = match.group(1)
            continue
        match = ENTRY.match(line)
        if match:
            site.entry, site.age = match.groups()
    return reports


def is_the_kernels(warning):
    """Since 7.0 tracepoint programs can be preempted, and the kernel does pass over some of the target's system
    calls then: saying so is right. All figures have to equal the truth nevertheless."""
    return "passed over by the kernel" in warning and int(platform.release().split(".")[0]) >= 7


def check(path, truth_path, attached, lossy, top):
    wrong = []
    reports = parse(path)
    if not reports:
        return ["there is no report"]
    last = reports[-1]
    for i, report in enumerate(reports):
        a = report.account
        if not all(k in a for k in ("seen", "freed", "outstanding", "lost")):
            wrong.append(f"report {i + 1} has no accounting line")
            continue
        left = a["freed"] + a["outstanding"] + a["lost"] + a.get("passed over", 0) + report.gone()
        if a["seen"] != left:
            wrong.append(f"report {i + 1} does not balance: {a}")
        if "not balance" in report.text():
            wrong.append("the tool says that the report does not balance")
        if a["lost"] and not lossy:
            wrong.append(f"{a['lost']} allocations lost")
    if last.processes:
        for name in ("bytes", "count"):
            if sum(getattr(p, name) for p in last.processes) != getattr(last, name):
                wrong.append(f"{name} of the processes do not add up to those of the sum")
        if sum(p.seen for p in last.processes) != last.account["seen"]:
            wrong.append("what was seen of the processes does not add up")
        wrong += [f"process {p.pid}: {p.gap}" for p in last.processes if p.gap and not lossy]
    warnings = [text for text in last.warnings if not is_the_kernels(text)]
    if warnings and not lossy:
        wrong.append("warning: " + warnings[0])
    if not top:
        sums = sum(s.bytes for s in last.sites), sum(s.count for s in last.sites)
        if sums != (last.bytes, last.count):
            wrong.append(f"stacks add up to {sums}, the head says {(last.bytes, last.count)}")
        if last.stacks is not None and last.stacks != len(last.sites):
            wrong.append(f"{len(last.sites)} stacks shown, the head says {last.stacks}")

    with open(truth_path, encoding="utf-8") as file:
        truth = [line.split() for line in file]
    lines = {}
    facts = 0
    for words in truth:
        key = words[0]
        facts += 1
        if key == "EXPECT":
            function, want = " ".join(words[1:-2]), (int(words[-2]), int(words[-1]))
            found = last.total(function)
            if found != want:
                wrong.append(
                    f"{function}: {found[0]} bytes in {found[1]}, should be {want[0]} in {want[1]}"
                )
            if want == (0, 0) and any(s.holds(function) for s in last.sites):
                wrong.append(f"{function}: should not appear")
        elif key == "EXPECT_LINE":
            lines.setdefault(" ".join(words[1:-1]), set()).add(int(words[-1]))
        elif key == "EXPECT_ENTRY":
            entries = {s.entry for s in last.sites if s.holds(words[1])}
            if entries != {words[2]}:
                wrong.append(f"{words[1]}: allocated by {entries}, should be {words[2]}")
        elif key == "EXPECT_INLINED":
            if not all(f.inlined for s in last.sites for f in s.frames if f.is_in(words[1])):
                wrong.append(f"{words[1]}: not marked as inlined")
        elif key == "EXPECT_SITES":
            n = sum(s.holds(words[1]) for s in last.sites)
            if n != int(words[2]):
                wrong.append(f"{words[1]}: on {n} stacks, should be {words[2]}")
        elif key == "EXPECT_TOTAL" and attached:
            if (last.bytes, last.count) != (int(words[1]), int(words[2])):
                wrong.append(
                    f"total: {last.bytes} bytes in {last.count}, should be {words[1]} in {words[2]}"
                )
        elif key == "EXPECT_UNTRACKED" and attached:
            found = last.account.get("untracked frees")
            if found != int(words[1]):
                wrong.append(f"untracked frees: {found}, should be {words[1]}")
        elif key == "SKIP":
            facts -= 1
    for function, want in lines.items():
        found = {f.line for s in last.sites for f in s.frames if f.is_in(function)}
        if found != want:
            wrong.append(f"{function}: line {found or 'missing'}, should be {want}")
    if not facts:
        wrong.append("the program stated nothing to compare with")
    return wrong


def holds(path, expression):
    return wrong_of(parse(path), expression)


def becomes(path, skip, seconds, expression):
    """`last` is one report after the other. Not one that is being written: its account is its end."""
    wrong = ["no report comes"]
    end = time.monotonic() + seconds
    tried = skip
    while True:
        reports = parse(path, whole=True)
        for n in range(tried + 1, len(reports) + 1):
            wrong = wrong_of(reports[:n], expression)
            tried = n
            if not wrong:
                return wrong
        if time.monotonic() > end:
            return wrong
        time.sleep(0.05)


def wrong_of(reports, expression):
    names = {"reports": reports, "last": reports[-1] if reports else None, "re": re}
    names["total"] = names["last"].total if reports else None
    names["mib"] = names["last"].mib if reports else None
    names["memory"] = "\n".join(names["last"].memory) if reports else None
    try:
        # Names in comprehensions are looked up among the globals.
        value = eval(f"({expression})", names)  # pylint: disable=eval-used
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return [f"{expression}: {error!r}"]
    return [] if value else [f"not true: {expression}"]


def nm(path):
    """Addresses of each name in path's symbol tables, and the (start, end) of all of known size."""
    symbols, ranges = {}, []
    for options in (["-D"], []):
        for demangle in ([], ["-C"]):
            out = subprocess.run(
                ["nm", "-S", *options, *demangle, "--defined-only", path],
                capture_output=True, text=True, errors="replace", check=False,
            ).stdout
            for line in out.splitlines():
                match = re.fullmatch(r"([0-9a-f]{16}) (?:([0-9a-f]{16}) )?(\S) (.*)", line)
                if match:
                    start, size, kind, name = match.groups()
                    symbols.setdefault(re.sub(r"@.*", "", name), set()).add(int(start, 16))
                    if size and kind in "tTwWiI":
                        ranges.append((int(start, 16), int(start, 16) + int(size, 16), name))
    return symbols, ranges


def load_bias(path, offset, start):
    """What to subtract from an address in the mapping at start to get an ELF virtual address."""
    out = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=False).stdout
    for line in out.splitlines():
        words = line.split()
        if words and words[0] == "LOAD":
            seg_offset, vaddr, size = int(words[1], 16), int(words[2], 16), int(words[4], 16)
            if seg_offset - seg_offset % 4096 <= offset < seg_offset + size:
                return start - offset + seg_offset - vaddr
    return None


def symbols_right(path, maps_path):
    reports = parse(path)
    mappings = []
    with open(maps_path, encoding="utf-8") as file:
        for line in file:
            words = line.split(None, 5)
            if len(words) == 6 and "x" in words[1]:
                start, end = (int(x, 16) for x in words[0].split("-"))
                mappings.append((start, end, int(words[2], 16), words[5].strip()))
    tables, wrong, right = {}, [], set()
    frames = [f for r in reports for s in r.sites for f in s.frames]
    for frame in frames:
        nameless = frame.function == "??"
        if frame.inlined or frame.address in right or frame.offset is None and not nameless:
            continue
        for start, end, offset, file in mappings:
            if not start <= frame.address < end or not os.path.exists(file):
                continue
            if frame.image != os.path.basename(file):
                wrong.append(f"{frame.text}: is in {file}")
                break
            if file not in tables:
                tables[file] = nm(file)
            bias = load_bias(file, offset, start)
            symbols, ranges = tables[file]
            if nameless and bias is not None:
                place = frame.address - bias - 1
                wrong += [f"{frame.text}: is {n}" for a, e, n in ranges if a <= place < e]
                break
            starts = symbols.get(frame.function)
            if not starts or bias is None:
                break  # a name from debug information
            if frame.address - bias - frame.offset not in starts:
                wrong.append(f"{frame.text}: {frame.function} starts at {[hex(a) for a in starts]}")
            right.add(frame.address)
    if not wrong:
        print(len(right))
    return wrong


def main(argv):
    options = [a for a in argv if a.startswith("--")]
    words = [a for a in argv if not a.startswith("--")]
    if words[:1] == ["each"] and len(words) > 2:
        for expression in words[2:]:
            print(*(" ".join(line.split("\n")) for line in holds(words[1], expression)))
        return 0
    if words[:1] == ["becomes"] and len(words) == 5:
        wrong = becomes(words[1], int(words[2]), float(words[3]), words[4])
        print(*wrong, sep="\n")
        return 1 if wrong else 0
    if len(words) != 3 or words[0] not in ("check", "holds", "symbols"):
        print(__doc__, file=sys.stderr)
        return 2
    if words[0] == "check":
        wrong = check(
            words[1], words[2], "--attached" in options, "--lossy" in options, "--top" in options
        )
    elif words[0] == "holds":
        wrong = holds(words[1], words[2])
    else:
        wrong = symbols_right(words[1], words[2])
    for line in wrong[:8]:
        print(line)
    if len(wrong) > 8:
        print(f"and {len(wrong) - 8} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
