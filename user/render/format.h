/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format - numbers and ages as people read them. */
#ifndef RENDER_FORMAT_H
#define RENDER_FORMAT_H

#include <stdint.h>

#define FORMAT_NUMBER_SIZE 32
#define FORMAT_AGE_SIZE 64
#define FORMAT_BYTES_SIZE 40

/* 1234567 -> "1,234,567". Returns buf. */
const char *format__number(char buf[FORMAT_NUMBER_SIZE], uint64_t value);
/*
 * "0.5–9.5 s", "3 min–2 h"; one value when both ends read the same. Ages are cut, not rounded:
 * 1.99 s is "1.9 s". Returns buf.
 */
const char *format__age(char buf[FORMAT_AGE_SIZE], uint64_t from_ns, uint64_t to_ns);
/*
 * 43201331 -> "41.2 MiB"; below 1 KiB whole bytes: "312 B". Rounded to the nearest tenth, which is
 * never 1024.0 of a unit. Returns buf.
 */
const char *format__bytes(char buf[FORMAT_BYTES_SIZE], uint64_t bytes);
/* The same with its sign, "+41.2 MiB", "-312 B", "0 B". */
const char *format__bytes_delta(char buf[FORMAT_BYTES_SIZE], int64_t bytes);
#endif
