# SPDX-License-Identifier: GPL-2.0-or-later
"""From the start of memleak-bpf until it traces, and from its last report to its end."""
import os
import shutil
import signal

import procs
import results
from procs import BenchError

NGINX_CONF = """
daemon off;
user root;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server {{ listen unix:{dir}/nginx.sock; root {dir}; }}
}}
"""


def python():
    """Returns the process started and the pid to trace, as do the others."""
    code = "import ssl, sqlite3, json, time; print('ready', flush=True); time.sleep(600)"
    process = procs.start([procs.PYTHON, "-c", code], stdout=procs.subprocess.PIPE)
    procs.Lines(process.stdout).next(20, "python3")
    return process, process.pid


def redis():
    sock = os.path.join(procs.WORK, "redis.sock")
    process = procs.start(
        ["redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--appendonly", "no"]
        + ["--dir", procs.WORK]
    )
    procs.await_true(20, lambda: os.path.exists(sock), "redis-server", process)
    return process, process.pid


def nginx():
    """The pid of its worker."""
    directory = os.path.join(procs.WORK, "nginx")
    os.mkdir(directory)
    conf = os.path.join(directory, "nginx.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(NGINX_CONF.format(dir=directory))
    process = procs.start(["nginx", "-c", conf, "-p", directory])
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    worker = []

    def has_worker():
        with open(children, encoding="utf-8") as file:
            worker[:] = file.read().split()
        return worker and os.path.exists(os.path.join(directory, "nginx.sock"))

    procs.await_true(20, has_worker, "nginx", process)
    return process, int(worker[0])


TARGETS = [
    ("python3", "python3 with ssl, sqlite3, json", procs.PYTHON, python),
    ("redis", "redis-server", "redis-server", redis),
    ("nginx", "nginx, its worker", "nginx", nginx),
]


def measure(pid, runs):
    """Lists of milliseconds: start to attached, report to end."""
    start, detach = [], []
    for i in range(runs + 1):
        tool = procs.Tool(pid)
        tool.stop()
        if i:  # the first one only fills caches
            start.append((tool.attached - tool.began) * 1e3)
            detach.append((tool.exited - tool.last_output) * 1e3)
    return start, detach


def run(quick):
    section = results.Section(
        "attach and detach",
        {"start": ("start to attached", "ms"), "detach": ("last report to exit", "ms")},
    )
    for name, label, command, target in TARGETS:
        if not command or not shutil.which(command):
            section.skip(f"start.{name}", label, "not installed")
            continue
        process = None
        try:
            process, pid = target()
            start, detach = measure(pid, 4 if quick else 10)
            section.row(f"start.{name}", label, start=start, detach=detach)
            if process.poll() is not None:
                raise BenchError("the target did not survive")
        except BenchError as error:
            section.fail(f"start.{name}", label, str(error))
        if process:
            process.send_signal(signal.SIGTERM)
            procs.await_exit(process, 5)
            procs.end(process)
    return section
