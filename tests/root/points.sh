#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# points - one probe a call: functions that are followed by points in their code give the same reports as by
# entry and return; the change from one to the other while the target works loses nothing and counts nothing
# twice; points that are wrong are found out. (ledger compares call by call.)
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

REAL_TOOL=$TOOL

# with WHICH COMMAND...: the tool probes so
with()
{
	local which=$1

	shift
	TOOL=$WORK/tool-$which
	printf '#!/bin/sh\nexec %q --probes %s -v "$@"\n' "$REAL_TOOL" "$which" >"$TOOL"
	chmod 755 "$TOOL"
	"$@"
	TOOL=$REAL_TOOL
}

# What a report says of each stack, without what differs from run to run; then the account.
essence()
{
	$PYTHON - "$1" <<-'END'
		import sys
		sys.path.insert(0, "tests")
		import report
		last = report.parse(sys.argv[1])[-1]
		for line in sorted(
		    f"{s.bytes} {s.count} {s.entry} " + "; ".join(
		        f"{f.function}+{f.offset} {f.line} [{f.image}]" for f in s.frames)
		    for s in last.sites):
		    print(line)
		for name, value in sorted(last.account.items()):
		    print(name, value)
	END
}

# same NAME COMMAND...: are all stacks and counts the same, by points and by pairs?
same()
{
	local name=$1

	shift
	with pair started "same-$name-pair" "$@" || return
	essence "$CASE/report" >"$WORK/pair.txt"
	with point started "same-$name-point" "$@" || return
	essence "$CASE/report" >"$WORK/point.txt"
	if ! grep -q 'points inside only' "$CASE/log"; then
		skip "same-$name" "no function of this allocator has points here"
	elif [ ! -s "$WORK/pair.txt" ]; then
		fail_case "same-$name" "no report: this test proves nothing"
	elif diff "$WORK/pair.txt" "$WORK/point.txt" >"$CASE/diff"; then
		pass "same-$name" "$(wc -l <"$WORK/pair.txt") lines are the same"
	else
		fail_case "same-$name" "$(head -n 3 "$CASE/diff" | tr '\n' ';')"
	fi
}

same heap "$PROG/heap"
same cxx "$PROG/cxx"
if have same-static heap_static; then
	same static "$PROG/heap_static"
fi
for allocator in jemalloc tcmalloc mimalloc; do
	rest=
	[ $allocator = jemalloc ] && rest=no-pvalloc
	if have same-$allocator heap_$allocator cxx_$allocator; then
		same $allocator "$PROG/heap_$allocator" $rest
		[ $allocator = mimalloc ] && rest=no-oom || rest=
		same cxx-$allocator "$PROG/cxx_$allocator" $rest
	fi
done
# mmap and brk from within malloc are not the program's own.
same mappings "$PROG/mappings"

# The change happens among the calls of two threads.
with pair started pairs-pair "$PROG/pairs" 20000
essence "$CASE/report" | grep -v '^[0-9]' >"$WORK/pair.txt"
with auto started pairs-auto "$PROG/pairs" 20000
essence "$CASE/report" | grep -v '^[0-9]' >"$WORK/auto.txt"
if ! grep -q 'malloc .* points inside' "$CASE/log"; then
	skip pairs-switch "this C library's malloc has no points"
elif ! grep -q 'malloc in .*: followed by its points from now on' "$CASE/log"; then
	fail_case pairs-switch "its points were not proven"
elif diff "$WORK/pair.txt" "$WORK/auto.txt" >"$CASE/diff"; then
	pass pairs-switch "$(sed -n 's/^seen //p' "$WORK/auto.txt") allocations seen, as by pairs"
else
	fail_case pairs-switch "the counts differ: $(grep '^[<>]' "$CASE/diff" | tr '\n' ';')"
fi

# A program that fills its memory first goes the slow ways, which meet more points than it is worth.
with auto started slow-start "$PROG/pairs" 20000 4000
if ! grep -q 'malloc .* points inside' "$CASE/log"; then
	skip slow-start-switch "this C library's malloc has no points"
elif calls=$(sed -n 's/.*malloc in .*: followed by its points from now on: \([0-9]*\) calls.*/\1/p' "$CASE/log") &&
	[ "${calls:-0}" -gt 4000 ]; then
	pass slow-start-switch "followed by its points after $calls calls"
else
	fail_case slow-start-switch "changed after '$calls' calls, should be more than the 4,000 of the slow way"
fi

# Once it has changed, entry and return are not probed any more, and nobody misses the probes.
new_case alone
if start_target "$PROG/churn" && with auto start_tool -p "$TARGET" 1; then
	if ! grep -q 'malloc .* points inside' "$CASE/log"; then
		skip alone "this C library's malloc has no points"
	elif ! await 5 grep -qs 'entry and return are detached' "$CASE/log"; then
		fail_case alone "entry and return stay attached"
	else
		sleep 2.5
		stop_tool INT
		holds alone "entry and return went, reports go on" \
			'len(reports) > 1 and last.account["seen"] > reports[0].account["seen"] + 1000 and not last.warnings'
	fi
	end_target
else
	fail_case alone "the tool does not trace"
fi

# Points that are wrong, as a function breaks the rules of calls: refuted by the first call.
if have liar libliar.so; then
	with auto started liar env LD_PRELOAD="$PROG/libliar.so" "$PROG/pairs" 1000
	if grep -q 'malloc in libliar.so: entry and return stay: its points were wrong' "$CASE/log"; then
		pass liar-refuted "entry and return stay"
	else
		fail_case liar-refuted "the log does not say so"
	fi
	# Are they wrong at all?
	new_case liar-believed
	with point run_tool -T 0 -- env LD_PRELOAD="$PROG/libliar.so" "$PROG/pairs" 1000
	if $PYTHON tests/report.py check "$CASE/report" "$CASE/truth" >"$CASE/wrong"; then
		fail_case liar-believed "its points are right: liar-refuted proves nothing"
	else
		pass liar-believed "without proof: $(head -n 1 "$CASE/wrong")"
	fi
fi

finish
