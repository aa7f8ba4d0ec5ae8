# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured: samples in rows and columns, the bars they have to keep, a table and JSON."""
import json
import statistics

from estimate import Estimate

SHOWN = ("text", "json", "folded", "csv", "pprof", "svg", "html")
# The bars: "row id/column": most that the median may be, in the column's unit. A row without an
# entry is only shown.
AT_MOST = {
    # added time against that of three empty probes, in the same run
    "cost.shallow.tool/floor": 1.0,
    "cost.deep.tool/floor": 1.0,
    "cost.live.tool/floor": 1.1,
    "cost.deep_live.tool/floor": 1.1,
    # --profile's added time against that without
    "profile.shallow.profile/tool": 1.15,
    "profile.deep.profile/tool": 1.15,
    "profile.live.profile/tool": 1.15,
    "profile.threads.profile/tool": 1.15,
    "start.python3/start": 300,
    "memory.live/entry": 24,
    "report.100000/report": 500,
    "report.1000000/report": 500,
    "walk.16/ratio_warm": 0.4,
    "walk.24/ratio_warm": 0.4,
    "walk.16/ratio_cold": 1.0,
    "walk.24/ratio_cold": 1.0,
    "walk.build/build": 500,
    "walk.build.llvm/build": 500,
    "walk.memory/maps": 10,
    "maps.one/time": 500,
    "maps.one/memory": 64,
    "maps.growth/memory": 64,
    "triage.spawned/sample": 250,
    "triage.forked/sample": 250,
    **{f"formats.{name}/time": 1000 for name in SHOWN},
    **{f"formats.{name}/memory": 256 for name in SHOWN},
    "formats.save/time": 1000,
    "formats.save/size": 20,
    "formats.opened/time": 2000,
    "reach.idle/stop": 220,
    "reach.idle/mark": 1000,
    "reach.idle/memory": 1.3,
    "filter.number/ratio": 1.1,
    "kernel.site/empty": 1.2,
    "kernel.sampled/empty": 1.5,
    "kernel.stacks/stackid": 1.2,
}
# Least that it may be: others' added time, or slowdown, against memleak-bpf's.
AT_LEAST = {
    "kept.tool/blocks": 100,
    "kept.tool/stacks": 100,
    "cost.deep.bcc-symbol/tool": 15,
    "cost.deep.bcc-placed/tool": 2.3,
    "kernel.bcc/site": 10,
    "programs.json.bcc/slower": 10,
    "programs.sqlite.bcc/slower": 10,
    "programs.cc1.bcc/slower": 10,
}


def number(value):
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def scale(value, unit):
    """Nanoseconds up to seconds in one column: divisor and the unit to print."""
    if unit != "ns":
        return 1, ""
    for divisor, name in ((1, "ns"), (1000, "µs"), (1000000, "ms")):
        if abs(value) < 10000 * divisor:
            break
    return divisor, f" {name}"


LEGEND = "medians (min–max), or estimates [95 % interval]"


class Cell:
    """One figure: median and range of its samples, or an estimate and its interval."""

    def __init__(self, name, unit, samples, bar=None):
        self.unit = unit
        self.is_estimate = isinstance(samples, Estimate)
        if self.is_estimate:
            self.samples = None
            self.value, self.low, self.high = samples.value, samples.low, samples.high
        else:
            self.samples = samples
            self.value, self.low, self.high = statistics.median(samples), min(samples), max(samples)
        self.name = name
        self.is_least = name in AT_LEAST
        self.bar = bar or AT_LEAST.get(name, AT_MOST.get(name))

    def missed(self):
        if self.bar is None:
            return False
        return self.value < self.bar if self.is_least else self.value > self.bar

    def figures(self):
        divisor, unit = scale(self.value, self.unit)
        value, low, high = (
            number(figure if divisor == 1 else figure / divisor)
            for figure in (self.value, self.low, self.high)
        )
        if self.is_estimate:
            return f"{value}{unit} [{low}, {high}]"
        return f"{value}{unit}" + (f" ({low}–{high})" if len(self.samples) > 1 else "")

    def bar_text(self):
        return f"{'≥' if self.is_least else '≤'} {number(self.bar)}"

    def verdict(self):
        return "MISSED" if self.missed() else "ok"

    def text(self):
        if self.bar is None:
            return self.figures()
        return f"{self.figures()} {self.verdict()}, bar {self.bar_text()}"

    def json(self):
        if self.is_estimate:
            data = {"estimate": self.value, "low": self.low, "high": self.high}
        else:
            data = {"median": self.value, "min": self.low, "max": self.high, "samples": self.samples}
        if self.bar is not None:
            data.update(bar=self.bar, least=self.is_least, missed=self.missed())
        return data


