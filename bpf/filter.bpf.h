/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * filter - -f for BPF programs: filter_match(e) says whether an allocation passes.
 *
 * Whoever includes this defines struct filter_event before, and what takes a field from it:
 *   static __always_inline __u64 filter_event_number(__u64 field, const struct filter_event *e);
 *   static __always_inline __u64 filter_event_name(const struct filter_event *e);
 * the latter is the address of the cache's name in kernel memory, or 0. They are called where a
 * test asks for the field, so they should do no more than that: hold the program's ctx in the
 * event, and take arguments from it by FILTER_ARG. Then a filter that rejects costs next to
 * nothing.
 *
 * Process, thread, comm and cgroup are the current task's; in an interrupt, whoever's it came upon.
 */
#ifndef FILTER_BPF_H
#define FILTER_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "filter.h"

/* Set before loading. Zero: everything passes. */
const volatile struct filter_prog filter __weak = {};

/* The filter's cgroups, in its order: to be filled before the programs are attached. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, FILTER_MAX_CGROUPS);
	__type(key, __u32);
	__type(value, __u32);
} filter_cgroups __weak SEC(".maps");

/*
 * Argument i, a constant, of a tracing program, loaded here and not before: the compiler would load
 * all of them at the program's beginning, or compute addresses in ctx, which the verifier refuses.
 */
#define FILTER_ARG(ctx, i)                                                                         \
	({                                                                                         \
		__u64 arg_;                                                                        \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(arg_) : "r"(ctx), "i"(8 * (i)));      \
		arg_;                                                                              \
	})

/*
 * A text is copied to the stack, which uses up what a function may have of it (tests/stack-size):
 * hence functions of their own. Memory that the programs of a CPU share would not do: between, an
 * interrupt's allocation may run another one.
 */
#define FILTER_FUNCTION static __attribute__((noinline, unused))

FILTER_FUNCTION __u64 filter_comm_word(__u64 i);
FILTER_FUNCTION int filter_comm(__u64 index);
FILTER_FUNCTION int filter_name(__u64 index, __u64 name);

/* Reading the task itself costs a fifth of the helper that copies comm, but needs 5.11. */
#ifdef MEMLEAK_OLD
#define FILTER_COMM_WORD(i) filter_comm_word(i)
#else
#define FILTER_COMM_WORD(i)                                                                        \
	({                                                                                         \
		__u64 word_;                                                                       \
		if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) { \
			struct task_struct *task_ = (void *)bpf_get_current_task_btf();            \
			word_ = *(__u64 *)&task_->comm[8 * (i)];                                   \
		} else {                                                                           \
			word_ = filter_comm_word(i);                                               \
		}                                                                                  \
		word_;                                                                             \
	})
#endif

static __always_inline __u64 filter_number(__u64 field, const struct filter_event *e)
{
	switch (field) {
	case FILTER_PID:
		return bpf_get_current_pid_tgid() >> 32;
	case FILTER_TID:
		return (__u32)bpf_get_current_pid_tgid();
	case FILTER_COMM_0:
		return FILTER_COMM_WORD(0);
	case FILTER_COMM_8:
		return FILTER_COMM_WORD(1);
	default:
		return filter_event_number(field, e);
	}
}

#define FILTER_PROG filter
#define FILTER_FIELD(field, e) filter_number(field, e)
#define FILTER_COMM_MATCHES(i) filter_comm(i)
#define FILTER_NAME_MATCHES(i, e) filter_name(i, filter_event_name(e))
#define FILTER_TASK_IN_CGROUP(i) (bpf_current_task_under_cgroup(&filter_cgroups, i) == 1)
#include "filter_match.h"

static __u64 filter_comm_word(__u64 i)
{
	__u64 text[2] = {0, 0};

	bpf_get_current_comm(text, sizeof(text));
	return i ? text[1] : text[0];
}

static int filter_comm(__u64 index)
{
	char text[FILTER_COMM_ROOM];

	if (index >= FILTER_MAX_TEXTS || bpf_get_current_comm(text, sizeof(text)))
		return 0;
	return filter_text_match(&filter.text[index], text, sizeof(text));
}

/* No name is the empty one. A longer name is cut. */
static int filter_name(__u64 index, __u64 name)
{
	char text[FILTER_NAME_ROOM];

	text[0] = '\0';
	if (index >= FILTER_MAX_TEXTS)
		return 0;
	if (name && bpf_probe_read_kernel_str(text, sizeof(text), (const void *)name) < 0)
		return 0;
	return filter_text_match(&filter.text[index], text, sizeof(text));
}

/* Does the allocation pass the filter? */
static __always_inline bool filter_match(const struct filter_event *e)
{
	return filter_run(e);
}

#endif
