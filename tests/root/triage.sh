#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that grow by a mechanism each, side by side, and a triage of the machine they run on: each is
# found with the right verdict and the right next command, ten times of ten; what fills up to a bound is
# not called a leak. Then sums against smem and the kernel, hostile names, and what users who are not root
# see. A sample every 0.6 seconds, so that a run takes 2.4.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

RUNS=${TRIAGE_RUNS:-10}
INTERVAL=0.6
declare -A PID

have triage paced || finish

# Segments and others outlive what is killed.
end_growing()
{
	touch "$WORK/quit" 2>/dev/null
	[ ${#PID[@]} = 0 ] || await 5 all_gone
}
# shellcheck disable=SC2317 # called by await
all_gone()
{
	local pid

	for pid in "${PID[@]}"; do
		gone "$pid" || return 1
	done
}
CLEANUP+=(end_growing)

# grow NAME MECHANISM [RATE]: in the background
grow()
{
	QUIT_FILE=$WORK/quit GROW_FILE=$WORK/grown "$PROG/paced" "${@:2}" >"$WORK/$1.out" 2>&1 </dev/null &
	PID[$1]=$!
	disown $!
	PIDS+=($!)
}

# Were the samples of a recording taken when they should have been? Not where the machine stood still.
in_time()
{
	grep -a '^sample ' "$1" | awk -v most="$INTERVAL" '
		NR > 1 && $2 - last > 1.5 * most { late = 1 }
		{ last = $2 }
		END { exit late || NR != 5 }'
}

check_runs()
{
	local run=1 stalled=0 name

	while [ "$run" -le "$RUNS" ] && [ "$stalled" -lt 10 ]; do
		new_case "run$run"
		# These fill up while we look.
		grow cache cache
		grow fragments fragments
		"$TOOL" triage --all -T 100000 --record "$CASE/recording" $INTERVAL >"$CASE/report" 2>"$CASE/log" ||
			fail_case "run $run" "exit status $?"
		if ! in_time "$CASE/recording"; then
			stalled=$((stalled + 1))
			continue
		fi
		for name in "${!PID[@]}"; do
			echo "$name ${PID[$name]}"
		done >"$CASE/pids"
		$PYTHON tests/triage.py run "$CASE/report" "$CASE/pids" >"$CASE/result" ||
			fail_case "run $run" "$(tr '\n' ';' <"$CASE/result")"
		"$TOOL" triage --all -T 100000 --from "$CASE/recording" >"$CASE/again"
		cmp -s "$CASE/report" "$CASE/again" || fail_case "run $run" "the recording tells another story"
		run=$((run + 1))
	done
	[ "$run" -gt "$RUNS" ] || skip runs "the machine stood still in $stalled of them"
	[ "$FAILED" != 0 ] || pass runs "$((run - 1)) of $((run - 1)) right, each of ${#PID[@]} programs"
}

# The pictures of the last run.
check_formats()
{
	local what

	"$TOOL" triage --from "$CASE/recording" --svg "$CASE/svg" --html "$CASE/html" >"$CASE/report" ||
		fail_case formats "exit status $?"
	# 25 lines: one screen
	if [ "$(wc -l <"$CASE/report")" -le 25 ] && [ "$(wc -l <"$CASE/report")" -gt 15 ]; then
		pass screen "$(wc -l <"$CASE/report") lines"
	else
		fail_case screen "$(wc -l <"$CASE/report") lines"
	fi
	if ! command -v xmllint >/dev/null; then
		skip formats "no xmllint"
		return
	fi
	xmllint --noout "$CASE/svg" 2>"$CASE/log" || fail_case formats "the SVG is not well-formed"
	# libxml2 knows none of the elements that HTML 5 has brought.
	xmllint --html --noout "$CASE/html" 2>&1 | grep error | grep -v 'Tag .* invalid' >"$CASE/log"
	[ ! -s "$CASE/log" ] || fail_case formats "the HTML is not well-formed"
	for what in svg html; do
		grep -q "paced ${PID[small]}" "$CASE/$what" || grep -q ">${PID[small]}<" "$CASE/$what" ||
			fail_case formats "$what does not show pid ${PID[small]}"
	done
	[ "$FAILED" != 0 ] || pass formats "SVG and HTML are well-formed and show who grows"
}

# Sums are those of the kernel's rollups, to the KiB, and smem's within 1 %, for the processes that did not
# change while the three looked.
check_sums()
{
	local i

	new_case sums
	for i in 1 2 3 4 5; do
		QUIT_FILE=$CASE/quit "$PROG/paced" cache >/dev/null 2>&1 </dev/null &
		PIDS+=($!)
	done
	sleep 1.5 # full
	$PYTHON tests/triage.py sums "$TOOL" "$CASE" || FAILED=1
	touch "$CASE/quit"
}

# A program that is called as if it were part of /proc, and a file in /dev/shm that is.
check_names()
{
	local name=$'a) R 1\n(\e[31m'
	local file="/dev/shm/x y"$'\n\e[2J'" (deleted)"

	new_case names
	cp "$PROG/paced" "$CASE/$name"
	QUIT_FILE=$CASE/quit "$CASE/$name" small >/dev/null 2>&1 </dev/null &
	PID[names]=$!
	PIDS+=($!)
	head -c 1000000 /dev/zero >"$file"
	"$TOOL" triage --all -T 100000 0.6 --html "$CASE/html" >"$CASE/report" 2>"$CASE/log" ||
		fail_case names "exit status $?"
	touch "$CASE/quit"
	rm -f "$file"
	if LC_ALL=C grep -q "[^[:print:][:space:]$(printf '\200')-$(printf '\377')]" "$CASE/report" "$CASE/html"; then
		fail_case names "control characters in the report"
	elif ! grep -qF "${PID[names]} (a) R 1\\x0a(\\x1b[31m) grows steadily" "$CASE/report"; then
		fail_case names "pid ${PID[names]} is not there by its name: $(grep "${PID[names]}" "$CASE/report")"
	elif ! grep -qF '/dev/shm/x\040y\012\x1b[2J\040(deleted)' "$CASE/report"; then
		fail_case names "the file is not there: $(grep shm/x "$CASE/report")"
	else
		pass names "escaped, and told apart"
	fi
}

# Two processes that have a file of /dev/shm mapped three times each, and a memfd once. The second ends with
# the first.
check_shared()
{
	local pid

	new_case shared
	$PYTHON -c '
import mmap, os, signal, sys
with open(sys.argv[1], "wb+") as file:
	file.write(b"x" * (1 << 20))
	file.flush()
	maps = [mmap.mmap(file.fileno(), 1 << 20) for _ in range(3)]
memfd = os.memfd_create("mapped")
os.write(memfd, b"y" * 65536)
maps.append(mmap.mmap(memfd, 65536))
read, write = os.pipe()
if not os.fork():
	os.close(write)
	os.read(read, 1)
	os._exit(0)
print("ready", flush=True)
signal.pause()' "/dev/shm/triage.$$" >"$CASE/ready" 2>"$CASE/log" </dev/null &
	pid=$!
	PIDS+=("$pid")
	await 5 test -s "$CASE/ready"
	timeout 60 "$TOOL" triage --all -T 1000 0.1 1 >"$CASE/report" 2>"$CASE/log"
	if grep -q "1.0 MiB .*/dev/shm/triage.$$, mapped 6 times by 2 processes" "$CASE/report" &&
		grep -q "64.0 KiB .*/memfd:mapped.*, mapped 2 times by 2 processes" "$CASE/report"; then
		pass shared "who has files in shared memory mapped"
	else
		fail_case shared "$(grep -E "triage.$$|memfd:mapped" "$CASE/report")"
	fi
	kill $pid
	rm -f "/dev/shm/triage.$$"
}

# Processes that end between any two steps.
check_storm()
{
	local i storm=()

	new_case storm
	for i in 1 2; do
		(while [ ! -e "$CASE/quit" ]; do /bin/true; done) &
		storm+=($!)
	done
	# Those end before they can be looked at, most of the time: these are seen, and are gone later.
	(while [ ! -e "$CASE/quit" ]; do sleep 0.15; done) &
	storm+=($!)
	PIDS+=("${storm[@]}")
	"$TOOL" triage --all 0.05 20 >"$CASE/report" 2>"$CASE/log" || fail_case storm "exit status $?"
	touch "$CASE/quit"
	wait "${storm[@]}"
	if [ -s "$CASE/log" ] || grep 'made no sense' "$CASE/report"; then
		fail_case storm "it says so"
	elif ! grep -q '; [0-9]* came and [0-9]* went' "$CASE/report"; then
		fail_case storm "nobody came or went"
	else
		pass storm "processes that vanish are left out"
	fi
}

# as_nobody COMMAND...
as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}

check_others()
{
	local pid

	new_case others
	cp "$TOOL" "$CASE/tool"
	cp "$PROG/paced" "$CASE/paced"
	QUIT_FILE=$CASE/quit as_nobody "$CASE/paced" small 2>/dev/null &
	PIDS+=($!)
	QUIT_FILE=$CASE/quit "$CASE/paced" mmap 2>/dev/null &
	PIDS+=($!)
	await 5 pgrep -u 65534 -x paced >"$CASE/pid"
	pid=$(head -1 "$CASE/pid")
	as_nobody "$CASE/tool" triage --all -T 100000 0.6 >"$CASE/report" 2>"$CASE/log" ||
		fail_case "not root" "exit status $?"
	if ! grep -q "^[Gy].* pid $pid (paced) grows steadily: +[34]" "$CASE/report"; then
		fail_case "not root" "its own process is not found: $(grep "pid $pid" "$CASE/report")"
	elif ! grep -q " $! paced  *~" "$CASE/report"; then
		fail_case "not root" "root's process is not an estimate: $(grep " $! " "$CASE/report")"
	elif ! grep -q 'may not be looked into.*As root all is seen' "$CASE/report"; then
		fail_case "not root" "what is not seen is not said"
	else
		pass "not root" "own processes exactly, others as estimates"
	fi
	if unshare -m sh -c "mount -t proc -o hidepid=2 proc /proc" 2>/dev/null; then
		# shellcheck disable=SC2016 # for the inner shell
		unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=65534 --regid=65534 \
			--clear-groups "$0" triage 0.1' "$CASE/tool" >"$CASE/report" 2>"$CASE/log"
		if grep -q 'hidepid' "$CASE/report"; then
			pass hidepid "said"
		else
			fail_case hidepid "not said"
		fi
	else
		skip hidepid "cannot mount a proc here"
	fi
	if unshare -p -f -m --mount-proc "$CASE/tool" triage 0.1 >"$CASE/report" 2>"$CASE/log" &&
		grep -q ', 1 process, ' "$CASE/report"; then
		pass container "only its own processes"
	else
		fail_case container "$(head -1 "$CASE/report")"
	fi
	touch "$CASE/quit"
	await 5 gone "$pid"
}

# Copies, as somebody sends them: logs, files of several kinds, a directory for each sample.
check_saved()
{
	local i pid

	new_case saved
	start_target "$PROG/paced" small || fail_case saved "no program"
	for i in 1 2 3 4 5; do
		date
		sed -E "s/^(SUnreclaim: ).*/\1 $((100000 + 6000 * i)) kB/; s/^(Slab: ).*/\1 $((300000 + 6000 * i)) kB/" \
			/proc/meminfo
		mkdir -p "$CASE/$i/$TARGET"
		cp /proc/meminfo /proc/slabinfo "$CASE/$i"
		cat "/proc/$TARGET/smaps" >"$CASE/$i/$TARGET/smaps"
		sleep 0.2
	done >"$CASE/log.txt"
	touch "$CASE/quit"
	"$TOOL" triage --all --from "$CASE/log.txt" 60 >"$CASE/report" 2>"$CASE/log"
	# 6000 KiB a minute
	if grep -q 'GROWING  slab, unreclaimable grows steadily: +100.0 KiB/s' "$CASE/report"; then
		pass "saved log" "five meminfos, a minute apart"
	else
		fail_case "saved log" "$(head -3 "$CASE/report" | tr '\n' ';')"
	fi
	# Without INTERVAL: when the directories were written tells the rate.
	"$TOOL" triage --all --from "$CASE/1" --from "$CASE/2" --from "$CASE/3" --from "$CASE/4" \
		--from "$CASE/5" >"$CASE/report" 2>"$CASE/log"
	if grep -q "GROWING  pid $TARGET.* grows steadily: +[34]" "$CASE/report"; then
		pass "saved directories" "five, with smaps of a process"
	else
		fail_case "saved directories" "$(head -3 "$CASE/report" | tr '\n' ';')"
	fi
	"$TOOL" triage --from "$CASE/1/$TARGET/smaps" --from "$CASE/2/$TARGET/smaps" >"$CASE/report" 2>"$CASE/log"
	if grep -q "^ *$TARGET " "$CASE/report" && grep -q '^2 samples' "$CASE/report"; then
		pass "saved smaps" "two of process $TARGET"
	else
		fail_case "saved smaps" "$(head -3 "$CASE/report" | tr '\n' ';')"
	fi
}

# refused NAME STATUS ARGS...: one line that says what is wrong
refused()
{
	local name=$1 status=$2 got

	shift 2
	"$TOOL" triage "$@" >"$CASE/report" 2>"$CASE/log"
	got=$?
	if [ $got = "$status" ] && [ "$(wc -l <"$CASE/log")" = 1 ] && grep -q '^memleak-bpf: ' "$CASE/log"; then
		pass "refuses $name" "$(cut -c 14- "$CASE/log" | sed "s|$WORK|...|g")"
	else
		fail_case "refuses $name" "exit status $got"
	fi
}

check_bad_input()
{
	new_case bad
	echo nonsense >"$CASE/nonsense"
	printf 'memleak-bpf triage recording 2\n' >"$CASE/newer"
	printf 'memleak-bpf triage recording 1\nsample 5.000000000\nfile meminfo 99999999999\n' >"$CASE/huge"
	refused "a file that is not there" 1 --from "$CASE/nothing"
	refused "an empty file" 1 --from /dev/null
	refused "another file" 1 --from "$CASE/nonsense"
	refused "a program" 1 --from "$TOOL"
	refused "an empty directory" 1 --from "$(mktemp -d -p "$CASE")"
	refused "a newer recording" 1 --from "$CASE/newer"
	refused "a full disk" 1 0.01 2 --record /dev/full
	refused "a record in no directory" 1 0.01 2 --record "$CASE/no/where"
	refused "an option" 2 --bogus
	refused "no interval" 2 abc
	"$TOOL" triage 0.01 2 >/dev/full 2>"$CASE/log" && fail_case "full disk" "exit status 0"
	"$TOOL" triage --from "$CASE/huge" >"$CASE/report" 2>"$CASE/log"
	if grep -q 'makes no sense from line 3' "$CASE/log"; then
		pass "a length of 100 GB" "refused"
	else
		fail_case "a length of 100 GB" "not refused"
	fi
	"$TOOL" triage 0.05 --record "$CASE/whole" >/dev/null 2>&1
	head -c $(($(wc -c <"$CASE/whole") - 5000)) "$CASE/whole" >"$CASE/cut"
	"$TOOL" triage --from "$CASE/cut" >"$CASE/report" 2>"$CASE/log"
	if grep -q 'ends within a sample' "$CASE/log" && grep -q '^[45] samples' "$CASE/report"; then
		pass "a recording cut off" "said, and what there is is shown"
	else
		fail_case "a recording cut off" "$(head -1 "$CASE/report")"
	fi
}

for mechanism in small large mmap stacks shm orphans attach memfd not; do
	grow "$mechanism" "$mechanism"
done
grow kernel kernel $((256 << 10))
sleep 3 # older than a run is long: not young
check_runs
check_formats
end_growing
PID=()
check_sums
check_names
check_shared
check_storm
check_others
check_saved
check_bad_input
finish
