#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs with a bug planted in a plugin (tests/prog/plant.h): what --reach and memcheck say of them.

real_leaks.py TOOL PROG [PROGRAM...]: PROG is where the plugins are. Each program does the same work in the same
environment three times: under memcheck, under memleak-bpf --reach from its start to its end, and with memleak-bpf
attached to it, which looks twice.
- The planted blocks are found definitely lost, all of them, to the byte.
- Nothing else is definitely lost that memcheck does not find definitely lost, too: as many blocks and bytes, from the
  same calls. What a release of these programs loses by itself is up to it.

Allocators are told to fill blocks when they hand them out and when they get them back (glibc.malloc.perturb, junk). What
blocks have held before keeps others in use, for whoever looks from outside; memcheck follows only what the program has
written to a block since it got it. So without that, fewer are found. See user/reach/mark.h.
"""
import collections
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

LIMIT = 120  # seconds for anything to happen
DEPTH = 3  # how many calls tell where a block is from
PLANTED = "planted_copy"
MEMCHECK = [
    "valgrind",
    "--quiet",
    "--leak-check=full",
    "--show-leak-kinds=all",
    "--run-libc-freeres=no",
    "--child-silent-after-fork=yes",
    "--keep-debuginfo=yes",
    "--sim-hints=no-nptl-pthread-stackcache",
    "--xml=yes",
]
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "LC_ALL": "C",
    # without its caches for each thread, where addresses of blocks that were handed out stay as they are
    "MALLOC_CONF": "junk:true,tcache:false",
    # Not first: older C libraries move this one elsewhere, nginx looks for the first behind its arguments, and loses a
    # block where it is not. Valgrind puts its own in front.
    # No caches for each thread here, either: blocks out of them are not filled, and begin with the link of a list, mangled
    # (PROTECT_PTR in malloc/malloc.c). Where the heap is at a low address, as in Debian's python3, a mangled link is an
    # address in the heap again, and now and then one in a planted block.
    "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.pthread.stack_cache_size=0:glibc.malloc.tcache_count=0",
}


class Wrong(Exception):
    """A sentence that says what is."""


def await_true(condition, what, child):
    end = time.monotonic() + LIMIT
    while not condition():
        if child.poll() is not None:
            raise Wrong(f"{what}: it has ended with {child.returncode}")
        if time.monotonic() > end:
            raise Wrong(f"{what}: not in {LIMIT} s")
        time.sleep(0.02)


class Program:
    """A program in a directory of its own. In its plugin, count copies of text are lost."""

    text, count = b"!planted", 7
    environment = {}
    # blocks that the allocator itself has the addresses of
    kept = 0

    def __init__(self, plugin, directory):
        self.plugin, self.directory = plugin, directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def command(self):
        raise NotImplementedError

    def make_ready(self, child):
        """Until it waits for work."""

    def work(self, child):
        """Until it has done that."""
        raise NotImplementedError

    def end(self, child):
        child.stdin.close()


class Reader(Program):
    """It reads what to do from its standard input."""

    def make_ready(self, child):
        self.tell(child, self.load(), "ready")

    def work(self, child):
        self.tell(child, self.lines(), "done")

    def tell(self, child, lines, word):
        try:
            child.stdin.write((lines + "\n" + self.say(word) + "\n").encode())
            child.stdin.flush()
        except BrokenPipeError:
            raise Wrong("it does not listen") from None

        def said():
            with open(self.path("output"), "rb") as output:
                return word.encode() in output.read().split()

        await_true(said, f"no '{word}'", child)


class Python(Reader):
    binary = "/usr/bin/python3"
    # objects as blocks of their own, and sets in the same order each time
    environment = {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"}

    def command(self):
        return [self.binary, "-E", "-S", "-s", "-c", "import sys\nfor line in sys.stdin:\n    exec(line)"]

    def load(self):
        return (
            "from importlib import machinery, util; "
            f"loader = machinery.ExtensionFileLoader('plant', {self.plugin!r}); "
            "plant = util.module_from_spec(util.spec_from_loader('plant', loader))"
        )

    def lines(self):
        return (
            "import json, re\n"
            "table = {str(i): [i, plant.reverse('text %d' % i)] for i in range(300)}\n"
            "order = sorted(json.loads(json.dumps(table)), key=plant.reverse)\n"
            "found = re.sub('t.x', 'y', json.dumps(table))\n"
            f"for i in range({self.count}): plant.reverse('{self.text.decode()}')\n"
            "del table, order, found"
        )

    def say(self, word):
        return f"print('{word}', flush=True)"


class Sqlite(Reader):
    binary = "sqlite3"
    def command(self):
        return [self.binary, ":memory:"]

    def load(self):
        return f".load {self.plugin}"

    def lines(self):
        return (
            "create table t(a integer primary key, b text);\n"
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)"
            " insert into t(b) select reverse('text ' || i) from n;\n"
            "create index i on t(b); select count(*), max(b) from t group by length(b);\n"
            f"select reverse('{self.text.decode()}') from t where a <= {self.count};\n"
            "drop table t;"
        )

    def say(self, word):
        return f"select '{word}';"


class Bash(Reader):
    binary = "bash"
    def command(self):
        return [self.binary, "--norc", "--noprofile"]

    def load(self):
        return f"enable -f {self.plugin} reverse"

    def lines(self):
        return (
            "declare -A map; for i in {1..50}; do map[$i]=$((i * i)); reverse \"text $i\"; done\n"
            "upper() { local x=${1//a/b}; [[ $x =~ ^b+$ ]] && echo \"${x^^}\"; }; upper aaa; part=$(upper aa)\n"
            f"for ((i = 0; i < {self.count}; i++)); do reverse '{self.text.decode()}'; done\n"
            "unset map part"
        )

    def say(self, word):
        return f"echo {word}"


class Server(Program):
    """It answers at a socket."""

    @contextlib.contextmanager
    def connected(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT)
            connection.connect(self.path("socket"))
            yield connection

    def make_ready(self, child):
        def listens():
            try:
                with self.connected():
                    return True
            except OSError:
                return False

        await_true(listens, "it does not listen", child)

    @staticmethod
    def ask(connection, request, last):
        """Until the answer ends with last, or where it does by itself if that is None."""
        connection.sendall(request)
        answer = b""
        while last is None or not answer.endswith(last):
            more = connection.recv(65536)
            if not more and last is None:
                break
            if not more:
                raise Wrong(f"it says only {answer[-200:]}")
            answer += more
        return answer


class Redis(Server):
    binary = "redis-server"
    # jemalloc notes down where each run of blocks of one size begins: that is the address of its first block
    count, kept = 300, 3

    def command(self):
        return [self.binary, "--port", "0", "--unixsocket", self.path("socket"), "--save", "", "--appendonly", "no",
                "--dir", self.directory, "--loadmodule", self.plugin]  # fmt: skip

    def work(self, child):
        lines = [b"SET key%d value%d" % (i, i) for i in range(100)]
        lines += [b"LPUSH list %d" % i for i in range(100)] + [b"HSET hash f%d v" % i for i in range(100)]
        lines += [b"EVAL 'return redis.call(\"GET\", KEYS[1])' 1 key1", b"SORT list LIMIT 0 5", b"DEL list hash"]
        lines += [b"REVERSE text%d" % i for i in range(100)] + [b"REVERSE " + self.text] * self.count
        with self.connected() as connection:
            answer = self.ask(connection, b"".join(line + b"\r\n" for line in lines + [b"PING"]), b"+PONG\r\n")
        if answer.count(self.text[::-1]) != self.count:
            raise Wrong(f"it answers {answer[-200:]}")

    def end(self, child):
        with self.connected() as connection:
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")
            connection.recv(1)


class Nginx(Server):
    binary = "nginx"
    text = b"!text that is reversed in a filter of nginx"

    def command(self):
        directories = "".join(
            f"{name}_temp_path {self.path(name)};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        with open(self.path("conf"), "w", encoding="ascii") as conf:
            conf.write(
                f"load_module {self.plugin}; daemon off; master_process off; user root; pid {self.path('pid')};\n"
                f"error_log {self.path('error')}; events {{ worker_connections 16; }}\n"
                f"http {{ access_log off; gzip on; gzip_types *; {directories}\n"
                f"server {{ listen unix:{self.path('socket')}; root {self.directory}; }} }}\n"
            )
        with open(self.path("page.html"), "w", encoding="ascii") as page:
            page.write("a line of a page\n" * 1000)
        return [self.binary, "-c", self.path("conf"), "-p", self.directory, "-e", self.path("error")]

    def work(self, child):
        for _ in range(30 * self.count):
            with self.connected() as connection:
                answer = self.ask(
                    connection, b"GET /page.html HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n"
                    b"Connection: close\r\n\r\n", None
                )  # fmt: skip
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise Wrong(f"it answers {answer[:100]}")

    def end(self, child):
        """It looks whether it was asked to end, then waits for events: a signal in between it sees at the next one."""
        with open(self.path("pid"), encoding="ascii") as pid:
            os.kill(int(pid.read()), signal.SIGQUIT)

        def has_ended():
            with contextlib.suppress(OSError), self.connected():
                pass
            return child.poll() is not None or not os.path.exists(self.path("pid"))

        end = time.monotonic() + LIMIT
        while not has_ended() and time.monotonic() < end:
            time.sleep(0.05)


PROGRAMS = {"python": Python, "sqlite": Sqlite, "redis": Redis, "nginx": Nginx, "bash": Bash}


@contextlib.contextmanager
def running(program, command, **more):
    environment = dict(program.environment, **ENVIRONMENT)
    with open(program.path("output"), "wb") as output:
        more.setdefault("stdout", output)
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=program.directory, **more
        ) as child:
            try:
                yield child
            finally:
                if child.poll() is None:
                    child.kill()


def do_all(program, command):
    """From its start to its end."""
    with running(program, command) as child:
        program.make_ready(child)
        program.work(child)
        program.end(child)
        child.wait(LIMIT)
        if child.returncode:
            raise Wrong(f"the exit status is {child.returncode}")


# Where blocks are from: (file, offset in its page) of the calls, innermost first. As files are mapped by pages, that is the
# same wherever they are; more of the address memcheck does not tell.


def place_of(frames):
    place = []
    for image, address in frames:
        call = os.path.basename(image), address & 0xFFF
        if not place or place[-1] != call:  # inlined ones are at the same address
            place.append(call)
    return tuple(place[:DEPTH])


def memcheck_finds(path):
    """Definitely lost (bytes, blocks) by place, with PLANTED instead of the planted blocks'; and these places."""
    found, places = collections.defaultdict(lambda: [0, 0]), set()
    for error in xml.etree.ElementTree.parse(path).getroot().iter("error"):
        if error.findtext("kind") != "Leak_DefinitelyLost":
            continue
        what = error.find("xwhat")
        direct = re.search(r"\(([\d,]+) direct", what.findtext("text"))
        size = direct.group(1).replace(",", "") if direct else what.findtext("leakedbytes")
        frames = list(error.find("stack").iter("frame"))
        planted = any(frame.findtext("fn") == PLANTED for frame in frames)
        place = place_of(
            (frame.findtext("obj") or "", int(frame.findtext("ip"), 16))
            for frame in frames
            if "/vgpreload_" not in (frame.findtext("obj") or "")
        )
        if planted:
            places.add(place)
        found[PLANTED if planted else place][0] += int(size)
        found[PLANTED if planted else place][1] += int(what.findtext("leakedblocks"))
    return found, places


