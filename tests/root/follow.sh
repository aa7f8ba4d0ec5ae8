#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# follow - --follow: what a command forks and executes, each by itself and all together.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# followed NAME PROCESSES WHAT...: the sum is the truth, of so many processes
followed()
{
	local name=$1 n=$2

	shift 2
	new_case "$name"
	run_tool --follow -T 0 ${TOOL_ARGS[@]+"${TOOL_ARGS[@]}"} -- "$PROG/family" "$@"
	if [ "$TOOL_STATUS" != 0 ]; then
		fail_case "$name" "exit status $TOOL_STATUS: $(tail -n 1 "$CASE/log")"
		return 1
	fi
	verify "$name" ${VERIFY[@]+"${VERIFY[@]}"} || return 1
	holds "$name-processes" "$n processes, each with a report of its own" "
		len(last.processes) == $n and len({p.pid for p in last.processes}) == $n and
		last.rest == '; all of $n processes' and
		all(sum(r.rest.startswith(f'; process {p.pid} ') for r in reports) == (not p.gap)
		    for p in last.processes) and
		all(p.running == False for p in last.processes)"
}

TOOL_ARGS=(--json "$WORK/json" --save "$WORK/saved")
followed tree 7 tree
TOOL_ARGS=()
holds tree-each "what each leaks, frees and has inherited is its own" '
	sorted((p.bytes, p.count, p.how) for p in last.processes) ==
	sorted([(531, 6, None)] + [(64 * i, i, "forked") for i in (1, 2, 3)] + [(2000, 2, "forked")] * 3) and
	sorted((r.account.get("frees of what was inherited", 0), r.account["freed"]) for r in reports[:-1]) ==
	[(0, 0)] + [(1, 0)] * 3 + [(4, 1)] * 3 and
	all(r.account["untracked frees"] == 0 for r in reports) and
	last.account["frees of what was inherited"] == 15'
holds tree-parents "who has forked whom" '
	all(p.parent == last.processes[0].pid for p in last.processes if p.bytes % 64 == 0) and
	sorted(p.parent for p in last.processes if p.bytes == 2000) ==
	sorted(p.pid for p in last.processes if p.bytes % 64 == 0)'
# Files hold the sum.
if "$TOOL" report "$WORK/saved" -T 0 >"$CASE/report" && verify files &&
	"$TOOL" report "$WORK/saved" --format json | cmp -s - "$WORK/json"; then
	pass files-same "the recording has all that the JSON has"
else
	fail_case files-same "they differ"
fi

followed losers 4 losers
holds losers-each "each is looked at when it exits: what it has lost, and what it can still reach" '
	sorted(r.lost.split(" at ")[0] for r in reports[:-1]) ==
	["100 bytes in 1 allocation", "101 bytes in 1 allocation", "102 bytes in 1 allocation", "77 bytes in 1 allocation"] and
	sorted(r.lost.split("; ")[1].split(" can ")[0] for r in reports[:-1]) == ["1,000 bytes in 1"] * 3 + ["5,000 bytes in 1"]'
holds losers-sum "and the sum of them" '
	last.lost.startswith("380 bytes in 4 allocations, most of it at in_loser ") and
	last.lost.endswith("; 8,000 bytes in 4 can still be reached")'

# that vfork children which end without a program are named is what --lossy allows
VERIFY=(--lossy)
followed mixed 17 mixed
VERIFY=()
holds mixed-shared "three that have run no program are named" '
	sum(p.gap == "it used its parent'"'"'s memory, to its end" for p in last.processes) == 3 and
	sum(bool(p.gap) for p in last.processes) == 3'
holds mixed-chain "four programs of one process were given up" '[p.gone for p in last.processes if p.gone] == [40]'
holds mixed-daemon "forked by a process that is gone" '
	[sum(q.pid == p.parent and q.parent == last.processes[0].pid for q in last.processes)
	 for p in last.processes if p.bytes in (490, 810)] == [1, 1]'
# it is not looked at when it exits, either
TOOL_ARGS=(--no-reach)
followed sigcont 2 sigcont
TOOL_ARGS=()
if grep -q noticed "$CASE/log"; then
	fail_case sigcont-silent "a child saw that it was held"
else
	pass sigcont-silent "a child that handles SIGCONT is not held"
fi

# How many processes a shell needs for it is the shell's affair.
new_case shell
# shellcheck disable=SC2016 # for the inner shell
run_tool --follow -T 0 -- sh -c '"$0" shell; exit 5' "$PROG/family"
verify shell
if [ "$TOOL_STATUS" = 5 ]; then
	pass status "the command's"
else
	fail_case status "exit status $TOOL_STATUS"
fi
holds shell-programs "each of the three programs has its own line" '
	sorted(p.bytes for p in last.processes if " leaf " in p.command and p.command.split()[0] != "sh" and
	       not p.command.startswith("sh ")) == [50, 100, 200]'

# The command's end is the trace's.
new_case abandoned
run_tool --follow -T 0 -o 0 -- "$PROG/family" abandoned
verify abandoned
holds abandoned-runs "what it leaves running is said to run" \
	'[(p.running, p.bytes) for p in last.processes] == [(False, 0), (True, 810)]'
touch "$CASE/quit"

# More at once than are wanted: named, not held up.
new_case bounded
run_tool --follow --follow-max 2 -T 0 -- "$PROG/family" many 6
holds bounded "2 of 6 are traced, the others are named" '
	len(last.processes) == 7 and last.total("in_child") == (128, 2) and
	sum(p.gap == "2 other processes were traced at the time (--follow-max)" for p in last.processes) == 4'

# A process that runs: what it forks from now on.
new_case running
if WAIT=1 start_target "$PROG/life" fork &&
	start_tool --follow -p "$TARGET" -o 0 -T 0 1000; then
	touch "$CASE/go"
	await "$LIMIT" test -e "$CASE/done"
	stop_tool INT
	holds running "three children of 50 blocks each, and their parent" '
		len(last.processes) == 4 and last.total("in_child") == (50 * 999 * 3, 150) and
		last.total("after_fork") == (100, 2) and last.account["frees of what was inherited"] == 15'
	end_target
else
	fail_case running "could not attach"
fi

finish
