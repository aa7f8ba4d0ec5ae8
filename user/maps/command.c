/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/command.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maps/options.h"
#include "maps/page.h"
#include "maps/sample.h"
#include "maps/show.h"
#include "render/bars.h"
#include "render/render.h"

#define EXIT_USAGE 2

/* One line, whatever the arguments quoted in it are made of. */
__attribute__((format(printf, 1, 2))) static int complain(const char *fmt, ...)
{
	char line[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	fputs("memleak-bpf maps: ", stderr);
	render__escape(stderr, line);
	fputc('\n', stderr);
	return -EINVAL;
}

static int say_why(pid_t pid, int err)
{
	switch (err) {
	case -ESRCH:
		return complain("there is no process %d", pid);
	case -EACCES:
	case -EPERM:
		return complain("process %d is somebody else's: sudo memleak-bpf maps %d", pid,
				pid);
	case -ENOENT:
		return complain("process %d has no memory of its own: a kernel thread, or dead "
				"already",
				pid);
	default:
		return complain("cannot look at process %d: %s", pid, strerror(-err));
	}
}

/* Wait for the next sample. False: asked to stop. */
static bool wait_until(struct timespec *due, double interval_s)
{
	struct timespec now, left;
	sigset_t set;
	int64_t ns;
	int signal;

	due->tv_sec += (time_t)interval_s;
	due->tv_nsec += (long)((interval_s - floor(interval_s)) * 1e9);
	if (due->tv_nsec >= 1000000000) {
		due->tv_nsec -= 1000000000;
		due->tv_sec++;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (due->tv_sec - now.tv_sec) * 1000000000LL + due->tv_nsec - now.tv_nsec;
		if (ns <= 0)
			return true;
		left = (struct timespec){ns / 1000000000, ns % 1000000000};
		signal = sigtimedwait(&set, NULL, &left);
		if (signal == SIGINT || signal == SIGTERM)
			return false;
	}
}

static int open_output(const char *path, FILE **out)
{
	*out = fopen(path, "we");
	if (*out)
		return 0;
	complain("cannot write %s: %s", path, strerror(errno));
	return -EIO;
}

static int close_output(const char *path, FILE *out, int err)
{
	if (fclose(out) && !err)
		err = -errno;
	if (err)
		complain("cannot write %s: %s", path, strerror(-err));
	return err;
}

struct history {
	struct sample first, last; /* last: when there are two at least */
	struct moment *moment;	   /* of all */
	size_t n;
};

static void history__clear(struct history *h)
{
	sample__clear(&h->first);
	sample__clear(&h->last);
	free(h->moment);
}

/* Takes the sample over. */
static int history__add(struct history *h, const struct sample *s)
{
	struct moment *grown = reallocarray(h->moment, h->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	h->moment = grown;
	sample__moment(s, &grown[h->n]);
	if (h->n)
		sample__clear(&h->last);
	*(h->n ? &h->last : &h->first) = *s;
	h->n++;
	return 0;
}

static void show_progress(const struct maps_options *o, size_t n)
{
	if (o->growth && isatty(STDERR_FILENO) && isatty(STDOUT_FILENO))
		fprintf(stderr,
			n < o->count ? "\r\033[K%zu of %lu samples, Ctrl-C ends" : "\r\033[K", n,
			o->count);
}

/* Sample a process; the first and the last one are kept, all of them recorded. */
static int take_samples(const struct maps_options *o, FILE *record, struct history *h)
{
	unsigned long wanted = o->growth ? o->count : 1;
	struct timespec due;
	sigset_t set, old;
	int err = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (o->growth)
		sigprocmask(SIG_BLOCK, &set, &old);
	clock_gettime(CLOCK_MONOTONIC, &due);
	while (!err && h->n < wanted) {
		struct sample s;

		if (h->n && !wait_until(&due, o->interval_s))
			break;
		err = sample__take(o->pid, &s);
		if (err)
			break;
		if (record)
			err = sample__write(&s, record);
		if (!err)
			err = history__add(h, &s);
		if (err)
			sample__clear(&s);
		show_progress(o, h->n);
	}
	show_progress(o, o->count);
	if (o->growth)
		sigprocmask(SIG_SETMASK, &old, NULL);
	if (!err || h->n < 2 || err == -ENOMEM || err == -EIO) {
		if (err)
			say_why(o->pid, err);
		return err;
	}
	complain("process %d has ended: what follows is from the %zu samples until then", o->pid,
		 h->n);
	return 0;
}

static int draw(const struct maps_options *o, const struct sample *first, const struct sample *last,
		size_t n)
{
	FILE *out;
	int err = 0;

	if (o->svg) {
		err = open_output(o->svg, &out);
		if (!err)
			err = close_output(o->svg, out, page__picture(last, out));
	}
	if (o->html && !err) {
		err = open_output(o->html, &out);
		if (!err)
			err = close_output(o->html, out,
					   page__write(n > 1 ? first : NULL, last, n, out));
	}
	return err;
}

static int show(const struct maps_options *o, const struct sample *first, const struct sample *last,
		const struct moment *moments, size_t n)
{
	const struct show_opts opts = {.color = !o->no_color && isatty(STDOUT_FILENO),
				       .all = o->all,
				       .top = o->top,
				       .columns = bars__columns(stdout)};
	int err;

	if (n > 1)
		err = show__growth(first, last, moments, n, &opts, stdout);
	else
		err = show__sample(last, &opts, stdout);
	if (!err && fflush(stdout))
		err = -errno;
	if (err)
		complain("cannot show it: %s", strerror(-err));
	return err ? err : draw(o, first, last, n);
}

static int run_live(const struct maps_options *o)
{
	struct history h = {0};
	FILE *record = NULL;
	int err = 0;

	if (o->record)
		err = open_output(o->record, &record);
	if (!err)
		err = take_samples(o, record, &h);
	if (record)
		err = close_output(o->record, record, err);
	if (!err && h.n == 1 && o->growth)
		complain("stopped after one sample: there is nothing to compare it with");
	if (!err)
		err = show(o, &h.first, h.n > 1 ? &h.last : &h.first, h.moment, h.n);
	history__clear(&h);
	return err;
}

static int run_from(const struct maps_options *o)
{
	struct moment *moments = NULL;
	struct samples all;
	size_t i;
	int err = samples__read(o->from, &all);

	if (err == -ENODATA) {
		complain("%s: there is no line like those of /proc/PID/smaps or maps in it",
			 o->from);
		return err;
	}
	if (!err) {
		moments = calloc(all.n, sizeof(*moments));
		err = moments ? 0 : -ENOMEM;
	}
	if (err) {
		complain("cannot read %s: %s", o->from, strerror(-err));
		goto cleanup;
	}
	for (i = 0; i < all.n; i++)
		sample__moment(&all.sample[i], &moments[i]);
	/* without --growth the last one is looked at, as it was when it was taken */
	err = show(o, &all.sample[0], &all.sample[all.n - 1], moments, o->growth ? all.n : 1);
cleanup:
	free(moments);
	samples__clear(&all);
	return err;
}

int maps_command__run(int argc, char **argv)
{
	struct maps_options o;

	if (maps_options__parse(argc, argv, &o, stderr))
		return EXIT_USAGE;
	if (o.help) {
		maps_options__help(stdout);
		return EXIT_SUCCESS;
	}
	return (o.from ? run_from(&o) : run_live(&o)) ? EXIT_FAILURE : EXIT_SUCCESS;
}
