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
/* The same of reading and judging, for each GiB and for each block: measured 600 ms and 1.5 to 2.5
 * us. */
#define NS_PER_GIB_READ 600000000ULL
#define NS_PER_BLOCK 2500ULL
/* Of memory, judging takes that much for each block. */
#define BYTES_PER_BLOCK 200
#define MIN_TABLES (4ULL << 20)	 /* bytes for blocks that are not worth a refusal */
#define MAX_WINDOW (64ULL << 20) /* bytes; with more it takes as long */
#define GIB (1ULL << 30)
/* Some seconds, where each page has to be looked at. AddressSanitizer's programs have 15 times it.
 */
#define MAX_LOOKED_AT (1ULL << 40)

struct taking {
	const struct capture_opts *opts;
	struct capture *c;
	char *why_not;
	uint64_t room;	 /* bytes that would be copied */
	uint64_t blocks; /* how many there are */
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
	int64_t n = t->opts->note ? t->opts->note(stopped, t->opts->arg) : 0;

	if (n < 0)
		return fail(t, (int)n, "the table of blocks cannot be read: %s", strerror((int)-n));
	t->blocks = (uint64_t)n;
	return 0;
}

static uint64_t expected_ns(const struct taking *t, uint64_t ns_per_gib)
{
	return t->room / 1024 * ns_per_gib / (GIB / 1024);
}

static bool takes_too_long(const struct taking *t, uint64_t ns)
{
	return t->opts->max_pause_ns && ns > t->opts->max_pause_ns;
}

static void find_available(const struct capture_opts *opts, struct available *out)
{
	if (opts->max_memory) {
		*out = (struct available){opts->max_memory, "may be taken"};
		return;
	}
	available__get(AT_FDCWD, out);
	/* it is better to take longer than to make others swap */
	if (opts->unasked)
		*out = (struct available){out->bytes / 2, "may be taken without --reach"};
}

/* How much of it is at hand at a time. */
static int prepare_window(struct taking *t, uint64_t copy, const struct available *available,
			  uint64_t noting_ns)
{
	uint64_t tables = t->blocks * BYTES_PER_BLOCK, half = available->bytes / 2, expected;

	expected = expected_ns(t, NS_PER_GIB_READ) + t->blocks * NS_PER_BLOCK + noting_ns;
	if (takes_too_long(t, expected))
		return fail(t, -ETIME,
			    "judging %" PRIu64
			    " MiB without a copy would stop it for about %" PRIu64
			    " ms, more than --max-pause allows; with one it takes %" PRIu64
			    " MiB of memory, %" PRIu64 " MiB %s",
			    t->room >> 20, expected / 1000000, copy >> 20, available->bytes >> 20,
			    available->words);
	if (tables > half && tables > MIN_TABLES)
		return fail(t, -ENOMEM,
			    "judging %" PRIu64 " blocks takes %" PRIu64 " MiB of memory, %" PRIu64
			    " MiB %s",
			    t->blocks, tables >> 20, available->bytes >> 20, available->words);
	return memcopy__new_window(t->c->pid, half < MAX_WINDOW ? half : MAX_WINDOW, &t->c->memory);
}

/*
 * The kernel hands out more memory than there is, and kills somebody when it is written to. What is
 * taken of it is taken now: while the target stands still none has to be got.
 */
static int prepare_memory(struct taking *t, uint64_t noting_ns)
{
	uint64_t copy = t->room / 10 * 13, expected = expected_ns(t, NS_PER_GIB) + noting_ns;
	struct available available;
	int err;

	if (takes_too_long(t, expected))
		return fail(t, -ETIME,
			    "copying %" PRIu64 " MiB would stop it for about %" PRIu64
			    " ms, more than --max-pause allows",
			    t->room >> 20, expected / 1000000);
	find_available(t->opts, &available);
	if (copy > available.bytes && !t->opts->may_wait)
		return fail(t, -ENOMEM,
			    "judging %" PRIu64 " MiB takes %" PRIu64 " MiB of memory, %" PRIu64
			    " MiB %s",
			    t->room >> 20, copy >> 20, available.bytes >> 20, available.words);
	if (copy > available.bytes)
		err = prepare_window(t, copy, &available, noting_ns);
	else
		err = memcopy__new(t->c->pid, t->room + t->room / 64, &t->c->memory);
	if (err == -ENOMEM && !t->why_not[0])
		fail(t, err, "there is no memory for a copy of %" PRIu64 " MiB", t->room >> 20);
	return err;
}

static int prepare(struct taking *t)
{
	struct memcopy *probe;
	struct maps maps = {0};
	uint64_t mapped = 0, began;
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
			t->room += memcopy__measure(probe, maps.map[i].start, maps.map[i].end);
	memcopy__free(probe);
	maps__clear(&maps);
	if (err)
		return err;
	began = now_ns();
	err = note(t, false);
	return err ? err : prepare_memory(t, now_ns() - began);
}

/* What has ended the reading of its memory. */
static int fail_to_read(struct taking *t, int err)
{
	switch (err) {
	case 0:
		return 0;
	case -ETIME:
		return fail(t, err, "reading its memory took longer than --max-pause allows");
	case -ESRCH:
		return fail(t, err, "it ended");
	default:
		return fail(t, err, "its memory cannot be read: %s", strerror(-err));
	}
}

static int copy(struct taking *t, uint64_t deadline_ns)
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
		err = memcopy__fill(c->memory, deadline_ns);
	if (err)
		return fail_to_read(t, err);
	if (memcopy__unreadable(c->memory))
		return fail(t, -EIO, "%" PRIu64 " KiB of its memory cannot be read",
			    memcopy__unreadable(c->memory) >> 10);
	c->swapped = memcopy__swapped(c->memory);
	c->copied = memcopy__is_window(c->memory) ? 0 : memcopy__bytes(c->memory);
	return 0;
}

static void release(struct capture *c)
{
	stop__release(c->stop);
	c->pause_ns = now_ns() - c->began_ns;
	c->began_ns = 0;
}

static int stop_and_copy(struct taking *t)
{
	struct capture *c = t->c;
	uint64_t deadline_ns;
	int err;

	c->began_ns = now_ns();
	deadline_ns = t->opts->max_pause_ns ? c->began_ns + t->opts->max_pause_ns : 0;
	err = stop__all(c->pid, deadline_ns, &c->stop);
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
	err = copy(t, deadline_ns);
	if (err || !memcopy__is_window(c->memory))
		release(c);
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

int capture__let_go(struct capture *c, char why_not[CAPTURE_WHY_NOT])
{
	struct taking t = {.why_not = why_not};
	int err;

	if (!c->stop || !c->began_ns)
		return 0;
	err = memcopy__shut(c->memory);
	release(c);
	return fail_to_read(&t, err);
}

void capture__clear(struct capture *c)
{
	stop__free(c->stop);
	memcopy__free(c->memory);
	maps__clear(&c->maps);
	*c = (struct capture){0};
}
