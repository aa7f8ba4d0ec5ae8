/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rich_report - a report that has one of everything: inlined frames, a signal, a lost and a cut
 * stack, blocks, estimates, growth, numbers at their limits, and names made to do harm. Its totals:
 * 400,000 + 20,000 + 4,096 + 1 bytes in 4 + 20 + 1 + 1 blocks.
 */
#ifndef RICH_REPORT_H
#define RICH_REPORT_H

#include "report/report.h"

#define RICH_BYTES 424097
#define RICH_COUNT 26
#define RICH_SCRIPT "<script>window.owned=1</script>"
#define RICH_BREAKOUT "]]></title></script>\"'><img src=x onerror=window.owned=1>"
/* A line break, a separator, an escape sequence, bytes that are no UTF-8, text that runs backwards.
 */
#define RICH_CONTROL "a;b\r\n\033[2J\xff\xc0\x80 \xe2\x80\xae<&\"'"

#define RICH_APP .image = "app", .image_path = "/opt/my app/app", .build_id = "0123456789abcdef"
#define RICH_LIBC                                                                                  \
	.image = "libc.so.6", .image_path = "/usr/lib/libc.so.6",                                  \
	.build_id = "93ac61ec5a8eb1396f9fbd350e3169a558528a40"
#define RICH_START                                                                                 \
	{                                                                                          \
		.addr = 0x7fde2b2d024a, .function = "__libc_start_call_main", .offset = 0x7a,      \
		.file = "libc_start_call_main.h",                                                  \
		.path = "../sysdeps/nptl/libc_start_call_main.h", .line = 58,                      \
		.image_vaddr = 0x2724a, .image_offset = 0x2724a, RICH_LIBC                         \
	}

