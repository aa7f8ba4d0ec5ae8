# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# kernel.sh - what the tests of -k share: tests/prog/kobjects has the kernel allocate under trace, holds what
# it got, gives it back. Sourced behind lib.sh. Reports come every second, so that one can be waited for.

# shellcheck disable=SC2317 # called by await
reports()
{
	[ "$(grep -c ' allocations outstanding' "$CASE/report")" -ge "$1" ]
}

# A report that was begun after now.
next_report()
{
	local n

	n=$(grep -c ' allocations outstanding' "$CASE/report")
	await 60 reports $((n + 2))
}

# make_objects NAME KIND NUMBER TOOL-OPTIONS...: the program makes its objects under trace; then a report.
# In TOOL-OPTIONS @ stands for the program's process id.
make_objects()
{
	local name=$1 kind=$2 n=$3

	shift 3
	new_case "$name"
	export RELEASED_FILE=$CASE/released
	if ! start_target "$PROG/kobjects" "$kind" "$n"; then
		fail_case "$name" "the program does not run: $(head -c 200 "$CASE/output")"
	elif ! start_tool -k -o 0 -T 0 "${@/#@/$TARGET}" 1; then
		fail_case "$name" "the tool does not trace"
	elif touch "$CASE/go" && ! await "$LIMIT" test -e "$CASE/done"; then
		fail_case "$name" "the program does not end its work: $(tail -n 2 "$CASE/output")"
	elif ! next_report; then
		fail_case "$name" "no report comes"
	else
		return 0
	fi
	return 1
}

# The program gives its objects back; then a report.
release_objects()
{
	kill -USR1 "$TARGET"
	await "$LIMIT" test -e "$CASE/released"
	next_report
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
