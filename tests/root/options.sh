#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# options - each option does what the manual says, seen on programs with known leaks.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# with NAME DETAIL EXPRESSION ARGS...: trace "sizes" from its start with ARGS
with()
{
	local name=$1 detail=$2 expression=$3

	shift 3
	new_case "$name"
	run_tool "$@" -- "$PROG/sizes"
	if [ "$TOOL_STATUS" != 0 ]; then
		fail_case "$name" "exit status $TOOL_STATUS"
	else
		holds "$name" "$detail" "$expression"
	fi
}

# sizes leaks 4 * 100,000, 20 * 1,000 and 1,000 * 10 bytes.
with default "largest first, all shown" \
	'[total(f) for f in ("few_large", "middle", "many_small", "freed")] ==
	[(400000, 4), (20000, 20), (10000, 1000), (0, 0)] and last.sites[0].holds("few_large")
	and [s.bytes for s in last.sites] == sorted((s.bytes for s in last.sites), reverse=True)'
with sort-size "the default" 'last.sites[0].holds("few_large")' --sort size
with sort-count "most blocks first" 'last.sites[0].holds("many_small")' --sort count
with min-size "-z: at least so large" \
	'total("few_large") == (400000, 4) and total("middle") == (20000, 20)
	and total("many_small") == (0, 0)' -z 1000
with max-size "-Z: at most so large" \
	'total("few_large") == (0, 0) and total("middle") == (20000, 20)
	and total("many_small") == (10000, 1000)' -Z 1000
with size-range "-z and -Z" \
	'total("few_large") == (0, 0) and total("middle") == (20000, 20)
	and total("many_small") == (0, 0) and last.count == 20' -z 1000 -Z 1000
with top "-T 1: one stack, but the sum of all" \
	'len(last.sites) == 1 and last.sites[0].bytes == 400000 and last.bytes >= 430000
	and last.stacks >= 3' -T 1
with blocks "-a: each block's address and size" \
	'len(re.findall(r"0x[0-9a-f]+.*100[,]?000", "\n".join(last.sites[0].lines))) == 4' -a
with no-blocks "and not without" \
	'not re.search(r"100[,]?000", "\n".join(last.sites[0].lines))'
with combined "-C: sums by stack" \
	'total("few_large") == (400000, 4) and total("many_small") == (10000, 1000)' -C
with no-colour "none into a file" '"\033" not in last.text()'
with older "-o: nothing lives so long" 'last.count == 0 and not last.sites' -o 600000
with depth "--max-depth 1: the caller alone" \
	'all(len([f for f in s.frames if not f.inlined]) == 1 for s in last.sites)
	and total("few_large") == (400000, 4)' --max-depth 1
with quiet-sum "outstanding is what the head says" \
	'last.account["outstanding"] == last.count and last.account["lost"] == 0' -T 0

# -t: a line for each event
new_case trace
run_tool -t -- "$PROG/sizes"
events=$(cat "$CASE/report" "$CASE/log" | grep -c '100000')
if [ "$events" -ge 4 ]; then
	pass trace "-t shows each allocation"
else
	fail_case trace "$events lines for 4 allocations"
fi

# -c 'COMMAND ARGS', with quotes
new_case command
run_tool -T 0 -c "sh -c 'exec \"\$0\" exit 3' '$PROG/life'"
if [ "$TOOL_STATUS" = 3 ]; then
	verify command
else
	fail_case command "exit status $TOOL_STATUS, should be 3"
fi

# -s: an estimate. 40,000 blocks, 1 in 10: standard deviation 600; five of them are allowed.
new_case sampling
run_tool -s 10 -- "$PROG/live" 20000
holds sampling "1 in 10: the estimate is near 40,000" \
	'abs(total("keep_blocks")[1] - 40000) < 3000 and total("keep_blocks")[0] ==
	24 * total("keep_blocks")[1]'

# -o on a running program: younger ones are left out of the list but not hidden.
new_case age
if start_target "$PROG/sizes" && start_tool -p "$TARGET" -o 3600000 -T 0 1000; then
	touch "$CASE/go"
	await 20 test -e "$CASE/done"
	stop_tool TERM
	holds age-young "-o 3600000: no block is that old" 'last.count == 0 and not last.sites'
else
	fail_case age-young "the tool does not trace"
fi
rm -f "$CASE/go" "$CASE/done"
end_target
new_case age-old
if start_target "$PROG/sizes" && start_tool -p "$TARGET" -o 300 -T 0 1000; then
	touch "$CASE/go"
	await 20 test -e "$CASE/done"
	sleep 0.5
	stop_tool TERM
	holds age-old "-o 300: all are" 'last.count == 1024 and last.bytes == 430000'
