/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "standard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void standard__occupy(void)
{
	int fd;

	/* open takes the lowest number that is free. The wrong direction: writing is to fail. */
	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int standard__flush(FILE *out)
{
	errno = 0;
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

void standard__complain(const char *who, int err)
{
	if (err != -EPIPE)
		fprintf(stderr, "%s: cannot write standard output: %s\n", who, strerror(-err));
}

int standard__status(const char *who, int status)
{
	int err = standard__flush(stdout);

	if (!err || status) /* then it has been said what went wrong */
		return status;
	standard__complain(who, err);
	return EXIT_FAILURE;
}
