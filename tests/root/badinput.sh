#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# badinput - what cannot be traced is refused with one clear line, and never with an empty report.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# refused NAME STATUS PATTERN ARGS...: exit STATUS, one line on stderr that matches, no report
refused()
{
	local name=$1 status=$2 pattern=$3 lines

	shift 3
	new_case "$name"
	LIMIT=20 run_tool "$@"
	lines=$(grep -c . "$CASE/log")
	if [ "$TOOL_STATUS" != "$status" ]; then
		fail_case "$name" "exit status $TOOL_STATUS, should be $status"
	elif [ -s "$CASE/report" ]; then
		fail_case "$name" "there is a report"
	elif [ "$lines" != 1 ]; then
		fail_case "$name" "$lines lines of explanation, should be 1"
	elif ! grep -Eqi -- "$pattern" "$CASE/log"; then
		fail_case "$name" "the line does not say '$pattern': $(cat "$CASE/log")"
	else
		pass "$name" "$(head -c 200 "$CASE/log")"
	fi
}

# Nothing has this id: ids do not reach 2^22.
refused no-such-process 1 'no (such )?process|not exist' -p 4194303
refused kernel-thread 1 'kernel thread' -p 2
refused unknown-option 2 'frobnicate' --frobnicate
refused unknown-letter 2 'option' -Q
refused no-target 2 'help' 5
refused pid-is-no-number 2 '12x' -p 12x
refused pid-negative 2 'pid|-p' -p -5
refused two-targets 2 '-p' -p $$ -- true
refused sizes-crossed 2 '-[zZ]' -p $$ -z 100 -Z 10
refused sort-unknown 2 'sort' -p $$ --sort colour
refused interval-zero 2 'interval|0' -p $$ 0
refused no-such-command 127 'no such file|not found|no-such' -- /no-such/command
refused not-executable 126 'permission|denied|execut' -- /etc/passwd

# A process id that is only a thread's.
new_case thread-id
start_target "$PROG/churn"
for tid in "/proc/$TARGET/task/"*; do
	tid=${tid##*/}
	[ "$tid" = "$TARGET" ] || break
done
target=$TARGET quit=$QUIT_FILE
refused thread-id 1 "thread|$target" -p "$tid"
touch "$quit"

new_case zombie
QUIT_FILE=$WORK/quit-zombie "$PROG/zombie" "$WORK/zombie-pid" &
PIDS+=($!)
await 10 test -e "$CASE/ready"
refused zombie 1 'zombie|ended|dead|has exited' -p "$(cat "$WORK/zombie-pid")"
touch "$WORK/quit-zombie"

if have 32-bit tiny32; then
	"$PROG/tiny32" &
	tiny=$!
	disown
	PIDS+=("$tiny")
	sleep 0.1
	if gone "$tiny"; then
		skip 32-bit "the kernel does not run 32-bit programs"
	else
		refused 32-bit 1 '32.bit' -p "$tiny"
		# Started, it runs to its end with its own status; that it was not traced is said.
		new_case 32-bit-started
		run_tool -- "$PROG/tiny32" quick
		if grep -q 32-bit "$CASE/log" "$CASE/report" && [ "$TOOL_STATUS" != 0 ] &&
			{ [ ! -s "$CASE/report" ] || grep -q 'warning:' "$CASE/report"; }; then
			pass 32-bit-started "$(head -n 1 "$CASE/log")"
		else
			fail_case 32-bit-started "exit status $TOOL_STATUS, or not said"
		fi
	fi
	kill -KILL "$tiny" 2>/dev/null
fi

# A static executable without symbols has no malloc that could be found by name.
if have stripped-static heap_stripped; then
	new_case stripped
	quit=$QUIT_FILE
	start_target "$PROG/heap_stripped"
	refused stripped-static 1 'offset' -p "$TARGET"
	touch "$quit"
fi

# A command that ends at once: a report, and it is right.
new_case ends-at-once
run_tool -T 0 -- true
if [ "$TOOL_STATUS" = 0 ]; then
	holds ends-at-once "true(1) has a report that balances" \
		'last.account["seen"] == last.account["freed"] + last.account["outstanding"]'
else
	fail_case ends-at-once "exit status $TOOL_STATUS"
fi
new_case ends-at-once-false
run_tool -- false
if [ "$TOOL_STATUS" = 1 ] && [ -s "$CASE/report" ]; then
	pass ends-at-once-false "false(1)'s exit status is passed on"
else
	fail_case ends-at-once-false "exit status $TOOL_STATUS, or no report"
fi

# Somebody who may not.
if command -v setpriv >/dev/null; then
	new_case not-root
	install -m 755 "$TOOL" "$WORK/tool"
	chmod 711 "$WORK"
	TOOL_SAVED=$TOOL
	TOOL=$WORK/as-nobody
	cat >"$TOOL" <<-END
		#!/bin/sh
		exec setpriv --reuid=65534 --regid=65534 --clear-groups "$WORK/tool" "\$@"
	END
	chmod 755 "$TOOL"
	refused not-root 1 'root|CAP_|capab' -p $$
	refused not-root-command 1 'root|CAP_|capab' -- true
	# Root without the capabilities that it takes: they are named.
	cat >"$TOOL" <<-END
		#!/bin/sh
		exec setpriv --bounding-set=-sys_admin,-bpf,-perfmon --inh-caps=-sys_admin,-bpf,-perfmon "$WORK/tool" "\$@"
	END
	refused capabilities-missing 1 'CAP_' -p $$
	TOOL=$TOOL_SAVED
else
	skip not-root "no setpriv"
fi

# The report's reader is gone: no endless run.
new_case closed-output
"$TOOL" -p $$ 1 5 2>"$CASE/log" | true
status=${PIPESTATUS[0]}
if [ "$status" != 0 ] && [ "$status" != 124 ]; then
	pass closed-output "ends with $status"
else
	fail_case closed-output "exit status $status, though nobody read the report"
fi

finish
