#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# disturb - the target goes on as if nothing had been; nobody else notices.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# head_of PID FUNCTION: libc's function in PID's memory, as hex: its probe may be anywhere in there
head_of()
{
	$PYTHON - "$1" "$2" <<-'END'
		import subprocess, sys
		pid, name = sys.argv[1:]
		start, path = next((line.split()[0].split("-")[0], line.split()[5])
		                   for line in open(f"/proc/{pid}/maps") if "libc.so.6" in line)
		out = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True).stdout
		address = next(int(words[0], 16) for words in map(str.split, out.splitlines())
		               if len(words) == 3 and words[2].split("@")[0] == name)
		with open(f"/proc/{pid}/mem", "rb", 0) as memory:
		    memory.seek(int(start, 16) + address)
		    print(memory.read(768).hex(" "))
	END
}

# is_head PID FUNCTION BYTES
is_head()
{
	[ "$(head_of "$1" "$2")" = "$3" ]
}

# Are there breakpoints, and nothing else changed? is_probed PID FUNCTION BYTES-BEFORE
is_probed()
{
	local code old i changed=0

	read -ra code <<<"$(head_of "$1" "$2")"
	read -ra old <<<"$3"
	for i in "${!old[@]}"; do
		[ "${code[i]}" = "${old[i]}" ] && continue
		[ "${code[i]}" = cc ] || return 1
		changed=$((changed + 1))
	done
	[ $changed -gt 0 ]
}

# Ids of the BPF programs (kind prog) or links (kind link) that process PID holds.
bpf_ids()
{
	cat "/proc/$2/fdinfo/"* 2>/dev/null | sed -n "s/^$1_id:[[:space:]]*//p" | sort -un
}

# shellcheck disable=SC2317 # called by await
bpf_ids_gone()
{
	local kind=$1 id

	for id in $2; do
		bpftool "$kind" show id "$id" >/dev/null 2>&1 && return 1
	done
	return 0
}

new_case killed-tool
QUIT_FILE=$WORK/quit-bystander "$PROG/churn" &
bystander=$!
PIDS+=("$bystander")
await 10 test -e "$CASE/ready"
rm "$CASE/ready"
start_target "$PROG/churn" || fail_case killed-tool "the program does not run"
before=$(head_of "$TARGET" malloc)
before_free=$(head_of "$TARGET" free)

for round in 1 2 3; do
	if ! start_tool -p "$TARGET" 1; then
		fail_case "attach-$round" "the tool does not trace"
		continue
	fi
	if [ "$round" = 1 ]; then
		if is_probed "$TARGET" malloc "$before" && is_probed "$TARGET" free "$before_free"; then
			pass probes-are-there "breakpoints in the target's malloc and free"
		else
			fail_case probes-are-there "no breakpoint in the target: this test proves nothing"
		fi
		if is_head "$bystander" malloc "$before" && is_head "$bystander" free "$before_free"; then
			pass bystander "another process with this libc has none"
		else
			fail_case bystander "a breakpoint in another process"
		fi
		programs=$(bpf_ids prog "$TOOL_PID")
		links=$(bpf_ids link "$TOOL_PID")
		sleep 1.2
	fi
	kill -KILL "$TOOL_PID"
	wait "$TOOL_PID" 2>/dev/null
	if await 5 is_head "$TARGET" malloc "$before" && await 5 is_head "$TARGET" free "$before_free"; then
		pass "no-probe-left-$round" "SIGKILL of the tool: the target's code is as it was"
	else
		fail_case "no-probe-left-$round" "a breakpoint is left in the target"
	fi
	if [ "$round" = 1 ]; then
		if [ -z "$programs" ]; then
			fail_case no-program-left "the tool holds no BPF program: this test proves nothing"
		elif ! command -v bpftool >/dev/null; then
			skip no-program-left "no bpftool"
		elif await 5 bpf_ids_gone prog "$programs" && await 5 bpf_ids_gone link "$links"; then
			pass no-program-left "$(wc -w <<<"$programs") programs and $(wc -w <<<"$links") links went"
		else
			fail_case no-program-left "BPF programs are left in the kernel"
		fi
	fi
