/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "origin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report/report.h"

#define MAX_COMMAND 4096 /* bytes kept of a command line */

char *origin__command(pid_t pid)
{
	char path[sizeof("/proc//cmdline") + 3 * sizeof(pid)];
	char text[MAX_COMMAND];
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text));
	close(fd);
	while (n > 0 && !text[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	return n > 0 ? strndup(text, n) : NULL;
}

char *origin__join(char *const argv[])
{
	char *line = NULL;
	size_t size;
	FILE *mem = open_memstream(&line, &size);

	if (!mem)
		return NULL;
	for (; *argv; argv++)
		fprintf(mem, "%s%s", *argv, argv[1] ? " " : "");
	if (!fclose(mem))
		return line;
	free(line);
	return NULL;
}

void origin__fill(struct report_origin *o, const char *command)
{
	struct utsname u;

	o->tool = strdup(MEMLEAK_VERSION);
	o->command = command ? strdup(command) : NULL;
	if (uname(&u))
		return;
	o->kernel = strdup(u.release);
	o->machine = strdup(u.machine);
	o->host = strdup(u.nodename);
}
