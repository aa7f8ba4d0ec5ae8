/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter_system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "gfp.h"

struct filter_system {
	struct gfp gfp;
	char *root;
	char **caches; /* ends with NULL */
	size_t n_caches;
	char *cgroup_mount; /* NULL: there is none */
};

static FILE *open_below(const struct filter_system *s, const char *path)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", s->root, path) >= (int)sizeof(full))
		return NULL;
	return fopen(full, "re");
}

static int add_cache(struct filter_system *s, const char *name, size_t len)
{
	char **grown;

	/* room for one more, and NULL, whenever there is a power of two of them */
	if (!(s->n_caches & (s->n_caches - 1))) {
		grown = reallocarray(s->caches, 2 * s->n_caches + 2, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->caches = grown;
	}
	s->caches[s->n_caches] = strndup(name, len);
	if (!s->caches[s->n_caches])
		return -ENOMEM;
	s->caches[++s->n_caches] = NULL;
	return 0;
}

/* A heading of two lines, then one for each cache, with its name first. Only root may read it. */
static int read_caches(struct filter_system *s)
{
	FILE *in = open_below(s, "/proc/slabinfo");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!in)
		return 0;
	while (!err && getline(&line, &size, in) > 0)
		if (line[0] != '#' && strncmp(line, "slabinfo - version", 18) != 0 &&
		    strcspn(line, " \n"))
			err = add_cache(s, line, strcspn(line, " \n"));
	free(line);
	fclose(in);
	return err;
}

/* "35 24 0:30 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw": proc(5) */
static int find_cgroups(struct filter_system *s)
{
	FILE *in = open_below(s, "/proc/self/mountinfo");
	char *line = NULL, *mount;
	size_t size = 0;
	int err = 0;

	if (!in)
		return 0;
	while (!err && !s->cgroup_mount && getline(&line, &size, in) > 0) {
		if (!strstr(line, " - cgroup2 "))
			continue;
		mount = line;
		for (int i = 0; mount && i < 4; i++) {
			mount = strchr(mount, ' ');
			mount = mount ? mount + 1 : NULL;
		}
		if (!mount)
			continue;
		s->cgroup_mount = strndup(mount, strcspn(mount, " "));
		err = s->cgroup_mount ? 0 : -ENOMEM;
	}
	free(line);
	fclose(in);
	return err;
}

int filter_system__new(const struct btf *btf, const char *root, struct filter_system **out)
{
	struct filter_system *s = calloc(1, sizeof(*s));
	struct utsname u;
	int err = -ENOMEM;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->root = strdup(root);
	if (s->root)
		err = read_caches(s);
	if (!err)
		err = find_cgroups(s);
	if (err) {
		filter_system__free(s);
		return err;
	}
	gfp__init(&s->gfp, btf, uname(&u) ? 0 : gfp__release_version(u.release));
	*out = s;
	return 0;
}

void filter_system__free(struct filter_system *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_caches; i++)
		free(s->caches[i]);
	free(s->caches);
	free(s->cgroup_mount);
	free(s->root);
	free(s);
}

static const char *cache(void *system, size_t index)
{
	const struct filter_system *s = system;

	return index < s->n_caches ? s->caches[index] : NULL;
}

/* Where /sys/kernel/slab/NAME links to: ":0000192", one for all caches that share their slabs. */
static bool slabs_of(const struct filter_system *s, const char *name, char slabs[NAME_MAX + 1])
{
	char path[PATH_MAX];
	ssize_t len;

	if (strchr(name, '/') ||
	    snprintf(path, sizeof(path), "%s/sys/kernel/slab/%s", s->root, name) >= PATH_MAX)
		return false;
	len = readlink(path, slabs, NAME_MAX);
	if (len <= 0)
		return false;
	slabs[len] = '\0';
	return true;
}

static const char *merged_cache(void *system, const char *name)
{
	const struct filter_system *s = system;
	char slabs[NAME_MAX + 1], others[NAME_MAX + 1];

	if (!slabs_of(s, name, slabs))
		return NULL;
	for (size_t i = 0; i < s->n_caches; i++)
		if (slabs_of(s, s->caches[i], others) && strcmp(slabs, others) == 0)
			return s->caches[i];
	return NULL;
}

/* A cgroup's id is the file handle of its directory (kernfs_encode_fh, cgroup_id). */
#define FILEID_KERNFS 0xfe

int filter_system__open_cgroup(const struct filter_system *s, uint64_t id)
{
	char room[sizeof(struct file_handle) + sizeof(id)] __attribute__((aligned(8)));
	struct file_handle *handle = (void *)room;
	int mount, fd;

	if (!s->cgroup_mount)
		return -ENODEV;
	mount = open(s->cgroup_mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -errno;
	handle->handle_bytes = sizeof(id);
	handle->handle_type = FILEID_KERNFS;
	memcpy(handle->f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount, handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = errno == ESTALE ? -ENOENT : -errno;
	close(mount);
	return fd;
}

/* And its inode number, where that has 64 bits. */
static int cgroup(void *system, const char *path, uint64_t *id)
{
	const struct filter_system *s = system;
	struct stat top, st;
	char full[PATH_MAX];
	size_t len;
	int fd;

	if (!path) {
		fd = filter_system__open_cgroup(s, *id);
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : 0;
	}
	if (!s->cgroup_mount || stat(s->cgroup_mount, &top))
		return -ENODEV;
	len = strlen(s->cgroup_mount);
	if (strncmp(path, s->cgroup_mount, len) == 0 && (!path[len] || path[len] == '/'))
		path += len;
	if (snprintf(full, sizeof(full), "%s/%s", s->cgroup_mount, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	if (stat(full, &st))
		return -errno;
	/* ".." may have left it */
	if (!S_ISDIR(st.st_mode) || st.st_dev != top.st_dev)
		return -ENOTDIR;
	*id = st.st_ino;
	return 0;
}

void filter_system__names(struct filter_system *s, struct filter_names *names)
{
	*names = (struct filter_names){
		.system = s,
		.gfp = &s->gfp,
		.cache = s->n_caches ? cache : NULL,
		.merged_cache = merged_cache,
		.cgroup = cgroup,
	};
}
