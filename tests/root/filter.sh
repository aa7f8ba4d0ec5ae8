#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# filter - the language of -f: its programs against what expressions mean, and what it takes against
# what the kernel takes.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

for judge in filter filter_events; do
	if [ ! -x "${PROG%/prog}/judge/$judge" ]; then
		fail $judge "not built: make judges"
	elif ! "${PROG%/prog}/judge/$judge"; then
		FAILED=1
	fi
done
finish
