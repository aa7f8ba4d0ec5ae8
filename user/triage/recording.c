/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/recording.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proc/procfile.h"
#include "triage/history.h"

#define VERSION "1"
#define MAX_NAME 128
#define MAX_TEXT (256u << 20)

void recording__begin(FILE *out)
{
	fputs(RECORDING_MAGIC VERSION "\n", out);
}

void recording__sample(FILE *out, double seconds)
{
	unsigned long long ns = (unsigned long long)(seconds * 1e9);

	/* By hand: printf would go by the locale. */
	fprintf(out, "sample %llu.%09llu\n", ns / 1000000000, ns % 1000000000);
}

void recording__file(FILE *out, const char *name, const char *text, size_t len)
{
	fprintf(out, "file %s %zu\n", name, len);
	fwrite(text, 1, len, out);
	fputc('\n', out);
}

void recording__end(FILE *out)
{
	fputs("end\n", out);
}

static bool read_seconds(struct span word, double *seconds)
{
	const char *dot = memchr(word.at, '.', span__len(word));
	struct span whole = {word.at, dot ? dot : word.end};
	struct span part = {dot ? dot + 1 : word.end, word.end};
	uint64_t s, ns = 0;

	if (!span__u64(whole, &s) || (dot && (span__len(part) != 9 || !span__u64(part, &ns))))
		return false;
	*seconds = (double)s + (double)ns / 1e9;
	return true;
}

struct reader {
	FILE *in;
	struct history *h;
	char *line, *text;
	size_t line_room, text_room, lines;
	bool in_sample;
	double last_time;
};

static int read_text(struct reader *r, struct span rest)
{
	struct span word;
	char name[MAX_NAME];
	uint64_t len;

	if (!r->in_sample || !span__word(&rest, &word) || span__len(word) >= sizeof(name) ||
	    !span__next_u64(&rest, &len) || len > MAX_TEXT)
		return -EBADMSG;
	span__copy(word, name, sizeof(name));
	if (len >= r->text_room) {
		char *grown = realloc(r->text, len + 1);

		if (!grown)
			return -ENOMEM;
		r->text = grown;
		r->text_room = len + 1;
	}
	if (fread(r->text, 1, len, r->in) != len || fgetc(r->in) != '\n')
		return feof(r->in) ? -ENODATA : -EBADMSG;
	r->text[len] = '\0';
	return history__take(r->h, name, r->text, len);
}

static int read_line(struct reader *r, struct span line)
{
	struct span word;
	double seconds;

	if (!span__word(&line, &word))
		return 0;
	if (span__is(word, "file"))
		return read_text(r, line);
	if (span__is(word, "end") && r->in_sample) {
		r->in_sample = false;
		return history__end_sample(r->h);
	}
	if (!span__is(word, "sample"))
		return 0;
	if (r->in_sample || !span__word(&line, &word) || !read_seconds(word, &seconds) ||
	    seconds <= r->last_time)
		return -EBADMSG;
	r->in_sample = true;
	r->last_time = seconds;
	return history__next_sample(r->h, seconds);
}

int recording__read(FILE *in, const char *first, struct history *h, size_t *line, bool *cut)
{
	struct span all = span__of(first, strlen(first)), magic;
	struct reader r = {.in = in, .h = h, .last_time = -1, .lines = 1};
	ssize_t n;
	int err = 0;

	*cut = false;
	if (!span__line(&all, &magic) || !span__is(magic, RECORDING_MAGIC VERSION))
		return -EINVAL;
	h->timed = true;
	while (!err && (n = getline(&r.line, &r.line_room, in)) > 0) {
		r.lines++;
		/* A line that was cut off says nothing: "file 12/sta" is no mistake. */
		if (r.line[n - 1] != '\n')
			break;
		err = read_line(&r, span__of(r.line, (size_t)n - 1));
	}
	*line = r.lines;
	*cut = r.in_sample;
	free(r.line);
	free(r.text);
	return err == -ENODATA ? 0 : err;
}
