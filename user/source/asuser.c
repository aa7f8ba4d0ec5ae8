/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setfsuid(2): the rights to files are those of the fsuid, and a change from 0 to another takes
 * CAP_DAC_OVERRIDE and its like away until it is 0 again. It is the thread's alone, as the
 * supplementary groups are when the system call is made without libc's wrapper, which changes those
 * of all threads. openat2(2), Linux 5.6: RESOLVE_IN_ROOT keeps ".." and symbolic links inside.
 */
#include "source/asuser.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_GROUPS 65536 /* NGROUPS_MAX */

struct asuser {
	int root;
	uid_t uid; /* fsuid and fsgid */
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
};

/* "Groups:	4 24 27": the numbers behind the colon. */
static int parse_groups(struct asuser *a, const char *line)
{
	size_t max = strlen(line) / 2 + 1;
	char *end;

	if (max > MAX_GROUPS)
		max = MAX_GROUPS;
	a->groups = calloc(max, sizeof(*a->groups));
	if (!a->groups)
		return -ENOMEM;
	while (a->n_groups < max) {
		unsigned long id = strtoul(line, &end, 10);

		if (end == line)
			break;
		a->groups[a->n_groups++] = (gid_t)id;
		line = end;
	}
	return 0;
}

/* proc_pid_status(5): real, effective, saved and file system ids. */
static int read_status(pid_t pid, struct asuser *a)
{
	bool uid = false, gid = false;
	char path[64], *line = NULL;
	size_t size = 0;
	int err = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	while (!err && getline(&line, &size, in) > 0) {
		if (sscanf(line, "Uid: %*u %*u %*u %u", &a->uid) == 1)
			uid = true;
		else if (sscanf(line, "Gid: %*u %*u %*u %u", &a->gid) == 1)
			gid = true;
		else if (!strncmp(line, "Groups:", 7) && !a->groups)
			err = parse_groups(a, line + 7);
	}
	free(line);
	fclose(in);
	return err ? err : uid && gid && a->groups ? 0 : -EINVAL;
}

struct asuser *asuser__new(pid_t pid)
{
	struct asuser *a = calloc(1, sizeof(*a));
	char path[64];

	if (!a)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	a->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->root >= 0 && !read_status(pid, a))
		return a;
	asuser__free(a);
	return NULL;
}

void asuser__free(struct asuser *a)
{
	if (!a)
		return;
	if (a->root >= 0)
		close(a->root);
	free(a->groups);
	free(a);
}

static int set_groups(const gid_t *groups, size_t n)
{
	return syscall(SYS_setgroups, n, groups) ? -errno : 0;
}

/* setfsuid and setfsgid do not say whether they have done it; asked for an impossible id, they say
 * what it is. */
static bool become(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	return (uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid;
}

/* Look first, through a descriptor: opening a FIFO would block, opening a device may act. */
static int open_regular(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	int peek = (int)syscall(SYS_openat2, root, path, &how, sizeof(how)), fd;
	struct stat st;

	if (peek < 0)
		return -errno;
	if (fstat(peek, &st) || !S_ISREG(st.st_mode)) {
		close(peek);
		return -EINVAL;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", peek);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(peek);
	return fd;
}

int asuser__open(const struct asuser *a, const char *path)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int n = getgroups(0, NULL), fd;
	gid_t *own = calloc(n > 0 ? (size_t)n : 1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	n = n > 0 ? getgroups(n, own) : n;
	fd = n < 0 ? -errno : set_groups(a->groups, a->n_groups);
	if (fd)
		goto cleanup;
	fd = become(a->uid, a->gid) ? open_regular(a->root, path) : -EPERM;
	/* being root again cannot fail: the real and saved ids are still ours */
	become(uid, gid);
	if (set_groups(own, (size_t)n) && fd >= 0) {
		close(fd);
		fd = -EPERM;
	}
cleanup:
	free(own);
	return fd;
}
