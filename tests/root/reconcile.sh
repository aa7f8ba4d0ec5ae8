#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reconcile - the report says by what the program's memory has grown: on programs that grow by
# 20 MiB for one reason each.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# grows WHAT DETAIL EXPRESSION [TOOL'S OPTIONS]
grows()
{
	local what=$1 detail=$2 expression=$3 name=reconcile-$1

	shift 3
	[ $# = 0 ] || name+=-sampled
	new_case "$name"
	if ! start_target "$PROG/memory" "$what" ||
		! start_tool -p "$TARGET" -o 0 -T 1 "$@" 1000; then
		fail_case "$name" "the tool does not trace"
		return
	fi
	sleep 0.1 # it looks at the program's memory right after it has begun to trace
	touch "$CASE/go"
	await 20 test -e "$CASE/done"
	stop_tool INT
	holds "$name" "$detail" "$expression"
	end_target
}

# What the program and its libraries touch meanwhile, and probes in their code, is some 100 KiB.
grew='20 <= mib("USS grew by") < 20.7'
all='abs(mib("allocations explain") - 20) < 0.06'
none='mib("allocations explain") < 0.1'
lists='"free in malloc'\''s lists"'
retained='"retained by the allocator, not leaked" in memory'

grows leak "blocks that leak explain it" "$grew and $all and not $retained"
grows small "a quarter of what small blocks take is malloc's" \
	"$all and abs(mib('headers and rounding') - 20 / 3) < 0.06 and 26.6 < mib('USS grew by') < 27.3"
grows big "blocks with mappings of their own" "$grew and $all and not $retained"
grows retained "what was freed is retained, not leaked" \
	"$none and 20 <= mib($lists) < 20.7 and $retained"
grows thread "the same in another thread's arena" "$none and 20 <= mib($lists) < 20.7 and $retained"
grows mixed "half of each" \
	"abs(mib('allocations explain') - 10) < 0.06 and 10 <= mib($lists) < 10.7"
grows mmap "a mapping of the program" "$grew and $all"
grows untouched "memory that was never written to is none" \
	"'as when tracing began' in memory and not $retained"
grows stacks "stacks of threads" "$none and 20 <= mib('thread stacks') < 21"
grows file "a mapped file" "$grew and $none and 19.9 < mib('files, static data and others') < 20.7"
grows reused "memory that was there before" "'as when tracing began' in memory and not $retained"
grows leak "a sample explains it about" \
	"abs(mib('allocations explain') - 20) < 6 and '≈' in memory" --sample-bytes 64K

# Nothing can be said of a program that has ended.
new_case reconcile-ended
run_tool -o 0 -T 1 -- "$PROG/memory" leak
holds reconcile-ended "of a program that has ended, nothing is said" "last.bytes > 20900000 and not memory"
# A command from its first instruction: all of its memory has grown meanwhile.
new_case reconcile-command
WAIT=1 run_tool -o 0 -T 1 -d 2 -- env GO_FILE=/dev/null "$PROG/memory" leak
holds reconcile-command "a command from its start" "$grew and $all"

finish
