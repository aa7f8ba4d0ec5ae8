/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/source.h"

#include <stdbool.h>
#include <string.h>

#include "probes.h"
#include "report/report.h"

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool is_allocator(const struct report_frame *f)
{
	static const char new[] = "operator new";
	const char *behind;

	if (!f->function)
		return false;
	behind = f->function + sizeof(new) - 1;
	return (begins(f->function, new) && (!*behind || *behind == '(' || *behind == '[')) ||
	       entry_point__is_name(f->function);
}

size_t source__allocator_frames(const struct report_site *site)
{
	size_t n = 0;

	while (n < site->n_frames && is_allocator(&site->frames[n]))
		n++;
	return n;
}

/* The part of path below root; NULL: it is not there. */
static const char *below(const char *path, const char *root)
{
	size_t n = root ? strlen(root) : 0;

	n -= n && root[n - 1] == '/'; /* the root of all */
	return root && !strncmp(path, root, n) && path[n] == '/' && path[n + 1] ? path + n + 1
										: NULL;
}

/* Compiled elsewhere, or a header of the system: nobody's line to mend. */
static bool is_system(const struct report_frame *f)
{
	static const char *const images[] = {
		"libc.so",    "libc-",	     "ld-",	    "libstdc++.so", "libc++.so",  "libm.so",
		"libpthread", "libgcc_s.so", "libjemalloc", "libtcmalloc",  "libmimalloc"};
	size_t i;

	/* glibc, linked statically, has paths relative to where it was built */
	if (begins(f->path, "../sysdeps/") || begins(f->path, "/usr/include/") ||
	    begins(f->path, "/usr/lib/") || begins(f->path, "/usr/src/") ||
	    begins(f->path, "/rustc/"))
		return true;
	for (i = 0; f->image && i < sizeof(images) / sizeof(*images); i++)
		if (begins(f->image, images[i]))
			return true;
	return false;
}

const struct report_frame *source__frame(const struct report_site *site, const char *root)
{
	const struct report_frame *own = NULL, *any = NULL;
	size_t i;

	for (i = source__allocator_frames(site); i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		if (!f->path || f->line <= 0)
			continue;
		if (below(f->path, root) && !is_system(f))
			return f;
		if (!own && !is_system(f))
			own = f;
		if (!any)
			any = f;
	}
	return own ? own : any;
}

const struct report_frame *source__own_frame(const struct report_site *site)
{
	const struct report_frame *f = source__frame(site, NULL);

	return f && !is_system(f) ? f : NULL;
}

const char *source__path(const struct report_frame *f, const char *root)
{
	const char *part = below(f->path, root);

	return part ? part : f->path;
}
