#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# heap - C allocation functions, their failures and corner cases: exact, started and attached.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

started heap-started "$PROG/heap"
attached heap-attached "$PROG/heap"
for libc in nofp static musl musl_static; do
	have "heap-$libc" heap_$libc || continue
	started "heap-$libc-started" "$PROG/heap_$libc"
	attached "heap-$libc-attached" "$PROG/heap_$libc"
done

# Calls that the allocator does not return from, calls that nest, thread ids used again.
started hooked-started "$PROG/hooked"
attached hooked-attached "$PROG/hooked"

# Blocks that change threads, addresses that change owners.
started race-started "$PROG/race"
attached race-attached "$PROG/race"

finish
