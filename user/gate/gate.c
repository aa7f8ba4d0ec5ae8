/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caret.h"
#include "gate/expr.h"
#include "gate/figures.h"
#include "gate/say.h"
#include "gate/suppress.h"
#include "render/render.h"
#include "report/report.h"
#include "report/reportfile.h"

#define EXIT_USAGE 2

struct gate {
	const struct gate_opts *opts;
	struct expr *exprs[GATE_MAX_VALUES];
	struct suppressions *suppressions; /* NULL: there are no files */
	struct report *baseline;	   /* NULL: none */
	struct expr_figures base;
	enum gate_state state; /* of the last report */
	char *refused;	       /* why there was nothing to compare with; NULL: there was */
};

bool gate_opts__any(const struct gate_opts *opts)
{
	return opts->n_fail_on || opts->n_suppressions || opts->baseline;
}

static int parse_conditions(struct gate *g, FILE *err)
{
	const struct gate_opts *o = g->opts;
	struct expr_error error;
	size_t i;
	int ret;

	for (i = 0; i < o->n_fail_on; i++) {
		ret = expr__parse(o->fail_on[i], &g->exprs[i], &error);
		if (ret) {
			fputs("memleak-bpf: option --fail-on: ", err);
			caret__print(err, error.text, o->fail_on[i], error.at);
			return ret;
		}
		if (!expr__needs_baseline(g->exprs[i]) || o->baseline)
			continue;
		fprintf(err, "memleak-bpf: --fail-on compares with a baseline: give it as "
			     "--baseline FILE, recorded by --save\n");
		return -EINVAL;
	}
	return 0;
}

static void cannot_read(FILE *err, const char *path, const char *why)
{
	fputs("memleak-bpf: cannot read ", err);
	render__escape(err, path);
	fprintf(err, ": %s\n", why);
}

static int read_suppressions(struct gate *g, FILE *err)
{
	struct suppress_error error = {0};
	size_t i;
	int ret;

	if (!g->opts->n_suppressions)
		return 0;
	g->suppressions = suppressions__new();
	if (!g->suppressions) {
		fprintf(err, "memleak-bpf: %s\n", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (i = 0; i < g->opts->n_suppressions; i++) {
		const char *path = g->opts->suppressions[i];

		ret = suppressions__read(g->suppressions, path, &error);
		if (ret == -EINVAL) {
			fputs("memleak-bpf: ", err);
			render__escape(err, path);
			fprintf(err, ":%u: %s\n", error.line, error.text);
		} else if (ret) {
			cannot_read(err, path, strerror(-ret));
		}
		if (ret)
			return ret;
	}
	return 0;
}

static int read_baseline(struct gate *g, FILE *err)
{
	const char *path = g->opts->baseline, *why;
	int fd, ret;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		cannot_read(err, path, strerror(errno));
		return ret;
	}
	ret = reportfile__read(fd, &g->baseline, &why);
	close(fd);
	if (ret) {
		cannot_read(err, path, why);
		return ret == -EINVAL ? -EILSEQ : ret; /* no option is wrong */
	}
	figures__take(g->suppressions, g->baseline, &g->base);
	return 0;
}

int gate__new(const struct gate_opts *opts, FILE *err, struct gate **out)
{
	struct gate *g;
	int ret;

	*out = NULL;
	if (!gate_opts__any(opts))
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g) {
		fprintf(err, "memleak-bpf: %s\n", strerror(ENOMEM));
		return -ENOMEM;
	}
	g->opts = opts;
	ret = parse_conditions(g, err);
	if (!ret)
		ret = read_suppressions(g, err);
	if (!ret)
		ret = read_baseline(g, err);
	if (ret)
		gate__free(g);
	else
		*out = g;
	return ret;
}

void gate__free(struct gate *g)
{
	size_t i;

	if (!g)
		return;
	for (i = 0; i < g->opts->n_fail_on; i++)
		expr__free(g->exprs[i]);
	suppressions__free(g->suppressions);
	report__free(g->baseline);
	free(g->refused);
	free(g);
}

/* --- judging --- */

static const char *name_of(const struct report *r)
{
	return r->comm ? r->comm : r->site_name ? "the kernel" : "?";
}

