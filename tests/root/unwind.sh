#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unwind - stacks through what is hard to walk, without frame pointers: names, lines and outer
# functions are right. And --stack fp, where there are frame pointers.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

PLUGIN=$PROG/libunwind_plug.so

# both NAME FUNCTION COMMAND...: started and attached, FUNCTION looks closer at each
both()
{
	local name=$1 closer=$2

	shift 2
	started "$name-started" "$@" && $closer "$name-started"
	attached "$name-attached" "$@" && $closer "$name-attached"
}

# shellcheck disable=SC2317 # called by both
look_at_cases()
{
	holds "$1-recursion" "of 201 frames the innermost 127 are kept" \
		'[[f.function for f in s.frames] for s in last.sites if s.holds("deep_leaf")] ==
		[["deep_leaf"] + 126 * ["deep"]]'
	holds "$1-cut" "only that stack is cut, and it says so" \
		'all(("[stack cut: --max-depth" in s.lines[-1]) == s.holds("deep_leaf") and
		(not "[stack cut" in s.lines[-1] or s.holds("deep_leaf")) for s in last.sites) and
		last.account["cut"] == 1'
	holds "$1-plugin" "the constructor was called by who opened the library" \
		'[s.holds("plugin_opener") and s.holds("main") for s in last.sites
		if s.holds("plug_constructor")] == [True]'
	holds "$1-tail" "what called the function that ends in a call" \
		'[[f.function for f in s.frames][:4] for s in last.sites if s.holds("tail_callee")] ==
		[["tail_callee", "tail_caller", "tail_outer", "tail"]]'
	holds "$1-shapes" "frames of unusual shape, to the outermost" \
		'[[f.function for f in s.frames if not f.inlined][:5] for s in last.sites
		if s.holds("shape_alloca")] == [["shape_alloca", "shape_aligned",
		"shape_aligned_alloca", "shape_large", "main"]]'
}

# shellcheck disable=SC2317 # called by both
look_at_signal()
{
	holds "$1-below" "what was interrupted, and who called that" \
		'[[x for x in ("inner_handler", "raise_handler", "raise_caller", "main") if s.holds(x)]
		for s in sorted(last.sites, key=lambda s: s.bytes) if s.holds("raise_caller")] ==
		[["inner_handler", "raise_handler", "raise_caller", "main"],
		["raise_handler", "raise_caller", "main"]]'
	holds "$1-first" "interrupted at a function's first instruction: that function" \
		'any(f.function == "fault_first" and f.offset == 0 for s in last.sites for f in s.frames)'
	holds "$1-random" "a timer: the function that was busy, whatever it called" \
		'all(s.holds("async_caller") and s.holds("main") and
		(s.holds("async_busy") or s.holds("async_various"))
		for s in last.sites if s.holds("async_handler"))'
	# ld.so's entry for lazy binding keeps its frame in rbx, which is not followed: said so.
	holds "$1-steps" "interrupted at each of $(steps) instructions of libc, the vdso, PLT, ld.so" \
		'all(s.holds("step_through") and s.holds("main") or not s.holds("step_bound") and
		"[stack cut: unwind rule not supported]" in "".join(s.lines) for s in last.sites if s.holds("step_handler"))
		and total("step_bound")[1] > 1000'
}

# shellcheck disable=SC2317 # called by both
steps()
{
	sed -n 's/^EXPECT step_handler [0-9]* //p' "$CASE/truth"
}

# shellcheck disable=SC2317 # called by both
look_at_cxx()
{
	holds "$1-exception" "the exception that is kept, the destructor on its way to the handler" \
		'any(s.holds("__cxa_allocate_exception") and s.holds("keeper") and s.holds("main")
		for s in last.sites) and [s.holds("thrower") and s.holds("catcher") and s.holds("main")
		for s in last.sites if s.holds("guard::~guard")] == [True]'
}

both cases look_at_cases "$PROG/unwind_cases" "$PLUGIN"
both signal look_at_signal "$PROG/unwind_signal"
both cxx look_at_cxx "$PROG/unwind_cxx"

# Whoever is faster, the program that opens the library or we who hear of it: also on one CPU.
lucky=0
for cpu in "" "taskset -c 0" "" "taskset -c 0" "taskset -c 0"; do
	new_case plugin
	$cpu timeout -k 5 "$LIMIT" "$TOOL" -T 0 -- "$PROG/unwind_cases" "$PLUGIN" >"$CASE/report" \
		2>"$CASE/log" </dev/null
	if $PYTHON tests/report.py holds "$CASE/report" '[(s.bytes, s.holds("main")) for s in last.sites
		if s.holds("plug_constructor")] == [(1007, True)]' >/dev/null; then
		lucky=$((lucky + 1))
	fi
done
if [ $lucky = 5 ]; then
	pass plugin-each-time "5 of 5 constructors of a library that was mapped just before"
else
	fail_case plugin-each-time "complete in $lucky of 5 runs only"
fi

# With frame pointers all the way. libc has none, but its malloc needs none.
TOOL_ARGS=(--stack fp)
started fp-started "$PROG/heap"
holds fp-outer "frames up to main" 'sum(s.holds("main") for s in last.sites) > 10 and
	all(s.holds("main") for s in last.sites if "[stack cut" not in s.lines[-1])'
attached fp-attached "$PROG/heap"
new_case fp-lacks
run_tool --stack fp -T 0 -- "$PROG/unwind_cases"
holds fp-lacks "programs here have no frame pointers: --stack fp loses callers" \
	'total("deep_leaf") == (1003, 1) and total("shape_pusher")[1] + total("sort_caller")[1] < 2'

# What a walk has made of a stack is not taken for what it makes of one that only begins like it.
started same-place "$PROG/same_place"
TOOL_ARGS=(--probes pair)
started same-place-pair "$PROG/same_place"

finish
