/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources: tools/perf/Documentation/jit-interface.txt, proc_pid_status(5), openat2(2). */
#include "sym/perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(SYS_openat2) && __has_include(<linux/openat2.h>)
#define HAVE_OPENAT2
#include <linux/openat2.h>
#endif

#include "sym/jitmap.h"
#include "target/proc.h"

enum {
	MAX_BYTES = 256 << 20,	     /* of the file */
	MAX_GIVEN_BYTES = 64 << 20,  /* of names handed out */
	CHUNK = 128 << 10,	     /* read at a time */
	TAIL = 256,		     /* kept of what was read last */
	INTERVAL_NS = 250 * 1000000, /* between looks at the file because an address is missing */
	COST_FACTOR = 20,	     /* and this many times as long as the last look took */
};

struct perfmap {
	pid_t pid;
	int proc; /* O_PATH /proc/PID: this process for ever, whoever gets its pid later; or -1 */
	int tmp;  /* O_PATH its /tmp, as last seen, while there is no file there; or -1 */
	int file; /* what is being read, or -1 */
	pid_t inner_pid; /* by which the process knows itself; 0: not known yet */
	uid_t uid;	 /* its effective one, when last seen */
	dev_t dev;	 /* of file */
	ino_t inode;
	uint64_t n_read; /* bytes of file */
	char tail[TAIL]; /* the last of these */
	size_t tail_len;
	struct jitmap *map;  /* NULL: no file yet, or no memory */
	uint64_t next_look;  /* CLOCK_MONOTONIC */
	bool full;	     /* map has taken as much as it may */
	bool ended;	     /* and all was read that ever will be */
	const char *problem; /* of the last look at the file */
	/* Names handed out outlive the map, which starts anew when the program starts anew. */
	void *given; /* tsearch tree */
	size_t given_bytes;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The process's root directory. -ESRCH: it has ended. */
static int open_root(const struct perfmap *p)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	char path[64];
	pid_t tid;
	int fd;

	if (p->proc < 0)
		return -ESRCH;
	fd = openat(p->proc, "root", flags);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT && errno != ESRCH)
		return -errno;
	/* The main thread has ended; do others live? If the pid is somebody else's by now, their
	 * threads are not below our directory. */
	tid = proc__live_tid(p->pid);
	if (tid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "task/%d/root", (int)tid);
	fd = openat(p->proc, path, flags);
	if (fd >= 0)
		return fd;
	return errno == ENOENT ? -ESRCH : -errno;
}

/* Who the process is. Returns 0 or negative errno; then what was known stays. */
static int read_identity(struct perfmap *p)
{
	bool has_uid = false;
	pid_t inner_pid = 0;
	unsigned int uid = 0;
	char line[256];
	FILE *f;
	int fd;

	fd = openat(p->proc, "status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	/* Groups: may be longer than line, but has nothing but numbers in it; newlines in Name:
	 * are escaped. */
	while (fgets(line, sizeof(line), f)) {
		char *last;

		if (sscanf(line, "Uid: %*u %u", &uid) == 1)
			has_uid = true;
		if (strncmp(line, "NSpid:", 6) != 0)
			continue;
		/* One for each nested pid namespace, the innermost last. */
		last = strrchr(line, '\t');
		inner_pid = last ? (pid_t)strtol(last, NULL, 10) : 0;
	}
	fclose(f);
	if (!has_uid)
		return -ESRCH;
	p->uid = uid;
	p->inner_pid = inner_pid > 0 ? inner_pid : p->pid; /* before Linux 4.1 */
	return 0;
}

/*
 * The target decides what /tmp is in its root. Were it a link to /var/tmp, that must be looked for
 * below its root, not ours.
 */
static int open_tmp(int root)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	int fd;

#ifdef HAVE_OPENAT2
	struct open_how how = {
		.flags = flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	/* EAGAIN: something was renamed meanwhile. */
	for (int i = 0; i < 8; i++) {
		fd = (int)syscall(SYS_openat2, root, "tmp", &how, sizeof(how));
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN)
			break;
	}
	/* EPERM: filters of containers that are older than the system call (Linux 5.6). */
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
#endif
	fd = openat(root, "tmp", flags | O_NOFOLLOW);
	return fd >= 0 ? fd : -errno;
}

