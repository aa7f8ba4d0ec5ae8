/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The uprobe_multi part of union bpf_attr's link_create, as in 6.6's include/uapi/linux/bpf.h. */
struct multi_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t cnt;
	uint32_t multi_flags;
	uint32_t pid;
	uint32_t pad;
};

/* perf events take a cookie since 5.15: union bpf_attr's link_create.perf_event */
struct perf_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t cookie;
};

/* include/linux/errno.h in the kernel: what uprobes say of an instruction, unknown to strerror. */
#define ENOTSUPP 524

static int last_error(void)
{
	return errno == ENOTSUPP ? -ENOTSUP : -errno;
}

int links__multi(int prog_fd, int attach_type, const char *path, const struct link_site *sites,
		 size_t n, pid_t pid)
{
	struct multi_attr attr;
	uint64_t *offsets, *cookies;
	size_t i;
	int fd;

	offsets = calloc(n, sizeof(*offsets));
	cookies = calloc(n, sizeof(*cookies));
	if (!offsets || !cookies) {
		fd = -ENOMEM;
		goto cleanup;
	}
	for (i = 0; i < n; i++) {
		offsets[i] = sites[i].offset;
		cookies[i] = sites[i].cookie;
	}
	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = prog_fd;
	attr.attach_type = attach_type;
	attr.path = (uintptr_t)path;
	attr.offsets = (uintptr_t)offsets;
	attr.cookies = (uintptr_t)cookies;
	attr.cnt = n;
	attr.pid = pid;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		fd = last_error();
cleanup:
	free(offsets);
	free(cookies);
	return fd;
}

/* A number in a small file of sysfs or tracefs. */
static int read_number(int dir, const char *path)
{
	char buf[32] = "";
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	return atoi(buf);
}

/* perf_event_open, then tie the program to the event. The link keeps the event alive. */
static int perf_link(struct perf_event_attr *attr, pid_t tid, int cpu, int prog_fd, uint64_t cookie)
{
	struct perf_attr link;
	int event, fd;

	event = syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (event < 0)
		return last_error();
	memset(&link, 0, sizeof(link));
	link.prog_fd = prog_fd;
	link.target_fd = event;
	link.attach_type = BPF_PERF_EVENT;
	link.cookie = cookie;
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link));
	if (fd < 0 && errno == EINVAL && !cookie) {
		/* before 5.15: the event itself takes the program, and is the link */
		if (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog_fd) ||
		    ioctl(event, PERF_EVENT_IOC_ENABLE, 0)) {
			fd = -errno;
			close(event);
			return fd;
		}
		return event;
	}
	if (fd < 0) {
		fd = -errno;
	} else if (ioctl(event, PERF_EVENT_IOC_ENABLE, 0)) {
		close(fd);
		fd = last_error();
	}
	close(event);
	return fd;
}

int links__uprobe(int prog_fd, const char *path, const struct link_site *site, bool is_return,
		  pid_t tid)
{
	struct perf_event_attr attr;
	int type = read_number(AT_FDCWD, "/sys/bus/event_source/devices/uprobe/type");

	if (type < 0)
		return type;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = type;
	attr.config = is_return; /* format/retprobe is config:0 */
	attr.config1 = (uintptr_t)path;
	attr.config2 = site->offset;
	return perf_link(&attr, tid, -1, prog_fd, site->cookie);
}

/*
 * tracefs as a detached mount: visible to nobody, gone when closed. Used where
 * /sys/kernel/tracing is not mounted.
 */
static int open_tracefs(void)
{
	int fs, dir = -1;

	fs = syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	if (!syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		dir = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (dir < 0)
		dir = -errno;
	close(fs);
	return dir;
}

int links__tracepoint_id(const char *category, const char *name)
{
	char path[256];
	int dir, id;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/%s/id", category, name);
	id = read_number(AT_FDCWD, path);
	if (id > 0)
		return id;
	dir = open_tracefs();
	if (dir < 0)
		return dir;
	snprintf(path, sizeof(path), "events/%s/%s/id", category, name);
	id = read_number(dir, path);
	close(dir);
	return id;
}

int links__tracepoint(int prog_fd, const char *category, const char *name)
{
	struct perf_event_attr attr;
	int id = links__tracepoint_id(category, name);

	if (id < 0)
		return id;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = id;
	return perf_link(&attr, -1, 0, prog_fd, 0);
}
