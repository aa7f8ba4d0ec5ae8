/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/say.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/source.h"
#include "render/format.h"
#include "render/words.h"
#include "report/report.h"

char *say__meaning(const struct report *r)
{
	char *text = NULL;

	if (r->reach.wanted && r->reach.why_not[0]) {
		if (asprintf(&text, "blocks could not be judged: %s", r->reach.why_not) < 0)
			return NULL;
		return text;
	}
	if (r->reach.wanted)
		return strdup("definitely or indirectly lost");
	if (r->target_ended)
		return strdup("outstanding when the program ended");
	return strdup("the program still ran, and its blocks were not judged by --reach");
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void leaked(FILE *out, const struct report *r)
{
	const struct report_gate *g = &r->gate;
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], sites[FORMAT_NUMBER_SIZE];
	char human[FORMAT_BYTES_SIZE];

	if (!g->leaked_known) {
		fprintf(out, "what has leaked is not known: %s", g->meaning);
		return;
	}
	if (!g->leaked.count) {
		fprintf(out, "nothing has leaked (%s)", g->meaning);
		return;
	}
	fprintf(out, "%s %s%s leak%s ", format__number(sites, g->leaking_sites),
		words__site_name(r), plural(g->leaking_sites), g->leaking_sites == 1 ? "s" : "");
	if (g->leaked.bytes >= 1024)
		fprintf(out, "%s, ", format__bytes(human, g->leaked.bytes));
	fprintf(out, "%s byte%s in %s block%s (%s)", format__number(bytes, g->leaked.bytes),
		plural(g->leaked.bytes), format__number(count, g->leaked.count),
		plural(g->leaked.count), g->meaning);
}

static void growth(FILE *out, uint64_t now, uint64_t base)
{
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];
	double change = 100.0 * ((double)now - (double)base);

	fprintf(out, "outstanding bytes went from %s to %s", format__number(a, base),
		format__number(b, now));
	if (base)
		fprintf(out, " (%+.1f %%)", change / (double)base);
}

static void figure(FILE *out, const struct report *r, enum expr_quantity q,
		   const struct expr_figures *now)
{
	char n[FORMAT_NUMBER_SIZE];
	uint64_t value = now->value[q];

	format__number(n, value);
	switch (q) {
	case EXPR_BYTES:
		fprintf(out, "%s byte%s outstanding", n, plural(value));
		break;
	case EXPR_COUNT:
		fprintf(out, "%s block%s outstanding", n, plural(value));
		break;
	case EXPR_STACKS:
		fprintf(out, "blocks of %s %s%s outstanding", n, words__site_name(r),
			plural(value));
		break;
	default: /* EXPR_ALLOCS */
		fprintf(out, "%s allocation%s made", n, plural(value));
	}
}

char *say__why(const struct report *r, enum expr_quantity q, const struct expr_figures *now,
	       const struct expr_figures *base, const char *doubt)
{
	char *text = NULL, n[FORMAT_NUMBER_SIZE];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (q == EXPR_GROWTH)
		growth(out, now->value[EXPR_BYTES], base->value[EXPR_BYTES]);
	else if (q == EXPR_LEAKED || q == EXPR_LEAKS)
		leaked(out, r);
	else
		figure(out, r, q, now);
	if (q != EXPR_GROWTH && base && base->known[q])
		fprintf(out, "; %s in the baseline", format__number(n, base->value[q]));
	else if (q != EXPR_GROWTH && base)
		fputs("; of the baseline it is not known what had leaked", out);
	if (doubt)
		fprintf(out, ", but %s", doubt);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* The site that has leaked most, or what is not suppressed holds most. */
static const struct report_site *worst(const struct report *r, bool by_leak)
{
	const struct report_site *best = NULL;
	uint64_t most = 0, bytes;
	size_t i;

	for (i = 0; i < r->n_sites; i++) {
		const struct report_site *s = &r->sites[i];

		if (by_leak ? !s->leaked.count : s->suppressed.count == s->count)
			continue;
		bytes = by_leak ? s->leaked.bytes : s->bytes - s->suppressed.bytes;
		if (!best || bytes > most) {
			best = s;
			most = bytes;
		}
	}
	return best;
}

/* What a stack is best told by. */
static void place(FILE *out, const struct report_site *site)
{
	const struct report_frame *f = source__frame(site, NULL);
	char buf[WORDS_SIZE];

	if (f && f->function && f->file)
		fprintf(out, "%s (%s:%d)", f->function, f->file, f->line);
	else
		fputs(words__site(buf, site), out);
}

static const struct report_condition *first(const struct report_gate *g, size_t *n)
{
	const struct report_condition *c = NULL;
	size_t i;

	*n = 0;
	for (i = 0; i < g->n_conditions; i++) {
		if (g->conditions[i].state != g->state)
			continue;
		if (!c)
			c = &g->conditions[i];
		++*n;
	}
	return c;
}

char *say__verdict(const struct report *r)
{
	static const char *const words[GATE_STATES] = {"", "PASS", "UNSURE", "FAIL"};
	const struct report_gate *g = &r->gate;
	const struct report_condition *c;
	const struct report_site *site;
	char *text = NULL, bytes[FORMAT_NUMBER_SIZE];
	bool by_leak = g->leaked_known && g->leaked.count;
	size_t size, n;
	FILE *out;

	c = first(g, &n);
	out = c ? open_memstream(&text, &size) : NULL;
	if (!out)
		return NULL;
	fprintf(out, "%s: %s", words[g->state], c->expression);
	switch (g->state) {
	case GATE_FAIL:
		fprintf(out, ": %s", c->why);
		site = worst(r, by_leak);
		if (site) {
			fputs("; worst: ", out);
			place(out, site);
			fprintf(out, ", %s bytes",
				format__number(bytes,
					       by_leak ? site->leaked.bytes
						       : site->bytes - site->suppressed.bytes));
		}
		if (n > 1)
			fprintf(out, "; and %zu more condition%s", n - 1, plural(n - 1));
		break;
	case GATE_UNSURE:
		fprintf(out, " may hold: %s", c->why);
		break;
	default:
		fprintf(out, " does not hold: %s", c->why);
		if (n > 1)
			fprintf(out, "; nor do%s %zu other condition%s", n > 2 ? "" : "es", n - 1,
				plural(n - 1));
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
