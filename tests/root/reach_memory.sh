#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reach_memory - the verdict where there is no room for a copy: the same, and no more memory is taken.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# 48 MiB in 12,000 blocks of 4 KiB, by the words of tests/prog/reach_large.c: a quarter and an eighth are
# lost, and one of the quarter is not lost through another one.
blocks=12000 size=4096
definite=$((blocks / 8 + 1)) indirect=$((blocks / 4 - 1)) possible=$((blocks / 8)) kept=$((blocks / 2))
kinds="definitely lost $((definite * size)) bytes in $definite allocations, "
kinds+="indirectly lost $((indirect * size)) bytes in $indirect allocations, "
kinds+="possibly lost $((possible * size)) bytes in $possible allocations, "
kinds+="still reachable $((kept * size)) bytes in $kept allocations; stopped for [0-9.]+ ms"
no_room=" \(until it was judged: there was no room for a copy\)"

# says NAME PATTERN DETAIL: that is the end of the line on reachability
says()
{
	if grep -qE "reachability: $2\$" "$CASE/report"; then
		pass "$1" "$3"
	else
		fail_case "$1" "$3: $(grep -a reachability: "$CASE/report" | tail -n 1)"
	fi
}

new_case copied && run_tool -T 0 -- "$PROG/reach_large" "$blocks" "$size"
says copied "$kinds" "with room for a copy"
new_case window && run_tool --max-memory 8M -T 0 -- "$PROG/reach_large" "$blocks" "$size"
says window "$kinds$no_room" "without: the same four kinds"
new_case by-window && run_tool --max-memory 64K --by-whom -T 0 -- "$PROG/holders"
cp "$CASE/report" "$WORK/by_window"
new_case held && run_tool --by-whom -T 0 -- "$PROG/holders"
if [ "$(grep -c 'held by' "$CASE/report")" -ge 4 ] &&
	cmp -s <(grep 'held by' "$WORK/by_window") <(grep 'held by' "$CASE/report") &&
	grep -qE "$no_room" "$WORK/by_window"; then
	pass held "by whom blocks are held is the same"
else
	fail_case held "$(diff <(grep 'held by' "$WORK/by_window") <(grep 'held by' "$CASE/report"))"
fi

peak()
{
	awk '/^VmHWM:/ { print $2 }' "/proc/$TOOL_PID/status"
}

# What is taken for the look, with all that a report takes: 8 MiB were allowed, some 15 are the reports' without one.
# A copy would be 52 more than these.
new_case peak
if start_target "$PROG/reach_large" "$blocks" "$size" &&
	start_tool -p "$TARGET" -o 0 -T 1 --reach --max-pause 100000 --max-memory 8M 1; then
	before=$(peak)
	touch "$CASE/go"
	await "$LIMIT" work_done_or_gone
	await "$LIMIT" grep -qE "reachability: definitely.*$no_room" "$CASE/report"
	more=$(($(peak) - before))
	if [ "$before" -gt 0 ] && [ "$more" -le 40960 ]; then
		pass peak "a look took $more KiB"
	else
		fail_case peak "a look took $more KiB, not 40960 at most"
	fi
	stop_tool INT
	grep -a reachability: "$CASE/report" | tail -n 1 >"$CASE/last"
	if grep -qE "reachability: $kinds$no_room; [0-9]+ bytes of the heap" "$CASE/last"; then
		pass running "the same four kinds of a process that runs on"
	else
		fail_case running "$(cat "$CASE/last")"
	fi
else
	fail_case peak "the program or the tool does not run"
fi
end_target

# --- what is in swap

# kib FIELD: the sum over all mappings of the program
kib()
{
	awk -v field="$1:" '$1 == field { sum += $2 } END { print sum + 0 }' "/proc/$TARGET/smaps"
}

# Of a file of our own, so that there is some. That of other tests is never as short of memory that it was used.
new_case swap
swap=$WORK/swap_file
if ! { dd if=/dev/zero of="$swap" bs=1M count=64 && chmod 600 "$swap" && mkswap "$swap" && swapon "$swap"; } >"$CASE/swap" 2>&1; then
	skip swap "no swap can be had: $(tail -n 1 "$CASE/swap")"
elif ! start_target "$PROG/reach_large" "$blocks" "$size" out || ! touch "$CASE/go" || ! await "$LIMIT" work_done_or_gone; then
	fail_case swap "the program does not run"
elif [ "$(kib Swap)" -lt 10240 ]; then
	skip swap "the kernel writes $(kib Swap) KiB of 48 MiB to swap"
else
	# What the tool reads before it looks has come back by then.
	before=$(kib Swap)
	run_tool -p "$TARGET" -o 0 --reach --max-pause 100000 --json "$CASE/json" -T 1 1 1
	found=$($PYTHON -c 'import json, sys; print(json.load(open(sys.argv[1]))["reach"]["swapped"] // 1024)' "$CASE/json")
	if [ "${found:-0}" -le "$before" ] && [ "${found:-0}" -ge $((before - 1024)) ] &&
		grep -qE 'reachability: .*; [0-9.]+ MiB were in swap, and were brought back to be read' "$CASE/report"; then
		pass swap "$found KiB were in swap, of $before KiB a moment before"
	else
		fail_case swap "${found:-0} KiB were in swap, of $before KiB a moment before"
	fi
fi
end_target
swapoff "$swap" 2>/dev/null
finish
