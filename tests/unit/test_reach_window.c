/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told through a window is what is there, whoever else asks, and nothing after an error. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "reach/window.h"

#define SIZE (4ULL << 20) /* 16 times what is at hand */
#define SIZE_ODD (SIZE - 4096)
#define READERS 4
#define LOOKS 20000

/* Bytes whose eight say where they are. */
struct source {
	uint64_t size, fails_at;
	int err;
	atomic_ulong reads, bytes;
};

static int read_source(uint64_t pos, uint8_t *to, size_t n, void *arg)
{
	struct source *s = arg;
	uint64_t i;

	CHECK(pos % 8 == 0 && n && n % 8 == 0 && pos + n <= s->size);
	s->reads++;
	s->bytes += n;
	if (s->err && pos <= s->fails_at && pos + n > s->fails_at)
		return s->err;
	for (i = 0; i < n; i += 8)
		memcpy(to + i, &(uint64_t){(pos + i) * 3 + 1}, 8);
	return 0;
}

static bool is_right(uint64_t pos, const uint8_t *at, uint64_t n)
{
	uint64_t i, word;

	for (i = 0; i < n; i += 8) {
		memcpy(&word, at + i, 8);
		if (word != (pos + i) * 3 + 1)
			return false;
	}
	return true;
}

static void from_end_to_end(void)
{
	struct source s = {.size = SIZE_ODD};
	struct window_slot *slot;
	struct window *w;
	uint64_t pos, n, turns = 0;
	const uint8_t *at;

	CHECK_EQ(window__new(s.size, 0, read_source, &s, &w), 0);
	for (pos = 0; pos < s.size; pos += n, turns++) {
		at = window__get(w, pos, &n, &slot);
		CHECK(at && n && pos + n <= s.size && is_right(pos, at, n));
		if (!at)
			break;
		window__put(w, slot);
	}
	CHECK_EQ(s.bytes, s.size); /* each once */
	CHECK_EQ(s.reads, turns);
	CHECK(!window__get(w, s.size, &n, &slot) && !slot);
	CHECK_EQ(window__error(w), 0);
	/* at the end of a piece less is at hand; what was just read is not read again */
	at = window__get(w, s.size - 8, &n, &slot);
	CHECK(at && n == 8 && is_right(s.size - 8, at, 8) && s.bytes == s.size);
	window__put(w, slot);
	window__free(w);
	window__free(NULL);
}

/* What is taken stays where it is, however much is read meanwhile. */
static void taken(void)
{
	struct source s = {.size = SIZE};
	struct window_slot *slot, *other;
	struct window *w;
	const uint8_t *at, *it;
	uint64_t n, m, pos;

	CHECK_EQ(window__new(s.size, WINDOW_MIN, read_source, &s, &w), 0);
	at = window__get(w, 64, &n, &slot);
	for (pos = 0; pos < s.size; pos += 4096) {
		it = window__get(w, pos, &m, &other);
		CHECK(it && is_right(pos, it, 8));
		window__put(w, other);
	}
	CHECK(at && is_right(64, at, n));
	window__put(w, slot);
	window__free(w);
}

struct reader {
	struct window *w;
	uint64_t seed, wrong;
	pthread_t thread;
};

static void *look(void *arg)
{
	struct reader *r = arg;
	struct window_slot *slot, *second;
	const uint8_t *at, *it;
	uint64_t i, pos, n, m;

	for (i = 0; i < LOOKS; i++) {
		r->seed = r->seed * 6364136223846793005ULL + 1442695040888963407ULL;
		pos = (r->seed >> 33) % (SIZE / 8) * 8;
		at = window__get(r->w, pos, &n, &slot);
		it = window__get(r->w, SIZE - 8 - pos, &m, &second);
		r->wrong += !at || !it;
		if (at)
			r->wrong += !is_right(pos, at, n < 64 ? n : 64);
		if (it)
			r->wrong += !is_right(SIZE - 8 - pos, it, 8);
		if (at)
			window__put(r->w, slot);
		if (it)
			window__put(r->w, second);
	}
	return NULL;
}

static void several_at_once(void)
{
	struct source s = {.size = SIZE};
	struct reader reader[READERS];
	struct window *w;
	int i;

	CHECK_EQ(window__new(s.size, 1, read_source, &s, &w), 0);
	for (i = 0; i < READERS; i++) {
		reader[i] = (struct reader){.w = w, .seed = (uint64_t)i};
		CHECK_EQ(pthread_create(&reader[i].thread, NULL, look, &reader[i]), 0);
	}
	for (i = 0; i < READERS; i++) {
		pthread_join(reader[i].thread, NULL);
		CHECK_EQ(reader[i].wrong, 0);
	}
	CHECK(s.bytes > SIZE);
	window__free(w);
}

/* The first error is the one, and the last read; so is being shut. */
static void errors(void)
{
	struct source s = {.size = SIZE, .fails_at = SIZE / 2, .err = -ESRCH};
	struct window_slot *slot;
	struct window *w;
	uint64_t n;

	CHECK_EQ(window__new(s.size, 0, read_source, &s, &w), 0);
	CHECK(window__get(w, 0, &n, &slot) != NULL);
	window__put(w, slot);
	CHECK(!window__get(w, SIZE / 2 + 8, &n, &slot) && !slot);
	CHECK_EQ(s.reads, 2);
	CHECK_EQ(window__error(w), -ESRCH);
	CHECK(!window__get(w, 0, &n, &slot)); /* though it is at hand */
	CHECK(!window__get(w, SIZE / 4, &n, &slot));
	CHECK_EQ(s.reads, 2);
	window__shut(w, -EPIPE);
	CHECK_EQ(window__error(w), -ESRCH);
	window__free(w);

	s.err = 0;
	CHECK_EQ(window__new(s.size, 0, read_source, &s, &w), 0);
	window__shut(w, -EPIPE);
	CHECK(!window__get(w, 0, &n, &slot));
	CHECK_EQ(window__error(w), -EPIPE);
	window__free(w);
}

int main(void)
{
	RUN(from_end_to_end);
	RUN(taken);
	RUN(several_at_once);
	RUN(errors);
	return check_done();
}
