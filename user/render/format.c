/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S 1000000000ULL

const char *format__number(char buf[FORMAT_NUMBER_SIZE], uint64_t value)
{
	char digits[24]; /* 2^64 has 20 */
	size_t n = snprintf(digits, sizeof(digits), "%" PRIu64, value), i;
	char *out = buf;

	for (i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

/* Each unit takes over at two of it, so that no age is off by more than half. */
static const char *one_age(char *buf, size_t size, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S;

	if (s < 2 * 60) {
		snprintf(buf, size, "%" PRIu64 ".%d", s, (int)(ns % NS_PER_S / (NS_PER_S / 10)));
		return "s";
	}
	if (s < 2 * 60 * 60) {
		snprintf(buf, size, "%" PRIu64, s / 60);
		return "min";
	}
	if (s < 2 * 24 * 60 * 60) {
		snprintf(buf, size, "%" PRIu64, s / (60 * 60));
		return "h";
	}
	snprintf(buf, size, "%" PRIu64, s / (24 * 60 * 60));
	return "d";
}

const char *format__age(char buf[FORMAT_AGE_SIZE], uint64_t from_ns, uint64_t to_ns)
{
	char from[24], to[24];
	const char *from_unit = one_age(from, sizeof(from), from_ns);
	const char *to_unit = one_age(to, sizeof(to), to_ns);

	if (strcmp(from_unit, to_unit) != 0)
		snprintf(buf, FORMAT_AGE_SIZE, "%s %s–%s %s", from, from_unit, to, to_unit);
	else if (strcmp(from, to) != 0)
		snprintf(buf, FORMAT_AGE_SIZE, "%s–%s %s", from, to, to_unit);
	else
		snprintf(buf, FORMAT_AGE_SIZE, "%s %s", to, to_unit);
	return buf;
}

const char *format__bytes(char buf[FORMAT_BYTES_SIZE], uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	uint64_t tenths, unit;
	int i = 0;

	if (bytes < 1024) {
		snprintf(buf, FORMAT_BYTES_SIZE, "%" PRIu64 " B", bytes);
		return buf;
	}
	for (;; i++) {
		unit = 1024ULL << 10 * i;
		/* no overflow: 10 * 2^60 < 2^64 */
		tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
		if (tenths < 10240 || !units[i + 1])
			break;
	}
	snprintf(buf, FORMAT_BYTES_SIZE, "%u.%u %ciB", (unsigned int)(tenths / 10),
		 (unsigned int)(tenths % 10), units[i]);
	return buf;
}

const char *format__bytes_delta(char buf[FORMAT_BYTES_SIZE], int64_t bytes)
{
	char plain[FORMAT_BYTES_SIZE];

	/* of INT64_MIN, too, unsigned arithmetic makes the amount */
	format__bytes(plain, bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes);
	*buf = bytes < 0 ? '-' : '+';
	memcpy(buf + (bytes != 0), plain, strlen(plain) + 1);
	return buf;
}
