/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "render/render.h"
#include "report/reportfile.h"

void recording__complain(const char *what, const char *path, const char *why)
{
	fprintf(stderr, "memleak-bpf: cannot %s ", what);
	render__escape(stderr, path);
	fprintf(stderr, ": %s\n", why);
}

int recording__load(const char *path, struct report **out)
{
	const char *why;
	int fd, err;

	*out = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		recording__complain("read", path, strerror(errno));
		return err;
	}
	err = reportfile__read(fd, out, &why);
	if (err)
		recording__complain("read", path, why);
	close(fd);
	return err;
}
