/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status - one line that says what goes on while a terminal waits for the next report. */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct session;

struct status {
	FILE *out;
	bool is_terminal;
	bool shown;
	uint64_t shown_ns; /* when, CLOCK_MONOTONIC */
};

void status__init(struct status *s, FILE *out);
/* next_ns: when the next report is due (CLOCK_MONOTONIC), UINT64_MAX: at the end. */
void status__show(struct status *s, const struct session *session, uint64_t start_ns,
		  uint64_t next_ns);
/*
 * The line, cut to the terminal's width: of one that goes on in the next line, what is in the first
 * would stay at each change. Plain characters only.
 */
void status__write(struct status *s, const char *line);
/* Remove the line before something else is printed. */
void status__clear(struct status *s);
#endif