else
	fail_case age-old "the tool does not trace"
fi
end_target

# INTERVAL COUNT, and growth from the second report on.
new_case interval
if start_target "$PROG/steady"; then
	SECONDS=0
	run_tool -p "$TARGET" -o 0 1 3
	if [ "$TOOL_STATUS" = 0 ] && [ $SECONDS -ge 2 ]; then
		holds interval "1 3: three reports, each with more" \
			'len(reports) == 3 and reports[0].count < reports[1].count < reports[2].count
			and all(r.bytes == 100 * r.count for r in reports)'
		holds growth "each stack shows its growth from the second on" \
			'"+" not in reports[0].text().split("accounting")[0].split("\n")[0] and all(
			re.search(r"\+[\d,]+", "\n".join([s.growth, s.age] + s.lines[:1]))
			for r in reports[1:] for s in r.sites)'
	else
		fail_case interval "exit status $TOOL_STATUS after $SECONDS s"
	fi

	CASE2=$CASE
	SECONDS=0
	run_tool -p "$TARGET" -o 0 -d 2
	if [ "$TOOL_STATUS" = 0 ] && [ $SECONDS -ge 1 ]; then
		# one in 10 ms, fewer where the machine is busy
		holds duration "-d 2: a last report after 2 s" \
			"len(reports) == 1 and 0 < total('steady_leak')[1] <= 100 * ($SECONDS + 1)"
	else
		fail_case duration "exit status $TOOL_STATUS after $SECONDS s"
	fi

	for signal in INT TERM; do
		start_tool -p "$TARGET" -o 0 1000
		sleep 0.5
		stop_tool $signal
		if [ "$TOOL_STATUS" = 0 ]; then
			holds "signal-$signal" "a last report" \
				'len(reports) == 1 and total("steady_leak")[1] > 10'
		else
			fail_case "signal-$signal" "exit status $TOOL_STATUS"
		fi
	done
	CASE=$CASE2
	end_target
else
	fail_case interval "the program does not run"
fi

# SIGINT while a command runs: it is the command's to end, and the report comes.
new_case interrupt-command
env --default-signal=INT,QUIT "$TOOL" -T 0 -- "$PROG/steady" >"$CASE/report" 2>"$CASE/log" &
TOOL_PID=$!
PIDS+=("$TOOL_PID")
await 10 test -e "$CASE/ready"
sleep 0.5
stop_tool INT
holds interrupt-command "a last report" 'total("steady_leak")[1] > 10'
touch "$CASE/quit"

# -O: only this object.
new_case object
run_tool -O libc.so.6 -T 0 -- "$PROG/sizes"
holds object "-O libc.so.6" 'total("few_large") == (400000, 4)'
new_case object-unknown
run_tool -O nosuchlib.so -T 0 -- "$PROG/sizes"
if [ "$TOOL_STATUS" != 0 ]; then
	pass object-unknown "refused: $(tail -n 1 "$CASE/log")"
else
	holds object-unknown "a warning, not an empty report" 'last.warnings'
fi

# -S: an allocator with a prefix.
new_case prefix
run_tool -S own_ -T 0 -- "$PROG/prefixed"
if [ "$TOOL_STATUS" = 0 ]; then
	verify prefix
else
	fail_case prefix "exit status $TOOL_STATUS"
fi

# --offset: a stripped static program, by addresses from elsewhere.
if have offset heap_stripped heap_static; then
	offsets=
	for name in malloc free calloc realloc; do
		offsets+=,$name=0x$(nm "$PROG/heap_static" | awk -v n=$name '$3 == n { print $1; exit }')
	done
	new_case offset
	run_tool --offset "${offsets#,}" -T 0 -- "$PROG/heap_stripped"
	holds offset "--offset: allocations of a stripped static program are seen" \
		'any((s.bytes, s.count) == (3145728, 1) for s in last.sites) and
		any((s.bytes, s.count) == (77, 1) for s in last.sites) and
		last.account["freed"] > 20'
fi

for option in --help --version -h; do
	new_case "show${option//-/_}"
	run_tool $option
	if [ "$TOOL_STATUS" = 0 ] && [ -s "$CASE/report" ] && [ ! -s "$CASE/log" ]; then
		pass "show$option" "$(head -n 1 "$CASE/report")"
	else
		fail_case "show$option" "exit status $TOOL_STATUS, or not on stdout"
	fi
done

finish
