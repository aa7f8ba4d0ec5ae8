#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Prometheus scrapes a tracer, and says what it has come to know.

prometheus.py DIR HOST:PORT [QUERY WANT]...

Runs Prometheus with its data in DIR until each QUERY (PromQL) has the answer WANT, which is JSON: a number, the one
value of it; or an object, the values by the one label that is left. Exits 0, or 1 with what was different.
"""
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

LIMIT_S = 60
TRIES = 5


def free_port():
    """Free a moment ago: whoever takes it before Prometheus does makes it end, and it gets another one."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(base, path):
    # not by way of a proxy
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(base + path, timeout=LIMIT_S) as answer:
        return answer.read()


def start(work, target):
    """A Prometheus that is ready, and where it is."""
    config = os.path.join(work, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({  # JSON is YAML
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "scrape_configs": [{"job_name": "memleak", "static_configs": [{"targets": [target]}]}],
        }, file)
    for attempt in range(TRIES):
        port = free_port()
        with open(os.path.join(work, "prometheus.log"), "wb") as log:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["prometheus", "--config.file=" + config, f"--storage.tsdb.path={work}/data.{attempt}",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        base, end = f"http://127.0.0.1:{port}", time.monotonic() + LIMIT_S
        while process.poll() is None and time.monotonic() < end:
            try:
                get(base, "/-/ready")
                return process, base
            except OSError:  # URLError and HTTPError are such
                time.sleep(0.05)
        process.kill()
        process.wait()
    with open(os.path.join(work, "prometheus.log"), encoding="utf-8", errors="replace") as file:
        sys.exit("Prometheus does not start: " + file.read()[-500:])


def ask(base, query):
    """The values of a query, as WANT has them; an error in words."""
    try:
        answer = json.loads(get(base, "/api/v1/query?" + urllib.parse.urlencode({"query": query})))
    except urllib.error.HTTPError as error:
        return error.read().decode("utf-8", "replace")
    result = answer["data"]["result"]
    if len(result) == 1 and not result[0]["metric"]:
        return float(result[0]["value"][1])
    return {"/".join(r["metric"].values()): float(r["value"][1]) for r in result}


def main(argv):
    if len(argv) < 4 or len(argv) % 2:
        sys.exit(__doc__)
    work, target = argv[:2]
    queries = [(q, json.loads(w)) for q, w in zip(argv[2::2], argv[3::2])]
    process, base = start(work, target)
    try:
        end = time.monotonic() + LIMIT_S
        while True:
            got = [ask(base, q) for q, _ in queries]
            wrong = [f"{q} is {g}, should be {w}" for g, (q, w) in zip(got, queries) if g != w]
            if not wrong or time.monotonic() > end:
                break
            time.sleep(0.1)
    finally:
        process.terminate()
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
