/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate_report - a program that has ended and left 8,500 bytes in 30 blocks of 4 stacks:
 *
 *	6,000 in 3	parse_config, from malloc
 *	2,000 in 20	Cache::add, from operator new, from malloc
 *	500 in 5	plugin_init of libplugin.so, from strdup, from malloc
 *	0 in 2		empty, from malloc
 *
 * Where it is judged, 4,500 bytes in 9 blocks of 3 stacks have leaked: of the first 4,000 in 2, and
 * the last two as a whole.
 */
#ifndef GATE_REPORT_H
#define GATE_REPORT_H

#include "report/report.h"

#define GATE_MAIN                                                                                  \
	{                                                                                          \
		.addr = 0x401100, .function = (char *)"main", .offset = 8,                         \
		.file = (char *)"main.c", .path = (char *)"/src/service/main.c", .line = 90,       \
		.image_vaddr = 0x1100, .image_offset = 0x1100, GATE_APP                            \
	}
#define GATE_APP                                                                                   \
	.image = (char *)"service", .image_path = (char *)"/opt/service/bin/service",              \
	.build_id = (char *)"0123456789abcdef"

static struct report_frame gate_config[] = {
	{.addr = 0x401010,
	 .function = (char *)"parse_config",
	 .offset = 16,
	 .file = (char *)"config.c",
	 .path = (char *)"/src/service/config.c",
	 .line = 31,
	 .image_vaddr = 0x1010,
	 .image_offset = 0x1010,
	 GATE_APP},
	GATE_MAIN,
};
static struct report_frame gate_cache[] = {
	{.addr = 0x7f0000000010,
	 .function = (char *)"operator new(unsigned long)",
	 .offset = 4,
	 .file = (char *)"new_op.cc",
	 .path = (char *)"../../../../src/libstdc++-v3/libsupc++/new_op.cc",
	 .line = 50,
	 .image = (char *)"libstdc++.so.6",
	 .image_path = (char *)"/usr/lib/libstdc++.so.6"},
	{.addr = 0x401050,
	 .function = (char *)"std::allocator<int>::allocate(unsigned long)",
	 .file = (char *)"new_allocator.h",
	 .path = (char *)"/usr/include/c++/12/bits/new_allocator.h",
	 .line = 137,
	 .inlined = true,
	 GATE_APP},
	{.addr = 0x401050,
	 .function = (char *)"Cache::add(int)",
	 .offset = 5,
	 .file = (char *)"cache.cc",
	 .path = (char *)"/src/service/cache.cc",
	 .line = 12,
	 GATE_APP},
	GATE_MAIN,
};
static struct report_frame gate_plugin[] = {
	{.addr = 0x7f0000001010,
	 .function = (char *)"strdup",
	 .offset = 20,
	 .image = (char *)"libc.so.6",
	 .image_path = (char *)"/usr/lib/libc.so.6"},
	{.addr = 0x7f0000002010,
	 .function = (char *)"plugin_init",
	 .offset = 20,
	 .image = (char *)"libplugin.so",
	 .image_path = (char *)"/opt/service/lib/libplugin.so"},
	GATE_MAIN,
};
static struct report_frame gate_empty[] = {
	{.addr = 0x401090,
	 .function = (char *)"empty",
	 .offset = 2,
	 .file = (char *)"empty.c",
	 .path = (char *)"/src/service/empty.c",
	 .line = 3,
	 GATE_APP},
	GATE_MAIN,
};

#define GATE_SITES 4
#define GATE_SITE(b, c, f)                                                                         \
	{                                                                                          \
		.bytes = b, .count = c, .sampled = c, .bytes_range = {b, b},                       \
		.count_range = {c, c}, .youngest_ns = 1000000, .oldest_ns = 2000000000,            \
		.entry = "malloc", .frames = f, .n_frames = sizeof(f) / sizeof(*(f))               \
	}
static const struct report_site gate_sites[GATE_SITES] = {
	GATE_SITE(6000, 3, gate_config),
	GATE_SITE(2000, 20, gate_cache),
	GATE_SITE(500, 5, gate_plugin),
	GATE_SITE(0, 2, gate_empty),
};

/* In sites, which the report then has. A gate's judgement has to be cleared by the caller. */
static struct report gate_report(struct report_site sites[GATE_SITES])
{
	for (int i = 0; i < GATE_SITES; i++)
		sites[i] = gate_sites[i];
	return (struct report){
		.pid = 4312,
		.comm = (char *)"service",
		.time = 1609327, /* 1970-01-19 15:02:07 UTC */
		.final = true,
		.target_ended = true,
		.bytes = 8500,
		.count = 30,
		.sampled = 30,
		.bytes_range = {8500, 8500},
		.count_range = {30, 30},
		.n_stacks = GATE_SITES,
		.older_ns = 500000000,
		.sites = sites,
		.n_sites = GATE_SITES,
		.account = {.seen = 130, .freed = 100, .outstanding = 30, .stacks_complete = 130},
		.max_live = 1048576,
		.most_live = 117440512,
		.max_stacks = 16384,
	};
}

static inline void gate_report__judge(struct report *r)
{
	r->reach = (struct report_reach){.wanted = true, .scans = 1};
	r->reach.sum[REACH_DEFINITE] = (struct reach_sum){4000, 4};
	r->reach.sum[REACH_INDIRECT] = (struct reach_sum){500, 5};
	r->reach.sum[REACH_REACHABLE] = (struct reach_sum){4000, 21};
	r->sites[0].reach[REACH_DEFINITE] = (struct reach_sum){4000, 2};
	r->sites[0].reach[REACH_REACHABLE] = (struct reach_sum){2000, 1};
	r->sites[1].reach[REACH_REACHABLE] = (struct reach_sum){2000, 20};
	r->sites[2].reach[REACH_INDIRECT] = (struct reach_sum){500, 5};
	r->sites[3].reach[REACH_DEFINITE] = (struct reach_sum){0, 2};
}
#endif
