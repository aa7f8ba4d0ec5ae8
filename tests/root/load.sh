#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# load - reports of a program that goes on allocating in several threads: each one is exact.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

JUDGE=${PROG%/prog}/judge

# under_load NAME THREADS SECONDS: see tests/judge/under_load.c
under_load()
{
	local out

	new_case "$1"
	out=$("$JUDGE/under_load" "$@" 2>"$CASE/log") || {
		fail_case "$1" "${out#*: }"
		return
	}
	echo "$out"
}

if have load ../judge/under_load; then
	under_load two-threads 2 5
	under_load eight-threads 8 5
fi

finish
