/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/reportfile_priv.h"

#include "report/report.h"

#define LAYOUT(name, array)                                                                        \
	const struct layout name = {.members = array, .n = sizeof(array) / sizeof(*(array))}

_Static_assert(sizeof(enum verdict_kind) == sizeof(int), "an enum is kept as an int");
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "a size is kept as 64 bits");

#define REPORT(field, kind, member)                                                                \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report, member)                              \
	}
static const struct member report_members[] = {
	REPORT(10, INT, pid),
	REPORT(11, STRING, comm),
	REPORT(12, TIME, time),
	REPORT(13, BOOL, final),
	REPORT(14, BOOL, target_ended),
	REPORT(15, U64, bytes),
	REPORT(16, U64, count),
	REPORT(17, U64, sampled),
	REPORT(18, U64, bytes_range.low),
	REPORT(19, U64, bytes_range.high),
	REPORT(20, U64, count_range.low),
	REPORT(21, U64, count_range.high),
	REPORT(22, U64, n_stacks),
	REPORT(23, U64, young_bytes),
	REPORT(24, U64, young_count),
	REPORT(25, U64, older_ns),
	REPORT(26, BOOL, has_delta),
	REPORT(27, U64, bytes_delta),
	REPORT(28, U64, count_delta),
	REPORT(29, U64, sampling.calls),
	REPORT(30, U64, sampling.bytes),
	REPORT(31, BOOL, combined_only),
	REPORT(32, U64, max_live),
	REPORT(33, U64, max_stacks),
	REPORT(34, U64, most_live),
	REPORT(35, STRING, site_name),
	REPORT(36, STRING, checks),
	REPORT(121, BOOL, followed),
	REPORT(122, U64, children),
	REPORT(62, U64, n_viewed),
	REPORT(63, U64, tick_ns),
	REPORT(64, U64, peak_age_ns),
	REPORT(102, INT, verdict.kind),
	REPORT(103, INT, verdict.reason),
	REPORT(104, INT, verdict.sure),
	REPORT(105, U64, verdict.bytes_per_hour),
	REPORT(106, U64, history.came),
	REPORT(107, U64, history.freed),
	REPORT(80, BOOL, partial),
};
LAYOUT(layout_report, report_members);

#define ORIGIN(field, member)                                                                      \
	{                                                                                          \
		field, MEMBER_STRING, offsetof(struct report_origin, member)                       \
	}
static const struct member origin_members[] = {
	ORIGIN(1, tool), ORIGIN(2, kernel), ORIGIN(3, machine), ORIGIN(4, host), ORIGIN(5, command),
};
LAYOUT(layout_origin, origin_members);

#define FRAME(field, kind, member)                                                                 \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_frame, member)                        \
	}
static const struct member frame_members[] = {
	FRAME(1, U64, addr),	       FRAME(2, STRING, function),  FRAME(3, U64, offset),
	FRAME(4, STRING, file),	       FRAME(5, STRING, path),	    FRAME(6, INT, line),
	FRAME(7, BOOL, inlined),       FRAME(8, BOOL, interrupted), FRAME(9, STRING, image),
	FRAME(10, STRING, image_path), FRAME(11, STRING, build_id), FRAME(12, U64, image_vaddr),
	FRAME(13, U64, image_offset),
};
LAYOUT(layout_frame, frame_members);

#define SITE(field, kind, member)                                                                  \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_site, member)                         \
	}
