#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# user - as whom a started command runs: --user, and who has called sudo.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Users of our own, in a mount namespace of our own: what the machine has is not relied on.
if [ -z "${USERS_MADE-}" ]; then
	if ! unshare -m true 2>/dev/null; then
		skip user "no mount namespace to make users in"
		finish
	fi
	USERS_MADE=1 unshare -m bash "$TOP/tests/root/user.sh"
	exit
fi
cp /etc/passwd "$WORK/passwd"
cp /etc/group "$WORK/group"
cat >>"$WORK/passwd" <<-END
	leaky:x:61234:61235:A user:$WORK/home:/bin/sh
	61299:x:61240:61235:a number for a name:/:/bin/sh
END
cat >>"$WORK/group" <<-END
	leakies:x:61235:
	wheels:x:61236:leaky
	others:x:61237:leaky,root
END
if ! mount --bind "$WORK/passwd" /etc/passwd || ! mount --bind "$WORK/group" /etc/group; then
	skip user "cannot make users"
	finish
fi
mkdir "$WORK/home"
cp "$PROG/life" "$WORK/life" # where anybody may go

# runs_as NAME DETAIL WANTED ARGS...: what the command prints of itself
# shellcheck disable=SC2016 # for the inner shell
runs_as()
{
	local name=$1 detail=$2 wanted=$3 got

	shift 3
	new_case "$name"
	run_tool --text "$CASE/text" "$@" -- sh -c \
		'echo "$(id -u) $(id -g) $(id -G | tr " " "\n" | sort -n | tr "\n" " ")$HOME $USER $LOGNAME $KEPT $(ulimit -Sn) ${SUDO_UID-none}"'
	got=$(head -n 1 "$CASE/report")
	if [ "$TOOL_STATUS" = 0 ] && [ "$got" = "$wanted" ]; then
		pass "$name" "$detail"
	else
		fail_case "$name" "$detail: '$got', should be '$wanted'"
	fi
}

ulimit -Sn 321 # what the tool raises for itself is not for the command
export KEPT=kept HOME=/root USER=root LOGNAME=root
leaky="61234 61235 61235 61236 61237 $WORK/home leaky leaky kept 321"
runs_as with-group "another group, the user's others too" \
	"61234 61240 61236 61237 61240 $WORK/home leaky leaky kept 321 none" --user leaky:61240
export SUDO_UID=61234 SUDO_GID=61235 SUDO_USER=leaky
runs_as sudo "who has called sudo" "$leaky none"
SUDO_UID=61299 runs_as sudo-digits "sudo's number is never a name" \
	"61299 61235 61235 /root root root kept 321 none"
root_groups=$(id -G | tr ' ' '\n' | sort -n | tr '\n' ' ')
runs_as sudo-root "--user root overrides it" \
	"0 $(id -g) $root_groups/root root root kept 321 61234" --user root
# What a user runs is traced as what root runs is.
new_case traced
run_tool -T 0 -c "$WORK/life exec"
verify traced

new_case sudo-unclear
SUDO_UID=me run_tool -- true
if [ "$TOOL_STATUS" = 1 ] && grep -q 'say with --user' "$CASE/log"; then
	pass sudo-unclear "$(cat "$CASE/log")"
else
	fail_case sudo-unclear "exit status $TOOL_STATUS"
fi
unset SUDO_UID SUDO_GID SUDO_USER

new_case no-user
run_tool --user nosuch -- true
if [ "$TOOL_STATUS" = 1 ] && grep -q "there is no user 'nosuch'" "$CASE/log"; then
	pass no-user "$(cat "$CASE/log")"
else
	fail_case no-user "exit status $TOOL_STATUS"
fi

# The user may not run it: as a shell says.
new_case not-allowed
chmod 700 "$WORK/home"
cp "$PROG/life" "$WORK/home/"
run_tool --user leaky -- "$WORK/home/life" plain
if [ "$TOOL_STATUS" = 126 ]; then
	pass not-allowed "$(tail -n 1 "$CASE/log")"
else
	fail_case not-allowed "exit status $TOOL_STATUS"
fi

finish
