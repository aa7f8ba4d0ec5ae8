/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * links - ways to attach a program to a place in a file, limited to one process.
 *
 * All of them are file descriptors: the kernel removes the probes when the last one is closed, so
 * also when we are killed. The process is given by one of its threads, the anchor. For a perf event
 * the kernel compares the anchor's address space with that of whoever hits the probe
 * (uprobe_perf_filter), so its probes fall silent when the anchor ends. A multi link compares
 * thread groups (since 6.11), and needs the anchor's address space only where a file is mapped
 * later (uprobe_multi_link_filter). An exec keeps both.
 */
#ifndef LINKS_H
#define LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* enum bpf_attach_type of newer kernels than libbpf 1.1 knows */
#define LINK_UPROBE_MULTI 48   /* BPF_TRACE_UPROBE_MULTI, since 6.6 */
#define LINK_UPROBE_SESSION 57 /* BPF_TRACE_UPROBE_SESSION, since 6.13 */

struct link_site {
	uint64_t offset; /* bytes into the file */
	uint64_t cookie;
};

/*
 * One link for many places of a file. path: resolved by the kernel now. pid: thread group leader,
 * 0: every process. Returns a file descriptor or negative errno.
 */
int links__multi(int prog_fd, int attach_type, const char *path, const struct link_site *sites,
		 size_t n, pid_t pid);
/* One place, entry or return, through a perf event. tid: any thread. */
int links__uprobe(int prog_fd, const char *path, const struct link_site *site, bool is_return,
		  pid_t tid);
/* A tracepoint's perf event with the program attached. Returns a file descriptor or negative errno.
 */
int links__tracepoint(int prog_fd, const char *category, const char *name);
/* A tracepoint's id, or negative errno; works without tracefs being mounted. */
int links__tracepoint_id(const char *category, const char *name);
#endif
