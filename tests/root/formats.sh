#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# formats - files of all formats, written by one trace of a program with known leaks.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# json NAME DETAIL EXPRESSION FILE: true of `reports` and `last`, the lines of a JSON file
json()
{
	local out

	if out=$($PYTHON - "$3" "$4" 2>&1 <<-'END'
		import json, sys
		with open(sys.argv[2], encoding="utf-8") as file:
		    reports = [json.loads(line) for line in file]
		last = reports[-1]
		if not eval("(" + sys.argv[1] + ")", {"reports": reports, "last": last}):
		    sys.exit("not true: " + sys.argv[1])
	END
	); then
		pass "$1" "$2"
	else
		fail_case "$1" "$2: ${out//$'\n'/; }"
	fi
}

# sizes leaks 4 * 100,000, 20 * 1,000 and 1,000 * 10 bytes.
new_case all
out=$CASE/out
run_tool -T 1 --json "$out.json" --csv "$out.csv" --folded "$out.folded" --pprof "$out.pb.gz" --svg "$out.svg" \
	--html "$out.html" --save "$out.rec" --text "$out.txt" -- "$PROG/sizes"
if [ "$TOOL_STATUS" != 0 ]; then
	fail_case all "exit status $TOOL_STATUS"
else
	holds all "-T 1 is for the text" 'len(last.sites) == 1 and last.bytes >= 430000'
	json all "files have all stacks" \
		'[(s["bytes"], s["count"], s["frames"][0]["function"]) for s in last["sites"]][:3] == [
		(400000, 4, "few_large"), (20000, 20, "middle"), (10000, 1000, "many_small")]
		and last["target_ended"] and last["final"] and last["comm"] == "sizes"
		and last["origin"]["command"].endswith("/sizes")' "$out.json"
	if cmp -s "$CASE/report" "$out.txt"; then
		pass all-text "the file is what the screen shows"
	else
		fail_case all-text "the file is not what the screen shows"
	fi
	id=$(readelf -n "$PROG/sizes" | sed -n 's/.*Build ID: //p')
	json all-place "build-id and offset of each frame are the program's" \
		"all(f['build_id'] == '$id' and f['image_path'] == '$PROG/sizes'
		for s in last['sites'] for f in s['frames'] if f['image'] == 'sizes')" "$out.json"
	# the tests of pprof take the offsets from here: they lead to the line in the file
	line=$(addr2line -e "$PROG/sizes" "$($PYTHON -c 'import json, sys
frame = json.load(open(sys.argv[1]))["sites"][0]["frames"][0]
print(hex(int(frame["image_address"], 16) - 1))' "$out.json")" | sed 's/.*:\([0-9]*\).*/\1/')
	json all-line "addr2line says the same" "last['sites'][0]['frames'][0]['line'] == $line" "$out.json"
	if "$TOOL" report -T 1 "$out.rec" | cmp -s - "$CASE/report" &&
		"$TOOL" report --format json "$out.rec" | cmp -s - "$out.json"; then
		pass all-saved "a recording shows the same"
	else
		fail_case all-saved "a recording differs"
	fi
	if "$TOOL" report --html "$out.again.html" "$out.rec" && cmp -s "$out.again.html" "$out.html"; then
		pass all-saved-page "and the same page, source and all"
	else
		fail_case all-saved-page "a page of a recording differs"
	fi
	line=$(grep -n 'malloc(100000)' tests/prog/sizes.c | cut -d: -f1)
	if grep -Eq "^<b class=\"here\"> +$line +KEEP\(malloc\(100000\)\);</b>\$" "$out.html"; then
		pass all-source "the page shows the line that allocates"
	else
		fail_case all-source "$(grep -A 4 -m 1 'class="src"' "$out.html")"
	fi
	json all-source-json "JSON has it, too, and where in it the line is" \
		"[s['source']['lines'][s['frames'][s['source']['frame']]['line'] - s['source']['first']].strip()
		for s in last['sites'][:1]] == ['KEEP(malloc(100000));']" "$out.json"
	tests/formats "$out.json" "$out.csv" "$out.folded" "$out.pb.gz" "$out.svg" "$out.html" >"$CASE/judges" || FAILED=1
	sed 's/^\([A-Z]* \)/\1real-/' "$CASE/judges"
fi

new_case stream
if start_target "$PROG/steady"; then
	run_tool -p "$TARGET" -o 0 --format json --json "$CASE/last.json" 1 3
	json stream "a line for each report, the last one in the file" \
		'len(reports) == 3 and [r["final"] for r in reports] == [False, False, True]
		and reports[0]["bytes_delta"] is None and reports[1]["bytes"] - reports[0]["bytes"] == reports[1]["bytes_delta"]
		and reports[2]["bytes"] > reports[0]["bytes"]' "$CASE/report"
	if cmp -s <(tail -n 1 "$CASE/report") "$CASE/last.json"; then
		pass stream-file "the file has the last report"
	else
		fail_case stream-file "the file differs from the last report"
	fi
	run_tool -p "$TARGET" -o 0 --format csv 1 2
	if [ "$(grep -c '^bytes,count,' "$CASE/report")" = 1 ]; then
		pass single "a format that cannot hold several has the last one"
	else
		fail_case single "$(grep -c '^bytes,count,' "$CASE/report") headings"
	fi
else
	fail_case stream "the program does not start"
fi
end_target

new_case unwritable
run_tool --json "$CASE/none/out.json" -- touch "$CASE/ran"
if [ "$TOOL_STATUS" = 1 ] && [ ! -e "$CASE/ran" ] &&
	[ "$(cat "$CASE/log")" = "memleak-bpf: cannot write $CASE/none/out.json: No such file or directory" ]; then
	pass unwritable "said in one line before anything is started"
else
	fail_case unwritable "exit status $TOOL_STATUS"
fi
new_case full
run_tool --json /dev/full --csv "$CASE/out.csv" -- "$PROG/sizes"
if [ "$TOOL_STATUS" = 1 ] && grep -qx 'memleak-bpf: cannot write /dev/full: No space left on device' "$CASE/log" &&
	[ "$(wc -l <"$CASE/out.csv")" -ge 4 ] && [ -s "$CASE/report" ]; then
	pass full "a full disk is told, the others are written"
else
	fail_case full "exit status $TOOL_STATUS"
fi
finish
