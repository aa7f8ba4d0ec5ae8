/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changed_report - what rich_report has become in another build of the program, in a file of
 *another name: everything has moved, inner() is inlined no longer, and a line of few_large() is
 *another one. Its stacks:
 *
 *	new		4,096 bytes in 2: main() calls fresh()
 *	grown		few_large(): 400,000 in 4 to 500,000 in 5
 *	unchanged	the one without a stack: 1 in 1
 *	shrunk		on_signal(): 20,000 in 20 to 19,000 in 19
 *	gone		the one with names made to do harm: 4,096 in 1
 *
 * So from 424,097 bytes in 26 to 523,097 in 27.
 */
#ifndef CHANGED_REPORT_H
#define CHANGED_REPORT_H

#include "rich_report.h"

#define CHANGED_BYTES 523097
#define CHANGED_COUNT 27

#define CHANGED_APP .image = "app-2", .image_path = "/opt/new/app-2", .build_id = "fedcba9876543210"
#define CHANGED_START                                                                              \
	{                                                                                          \
		.addr = 0x7f112b2d0888, .function = "__libc_start_main_impl", .offset = 0x88,      \
		.image = "libc-2.28.so", .image_path = "/lib/libc-2.28.so", .build_id = "28",      \
		.image_vaddr = 0x23888, .image_offset = 0x23888                                    \
	}

static struct report_frame changed_large[] = {
	{.addr = 0x561111110100,
	 .function = "inner",
	 .offset = 16,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 12,
	 .image_vaddr = 0x1100,
	 .image_offset = 0x100,
	 CHANGED_APP},
	{.addr = 0x561111110246,
	 .function = "outer",
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 22,
	 .inlined = true,
	 .image_vaddr = 0x1246,
	 .image_offset = 0x246,
	 CHANGED_APP},
	{.addr = 0x561111110246,
	 .function = "few_large.constprop.0",
	 .offset = 99,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 37,
	 .image_vaddr = 0x1246,
	 .image_offset = 0x246,
	 CHANGED_APP},
	{.addr = 0x561111110300,
	 .function = "main",
	 .offset = 4,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 47,
	 .image_vaddr = 0x1300,
	 .image_offset = 0x300,
	 CHANGED_APP},
	CHANGED_START,
};
static struct report_frame changed_middle[] = {
	{.addr = 0x561111110400,
	 .function = "on_signal",
	 .offset = 3,
	 .interrupted = true,
	 .image_vaddr = 0x1400,
	 .image_offset = 0x400,
	 CHANGED_APP},
	{.addr = 0x561111110310,
	 .function = "main",
	 .offset = 20,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 48,
	 .image_vaddr = 0x1310,
	 .image_offset = 0x310,
	 CHANGED_APP},
	CHANGED_START,
};
static struct report_frame changed_fresh[] = {
	{.addr = 0x561111110500,
	 .function = "fresh",
	 .offset = 9,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 50,
	 .image_vaddr = 0x1500,
	 .image_offset = 0x500,
	 CHANGED_APP},
	{.addr = 0x561111110320,
	 .function = "main",
	 .offset = 36,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 49,
	 .image_vaddr = 0x1320,
	 .image_offset = 0x320,
	 CHANGED_APP},
	CHANGED_START,
};
static struct report_site changed_sites[] = {
	{.bytes = 500000,
	 .count = 5,
	 .sampled = 5,
	 .entry = "malloc",
	 .frames = changed_large,
	 .n_frames = 5},
	{.bytes = 19000,
	 .count = 19,
	 .sampled = 19,
	 .entry = "calloc",
	 .frames = changed_middle,
	 .n_frames = 3},
	{.bytes = 4096,
	 .count = 2,
	 .sampled = 2,
	 .entry = "malloc",
	 .frames = changed_fresh,
	 .n_frames = 3},
	{.bytes = 1, .count = 1, .sampled = 1, .entry = "realloc", .stack_lost = true},
};
static const struct report changed_report = {
	.pid = 4999,
	.comm = "app-2",
	.origin = {"0.1.0", "6.12.1-amd64", "x86_64", "host.example", "/opt/new/app-2 --name x"},
	.time = 1639000,
	.final = true,
	.bytes = CHANGED_BYTES,
	.count = CHANGED_COUNT,
	.sampled = 27,
	.n_stacks = 4,
	.older_ns = 500000000,
	.sites = changed_sites,
	.n_sites = 4,
	.account = {.seen = 30, .freed = 3, .outstanding = 27, .stacks_complete = 30},
};
#endif
