#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# diff - recordings of a program before and after a change of two lines.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# record NAME PROGRAM: into $CASE/NAME.rec
record()
{
	run_tool --save "$CASE/$1.rec" -- "$PROG/$2"
	[ "$TOOL_STATUS" = 0 ] || fail_case "$1" "exit status $TOOL_STATUS"
}

# differs NAME DETAIL OLD NEW LINE...: the stacks that have changed, as "change bytes blocks functions"
differs()
{
	local name=$1 detail=$2 old=$3 new=$4 got

	shift 4
	got=$("$TOOL" diff --format json "$CASE/$old.rec" "$CASE/$new.rec" 2>&1 | $PYTHON -c '
import json, sys
for site in json.load(sys.stdin)["sites"]:
    if site["change"] != "unchanged":
        functions = [f["function"] for f in site["frames"]]
        print(site["change"], site["bytes_delta"], site["count_delta"], *functions[:functions.index("main") + 1])' 2>&1 | sort)
	if [ "$got" = "$(printf '%s\n' "$@")" ]; then
		pass "$name" "$detail"
	else
		fail_case "$name" "$detail: ${got//$'\n'/; }"
	fi
}

new_case diff
record before changed_before
record again changed_before
record after changed_after
differs same "the same program twice: no difference, wherever it was mapped" before again ""
# first() is called by main() and by second()
differs change "the two new lines, in both of their stacks, and nothing else" before after \
	"new 1665 5 take first main" "new 1665 5 take first second main"
differs back "and back: gone" after before "gone -1665 -5 take first main" "gone -1665 -5 take first second main"
for program in before after; do
	strip -o "$CASE/stripped_$program" "$PROG/changed_$program"
	run_tool --save "$CASE/stripped_$program.rec" -- "$CASE/stripped_$program"
done
if "$TOOL" diff "$CASE/stripped_before.rec" "$CASE/before.rec" 2>&1 | grep -q '^0 stacks new, 0 grown, 6 unchanged, 0 shrunk, 0 gone$'; then
	pass stripped "with names and without, it is the same file by its build-id"
else
	fail_case stripped "$("$TOOL" diff "$CASE/stripped_before.rec" "$CASE/before.rec" 2>&1 | head -n 5)"
fi
finish
