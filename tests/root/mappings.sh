#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mappings - mmap, munmap, mremap and brk called by the program itself.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

started mappings-started "$PROG/mappings"
attached mappings-attached "$PROG/mappings"

started thread-stack "$PROG/mappings" thread
holds thread-stack-tagged "a thread's stack is called so" \
	'all("thread stack" in "\n".join([s.age, s.entry] + s.lines)
	for s in last.sites if s.entry and s.entry.startswith("mmap") and s.holds("pthread_create"))'

finish
