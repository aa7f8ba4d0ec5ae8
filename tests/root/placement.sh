#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# placement - probes sit at instructions that the kernel emulates, where there are such: each call of each
# entry point of the allocators that are installed here passes its place as often as its symbol, and -v
# tells where and why.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

JUDGE=${PROG%/prog}/judge/placement
CALLS=$WORK/calls

# passed NAME LIBRARY PROGRAM...: hits at the symbols and at the places are equal
passed()
{
	local name=$1 program=${3##*/}

	[ "$program" = env ] && program=${5##*/} # env VARIABLE=VALUE PROGRAM
	have "placement-$name" "$program" || return
	timeout -k 5 "$LIMIT" "$JUDGE" "placement-$name" "${@:2}" >"$WORK/hits" 2>&1 || FAILED=1
	grep -q -e '^PASS' -e '^FAIL' "$WORK/hits" || fail "placement-$name" "$(tail -n 1 "$WORK/hits")"
	grep -v -e '^called ' -e '^missed ' "$WORK/hits"
	grep -e '^called ' -e '^missed ' "$WORK/hits" >>"$CALLS"
}

library()
{
	ldconfig -p | awk -v lib="$1" '$1 ~ "^" lib "\\.so\\.[0-9]+$" { print $NF; exit }'
}

: >"$CALLS"
passed heap /libc.so "$PROG/heap"
passed all /libc.so "$PROG/call_all"
passed heap-musl musl "$PROG/heap_musl"
passed cxx libstdc++ "$PROG/cxx"
for name in libstdc++ libjemalloc libtcmalloc_minimal libmimalloc; do
	lib=$(library "${name//+/[+]}")
	if [ -z "$lib" ]; then
		skip "placement-all-$name" "not installed"
		continue
	fi
	passed "all-$name" "/$name." /usr/bin/env LD_PRELOAD="$lib" "$PROG/call_all"
done
# Heads that are hard to probe: what jumps behind its first instruction passes that more than once.
if have placement-heads libheads.so; then
	passed heads /libheads.so /usr/bin/env LD_PRELOAD="$PROG/libheads.so" "$PROG/call_all"
fi
for allocator in jemalloc tcmalloc mimalloc; do
	rest=
	[ $allocator = jemalloc ] && rest=no-pvalloc
	passed heap-$allocator lib$allocator "$PROG/heap_$allocator" $rest
done

missed=$(sort -u "$CALLS" | awk '$1 == "called" { called[$2 " " $3] = 1 } { all[$2 " " $3] = 1 }
	END { for (f in all) if (!(f in called)) print f }')
if [ -n "$missed" ]; then
	fail placement-coverage "never called: ${missed//$'\n'/, }"
else
	pass placement-coverage "$(sort -u "$CALLS" | grep -c '^called ') functions whose place is not the\
 symbol, all of them called"
fi

new_case told
start_target "$PROG/heap"
start_tool -v -p "$TARGET" 1000
stop_tool INT
touch "$QUIT_FILE"
if out=$($PYTHON tests/placement.py "$CASE/log" 2>&1); then
	pass placement-told "$out"
else
	fail_case placement-told "$(tail -n 1 <<<"$out")"
fi

finish
