#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# allocators - whose malloc it is: linked, preloaded, wrapped, opened later.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

library()
{
	ldconfig -p | awk -v lib="$1" '$1 ~ "^" lib "\\.so\\.[0-9]+$" { print $NF; exit }'
}

for allocator in jemalloc tcmalloc mimalloc; do
	have $allocator heap_$allocator || continue
	rest=
	[ $allocator = jemalloc ] && rest=no-pvalloc
	started "$allocator-linked" "$PROG/heap_$allocator" $rest
	attached "$allocator-linked-attached" "$PROG/heap_$allocator" $rest
	started "$allocator-own-functions" "$PROG/${allocator}_ext"
done

for name in libjemalloc libtcmalloc_minimal libmimalloc; do
	lib=$(library $name)
	if [ -z "$lib" ]; then
		skip "$name-preloaded" "not installed"
		continue
	fi
	rest=
	[ $name = libjemalloc ] && rest=no-pvalloc
	started "$name-preloaded" env LD_PRELOAD="$lib" "$PROG/heap" $rest
	attached "$name-preloaded-attached" env LD_PRELOAD="$lib" "$PROG/heap" $rest
	if ! grep -q "$name" "$CASE/log"; then
		fail_case "$name-named" "the head line does not name it"
	fi
done

# A wrapper of libc's malloc, and an allocator nobody has heard of.
started shim-started env LD_PRELOAD="$PROG/libshim.so" "$PROG/heap"
attached shim-attached env LD_PRELOAD="$PROG/libshim.so" "$PROG/heap"
started own-started env LD_PRELOAD="$PROG/libownalloc.so" "$PROG/heap"
attached own-attached env LD_PRELOAD="$PROG/libownalloc.so" "$PROG/heap"

# An allocator that is opened while the program runs, beside libc's.
started dlopen-allocator-started "$PROG/dl" alloc "$PROG/libownalloc.so"
attached dlopen-allocator-attached "$PROG/dl" alloc "$PROG/libownalloc.so"
# A library that is opened, leaks and is closed: its names must survive it.
started dlopen-library-started "$PROG/dl" leak "$PROG/libctor.so"
attached dlopen-library-attached "$PROG/dl" leak "$PROG/libctor.so"

# Two libraries, one after the other at the same addresses: each block is its own library's.
started dlopen-twice-started "$PROG/dl" twice "$PROG/libplug_a.so" "$PROG/libplug_b.so"
attached dlopen-twice-attached "$PROG/dl" twice "$PROG/libplug_a.so" "$PROG/libplug_b.so"

finish
