#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reach - which blocks are lost: what memcheck says of the same programs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

if ! command -v valgrind >/dev/null; then
	skip reach "there is no valgrind"
	exit 0
fi
$PYTHON tests/reach.py "$TOOL" "$PROG/reach" >"$WORK/reach" &
$PYTHON tests/reach.py "$TOOL" "$PROG/reach_cxx" || FAILED=1
wait $! || FAILED=1
cat "$WORK/reach"

# verdict_of PATTERN NAME DETAIL: of the case's last report
verdict_of()
{
	if grep -qE "reachability: $1" "$CASE/report"; then
		pass "$2" "$3"
	else
		fail_case "$2" "$3: $(grep -a reachability: "$CASE/report" | tail -n 1)"
	fi
}

# The stop at the end of each command changes nothing for it.
new_case status
run_tool -- sh -c 'exit 7'
if [ "$TOOL_STATUS" = 7 ]; then
	pass status "the exit status is the command's"
else
	fail_case status "the exit status is $TOOL_STATUS, should be 7"
fi
# shellcheck disable=SC2016 # $$ is the command's
new_case killed && run_tool -- sh -c 'kill -KILL $$'
verdict_of 'unconfirmed: the program did not end by _exit' killed "whose memory is gone is not judged"

# Another program after execve: its blocks are judged, those before are gone.
new_case exec && run_tool -T 0 -- sh -c "exec $PROG/reach list_lost"
verdict_of 'definitely lost 32 bytes in 1 allocations, indirectly lost 288 bytes in 9 allocations;' exec \
	"the program that execve has started"
if have static heap_static; then
	new_case static && run_tool --reach -T 0 -- "$PROG/heap_static"
	verdict_of 'definitely lost [0-9]+ bytes' static "a static program is stopped at its _exit, too"
fi

# Threads that wait are not let out to see that they were stopped.
WANT_STATUS=7 started waiting "$PROG/life" waiters 7

# It is looked at when it ends, not before; and not at all if nobody wants it.
new_case running
WAIT=1 start_tool -T 0 -o 0 1 -- "$PROG/reach_live"
touch "$CASE/go"
await "$LIMIT" grep -q accounting: "$CASE/report"
touch "$CASE/quit"
await "$LIMIT" gone "$TOOL_PID"
holds running "no verdict before the end" '
	[bool(re.search("reachability: .*still reachable", r.text())) for r in reports] == [False] * (len(reports) - 1) + [True] and
	len(reports) > 1 and [bool(r.lost) for r in reports] == [False] * (len(reports) - 1) + [True]'
new_case unwanted && run_tool --no-reach -T 0 -- "$PROG/reach" list_lost
holds unwanted "--no-reach: nothing is said" 'last.count == 10 and not re.search("reachability:|lost:|ly lost", last.text())'