def tool_finds(report):
    """The same of a report, and how many planted blocks there are, of whatever kind."""
    found, places, planted = collections.defaultdict(lambda: [0, 0]), set(), 0
    if not report["reach"] or report["reach"]["why_not"]:
        raise Wrong(f"no verdict: {(report['reach'] or {}).get('why_not')}")
    for site in report["sites"]:
        lost = site["kinds"]["definite"]
        is_planted = any(frame["function"] == PLANTED for frame in site["frames"])
        planted += site["count"] if is_planted else 0
        # addresses are those that calls return to
        place = place_of((frame["image"] or "", int(frame["address"], 16) - 1) for frame in site["frames"])
        if is_planted:
            places.add(place)
        if lost["count"]:
            found[PLANTED if is_planted else place][0] += lost["bytes"]
            found[PLANTED if is_planted else place][1] += lost["count"]
    return found, places, planted


def compare(program, ours, memcheck):
    """Raises Wrong, or says what was found."""
    size = len(program.text) + 1
    (found, places, planted), (theirs, their_places) = ours, memcheck
    got = found.pop(PLANTED, [0, 0])
    if planted != program.count or not program.count - program.kept <= got[1] <= program.count or got[0] != got[1] * size:
        raise Wrong(f"of {program.count} planted blocks of {size} bytes there are {planted}, definitely lost are {got}")
    # of a library that has been closed memcheck does not know the file any more
    if places != their_places and all(image for place in their_places for image, _ in place):
        raise Wrong(f"the planted blocks are from {places}, for memcheck from {their_places}")
    for place, (lost, count) in found.items():
        if lost > theirs[place][0] or count > theirs[place][1]:
            raise Wrong(f"{lost} bytes in {count} blocks from {place} are lost, for memcheck {theirs[place]}")
    others = f", and {sum(count for _, count in found.values())} others that memcheck finds" if found else ""
    return f"{got[1]} of {program.count} planted blocks, {got[0]} bytes{others}"


