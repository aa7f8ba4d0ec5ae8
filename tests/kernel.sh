# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# kernel.sh - what the tests of -k share: tests/prog/kobjects has the kernel allocate under trace, holds what
# it got, gives it back. Sourced behind lib.sh. Reports come every second, and are waited for.

# From now on: what becomes looks at are reports that begin after this.
from_now()
{
	local begun

	begun=$(grep -c ' allocations outstanding' "$CASE/report")
	FIRST=$((begun + 1)) # the one that comes next may have read the tables already
}

# becomes NAME DETAIL EXPRESSION: as holds, of one of the reports since from_now. What is freed by RCU and workers
# takes its time, so one report proves nothing.
becomes()
{
	local out

	if out=$($PYTHON tests/report.py becomes "$CASE/report" "$FIRST" "$LIMIT" "$3"); then
		pass "$1" "$2"
	else
		fail_case "$1" "$2: ${out//$'\n'/; }"
	fi
}

# make_objects NAME KIND NUMBER TOOL-OPTIONS...: the program makes its objects under trace.
# In TOOL-OPTIONS @ stands for the program's process id.
make_objects()
{
	local name=$1 kind=$2 n=$3

	shift 3
	new_case "$name"
	export RELEASED_FILE=$CASE/released
	if ! start_target "$PROG/kobjects" "$kind" "$n"; then
		fail_case "$name" "the program does not run: $(head -c 200 "$CASE/output")"
	elif ! start_tool -k -o 0 -T 0 "${@//@/$TARGET}" 1; then
		fail_case "$name" "the tool does not trace"
	elif touch "$CASE/go" && ! await "$LIMIT" test -e "$CASE/done"; then
		fail_case "$name" "the program does not end its work: $(tail -n 2 "$CASE/output")"
	else
		from_now
		return 0
	fi
	return 1
}

# The program gives its objects back.
release_objects()
{
	kill -USR1 "$TARGET"
	await "$LIMIT" test -e "$CASE/released"
	from_now
}

BALANCED='all(r.account["seen"] == r.account["freed"] + r.account["outstanding"] + r.account["lost"] for r in reports)'

# end_objects NAME: the tool and the program end; the account of all reports balances.
end_objects()
{
	stop_tool INT
	[ "$TOOL_STATUS" = 0 ] || fail_case "$1" "the tool's exit status is $TOOL_STATUS"
	holds "$1-balance" "every report balances" "$BALANCED"
	end_target
}
