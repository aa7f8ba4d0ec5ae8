#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ledger - random programs that keep their own account of the heap, compared with the tool's after each one,
# block by block and count by count; also where functions are hard to probe, and in company.
#
# LEDGER_PROGRAMS: how many programs of glibc's allocator (10000); the other cases take a part of that.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

JUDGE=${PROG%/prog}/judge/ledger
MANY=${LEDGER_PROGRAMS:-10000}
SOME=$((MANY / 40))

# judged NAME LIMIT PROGRAM [OPTIONS]
judged()
{
	local name=$1 limit=$2 program=$3 judge=$WORK/judge.$1 said=$WORK/said.$1 rc

	have "ledger-$name" "$program" || return
	timeout -k 5 "$limit" "$JUDGE" "${@:4}" "ledger-$name" "$PROG/$program" >"$judge" 2>"$said"
	rc=$?
	[ $rc = 0 ] || FAILED=1
	grep -q -e '^PASS' -e '^FAIL' "$judge" || fail "ledger-$name" "exit status $rc: $(tail -n 3 "$said")"
	cat "$judge"
	[ $rc = 0 ] || grep -v 'memleak-bpf: tracing' "$said" | head -n 5
}

library()
{
	ldconfig -p | awk -v lib="$1" '$1 ~ "^" lib "\\.so\\.[0-9]+$" { print $NF; exit }'
}

# Takes as long as all others, which run beside it.
(
	judged glibc 280 ledger --programs "$MANY"
	exit "$FAILED"
) >"$WORK/glibc" &
glibc=$!
judged musl 60 ledger_musl --programs "$SOME"
for name in libjemalloc libtcmalloc_minimal libmimalloc; do
	lib=$(library $name)
	if [ -z "$lib" ]; then
		skip "ledger-$name" "not installed"
	else
		judged $name 60 ledger --programs "$SOME" --preload "$lib"
	fi
done

# Other ways to probe, and sizes that are left out.
judged pair 60 ledger --programs "$SOME" --probes pair
judged points 60 ledger --programs "$SOME" --probes point
judged points-perf-events 60 ledger --programs $((SOME / 2)) --probes point --perf
judged points-foreign-probes 60 ledger --programs $((SOME / 2)) --probes point --foreign
judged points-two-tracers 60 ledger --programs $((SOME / 2)) --probes point --second
for name in libjemalloc libtcmalloc_minimal libmimalloc; do
	lib=$(library $name)
	[ -n "$lib" ] && judged points-$name 60 ledger --programs $((SOME / 2)) --probes point --preload "$lib"
done
judged perf-events 60 ledger --programs "$SOME" --perf
judged sizes 60 ledger --programs "$SOME" --sizes 24,300

# In company: a second tracer joins and leaves, other tracers' probes come and go.
judged two-tracers 60 ledger --programs "$SOME" --second
judged two-tracers-perf-events 60 ledger --programs $((SOME / 2)) --second --perf
judged foreign-probes 60 ledger --programs "$SOME" --foreign
judged foreign-probes-perf-events 60 ledger --programs $((SOME / 2)) --foreign --perf

# The target is at work when the tool comes and goes.
judged at-work 60 ledger --running 30
judged at-work-perf-events 60 ledger --running 2 --perf

# Heads that are hard to probe.
if have ledger-heads libheads.so; then
	judged heads 60 ledger --programs "$SOME" --preload "$PROG/libheads.so"
	judged heads-perf-events 60 ledger --programs $((SOME / 2)) --preload "$PROG/libheads.so" --perf
fi
# Code that somebody else has written over.
if have ledger-patched libhook.so; then
	for HOOK in jump far trap; do
		export HOOK
		judged patched-$HOOK 60 ledger --programs "$SOME" --preload "$PROG/libhook.so"
	done
	judged patched-trap-perf-events 60 ledger --programs $((SOME / 2)) --preload "$PROG/libhook.so" --perf
fi

wait $glibc || FAILED=1
cat "$WORK/glibc"

finish
