#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel_overload - -k without a filter while all CPUs do nothing but allocate, with tables that are far
# too small: the machine goes on, the account balances, and what is lost is said. For 6 s each; or with
# KERNEL_LOAD_SECONDS=N for so long, and only with tables as they are.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/kernel.sh
. tests/kernel.sh

SECONDS_OF_LOAD=${KERNEL_LOAD_SECONDS:-6}
have kernel_overload kload || finish

# under_load NAME TOOL-OPTIONS...
under_load()
{
	local name=$1 rounds

	shift
	new_case "$name"
	if ! start_tool -k "$@" 1; then
		fail_case "$name" "the tool does not trace"
		return 1
	fi
	rounds=$("$PROG/kload" "$SECONDS_OF_LOAD")
	if [ "${rounds:-0}" -gt 100 ]; then
		pass "$name-goes-on" "$rounds rounds in $SECONDS_OF_LOAD s"
	else
		fail_case "$name-goes-on" "only '$rounds' rounds"
	fi
	from_now
}

# loaded NAME: the tool ends
loaded()
{
	stop_tool INT
	[ "$TOOL_STATUS" = 0 ] || fail_case "$1" "the tool's exit status is $TOOL_STATUS"
	holds "$1-balance" "all reports balance" "reports and $BALANCED and all(r.account['freed'] >= 0 for r in reports)"
}

if [ -z "${KERNEL_LOAD_SECONDS-}" ] && under_load full --max-live 1000 --max-stacks 8 -P -T 0 -o 0; then
	loaded full
	holds full-said "that the tables were full is said" \
		'last.account["lost"] > 0 and "table of 1,000 live blocks was full" in last.text() and "table of 8 stacks was full" in last.text()'
	holds full-sites "each object has its call site, if not its stack" \
		'last.sites and all(s.frames for s in last.sites if s.entry != "percpu")'
fi

if under_load enough -T 0 -o 0; then
	becomes enough-all-freed "of their messages nothing is left" 'last.made_by("load_msg") == (0, 0)'
	loaded enough
	# objects that are freed without an event fill the table for as long as nobody tidies up
	holds enough-said "nothing is lost, or it is said" \
		'last.account["lost"] == 0 or "live blocks was full" in last.text()'
fi

if [ -z "${KERNEL_LOAD_SECONDS-}" ] && under_load stacks --stack-every 1; then
	loaded stacks
	holds stacks-each "stacks of all of them" '"stack unavailable" not in last.text()'
fi

finish
