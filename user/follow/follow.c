/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "events.h"
#include "follow/family.h"
#include "follow/hold.h"
#include "follow/pool.h"
#include "gate/gate.h"
#include "origin.h"
#include "render/metrics.h"
#include "render/output.h"
#include "report/report.h"
#include "report/sum.h"
#include "session.h"
#include "target/alone.h"
#include "trace_priv.h"

/* A process that came of the first one, and has a session. */
struct kin {
	struct trace t;
	uint32_t key;  /* see struct kin_event */
	size_t number; /* in the sum */
	bool late;     /* it was not held */
};

/* A process that has been told of, whether or not it has a session. */
struct seen {
	uint32_t key;
	size_t number; /* in the sum */
	bool ended;
};

struct follow {
	struct trace *root;
	struct family *family;
	struct sum *sum;
	size_t root_number;
	struct kin **kin;
	size_t n;
	struct seen *seen;
	size_t n_seen, max_seen;
	uint64_t unnamed;		       /* processes there was no memory to name */
	struct exposition *figures;	       /* of the reports since the last round; NULL: none */
	struct metrics_sum ended_sum, sum_now; /* of the processes that have ended, of the others */
	struct pool *pool;
	int epoll;
	bool finishing;
	bool broken; /* the sum lacks something: no memory */
};

/* --- who has been seen --- */

static struct seen *find_seen(struct follow *f, uint32_t key)
{
	size_t i;

	for (i = f->n_seen; i-- > 0;)
		if (f->seen[i].key == key && !f->seen[i].ended)
			return &f->seen[i];
	return NULL;
}

/* Who forked a process may have ended by now; NULL: the first one did. */
static const struct seen *find_parent(const struct follow *f, uint32_t key)
{
	size_t i;

	for (i = f->n_seen; i-- > 0;)
		if (f->seen[i].key == key)
			return &f->seen[i];
	return NULL;
}

/* The one that an event is about, new if it is not known. NULL: no room. */
static struct seen *get_seen(struct follow *f, const struct kin_event *e)
{
	struct seen *s = find_seen(f, e->key), *grown;
	const struct seen *parent;
	uint64_t parent_pid = 0;

	if (s && e->type == KIN_EVENT_BORN) {
		s->ended = true; /* its id is another one's now */
		s = NULL;
	}
	if (s)
		return s;
	if (f->n_seen == f->max_seen) {
		size_t max = f->max_seen ? 2 * f->max_seen : 64;

		grown = max <= SUM_MAX_PROCESSES ? reallocarray(f->seen, max, sizeof(*s)) : NULL;
		if (!grown) {
			f->unnamed++;
			return NULL;
		}
		f->seen = grown;
		f->max_seen = max;
	}
	parent = find_parent(f, e->parent);
	if (!parent) /* the first one is not in the list */
		parent_pid = f->root->pid;
	else if (sum__at(f->sum, parent->number))
		parent_pid = sum__at(f->sum, parent->number)->pid;
	s = &f->seen[f->n_seen++];
	*s = (struct seen){.key = e->key,
			   .number = sum__process(f->sum, e->pid, parent_pid, e->comm)};
	return s;
}

static void gap(struct follow *f, const struct seen *s, const char *sentence)
{
	if (s)
		sum__set_gap(f->sum, s->number, sentence);
}

/* --- beginning and end of a trace --- */