def reports_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return [json.loads(line) for line in file if line.startswith("{") and line.endswith("\n")]


def run_memcheck(program):
    path = program.path("memcheck.xml")
    do_all(program, MEMCHECK + [f"--xml-file={path}", *program.command()])
    found, places = memcheck_finds(path)
    size = len(program.text) + 1
    if tuple(found[PLANTED]) != (program.count * size, program.count):
        raise Wrong(f"of {program.count} planted blocks of {size} bytes memcheck finds {found[PLANTED]}")
    return found, places


def run_started(program, tool):
    path = program.path("json")
    do_all(program, [tool, "--reach", "-T", "0", "-o", "0", "--json", path, "--", *program.command()])
    return tool_finds(reports_of(path)[-1])


def run_attached(program, tool):
    path, log = program.path("json"), program.path("log")
    command = [tool, "--reach", "--confirm", "1", "--max-pause", "60000", "-T", "0", "-o", "0", "--format", "json"]

    def is_tracing():
        with open(log, "rb") as file:
            return b"memleak-bpf: tracing" in file.read()

    def looked_twice_behind(n):
        """What is judged at the second report from now on was there at its first look."""
        return [report for report in reports_of(path)[n:] if report["reach"] and report["reach"]["scans"] == 2]

    with running(program, program.command()) as child, open(path, "wb") as output, open(log, "wb") as errors:
        program.make_ready(child)
        with subprocess.Popen(command + ["-p", str(child.pid), "2"], stdin=subprocess.DEVNULL, stdout=output,
                              stderr=errors) as tracer:  # fmt: skip
            try:
                await_true(is_tracing, "the tool does not trace", tracer)
                program.work(child)
                before = len(reports_of(path))
                await_true(lambda: len(looked_twice_behind(before)) > 1, "no second look", tracer)
                report = looked_twice_behind(before)[1]
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(LIMIT)
        program.end(child)
        child.wait(LIMIT)
        if child.returncode:
            raise Wrong(f"the exit status is {child.returncode}")
    return tool_finds(report)


