/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proc/available.h"
#include "reach/memcopy.h"
#include "reach/roots.h"
#include "reach/stop.h"

/* Expected of copying, to refuse what would take too long: measured 150 to 200 ms. */
#define NS_PER_GIB 220000000ULL
#define GIB (1ULL << 30)
/* Some seconds, where each page has to be looked at. AddressSanitizer's programs have 15 times it.
 */
#define MAX_LOOKED_AT (1ULL << 40)

struct taking {
	const struct capture_opts *opts;
	struct capture *c;
	char *why_not;
	uint64_t deadline_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

__attribute__((format(printf, 3, 4))) static int fail(struct taking *t, int err, const char *fmt,
						      ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->why_not, CAPTURE_WHY_NOT, fmt, args);
	va_end(args);
	return err;
}

/* Blocks may also be in memory that has been made read-only since. */
static bool is_copied(const struct mapping *m)
{
	return roots__is_one(m) ||
	       (m->read && !m->exec && !m->inode && !m->shared &&
		(!m->path[0] || !strncmp(m->path, "[anon", 5) || !strcmp(m->path, "[heap]")));
}

static int note(struct taking *t, bool stopped)
{
	int err = t->opts->note ? t->opts->note(stopped, t->opts->arg) : 0;

	return err ? fail(t, err, "the table of blocks cannot be read: %s", strerror(-err)) : 0;
}

/* The kernel hands out more memory than there is, and kills somebody when it is written to. */
static int check_memory(struct taking *t, uint64_t room)
{
	struct available available = {t->opts->memory, "are available"};

	if (!available.bytes)
		available__get(AT_FDCWD, &available);
	if (room / 10 * 13 <= available.bytes)
		return 0;
	return fail(t, -ENOMEM,
		    "judging %" PRIu64 " MiB takes %" PRIu64 " MiB of memory, %" PRIu64 " MiB %s",
		    room >> 20, room / 10 * 13 >> 20, available.bytes >> 20, available.words);
}

/* Have all memory that will be needed: while the target stands still none has to be got. */
static int prepare(struct taking *t)
{
	struct memcopy *probe;
	struct maps maps = {0};
	uint64_t mapped = 0, room = 0, expected, began;
	size_t i;
	int err = maps__read(t->c->pid, &maps);

	if (!err)
		err = memcopy__new(t->c->pid, 0, &probe);
	if (err) {
		maps__clear(&maps);
		return fail(t, err, "its memory map cannot be read: %s", strerror(-err));
	}
	for (i = 0; i < maps.n; i++)
		if (is_copied(&maps.map[i]))
			mapped += maps.map[i].end - maps.map[i].start;
	if (mapped > MAX_LOOKED_AT && !memcopy__skips(probe))
		err = fail(t, -EFBIG,
			   "it has mapped %" PRIu64
			   " GiB, which only Linux 6.7 and newer can be asked about",
			   mapped >> 30);
	for (i = 0; !err && i < maps.n; i++)
		if (is_copied(&maps.map[i]))
			room += memcopy__measure(probe, maps.map[i].start, maps.map[i].end);
	memcopy__free(probe);
	maps__clear(&maps);
	if (err)
		return err;
	began = now_ns();
	err = note(t, false);
	if (err)
		return err;
	expected = room / 1024 * NS_PER_GIB / (GIB / 1024) + (now_ns() - began);
	if (t->opts->max_pause_ns && expected > t->opts->max_pause_ns)
		return fail(t, -ETIME,
			    "copying %" PRIu64 " MiB would stop it for about %" PRIu64
			    " ms, more than --max-pause allows",
			    room >> 20, expected / 1000000);
	err = check_memory(t, room);
	if (err)
		return err;
	err = memcopy__new(t->c->pid, room + room / 64, &t->c->memory);
	return err ? fail(t, err, "there is no memory for a copy of %" PRIu64 " MiB", room >> 20)
		   : 0;
}

static int copy(struct taking *t)
{
	struct capture *c = t->c;
	size_t i;
	int err = note(t, true);

	if (err)
		return err;
	err = maps__read(c->pid, &c->maps);
	for (i = 0; !err && i < c->maps.n; i++)
		if (is_copied(&c->maps.map[i]))
			err = memcopy__add(c->memory, c->maps.map[i].start, c->maps.map[i].end);
	if (!err)
		err = memcopy__fill(c->memory, t->deadline_ns);
	if (err == -ETIME)
		return fail(t, err, "copying its memory took longer than --max-pause allows");
	if (err)
		return fail(t, err, "its memory cannot be read: %s", strerror(-err));
	if (memcopy__unreadable(c->memory))
		return fail(t, -EIO, "%" PRIu64 " KiB of its memory cannot be read",
			    memcopy__unreadable(c->memory) >> 10);
	c->copied = memcopy__bytes(c->memory);
	return 0;
}

static int stop_and_copy(struct taking *t)
{
	uint64_t began = now_ns();
	int err;

	if (t->opts->max_pause_ns)
		t->deadline_ns = began + t->opts->max_pause_ns;
	err = stop__all(t->c->pid, t->deadline_ns, &t->c->stop);
	switch (err) {
	case 0:
		break;
	case -ESRCH:
		return fail(t, err, "it ended");
	case -EBUSY:
		return fail(t, err, "a debugger is attached to it");
	case -EPERM:
		return fail(t, err, "it may not be stopped: CAP_SYS_PTRACE is needed");
	case -ETIME:
		return fail(t, err, "a thread of it could not be stopped in time");
	default:
		return fail(t, err, "it cannot be stopped: %s", strerror(-err));
	}
	err = copy(t);
	stop__release(t->c->stop);
	t->c->pause_ns = now_ns() - began;
	return err;
}

int capture__take(pid_t pid, const struct capture_opts *opts, struct capture *c,
		  char why_not[CAPTURE_WHY_NOT])
{
	struct taking t = {.opts = opts, .c = c, .why_not = why_not};
	int err;

	*c = (struct capture){.pid = pid};
	why_not[0] = '\0';
	err = prepare(&t);
	return err ? err : stop_and_copy(&t);
}

void capture__clear(struct capture *c)
{
	stop__free(c->stop);
	memcopy__free(c->memory);
	maps__clear(&c->maps);
	*c = (struct capture){0};
}
