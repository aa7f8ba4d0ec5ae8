#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# leaky LEAKY.KO - does -k find what a module leaks, all of it and nothing else? check-kernels runs this on
# each kernel, once as it is and once with slub_debug=U, so that it keeps a list of who has allocated what:
# then that has to say the same. The module can't be unloaded; use a machine that is thrown away.
LIMIT=${LIMIT:-150}
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/kernel.sh
. tests/kernel.sh

N=200 # times that each file is opened
declare -A cache=([text]=kmalloc-4k [rcu]=kmalloc-256 [rcu_headless]=kmalloc-2k [bulk]=kmalloc-1k [cache]=leaky)

# slab FILE ATTRIBUTE: of the cache that its objects are from
slab()
{
	cat "/sys/kernel/slab/${cache[$1]}/$2"
}

open_files()
{
	local file i

	for file; do
		for ((i = 0; i < N; i++)); do
			: <"/proc/leaky/$file"
		done
	done
}

# account FILE: what the module says it has done there, in $opened $objects $asked $got
account()
{
	read -r opened objects asked got < <(sed -n "s/^${1}_open //p" /proc/leaky/account)
}

# known_to_slub FILE: objects of this call site, as the kernel has them noted
known_to_slub()
{
	local dir=/sys/kernel/debug/slab/${cache[$1]}/alloc_traces

	[ -e "$dir" ] || dir=/sys/kernel/slab/${cache[$1]}/alloc_calls # before 5.14
	awk -v site="${1}_open+" 'index($2, site) == 1 { n += $1 } END { print n + 0 }' "$dir"
}

# shellcheck disable=SC2317 # called by await
slub_knows()
{
	[ "$(known_to_slub "$1")" = "$2" ]
}

# oracle FILE: SLUB agrees with the module; with what was given to kfree_rcu after a while
oracle()
{
	account "$1"
	if [ "$(slab "$1" store_user)" != 1 ]; then
		return
	elif await "$LIMIT" slub_knows "$1" "$objects"; then
		pass "$1-oracle" "the kernel's list has $objects of ${1}_open, too"
	else
		fail "$1-oracle" "the kernel's list has $(known_to_slub "$1") of ${1}_open, the module says $objects"
	fi
}

# traced NAME TOOL_OPTIONS -- FILE...: open these under trace, which goes on
traced()
{
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	new_case "$name"
	if ! start_tool -k -o 0 -T 0 "${options[@]}" 2; then
		fail_case "$name" "the tool does not trace"
		return 1
	fi
	open_files "$@"
	from_now
}

# ended NAME: the trace, well
ended()
{
	local name=$1

	stop_tool INT
	if [ "$TOOL_STATUS" != 0 ]; then
		fail_case "$name" "the tool's exit status is $TOOL_STATUS"
		return 1
	fi
	if [ -n "${LOGS-}" ]; then
		cat "$CASE/log" "$CASE/report" >"$LOGS/report-$name"
	fi
}

# What is true of every report.
balance='last.account["seen"] == last.account["freed"] + last.account["outstanding"] and last.account["lost"] == 0'

if [ ! -e /proc/leaky ] && ! insmod "$1"; then
	fail module "it is not accepted"
	finish
fi

# --- the hunt: what is it that fills kmalloc-4k?

if traced hunt -f "bytes_alloc==$(slab text slab_size)" --dump=96 -- text && ended hunt; then
	account text
	[ "$objects" = $N ] || fail hunt "the module has allocated $objects times, not $N"
	compare hunt-balance "the report balances" "$balance" \
		hunt "$N objects of text_open, which is on top" \
		"last.made_by('text_open') == ($N * $(slab text slab_size), $N) and
		last.total('text_open') == last.made_by('text_open')" \
		hunt-module "the module's name" \
		'{s.frames[0].image for s in last.sites if s.holds("text_open")} == {"leaky"}' \
		hunt-stack "how it was come to" \
		'all(s.holds("do_dentry_open") for s in last.sites if s.holds("text_open"))' \
		hunt-asked "how much was asked for" "'{:,} bytes asked for'.format($asked) in last.text()" \
		hunt-alike "all of them are alike" "'$N of $N objects begin like 0x' in last.text()" \
		hunt-text "the text that was leaked" \
		're.search(r"\"version 15\\ntimestamp 42949\d{5}\\ncpu0 0 0 0 0 0 0 \d+\\n\"", last.text())'
	oracle text
