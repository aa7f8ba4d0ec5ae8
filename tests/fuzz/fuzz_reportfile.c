/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reader of recordings, with what their gzip files hold. Whatever it takes can be
 * rendered in every format, recorded again as the same report, and compared. Inputs are tied to the
 * format by their first fields, which are put before them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "render/render.h"
#include "report/gzip.h"
#include "report/report.h"
#include "report/reportfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] = "\x0a\x15memleak-bpf recording\x10\x01";

static char *render(const struct renderer *renderer, const struct report *r, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out || renderer->emit(out, r, NULL) || fclose(out))
		abort();
	return text;
}

static void check_same(const struct report *a, const struct report *b)
{
	size_t n, m;
	char *x = render(&render_json, a, &n), *y = render(&render_json, b, &m);

	if (n != m || memcmp(x, y, n))
		abort();
	free(x);
	free(y);
}

static void record_again(const struct report *r)
{
	struct report *again = NULL;
	const char *why;
	size_t size;
	char *file = render(&render_save, r, &size);
	FILE *f = tmpfile();

	if (!f || fwrite(file, 1, size, f) != size || fflush(f) || lseek(fileno(f), 0, SEEK_SET))
		abort();
	if (reportfile__read(fileno(f), &again, &why))
		abort();
	check_same(r, again);
	report__free(again);
	fclose(f);
	free(file);
}

/* With nothing, in every format; with itself there is no difference. What a profile has only, holds
 * nothing and is no site of one. */
static void compare(const struct report *r)
{
	size_t n_sites = 0, k;
	static const struct report none;
	const struct render_opts opts = {.top = 3};
	struct diff *d = NULL;
	int i;

	for (k = 0; k < r->n_sites; k++)
		n_sites += r->sites[k].bytes || r->sites[k].count;
	if (diff__new(r, "a", r, "b", &d) || d->n_sites != n_sites ||
	    d->sum[DIFF_UNCHANGED].sites != n_sites)
		abort();
	diff__free(d);
	if (diff__new(&none, "a", r, "b", &d) || d->sum[DIFF_NEW_SITE].sites != n_sites)
		abort();
	for (i = 0; i < RENDER_N; i++) {
		diff_emit_fn emit = diff_render__find(i);
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		if (!out || (emit && emit(out, d, &opts)) || fclose(out))
			abort();
		free(text);
	}
	diff__free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report *r = NULL;
	const char *why;
	char *input = malloc(sizeof(head) - 1 + size);
	size_t n;
	int i;

	if (!input)
		return 0;
	memcpy(input, head, sizeof(head) - 1);
	memcpy(input + sizeof(head) - 1, data, size);
	if (!reportfile__parse(input, sizeof(head) - 1 + size, &r, &why)) {
		for (i = 0; i < RENDER_N; i++)
			free(render(renderer__at(i), r, &n));
		record_again(r);
		compare(r);
		report__free(r);
	} else if (r || !why) {
		abort();
	}
	free(input);
	return 0;
}