static const struct member site_members[] = {
	SITE(1, U64, bytes),
	SITE(2, U64, count),
	SITE(3, U64, sampled),
	SITE(4, U64, bytes_range.low),
	SITE(5, U64, bytes_range.high),
	SITE(6, U64, count_range.low),
	SITE(7, U64, count_range.high),
	SITE(8, U64, bytes_delta),
	SITE(9, U64, count_delta),
	SITE(10, BOOL, is_new),
	SITE(11, U64, youngest_ns),
	SITE(12, U64, oldest_ns),
	SITE(13, STRING, entry),
	SITE(14, STRING, note),
	SITE(15, BOOL, stack_lost),
	SITE(16, STRING, stack_cut),
	SITE(19, STRING, detail),
	SITE(20, STRING, after),
	SITE(60, STRING, source),
	SITE(61, U64, source_first),
	SITE(62, U64, source_frame),
	SITE(82, INT, verdict.kind),
	SITE(83, INT, verdict.reason),
	SITE(84, INT, verdict.sure),
	SITE(85, U64, verdict.bytes_per_hour),
	SITE(86, U64, history.came),
	SITE(87, U64, history.freed),
	SITE(101, U64, under.bytes),
	SITE(102, U64, under.count),
	SITE(120, U64, leaked.bytes),
	SITE(121, U64, leaked.count),
	SITE(122, U64, suppressed.bytes),
	SITE(123, U64, suppressed.count),
	SITE(124, U64, suppressor),
};
LAYOUT(layout_site, site_members);

#define HOLDER(field, kind, member)                                                                \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_holder, member)                       \
	}
static const struct member holder_members[] = {
	HOLDER(1, STRING, root), HOLDER(2, U64, offset),   HOLDER(3, STRING, file),
	HOLDER(4, INT, line),	 HOLDER(5, STRING, image), HOLDER(6, STRING, way),
	HOLDER(7, U64, bytes),	 HOLDER(8, U64, count),
};
LAYOUT(layout_holder, holder_members);

#define ACCOUNT(field, member)                                                                     \
	{                                                                                          \
		field, MEMBER_U64, offsetof(struct report_account, member)                         \
	}
static const struct member account_members[] = {
	ACCOUNT(1, seen),
	ACCOUNT(2, freed),
	ACCOUNT(3, outstanding),
	ACCOUNT(4, lost_full),
	ACCOUNT(5, lost_read),
	ACCOUNT(6, lost_realloc),
	ACCOUNT(7, gone_exec),
	ACCOUNT(8, implied),
	ACCOUNT(9, untracked_frees),
	ACCOUNT(10, failed),
	ACCOUNT(11, abandoned),
	ACCOUNT(12, no_slot),
	ACCOUNT(13, filtered),
	ACCOUNT(14, unsampled),
	ACCOUNT(15, stack_full),
	ACCOUNT(16, stack_fault),
	ACCOUNT(17, event_lost),
	ACCOUNT(18, event_missed),
	ACCOUNT(19, stacks_complete),
	ACCOUNT(20, stacks_cut),
	ACCOUNT(21, imbalance),
	ACCOUNT(23, found_free),
	ACCOUNT(25, event_unsure),
	{24, MEMBER_BOOL, offsetof(struct report_account, stacks_sampled)},
	ACCOUNT(30, inherited_frees),
};
LAYOUT(layout_account, account_members);

#define PROCESS(field, kind, member)                                                               \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_process, member)                      \
	}
static const struct member process_members[] = {
	PROCESS(1, U64, pid),	     PROCESS(2, U64, parent),  PROCESS(3, STRING, comm),
	PROCESS(4, STRING, command), PROCESS(5, BOOL, forked), PROCESS(6, BOOL, ended),
	PROCESS(7, U64, bytes),	     PROCESS(8, U64, count),   PROCESS(9, U64, seen),
	PROCESS(10, U64, freed),     PROCESS(11, U64, lost),   PROCESS(12, U64, gone_exec),
	PROCESS(13, STRING, gap),
};
LAYOUT(layout_process, process_members);

#define MEMORY(field, kind, member)                                                                \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_memory, member)                       \
	}