static void forget_map(struct perfmap *p)
{
	jitmap__free(p->map);
	p->map = NULL;
	p->n_read = 0;
	p->tail_len = 0;
	p->full = false;
}

/* Take up the map in the directory unless it is the one that we have. */
static void open_map(struct perfmap *p, int dir)
{
	char path[64];
	struct stat st;
	int look, fd;

	/*
	 * O_PATH first: opening a device can set it going. Of a symbolic link, O_NOFOLLOW with
	 * O_PATH opens the link itself.
	 */
	snprintf(path, sizeof(path), "perf-%d.map", (int)p->inner_pid);
	look = openat(dir, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (look < 0) {
		/* A file that was removed may still be written to: keep it. */
		if (errno != ENOENT)
			p->problem = "can't be opened";
		return;
	}
	if (fstat(look, &st)) {
		p->problem = "can't be opened";
		goto cleanup;
	}
	if (p->file >= 0 && st.st_dev == p->dev && st.st_ino == p->inode)
		goto cleanup;
	if (!S_ISREG(st.st_mode)) {
		p->problem = "not read: it is not a regular file";
		goto cleanup;
	}
	/* /tmp is everybody's, and pids can be guessed. */
	if (st.st_uid != 0 && st.st_uid != p->uid) {
		p->problem = "not read: it belongs to another user";
		goto cleanup;
	}
	/* O_NONBLOCK: do not wait for somebody who holds a lease on it. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", look);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		p->problem = "can't be opened";
		goto cleanup;
	}
	close_fd(&p->file);
	p->file = fd;
	p->dev = st.st_dev;
	p->inode = st.st_ino;
	forget_map(p);

cleanup:
	close(look);
}

/* Find the file, or the one that has taken its place. */
static void look_for_file(struct perfmap *p)
{
	int root = open_root(p), dir = -1;

	if (root >= 0 && !read_identity(p)) {
		dir = open_tmp(root);
		if (dir >= 0) {
			close_fd(&p->tmp);
			p->tmp = dir;
		} else if (dir != -ENOENT) {
			p->problem = "can't be opened";
		}
	} else if (root == -ESRCH) {
		p->ended = true;
	} else if (root < 0) {
		p->problem = "can't be opened";
	}
	if (p->tmp >= 0)
		open_map(p, p->tmp);
	if (p->file >= 0)
		close_fd(&p->tmp);
	if (root >= 0)
		close(root);
}

/*
 * Is what was read last still what the file has there? Else it is shorter now, or was written anew
 * and has grown beyond that place again.
 */
static bool is_tail_same(const struct perfmap *p)
{
	char now[TAIL];
	ssize_t n = pread(p->file, now, p->tail_len, (off_t)(p->n_read - p->tail_len));

	return n == (ssize_t)p->tail_len && !memcmp(now, p->tail, p->tail_len);
}

static void keep_tail(struct perfmap *p, const char *text, size_t size)
{
	size_t keep;

	if (size >= TAIL) {
		memcpy(p->tail, text + size - TAIL, TAIL);
		p->tail_len = TAIL;
		return;
	}
	keep = p->tail_len < TAIL - size ? p->tail_len : TAIL - size;
	memmove(p->tail, p->tail + p->tail_len - keep, keep);
	memcpy(p->tail + keep, text, size);
	p->tail_len = keep + size;
}

/* Feed the map what the file has up to size. */
static int read_up_to(struct perfmap *p, uint64_t size)
{
	char *chunk;
	int err = 0;

	if (p->n_read >= size)
		return 0;
	chunk = malloc(CHUNK);
	if (!chunk)
		return -ENOMEM;
	while (!err && p->n_read < size) {
		size_t want = size - p->n_read < CHUNK ? size - p->n_read : CHUNK;
		ssize_t n = pread(p->file, chunk, want, (off_t)p->n_read);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0) /* 0: truncated meanwhile */
			break;
		err = jitmap__feed(p->map, chunk, n);
		keep_tail(p, chunk, n);
		p->n_read += n;
	}
	free(chunk);
	return err;
}

static void read_more(struct perfmap *p)
{
	uint64_t size;
	struct stat st;
	int err = 0, sealed;

	if (fstat(p->file, &st)) {
		p->problem = "can't be read";
		return;
	}
	size = st.st_size > 0 ? st.st_size : 0;
	if (p->map && !is_tail_same(p))
		forget_map(p);
	if (!p->map)
		p->map = jitmap__new();
	if (!p->map) {
		p->problem = "no memory";
		return;
	}
	if (!p->full)
		err = read_up_to(p, size < MAX_BYTES ? size : MAX_BYTES);
	if (err == -E2BIG)
		p->full = true;
	sealed = jitmap__seal(p->map);
	if (err == -ENOMEM)
		forget_map(p); /* lines are missing: next time, all again */
	if (err == -ENOMEM || sealed == -ENOMEM)
		p->problem = "no memory";
	else if (p->full || size > MAX_BYTES)
		p->problem = "too large: read in part";
	else if (err)
		p->problem = "can't be read";
}

void perfmap__refresh(struct perfmap *p)
{
	uint64_t began = now_ns(), done;

	if (p->ended)
		return;
	p->problem = NULL;
	look_for_file(p);
	if (p->file >= 0)
		read_more(p);
	if (p->ended) {
		close_fd(&p->file);
		close_fd(&p->tmp);
		close_fd(&p->proc);
	}
	done = now_ns();
	p->next_look = done + COST_FACTOR * (done - began);
	if (p->next_look < done + INTERVAL_NS)
		p->next_look = done + INTERVAL_NS;
}

struct perfmap *perfmap__new(pid_t pid)
{
	struct perfmap *p = calloc(1, sizeof(*p));
	char path[32];

	if (!p)
		return NULL;
	p->pid = pid;
	p->tmp = p->file = -1;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	p->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	perfmap__refresh(p);
	return p;
}

void perfmap__free(struct perfmap *p)
{
	if (!p)
		return;
	close_fd(&p->file);
	close_fd(&p->tmp);
	close_fd(&p->proc);
	jitmap__free(p->map);
	tdestroy(p->given, free);
	free(p);
}

/* Is it time to look at the file again for an address that is not known? */
static bool is_due(const struct perfmap *p)
{
	int root;

	if (p->ended)
		return false;
	if (now_ns() >= p->next_look)
		return true;
	root = open_root(p);
	if (root >= 0)
		close(root);
	return root == -ESRCH; /* the last time */
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The copy of a name that stays valid. NULL: no memory, or more names than one wants to see. */
static const char *give(struct perfmap *p, const char *name)
{
	char *const *known = tfind(name, &p->given, compare_names);
	size_t size = strlen(name) + 1;
	char *copy;

	if (known)
		return *known;
	if (size > MAX_GIVEN_BYTES - p->given_bytes)
		return NULL;
	copy = strdup(name);
	if (!copy)
		return NULL;
	if (!tsearch(copy, &p->given, compare_names)) {
		free(copy);
		return NULL;
	}
	p->given_bytes += size;
	return copy;
}

bool perfmap__find(struct perfmap *p, uint64_t addr, const char **name, uint64_t *start)
{
	const struct jit_name *found = p->map ? jitmap__find(p->map, addr) : NULL;
	const char *given;

	if (!found && is_due(p)) {
		perfmap__refresh(p);
		found = p->map ? jitmap__find(p->map, addr) : NULL;
	}
	given = found ? give(p, found->name) : NULL;
	if (!given)
		return false;
	*name = given;
	*start = found->start;
	return true;
}

void perfmap__reset(struct perfmap *p)
{
	/* How far the file was read stays as it is. If the new program writes a file of its own,
	 * that is another one, or is_tail_same will tell. */
	if (p->map)
		jitmap__forget(p->map);
}

const char *perfmap__problem(const struct perfmap *p)
{
	return p->problem;
}
