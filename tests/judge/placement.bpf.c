/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * placement - counts how often functions are entered, at their symbols and where the tool's probes
 * would be, and compares the registers of both.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "hits.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What a thread had at the symbol that it passed last. */
struct entry {
	__u64 function; /* + 1; 0: none */
	__u64 arg[5];
	__u64 sp, fp;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_FUNCTIONS);
	__type(key, __u32);
	__type(value, struct hits);
} all_hits SEC(".maps");

static __always_inline struct hits *hits_of(__u64 cookie)
{
	__u32 function = COOKIE_FUNCTION(cookie);

	return bpf_map_lookup_elem(&all_hits, &function);
}

static __always_inline struct entry *own_entry(void)
{
	return bpf_task_storage_get(&entries, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline int pass_symbol(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	struct hits *h = hits_of(cookie);
	struct entry *e = own_entry();

	if (!h || !e)
		return 0;
	__sync_fetch_and_add(&h->symbol, 1);
	e->function = COOKIE_FUNCTION(cookie) + 1;
	e->arg[0] = PT_REGS_PARM1(ctx);
	e->arg[1] = PT_REGS_PARM2(ctx);
	e->arg[2] = PT_REGS_PARM3(ctx);
	e->arg[3] = PT_REGS_PARM4(ctx);
	e->arg[4] = PT_REGS_PARM5(ctx);
	e->sp = PT_REGS_SP(ctx);
	e->fp = PT_REGS_FP(ctx);
	return 0;
}

static __always_inline int pass_place(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx), args = COOKIE_ARGS(cookie);
	struct hits *h = hits_of(cookie);
	struct entry *e = own_entry();

	if (!h || !e)
		return 0;
	__sync_fetch_and_add(&h->place, 1);
	if (e->function != COOKIE_FUNCTION(cookie) + 1)
		__sync_fetch_and_add(&h->apart, 1);
	else if (e->sp != PT_REGS_SP(ctx) || e->fp != PT_REGS_FP(ctx) ||
		 (args > 0 && e->arg[0] != PT_REGS_PARM1(ctx)) ||
		 (args > 1 && e->arg[1] != PT_REGS_PARM2(ctx)) ||
		 (args > 2 && e->arg[2] != PT_REGS_PARM3(ctx)) ||
		 (args > 3 && e->arg[3] != PT_REGS_PARM4(ctx)) ||
		 (args > 4 && e->arg[4] != PT_REGS_PARM5(ctx)))
		__sync_fetch_and_add(&h->differ, 1);
	e->function = 0;
	return 0;
}

/* A program is loaded for one kind of link: multi, and perf events. */
SEC("uprobe")
int at_symbol(struct pt_regs *ctx)
{
	return pass_symbol(ctx);
}

SEC("uprobe")
int at_place(struct pt_regs *ctx)
{
	return pass_place(ctx);
}

SEC("uprobe")
int symbol_event(struct pt_regs *ctx)
{
	return pass_symbol(ctx);
}

SEC("uprobe")
int place_event(struct pt_regs *ctx)
{
	return pass_place(ctx);
}
