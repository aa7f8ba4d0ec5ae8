/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exposition - numbers with labels, written as Prometheus and its relatives read them:
 *
 *	text		Prometheus' text format 0.0.4, which node_exporter's textfile collector
 *reads, too: https://prometheus.io/docs/instrumenting/exposition_formats/ OpenMetrics	1.0.0:
 *https://prometheus.io/docs/specs/om/open_metrics_spec/
 *
 * All samples of a family have to stand together, wherever they come from, and no two of them may
 * have the same labels: readers refuse the whole text otherwise. Both is seen to here.
 */
#ifndef RENDER_EXPOSITION_H
#define RENDER_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum exposition_format {
	EXPOSITION_TEXT,
	EXPOSITION_OPENMETRICS,
	EXPOSITION_FORMATS
};

enum exposition_type {
	EXPOSITION_GAUGE,
	EXPOSITION_COUNTER, /* its samples' names end in _total */
	EXPOSITION_INFO,    /* its one value is 1, its name ends in _info */
};

struct exposition_family {
	const char *name; /* without these ends; a unit is its last word */
	enum exposition_type type;
	const char *help; /* a sentence without stop, quotes or backslashes */
};

/* Longer values of labels are cut to so many bytes and "…": C++ knows names of many thousands. */
#define EXPOSITION_MAX_LABEL 200

struct exposition;

/* families stay the caller's, and have to stay. NULL: no memory. */
struct exposition *exposition__new(const struct exposition_family *families, size_t n);
void exposition__free(struct exposition *e);
/*
 * Write name="value" as it stands between braces, behind a comma if it is not the first. What could
 * harm whoever looks at it, or is no UTF-8, stands as \xNN; no label at all for NULL and "", which
 * mean the same to readers.
 */
void exposition__label(FILE *out, const char *name, const char *value);
/*
 * A sample of a family, a number below the n above. labels: what exposition__label has written, or
 * "". Those with the labels of an earlier one are added to that. If there is no memory, it is
 * exposition__write that says so.
 */
void exposition__add(struct exposition *e, size_t family, const char *labels, uint64_t value);
void exposition__add_signed(struct exposition *e, size_t family, const char *labels, int64_t value);
/* The larger one stays. */
void exposition__add_real(struct exposition *e, size_t family, const char *labels, double value);
/* Returns 0 or negative errno; errors of out are its owner's to look for. */
int exposition__write(const struct exposition *e, enum exposition_format format, FILE *out);
#endif
