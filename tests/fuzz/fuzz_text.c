/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes small readers of text, told apart by the first byte: 'm' is a /proc/PID/maps, 'x' an
 * expression of --fail-on, 's' a suppressions file. What is accepted must keep the promises of the
 * headers, and what is refused must say where and why.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/gate_report.h"
#include "gate/expr.h"
#include "gate/suppress.h"
#include "target/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_maps(const uint8_t *data, size_t size)
{
	size_t bad, lines = 0, path_bytes = 0;
	struct maps maps;

	if (maps__parse((const char *)data, size, &maps, &bad))
		return;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || i == size - 1;
	if (maps.n + bad != lines)
		abort();
	for (size_t i = 0; i < maps.n; i++) {
		const struct mapping *m = &maps.map[i];

		if (m->start >= m->end || m->offset + (m->end - m->start) < m->offset)
			abort();
		if (i && maps.map[i - 1].start > m->start)
			abort();
		if (m->deleted && !m->inode)
			abort();
		if (!m->path || strlen(m->path) > size)
			abort();
		path_bytes += strlen(m->path);
		/* With overlapping mappings, another one may be found. */
		if (!maps__find(&maps, m->start))
			abort();
	}
	if (path_bytes > size)
		abort();
	maps__clear(&maps);
}

/* An expression that joins two is as strong as the stronger, or the weaker, of them. */
static void check_joins(const char *text, enum gate_state state, const struct expr_figures *now,
			const struct expr_figures *base)
{
	static const char *const more[] = {"%s || count >= 0", "%s || count < 0"};
	enum gate_state wanted[] = {GATE_FAIL, state};
	char joined[EXPR_MAX_LENGTH + 32];
	enum expr_quantity decisive;
	struct expr_error error;
	struct expr *e;

	for (int i = 0; i < 2; i++) {
		snprintf(joined, sizeof(joined), more[i], text);
		if (expr__parse(joined, &e, &error))
			continue; /* too long, or too many */
		if (expr__judge(e, now, base, &decisive) != wanted[i])
			abort();
		expr__free(e);
	}
}

static void fuzz_expr(const char *text)
{
	struct expr_figures now = {.value = {1, 2, 3000000, 40, 5, UINT64_MAX, 0},
				   .known = {true, true, true, true, true, true, true}};
	struct expr_figures base = now, unknown = {0};
	enum expr_quantity decisive;
	struct expr_error error;
	enum gate_state state;
	struct expr *e;

	base.value[EXPR_BYTES] = UINT64_MAX;
	if (expr__parse(text, &e, &error)) {
		if (e || error.at > strlen(text) || !error.text[0])
			abort();
		return;
	}
	state = expr__judge(e, &now, &base, &decisive);
	if (state != GATE_PASS && state != GATE_FAIL)
		abort();
	check_joins(text, state, &now, &base);
	if (expr__judge(e, &unknown, &base, &decisive) != GATE_UNSURE ||
	    decisive >= EXPR_QUANTITIES)
		abort();
	if (!expr__needs_baseline(e) && expr__judge(e, &now, NULL, &decisive) != state)
		abort();
	expr__free(e);
}

/* Whatever the entries are: nothing is suppressed twice, and all of it is on some entry's account.
 */
static void fuzz_suppress(const char *text, size_t size)
{
	struct suppressions *s = suppressions__new();
	struct suppress_error error = {0};
	struct report_site sites[GATE_SITES];
	struct report r = gate_report(sites);
	uint64_t bytes = 0, count = 0;
	struct report_gate g = {0};

	if (!s)
		return;
	if (suppressions__parse(s, "fuzz", text, size, &error) && !error.text[0])
		abort();
	if (size % 2)
		gate_report__judge(&r);
	for (size_t i = 0; i < GATE_SITES; i++) {
		suppressions__mark(s, &r, &sites[i]);
		if (sites[i].suppressed.bytes > sites[i].bytes ||
		    sites[i].suppressed.count > sites[i].count ||
		    !sites[i].suppressor != !sites[i].suppressed.count)
			abort();
		bytes += sites[i].suppressed.bytes;
		count += sites[i].suppressed.count;
	}
	if (suppressions__list(s, &g))
		abort();
	for (size_t i = 0; i < g.n_suppressions; i++) {
		bytes -= g.suppressions[i].bytes;
		count -= g.suppressions[i].count;
	}
	if (bytes || count)
		abort();
	report_gate__clear(&g);
	suppressions__free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	if (data[0] == 'm') {
		fuzz_maps(data + 1, size - 1);
		return 0;
	}
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 'x')
		fuzz_expr(text);
	else if (data[0] == 's')
		fuzz_suppress(text, size - 1);
	free(text);
	return 0;
}
