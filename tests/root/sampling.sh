#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sampling - what a sample says is right within its error bars, and its counters are exact.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# 260 groups of blocks in two threads: each estimate, the ranges, the total, the counters.
RATE=4096
new_case estimates
if start_target "$PROG/sampled" $RATE && start_tool -p "$TARGET" -o 0 -T 0 --sample-bytes $RATE 1000; then
	touch "$CASE/go"
	await "$LIMIT" work_done_or_gone
	stop_tool INT
	if out=$($PYTHON tests/sampling.py groups "$CASE/report" "$CASE/truth" $RATE); then
		pass estimates "$out"
	else
		fail_case estimates "${out//$'\n'/; }"
	fi
	end_target
else
	fail_case estimates "the tool does not trace"
fi

# A leak of 9,600,000 bytes. Standard deviation sqrt(9.6e6 * 16384): 397 kB; 5.3 of them, which chance
# exceeds once in 10^7 times.
new_case leak
run_tool --sample-bytes 16K -- "$PROG/live" 200000
holds leak "9,600,000 bytes in 400,000 blocks" \
	'abs(total("keep_blocks")[0] - 9600000) < 2114000 and
	abs(total("keep_blocks")[1] - 400000) < 88100'
holds leak-account "the counters are exact" \
	'last.account["seen"] >= 400000 and last.account["seen"] == last.account["passed over"] +
	last.account["freed"] + last.account["outstanding"] + last.account["lost"] and
	"untracked frees" not in last.account and "goes unseen once in 100 times" in last.text()'

# same NAME DETAIL PROGRAM ARGS...: with and without ARGS the same calls and mappings are seen
same()
{
	local name=$1 detail=$2 program=$3 out

	shift 3
	new_case "$name-exact"
	run_tool -T 0 -- "$program"
	cp "$CASE/report" "$WORK/exact"
	new_case "$name"
	run_tool -T 0 "$@" -- "$program"
	if out=$($PYTHON tests/sampling.py same "$WORK/exact" "$CASE/report"); then
		pass "$name" "$detail: $out"
	else
		fail_case "$name" "${out//$'\n'/; }"
	fi
}

# At this rate all calls are left out, and nested ones, failed ones and what the allocator maps for
# itself have to be told apart all the same.
for libc in "" _nofp _static _musl _musl_static _jemalloc _tcmalloc _mimalloc; do
	have "same$libc" "heap$libc" || continue
	same "same$libc" "the same calls" "$PROG/heap$libc" --sample-bytes 1024G
done
same mappings "the program's mappings are certain" "$PROG/mappings" --sample-bytes 1024G
same calls "-s: so they are, and not scaled" "$PROG/mappings" -s 3

# At one byte in one all but the smallest blocks are there, for certain: resizing in place as well.
if have resized jemalloc_ext; then
	TOOL_ARGS=(--sample-bytes 1)
	started resized "$PROG/jemalloc_ext"
	TOOL_ARGS=()
fi

# A call that is left out costs one trap: nobody waits for its return.
new_case returns
run_tool -T 0 --sample-bytes 4096 -- "$PROG/returns"
waited=$(sed -n 's/^RETURNS //p' "$CASE/truth")
if ! "$TOOL" --version | grep -q 'uprobe session *yes'; then
	skip returns "this kernel waits for all returns"
else
	holds returns "$waited returns of 20,000 were waited for, as many as were sampled" \
		"last.account['seen'] == 20000 and 100 < ${waited:-0} < 1000 and
		${waited:-0} == 20000 - last.account['passed over']"
fi
new_case all-returns
run_tool -T 0 -- "$PROG/returns"
holds all-returns "without sampling all of them are" \
	"last.account['seen'] == 20000 == $(sed -n 's/^RETURNS //p' "$CASE/truth")"

# Its code does not tell that pvalloc calls memalign. The first call that is sampled does, and then the
# others are right: so few come before it but once in 10^17 times (one in 56 is left out).
new_case nested
run_tool -T 0 --sample-bytes 16 -- "$PROG/returns" nested
holds nested "a nested call that comes as a surprise is counted twice only until it has come" \
	'20000 <= last.account["seen"] < 20010 and last.account["passed over"] > 200'

# Options. sizes leaks 4 * 100,000, 20 * 1,000 and 1,000 * 10 bytes; at this rate the large ones are
# certain.
new_case options-size
run_tool --sample-bytes 1000 -z 50000 -- "$PROG/sizes"
holds options-size "-z comes before the sample" \
	'total("few_large") == (400000, 4) and last.count == 4 and
	last.account["passed over"] == 0 and
	int(re.search(r"outside -z/-Z (\d+)", last.text())[1]) >= 1020'
new_case options-top
run_tool --sample-bytes 1000 -a -C -T 1 -- "$PROG/sizes"
holds options-top "-T 1 -a -C: largest estimate first, each block, and the sum of all" \
	'len(last.sites) == 1 and total("few_large") == (400000, 4) and last.bytes >= 400000 and
	len(re.findall(r"addr = 0x[0-9a-f]+ size = 100000$", last.text(), re.M)) == 4'

finish
