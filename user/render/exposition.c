/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/exposition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/render.h"
#include "report/hashidx.h"

enum number {
	UNSIGNED,
	SIGNED,
	REAL
};

struct sample {
	char *labels;
	enum number number;
	union {
		uint64_t u;
		int64_t i;
		double real;
	} value;
};

struct samples {
	struct sample *at;
	size_t n, max;
	struct hashidx by_labels;
};

struct exposition {
	const struct exposition_family *families;
	struct samples *samples; /* of each */
	size_t n;
	uint64_t seed;
	int err;
};

struct exposition *exposition__new(const struct exposition_family *families, size_t n)
{
	struct exposition *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->families = families;
	e->n = n;
	e->seed = hashidx__seed();
	e->samples = calloc(n ? n : 1, sizeof(*e->samples));
	if (!e->samples) {
		free(e);
		return NULL;
	}
	return e;
}

void exposition__free(struct exposition *e)
{
	size_t i, k;

	if (!e)
		return;
	for (i = 0; i < e->n; i++) {
		for (k = 0; k < e->samples[i].n; k++)
			free(e->samples[i].at[k].labels);
		free(e->samples[i].at);
		hashidx__clear(&e->samples[i].by_labels);
	}
	free(e->samples);
	free(e);
}

/* One character as both formats have it in a value, a backslash being two. Returns its bytes. */
static size_t escape(FILE *out, const char *s)
{
	uint32_t code;
	size_t n = render__decode(s, &code), i;

	if (n && (code == '"' || code == '\\')) {
		fputc('\\', out);
		fputc((int)code, out);
	} else if (n && code == '\n') {
		fputs("\\n", out);
	} else if (n && !render__is_unsafe(code)) {
		fwrite(s, 1, n, out);
	} else {
		n += !n;
		for (i = 0; i < n; i++)
			fprintf(out, "\\\\x%02x", (unsigned char)s[i]);
	}
	return n;
}

void exposition__label(FILE *out, const char *name, const char *value)
{
	size_t n = 0;

	if (!value || !*value)
		return;
	fprintf(out, "%s%s=\"", ftell(out) > 0 ? "," : "", name);
	while (n < EXPOSITION_MAX_LABEL && value[n])
		n += escape(out, value + n);
	fputs(value[n] ? "…\"" : "\"", out);
}

static bool same_labels(const void *ctx, uint32_t idx, const void *key)
{
	const struct samples *s = ctx;

	return !strcmp(s->at[idx].labels, key);
}

/* The sample of these labels, a new one has no value yet. NULL: no memory. */
static struct sample *get_sample(struct exposition *e, size_t family, const char *labels,
				 enum number number)
{
	struct samples *s = &e->samples[family];
	uint64_t hash = hashidx__string(e->seed, labels);
	uint32_t idx = hashidx__find(&s->by_labels, hash, same_labels, s, labels);
	struct sample *grown;
	char *copy;

	if (idx != HASHIDX_NONE)
		return &s->at[idx];
	if (s->n == s->max) {
		grown = reallocarray(s->at, s->max ? 2 * s->max : 4, sizeof(*grown));
		if (!grown)
			goto no_memory;
		s->at = grown;
		s->max = s->max ? 2 * s->max : 4;
	}
	copy = strdup(labels);
	if (!copy || hashidx__reserve(&s->by_labels)) {
		free(copy);
		goto no_memory;
	}
	hashidx__put(&s->by_labels, hash, s->n);
	s->at[s->n] = (struct sample){.labels = copy, .number = number};
	return &s->at[s->n++];

no_memory:
	e->err = -ENOMEM;
	return NULL;
}

void exposition__add(struct exposition *e, size_t family, const char *labels, uint64_t value)
{
	struct sample *s = get_sample(e, family, labels, UNSIGNED);

	if (s && __builtin_add_overflow(s->value.u, value, &s->value.u))
		s->value.u = UINT64_MAX;
}

void exposition__add_signed(struct exposition *e, size_t family, const char *labels, int64_t value)
{
	struct sample *s = get_sample(e, family, labels, SIGNED);

	if (s && __builtin_add_overflow(s->value.i, value, &s->value.i))
		s->value.i = value < 0 ? INT64_MIN : INT64_MAX;
}

void exposition__add_real(struct exposition *e, size_t family, const char *labels, double value)
{
	struct sample *s = get_sample(e, family, labels, REAL);

	if (s && value > s->value.real)
		s->value.real = value;
}

/* What OpenMetrics wants to be told again. */
static const char *unit_of(const char *name)
{
	static const char *const units[] = {"bytes", "seconds", "ratio"};
	const char *last = strrchr(name, '_');
	size_t i;

	for (i = 0; last && i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(last + 1, units[i]))
			return units[i];
	return NULL;
}

static void write_sample(FILE *out, const char *name, const char *end, const struct sample *s)
{
	fprintf(out, "%s%s", name, end);
	if (*s->labels)
		fprintf(out, "{%s}", s->labels);
	if (s->number == UNSIGNED)
		fprintf(out, " %" PRIu64 "\n", s->value.u);
	else if (s->number == SIGNED)
		fprintf(out, " %" PRId64 "\n", s->value.i);
	else
		fprintf(out, " %.15g\n", s->value.real);
}

static void write_family(FILE *out, const struct exposition_family *f, const struct samples *s,
			 enum exposition_format format)
{
	static const char *const types[][EXPOSITION_FORMATS] = {
		[EXPOSITION_GAUGE] = {"gauge", "gauge"},
		[EXPOSITION_COUNTER] = {"counter", "counter"},
		[EXPOSITION_INFO] = {"gauge", "info"},
	};
	static const char *const ends[] = {
		[EXPOSITION_GAUGE] = "",
		[EXPOSITION_COUNTER] = "_total",
		[EXPOSITION_INFO] = "_info",
	};
	bool open = format == EXPOSITION_OPENMETRICS;
	const char *end = ends[f->type], *unit = unit_of(f->name), *of_family = open ? "" : end;
	size_t i;

	fprintf(out, "# HELP %s%s %s.\n", f->name, of_family, f->help);
	fprintf(out, "# TYPE %s%s %s\n", f->name, of_family, types[f->type][format]);
	if (open && unit)
		fprintf(out, "# UNIT %s %s\n", f->name, unit);
	for (i = 0; i < s->n; i++)
		write_sample(out, f->name, end, &s->at[i]);
}

int exposition__write(const struct exposition *e, enum exposition_format format, FILE *out)
{
	size_t i;

	if (e->err)
		return e->err;
	for (i = 0; i < e->n; i++)
		if (e->samples[i].n)
			write_family(out, &e->families[i], &e->samples[i], format);
	if (format == EXPOSITION_OPENMETRICS)
		fputs("# EOF\n", out);
	return 0;
}
