/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters and the clock of a session. */
#include "session_priv.h"

#include <errno.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "live_hash.h"
#include "object.h"

/*
 * Tracepoint programs are passed over while another BPF program, or a system call on a map, is at
 * work on their CPU (bpf_prog_active). The kernel counts that.
 */
static uint64_t missed(const struct session *s)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program (prog, object__bpf(s->object)) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}

uint64_t session__missed(const struct session *s)
{
	return missed(s) - s->missed_before;
}

void session__forget_missed(struct session *s)
{
	s->missed_before = missed(s);
}

static __u64 *counter(const struct session *s, int cpu, enum stat_id id)
{
	return (__u64 *)s->stats.at + cpu * STAT_ROOM + id;
}

static void sum_up(const struct session *s, enum stat_id id, struct session_stats *stats)
{
	int cpu;

	stats->sum[id] = 0;
	for (cpu = 0; cpu < s->n_cpus; cpu++)
		stats->sum[id] += __atomic_load_n(counter(s, cpu, id), __ATOMIC_ACQUIRE);
}

/* All but STAT_RECORDED: what comes of an allocation is read before how many there are. */
static void sum_up_others(const struct session *s, struct session_stats *stats)
{
	enum stat_id id;

	stats->missed = session__missed(s);
	for (id = STAT_MAX; id-- > STAT_RECORDED + 1;)
		sum_up(s, id, stats);
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
