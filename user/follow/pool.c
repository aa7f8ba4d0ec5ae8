/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "linkset.h"
#include "session.h"

#define MAX_THREADS 16

/* What is to be closed: a session, or links that one has left. */
struct entry {
	struct session *session; /* NULL: links */
	struct linkset links;
	struct entry *next;
};

struct pool {
	struct entry *idle; /* sessions that are as new; the caller's own */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct entry *waste;
	bool ending;
	pthread_t thread[MAX_THREADS];
	size_t n_threads, n_waiting; /* of them */
};

static void push(struct entry **list, struct entry *e)
{
	e->next = *list;
	*list = e;
}

static struct entry *pop(struct entry **list)
{
	struct entry *e = *list;

	if (e)
		*list = e->next;
	return e;
}

static void dispose(struct entry *e)
{
	session__free(e->session);
	linkset__close(&e->links);
	free(e);
}

/* Close what there is to close, until nothing more can come. */
static void *close_all(void *arg)
{
	struct pool *p = arg;
	struct entry *e;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		e = pop(&p->waste);
		if (e) {
			pthread_mutex_unlock(&p->lock);
			dispose(e);
			pthread_mutex_lock(&p->lock);
			continue;
		}
		if (p->ending)
			break;
		p->n_waiting++;
		pthread_cond_wait(&p->changed, &p->lock);
		p->n_waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void throw_away(struct pool *p, struct entry *e)
{
	pthread_mutex_lock(&p->lock);
	if (!p->n_waiting && p->n_threads < MAX_THREADS &&
	    !pthread_create(&p->thread[p->n_threads], NULL, close_all, p))
		p->n_threads++;
	if (p->n_threads) {
		push(&p->waste, e);
		e = NULL;
		pthread_cond_signal(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	if (e)
		dispose(e);
}

struct pool *pool__new(void)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	return p;
}

void pool__free(struct pool *p)
{
	struct entry *e;
	size_t i;

	if (!p)
		return;
	while ((e = pop(&p->idle)))
		throw_away(p, e);
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->n_threads; i++)
		pthread_join(p->thread[i], NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void pool__put(struct pool *p, struct session *s, bool reusable)
{
	struct entry *links = calloc(1, sizeof(*links)), *e = calloc(1, sizeof(*e));

	if (!links || !e) {
		session__free(s);
		free(links);
		free(e);
		return;
	}
	e->session = s;
	if (reusable && session__reset(s, &links->links)) {
		push(&p->idle, e);
		throw_away(p, links);
	} else {
		throw_away(p, e);
		free(links);
	}
}

struct session *pool__take(struct pool *p)
{
	struct entry *e = pop(&p->idle);
	struct session *s = e ? e->session : NULL;

	free(e);
	return s;
}
