/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "render/format.h"
#include "session.h"

#define MIN_INTERVAL_NS 200000000ULL

void status__init(struct status *s, FILE *out)
{
	s->out = out;
	s->is_terminal = isatty(fileno(out)) && isatty(STDOUT_FILENO);
	s->shown = false;
}

void status__write(struct status *s, const char *line)
{
	struct winsize size;
	int columns = 80;

	if (!ioctl(fileno(s->out), TIOCGWINSZ, &size) && size.ws_col)
		columns = size.ws_col;
	/* the last column stays free: some terminals go to the next line with it */
	fprintf(s->out, "\r\033[K%.*s", columns - 1, line);
	fflush(s->out);
	s->shown = true;
}

void status__show(struct status *s, const struct session *session, uint64_t start_ns,
		  uint64_t next_ns)
{
	struct session_stats stats;
	char seen[FORMAT_NUMBER_SIZE], freed[FORMAT_NUMBER_SIZE];
	char line[128 + 2 * FORMAT_NUMBER_SIZE];
	struct timespec t;
	int n;
	uint64_t now;

	if (!s->is_terminal)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * 1000000000ULL + t.tv_nsec;
	if (s->shown && now - s->shown_ns < MIN_INTERVAL_NS)
		return; /* called for each event */
	s->shown_ns = now;
	session__stats(session, &stats);
	n = snprintf(line, sizeof(line), "%llu s, %s allocations, %s frees seen; ",
		     (unsigned long long)((now - start_ns) / 1000000000),
		     format__number(seen, session__seen(&stats) + stats.sum[STAT_UNSAMPLED]),
		     format__number(freed, stats.sum[STAT_FREED]));
	if (next_ns == UINT64_MAX)
		snprintf(line + n, sizeof(line) - n, "report at the end, or at Ctrl-C");
	else
		snprintf(line + n, sizeof(line) - n,
			 "next report in %llu s, Ctrl-C: report and stop",
			 (unsigned long long)(next_ns > now
						      ? (next_ns - now + 999999999) / 1000000000
						      : 0));
	status__write(s, line);
}

void status__clear(struct status *s)
{
	if (!s->shown)
		return;
	fputs("\r\033[K", s->out);
	fflush(s->out);
	s->shown = false;
}