static struct report_frame rich_large[] = {
	{.addr = 0x55fb24f6c246,
	 .function = "inner",
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 10,
	 .inlined = true,
	 .image_vaddr = 0x2246,
	 .image_offset = 0x1246,
	 RICH_APP},
	{.addr = 0x55fb24f6c246,
	 .function = "outer",
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 20,
	 .inlined = true,
	 .image_vaddr = 0x2246,
	 .image_offset = 0x1246,
	 RICH_APP},
	{.addr = 0x55fb24f6c246,
	 .function = "few_large",
	 .offset = 24,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 30,
	 .image_vaddr = 0x2246,
	 .image_offset = 0x1246,
	 RICH_APP},
	{.addr = 0x55fb24f6c300,
	 .function = "main",
	 .offset = 4,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 40,
	 .image_vaddr = 0x2300,
	 .image_offset = 0x1300,
	 RICH_APP},
	RICH_START,
};
static struct report_frame rich_middle[] = {
	{.addr = 0x55fb24f6c29c,
	 .function = "on_signal",
	 .offset = 1,
	 .interrupted = true,
	 .image_vaddr = 0x229c,
	 .image_offset = 0x129c,
	 RICH_APP},
	{.addr = 0x55fb24f6c310,
	 .function = "main",
	 .offset = 20,
	 .file = "a.c",
	 .path = "/src/a.c",
	 .line = 41,
	 .image_vaddr = 0x2310,
	 .image_offset = 0x1310,
	 RICH_APP},
	RICH_START,
};
static struct report_frame rich_hostile[] = {
	{.addr = 0x7f0000001234,
	 .image = "@SUM(1).so",
	 .image_path = "/tmp/libx.so",
	 .image_vaddr = 0x1234,
	 .image_offset = 0x1234},
	{.addr = 0xdead},
	{.addr = 0x7f1100000000, .function = RICH_CONTROL, .image = "[anon]"},
	{.addr = 0x401000,
	 .function = RICH_SCRIPT,
	 .file = RICH_CONTROL,
	 .path = RICH_BREAKOUT,
	 .line = 1,
	 .image = "=cmd()",
	 .image_path = RICH_SCRIPT,
	 .build_id = "ab",
	 .image_vaddr = 0x1000,
	 .image_offset = 0x1000},
	{.addr = 0x401fff, .function = RICH_BREAKOUT, .image = RICH_BREAKOUT},
	{.addr = UINT64_MAX,
	 .function = "größe 日本",
	 .image = "[kernel]",
	 .image_vaddr = UINT64_MAX},
};
static struct report_block rich_blocks[] = {
	{0x7f0000000010, 300000, 28000000, 1, REACH_UNJUDGED},
	{0x10, 100000, 29000000, 1, REACH_UNJUDGED},
	{0x20, 0, 30000000, 1, REACH_UNJUDGED},
	{0x30, 0, UINT64_MAX, 1, REACH_UNJUDGED},
};
static struct report_site rich_sites[] = {
	{.bytes = 400000,
	 .count = 4,
	 .sampled = 4,
	 .bytes_range = {400000, 400000},
	 .count_range = {4, 4},
	 .bytes_delta = 100000,
	 .count_delta = 1,
	 .youngest_ns = 28000000,
	 .oldest_ns = 9500000000,
	 .entry = "malloc",
	 .frames = rich_large,
	 .n_frames = 5,
	 .blocks = rich_blocks,
	 .n_blocks = 4},
	{.bytes = 20000,
	 .count = 20,
	 .sampled = 20,
	 .bytes_range = {18000, 23000},
	 .count_range = {18, 23},
	 .bytes_delta = 20000,
	 .count_delta = 20,
	 .is_new = true,
	 .youngest_ns = 1000,
	 .oldest_ns = 2000,
	 .entry = "calloc",
	 .frames = rich_middle,
	 .n_frames = 3},
	{.bytes = 4096,
	 .count = 1,
	 .sampled = 1,
	 .bytes_range = {4096, 4096},
	 .count_range = {1, 1},
	 .bytes_delta = INT64_MIN + 1,
	 .count_delta = -1,
	 .entry = "mmap",
	 .note = "thread stack",
	 .detail = (char *)"in " RICH_SCRIPT "\nand more",
	 .after = (char *)"after\t" RICH_BREAKOUT,
	 .frames = rich_hostile,
	 .n_frames = 6,
	 .stack_cut = "--max-depth reached"},
	{.bytes = 1,
	 .count = 1,
	 .sampled = 1,
	 .bytes_range = {1, 1},
	 .count_range = {1, 1},
	 .entry = "realloc",
	 .stack_lost = true},
};
static char *rich_warnings[] = {(char *)"no allocator " RICH_SCRIPT RICH_CONTROL};
static const struct report rich_report = {
	.pid = 4312,
	.comm = (char *)"my app",
	.origin = {.tool = (char *)"0.1.0",
		   .kernel = (char *)"6.1.0-1-amd64",
		   .machine = (char *)"x86_64",
		   .host = (char *)"host.example",
		   .command = (char *)"./app --name " RICH_BREAKOUT},
	.time = 1609327, /* 1970-01-19 15:02:07 UTC */
	.final = true,
	.bytes = RICH_BYTES,
	.count = RICH_COUNT,
	.sampled = RICH_COUNT,
	.bytes_range = {422097, 427097},
	.count_range = {24, 29},
	.n_stacks = 4,
	.site_name = "call site",
	.checks = (char *)"meminfo: \033[2J\nslabinfo: " RICH_SCRIPT,
	.young_bytes = 512,
	.young_count = 3,
	.older_ns = 500000000,
	.has_delta = true,
	.bytes_delta = -4000,
	.count_delta = 20,
	.sampling = {.bytes = 524288},
	.sites = rich_sites,
	.n_sites = 4,
	.account = {.seen = UINT64_MAX,
		    .freed = UINT64_MAX - 50,
		    .outstanding = 29,
		    .lost_full = 1,
		    .unsampled = 20,
		    .implied = 3,
		    .found_free = 2,
		    .stacks_complete = 40,
		    .stacks_cut = 7,
		    .cuts = {{"--max-depth reached", 5}, {"", 0}, {"stack unreadable", 2}}},
	.memory = {.known = true,
		   .uss = 5000000,
		   .uss_delta = 700000,
		   .explained = 424097,
		   .headers = 416,
		   .retained = 200000,
		   .arenas = 75487,
		   .stacks = 1,
		   .anonymous = 2,
		   .other = 3,
		   .shrunk = 6,
		   .lists_known = true,
		   .lists_at_least = true,
		   .page_tables_delta = -4096},
	.max_live = 1048576,
	.most_live = 117440512,
	.max_stacks = 16384,
	.warnings = rich_warnings,
	.n_warnings = 1,
};
#endif
