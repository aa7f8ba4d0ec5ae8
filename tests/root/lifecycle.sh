#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lifecycle - fork, vfork, posix_spawn, exec, threads, constructors, and how processes end.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

for what in fork vfork exec threadexec threads; do
	started "$what-started" "$PROG/life" $what
	attached "$what-attached" "$PROG/life" $what
	case $what in
	fork) children='3 processes' ;;
	threads) children= ;; # which are no processes
	*) continue ;;
	esac
	if [ "$(sed -n 's/.*not traced: \(.*\) that it has started.*/\1/p' "$CASE/report")" = "$children" ]; then
		pass "$what-children" "${children:-none} that it has started"
	else
		fail_case "$what-children" "should be '$children': $(grep 'not traced' "$CASE/report")"
	fi
done
# shellcheck disable=SC2016 # for the inner shell
started exec-by-shell sh -c 'exec "$0" plain' "$PROG/life"

started many-threads "$PROG/life" manythreads
started coroutines "$PROG/life" coroutine
started deep-recursion "$PROG/life" deep

# The main thread has ended, others go on.
attached leader-ended "$PROG/life" leader

# Before main and after it.
started constructors "$PROG/ctor"

# The command's exit status is the tool's.
WANT_STATUS=7 started exit-status "$PROG/life" exit 7
WANT_STATUS=143 started signal-status "$PROG/life" signal 15
WANT_STATUS=137 started kill-status "$PROG/life" signal 9

# It ends before there was a report: the last one comes by itself.
new_case ends-itself
if start_target "$PROG/life" plain && start_tool -p "$TARGET" -o 0 -T 0 1000; then
	touch "$CASE/go" "$CASE/quit"
	if await 20 gone "$TOOL_PID"; then
		wait "$TOOL_PID"
		verify ends-itself --attached
	else
		fail_case ends-itself "the tool goes on without its target"
	fi
else
	fail_case ends-itself "could not attach"
fi

# And by a signal.
new_case killed
if start_target "$PROG/life" plain && start_tool -p "$TARGET" -o 0 -T 0 1000; then
	touch "$CASE/go"
	await 20 test -e "$CASE/done"
	kill -KILL "$TARGET"
	if await 20 gone "$TOOL_PID"; then
		wait "$TOOL_PID"
		verify killed --attached
	else
		fail_case killed "the tool goes on without its target"
	fi
else
	fail_case killed "could not attach"
fi

# The executable is deleted while it runs.
new_case deleted
cp "$PROG/heap" "$CASE/"
if start_target "$CASE/heap"; then
	rm "$CASE/heap"
	attach_and_compare deleted
else
	fail_case deleted "the program does not run"
fi

# A name that is none: control characters must not reach the terminal.
new_case odd-name
odd=$CASE/$(printf 'o d\ndd\033[31m\377')
cp "$PROG/life" "$odd"
if start_target "$odd" plain; then
	attach_and_compare odd-name
	if grep -q "$(printf '\033')" "$CASE/report" "$CASE/log"; then
		fail_case odd-name-escaped "an escape character in the report"
	else
		pass odd-name-escaped "no control character in the report"
	fi
else
	fail_case odd-name "the program does not run"
fi

# The command stands still, for the probes of a library that it has just mapped, when tracing ends. If it is to end, it
# does. If the tool alone is (a second signal), it goes on.
new_case ends-while-stopped
LIMIT=30 run_tool -d 1 -- "$PROG/reopen" "$PROG/libplug_a.so"
if [ "$TOOL_STATUS" = 0 ] && ! pgrep -f "^$PROG/reopen" >/dev/null; then
	pass ends-while-stopped "the command has ended, too"
else
	fail_case ends-while-stopped "exit status $TOOL_STATUS, or the command is still there"
	pkill -KILL -f "^$PROG/reopen"
fi

# shellcheck disable=SC2317 # await calls it
signal_until_gone()
{
	kill -TERM "$1" 2>/dev/null
	gone "$1"
}
new_case left-while-stopped
start_tool -- "$PROG/reopen" "$PROG/libplug_a.so" deaf
await 30 test -e "$CASE/ready"
command=$(pgrep -f "^$PROG/reopen")
PIDS+=("$command")
await 30 signal_until_gone "$TOOL_PID"
touch "$CASE/quit"
if await 30 gone "$command"; then
	pass left-while-stopped "the command goes on without the tool"
else
	fail_case left-while-stopped "the command is $(sed -n 's/^State:.//p' "/proc/$command/status")"
fi

# Nobody reads what --follow prints: it ends, and what it traces is not left standing.
new_case follow-unread
# shellcheck disable=SC2016 # for the inner shell
timeout -k 5 30 "$TOOL" --follow -- sh -c '"$0" plain; exit 0' "$PROG/life" >/dev/full 2>"$CASE/log"
status=$?
if [ $status = 1 ] && grep -qx 'memleak-bpf: cannot write standard output: No space left on device' "$CASE/log"; then
	pass follow-unread "$(tail -n 1 "$CASE/log")"
else
	fail_case follow-unread "exit status $status, should be 1 and said why"
fi

# What the command leaves running does not keep the report waiting.
new_case left-running
SECONDS=0
# shellcheck disable=SC2016 # for the inner shell
run_tool -T 0 -- sh -c 'sleep 20 & exec "$0" plain' "$PROG/life"
if [ "$TOOL_STATUS" = 0 ] && [ $SECONDS -lt 10 ]; then
	verify left-running
else
	fail_case left-running "exit status $TOOL_STATUS after $SECONDS s"
fi

# Input and output are the command's.
new_case pipe
echo through | "$TOOL" -- cat >"$CASE/report" 2>"$CASE/log"
if [ "$(head -n 1 "$CASE/report")" = through ]; then
	pass pipe "the command reads our input and writes our output"
else
	fail_case pipe "the command's output is missing"
fi

# The program of the README, which does not end.
new_case example
"$PROG/leak_example" &
TARGET=$!
PIDS+=("$TARGET")
disown
run_tool -T 0 -o 0 -d 4 -p "$TARGET"
holds example "12,288 bytes a second from keep_message; scratch memory is freed" \
	'total("keep_message")[0] == 12288 * total("keep_message")[1] > 12288 and
	total("handle_message") == total("keep_message")'

finish
