#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel_objects - -k on objects that a program of ours has the kernel allocate: their number, their site,
# their contents; and that they are gone once they are given back, whatever way that is.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/kernel.sh
. tests/kernel.sh

# alloc_empty_file is in line in __alloc_file before 6.5. The names of caches say nothing, as those that are
# alike are one where SLUB merges them: items of epoll are known by their size, which the kernel asserts.
FILES='(last.made_by("alloc_empty_file")[1] + last.made_by("__alloc_file")[1])'
EPOLL='sum(s.count for s in last.sites if s.holds("do_epoll_ctl") and s.bytes == 128 * s.count)'

# Until 6.14 each has a lock of its own, a smaller object.
MAPPINGS='sum(s.count for s in last.sites if s.frames and s.frames[0].is_in("vm_area_alloc") and
	s.bytes >= 128 * s.count)'

have kernel_objects kobjects || finish

# --- by process

if make_objects others messages 1003 -p $$; then
	becomes others "another process's messages are not counted" 'last.made_by("load_msg") == (0, 0)'
	end_objects others
fi

if make_objects messages messages 1003 -p @ --dump=128; then
	becomes messages-count "1,003 messages of a page, by call site" \
		'last.made_by("load_msg") == (1003 * 4096, 1003)'
	becomes messages-stack "the stack leads to the system call" \
		'any(s.holds("do_msgsnd") for s in last.sites if s.frames[0].is_in("load_msg"))'
	becomes messages-waste "bytes asked for: 4,000 and a header of 48" \
		'f"{1003 * 4048:,} bytes asked for, {1003 * 48:,} wasted (1.2 %)" in last.text()'
	becomes messages-context "made in task context" '"latest by kobjects/" in last.text() and "in task context" in last.text()'
	becomes messages-alike "all of them begin alike" '"1,003 of 1,003 objects begin like 0x" in last.text()'
	becomes messages-text "their text, as a string" '"+0x30 \"version 15\\ntimestamp 4294900000\\n\"" in last.text() or "+0x30 \"version 15\\ntimestamp 42949" in last.text()'
	becomes messages-hex "their text, byte by byte" '"  0030  76 65 72 73 69 6f 6e 20  31 35 0a 74 69 6d 65 73  |version 15.times|" in last.text()'
	becomes messages-links "that they are linked to each other" '"outstanding, of load_msg" in last.text()'
	release_objects
	becomes messages-released "nothing is left of them" 'last.made_by("load_msg") == (0, 0)'
	end_objects messages
fi

# More than contents are read of: 16,384.
if make_objects many empties 20000 -p @ --dump=16; then
	becomes many-dump "how many were not looked into is said" '"\t\t3,616 more were not looked at\n" in last.text()'
	end_objects many
fi

# As many as the tables are made for. Their 48 bytes each are from kmalloc-64.
if make_objects million empties 1000000 -p @; then
	becomes million-count "1,000,000 messages, none of them lost" \
		'last.made_by("load_msg") == (1000000 * 64, 1000000) and last.account["lost"] == 0'
	release_objects
	becomes million-released "nothing is left of them" 'last.made_by("load_msg") == (0, 0)'
	end_objects million
fi

