/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * children - processes to look at: started with pipes for stdin and stdout, known to be past their
 * start-up once they have echoed a byte, and gone at the end of file on stdin, also when a test
 * dies.
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	pid_t pid;
	int in, out;
};

static inline void child_stop(struct child *c)
{
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0)
		close(c->out);
	c->in = c->out = -1;
	if (c->pid > 0)
		waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

/* variable: "NAME=VALUE" for the environment, or NULL. Returns 0 once the child echoes. */
static inline int child_start(struct child *c, const char *path, const char *variable)
{
	int in[2], out[2];
	char byte = 'x';

	c->pid = 0;
	c->in = c->out = -1;
	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return -errno;
	}
	c->pid = fork();
	if (!c->pid) {
		char *copy = variable ? strdup(variable) : NULL;

		dup2(in[0], 0);
		dup2(out[1], 1);
		if (copy)
			putenv(copy);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	if (c->pid > 0 && write(c->in, &byte, 1) == 1 && read(c->out, &byte, 1) == 1)
		return 0;
	child_stop(c);
	return -ECHILD;
}

/* A directory for this test's files, removed by scratch_remove. */
static inline int scratch_make(char *dir, size_t size)
{
	snprintf(dir, size, "%s/memleak-bpf-test.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	return mkdtemp(dir) ? 0 : -errno;
}

static inline void scratch_remove(const char *dir)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		printf("  can't remove %s\n", dir);
}

static inline int write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
	ssize_t put;

	if (fd < 0)
		return -errno;
	put = write(fd, data, size);
	close(fd);
	return put == (ssize_t)size ? 0 : -EIO;
}

static inline int copy_file(const char *from, const char *to)
{
	char command[8192];

	snprintf(command, sizeof(command), "cp -L '%s' '%s'", from, to);
	return system(command) ? -EIO : 0;
}

/*
 * Compile source with "compiler flags" into dir/name. Returns 0, or -1 when that compiler or a
 * library is not there (reason to skip).
 */
static inline int compile(const char *dir, const char *name, const char *compiler,
			  const char *extension, const char *source, const char *flags)
{
	char path[512], command[2048];

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, extension);
	if (write_file(path, source, strlen(source), 0644))
		return -1;
	snprintf(command, sizeof(command), "cd '%s' && %s -w -o %s %s.%s %s >/dev/null 2>&1", dir,
		 compiler, name, name, extension, flags);
	return system(command) ? -1 : 0;
}

/* The output of a command, kept for the next call with the same one: tests ask often. */
struct output {
	char command[8192], text[1 << 22];
};

static inline const char *output_of(const char *command, struct output *kept)
{
	if (strcmp(command, kept->command) != 0) {
		FILE *pipe = popen(command, "r");
		size_t size = pipe ? fread(kept->text, 1, sizeof(kept->text) - 1, pipe) : 0;

		kept->text[size] = '\0';
		if (pipe)
			pclose(pipe);
		snprintf(kept->command, sizeof(kept->command), "%s", command);
	}
	return kept->text;
}

/* What nm says of a function: its address, or 0. dynamic: look into .dynsym. */
static inline uint64_t nm_address(const char *path, const char *symbol, int dynamic)
{
	static struct output kept;
	uint64_t found = 0;
	char command[8192];
	const char *line;

	snprintf(command, sizeof(command), "nm %s --defined-only '%s' 2>/dev/null",
		 dynamic ? "-D" : "", path);
	for (line = output_of(command, &kept); line && *line; line = strchr(line, '\n')) {
		unsigned long long address;
		char type, name[2048];

		line += *line == '\n';
		if (sscanf(line, "%llx %c %2047[^@\n]", &address, &type, name) == 3 &&
		    !strcmp(name, symbol) && strchr("TtWw", type))
			found = address;
	}
	return found;
}

/* The file offset of an address by readelf's list of program headers, or 0. */
static inline uint64_t readelf_offset(const char *path, uint64_t address)
{
	static struct output kept;
	uint64_t found = 0;
	char command[8192];
	const char *line;

	snprintf(command, sizeof(command), "readelf -lW '%s' 2>/dev/null", path);
	for (line = output_of(command, &kept); line && *line; line = strchr(line, '\n')) {
		unsigned long long offset, vaddr, size;

		line += *line == '\n';
		if (sscanf(line, " LOAD %llx %llx %*x %llx", &offset, &vaddr, &size) == 3 &&
		    address >= vaddr && address - vaddr < size)
			found = address - vaddr + offset;
	}
	return found;
}

/* Where nm and readelf say that a function's code is in the file, or 0. */
static inline uint64_t true_offset(const char *path, const char *symbol, int dynamic)
{
	uint64_t address = nm_address(path, symbol, dynamic);

	return address ? readelf_offset(path, address) : 0;
}
#endif
