#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# namespaces - targets in another mount or pid namespace, or behind chroot.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Processes below pid, as a line of ids.
children()
{
	cat "/proc/$1/task/$1/children" 2>/dev/null
}

if ! unshare -m true 2>/dev/null; then
	skip namespaces "cannot make a mount namespace here"
	finish
fi

# The program lies on a file system that only its namespace has.
new_case mount-namespace
mkdir "$CASE/mnt"
# shellcheck disable=SC2016 # for the inner shell
if start_target unshare -m --propagation private sh -c \
	'mount -t tmpfs none "$1/mnt" && cp "$0" "$1/mnt/hidden_heap" && exec "$1/mnt/hidden_heap"' \
	"$PROG/heap" "$CASE"; then
	if [ -e "$CASE/mnt/hidden_heap" ]; then
		fail_case mount-namespace "the namespace hides nothing"
	else
		attach_and_compare mount-namespace
	fi
else
	skip mount-namespace "does not start: $(head -n 1 "$CASE/output")"
fi

# Another root, with its own copy of libc at the same path.
new_case chroot
root=$CASE/root
mkdir -p "$root/case"
for file in $(ldd "$PROG/heap" | grep -o '/[^ ]*'); do
	mkdir -p "$root$(dirname "$file")"
	cp -L "$file" "$root$file"
done
cp "$PROG/heap" "$root/heap"
# shellcheck disable=SC2016
if start_target unshare -m --propagation private sh -c \
	'mount --bind "$0" "$0/root/case" && cd "$0/root" &&
	for v in EXPECT READY GO DONE QUIT; do export ${v}_FILE=/case/$(
		case $v in EXPECT) echo truth ;; *) echo $v | tr A-Z a-z ;; esac); done
	exec chroot . /heap' "$CASE"; then
	attach_and_compare chroot
else
	skip chroot "does not start: $(head -n 1 "$CASE/output")"
fi

# The target knows itself by another id; -p takes ours.
new_case pid-namespace
if start_target unshare -pf --mount-proc "$PROG/heap"; then
	read -r TRACE_PID _ < <(children "$TARGET")
	export TRACE_PID
	PIDS+=("$TRACE_PID")
	attach_and_compare pid-namespace
	unset TRACE_PID
else
	skip pid-namespace "does not start: $(head -n 1 "$CASE/output")"
fi

# Target and tool in a pid namespace together, as in a container: ids are its own everywhere.
new_case inside-pid-namespace
if timeout -k 5 "$LIMIT" unshare -pf --mount-proc "$TOOL" -T 0 -- "$PROG/heap" \
	>"$CASE/report" 2>"$CASE/log"; then
	verify inside-pid-namespace
else
	fail_case inside-pid-namespace "exit status $?"
fi
new_case inside-pid-namespace-attached
# shellcheck disable=SC2016 # for the inner shell
if timeout -k 5 "$LIMIT" unshare -pf --mount-proc sh -c \
	'"$1" & "$0" -p $! -o 0 -T 0 1 2; status=$?; touch "$QUIT_FILE"; exit $status' \
	"$TOOL" "$PROG/steady" >"$CASE/report" 2>"$CASE/log"; then
	holds inside-pid-namespace-attached "-p takes the namespace's ids" \
		'len(reports) == 2 and total("steady_leak")[1] > 50'
else
	fail_case inside-pid-namespace-attached "exit status $?"
fi

# A target in a user namespace of its own, and a tool whose root is root only there.
new_case user-namespace
if start_target unshare -Ur "$PROG/heap"; then
	attach_and_compare user-namespace
	new_case user-namespace-root
	timeout -k 5 20 unshare -Ur "$TOOL" -- true >"$CASE/report" 2>"$CASE/log"
	status=$?
	if [ $status = 1 ] && [ ! -s "$CASE/report" ] && grep -Eq 'root|sudo|CAP_' "$CASE/log"; then
		pass user-namespace-root "$(cat "$CASE/log")"
	else
		fail_case user-namespace-root "exit status $status: $(cat "$CASE/log")"
	fi
else
	skip user-namespace "does not start: $(head -n 1 "$CASE/output")"
fi

finish
