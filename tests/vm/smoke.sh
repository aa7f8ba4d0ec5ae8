#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# smoke - does the tool work on this kernel, and are its figures exact? What check-kernels runs on
# each kernel; it can be run on the machine itself as well. LOGS: where to put the verifier's log
# should the programs not load.
LIMIT=${LIMIT:-150}
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/kernel.sh
. tests/kernel.sh

# code_of PID FUNCTION: the first KiB of libc's function in PID's memory, as hex. A probe is a
# breakpoint in there: not always in the first place.
code_of()
{
	local start path offset

	read -r start path < <(awk '/libc\.so\.6$/ { print $1, $6; exit }' "/proc/$1/maps")
	offset=$(nm -D --defined-only "$path" | awk -v name="$2" '{ sub(/@.*/, "", $3) } $3 == name { print $1; exit }')
	dd if="/proc/$1/mem" bs=1 count=1024 skip=$((16#${start%%-*} + 16#$offset)) status=none |
		od -An -v -tx1 | tr -d ' \n'
}

# shellcheck disable=SC2317 # called by await
code_is()
{
	[ "$(code_of "$1" "$2")" = "$3" ]
}

# --- it starts, or says why not

new_case version
run_tool --version
if [ "$TOOL_STATUS" = 0 ] && grep -q "^kernel $(uname -r)\$" "$CASE/report"; then
	pass version "$(sed -n 's/^  \(.*[^ ]\)  *yes$/\1/p' "$CASE/report" | paste -sd, | sed 's/,/, /g')"
else
	fail_case version "exit status $TOOL_STATUS: $(head -n 1 "$CASE/report")"
fi

new_case loads
run_tool -- "$PROG/heap"
if grep -q 'memleak-bpf: tracing' "$CASE/log"; then
	pass loads "$(sed -n 's/^memleak-bpf: tracing pid [0-9]* //p' "$CASE/log")"
else
	fail_case loads "exit status $TOOL_STATUS"
	if [ -n "${LOGS-}" ]; then
		run_tool -v -- "$PROG/heap"
		cat "$CASE/log" >"$LOGS/verifier.log"
	fi
	finish
fi

# --- kernel filters: the verifier's view of them, and the kernel's own language

for judge in "filter 20 40" "filter_events 2"; do
	if [ -x "${PROG%/prog}/judge/${judge%% *}" ]; then
		# shellcheck disable=SC2086 # its arguments
		"${PROG%/prog}/judge/"$judge || FAILED=1
	else
		skip "${judge%% *}" "not built: make judges"
	fi
done

# --- exact figures

started heap-started "$PROG/heap"
attached heap-attached "$PROG/heap"
started mappings-started "$PROG/mappings"
attached mappings-attached "$PROG/mappings"
for what in fork exec; do
	started $what-started "$PROG/life" $what
	attached $what-attached "$PROG/life" $what
done
# Kernels that preempt in mid-probe: since 6.13 they can mix up the stacks of BPF programs; and they may
# pass over system calls (bpf_prog_active), so a warning of that is allowed. Nothing of the heap is lost.
VERIFY=(--lossy)
exact()
{
	holds "$1-account" "nothing lost" 'last.account["lost"] == 0 and "implied" not in last.text()'
}
for round in 1 2 3; do
	started threads-$round "$PROG/life" threads
	exact threads-$round
done
attached threads-attached "$PROG/life" threads
exact threads-attached
attached leader-ended "$PROG/life" leader
VERIFY=()

# Where BPF programs can be preempted, one that other processes have come to makes the kernel pass over
# those of the target's system calls. What the figures are wrong by is said.
new_case passed-over
(while :; do /bin/true; done) &
PIDS+=($!)
(while :; do /bin/true; done) &
PIDS+=($!)
run_tool -o 0 -T 0 -- "$PROG/turnover" 4000
kill "${PIDS[@]: -2}"
holds passed-over "of 12,000 calls, $(grep -c 'passed over by the kernel' "$CASE/report") warnings" \
	'abs(total("map_kept")[1] - 4000) + total("map_freed")[1] <= last.passed_over()'
attached dlopen "$PROG/dl" leak "$PROG/libctor.so"

# A sample. At one byte in one nothing of 24 bytes is left out but once in 10^10 times; at one in 16
# four fifths are in it: 96,000 bytes with a standard deviation of 813, 5.3 of which chance exceeds once
# in 10^7 times.
TOOL_ARGS=(--sample-bytes 1)
started sampled-all "$PROG/live" 2000
TOOL_ARGS=()
new_case sampled
run_tool --sample-bytes 16 -- "$PROG/live" 2000
holds sampled "an estimate, and exact counters" \
	'abs(total("keep_blocks")[0] - 96000) < 4332 and last.account["seen"] >= 4000 and
	last.account["passed over"] > 500 and last.account["seen"] == last.account["passed over"] +
	last.account["freed"] + last.account["outstanding"]'

# --- a profile, or why there is none

new_case profile
run_tool --profile --json "$CASE/json" -- "$PROG/profiled"
if [ -s "$CASE/json" ] && out=$($PYTHON tests/profile.py check "$CASE/json" "$CASE/truth"); then
	pass profile "$out"
elif [ "$TOOL_STATUS" = 1 ] && grep -q 'needs Linux 5.15 or newer' "$CASE/log" && [ ! -e "$CASE/truth" ]; then
	pass profile "refused: $(cut -c 14- "$CASE/log")"
else
	fail_case profile "exit status $TOOL_STATUS: ${out-}"
fi

# --- the kernel's memory

if make_objects kernel messages 203 -p @ --dump=64; then
	becomes kernel-count "203 messages of a page, by call site" 'last.made_by("load_msg") == (203 * 4096, 203)'
	becomes kernel-text "what is in them" '"203 of 203 objects begin like" in last.text() and "version 15\\ntimes" in last.text()'
	release_objects
	becomes kernel-released "nothing is left of them" 'last.made_by("load_msg") == (0, 0)'
	end_objects kernel
fi

# --- triage: what is in this kernel's /proc is understood, and a process that grows is found

new_case triage
start_target "$PROG/paced" mmap 20000000
run_tool triage --all -T 1000 0.5
touch "$CASE/quit"
if [ "$TOOL_STATUS" != 0 ] || grep -q 'made no sense' "$CASE/report"; then
	fail_case triage "$(grep 'made no sense' "$CASE/report")"
elif ! grep -q "^[Gy].* pid $TARGET (paced) grows steadily" "$CASE/report"; then
	fail_case triage "pid $TARGET is not found: $(grep "$TARGET" "$CASE/report")"
elif ! grep -qE '^  unaccounted [0-9.]+ [KM]iB = MemTotal .* - MemFree' "$CASE/report"; then
	fail_case triage "so much is unaccounted: $(grep ' unaccounted ' "$CASE/report")"
else
	pass triage "$(sed -nE 's/^  (unaccounted .*) = .*/\1/p' "$CASE/report")"
fi

# --- only the target is probed, and SIGKILL leaves nothing

new_case killed-tool
QUIT_FILE=$WORK/quit-bystander "$PROG/churn" &
bystander=$!
PIDS+=("$bystander")
await 60 test -e "$CASE/ready"
rm -f "$CASE/ready"
if ! start_target "$PROG/churn"; then
	fail_case killed-tool "the program does not run"
	finish
fi
malloc=$(code_of "$TARGET" malloc)
free=$(code_of "$TARGET" free)
if ! start_tool -p "$TARGET" 1000; then
	fail_case killed-tool "the tool does not trace"
elif [ ${#malloc} != 2048 ] || code_is "$TARGET" malloc "$malloc" || code_is "$TARGET" free "$free"; then
	fail_case probed "no breakpoint in the target: this test proves nothing"
elif ! code_is "$bystander" malloc "$malloc" || ! code_is "$bystander" free "$free"; then
	fail_case bystander "a breakpoint in another process"
else
	pass bystander "another process with this libc is not probed"
fi
kill -KILL "$TOOL_PID"
wait "$TOOL_PID" 2>/dev/null
if await 60 code_is "$TARGET" malloc "$malloc" && await 60 code_is "$TARGET" free "$free"; then
	pass killed-tool "the target's code is as it was"
else
	fail_case killed-tool "a breakpoint is left in the target"
fi
touch "$WORK/quit-bystander"
end_target
if [ "$TARGET_STATUS" = 0 ] && wait "$bystander"; then
	pass unharmed "both programs went on"
else
	fail_case unharmed "the target ended with $TARGET_STATUS"
fi

finish
