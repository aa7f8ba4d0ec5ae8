/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debugfile - search for separate debug files.
 *
 * Where: GDB manual, "Debugging Information in Separate Files". .gnu_debugaltlink: dwz(1), file
 * name, NUL, build-id. .gnu_debugdata: GDB manual, "MiniDebugInfo".
 */
#include "elf/debugfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "elf/debuginfod.h"
#include "elf/elfimg.h"
#include "elf/xz.h"

static const char default_root[] = "/usr/lib/debug";
static const uint64_t max_link = 8192;
static const uint64_t max_crc_file = 1 << 30; /* about a second */
static const uint64_t max_mini_packed = 16 << 20;
static const size_t max_mini = 256 << 20;

bool debugfile__has_dwarf(const struct elfimg *img)
{
	return elfimg__find_sect(img, ".debug_info") || elfimg__find_sect(img, ".zdebug_info");
}

/*
 * Open a path that the target's owner may control: opening a FIFO would block, opening a device may
 * act. Look first, through a descriptor, so that what was looked at is what is opened.
 */
static int open_regular(const char *path)
{
	char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	struct stat st;
	int fd = -1;
	int peek = open(path, O_PATH | O_CLOEXEC);

	if (peek < 0)
		return -errno;
	if (fstat(peek, &st) || !S_ISREG(st.st_mode)) {
		fd = -EINVAL;
		goto cleanup;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", peek);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;

cleanup:
	close(peek);
	return fd;
}

/* Returns 0 with *crc, or negative errno. */
static int file_crc(int fd, uint32_t *crc)
{
	const size_t chunk = 256 << 10;
	uLong sum = crc32(0, NULL, 0);
	uint64_t pos = 0;
	uint8_t *buf = malloc(chunk);
	int err = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = pread(fd, buf, chunk, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		sum = crc32(sum, buf, (uInt)n);
		pos += (uint64_t)n;
		if (pos > max_crc_file) {
			err = -EFBIG;
			break;
		}
	}
	free(buf);
	*crc = (uint32_t)sum;
	return err;
}

static bool same_file(const struct elfimg *img, int fd)
{
	struct stat a, b;

	return !fstat(elfimg__fd(img), &a) && !fstat(fd, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool has_build_id(const struct elfimg *img, const uint8_t *id, size_t size)
{
	size_t n;
	const uint8_t *own = elfimg__build_id(img, &n);

	return own && n == size && !memcmp(own, id, n);
}

/* What is looked for. */
enum kind {
	KIND_DEBUG,
	KIND_DWZ,
};

/*
 * Take the file at path if it is the image's. id: the build-id it must have, NULL: the image has
 * none and the file must have the checksum crc. Returns 0, -ENOENT or -ENOMEM.
 */
static int try_path(const char *path, enum kind kind, const struct elfimg *self, const uint8_t *id,
		    size_t id_size, uint32_t crc, struct elfimg **out)
{
	struct elfimg *img = NULL;
	int ret = -ENOENT;
	uint32_t sum;
	int fd = open_regular(path);

	if (fd < 0)
		return ret;
	if (self && same_file(self, fd))
		goto cleanup;
	if (kind == KIND_DWZ ? elfimg__open_dwz(fd, path, &img) : elfimg__open(fd, path, &img))
		goto cleanup;
	if (!debugfile__has_dwarf(img) && !elfimg__has_symtab(img))
		goto cleanup;
	if (id ? !has_build_id(img, id, id_size) : (file_crc(fd, &sum) || sum != crc))
		goto cleanup;
	*out = img;
	img = NULL;
	ret = 0;

cleanup:
	elfimg__free(img);
	close(fd);
	return ret;
}

/* As try_path; the path is freed. NULL: -ENOMEM. */
static int try_made(char *path, enum kind kind, const struct elfimg *self, const uint8_t *id,
		    size_t id_size, uint32_t crc, struct elfimg **out)
{
	int ret = path ? try_path(path, kind, self, id, id_size, crc, out) : -ENOMEM;

	free(path);
	return ret;
}

__attribute__((format(printf, 1, 2))) static char *make_path(const char *fmt, ...)
{
	char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&path, fmt, ap) < 0)
		path = NULL;
	va_end(ap);
	return path;
}

/* The roots in order; NULL entries are skipped. */
static void get_roots(const struct debugfile_opts *opts, const char *roots[2])
{
	roots[0] = opts->debug_dir;
	roots[1] = default_root;
}

static int find_by_build_id(enum kind kind, const struct elfimg *self, const uint8_t *id,
			    size_t size, const struct debugfile_opts *opts, struct elfimg **out)
{
	const char *roots[2];
	char hex[2 * 64 + 1];
	int ret = -ENOENT;

	if (size < 2 || size > 64)
		return -ENOENT;
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	get_roots(opts, roots);
	for (size_t i = 0; i < 2 && ret == -ENOENT; i++)
		if (roots[i])
			ret = try_made(
				make_path("%s/.build-id/%.2s/%s.debug", roots[i], hex, hex + 2),
				kind, self, id, size, 0, out);
	return ret;
}

/*
 * Directory of an open file as this mount namespace sees it, freed by the caller: "" for the root
 * directory (so that "%s/%s" holds) and where it is not known. NULL: no memory.
 */
static char *real_dir(const struct elfimg *img)
{
	char self[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	char path[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", elfimg__fd(img));
	n = readlink(self, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	slash = path[0] == '/' ? strrchr(path, '/') : NULL;
	return strndup(path, slash ? (size_t)(slash - path) : 0);
}

bool debugfile__parse_link(const void *data, size_t size, const char **name, uint32_t *crc)
{
	size_t len = strnlen(data, size);
	size_t at = (len + 1 + 3) & ~(size_t)3;

	*name = data;
	if (len == 0 || len > NAME_MAX || at > size || size - at < sizeof(*crc))
		return false;
	if (strchr(*name, '/') || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return false;
	memcpy(crc, (const char *)data + at, sizeof(*crc));
	return true;
}

static int find_by_link(const struct elfimg *img, const struct debugfile_opts *opts,
			struct elfimg **out)
{
	const struct elf_sect *sect = elfimg__find_sect(img, ".gnu_debuglink");
	const char *name, *roots[2];
	void *data = NULL;
	char *dir = NULL;
	const uint8_t *id;
	size_t id_size;
	uint32_t crc;
	int ret;

	if (!sect)
		return -ENOENT;
	ret = elfimg__read_sect(img, sect, max_link, &data);
	if (ret)
		return ret == -ENOMEM ? ret : -ENOENT;
	ret = -ENOENT;
	if (!debugfile__parse_link(data, sect->size, &name, &crc))
		goto cleanup;
	ret = -ENOMEM;
	dir = real_dir(img);
	if (!dir)
		goto cleanup;
	id = elfimg__build_id(img, &id_size);
	get_roots(opts, roots);

	ret = try_made(make_path("%s/%s", dir, name), KIND_DEBUG, img, id, id_size, crc, out);
	if (ret == -ENOENT)
		ret = try_made(make_path("%s/.debug/%s", dir, name), KIND_DEBUG, img, id, id_size,
			       crc, out);
	for (size_t i = 0; i < 2 && ret == -ENOENT; i++) {
		if (!roots[i])
			continue;
		ret = try_made(make_path("%s%s/%s", roots[i], dir, name), KIND_DEBUG, img, id,
			       id_size, crc, out);
		/* Packages from before /lib became /usr/lib. */
		if (ret == -ENOENT && !strncmp(dir, "/usr/", 5))
			ret = try_made(make_path("%s%s/%s", roots[i], dir + 4, name), KIND_DEBUG,
				       img, id, id_size, crc, out);
	}

cleanup:
	free(dir);
	free(data);
	return ret;
}

static int find_by_debuginfod(const struct elfimg *img, struct elfimg **out)
{
	struct elfimg *debug = NULL;
	size_t size;
	const uint8_t *id = elfimg__build_id(img, &size);
	int fd, ret = -ENOENT;

	if (!id)
		return -ENOENT;
	fd = debuginfod__fetch(id, size);
	if (fd < 0)
		return fd == -ENOMEM ? fd : -ENOENT;
	if (!elfimg__open(fd, elfimg__name(img), &debug) && has_build_id(debug, id, size)) {
		*out = debug;
		debug = NULL;
		ret = 0;
	}
	elfimg__free(debug);
	close(fd);
	return ret;
}

int debugfile__find(const struct elfimg *img, const struct debugfile_opts *opts,
		    struct elfimg **out)
{
	size_t size;
	const uint8_t *id = elfimg__build_id(img, &size);
	int ret;

	*out = NULL;
	ret = find_by_build_id(KIND_DEBUG, img, id, size, opts, out);
	if (ret == -ENOENT)
		ret = find_by_link(img, opts, out);
	if (ret == -ENOENT && opts->debuginfod)
		ret = find_by_debuginfod(img, out);
	return ret;
}

int debugfile__find_alt(const struct elfimg *debug, const struct debugfile_opts *opts,
			struct elfimg **out)
{
	const struct elf_sect *sect = elfimg__find_sect(debug, ".gnu_debugaltlink");
	void *data = NULL;
	char *dir = NULL;
	const uint8_t *id;
	const char *name;
	size_t id_size;
	int ret;

	*out = NULL;
	if (!sect)
		return -ENOENT;
	ret = elfimg__read_sect(debug, sect, max_link, &data);
	if (ret)
		return ret == -ENOMEM ? ret : -ENOENT;
	ret = -ENOENT;
	name = data;
	if (!*name || strlen(name) >= sect->size)
		goto cleanup;
	id = (const uint8_t *)name + strlen(name) + 1;
	id_size = sect->size - strlen(name) - 1;
	if (!id_size)
		goto cleanup;
	ret = find_by_build_id(KIND_DWZ, debug, id, id_size, opts, out);
	if (ret != -ENOENT)
		goto cleanup;
	if (*name == '/') {
		ret = try_path(name, KIND_DWZ, debug, id, id_size, 0, out);
		goto cleanup;
	}
	ret = -ENOMEM;
	dir = real_dir(debug);
	if (!dir)
		goto cleanup;
	ret = try_made(make_path("%s/%s", dir, name), KIND_DWZ, debug, id, id_size, 0, out);

cleanup:
	free(dir);
	free(data);
	return ret;
}

static int write_all(int fd, const void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int debugfile__mini(const struct elfimg *img, struct elfimg **out)
{
	const struct elf_sect *sect = elfimg__find_sect(img, ".gnu_debugdata");
	void *packed = NULL, *data = NULL;
	size_t size;
	int fd = -1;
	int err;

	*out = NULL;
	if (!sect)
		return -ENOENT;
	err = elfimg__read_sect(img, sect, max_mini_packed, &packed);
	if (err)
		goto cleanup;
	err = xz__decode(packed, sect->size, max_mini, &data, &size);
	if (err)
		goto cleanup;
	/* A file in memory, so that one reader serves all images. */
	fd = memfd_create("gnu_debugdata", MFD_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto cleanup;
	}
	err = write_all(fd, data, size);
	if (!err)
		err = elfimg__open(fd, elfimg__name(img), out);

cleanup:
	if (fd >= 0)
		close(fd);
	free(data);
	free(packed);
	return err && err != -ENOMEM ? -ENOENT : err;
}
