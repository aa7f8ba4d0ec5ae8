#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# reach_real - what real programs lose: nothing that memcheck does not find, and what a plugin was made to lose.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

if ! command -v valgrind >/dev/null; then
	skip reach_real "there is no valgrind"
	exit 0
fi
$PYTHON tests/real_leaks.py "$TOOL" "$PROG" || FAILED=1
finish
