/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/window.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * A page costs 1.4 us and 64 KiB 11, so that what is read from end to end takes 380 and 180 ms a
 * GiB. What is looked up here and there wants small ones: these are 230 ms and 3.5 us.
 */
#define PIECE (16ULL << 10)
#define NO_SLOT 0 /* in slot_of: numbers are 1 more */

struct window_slot {
	uint64_t piece;
	unsigned int taken; /* by so many */
	bool holds, is_being_read;
	bool used; /* since the hand came by */
};

struct window {
	uint64_t size;
	window_read read;
	void *arg;
	uint8_t *bytes; /* of all slots */
	struct window_slot *slot;
	uint32_t n_slots, hand;
	uint32_t *slot_of; /* by piece */
	int err;
	pthread_mutex_t lock;
	pthread_cond_t is_read;
};

int window__new(uint64_t size, uint64_t room, window_read read, void *arg, struct window **out)
{
	struct window *w = calloc(1, sizeof(*w));
	uint64_t n_pieces = (size + PIECE - 1) / PIECE;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->is_read, NULL);
	if (room < WINDOW_MIN)
		room = WINDOW_MIN;
	if (room / PIECE > UINT32_MAX / 2)
		room = UINT32_MAX / 2 * PIECE;
	w->size = size;
	w->read = read;
	w->arg = arg;
	w->n_slots = room / PIECE;
	w->bytes = malloc(w->n_slots * PIECE);
	w->slot = calloc(w->n_slots, sizeof(*w->slot));
	w->slot_of = calloc(n_pieces + 1, sizeof(*w->slot_of));
	if (!w->bytes || !w->slot || !w->slot_of) {
		window__free(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

void window__free(struct window *w)
{
	if (!w)
		return;
	pthread_cond_destroy(&w->is_read);
	pthread_mutex_destroy(&w->lock);
	free(w->bytes);
	free(w->slot);
	free(w->slot_of);
	free(w);
}

static uint8_t *bytes_of(const struct window *w, const struct window_slot *s)
{
	return w->bytes + (uint64_t)(s - w->slot) * PIECE;
}

/*
 * One that nobody has used since the hand came by (Corbató, A Paging Experiment with the Multics
 * System, 1968). There is one: at most two slots are taken by each thread.
 */
static struct window_slot *make_room(struct window *w)
{
	struct window_slot *s;

	for (;;) {
		s = &w->slot[w->hand];
		w->hand = (w->hand + 1) % w->n_slots;
		if (s->taken || s->is_being_read)
			continue;
		if (!s->used)
			break;
		s->used = false;
	}
	if (s->holds)
		w->slot_of[s->piece] = NO_SLOT;
	s->holds = false;
	return s;
}

/* With the lock, which is open while it reads. */
static int fill(struct window *w, struct window_slot *s, uint64_t piece)
{
	uint64_t n = w->size - piece * PIECE;
	int err;

	s->piece = piece;
	s->holds = s->is_being_read = true;
	w->slot_of[piece] = (uint32_t)(s - w->slot) + 1;
	pthread_mutex_unlock(&w->lock);
	err = w->read(piece * PIECE, bytes_of(w, s), n < PIECE ? n : PIECE, w->arg);
	pthread_mutex_lock(&w->lock);
	s->is_being_read = false;
	if (err) {
		s->holds = false;
		w->slot_of[piece] = NO_SLOT;
		if (!w->err)
			w->err = err;
	}
	pthread_cond_broadcast(&w->is_read);
	return err;
}

const uint8_t *window__get(struct window *w, uint64_t pos, uint64_t *n, struct window_slot **slot)
{
	uint64_t piece = pos / PIECE, end = (piece + 1) * PIECE;
	struct window_slot *s = NULL;

	pthread_mutex_lock(&w->lock);
	while (!w->err && pos < w->size) {
		if (w->slot_of[piece] == NO_SLOT) {
			s = make_room(w);
			if (fill(w, s, piece))
				s = NULL;
			break;
		}
		s = &w->slot[w->slot_of[piece] - 1];
		if (!s->is_being_read)
			break;
		pthread_cond_wait(&w->is_read, &w->lock);
		s = NULL; /* another piece may be there by now */
	}
	if (s) {
		s->taken++;
		s->used = true;
	}
	pthread_mutex_unlock(&w->lock);
	*slot = s;
	if (!s)
		return NULL;
	*n = (end < w->size ? end : w->size) - pos;
	return bytes_of(w, s) + pos % PIECE;
}

void window__put(struct window *w, struct window_slot *slot)
{
	pthread_mutex_lock(&w->lock);
	slot->taken--;
	pthread_mutex_unlock(&w->lock);
}

int window__error(struct window *w)
{
	int err;

	pthread_mutex_lock(&w->lock);
	err = w->err;
	pthread_mutex_unlock(&w->lock);
	return err;
}

void window__shut(struct window *w, int err)
{
	pthread_mutex_lock(&w->lock);
	if (!w->err)
		w->err = err;
	pthread_mutex_unlock(&w->lock);
}
