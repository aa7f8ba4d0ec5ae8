/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources: proc_pid_stat(5), proc_pid_status(5), fs/proc/array.c. */
#include "target/proc.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* include/linux/sched.h; part of the ABI of /proc/PID/stat since Linux 2.6.27 or so. */
#define PF_KTHREAD 0x00200000

/* Read a small /proc file as a string. Returns its length or negative errno. */
static ssize_t read_small(const char *path, char *buf, size_t size)
{
	size_t used = 0;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (used < size - 1) {
		ssize_t got = read(fd, buf + used, size - 1 - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		used += got;
	}
	close(fd);
	buf[used] = '\0';
	return err ? err : (ssize_t)used;
}

/* State letter and flags from a stat file. comm may hold anything, also ") R": take the last ')'.
 */
static int read_stat(const char *path, char *state, unsigned long *flags)
{
	char buf[1024];
	const char *rest;
	ssize_t len;

	len = read_small(path, buf, sizeof(buf));
	if (len < 0)
		return len;
	rest = strrchr(buf, ')');
	/* state ppid pgrp session tty_nr tpgid flags */
	if (!rest || sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %lu", state, flags) != 2)
		return len ? -EPROTO : -ESRCH;
	return 0;
}

static bool is_dead(char state)
{
	return state == 'Z' || state == 'X' || state == 'x';
}

pid_t proc__live_tid(pid_t pid)
{
	char path[96], state;
	struct dirent *entry;
	unsigned long flags;
	pid_t live = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	/* In order of creation, so that the main thread comes first. */
	while (!live && (entry = readdir(dir))) {
		char *end;
		long tid = strtol(entry->d_name, &end, 10);

		if (end == entry->d_name || *end)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%ld/stat", (int)pid, tid);
		if (!read_stat(path, &state, &flags) && !is_dead(state))
			live = tid;
	}
	closedir(dir);
	return live;
}

/* Length of the valid UTF-8 sequence of a printable character at s, or 0 (RFC 3629, section 4). */
static size_t printable_length(const unsigned char *s, size_t len)
{
	unsigned int min, code;
	size_t n;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2, min = 0x80, code = s[0] & 0x1f;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3, min = 0x800, code = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4, min = 0x10000, code = s[0] & 0x07;
	else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	/* C1 controls, and what reorders or breaks the lines of a terminal. */
	if (code < 0xa0 || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return 0;
	return n;
}

static void copy_printable(char *to, size_t room, const char *from, size_t len)
{
	size_t used = 0;

	while (len) {
		size_t n = printable_length((const unsigned char *)from, len);
		size_t put = n ? n : 1;

		if (used + put + 1 > room)
			break;
		if (n)
			memcpy(to + used, from, n);
		else
			to[used] = '?';
		used += put;
		from += put;
		len -= put;
	}
	to[used] = '\0';
}

static int read_tgid(pid_t pid, pid_t *tgid)
{
	char path[64], buf[4096];
	const char *line;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	len = read_small(path, buf, sizeof(buf));
	if (len < 0)
		return len;
	/* Name: comes first, but the kernel escapes newlines in it. */
	line = strstr(buf, "\nTgid:");
	if (!line)
		return -EPROTO;
	*tgid = strtol(line + strlen("\nTgid:"), NULL, 10);
	return 0;
}

static bool exe_is_32bit(pid_t tid)
{
	unsigned char ident[EI_NIDENT];
	bool is_32bit = false;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (pread(fd, ident, sizeof(ident), 0) == (ssize_t)sizeof(ident) &&
	    !memcmp(ident, ELFMAG, SELFMAG))
		is_32bit = ident[EI_CLASS] == ELFCLASS32;
	close(fd);
	return is_32bit;
}

int proc__info(pid_t pid, struct proc_info *info)
{
	char path[64], comm[128], state;
	unsigned long flags;
	ssize_t len;
	pid_t tgid;
	int err;

	memset(info, 0, sizeof(*info));
	if (pid <= 0)
		return -ESRCH;
	err = read_tgid(pid, &tgid);
	if (err)
		return err;
	if (tgid != pid) {
		info->live_tid = tgid;
		return -EINVAL;
	}

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	err = read_stat(path, &state, &flags);
	if (err)
		return err;
	info->kernel_thread = flags & PF_KTHREAD;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	len = read_small(path, comm, sizeof(comm));
	if (len < 0)
		return len;
	if (len && comm[len - 1] == '\n')
		len--;
	copy_printable(info->comm, sizeof(info->comm), comm, len);

	info->live_tid = pid;
	info->stopped = state == 'T' || state == 't';
	if (is_dead(state)) {
		info->live_tid = proc__live_tid(pid);
		if (info->live_tid < 0)
			return info->live_tid;
		info->leader_exited = info->live_tid > 0;
		info->zombie = !info->live_tid;
	}
	if (info->kernel_thread || info->zombie)
		return 0;

	/* The main thread's exe is gone when it has ended, those of the others are not. */
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)info->live_tid);
	len = readlink(path, info->exe, sizeof(info->exe) - 1);
	info->exe[len > 0 ? len : 0] = '\0';
	info->is_32bit = exe_is_32bit(info->live_tid);
	return 0;
}
