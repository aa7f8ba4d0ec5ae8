#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scale - many pairs, many blocks, many stacks: exact, or the losses are told.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

started pairs-of-two-threads "$PROG/pairs"
holds pairs-seen "a million pairs and a thousand leaks" 'last.account["seen"] >= 1001000'

TOOL_ARGS=(--max-live 3000000)
started two-million-live "$PROG/live" 1000000
unset TOOL_ARGS

# There is room for somewhat more than is asked for: how much depends on the addresses.
new_case map-full
run_tool -T 0 --max-live 500000 -- "$PROG/live" 600000
holds map-full-balances "seen = freed + outstanding + lost" \
	'last.account["seen"] >= 1200000 and last.account["seen"] ==
	last.account["freed"] + last.account["outstanding"] + last.account["lost"] + last.gone()'
holds map-full-lost "what found no room is counted" \
	'500000 <= last.account["outstanding"] <= 750256 and
	last.account["lost"] >= last.account["seen"] - last.account["freed"] - 750256 > 0'
holds map-full-told "a warning says what to do" \
	'any("--max-live" in w for w in last.warnings)'
enough=$(sed -n 's/.*run again with --max-live \([0-9]*\)$/\1/p' "$CASE/report")
TOOL_ARGS=(--max-live "${enough:-1}")
started map-full-again "$PROG/live" 600000
unset TOOL_ARGS

started stacks-8192 "$PROG/tree" 13

# More stacks than there is room for: blocks stay in the totals.
new_case stacks-full
run_tool -T 0 --max-stacks 1000 -- "$PROG/tree" 13
holds stacks-full-totals "all blocks are counted" \
	'last.count >= 8192 and last.account["lost"] == 0'
holds stacks-full-told "blocks without a stack are shown as such, and a warning says what to do" \
	'"stack unavailable" in last.text() and any("--max-stacks" in w for w in last.warnings)'

finish
