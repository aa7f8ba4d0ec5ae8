/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_features.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/types.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../bpf/memleak.h"
#include "links.h"

/*
 * A program for the attach type loads on older kernels as well, so ask for the link: on a path that
 * is no regular file a kernel that knows it answers EBADF (bpf_uprobe_multi_link_attach).
 */
static bool has_link(int attach_type)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	struct link_site site = {.offset = 1};
	int prog, fd;

	prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "link", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), &opts);
	if (prog < 0)
		return false;
	fd = links__multi(prog, attach_type, "/", &site, 1, 0);
	close(prog);
	if (fd >= 0)
		close(fd);
	return fd == -EBADF;
}

/*
 * Before 6.11 a multi link that is limited to a process compares threads, not thread groups: of the
 * others it would see nothing (uprobe_multi_link_filter). No interface tells.
 */
static bool filters_groups(const char *release)
{
	unsigned int major = 0, minor = 0;

	return sscanf(release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 11));
}

/* As the clock is read: session__read_clock. */
static bool has_test_run(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int prog, err;

	prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "run", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
	if (prog < 0)
		return false;
	err = bpf_prog_test_run_opts(prog, &opts);
	close(prog);
	return !err;
}

void features__probe(struct features *f)
{
	struct utsname u;

	memset(f, 0, sizeof(*f));
	if (!uname(&u))
		snprintf(f->release, sizeof(f->release), "%s", u.release);
	f->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	f->ringbuf = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
	f->test_run = has_test_run();
	f->task_storage = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1;
	f->attach_cookie = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie,
						   NULL) == 1;
	f->allowed = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_ARRAY, NULL) == 1;
	f->uprobe_session = has_link(LINK_UPROBE_SESSION);
	f->uprobe_multi = f->uprobe_session ||
			  (filters_groups(f->release) && has_link(LINK_UPROBE_MULTI));
	f->syscall_events = links__tracepoint_id("syscalls", "sys_enter_mmap") > 0;
}

bool features__is_old(const struct features *f)
{
	return !f->task_storage || !f->attach_cookie;
}

static void print(FILE *out, const char *what, bool yes)
{
	fprintf(out, "  %-15s %s\n", what, yes ? "yes" : "no");
}

void features__print(const struct features *f, FILE *out)
{
	fprintf(out, "kernel %s\n", f->release);
	print(out, "BTF", f->btf);
	print(out, "ring buffer", f->ringbuf);
	print(out, "task storage", f->task_storage);
	print(out, "attach cookies", f->attach_cookie);
	print(out, "uprobe multi", f->uprobe_multi);
	print(out, "uprobe session", f->uprobe_session);
	print(out, "syscall events", f->syscall_events);
	if (features__is_old(f))
		fprintf(out, "  %-15s those for kernels before 5.15: up to %d threads at a time\n",
			"programs", OLD_MAX_THREADS);
}

/* Effective capabilities, capget(2). */
static bool has_cap(int cap)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data))
		return true; /* cannot tell: let the kernel say no */
	return data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

const char *features__missing(const struct features *f)
{
	if (!has_cap(CAP_SYS_ADMIN)) {
		if (!has_cap(CAP_BPF) || !has_cap(CAP_PERFMON))
			return "not allowed to trace: run it with sudo "
			       "(it needs CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE)";
		if (!has_cap(CAP_SYS_PTRACE))
			return "not allowed to look into the target: CAP_SYS_PTRACE is missing; "
			       "run it with sudo";
	}
	if (!f->btf)
		return "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs "
		       "CONFIG_DEBUG_INFO_BTF=y";
	if (!f->allowed)
		return "not allowed to use BPF here: to be root of a container or user namespace "
		       "is not enough; run it as root of the machine";
	if (!f->ringbuf || !f->test_run)
		return "this kernel is too old: 5.10 or newer is needed";
	return NULL;
}
