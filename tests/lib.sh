# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the root tests share: start a program that knows what it leaks, trace it with the
# real tool, compare. Sourced by tests/root/*.sh.
#
# A case is a directory below $WORK with
#	report, log		the tool's stdout and stderr
#	truth			what the program says it leaks
#	ready, go, done, quit	the handshake of tests/prog/target.h
# Its processes are in TARGET and TOOL_PID; everything is ended and removed at exit.

set -u
unset SUDO_UID SUDO_GID SUDO_USER SUDO_COMMAND # commands run as we do, however these were started
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

TOP=$PWD
TOOL=${TOOL:-$TOP/memleak-bpf}
PROG=${PROG:-$TOP/${BUILD:-build}/tests/prog}
[[ $PROG == "$TOP//"* ]] && PROG=${PROG#"$TOP/"} # BUILD was absolute
LIMIT=${LIMIT:-60}				 # seconds for a command under trace
PYTHON=/usr/bin/python3
[ -x $PYTHON ] || PYTHON=python3

WORK=$(mktemp -d "${TMPDIR:-/tmp}/memleak-bpf.XXXXXX") || exit 1
chmod 755 "$WORK"
CASE=$WORK
TARGET=
TOOL_PID=
PIDS=()
FAILED=0
CLEANUP=()

cleanup()
{
	local pid command

	for command in ${CLEANUP[@]+"${CLEANUP[@]}"}; do
		$command
	done
	for pid in ${PIDS[@]+"${PIDS[@]}"}; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

pass()
{
	echo "PASS $1: $2"
}

skip()
{
	echo "SKIP $1: $2"
}

fail()
{
	echo "FAIL $1: $2"
	FAILED=1
}

# The end of each script.
finish()
{
	exit $FAILED
}

# Fail with what the tool said.
fail_case()
{
	fail "$1" "$2"
	if [ -s "$CASE/log" ]; then
		sed 's/^/	log: /' "$CASE/log" | tail -n 15
	fi
	if [ -n "${KEEP-}" ]; then
		mkdir -p "$KEEP" && cp -r "$CASE" "$KEEP/"
	fi
	return 1
}

# have NAME PROGRAM...: were they built? If not, skip.
have()
{
	local name=$1 program

	shift
	for program; do
		[ -e "$PROG/$program" ] && continue
		skip "$name" "$program was not built here"
		return 1
	done
}

if [ ! -x "$TOOL" ]; then
	fail "$(basename "$0" .sh)" "$TOOL is not built"
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	skip "$(basename "$0" .sh)" "needs root"
	exit 0
fi

# await SECONDS COMMAND...: until it is true
await()
{
	local i tries=$(($1 * 50))

	shift
	for ((i = 0; i < tries; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}

# No thread of it lives. In one read: while a thread calls execve and takes the main one's place, a look at
# one thread after the other may find none.
gone()
{
	local key value state='' threads=''

	while read -r key value; do
		case $key in
		State:) state=${value%% *} ;;
		Threads:) threads=$value ;;
		esac
	done 2>/dev/null <"/proc/$1/status"
	[ ! -e "/proc/$1" ] || [ "$state$threads" = Z1 ]
}

new_case()
{
	CASE=$WORK/$1
	TARGET=
	TOOL_PID=
	rm -rf "$CASE"
	mkdir -p "$CASE"
	chmod 777 "$CASE"
	export EXPECT_FILE=$CASE/truth READY_FILE=$CASE/ready GO_FILE=$CASE/go \
		DONE_FILE=$CASE/done QUIT_FILE=$CASE/quit
}

# start_target COMMAND...: in the background, until it is ready to be attached to
start_target()
{
	WAIT=1 "$@" >"$CASE/output" 2>&1 </dev/null &
	TARGET=$!
	disown "$TARGET" # no word from the shell should it crash
	PIDS+=("$TARGET")
	await "$LIMIT" test -e "$CASE/ready"
}

# end_target: let it end by itself. Its exit status goes to TARGET_STATUS.
end_target()
{
	touch "$CASE/quit"
	await "$LIMIT" gone "$TARGET" || kill -KILL "$TARGET"
	wait "$TARGET" 2>/dev/null
	TARGET_STATUS=$?
}

tool_is_tracing()
{
	grep -qs 'memleak-bpf: tracing' "$CASE/log" || gone "$TOOL_PID"
}

# start_tool ARGS...: in the background, until it traces
start_tool()
{
	: >"$CASE/log" # what an earlier one has said is not to be taken for this one's
	# A shell starts background jobs with SIGINT ignored.
	env --default-signal=INT,QUIT "$TOOL" "$@" >"$CASE/report" 2>"$CASE/log" </dev/null &
	TOOL_PID=$!
	PIDS+=("$TOOL_PID")
	await "$LIMIT" tool_is_tracing && ! gone "$TOOL_PID"
}

# stop_tool SIGNAL: let it report and end. Its exit status goes to TOOL_STATUS.
stop_tool()
{
	kill -"$1" "$TOOL_PID" 2>/dev/null
	if ! await "$LIMIT" gone "$TOOL_PID"; then
		kill -KILL "$TOOL_PID"
		echo "the tool did not end at a signal" >>"$CASE/log"
	fi
	wait "$TOOL_PID" 2>/dev/null
	TOOL_STATUS=$?
}

# verify NAME [REPORT.PY OPTIONS]: the last report against the truth
verify()
{
	local name=$1 out facts

	shift
	if [ ! -s "$CASE/truth" ]; then
		fail_case "$name" "the program stated nothing"
		return 1
	fi
	if ! out=$($PYTHON tests/report.py check "$CASE/report" "$CASE/truth" "$@"); then
		fail_case "$name" "${out//$'\n'/; }"
		return 1
	fi
	facts=$(grep -c '^EXPECT' "$CASE/truth")
	if [ "$facts" = 0 ]; then
		skip "$name" "$(sed -n 's/^SKIP //p' "$CASE/truth" | head -n 1)"
	else
		pass "$name" "$facts facts"
		sed -n "s/^SKIP /SKIP $name: /p" "$CASE/truth"
	fi
}

# holds NAME DETAIL EXPRESSION: of the case's reports
holds()
{
	local out

	if out=$($PYTHON tests/report.py holds "$CASE/report" "$3"); then
		pass "$1" "$2"
	else
		fail_case "$1" "$2: ${out//$'\n'/; }"
	fi
}

# compare [NAME DETAIL EXPRESSION]...: the same of many, for where it takes seconds to start Python
compare()
{
	local names=() details=() expressions=() wrong i

	while [ $# -gt 0 ]; do
		names+=("$1") details+=("$2") expressions+=("$3")
		shift 3
	done
	mapfile -t wrong < <($PYTHON tests/report.py each "$CASE/report" "${expressions[@]}")
	for i in "${!names[@]}"; do
		if [ "${wrong[i]-it was not evaluated}" = "" ]; then
			pass "${names[i]}" "${details[i]}"
		else
			fail_case "${names[i]}" "${details[i]}: ${wrong[i]-it was not evaluated}"
		fi
	done
}

# run_tool ARGS...: to its end. Its exit status goes to TOOL_STATUS.
run_tool()
{
	timeout -k 5 "$LIMIT" "$TOOL" "$@" >"$CASE/report" 2>"$CASE/log" </dev/null
	TOOL_STATUS=$?
}

# started NAME COMMAND...: run under trace from its first instruction, then compare
started()
{
	local name=$1

	shift
	new_case "$name"
	run_tool ${TOOL_ARGS[@]+"${TOOL_ARGS[@]}"} -T 0 -- "$@"
	if [ "$TOOL_STATUS" != "${WANT_STATUS:-0}" ]; then
		fail_case "$name" "exit status $TOOL_STATUS, should be the command's ${WANT_STATUS:-0}"
		return 1
	fi
	verify "$name" ${VERIFY[@]+"${VERIFY[@]}"}
}

# attached NAME COMMAND...: attach to it, let it leak, compare; it must end well
attached()
{
	local name=$1

	shift
	new_case "$name"
	if ! start_target "$@"; then
		fail_case "$name" "the program does not run: $(head -c 200 "$CASE/output")"
		return 1
	fi
	attach_and_compare "$name"
}

work_done_or_gone()
{
	[ -e "$CASE/done" ] || gone "$TARGET"
}

# What follows a start_target.
attach_and_compare()
{
	local name=$1

	if ! start_tool -p "${TRACE_PID:-$TARGET}" -o 0 -T 0 ${TOOL_ARGS[@]+"${TOOL_ARGS[@]}"} 1000; then
		fail_case "$name" "the tool does not trace"
		return 1
	fi
	touch "$CASE/go"
	await "$LIMIT" work_done_or_gone
	if [ ! -e "$CASE/done" ]; then
		stop_tool TERM
		fail_case "$name" "the program does not end its work: $(tail -n 2 "$CASE/output")"
		return 1
	fi
	stop_tool INT
	if [ "$TOOL_STATUS" != 0 ]; then
		fail_case "$name" "the tool's exit status is $TOOL_STATUS"
		return 1
	fi
	verify "$name" --attached ${VERIFY[@]+"${VERIFY[@]}"} || return 1
	end_target
	if [ "$TARGET_STATUS" != "${WANT_STATUS:-0}" ]; then
		fail_case "$name" "the program ended with $TARGET_STATUS"
	fi
}

# write_nginx_conf ROOT MAIN HTTP SERVER: $CASE/nginx.conf of an nginx at $CASE/nginx.sock that touches nothing
# outside of $CASE. ROOT: its documents; then more directives for each level.
write_nginx_conf()
{
	local directory

	cat >"$CASE/nginx.conf" <<-END
		daemon off;
		user root;
		pid $CASE/nginx.pid;
		error_log $CASE/error.log;
		$2
		events { worker_connections 64; }
		http {
			gzip on;
			gzip_types *;
			$(for directory in client_body proxy fastcgi uwsgi scgi; do
				echo "${directory}_temp_path $CASE/$directory;"
			done)
			$3
			server { listen unix:$CASE/nginx.sock; root $1; $4 }
		}
	END
}