static const struct member memory_members[] = {
	MEMORY(1, BOOL, known),	       MEMORY(2, U64, uss),
	MEMORY(3, U64, uss_delta),     MEMORY(4, U64, explained),
	MEMORY(5, U64, headers),       MEMORY(6, U64, retained),
	MEMORY(7, U64, arenas),	       MEMORY(8, U64, stacks),
	MEMORY(9, U64, anonymous),     MEMORY(10, U64, other),
	MEMORY(11, U64, shrunk),       MEMORY(12, U64, page_tables_delta),
	MEMORY(13, BOOL, lists_known), MEMORY(14, BOOL, lists_at_least),
};
LAYOUT(layout_memory, memory_members);

#define REACH(field, member)                                                                       \
	{                                                                                          \
		field, MEMBER_U64, offsetof(struct report_reach, member)                           \
	}
static const struct member reach_members[] = {
	REACH(2, scans),   REACH(3, apart_ns),	 REACH(4, pause_ns), REACH(5, copied),
	REACH(6, mark_ns), REACH(7, heap_roots), REACH(9, swapped),
};
LAYOUT(layout_reach, reach_members);

/* Of an array of sums, one for each kind. */
#define KIND(kind)                                                                                 \
	{1 + 2 * (kind), MEMBER_U64, (kind) * sizeof(struct reach_sum)},                           \
	{                                                                                          \
		2 + 2 * (kind), MEMBER_U64,                                                        \
			(kind) * sizeof(struct reach_sum) + offsetof(struct reach_sum, count)      \
	}
static const struct member kinds_members[] = {
	KIND(REACH_UNJUDGED), KIND(REACH_REACHABLE), KIND(REACH_POSSIBLE),
	KIND(REACH_INDIRECT), KIND(REACH_DEFINITE),
};
LAYOUT(layout_kinds, kinds_members);

#define MAP(field, kind, member)                                                                   \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_map, member)                          \
	}
static const struct member map_members[] = {
	MAP(1, STRING, kind), MAP(2, U64, mappings), MAP(3, U64, size),
	MAP(4, U64, held),    MAP(5, U64, uss),
};
LAYOUT(layout_map, map_members);
#define PROFILE(field, member)                                                                     \
	{                                                                                          \
		field, MEMBER_U64, offsetof(struct report_profile, member)                         \
	}
static const struct member profile_members[] = {
	PROFILE(1, count),	 PROFILE(2, bytes),	      PROFILE(3, freed),
	PROFILE(4, freed_bytes), PROFILE(5, temporary),	      PROFILE(6, peak_count),
	PROFILE(7, peak_bytes),	 PROFILE(9, temporary_bytes),
};
LAYOUT(layout_profile, profile_members);

static const struct member cut_members[] = {
	{1, MEMBER_STRING, offsetof(struct report_cut, why)},
	{2, MEMBER_U64, offsetof(struct report_cut, count)},
};
LAYOUT(layout_cut, cut_members);

#define GATE(field, kind, member)                                                                  \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_gate, member)                         \
	}
static const struct member gate_members[] = {
	GATE(1, U64, state),	     GATE(2, STRING, verdict),	 GATE(3, STRING, meaning),
	GATE(4, BOOL, leaked_known), GATE(5, U64, leaked.bytes), GATE(6, U64, leaked.count),
	GATE(7, U64, leaking_sites), GATE(8, U64, skipped),
};
LAYOUT(layout_gate, gate_members);

static const struct member condition_members[] = {
	{1, MEMBER_STRING, offsetof(struct report_condition, expression)},
	{2, MEMBER_U64, offsetof(struct report_condition, state)},
	{3, MEMBER_STRING, offsetof(struct report_condition, why)},
};
LAYOUT(layout_condition, condition_members);

#define SUPPRESSION(field, kind, member)                                                           \
	{                                                                                          \
		field, MEMBER_##kind, offsetof(struct report_suppression, member)                  \
	}
static const struct member suppression_members[] = {
	SUPPRESSION(1, STRING, entry), SUPPRESSION(2, STRING, file), SUPPRESSION(3, INT, line),
	SUPPRESSION(4, U64, bytes),    SUPPRESSION(5, U64, count),   SUPPRESSION(6, U64, sites),
};
LAYOUT(layout_suppression, suppression_members);
