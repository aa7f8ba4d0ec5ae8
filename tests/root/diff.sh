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

# What a machine without names has recorded, and elsewhere they are added, is what one with names records.
new_case symbolize
mkdir "$CASE/debug"
for program in changed_after inlined; do
	strip -o "$CASE/$program" "$PROG/$program"
	record "$program" "$program"
	run_tool --save "$CASE/nameless_$program.rec" -- "$CASE/$program"
	objcopy --only-keep-debug "$PROG/$program" "$CASE/debug/of_$program"
	"$TOOL" symbolize --debug-dir "$CASE/debug" -o "$CASE/named_$program.rec" "$CASE/nameless_$program.rec" >"$CASE/log" 2>&1
	# all but addresses, which are others with each start, and what is not of the program
	for recording in "$program" "named_$program" "nameless_$program"; do
		"$TOOL" report --format json "$CASE/$recording.rec" | $PYTHON -c '
import json, sys
for site in json.load(sys.stdin)["sites"]:
    print(site["bytes"], site["count"], site["entry"], *((f["function"], f["offset"], f["path"], f["line"], f["inlined"])
        for f in site["frames"] if f["image"] == sys.argv[1]))' "$program" | sort >"$CASE/$recording"
	done
	if [ -s "$CASE/$program" ] && cmp -s "$CASE/$program" "$CASE/named_$program" &&
		! cmp -s "$CASE/$program" "$CASE/nameless_$program"; then
		pass "symbolize-$program" "names, lines and inlined calls as a machine that has them records them"
	else
		fail_case "symbolize-$program" "$(diff "$CASE/$program" "$CASE/named_$program" | head -n 4)"
	fi
done
finish
