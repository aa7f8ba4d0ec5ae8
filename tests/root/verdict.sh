#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# verdict - what leaks and what does not: a program that does four things at once, and one that was
# running already. A busy machine may make them wait: then it takes more reports to tell.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# becomes NAME DETAIL EXPRESSION: at one of the reports
becomes()
{
	local out

	if out=$($PYTHON tests/report.py becomes "$CASE/report" 0 "$LIMIT" "$3"); then
		pass "$1" "$2"
	else
		fail_case "$1" "$2: ${out//$'\n'/; }"
	fi
}

if have verdict verdicts steady; then
	new_case four
	start_tool -T 0 1 -- "$PROG/verdicts" || fail_case four "the tool does not trace"
	# what comes later than that is not from the start
	becomes four-reports "the table is in two reports" \
		'len([s for r in reports for s in r.sites if s.holds("load_table")]) >= 2'
	touch "$CASE/go"
	# how soon after its start the program makes the table is up to the machine
	becomes four "a list leaks, a queue comes and goes, a cache and a table stay" \
		'all([s.verdict for s in last.sites if s.holds(function)] == [verdict] for function, verdict in
			(("grow_list", "leaking"), ("enqueue", "churn"), ("fill_cache", "plateau")))
		and all(s.verdict in ("start-up", "plateau") for s in last.sites if s.holds("load_table"))
		and last.sites[0].holds("grow_list") and "1 stack leaks" in last.verdict'
	stop_tool INT
	holds four-always "a queue and a table are never said to leak" \
		'not [s for r in reports for s in r.sites
			if s.verdict == "leaking" and (s.holds("enqueue") or s.holds("load_table"))]'

	new_case attached
	start_target "$PROG/steady" || fail_case attached "the program does not run"
	start_tool -p "$TARGET" 1 || fail_case attached "the tool does not trace"
	becomes attached "a leak is seen, how fast, and where" \
		'last.sites[0].holds("steady_leak") and last.sites[0].verdict == "leaking"
		and re.match(r"1 stack leaks: [\d.]+ \wi?B/h at steady\.c:\d+ \(\d\d %\)", last.verdict)'
	stop_tool INT
	end_target
fi
finish
