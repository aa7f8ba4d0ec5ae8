/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/triage.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "render/bars.h"
#include "render/render.h"
#include "triage/collect.h"
#include "triage/history.h"
#include "triage/options.h"
#include "triage/drawing.h"
#include "triage/recording.h"
#include "triage/saved.h"
#include "triage/screen.h"
#include "triage/verdict.h"

#define EXIT_USAGE 2

static int fail(const char *what, const char *path, int err)
{
	fprintf(stderr, "memleak-bpf: triage: %s ", what);
	render__escape(stderr, path);
	fprintf(stderr, ": %s\n", strerror(-err));
	return err;
}

/* Since boot, also while asleep: what processes' start times count in. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct feed {
	struct history *h;
	FILE *record; /* or NULL */
};

static int feed_put(void *ctx, const char *name, const char *text, size_t len)
{
	struct feed *feed = ctx;

	if (feed->record)
		recording__file(feed->record, name, text, len);
	return history__take(feed->h, name, text, len);
}

static int take_sample(struct collector *c, struct feed *feed, bool last)
{
	const struct sink sink = {feed_put, feed};
	double seconds = now();
	int err = history__next_sample(feed->h, seconds);

	if (feed->record)
		recording__sample(feed->record, seconds);
	if (!err)
		err = collector__sample(c, last, &sink);
	if (!err)
		err = history__end_sample(feed->h);
	if (feed->record) {
		recording__end(feed->record);
		/* A night's recording is not to be lost with the machine. */
		if (fflush(feed->record) || ferror(feed->record))
			return -EIO;
	}
	return err;
}

/* True: somebody wants to see now what there is. */
static bool interrupted(const sigset_t *signals, double until)
{
	double left = until - now();
	struct timespec ts;

	if (left < 0)
		left = 0;
	ts.tv_sec = (time_t)left;
	ts.tv_nsec = (long)((left - floor(left)) * 1e9);
	return sigtimedwait(signals, NULL, &ts) > 0;
}

static void show_progress(unsigned int done, unsigned int count)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (done < count)
		fprintf(stderr, "\rsample %u of %u; Ctrl-C shows what there is ", done + 1, count);
	else
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

static int sample(const struct triage_options *o, struct feed *feed)
{
	struct collector *c = collector__new("/proc", false);
	double start = now();
	unsigned int i;
	sigset_t signals, before;
	bool last = false;
	int err = 0;

	if (!c)
		return fail("cannot open", "/proc", -errno);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	feed->h->timed = true;
	for (i = 0; !err && !last; i++) {
		show_progress(i, o->count);
		/* From the last one on: after a delay they would follow each other at once. */
		last = i && interrupted(&signals, start + o->interval);
		last |= i + 1 == o->count;
		start = now();
		err = take_sample(c, feed, last);
	}
	show_progress(o->count, o->count);
	sigprocmask(SIG_SETMASK, &before, NULL);
	collector__free(c);
	if (err)
		fail(err == -EIO && feed->record ? "cannot write" : "cannot sample",
		     err == -EIO && feed->record ? o->record : "/proc", err);
	return err;
}

static int sample_and_record(const struct triage_options *o, struct history *h)
{
	struct feed feed = {.h = h};
	int err;

	if (o->record) {
		feed.record = fopen(o->record, "we");
		if (!feed.record)
			return fail("cannot write", o->record, -errno);
		recording__begin(feed.record);
	}
	err = sample(o, &feed);
	if (feed.record && fclose(feed.record) && !err)
		err = fail("cannot write", o->record, -errno);
	return err;
}

static int replay(const struct triage_options *o, struct history *h)
{
	struct saved *s = saved__new();
	size_t i;
	int err = s ? 0 : -ENOMEM;

	for (i = 0; !err && i < o->n_from; i++)
		err = saved__add(s, o->from[i], stderr);
	if (!err) {
		err = saved__replay(s, o->interval_given ? o->interval : 0, h);
		if (err && err != -EINVAL)
			fail("cannot read", o->from[0], err);
	}
	saved__free(s);
	return err;
}

static int write_file(const char *path, const struct history *h, const struct verdict *v,
		      void (*write)(FILE *out, const struct history *h, const struct verdict *v))
{
	FILE *out = fopen(path, "we");
	int err = 0;

	if (!out)
		return fail("cannot write", path, -errno);
	write(out, h, v);
	if (ferror(out))
		err = -EIO;
	if (fclose(out) && !err)
		err = -errno;
	return err ? fail("cannot write", path, err) : 0;
}

static int show(const struct triage_options *o, const struct history *h)
{
	struct screen_opts opts = {
		.color = !o->no_color && isatty(STDOUT_FILENO),
		.all = o->all,
		.top = o->top,
		.columns = bars__columns(stdout),
	};
	struct verdict v;
	int err = verdict__find(h, &v);

	if (err)
		return fail("cannot judge", "samples", err);
	screen__print(stdout, h, &v, &opts);
	if (o->svg)
		err = write_file(o->svg, h, &v, drawing__svg);
	if (!err && o->html)
		err = write_file(o->html, h, &v, drawing__html);
	verdict__clear(&v);
	return err;
}

int triage__main(int argc, char **argv)
{
	struct triage_options o;
	struct history h;
	int err;

	err = triage_options__parse(argc, argv, &o, stderr);
	if (err) {
		triage_options__clear(&o);
		return EXIT_USAGE;
	}
	if (o.help) {
		triage_options__help(stdout);
		triage_options__clear(&o);
		return EXIT_SUCCESS;
	}
	history__init(&h);
	err = o.n_from ? replay(&o, &h) : sample_and_record(&o, &h);
	if (!err)
		err = show(&o, &h);
	history__clear(&h);
	triage_options__clear(&o);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
