#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# load - reports of a program that goes on allocating in several threads: each one is exact.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

JUDGE=${PROG%/prog}/judge

# judged NAME PROGRAM ARGS...: see tests/judge/PROGRAM.c
judged()
{
	local name=$1 program=$2 out

	shift 2
	new_case "$name"
	have "$name" "../judge/$program" || return
	if out=$("$JUDGE/$program" "$name" "$@" 2>"$CASE/log"); then
		echo "$out"
	else
		fail_case "$name" "${out#*: }"
	fi
}

judged two-threads under_load 2 5
judged eight-threads under_load 8 5
judged exec-storm exec_storm 100

# Nobody reads what is told for a while: the tool is stopped. Copies of stacks do not crowd out mappings.
if have burst burst; then
	new_case burst
	if start_target "$PROG/burst" && start_tool -p "$TARGET" -o 0 -T 0 1000; then
		kill -STOP "$TOOL_PID"
		touch "$CASE/go"
		await 60 work_done_or_gone
		kill -CONT "$TOOL_PID"
		stop_tool INT
		verify burst --attached
		holds burst-account "no notification was lost" 'not last.warnings and last.account["lost"] == 0'
	else
		fail_case burst "the tool does not trace"
	fi
	end_target
fi

finish
