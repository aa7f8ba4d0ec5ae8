/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reportfile_priv - where the fields of report.proto are in struct report: writer and reader go
 * by the same tables, so neither can forget one.
 */
#ifndef REPORT_REPORTFILE_PRIV_H
#define REPORT_REPORTFILE_PRIV_H

#include <stddef.h>
#include <stdint.h>

#define RECORDING_FORMAT "memleak-bpf recording"
#define RECORDING_VERSION 1

enum member_kind {
	MEMBER_U64,  /* uint64_t, int64_t, size_t */
	MEMBER_INT,  /* int, not negative */
	MEMBER_TIME, /* time_t */
	MEMBER_BOOL,
	MEMBER_STRING, /* char * */
};

struct member {
	uint32_t field;
	enum member_kind kind;
	size_t offset;
};

struct layout {
	const struct member *members;
	size_t n;
};

extern const struct layout layout_report, layout_origin, layout_frame, layout_site, layout_account,
	layout_memory, layout_cut, layout_map, layout_reach, layout_kinds, layout_profile,
	layout_gate, layout_condition, layout_suppression, layout_process, layout_holder;

/* Fields that are no plain members. */
enum {
	RECORDING_FORMAT_NAME = 1,
	RECORDING_VERSION_NUMBER = 2,
	RECORDING_TEXT = 3,
	RECORDING_FRAMES = 4,
	RECORDING_SITES = 5,
	RECORDING_ACCOUNT = 6,
	RECORDING_ORIGIN = 7,
	RECORDING_WARNINGS = 8,
	RECORDING_MEMORY = 9,
	RECORDING_PROFILE = 60,
	RECORDING_VIEW = 61,
	RECORDING_HISTORY_BYTES = 100,
	RECORDING_HISTORY_COUNT = 101,
	RECORDING_HISTORY_NS = 108,
	RECORDING_VERDICTS = 109,
	RECORDING_REACH = 110,
	RECORDING_GATE = 81,

	RECORDING_MAP = 90,
	RECORDING_PROCESSES = 120,

	SITE_FRAMES = 17,
	SITE_BLOCKS = 18,
	SITE_PROFILE = 40,
	SITE_HISTORY_BYTES = 80,
	SITE_HISTORY_COUNT = 81,
	SITE_KINDS = 100,
	SITE_HOLDERS = 900,

	BLOCKS_ADDR = 1,
	BLOCKS_SIZE = 2,
	BLOCKS_AGE = 3,
	BLOCKS_STANDS_FOR = 4,
	BLOCKS_KIND = 100,

	ACCOUNT_CUTS = 22,

	PROFILE_LIVED = 8,

	REACH_WHY_NOT = 1,
	REACH_SUMS = 8,

	GATE_CONDITIONS = 9,
	GATE_SUPPRESSIONS = 10,
};
#endif
