/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * window - a long stretch of bytes of which only some are at hand: pieces of it are read when
 * somebody asks for them, and take the place of others. Several threads may ask at the same time.
 */
#ifndef REACH_WINDOW_H
#define REACH_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct window;
struct window_slot;

#define WINDOW_MIN (256ULL << 10) /* bytes */

/* Put the n bytes at pos into to. Returns 0 or negative errno. Called by several threads. */
typedef int (*window_read)(uint64_t pos, uint8_t *to, size_t n, void *arg);

/* Of size bytes, up to room are at hand (WINDOW_MIN at least). Returns 0 or -ENOMEM. */
int window__new(uint64_t size, uint64_t room, window_read read, void *arg, struct window **out);
void window__free(struct window *w);
/*
 * The bytes from pos on; *n: how many. They stay where they are until slot is put back: soon, and
 * of each thread no more than two at a time are taken. NULL: they cannot be read.
 */
const uint8_t *window__get(struct window *w, uint64_t pos, uint64_t *n, struct window_slot **slot);
void window__put(struct window *w, struct window_slot *slot);
/* What the first read that failed has returned: nothing was read after it. 0: none has. */
int window__error(struct window *w);
/* From now on, nothing is read: what was not would be of another moment. */
void window__shut(struct window *w, int err);
#endif