static void watch(struct follow *f, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	/* what is not watched is looked at once a tick */
	if (fd >= 0)
		epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void free_kin(struct follow *f, struct kin *k)
{
	struct session *session = k->t.session;

	trace__tear_down(&k->t);
	if (session)
		pool__put(f->pool, session, k->t.ended);
	free(k);
}

static void forget(struct follow *f, struct kin *k)
{
	size_t i;

	family__set_traced(f->family, k->key, false);
	for (i = 0; i < f->n; i++)
		if (f->kin[i] == k)
			f->kin[i] = f->kin[--f->n];
	free_kin(f, k);
}

/* The last words on a process; then it is forgotten. */
static void finish(struct follow *f, struct kin *k)
{
	struct report_process *p = sum__at(f->sum, k->number);
	struct seen *s = find_seen(f, k->key);

	trace__drain(&k->t);
	if (k->t.session)
		trace__report(&k->t, true);
	if (p) {
		free(p->comm);
		p->comm = strdup(k->t.proc.comm);
		free(p->command);
		p->command = k->t.command ? strdup(k->t.command) : NULL;
		p->forked = k->t.forked;
		p->ended = k->t.ended;
	}
	if (k->late &&
	    !k->t.forked) /* it has called execve since: all is known of what it is now */
		sum__set_gap(f->sum, k->number, NULL);
	if (s && k->t.ended)
		s->ended = true;
	if (!k->t.ended) {
		session__detach(k->t.session);
		if (session__take_stop(k->t.session))
			hold__let_go(k->t.pid);
	}
	forget(f, k);
}

static const char *why_not(int err)
{
	switch (err) {
	case -ESRCH:
		return "it was gone before it could be looked at";
	case -ENOEXEC:
		return "it is a 32-bit program: only 64-bit ones can be traced";
	case -ENOMEM:
		return "there was no memory for its tables";
	default:
		return strerror(-err);
	}
}

/* Trace a process that has been told of. Returns 0 or negative errno. */
static int begin(struct follow *f, const struct kin_event *e, const struct seen *s)
{
	struct trace *root = f->root;
	struct kin **grown, *k;
	int err;

	grown = reallocarray(f->kin, f->n + 1, sizeof(struct kin *));
	if (!grown)
		return -ENOMEM;
	f->kin = grown;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->key = e->key;
	k->late = !e->held;
	k->number = s ? s->number : SUM_MAX_PROCESSES;
	k->t.opts = root->opts;
	k->t.out = root->out;
	k->t.features = root->features;
	k->t.status = root->status;
	k->t.follow = f;
	k->t.kin = true;
	k->t.pid = e->pid;
	err = trace__set_up_kin(&k->t, e->type == KIN_EVENT_EXEC);
	if (err) {
		free_kin(f, k);
		return err;
	}
	f->kin[f->n++] = k;
	watch(f, events__fd(k->t.events));
	watch(f, k->t.pidfd);
	/* before it goes on: the next execve is the session's */
	family__set_traced(f->family, e->key, true);
	return 0;
}

/*
 * An event is about a process that has a session. It had that id before, and has ended; or it was
 * not held, and has called execve while it was looked at: what is known of it is of no use.
 */
static void replace(struct follow *f, struct kin *k, const struct kin_event *e)
{
	if (e->type == KIN_EVENT_EXEC) {
		session__detach(k->t.session); /* it stands still, and is to do so for now */
		forget(f, k);
	} else {
		k->t.ended = true;
		finish(f, k);
	}
}

static void on_begin(struct follow *f, const struct kin_event *e)
{
	struct seen *s = get_seen(f, e);
	char sentence[128];
	size_t i;
	int err;

	if (e->held)
		hold__await(e->pid);
	for (i = 0; i < f->n; i++)
		if (f->kin[i]->key == e->key) {
			replace(f, f->kin[i], e);
			break;
		}
	if (f->finishing) {
		gap(f, s, "tracing ended as it began");
	} else if (!e->pid) {
		gap(f, s, "it is in another pid namespace");
	} else if (f->n >= f->root->opts->follow_max) {
		snprintf(sentence, sizeof(sentence),
			 "%llu other processes were traced at the time (--follow-max)",
			 (unsigned long long)f->root->opts->follow_max);
		gap(f, s, sentence);
	} else {
		err = begin(f, e, s);
		gap(f, s, err ? why_not(err) : NULL); /* execve ends what was not known before */
		if (!err && !e->held) {
			snprintf(sentence, sizeof(sentence),
				 "it handles SIGCONT, so it was not held: what it allocated in its "
				 "first %llu ms is not known",
				 (unsigned long long)(trace__now_ns() - e->time_ns) / 1000000 + 1);
			gap(f, s, sentence);
		}
	}
	if (e->held)
		hold__let_go(e->pid);
}

/* It ends, and has no session. */
static void on_end(struct follow *f, const struct kin_event *e)
{
	struct seen *s = get_seen(f, e);
	struct report_process *p = s ? sum__at(f->sum, s->number) : NULL;

	if (e->state == KIN_SHARED)
		gap(f, s, "it used its parent's memory, to its end");
	else if (e->state == KIN_NEW)
		gap(f, s, "it was not held: the kernel passed over a program of ours");
	if (p)
		p->ended = true;
	if (s)
		s->ended = true;
}

static void on_event(const struct kin_event *e, void *arg)
{
	struct follow *f = arg;

	if (e->type == KIN_EVENT_END)
		on_end(f, e);
	else
		on_begin(f, e);
}

/* --- all the while --- */

/* The BPF side has stopped it: at execve, with a library mapped, at its end. */
static void on_stop(struct kin *k)
{
	struct alone *alone;

	hold__await(k->t.pid);
	alone = alone__hold(k->t.pid, trace__at_stop(&k->t), false);
	hold__let_go(k->t.pid);
	alone__end(alone);
}

void follow__serve(struct follow *f)
{
	size_t i;

	family__drain(f->family);
	for (i = 0; i < f->n;) {
		struct kin *k = f->kin[i];
		struct pollfd fd = {.fd = k->t.pidfd, .events = POLLIN};

		trace__drain(&k->t);
		if (session__take_stop(k->t.session))
			on_stop(k);
		if (poll(&fd, 1, 0) > 0) {
			k->t.ended = true;
			finish(f, k); /* another one is number i now */
		} else {
			i++;
		}
	}
}

/* Figures of all reports of a round together: none of them has what the others have. */
static void add_figures(struct follow *f, const struct report *r, bool last)
{
	const struct outputs *o = f->root->opts->outputs;

	metrics_sum__add(last ? &f->ended_sum : &f->sum_now, r);
	if (!outputs__want_metrics(o))
		return;
	if (!f->figures)
		f->figures = metrics__new();
	if (f->figures)
		metrics__add(f->figures, r, o->screen.top);
}

/* Who has ended since the round before is in this one for the last time, by itself. */
static void publish(struct follow *f)
{
	struct metrics_sum all = f->ended_sum;
	const struct report now = {.bytes = f->sum_now.bytes,
				   .count = f->sum_now.count,
				   .account = f->sum_now.account};
	const struct output *bad;
	int err;

	f->sum_now = (struct metrics_sum){0};
	if (!outputs__want_metrics(f->root->opts->outputs))
		return;
	metrics_sum__add(&all, &now);
	all.processes = 1 + f->n_seen + f->unnamed;
	if (f->figures) {
		metrics__add_sum(f->figures, f->root->pid, f->root->proc.comm, &all);
		err = outputs__publish(f->root->opts->outputs, f->figures, &bad);
		if (err) {
			trace__say(f->root, "cannot write %s: %s", bad->path, strerror(-err));
			f->root->file_failed = true;
		}
	}
	exposition__free(f->figures);
	f->figures = NULL;
}

void follow__report(struct follow *f)
{
	size_t i;

	for (i = 0; i < f->n && !f->root->output_broken; i++)
		trace__report(&f->kin[i]->t, false);
	publish(f);
}

int follow__show(struct follow *f, struct trace *t, const struct report *r, bool last)
{
	size_t number = f->root_number, i;
	struct outputs screen = *f->root->opts->outputs;

	for (i = 0; i < f->n; i++)
		if (&f->kin[i]->t == t)
			number = f->kin[i]->number;
	if (last && sum__add(f->sum, number, r))
		f->broken = true;
	add_figures(f, r, last);
	screen.n_files = 0; /* they get the sum */
	screen.listen = NULL;
	return trace__emit(f->root, &screen, r);
}

static void show_sum(struct follow *f)
{
	const struct trace *root = f->root;
	struct report_process *p = sum__at(f->sum, f->root_number);
	uint64_t lost = family__lost(f->family) + f->unnamed;
	struct report *r = NULL;
	char sentence[160];
	size_t i;

	if (p) {
		p->pid = root->pid;
		free(p->comm);
		p->comm = strdup(root->proc.comm);
		free(p->command);
		p->command = root->command ? strdup(root->command) : NULL;
		p->ended = root->ended;
	}
	if (f->broken || sum__report(f->sum, &r)) {
		trace__say(f->root, "no memory to add up the reports of all processes");
		f->root->file_failed = true;
		return;
	}
	r->pid = root->pid;
	r->comm = strdup(root->proc.comm);
	origin__fill(&r->origin, root->command);
	r->time = time(NULL);
	r->final = true;
	for (i = 0; i < r->n_processes; i++)
		r->partial |= r->processes[i].gap != NULL;
	if (lost) {
		r->partial = true;
		snprintf(sentence, sizeof(sentence),
			 "%llu processes or steps in their lives could not be followed: there may "
			 "be more than are listed",
			 (unsigned long long)lost);
		report__warn(r, sentence);
	}
	if (gate__judge(root->opts->gate, r))
		trace__say(f->root, "cannot judge the report: %s", strerror(ENOMEM));
	trace__emit(f->root, root->opts->outputs, r);
	report__free(r);
}

void follow__finish(struct follow *f)
{
	follow__serve(f);
	f->finishing = true;
	family__detach(f->family);
	follow__serve(f);
	while (f->n)
		finish(f, f->kin[0]);
	if (!f->root->output_broken)
		show_sum(f);
}

/* --- life cycle --- */

int follow__new(struct trace *root, struct follow **out)
{
	const struct model_opts *m = &root->opts->model;
	const struct sum_opts opts = {.sort = m->sort, .lost_first = m->lost_first};
	struct follow *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (!f)
		return err;
	f->root = root;
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->sum = sum__new(&opts);
	f->pool = pool__new();
	if (f->sum)
		f->root_number = sum__process(f->sum, root->pid, 0, root->proc.comm);
	if (f->epoll < 0)
		err = -errno;
	else if (f->sum && f->pool)
		err = family__new(root->pid, on_event, f, &f->family);
	if (!err) {
		watch(f, family__fd(f->family));
		*out = f;
		f = NULL;
	}
	follow__free(f);
	return err;
}

void follow__free(struct follow *f)
{
	if (!f)
		return;
	while (f->n)
		free_kin(f, f->kin[--f->n]);
	pool__free(f->pool);
	free(f->kin);
	free(f->seen);
	family__free(f->family);
	sum__free(f->sum);
	exposition__free(f->figures);
	if (f->epoll >= 0)
		close(f->epoll);
	free(f);
}

struct session *follow__take_session(struct follow *f)
{
	return pool__take(f->pool);
}

int follow__fd(const struct follow *f)
{
	return f->epoll;
}