# file_has_files FILE NUMBER: what the last whole line of a file of reports says
# shellcheck disable=SC2317 # called by await
file_has_files()
{
	[ "$($PYTHON -c '
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")[:-1]
sites = json.loads(lines[-1])["sites"] if lines else []
print(sum(s["count"] for s in sites if s["frames"] and s["frames"][0]["function"] in sys.argv[2:]))
' "$1" alloc_empty_file __alloc_file)" = "$2" ]
}

# In a file, too: what is written beside the screen is the same report.
in_file=$(mktemp)
if make_objects files files 700 -p @ --json "$in_file"; then
	becomes files-count "700 files" "$FILES == 700"
	if await 60 file_has_files "$in_file" 700; then
		pass files-json "and in a file of JSON"
	else
		fail_case files-json "not the same in the file"
	fi
	release_objects
	becomes files-released "nothing is left of them" "$FILES == 0"
	end_objects files
fi
rm -f "$in_file"

if make_objects pipes pipes 300 -p @; then
	becomes pipes-count "300 pipes, of two objects each" 'last.made_by("alloc_pipe_info")[1] == 600'
	release_objects
	becomes pipes-released "nothing is left of them" 'last.made_by("alloc_pipe_info")[1] == 0'
	end_objects pipes
fi

# Given back by kfree_rcu (since 6.5), of which no event tells.
if make_objects epoll epoll 500 -p @; then
	becomes epoll-count "500 items" \
		"$EPOLL == 500"
	release_objects
	becomes epoll-released "nothing is left of them" \
		"$EPOLL == 0"
	end_objects epoll
fi

# The nodes of the maple tree (since 6.1) go in bulk, through RCU, with whole slabs at the end.
if make_objects mappings mappings 4000 -p @; then
	becomes mappings-count "4,000 mappings" "$MAPPINGS in range(4000, 4020)"
	release_objects
	end_target
	from_now
	becomes mappings-released "nothing is left of the process" \
		'last.made_by("vm_area_alloc")[1] + sum(s.count for s in last.sites if "maple_node" in s.entry) == 0'
	stop_tool INT
fi

# --- by filter, of the whole machine

if make_objects filter messages 1003 -f "bytes_alloc == 4096 && call_site == load_msg && comm ~ \"kobj*\" && pid == @"; then
	becomes filter-count "only what passes the filter" \
		'(last.bytes, last.count) == (1003 * 4096, 1003) and last.account["seen"] == 1003'
	release_objects
	becomes filter-released "nothing is left" 'last.count == 0'
	end_objects filter
fi

# --- what caches have grown by

# Lines of the check stand behind the account, and so are whole in the report before the last. All that have
# this size are followed, so there is little in their cache that is not known, whatever else goes on; and objects
# that are held are certainly known.
if make_objects check messages 4000 -z 4096 -Z 4096; then
	becomes check "of the cache they are from 99 % of the growth is known" \
		'any(g.known >= 4000 and g.known + g.moving >= 0.99 * g.objects for g in reports[-2].grew())'
	becomes check-sum "what is known, came or went, and the rest are the growth" \
		'all(g.adds_up() for g in reports[-2].grew())'
	end_objects check
fi

# Half of them are followed, which is known exactly. The others are missing; how many, others may change: they
# free and allocate from that cache, too.
if make_objects check-half halves 4000 -f "call_site == load_msg && pid == @ && bytes_req == 4048"; then
	becomes check-half "of 4,000 objects 2,000 are known, and about as many are not" \
		'any(g.known == 2000 and g.adds_up() and g.rest >= 500 for g in reports[-2].grew())'
	release_objects
	becomes check-released "nothing is known of any growth" 'not reports[-2].grew()'
	end_objects check-half
fi

# --- as a structure

if make_objects type messages 50 -f "call_site == load_msg && pid == @" --type msg_msg; then
	becomes type "each field of a message, by the kernel's BTF" \
		'"50 of 50 objects begin like" in last.text() and ".m_type = (long int)1" in last.text() and
		".m_ts = (size_t)4000" in last.text()'
	end_objects type
fi

# --- every stack

if make_objects stacks messages 100 -p @ --stack-every 1; then
	becomes stacks "one stack, of all messages" \
		'[s.count for s in last.sites if s.frames[0].is_in("load_msg")] == [100]'
	end_objects stacks
fi

# --- what we cause ourselves

# Three objects that it allocates to see how this kernel frees; then each report would bring some thirty more. A few
# are left to what interrupts do before it sleeps.
new_case own
# shellcheck disable=SC2016 # expanded by the shell that becomes the tool, whose pid is known so
timeout -k 5 60 bash -c 'exec "$0" -k -f "pid == $$" -o 0 1 4' "$TOOL" >"$CASE/report" 2>"$CASE/log" </dev/null
seen=$(sed -nE 's/.* accounting: seen ([0-9,]+), .*/\1/p' "$CASE/report" | tr -d , | tail -n 1)
if [ "${seen:-99}" -lt 15 ]; then
	pass own "$seen allocations in 4 reports"
else
	fail_case own "${seen:-no} allocations in 4 reports"
fi

finish
