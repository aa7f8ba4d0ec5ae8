/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/openimg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "target/maps.h"

/*
 * Is the file behind fd the one that was mapped? /proc/PID/maps shows the device of the superblock,
 * stat() that of the subvolume (btrfs) or of the upper layer (overlayfs): both are anonymous
 * devices, major number 0, and there the inode has to do.
 */
static bool is_same_file(const struct stat *st, const struct mapping *m)
{
	if (st->st_ino != m->inode)
		return false;
	if (major(st->st_dev) == m->dev_major && minor(st->st_dev) == m->dev_minor)
		return true;
	return major(st->st_dev) == 0 || m->dev_major == 0;
}

/* Is fd's path, as the kernel prints it for us, the mapping's? Settles what overlayfs hides. */
static bool is_same_path(int fd, const struct mapping *m)
{
	static const char deleted[] = " (deleted)";
	char link[64], path[4096];
	size_t n = strlen(m->path);
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return !strncmp(path, m->path, n) && !strcmp(path + n, m->deleted ? deleted : "");
}

/*
 * m: the file it must be, or NULL. by_mapping: path is a link to the mapped file itself, only the
 * mapping may have changed since the maps were read; else the path may lead anywhere.
 */
static int open_checked(const char *path, const struct mapping *m, bool by_mapping)
{
	char link[64];
	struct stat st;
	int look, fd;

	/*
	 * O_PATH first: opening a device can set it going, opening a FIFO can wait for ever, and
	 * the target decides what its paths lead to.
	 */
	look = open(path, O_PATH | O_CLOEXEC);
	if (look < 0)
		return -errno;
	if (fstat(look, &st)) {
		fd = -errno;
		goto cleanup;
	}
	if (!S_ISREG(st.st_mode)) {
		fd = -ENOEXEC;
		goto cleanup;
	}
	if (m && !is_same_file(&st, m) && !(by_mapping && is_same_path(look, m))) {
		fd = -ESTALE;
		goto cleanup;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", look);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fd = -errno;
cleanup:
	close(look);
	return fd;
}

int openimg__open_regular(const char *path)
{
	return open_checked(path, NULL, false);
}

int openimg__open(pid_t tid, const struct mapping *m)
{
	char *path = NULL;
	int fd, err;

	/* Reaches deleted files and any mount namespace. Needs CAP_SYS_ADMIN or, since Linux 5.9,
	 * CAP_CHECKPOINT_RESTORE. */
	if (asprintf(&path, "/proc/%d/map_files/%lx-%lx", (int)tid, (unsigned long)m->start,
		     (unsigned long)m->end) < 0)
		return -ENOMEM;
	fd = open_checked(path, m, true);
	free(path);
	if (fd >= 0 || fd == -EMFILE || fd == -ENFILE || fd == -ENOEXEC)
		return fd;
	err = fd;

	/* Reaches a deleted executable. Fails the check for all other files. */
	if (asprintf(&path, "/proc/%d/exe", (int)tid) < 0)
		return -ENOMEM;
	fd = open_checked(path, m, false);
	free(path);
	if (fd >= 0)
		return fd;

	if (asprintf(&path, "/proc/%d/root%s%s", (int)tid, m->path,
		     m->deleted ? " (deleted)" : "") < 0)
		return -ENOMEM;
	/* A file may really have that name; if not, there is still its mapping's to try. */
	fd = open_checked(path, m, false);
	if (fd < 0 && m->deleted) {
		path[strlen(path) - strlen(" (deleted)")] = '\0';
		fd = open_checked(path, m, false);
	}
	free(path);
	if (fd >= 0)
		return fd;

	/* The target's root is not ours: the kernel prints its paths for us, not for it. */
	fd = open_checked(m->path, m, false);
	if (fd >= 0)
		return fd;
	/* Why the best way was closed says more, unless the file itself was the matter. */
	return fd == -ENOENT || fd == -ESRCH ? err : fd;
}
