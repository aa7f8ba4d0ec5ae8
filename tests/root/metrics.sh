#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# metrics - figures for Prometheus, over HTTP and in files: a real one scrapes a program with known leaks.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# exactly NAME DETAIL FILE [SAMPLE VALUE]...: a sample is a name, and a label with its value if more have that name
exactly()
{
	local name=$1 detail=$2 file=$3 got

	shift 3
	while [ $# -gt 0 ]; do
		got=$(awk -v name="memleak_bpf_${1%%[{]*}{" -v label="$(sed -n 's/.*{//p' <<<"$1")" \
			'index($0, name) == 1 && index($0, label) { print $NF }' "$file")
		if [ "$got" != "$2" ]; then
			fail_case "$name" "$1 is ${got:-not there}, should be $2"
			return 1
		fi
		shift 2
	done
	pass "$name" "$detail"
}

# sizes leaks 4 * 100,000, 20 * 1,000 and 1,000 * 10 bytes, and frees 20 blocks more.
new_case scrape
if ! start_target "$PROG/sizes"; then
	fail_case scrape "the program does not start"
elif ! start_tool -p "$TARGET" -o 0 --listen :0 1; then
	fail_case scrape "the tool does not trace"
else
	port=$(sed -n 's|^memleak-bpf: listening on http://127.0.0.1:\([0-9]*\)/metrics$|\1|p' "$CASE/log")
	touch "$CASE/go"
	await "$LIMIT" work_done_or_gone
	if ! command -v prometheus >/dev/null; then
		skip scrape "no prometheus"
	elif out=$($PYTHON tests/prometheus.py "$CASE" "127.0.0.1:$port" \
		'sum by (function) (memleak_bpf_site_outstanding_bytes)' \
		'{"few_large": 400000, "middle": 20000, "many_small": 10000}' \
		'sum by (function) (memleak_bpf_site_outstanding_objects{file="sizes.c",entry="malloc",image="sizes"})' \
		'{"few_large": 4, "middle": 20, "many_small": 1000}' \
		'sum by (comm) (memleak_bpf_outstanding_bytes)' '{"sizes": 430000}' \
		'sum by (pid) (memleak_bpf_outstanding_objects)' "{\"$TARGET\": 1024}" \
		'sum(memleak_bpf_allocations_total)' 1044 \
		'sum(memleak_bpf_frees_total)' 20 \
		'sum by (result) (memleak_bpf_stack_walks_total)' '{"complete": 1044}' \
		'sum(memleak_bpf_losses_total{reason!~"system call.*"})' 0 \
		'count(memleak_bpf_build_info)' 1 \
		'min(memleak_bpf_snapshot_timestamp_seconds) > bool (time() - 3600)' 1 \
		'sum(scrape_samples_scraped) > bool 50' 1 2>&1); then
		pass scrape "Prometheus knows what the program has leaked, to the byte"
	else
		fail_case scrape "${out//$'\n'/; }"
	fi
	# its port is taken; that is noticed before anything is started
	tool=$TOOL_PID target=$TARGET first=$CASE
	new_case taken
	run_tool --listen "$port" -- touch "$CASE/ran"
	if [ "$TOOL_STATUS" = 1 ] && [ ! -e "$CASE/ran" ] && [ "$(cat "$CASE/log")" = "memleak-bpf: cannot listen on \
$port: the port is taken; give another one, or 0 for any that is free" ]; then
		pass taken "one line, and nothing was started"
	else
		fail_case taken "exit status $TOOL_STATUS"
	fi
	CASE=$first TOOL_PID=$tool TARGET=$target
	stop_tool INT
	if [ "$TOOL_STATUS" = 0 ] && [ "$(wc -l <"$CASE/log")" = 2 ]; then
		pass scrape-end "ends at Ctrl-C, and had nothing else to say"
	else
		fail_case scrape-end "exit status $TOOL_STATUS"
	fi
fi
end_target

new_case file
mkdir "$CASE/d"
run_tool -T 3 --metrics "$CASE/d/out.prom" --json "$CASE/json" -- "$PROG/sizes"
read -r bytes count < <($PYTHON -c 'import json, sys
r = json.load(open(sys.argv[1])); print(r["bytes"], r["count"])' "$CASE/json")
if [ "$TOOL_STATUS" != 0 ] || [ "$(ls -A "$CASE/d")" != out.prom ]; then
	fail_case file "exit status $TOOL_STATUS, files: $(ls -A "$CASE/d")"
else
	exactly file "what the program has leaked, in one file" "$CASE/d/out.prom" outstanding_bytes "$bytes" \
		outstanding_objects "$count" 'site_outstanding_bytes{function="few_large"' 400000 \
		'site_outstanding_objects{function="many_small"' 1000 'site_outstanding_objects{function="middle"' 20 \
		target_ended 1 'losses_total{reason="live table full"' 0
fi
if [ "$(grep -c '^memleak_bpf_site_outstanding_bytes{' "$CASE/d/out.prom")" = 3 ]; then
	pass file-top "-T 3 is for the figures, too"
else
	fail_case file-top "$(grep -c '^memleak_bpf_site_outstanding_bytes{' "$CASE/d/out.prom") stacks"
fi

# Two processes, each of which leaks the same: a set of figures for each, and their sum.
new_case follow
# shellcheck disable=SC2317 # called by await
scraped()
{
	local url

	url=$(sed -n 's/^memleak-bpf: listening on //p' "$CASE/log")
	curl -s --noproxy '*' --max-time 10 "$url" >"$CASE/scrape" &&
		[ "$(grep -c '^memleak_bpf_site_outstanding_bytes{.*function="few_large".* 400000$' "$CASE/scrape")" = 2 ] &&
		[ "$(grep -c '^memleak_bpf_site_outstanding_objects{.*function="middle".* 20$' "$CASE/scrape")" = 2 ] &&
		awk '/^memleak_bpf_outstanding_bytes{/ { sum += $NF; n++ }
			/^memleak_bpf_followed_outstanding_bytes{/ { all = $NF }
			/^memleak_bpf_followed_processes{/ { processes = $NF }
			END { exit !(n == 2 && processes == 2 && sum == all && sum >= 860000) }' "$CASE/scrape"
}
# shellcheck disable=SC2016 # the shell that is traced expands it
if WAIT=1 start_tool --follow -o 0 --listen :0 --metrics "$CASE/out.prom" 1 -- \
	sh -c '"$1" & exec "$1"' sh "$PROG/sizes"; then
	touch "$CASE/go"
	if await 30 scraped; then
		pass follow "a set of figures for each process, and their sum"
	else
		fail_case follow "$(grep -E '^memleak_bpf_(site_|followed_)?outstanding_bytes' "$CASE/scrape")"
	fi
	touch "$CASE/quit"
	await "$LIMIT" gone "$TOOL_PID"
	exactly follow-end "in the end the file has those of the sum" "$CASE/out.prom" followed_processes 2 \
		'followed_site_outstanding_bytes{function="few_large"' 800000 \
		'followed_site_outstanding_objects{function="many_small"' 2000
else
	fail_case follow "the tool does not trace"
fi

# The kernel's: whatever there is, the figures are those of the same report in another format.
new_case kernel
run_tool -k -d 1 -o 0 --metrics "$CASE/out.prom" --json "$CASE/json"
read -r bytes count seen < <($PYTHON -c 'import json, sys
r = json.load(open(sys.argv[1])); print(r["bytes"], r["count"], r["account"]["seen"])' "$CASE/json")
exactly kernel "the figures of -k" "$CASE/out.prom" 'outstanding_bytes{comm="[kernel]"' "$bytes" \
	'outstanding_objects{comm="[kernel]"' "$count" 'allocations_total{comm="[kernel]"' "$seen"
finish
