/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_unpack - packed files: what the programs that pack them wrote, and what nobody would. */
#include "kernel/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define SIZE 300007 /* of what is packed: some rounds of every loop */
#define PATTERN(i) ((uint8_t)((i)*7 + ((i) >> 8)))

static char dir[] = "/tmp/test_unpack.XXXXXX";
static uint8_t text[SIZE];

static const char *const programs[] = {"gzip", "xz", "zstd"};
#define N_PROGRAMS (sizeof(programs) / sizeof(*programs))

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	return fd;
}

static int unpack(const void *data, size_t size, size_t max, int *out)
{
	int fd = file_of(data, size), err = unpack__file(fd, max, out);

	close(fd);
	return err;
}

/* What a program makes of the text; malloc'ed. NULL: there is no such program. */
static uint8_t *pack(const char *program, size_t *size)
{
	char command[200], path[100];
	uint8_t *data = malloc(2 * SIZE);
	FILE *in;

	snprintf(command, sizeof(command), "cd %s && %s -c text >packed 2>/dev/null", dir, program);
	snprintf(path, sizeof(path), "%s/packed", dir);
	if (!data || system(command) || !(in = fopen(path, "re"))) {
		free(data);
		return NULL;
	}
	*size = fread(data, 1, 2 * SIZE, in);
	fclose(in);
	return data;
}

static void check_text(int fd)
{
	static uint8_t got[SIZE + 1];

	CHECK_EQ(pread(fd, got, sizeof(got), 0), SIZE);
	CHECK(!memcmp(got, text, SIZE));
}

static void unpacks(void)
{
	size_t i, n;
	uint8_t *data;
	int out;

	for (i = 0; i < N_PROGRAMS; i++) {
		data = pack(programs[i], &n);
		if (!data) {
			SKIP("no program to pack with");
			continue;
		}
		CHECK_EQ(unpack(data, n, 1 << 20, &out), 0);
		check_text(out);
		close(out);
		CHECK_EQ(unpack(data, n, SIZE, &out), 0);
		check_text(out);
		close(out);
		free(data);
	}
}

static void is_bounded(void)
{
	size_t i, n;
	uint8_t *data;
	int out;

	for (i = 0; i < N_PROGRAMS; i++) {
		data = pack(programs[i], &n);
		if (!data)
			continue;
		CHECK_EQ(unpack(data, n, SIZE - 1, &out), -EFBIG);
		CHECK_EQ(out, -1);
		CHECK_EQ(unpack(data, n, 1, &out), -EFBIG);
		CHECK_EQ(unpack(data, n, 0, &out), -EFBIG);
		free(data);
	}
}

static void refuses_damage(void)
{
	size_t i, n, cut;
	uint8_t *data;
	int out;

	for (i = 0; i < N_PROGRAMS; i++) {
		data = pack(programs[i], &n);
		if (!data)
			continue;
		/* behind the bytes by which it is known */
		for (cut = 6; cut < n; cut += 1 + n / 50) {
			CHECK(unpack(data, cut, 1 << 20, &out) < 0);
			CHECK_EQ(out, -1);
		}
		CHECK(unpack(data, n - 1, 1 << 20, &out) < 0);
		data[n / 2] ^= 0x55;
		CHECK(unpack(data, n, 1 << 20, &out) < 0);
		CHECK_EQ(out, -1);
		free(data);
	}
}

static void leaves_others(void)
{
	static const char *const others[] = {"", "\x1f",
					     "\x7f"
					     "ELF",
					     "\xfd"
					     "7zXY",
					     "(\xb5/"};
	size_t i;
	int out;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		out = 99;
		CHECK_EQ(unpack(others[i], strlen(others[i]), 1 << 20, &out), 0);
		CHECK_EQ(out, -1);
	}
}

/* RFC 8878, 3.1.1.1: a header that asks for a window of 2 GiB, and a last, raw block of a byte. */
static void refuses_memory(void)
{
	static uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 0x09, 0, 0, 'x'};
	int out;

	CHECK(unpack(frame, sizeof(frame), 1 << 20, &out) < 0);
	frame[5] = 10 << 3; /* 1 MiB: the file is a good one */
	if (unpack(frame, sizeof(frame), 1 << 20, &out) == -ENOTSUP) {
		SKIP("no libzstd");
		return;
	}
	CHECK_EQ(lseek(out, 0, SEEK_END), 1);
	close(out);
}

int main(void)
{
	char path[100], command[100];
	size_t i;
	FILE *f;

	for (i = 0; i < SIZE; i++)
		text[i] = PATTERN(i);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/text", dir);
	f = fopen(path, "we");
	if (!f || fwrite(text, 1, SIZE, f) != SIZE || fclose(f))
		return 1;
	RUN(unpacks);
	RUN(is_bounded);
	RUN(refuses_damage);
	RUN(leaves_others);
	RUN(refuses_memory);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : check_done();
}
