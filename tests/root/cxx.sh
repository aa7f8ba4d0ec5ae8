#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cxx - operator new and delete in all forms, exceptions through them; names and inlined frames.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

started new-started "$PROG/cxx"
attached new-attached "$PROG/cxx"
if have new-static cxx_static; then
	started new-static-started "$PROG/cxx_static"
	attached new-static-attached "$PROG/cxx_static"
fi
# These define operator new themselves.
for allocator in jemalloc tcmalloc mimalloc; do
	have "new-$allocator" cxx_$allocator || continue
	oom=
	[ $allocator = mimalloc ] && oom=no-oom # it is C and aborts
	started "new-$allocator-started" "$PROG/cxx_$allocator" $oom
	attached "new-$allocator-attached" "$PROG/cxx_$allocator" $oom
done

# Source lines and inlined calls, wherever and however debug information is kept.
for shape in inlined inlined_dwarf4 inlined_gz inlined_split; do
	started "${shape/_/-}" "$PROG/$shape"
done
attached inlined-attached "$PROG/inlined"

# No symbols at all: what is left is the place in the file.
new_case inlined-nosyms
run_tool -T 0 -- "$PROG/inlined_nosyms"
holds inlined-nosyms "a stripped program's frames name the file" \
	'(302, 2) == tuple(map(sum, zip(*((s.bytes, s.count) for s in last.sites
	if s.frames[0].image == "inlined_nosyms"))))'

for mangling in rust rust_v0; do
	have $mangling names_$mangling || continue
	started $mangling "$PROG/names_$mangling"
	holds "$mangling-generic" "a generic type's function" \
		'any(re.search(r"names::shop::Basket<(T|u64)>+::leak", f.function)
		for s in last.sites for f in s.frames)'
done

finish
