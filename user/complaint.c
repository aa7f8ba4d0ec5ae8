/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complaint.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

int complaint__say(FILE *err, const char *who, const char *fmt, ...)
{
	char line[512], *c;
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	for (c = line; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	fprintf(err, "%s: %s\n", who, line);
	return -EINVAL;
}