fi

# --- its source lines, once it is installed with its debug information

installed=/usr/lib/debug/lib/modules/$(uname -r)/extra
line=$(grep -n 'kzalloc(TEXT_SIZE' tests/vm/modules/leaky.c)
mkdir -p "$installed" && cp "$1" "$installed/leaky.ko"
if traced lines -f "bytes_alloc==$(slab text slab_size)" -- text && ended lines; then
	compare lines "leaky.c:${line%%:*}, where it allocates" \
		"any((f.file, f.line, f.image) == ('leaky.c', ${line%%:*}, 'leaky')
		for s in last.sites for f in s.frames if f.is_in('text_open'))"
fi
rm -r "$installed"

# --- what is freed in ways that no event tells of

if traced frees -- rcu rcu_headless bulk cache; then
	checks=(frees-balance "the report balances" "$balance")
	if grep -q 'NOT covered' "$CASE/log"; then
		checks+=(frees-marked "said to be inexact" 'any("kfree_rcu" in w for w in last.warnings)')
	else
		left=True
		for file in rcu rcu_headless bulk cache; do
			account $file
			made=$opened
			[[ $file = rcu* ]] || made=$((opened * 16))
			exact="last.made_by('${file}_open') == ($objects * $(slab $file slab_size), $objects)"
			left+=" and $exact"
			checks+=("$file" "$objects objects of $made" "$exact")
			# If it had not seen them all, to find few would be no art.
			checks+=("$file-seen" "all $made allocations" \
				"any('{:,} allocated here since'.format($made) in line for s in last.sites
				if s.frames[0].is_in('${file}_open') for line in s.lines)")
		done
		# once the workers that free have been there; what is left is left
		becomes frees "what is given back is gone after a while" "$left"
	fi
	ended frees
	compare "${checks[@]}"
	for file in rcu rcu_headless bulk cache; do
		oracle $file
	done
fi

# --- pages, percpu, vmalloc: SLUB has no list of these

[ "$(slab text store_user)" = 0 ] || finish
new_case vmalloc-offered
run_tool -k --vmalloc 1 1
offered=(--pages -P)
files=(exact order3 percpu)
if [ "$TOOL_STATUS" = 0 ]; then
	pass vmalloc-offered "there is an event"
	offered+=(--vmalloc)
	files+=(vmalloc)
elif [ "$(wc -l <"$CASE/log")" = 1 ] && grep -q 'event alloc_vmap_area.*--vmalloc needs' "$CASE/log"; then
	skip vmalloc "$(sed 's/^memleak-bpf: //' "$CASE/log")"
else
	fail_case vmalloc-offered "exit status $TOOL_STATUS, but no line that says why"
fi
if traced pages "${offered[@]}" -- "${files[@]}" && ended pages; then
	checks=(pages-balance "the report balances" "$balance")
	account order3
	checks+=(order3 "$objects blocks of eight pages" "last.made_by('order3_open') == ($got, $objects)")
	account exact
	checks+=(exact "$got bytes of split blocks" "last.made_by('exact_open')[0] == $got")
	account percpu
	checks+=(percpu "$objects objects, of all CPUs" \
		"last.made_by('percpu_open')[1] == $objects and
		any('{:,} bytes asked for'.format($asked) in line for s in last.sites
		if s.frames[0].is_in('percpu_open') for line in s.lines)")
	if [[ " ${files[*]} " = *' vmalloc '* ]]; then
		account vmalloc
		# their pages are listed beside them, by the same stack
		checks+=(vmalloc "$objects areas" \
			"[(s.bytes, s.count) for s in last.sites if s.frames[0].is_in('vmalloc_open')
			and s.entry.startswith('vmalloc')] == [($got, $objects)]")
	fi
	compare "${checks[@]}"
fi

finish
