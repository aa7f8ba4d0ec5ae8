/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/bars.h"

#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "render/render.h"

#define EIGHTHS 8
#define MIN_COLUMNS 40
#define NO_TERMINAL_COLUMNS 100
#define MAX_COLUMNS 1000

unsigned int bars__columns(FILE *out)
{
	struct winsize size;
	int fd = fileno(out);

	/* a memory stream has no descriptor */
	if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return NO_TERMINAL_COLUMNS;
	if (size.ws_col < MIN_COLUMNS)
		return MIN_COLUMNS;
	return size.ws_col > MAX_COLUMNS ? MAX_COLUMNS : size.ws_col;
}

/* SGR sequences, console_codes(4); 38;5;N is xterm's, understood wherever there are 256 colours. */
void bars__begin(FILE *out, bool color, enum hue hue)
{
	if (color)
		fprintf(out, "\033[38;5;%um", palette[hue].xterm);
}

void bars__bold(FILE *out, bool color)
{
	if (color)
		fputs("\033[1m", out);
}

void bars__dim(FILE *out, bool color)
{
	if (color)
		fputs("\033[2m", out);
}

void bars__end(FILE *out, bool color)
{
	if (color)
		fputs("\033[0m", out);
}

static double clamp(double share)
{
	if (!(share > 0)) /* NAN as well */
		return 0;
	return share < 1 ? share : 1;
}

static void repeat(FILE *out, const char *s, unsigned int n)
{
	while (n--)
		fputs(s, out);
}

void bars__bar(FILE *out, bool color, enum hue hue, double share, unsigned int width)
{
	static const char *const parts[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	unsigned int eighths = lround(clamp(share) * width * EIGHTHS), full, part;

	if (!eighths && share > 0 && width)
		eighths = 1;
	full = eighths / EIGHTHS;
	part = eighths % EIGHTHS;
	if (eighths)
		bars__begin(out, color, hue);
	repeat(out, "█", full);
	fputs(parts[part], out);
	if (eighths)
		bars__end(out, color);
	repeat(out, " ", width - full - (part != 0));
}

void bars__stack(FILE *out, bool color, const struct bars_part *parts, size_t n, unsigned int width)
{
	char letter[2] = "";
	unsigned int at = 0;
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned int end;

		if (!(parts[i].share > 0))
			continue;
		sum += parts[i].share;
		end = lround(clamp(sum) * width);
		if (end <= at)
			continue;
		letter[0] = parts[i].letter;
		bars__begin(out, color, parts[i].hue);
		repeat(out, color ? "█" : letter, end - at);
		bars__end(out, color);
		at = end;
	}
	repeat(out, " ", width - at);
}

void bars__spark(FILE *out, const double *values, size_t n)
{
	static const char *const levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	const int top = sizeof(levels) / sizeof(*levels) - 1;
	double low = INFINITY, high = -INFINITY;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!isfinite(values[i]))
			continue;
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	for (i = 0; i < n; i++) {
		if (!isfinite(values[i]))
			fputc(' ', out);
		else if (high > low)
			fputs(levels[lround((values[i] - low) / (high - low) * top)], out);
		else
			fputs(levels[0], out);
	}
}

/* Bytes of the character at s; it is valid UTF-8, as render__escape writes. */
static size_t character(const char *s)
{
	size_t n = 1;

	while ((s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static size_t skip(const char *s, size_t characters)
{
	size_t at = 0;

	while (characters-- && s[at])
		at += character(s + at);
	return at;
}

void bars__field(FILE *out, const char *s, unsigned int width, bool right)
{
	char *text = NULL;
	size_t size = 0, n = 0, at, head;
	FILE *mem = open_memstream(&text, &size);

	if (mem) {
		render__escape(mem, s);
		if (fclose(mem)) {
			free(text);
			text = NULL;
		}
	}
	if (!text)
		size = 0;
	for (at = 0; at < size; at += character(text + at))
		n++;
	if (right && n < width)
		repeat(out, " ", width - n);
	if (n <= width) {
		fwrite(text ? text : "", 1, size, out);
	} else if (width) {
		/* names differ at their ends more often than at their starts */
		head = (width - 1) / 3;
		fwrite(text, 1, skip(text, head), out);
		fputs("…", out);
		fputs(text + skip(text, n - (width - 1 - head)), out);
	}
	if (!right && n < width)
		repeat(out, " ", width - n);
	free(text);
}
