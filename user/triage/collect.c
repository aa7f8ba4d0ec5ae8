/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "proc/rollup.h"
#include "proc/slabinfo.h"
#include "triage/collect_priv.h"

struct collector *collector__new(const char *proc, bool copy)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->copy = copy;
	c->proc = opendir(proc);
	if (!c->proc) {
		free(c);
		return NULL;
	}
	return c;
}

void collector__free(struct collector *c)
{
	if (!c)
		return;
	closedir(c->proc);
	procfile__clear(&c->file);
	free(c);
}

static int read_file(struct collector *c, const char *path)
{
	return procfile__read(&c->file, dirfd(c->proc), path);
}

static int put_file(struct collector *c, const struct sink *sink, const char *name)
{
	int err = read_file(c, name);

	if (err == -ENOMEM)
		return err;
	return err ? 0 : sink__put(sink, name, c->file.text, c->file.len);
}

/* What is said once, as it does not change. */
static int begin(const struct sink *sink)
{
	struct utsname names;
	char text[160], *links;
	size_t len;
	int n, err;

	if (uname(&names))
		strcpy(names.release, "?");
	n = snprintf(text, sizeof(text), "%ld %u %d %s\n", sysconf(_SC_PAGESIZE), geteuid(),
		     (int)getpid(), names.release);
	err = sink__put(sink, "machine", text, (size_t)n);
	if (err || slabinfo__links("/sys/kernel/slab", &links, &len))
		return err;
	err = sink__put(sink, "slab/links", links, len);
	free(links);
	return err;
}

static int sample_system(struct collector *c, const struct sink *sink)
{
	static const char *const files[] = {"meminfo",	"vmstat",      "pressure/memory",
					    "zoneinfo", "buddyinfo",   "net/sockstat",
					    "slabinfo", "sysvipc/shm", "allocinfo"};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(files) / sizeof(*files); i++)
		err = put_file(c, sink, files[i]);
	return err;
}

int collect__each_process(struct collector *c,
			  int (*each)(struct collector *c, const char *pid, void *ctx), void *ctx)
{
	struct dirent *entry;
	int err = 0;

	rewinddir(c->proc);
	while (!err && (entry = readdir(c->proc)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			err = each(c, entry->d_name, ctx);
	return err;
}

static int put_memory(struct collector *c, const char *pid, const struct sink *sink)
{
	static const char *const files[] = {"smaps_rollup", "smaps"}; /* Linux 4.14; all */
	char path[64];
	size_t i;
	int err = -ENOENT;

	for (i = 0; err == -ENOENT && i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%.32s/%s", pid, files[i]);
		err = read_file(c, path);
	}
	if (err == -EACCES || err == -EPERM) {
		snprintf(path, sizeof(path), "%.32s/statm", pid);
		err = read_file(c, path);
	}
	if (err == -ENOMEM)
		return err;
	/* It ended since, or has no memory: -ESRCH, or nothing to read, as of a zombie. */
	return err || !c->file.len ? 0 : sink__put(sink, path, c->file.text, c->file.len);
}

static int sample_process(struct collector *c, const char *pid, void *ctx)
{
	const struct sink *sink = ctx;
	struct pidstat stat;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "%.32s/stat", pid);
	err = read_file(c, path);
	if (err == -ENOENT && c->copy)
		return put_memory(c, pid, sink);
	/* Gone already, or a name that is no process. */
	if (err || pidstat__parse(c->file.text, c->file.len, &stat))
		return err == -ENOMEM ? err : 0;
	err = sink__put(sink, path, c->file.text, c->file.len);
	return err || stat.kernel_thread ? err : put_memory(c, pid, sink);
}

int collector__sample(struct collector *c, bool last, const struct sink *sink)
{
	int err = 0;

	if (!c->began && !c->copy)
		err = begin(sink);
	if (!err)
		err = sample_system(c, sink);
	c->began = true;
	if (!err)
		err = collect__each_process(c, sample_process, (void *)sink);
	if (err || c->copy)
		return err;
	err = collect__mounts(c, sink);
	if (!err)
		err = collect__shm_files(c, sink);
	if (!err && last)
		err = collect__attached(c, sink);
	return err;
}
