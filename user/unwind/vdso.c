/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unwind/vdso.h"

#include <errno.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "target/maps.h"

/* The whole mapping: the section table comes last. */
static int copy(const struct mapping *map, int fd)
{
	const char *p = (const char *)(uintptr_t)map->start;
	size_t size = map->end - map->start, done = 0;

	while (done < size) {
		ssize_t n = write(fd, p + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

int vdso__open(struct elfimg **img)
{
	uint64_t addr = getauxval(AT_SYSINFO_EHDR);
	const struct mapping *map;
	struct maps maps = {0};
	int fd = -1, err;

	*img = NULL;
	if (!addr)
		return -ENOENT;
	err = maps__read(getpid(), &maps);
	if (err)
		goto cleanup;
	err = -ENOENT;
	map = maps__find(&maps, addr);
	if (!map || map->start != addr || !map->read)
		goto cleanup;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto cleanup;
	}
	err = copy(map, fd);
	if (err)
		goto cleanup;
	err = elfimg__open(fd, "[vdso]", img);

cleanup:
	if (fd >= 0)
		close(fd);
	maps__clear(&maps);
	return err;
}
