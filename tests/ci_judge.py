#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ci_judge.py REPORT.json JUNIT SARIF CODEQUALITY ANNOTATIONS: are the formats for CI what they should be?

The truth is the report as JSON. Written by memleak-bpf from one report, which was judged.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
failed = False


def result(name, wrong, detail):
    global failed  # pylint: disable=global-statement
    if wrong:
        failed = True
        print(f"FAIL {name}: {'; '.join(str(w) for w in wrong[:5])}")
    else:
        print(f"PASS {name}: {detail}")


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def findings(report):
    """Bytes and blocks of each site that is to be mended, and its suppressed ones."""
    known = report["gate"]["leaked_bytes"] is not None
    out = []
    for s in report["sites"]:
        if known:
            left = (s["leaked_bytes"], s["leaked_count"])
        else:
            left = (s["bytes"] - s["suppressed_bytes"], s["count"] - s["suppressed_count"])
        out.append((left, (s["suppressed_bytes"], s["suppressed_count"]), s))
    return out


def judge_junit(path, report):
    wrong = []
    tree = xml.etree.ElementTree.parse(path).getroot()
    suite = tree.find("testsuite")
    cases = suite.findall("testcase")
    conditions = report["gate"]["conditions"]
    if [c.get("name") for c in cases] != [c["expression"] for c in conditions]:
        wrong.append("test cases are not the conditions")
    for case, condition in zip(cases, conditions):
        child = {"fail": "failure", "unsure": "error"}.get(condition["state"])
        if [e.tag for e in case] != ([child] if child else []):
            wrong.append(f"{condition['expression']} is {[e.tag for e in case]}")
        # what XML cannot hold comes as \xNN
        if child and "\\x" not in case[0].get("message") and case[0].get("message") != condition["why"]:
            wrong.append(f"says {case[0].get('message')}")
    for key, state in (("failures", "fail"), ("errors", "unsure")):
        if int(suite.get(key)) != sum(c["state"] == state for c in conditions):
            wrong.append(f"{suite.get(key)} {key}")
    if int(suite.get("tests")) != len(conditions):
        wrong.append(f"{suite.get('tests')} tests")
    allowed = {"testsuites", "testsuite", "testcase", "failure", "error", "system-out", "system-err"}
    wrong += [f"element {e.tag}" for e in tree.iter() if e.tag not in allowed]
    if shutil.which("xmllint"):
        done = subprocess.run(["xmllint", "--noout", "--nonet", path], capture_output=True, text=True, check=False)
        if done.returncode:
            wrong.append(done.stderr[:200])
    result("junit", wrong, f"{len(cases)} test cases, well-formed, nothing out of names")


def judge_sarif(path, report):
    wrong = []
    sarif = json.loads(read(path))
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        print("SKIP sarif-schema: no python3-jsonschema")
    else:
        with open(os.path.join(HERE, "sarif.schema.json"), encoding="utf-8") as file:
            schema = json.load(file)
        validator = jsonschema.Draft202012Validator(schema) if hasattr(jsonschema, "Draft202012Validator") else (
            jsonschema.Draft7Validator(schema))
        wrong += [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:100]}" for e in validator.iter_errors(sarif)]
        spoilt = json.loads(json.dumps(sarif))
        spoilt["runs"][0]["results"][0]["level"] = "fatal"
        spoilt["runs"][0]["results"][0]["line"] = 1
        if len(list(validator.iter_errors(spoilt))) != len(list(validator.iter_errors(sarif))) + 2:
            wrong.append("the schema takes anything")
    results = sarif["runs"][0]["results"]
    open_ones = [r for r in results if not r["suppressions"]]
    want = findings(report)
    if [(r["properties"]["bytes"], r["properties"]["count"]) for r in open_ones] != [w[0] for w in want if w[0][1]]:
        wrong.append("results are not the findings")
    hidden = [w[1] for w in want if not w[0][1] and w[1][1]]
    if [(r["properties"]["bytes"], r["properties"]["count"]) for r in results if r["suppressions"]] != hidden:
        wrong.append("suppressed results are not the suppressed sites")
    level = "error" if report["gate"]["state"] == "fail" else "warning"
    wrong += [f"level {r['level']}" for r in open_ones if r["level"] != level]
    prints = [r["partialFingerprints"]["stack/v1"] for r in results]
    if len(set(prints)) != len(prints):
        wrong.append("two results have the same fingerprint")
    result("sarif", wrong, f"{len(open_ones)} results and {len(hidden)} suppressed ones, as the schema says")


def judge_codequality(path, report):
    wrong = []
    issues = json.loads(read(path))
    want = [w for w in findings(report) if w[0][1]]
    if len(issues) != len(want):
        wrong.append(f"{len(issues)} issues, should be {len(want)}")
    for issue in issues:
        if set(issue) != {"description", "check_name", "fingerprint", "severity", "location"}:
            wrong.append(f"keys {sorted(issue)}")
        elif set(issue["location"]) != {"path", "lines"} or not issue["location"]["lines"]["begin"] >= 1:
            wrong.append(f"location {issue['location']}")
        elif issue["severity"] not in ("info", "minor", "major", "critical", "blocker"):
            wrong.append(f"severity {issue['severity']}")
    if len({i["fingerprint"] for i in issues}) != len(issues):
        wrong.append("two issues have the same fingerprint")
    result("codequality", wrong, f"{len(issues)} issues")


def judge_annotations(path, report):
    wrong = []
    lines = read(path).split("\n")
    want = [w for w in findings(report) if w[0][1]]
    if report["gate"]["state"] == "pass":
        want = []
    if lines.pop() != "" or len(lines) != 1 + min(9, len(want)):
        wrong.append(f"{len(lines)} lines")
    for line in lines:
        if not re.fullmatch(r"::(error|warning|notice) (file=[^:,]+,line=\d+,)?title=[^:,]+::[^\x00-\x1f]+", line):
            wrong.append(f"is no command: {line}")
    result("annotate", wrong, f"{len(lines)} commands")


def main(argv):
    report = json.loads(read(argv[0]))
    judge_junit(argv[1], report)
    judge_sarif(argv[2], report)
    judge_codequality(argv[3], report)
    judge_annotations(argv[4], report)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
