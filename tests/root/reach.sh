#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reach - which blocks are lost: what memcheck says of the same programs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

if ! command -v valgrind >/dev/null; then
	skip reach "there is no valgrind"
	exit 0
fi
for program in reach reach_cxx; do
	$PYTHON tests/reach.py "$TOOL" "$PROG/$program" || FAILED=1
done

# verdict_of PATTERN NAME DETAIL: of the case's last report
verdict_of()
{
	if grep -qE "reachability: $1" "$CASE/report"; then
		pass "$2" "$3"
	else
		fail_case "$2" "$3: $(grep -a reachability: "$CASE/report" | tail -n 1)"
	fi
}

# The tool's stop at the end changes nothing for the program.
new_case status
run_tool --reach -- sh -c 'exit 7'
if [ "$TOOL_STATUS" = 7 ]; then
	pass status "the exit status is the command's"
else
	fail_case status "the exit status is $TOOL_STATUS, should be 7"
fi
# shellcheck disable=SC2016 # $$ is the command's
new_case killed && run_tool --reach -- sh -c 'kill -KILL $$'
verdict_of 'unconfirmed: the program did not end by _exit' killed "whose memory is gone is not judged"

# Another program after execve: its blocks are judged, those before are gone.
new_case exec && run_tool --reach -T 0 -- sh -c "exec $PROG/reach list_lost"
verdict_of 'definitely lost 32 bytes in 1 allocations, indirectly lost 288 bytes in 9 allocations;' exec \
	"the program that execve has started"
if have static heap_static; then
	new_case static && run_tool --reach -T 0 -- "$PROG/heap_static"
	verdict_of 'definitely lost [0-9]+ bytes' static "a static program is stopped at its _exit, too"
fi

# What blocks point to that found no room in the table may be in use.
new_case full && run_tool --reach -T 0 --max-live 100 -- "$PROG/reach" list_kept
verdict_of 'still reachable 320 bytes in 10 allocations; ' full "nothing is lost that is not"
new_case full && run_tool --reach -T 0 --max-live 10000 -- "$PROG/reach" list_long_kept
verdict_of 'still reachable [0-9]+ bytes in [0-9]+ allocations; .* bytes of the heap are not known' full \
	"of a list with gaps nothing is lost"

finish
