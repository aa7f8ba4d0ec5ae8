/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters and the clock of a session. */
#include "session_priv.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "live_hash.h"
#include "object.h"

static __u64 *counter(const struct session *s, int cpu, enum stat_id id)
{
	return (__u64 *)s->stats.at + cpu * STAT_ROOM + id;
}

static uint64_t sum_of(const struct session *s, enum stat_id id)
{
	uint64_t sum = 0;
	int cpu;

	for (cpu = 0; cpu < s->n_cpus; cpu++)
		sum += __atomic_load_n(counter(s, cpu, id), __ATOMIC_ACQUIRE);
	return sum;
}

/*
 * Tracepoint programs are passed over while another BPF program, or a system call on a map, is at
 * work on their CPU (bpf_prog_active, trace_call_bpf in kernel/trace/bpf_trace.c): where programs
 * can be preempted, that may be one for another process. The kernel counts it by program, for the
 * whole machine. A call of the target that lost one of its two ends is noticed by the other one.
 */
static const char *const call_ends[SESSION_CALLS][2] = {
	{"mmap_enter", "mmap_exit"},
	{"munmap_enter", "munmap_exit"},
	{"mremap_enter", "mremap_exit"},
	{"brk_enter", "brk_exit"},
};

static uint64_t *passed_over_by(struct passed_over *p, const char *program)
{
	size_t i;

	for (i = 0; i < SESSION_CALLS; i++) {
		if (!strcmp(program, call_ends[i][0]))
			return &p->begin[i];
		if (!strcmp(program, call_ends[i][1]))
			return &p->end[i];
	}
	return &p->others;
}

static void add_passed_over(const struct bpf_object *object, struct passed_over *p)
{
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, object) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			*passed_over_by(p, bpf_program__name(prog)) += info.recursion_misses;
	}
}

static void add_runs(const struct bpf_object *object, uint64_t *runs, uint64_t *ns)
{
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, object) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_program__fd(prog) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			continue;
		*runs += info.run_cnt;
		*ns += info.run_time_ns;
	}
}

void session__runs(const struct session *s, uint64_t *runs, uint64_t *ns)
{
	const struct bpf_object *late = object__late(s->object);

	*runs = *ns = 0;
	add_runs(object__bpf(s->object), runs, ns);
	if (late)
		add_runs(late, runs, ns);
}

/* What was passed over since the object was loaded. */
static void read_passed_over(const struct session *s, struct passed_over *p)
{
	const struct bpf_object *late = object__late(s->object);

	memset(p, 0, sizeof(*p));
	add_passed_over(object__bpf(s->object), p);
	if (late)
		add_passed_over(late, p);
	p->calls = sum_of(s, STAT_CALL_MISSED);
}

/* Since session__forget_missed; returns the sum of all programs. */
static uint64_t passed_over_since(const struct session *s, struct passed_over *p)
{
	const struct passed_over *before = &s->missed_before;
	uint64_t sum;
	size_t i;

	read_passed_over(s, p);
	sum = p->others -= before->others;
	p->calls -= before->calls;
	for (i = 0; i < SESSION_CALLS; i++) {
		sum += p->begin[i] -= before->begin[i];
		sum += p->end[i] -= before->end[i];
	}
	return sum;
}

bool session__passed_over(const struct session *s)
{
	struct passed_over p;

	return passed_over_since(s, &p);
}

void session__forget_missed(struct session *s)
{
	read_passed_over(s, &s->missed_before);
}

static uint64_t at_most(uint64_t n, uint64_t limit)
{
	return n < limit ? n : limit;
}

static void fill_missed(const struct session *s, struct session_stats *stats)
{
	struct passed_over p;
	uint64_t sum = passed_over_since(s, &p), ends = 0;
	size_t i;

	/* a call that was under way when tracing began has no beginning either */
	stats->missed = at_most(p.calls, sum);
	/* both ends of a call, or its end and the thread has made no other call since */
	stats->unsure = p.others;
	for (i = 0; i < SESSION_CALLS; i++) {
		stats->unsure += at_most(p.begin[i], p.end[i]);
		ends += p.end[i];
	}
	stats->unsure += at_most(sum_of(s, STAT_CALL_OPEN), ends);
}

/* All but STAT_RECORDED: what comes of an allocation is read before how many there are. */
static void sum_up_others(const struct session *s, struct session_stats *stats)
{
	enum stat_id id;

	fill_missed(s, stats);
	for (id = STAT_MAX; id-- > STAT_RECORDED + 1;)
		stats->sum[id] = sum_of(s, id);
	stats->sum[STAT_RECORDED] = 0;
}

void session__stats(const struct session *s, struct session_stats *stats)
{
	int cpu;

	sum_up_others(s, stats);
	for (cpu = 0; cpu < s->n_cpus; cpu++)
		stats->sum[STAT_RECORDED] += SEEN_COUNT(
			__atomic_load_n(counter(s, cpu, STAT_RECORDED), __ATOMIC_ACQUIRE));
}

uint32_t session__next_epoch(struct session *s, struct session_stats *stats)
{
	sum_up_others(s, stats);
	if (s->live_table.hash)
		return live_hash__mark(s->live_table.hash, counter(s, 0, STAT_RECORDED), STAT_ROOM,
				       &stats->sum[STAT_RECORDED]);
	return live__next_epoch(counter(s, 0, STAT_RECORDED), s->n_cpus, STAT_ROOM,
				&stats->sum[STAT_RECORDED]);
}

int session__read_clock(struct session *s, struct session_clock *clock)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	const struct memleak_state *state = object__state(s->object);
	struct timespec tick;
	int err;

	err = bpf_prog_test_run_opts(session__program_fd(s, "read_clock"), &opts);
	if (err)
		return err;
	/* what its resolution says is the length of a tick: kernel/time/posix-timers.c */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return -errno;
	clock->tick_ns = tick.tv_nsec;
	clock->now_ns = state->now_ns;
	clock->now = state->jiffies;
	return 0;
}

/* Jiffies within which blocks are taken to be born since the clock was read, not years ago. */
#define BORN_SINCE (1ULL << 20)

uint64_t session__time_of(const struct session_clock *clock, uint64_t jiffies)
{
	uint64_t ticks = (clock->now - jiffies) & LIVE_BIRTH_MASK, age;

	/* the clock was read somewhere within a tick, and the block born somewhere within another
	 */
	if (!ticks || ticks > LIVE_BIRTH_MASK - BORN_SINCE)
		return clock->now_ns;
	if (__builtin_mul_overflow(ticks - 1, clock->tick_ns, &age) || age > clock->now_ns)
		return 0;
	return clock->now_ns - age;
}

uint64_t session__ticks_of(const struct session_clock *clock, uint64_t jiffies)
{
	uint64_t ticks = (clock->now - jiffies) & LIVE_BIRTH_MASK;

	if (ticks > LIVE_BIRTH_MASK - BORN_SINCE)
		return clock->now + (LIVE_BIRTH_MASK + 1 - ticks);
	return clock->now - ticks;
}
