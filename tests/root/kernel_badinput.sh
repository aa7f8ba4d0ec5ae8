#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel_badinput - what -k says when it cannot do what it is asked for: one clear line, and nothing else.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/kernel.sh
. tests/kernel.sh

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
refused no-function 'call_site == load_mesg' 13 'no function "load_mesg" in this kernel: did you mean .*load_msg'
refused no-cgroup 'cgroup == "/no/such/group"' 10 'option -f: '

says no-order 1 'only pages have an order: give --pages' "$TOOL" -k -f 'bytes_alloc == 4096 || order > 2' -d 1
says no-type 1 'no struct msg_mgs; did you mean .*msg_msg' "$TOOL" -k --type msg_mgs -d 1
says no-process 1 'there is no process 4194303' "$TOOL" -k -p 4194303 -d 1

# In a mount namespace of its own: without what the kernel tells of its types; the tracing directory is not needed.
empty=$WORK/empty
mkdir "$empty"
says no-btf 1 'no BTF.*CONFIG_DEBUG_INFO_BTF' \
	unshare -m sh -c "mount --bind '$empty' /sys/kernel/btf && exec '$TOOL' -k -d 1"
new_case no-tracefs
if timeout -k 5 "$LIMIT" unshare -m sh -c "umount -l /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; exec '$TOOL' -k -d 1" \
	>"$CASE/report" 2>"$CASE/log" </dev/null && grep -q ' allocations outstanding' "$CASE/report"; then
	pass no-tracefs "reports without it"
else
	fail_case no-tracefs "no report"
fi

# Symbols that the kernel keeps to itself, as with kptr_restrict at 2: addresses stand for names, and the reason
# is given. In a mount namespace of its own, as others on this machine want their symbols.
sed -E 's/^[0-9a-f]+/0000000000000000/' /proc/kallsyms >"$WORK/kallsyms"
echo 2 >"$WORK/kptr_restrict"
cat >"$WORK/without-symbols" <<END
#!/bin/sh
exec unshare -m sh -c 'mount --bind "$WORK/kallsyms" /proc/kallsyms &&
	mount --bind "$WORK/kptr_restrict" /proc/sys/kernel/kptr_restrict && exec "\$0" "\$@"' "$TOOL" "\$@"
END
chmod 755 "$WORK/without-symbols"
with_symbols=$TOOL TOOL=$WORK/without-symbols
if make_objects no-symbols messages 203 -p @; then
	becomes no-symbols "203 messages, by an address" \
		'[s.count for s in last.sites if s.bytes == 203 * 4096 and
		re.match("0xf[0-9a-f]{15}$", hex(s.frames[0].address)) and s.frames[0].function == "??"] == [203]'
	becomes no-symbols-names "no frame has a name" \
		'{f.function for s in last.sites for f in s.frames} == {"??"}'
	if head -n 1 "$CASE/log" | grep -q 'kptr_restrict is 2'; then
		pass no-symbols-said "$(head -n 1 "$CASE/log")"
	else
		fail_case no-symbols-said "says '$(head -n 1 "$CASE/log")'"
	fi
	end_objects no-symbols
fi
TOOL=$with_symbols

finish