class Row:
    def __init__(self, name, label):
        self.name = name
        self.label = label
        self.cells = {}
        self.note = ""
        self.failed = False

    def json(self):
        data = {"id": self.name, "label": self.label, "note": self.note, "failed": self.failed}
        data["values"] = {column: cell.json() for column, cell in self.cells.items()}
        return data


class Section:
    """A table. columns: {key: (title, unit)}"""

    def __init__(self, title, columns):
        self.title = title
        self.columns = columns
        self.rows = []

    def row(self, name, label, note="", bars=None, **samples):
        """samples: a list of figures, or an Estimate, for each column that has any; bars: that are
        not always the same"""
        row = Row(name, label)
        row.note = note
        for column, values in samples.items():
            if column not in self.columns:
                raise KeyError(column)
            if values:
                unit = self.columns[column][1]
                row.cells[column] = Cell(f"{name}/{column}", unit, values, (bars or {}).get(column))
        self.rows.append(row)

    def skip(self, name, label, why):
        self.row(name, label, note=why)

    def fail(self, name, label, why):
        self.row(name, label, note=f"FAILED: {why}")
        self.rows[-1].failed = True

    def table(self):
        """Lines of texts: the heads, then the rows; the last text of a line is its note."""
        used = [c for c in self.columns if any(c in row.cells for row in self.rows)]
        heads = [f"{title} [{unit}]" if unit not in ("", "ns") else title
                 for title, unit in self.columns.values()]
        heads = [head for c, head in zip(self.columns, heads) if c in used]
        lines = [[self.title] + heads + [""]]
        for row in self.rows:
            cells = [row.cells[c].text() if c in row.cells else "" for c in used]
            lines.append([row.label] + cells + [row.note])
        return lines

    def print(self, out):
        head, *rows = self.table()
        lines = [head] + [["  " + row[0], *row[1:]] for row in rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)]
        for line in lines:
            if not any(line[1:-1]):  # only a note: not pushed behind the columns
                print(f"{line[0]:<{widths[0]}}   {line[-1]}".rstrip(), file=out)
                continue
            cells = [f"{cell:<{width}}" for cell, width in zip(line, widths)]
            print("   ".join(cells + [line[-1]]).rstrip(), file=out)
        print(file=out, flush=True)

    def markdown(self):
        return markdown_table(self.table())

    def json(self):
        return {
            "title": self.title,
            "units": {column: unit for column, (_, unit) in self.columns.items()},
            "rows": [row.json() for row in self.rows],
        }


def markdown_table(lines):
    rule = ["---"] * len(lines[0])
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n"
        for line in (lines[0], rule, *lines[1:])
    )


class Results:
    def __init__(self, facts):
        self.facts = facts
        self.sections = []

    def machine(self):
        """In a line, as no figure means anything without it."""
        f = self.facts
        kind = "virtual machine" if f["virtual"] else "machine"
        return (
            f"{f['tool']} on a {kind} with {f['cpus']} CPUs ({f['cpu']}, {f['memory_gib']} GiB),"
            f" Linux {f['kernel']} {f['machine']}, {f['libc']}, {f['date'][:10]}"
        )

    def bars(self):
        """All that were held, as lines of texts."""
        lines = [["bar", "of", "is to be", "is", ""]]
        for section in self.sections:
            for row in section.rows:
                for column, cell in row.cells.items():
                    if cell.bar is None:
                        continue
                    title, unit = section.columns[column]
                    what = f"{title} [{unit}]" if unit else title
                    label = f"{section.title}: {row.label}"
                    texts = [cell.bar_text(), cell.figures(), cell.verdict()]
                    lines.append([label, what, *texts])
        return lines

    def failed(self):
        return [row.name for section in self.sections for row in section.rows if row.failed]

    def missed(self):
        """Bars that were not kept, and those whose row could not be measured."""
        names = []
        for section in self.sections:
            for row in section.rows:
                names += [f"{row.name}/{c}" for c, cell in row.cells.items() if cell.missed()]
                if row.failed:
                    names += [bar for bar in (*AT_MOST, *AT_LEAST) if bar.startswith(row.name + "/")]
        return names

    def unheld(self):
        """Bars whose figure needs something that is not installed."""
        return [
            bar
            for section in self.sections for row in section.rows
            for bar in (*AT_MOST, *AT_LEAST)
            if bar.startswith(row.name + "/") and not row.failed
            and bar.rpartition("/")[2] not in row.cells
        ]

    def save_markdown(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.machine()}; {LEGEND}.\n\n")
            file.write(markdown_table(self.bars()))
            for section in self.sections:
                file.write(f"\n{section.markdown()}")

    def save(self, path):
        data = dict(self.facts, missed=self.missed(), failed=self.failed())
        data["sections"] = [section.json() for section in self.sections]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, ensure_ascii=False)
            file.write("\n")