def missing(name, plugin):
    if not os.path.exists(plugin):
        return f"{os.path.basename(plugin)} was not built here"
    command = PROGRAMS[name].binary
    return None if shutil.which(command, path=ENVIRONMENT["PATH"]) else f"{command} is not installed"


def main():
    tool, where, *only = sys.argv[1:]
    tool, where = os.path.abspath(tool), os.path.abspath(where)
    failed = False
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(15) as pool:
        runs = []
        for name in only or PROGRAMS:
            plugin = os.path.join(where, f"plant_{name}.so")
            why = missing(name, plugin)
            if why:
                print(f"SKIP {name}: {why}")
                continue
            for way, run, *args in (("memcheck", run_memcheck), ("started", run_started, tool),
                                    ("attached", run_attached, tool)):  # fmt: skip
                directory = os.path.join(work, f"{name}-{way}")
                os.mkdir(directory)
                program = PROGRAMS[name](plugin, directory)
                runs.append((name, way, program, pool.submit(run, program, *args)))
        theirs = {}
        for name, way, program, run in runs:
            try:
                if way == "memcheck":
                    theirs[name] = run.result()
                    continue
                ours = run.result()
                if name not in theirs:
                    raise Wrong("memcheck has not run it")
                print(f"PASS {name}-{way}: definitely lost are {compare(program, ours, theirs[name])}")
            except (Wrong, OSError, ValueError, subprocess.TimeoutExpired) as error:
                failed = True
                print(f"FAIL {name}-{way}: {error}")
                for part in ("output", "log"):
                    with contextlib.suppress(OSError), open(program.path(part), "rb") as file:
                        tail = file.read()[-500:].decode(errors="replace").splitlines()
                        print("".join(f"\t{part}: {line[:200]}\n" for line in tail), end="")
    return failed


sys.exit(main())
