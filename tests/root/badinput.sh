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

# Functions that cannot be followed are named, in the report and, with reasons, by -v; the rest is.

# preloaded NAME LIBRARY HOOK PROGRAM: start it with a library that makes trouble, see tests/prog/hook.c
preloaded()
{
	new_case "$1"
	start_target env LD_PRELOAD="$PROG/$2" HOOK="$3" "$PROG/$4" && return
	fail_case "$1" "the program does not run: $(head -c 200 "$CASE/output")"
	return 1
}

# told NAME REASON WARNING: reason in the log, warning in the report; the target must survive
told()
{
	if ! grep -Eq -- "$2" "$CASE/log"; then
		fail_case "$1" "-v does not say '$2'"
	elif ! grep -Eq -- "warning: .*$3" "$CASE/report"; then
		fail_case "$1" "no warning that says '$3': $(tail -n 2 "$CASE/report")"
	elif gone "$TARGET"; then
		fail_case "$1" "the target has ended"
	else
		pass "$1" "$(grep -o 'warning: .*' "$CASE/report" | tail -n 1 | head -c 150)"
	fi
	touch "$QUIT_FILE"
}

if have heads libheads.so libheads_refused.so; then
	if preloaded refused-by-kernel libheads_refused.so '' steady; then
		run_tool -v -p "$TARGET" -o 0 1 2
		holds refused-by-kernel-rest "what can be followed is: only steady_leak allocates" \
			'last.account["seen"] > 20 and total("steady_leak") == (last.bytes, last.count)
			and last.bytes == 100 * last.count'
		told refused-by-kernel ' realloc 0x[0-9a-f]+ not probed: the kernel refuses' 'not followed.*: realloc$'
	fi

	# Where each probe is, and why there: after nm, and as the source of prog/heads.S has it.
	preloaded heads libheads.so '' steady && run_tool -v -p "$TARGET" 1 1
	for head in \
		'malloc +0 session|perf.event: single-stepped: its code jumps behind' \
		'free +8 multi|perf.event: single-stepped: its code jumps .* kernel refuses' \
		'memalign +0 session|perf.event: single-stepped: its code cannot be followed' \
		'realloc +8 session|perf.event: the kernel emulates it' \
		'posix_memalign +12 session|perf.event: the kernel emulates it'; do
		read -r name offset link <<<"$head"
		address=$(nm -D "$PROG/libheads.so" | awk -v name="$name" '$3 == name { print $1 }')
		printf -v address %#x "0x$address"
		if grep -Eq "^  $name ${address}[+]${offset#+} (${link%%:*}):${link#*:}" "$CASE/log"; then
			pass "head-of-$name" "$(grep "^  $name " "$CASE/log" | head -n 1)"
		else
			fail_case "head-of-$name" "$(grep "^  $name " "$CASE/log" | head -n 1)"
		fi
	done
	touch "$QUIT_FILE"

	# No instruction at all, by a wrong --offset.
	if preloaded offset-of-no-code libheads.so '' steady; then
		address=$(nm -D "$PROG/libheads.so" | awk '$3 == "aligned_alloc" { print $1 }')
		quit=$QUIT_FILE target=$TARGET
		refused offset-of-no-code 1 'cannot probe' -p "$target" -O libheads.so \
			--offset "malloc=$(printf %#x $((0x$address + 2)))"
		touch "$quit"
	fi
fi

if have patched libhook.so; then
	if preloaded patched-hidden libhook.so hidden steady; then
		run_tool -v -p "$TARGET" -o 0 1 2
		told patched-hidden ' malloc 0x[0-9a-f]+ not probed: patched in memory: a jump to code that is in no file' \
			'not followed.*: malloc, free, realloc, calloc$'
	fi
	# Patched, then another program that is not.
	new_case patched-then-exec
	# shellcheck disable=SC2016 # for that bash to expand
	env LD_PRELOAD="$PROG/libhook.so" HOOK=jump bash -c '
		touch "$READY_FILE"
		until [ -e "$GO_FILE" ]; do sleep 0.05; done
		unset LD_PRELOAD
		exec "$0"' "$PROG/steady" &
	TARGET=$!
	PIDS+=("$TARGET")
	await 10 test -e "$READY_FILE"
	if start_tool -v -p "$TARGET" -o 0 1; then
		touch "$GO_FILE"
		await 10 grep -q steady_leak "$CASE/report"
		stop_tool INT
		holds patched-then-exec "its probes are where they belong" \
			'total("steady_leak")[1] > 5 and last.warnings == []'
	else
		fail_case patched-then-exec "the tool does not trace"
	fi
	touch "$QUIT_FILE"
	if preloaded code-writable libhook.so write steady; then
		run_tool -v -p "$TARGET" -o 0 1 2
		told code-writable ' malloc 0x[0-9a-f]+ not probed: its code is mapped writable' 'not followed.* malloc,'
	fi
	# A debugger takes back a breakpoint, and our probe with it.
	if preloaded probes-overwritten libhook.so restore steady; then
		start_tool -v -p "$TARGET" -o 0 1
		await 10 grep -q '^\[.*accounting: seen [1-9]' "$CASE/report"
		kill -URG "$TARGET"
		await 10 grep -q 'warning:.*overwritten' "$CASE/report"
		stop_tool INT
		holds probes-overwritten-before "until then there is nothing to warn of" \
			'reports[0].warnings == [] and reports[0].account["seen"] > 0'
		told probes-overwritten ' malloc 0x[0-9a-f]+[+]0 ' 'not followed any more.* malloc, free'
	fi
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

# The report's reader is gone: no endless run, and no word. Nor does a disk that is full go without one.
new_case closed-output
"$TOOL" -p $$ 1 5 2>"$CASE/log" | true
status=${PIPESTATUS[0]}
if [ "$status" = 1 ] && ! grep -v 'tracing pid' "$CASE/log"; then
	pass closed-output "ends with $status"
else
	fail_case closed-output "exit status $status, though nobody read the report"
fi

# unwritable NAME ARGS...
unwritable()
{
	local name=$1 status

	shift
	new_case "$name"
	timeout -k 5 30 "$TOOL" "$@" >/dev/full 2>"$CASE/log"
	status=$?
	if [ $status = 1 ] && [ "$(grep -cvE 'tracing (pid|the kernel)' "$CASE/log")" = 1 ] &&
		grep -qx 'memleak-bpf: cannot write standard output: No space left on device' "$CASE/log"; then
		pass "$name" "$(tail -n 1 "$CASE/log")"
	else
		fail_case "$name" "exit status $status, should be 1, with one line that says why"
	fi
}
unwritable full -p $$ 1 5
unwritable full-heap --heap -p $$

# Each event of -t is seen when it happens, and with its reader gone it ends at once, not at a report in an hour.
new_case unread-events
start_target "$PROG/churn"
timeout -k 5 60 "$TOOL" -t -p "$TARGET" 3600 2>"$CASE/log" | head -n 1 >"$CASE/report"
status=${PIPESTATUS[0]}
touch "$CASE/go" "$CASE/quit"
if [ "$status" = 1 ] && [ -s "$CASE/report" ]; then
	pass unread-events "$(cat "$CASE/report")"
else
	fail_case unread-events "exit status $status, should be 1 when nobody reads any more"
fi

finish