done

# The same, ended well.
if start_tool -p "$TARGET" 1; then
	sleep 0.3
	stop_tool TERM
	if is_head "$TARGET" malloc "$before" && is_head "$TARGET" free "$before_free"; then
		pass detached "nothing left after the last report"
	else
		fail_case detached "a breakpoint is left in the target"
	fi
else
	fail_case detached "the tool does not trace"
fi
end_target
if [ "$TARGET_STATUS" = 0 ]; then
	pass target-unharmed "it went on, its blocks were its own"
else
	fail_case target-unharmed "it ended with $TARGET_STATUS"
fi
touch "$WORK/quit-bystander"
await 10 gone "$bystander"
wait "$bystander" || fail bystander-unharmed "it ended with another status"

# Two tools on one target: both are right.
new_case two-tools
if start_target "$PROG/heap" && start_tool -p "$TARGET" -o 0 -T 0 1000; then
	first=$TOOL_PID
	mv "$CASE/report" "$CASE/report1"
	mv "$CASE/log" "$CASE/log1"
	attach_and_compare two-tools-second
	TOOL_PID=$first
	stop_tool INT
	mv "$CASE/report1" "$CASE/report"
	verify two-tools-first --attached
else
	fail_case two-tools "the tool does not trace"
fi

# A target that may make few system calls: the probes need none of it.
attached seccomp-attached "$PROG/seccomp"
started seccomp-started "$PROG/seccomp"

# A stopped target stays stopped, and goes on when told to.
new_case stopped
if start_target "$PROG/life" plain; then
	kill -STOP "$TARGET"
	if start_tool -p "$TARGET" -o 0 1000; then
		stop_tool TERM
		if [ "$TOOL_STATUS" = 0 ] && grep -q 'State:.*T (stopped)' "/proc/$TARGET/status"; then
			pass stopped "attached and detached, still stopped"
		else
			fail_case stopped "exit status $TOOL_STATUS, or the target runs"
		fi
	else
		fail_case stopped "the tool does not trace"
	fi
	kill -CONT "$TARGET"
	touch "$CASE/go"
	end_target
else
	fail_case stopped "the program does not run"
fi

# A started command goes on when the tool is killed.
new_case orphan
env --default-signal=INT,QUIT "$TOOL" -- "$PROG/churn" >"$CASE/report" 2>"$CASE/log" &
TOOL_PID=$!
PIDS+=("$TOOL_PID")
if await 20 test -e "$CASE/ready"; then
	orphan=$(cat "/proc/$TOOL_PID/task/$TOOL_PID/children")
	# shellcheck disable=SC2206 # a list of ids
	PIDS+=($orphan)
	kill -KILL "$TOOL_PID"
	wait "$TOOL_PID" 2>/dev/null
	sleep 0.2
	if gone "${orphan%% *}" || grep -q 'State:.*stopped' "/proc/${orphan%% *}/status"; then
		fail_case orphan "the command ended or stopped with the tool"
	else
		pass orphan "the command goes on when the tool is killed"
	fi
	touch "$CASE/quit"
	await 10 gone "${orphan%% *}"
else
	fail_case orphan "the command does not start"
fi

# Killed while it starts a command: that is not left stopped.
new_case orphan-at-start
stopped=0
for delay in 02 04 06 08 10 12 14 16 18 20; do
	env --default-signal=INT,QUIT "$TOOL" -- "$PROG/life" plain >"$CASE/report" 2>"$CASE/log" &
	TOOL_PID=$!
	disown
	sleep 0.$delay
	child=$(cat "/proc/$TOOL_PID/task/$TOOL_PID/children" 2>/dev/null)
	kill -KILL "$TOOL_PID" 2>/dev/null
	[ -n "$child" ] || continue
	child=${child%% *}
	await 2 gone "$child" && continue
	kill -KILL "$child" 2>/dev/null
	stopped=$((stopped + 1))
done
if [ $stopped = 0 ]; then
	pass orphan-at-start "killed at ten moments: the command ends by itself"
else
	fail_case orphan-at-start "the command hangs in $stopped of 10"
fi

finish