/* Is there a baseline that the report can be compared with? */
static bool may_compare(struct gate *g, const struct report *r)
{
	free(g->refused);
	g->refused = NULL;
	if (!g->baseline)
		return false;
	if (g->opts->any_baseline || !strcmp(name_of(g->baseline), name_of(r)))
		return true;
	if (asprintf(&g->refused,
		     "the baseline is of another program, %s, not of %s: --any-baseline compares "
		     "with it all the same",
		     name_of(g->baseline), name_of(r)) < 0)
		g->refused = NULL;
	return false;
}

static int judge_condition(struct gate *g, struct report *r, const struct expr *e,
			   const struct expr_figures *now, const struct expr_figures *base,
			   const char *doubt)
{
	struct report_condition *c = &r->gate.conditions[r->gate.n_conditions++];
	enum expr_quantity decisive = EXPR_BYTES;

	c->expression = strdup(expr__text(e));
	c->state = expr__judge(e, now, base, &decisive);
	if (c->state != GATE_PASS)
		doubt = NULL;
	else if (doubt)
		c->state = GATE_UNSURE;
	if (expr__needs_baseline(e) && !base)
		c->why = strdup(g->refused ? g->refused : "there is no baseline");
	else
		c->why = say__why(r, decisive, now, expr__needs_baseline(e) ? base : NULL, doubt);
	if (r->gate.state < c->state)
		r->gate.state = c->state;
	return c->expression && c->why ? 0 : -ENOMEM;
}

static bool is_hidden(const struct report_site *s)
{
	return s->suppressor && s->suppressed.count == s->count;
}

/* Those that are suppressed as a whole behind the others, either in their order. */
static int move_suppressed(struct report *r)
{
	struct report_site *sorted = calloc(r->n_sites + 1, sizeof(*sorted));
	size_t i, n = 0;
	int pass;

	if (!sorted)
		return -ENOMEM;
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < r->n_sites; i++)
			if (is_hidden(&r->sites[i]) == pass)
				sorted[n++] = r->sites[i];
	memcpy(r->sites, sorted, n * sizeof(*sorted));
	free(sorted);
	return 0;
}

int gate__judge(struct gate *g, struct report *r)
{
	char buf[DOUBT_SIZE];
	struct expr_figures now, old;
	const struct expr_figures *base;
	const char *doubt;
	size_t i;
	int err = 0;

	if (!g)
		return 0;
	report_gate__clear(&r->gate);
	figures__take(g->suppressions, r, &now);
	old = g->base;
	base = may_compare(g, r) ? &old : NULL;
	/* what has leaked is something else where one of them has no verdict on its blocks */
	if (base && reach__is_judged(&g->baseline->reach) != reach__is_judged(&r->reach))
		old.known[EXPR_LEAKED] = old.known[EXPR_LEAKS] = false;
	doubt = figures__doubt(buf, r);
	r->gate.meaning = say__meaning(r);
	r->gate.conditions = calloc(g->opts->n_fail_on + 1, sizeof(*r->gate.conditions));
	if (!r->gate.meaning || !r->gate.conditions)
		return -ENOMEM;
	for (i = 0; !err && i < g->opts->n_fail_on; i++)
		err = judge_condition(g, r, g->exprs[i], &now, base, doubt);
	if (!err && g->suppressions)
		err = suppressions__list(g->suppressions, &r->gate);
	if (!err && g->opts->n_fail_on) {
		r->gate.verdict = say__verdict(r);
		err = r->gate.verdict ? 0 : -ENOMEM;
	}
	if (!err && g->suppressions)
		err = move_suppressed(r);
	g->state = err ? GATE_NONE : r->gate.state;
	return err;
}

int gate__status(const struct gate *g, int own, FILE *err)
{
	if (!g || !g->opts->n_fail_on)
		return own;
	if (g->refused && g->state != GATE_FAIL) {
		fprintf(err, "memleak-bpf: ");
		render__escape(err, g->refused);
		fputc('\n', err);
		return own ? own : EXIT_USAGE;
	}
	if (g->opts->exit_code_given && !g->opts->exit_code)
		return own;
	if (g->state == GATE_FAIL) {
		if (own)
			fprintf(err, "memleak-bpf: without the gate the exit status were %d\n",
				own);
		return g->opts->exit_code_given ? g->opts->exit_code : GATE_EXIT_FAIL;
	}
	if (own)
		return own;
	return g->state == GATE_PASS ? 0 : GATE_EXIT_UNSURE;
}