# By whom they are held: variables with the lines that declare them, the shortest way from there.
# held WANTED: this is said of a stack in the case's report; LINE(what) stands for the number of the line marked so
held()
{
	local wanted=$1 what

	while [[ $wanted =~ LINE\(([a-z\ ]+)\) ]]; do
		what=${BASH_REMATCH[1]}
		wanted=${wanted//"LINE($what)"/$(grep -nE "/\* LINE $what \*/" tests/prog/holders.c | cut -d: -f1)}
	done
	if grep -qFx "		held by $wanted" "$CASE/report"; then
		pass by-whom "$wanted"
	else
		fail_case by-whom "nothing is held by $wanted: $(grep -a 'held by' "$CASE/report")"
	fi
}
held_all()
{
	held "cache (holders.c:LINE(cache)) → table_new (holders.c:LINE(table)) +0x8 → table_new (holders.c:LINE(slots)) +0: 1440 bytes in 30 allocations"
	held "cache (holders.c:LINE(cache)): 16 bytes in 1 allocations"
	held "hidden (holders.c:LINE(hidden)): 100 bytes in 1 allocations"
	held "more (holders.c:LINE(more)): 120 bytes in 5 allocations"
	held "shared+0x10 (holders.c:LINE(shared)): 48 bytes in 1 allocations"
}
new_case by-whom
run_tool --by-whom -T 0 --save "$CASE/saved" -- "$PROG/holders"
held_all
"$TOOL" report -T 0 "$CASE/saved" >"$CASE/report"
held_all
new_case by-whom-stripped && strip -o "$CASE/holders" "$PROG/holders" && run_tool --by-whom -T 0 -- "$CASE/holders"
if grep -qE '^		held by holders\+0x[0-9a-f]+: 100 bytes in 1 allocations$' "$CASE/report"; then
	pass by-whom-stripped "without symbols by place"
else
	fail_case by-whom-stripped "$(grep -a 'held by' "$CASE/report")"
fi

# What blocks point to that found no room in the table may be in use.
new_case full && run_tool --reach -T 0 --max-live 100 -- "$PROG/reach" list_kept
verdict_of 'still reachable 320 bytes in 10 allocations; ' full "nothing is lost that is not"
new_case full && run_tool --reach -T 0 --max-live 10000 -- "$PROG/reach" list_long_kept
verdict_of 'still reachable [0-9]+ bytes in [0-9]+ allocations; .* bytes of the heap are not known' full \
	"of a list with gaps nothing is lost"

# The verdict on a process that runs on, by one look and by two.
# 1,000 + 100 lost, 100 under them, 100 by their middle; 900 + 100 in use.
lost='definitely lost 206400 bytes in 1100 allocations, indirectly lost 3200 bytes in 100 allocations, '
lost+='possibly lost 20000 bytes in 100 allocations, still reachable 184800 bytes in 1000 allocations; stopped'
reach=(--reach --max-pause 20000)
attach_and_look()
{
	new_case "$1"
	start_target "$PROG/reach_live" || fail_case "$1" "the program does not run"
	shift
	start_tool -p "$TARGET" -o 0 -T 0 "$@"
	touch "$CASE/go"
	await "$LIMIT" work_done_or_gone
}

attach_and_look one-look "${reach[@]}" 1000
stop_tool INT
verdict_of "$lost for [0-9.]+ ms; [0-9]+ bytes of the heap are not known" one-look "of a process that runs"
end_target
gap=$(cat "$CASE/output") pause=$(sed -n 's/.*stopped for \([0-9]*\).*/\1/p' "$CASE/report")
if [ "$TARGET_STATUS" = 0 ] && [ "${gap:-0}" -gt 0 ]; then
	pass one-look-gap "the longest gap of a thread was $gap us, with a stop of ${pause:-?} ms"
else
	fail_case one-look-gap "the program ended with $TARGET_STATUS"
fi
attach_and_look two-looks "${reach[@]}" --confirm 1s 2
await "$LIMIT" grep -q 'confirmed after' "$CASE/report"
stop_tool INT
grep -E 'reachability: .*confirmed after' "$CASE/report" | tail -n 1 >"$CASE/last"
if grep -qE "reachability: $lost for [0-9.]+ ms, confirmed after [1-9][0-9.]* s" "$CASE/last"; then
	pass two-looks "lost is what is lost twice"
else
	fail_case two-looks "$(grep reachability: "$CASE/report" | tail -n 2)"
fi
# The last report has no time for a second look.
verdict_of 'unconfirmed: there was no time for a second look' two-looks-end "one look does not confirm"
end_target

# What is in blocks: of a command at its end, of a process that runs.
shows()
{
	if grep -qE "$1" "$CASE/report"; then
		pass dump "$2"
	else
		fail_case dump "$2: there is no line like $1"
	fi
}
new_case dump && run_tool --dump=64 -T 0 -- "$PROG/reach" copied_strings
shows '1 of 1 blocks read begin like 0x[0-9a-f]+: "twenty-one characters"$' "a string, at the end of a command"
new_case dump && run_tool --dump=64 -T 0 -- "$PROG/reach" list_kept
shows '9 of 10 blocks read begin like 0x[0-9a-f]+:' "nine of ten in a list point on, where to makes no difference"
shows '\+0 → block of 32 bytes of block \(reach.h:[0-9]+\)$' "a pointer to another block, by its site"
new_case dump && run_tool --dump=64 -T 0 -- "$PROG/reach_cxx" second_base
shows '1 of 1 blocks read are of class \(anonymous namespace\)::Both, like' "an object, by its class"
shows '\+0x10 → vtable (of|for) \(anonymous namespace\)::Both' "a vtable, by its class"
attach_and_look dump --dump=32 1000
stop_tool INT
shows '1,000 of 1,000 blocks read begin like 0x[0-9a-f]+: 0000000000000000 0000000000000000$' "of a process that runs"
shows '^		1,000 younger ones were not looked at$' "of each stack a bounded number"
end_target

# Reasons.
attach_and_look debugged "${reach[@]}" 1000
gdb -q -p "$TARGET" -batch -ex "shell touch $QUIT_FILE.gdb" -ex 'shell sleep 4' >"$CASE/gdb" 2>&1 &
await 20 test -e "$CASE/quit.gdb"
stop_tool INT
wait $!
verdict_of 'unconfirmed: a debugger is attached to it' debugged "with a debugger attached"
end_target
attach_and_look ended "${reach[@]}" 1000
end_target
await "$LIMIT" gone "$TOOL_PID"
verdict_of 'unconfirmed: the process has ended, and its memory with it' ended "of a process that has ended"
new_case short
start_target "$PROG/reach_live"
start_tool -p "$TARGET" -o 0 -T 0 --reach --max-pause 1 1000
touch "$CASE/go"
await "$LIMIT" work_done_or_gone
stop_tool INT
verdict_of 'unconfirmed: copying [0-9]+ MiB would stop it for about [0-9]+ ms, more than --max-pause allows' short \
	"nobody is stopped for longer than --max-pause"
end_target

finish
