#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel_badinput - what -k says when it cannot do what it is asked for: one clear line, and nothing else.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# says NAME STATUS PATTERN COMMAND...: it ends with that status, after lines of which the first matches.
says()
{
	local name=$1 status=$2 pattern=$3

	shift 3
	new_case "$name"
	timeout -k 5 "$LIMIT" "$@" >"$CASE/report" 2>"$CASE/log" </dev/null
	TOOL_STATUS=$?
	if [ "$TOOL_STATUS" != "$status" ]; then
		fail_case "$name" "exit status $TOOL_STATUS, should be $status"
	elif ! head -n 1 "$CASE/log" | grep -Eq "$pattern"; then
		fail_case "$name" "says '$(head -n 1 "$CASE/log")'"
	elif [ -s "$CASE/report" ]; then
		fail_case "$name" "there is a report"
	else
		pass "$name" "$(head -n 1 "$CASE/log")"
	fi
}

# refused NAME EXPRESSION COLUMN PATTERN: a filter, with the caret under that column, from 0
refused()
{
	local caret

	says "$1" 1 "$4" "$TOOL" -k -f "$2" -d 1
	caret=$(tail -n 1 "$CASE/log")
	if [ "$caret" = "$(printf '  %*s^' "$3" '')" ] && grep -Fqx "  $2" "$CASE/log"; then
		pass "$1-place" "a caret at column $3"
	else
		fail_case "$1-place" "the caret is not at column $3"
	fi
}

refused no-field 'bytes_got == 4096' 0 'unknown field "bytes_got": did you mean'
refused no-operator 'bytes_alloc 4096' 12 'expected .* after bytes_alloc'
refused no-value 'bytes_alloc == && pid == 1' 15 'option -f: '
refused no-end '(bytes_alloc == 4096' 0 'this \( is not closed'
refused no-cache 'name == "kmaloc-4k"' 8 'no cache "kmaloc-4k".*did you mean.*kmalloc-4k'
refused no-flag 'gfp_flags & GFP_KERNAL' 12 'GFP_KERNEL'
refused no-function 'call_site == load_mesg' 13 'load_mesg'
refused no-cgroup 'cgroup == "/no/such/group"' 10 'option -f: '

says no-type 1 'no struct msg_mgs; did you mean .*msg_msg' "$TOOL" -k --type msg_mgs -d 1
says no-process 1 'there is no process 4194303' "$TOOL" -k -p 4194303 -d 1

# In a mount namespace of its own: without what the kernel tells of its types; the tracing directory is not needed.
empty=$WORK/empty
mkdir "$empty"
says no-btf 1 'no BTF.*CONFIG_DEBUG_INFO_BTF' \
	unshare -m sh -c "mount --bind '$empty' /sys/kernel/btf && exec '$TOOL' -k -d 1"
new_case no-tracefs
if unshare -m sh -c "umount -l /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; exec '$TOOL' -k -d 1" \
	>"$CASE/report" 2>"$CASE/log" </dev/null && grep -q ' allocations outstanding' "$CASE/report"; then
	pass no-tracefs "reports without it"
else
	fail_case no-tracefs "no report"
fi

# Symbols that the kernel keeps to itself: addresses stand for names, and the reason is given.
new_case no-symbols
kept=$(cat /proc/sys/kernel/kptr_restrict)
restore_kptr()
{
	echo "$kept" >/proc/sys/kernel/kptr_restrict
}
CLEANUP+=(restore_kptr)
if echo 2 >/proc/sys/kernel/kptr_restrict 2>/dev/null; then
	run_tool -k -d 2 -o 0
	if [ "$TOOL_STATUS" = 0 ] && head -n 1 "$CASE/log" | grep -q 'kptr_restrict is 2' &&
		grep -Eq $'^\t\t0xf[0-9a-f]{15} \\?\\?' "$CASE/report" && ! grep -q '\[kernel\]' "$CASE/report"; then
		pass no-symbols "$(head -n 1 "$CASE/log")"
	else
		fail_case no-symbols "exit status $TOOL_STATUS: $(head -n 1 "$CASE/log")"
	fi
	restore_kptr
else
	skip no-symbols "kptr_restrict cannot be set here"
fi

finish
