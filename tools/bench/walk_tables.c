/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk_tables RUNS FILE... - what unwind tables cost: for each file a line for walk.py, "tables
 * ROWS TEXT FILE-BYTES NANOSECONDS...", with a time for each run. TEXT: bytes of executable
 * segments.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "unwind/cfi.h"

#define MAX_RUNS 100

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t text_bytes(const struct elfimg *img)
{
	uint64_t sum = 0;
	GElf_Phdr phdr;
	size_t n, i;

	if (elf_getphdrnum(elfimg__elf(img), &n))
		return 0;
	for (i = 0; i < n; i++)
		if (gelf_getphdr(elfimg__elf(img), (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    phdr.p_flags & PF_X)
			sum += phdr.p_filesz;
	return sum;
}

/* Open and build, as at the start of a trace. */
static int build(int fd, const char *path, size_t *n_rows, uint64_t *text, uint64_t *ns)
{
	struct unwind_row *rows = NULL;
	struct elfimg *img = NULL;
	uint64_t began = now_ns();
	struct cfi_info info;
	int err;

	err = elfimg__open(fd, path, &img);
	if (!err)
		err = cfi__build(img, &rows, n_rows, &info);
	*ns = now_ns() - began;
	if (!err)
		*text = text_bytes(img);
	free(rows);
	elfimg__free(img);
	return err;
}

static int measure(const char *path, size_t runs)
{
	uint64_t ns[MAX_RUNS], text = 0;
	size_t n_rows = 0, i;
	struct stat st;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = fd < 0 || fstat(fd, &st) ? -errno : 0;
	if (!err) /* reads the file from disk */
		err = build(fd, path, &n_rows, &text, &ns[0]);
	for (i = 0; i < runs && !err; i++)
		err = build(fd, path, &n_rows, &text, &ns[i]);
	if (fd >= 0)
		close(fd);
	if (err) {
		fprintf(stderr, "walk_tables: %s: %s\n", path, strerror(-err));
		return err;
	}
	printf("tables %zu %llu %llu", n_rows, (unsigned long long)text,
	       (unsigned long long)st.st_size);
	for (i = 0; i < runs; i++)
		printf(" %llu", (unsigned long long)ns[i]);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	int i;

	if (!runs || runs > MAX_RUNS) {
		fprintf(stderr, "usage: walk_tables RUNS FILE...\n");
		return 2;
	}
	for (i = 2; i < argc; i++)
		if (measure(argv[i], runs))
			return 1;
	return 0;
}
