/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/show.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "maps/groups.h"
#include "maps/picture.h"
#include "render/bars.h"
#include "render/format.h"
#include "render/render.h"

#define NUMBER_WIDTH 11
#define KIND_WIDTH 17
#define BAR_WIDTH 20

/* Columns of numbers; those after the first ones only where there is something to tell. */
static const struct column {
	const char *title;
	enum smaps_field field; /* SMAPS_FIELDS: USS; SMAPS_SIZE: of addresses */
	bool always;
} columns[] = {
	{"Size", SMAPS_SIZE, true},
	{"Rss", SMAPS_RSS, true},
	{"Pss", SMAPS_PSS, true},
	{"USS", SMAPS_FIELDS, true},
	{"Anonymous", SMAPS_ANONYMOUS, true},
	{"Swap", SMAPS_SWAP, false},
	{"Locked", SMAPS_LOCKED, false},
	{"THP", SMAPS_ANON_HUGE, false},
	{"THP shmem", SMAPS_SHMEM_HUGE, false},
	{"THP file", SMAPS_FILE_HUGE, false},
	{"HugeTLB", SMAPS_PRIVATE_HUGETLB, false},
	{"HTLB shared", SMAPS_SHARED_HUGETLB, false},
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

static uint64_t figure(const struct group *g, const struct column *c)
{
	if (c->field == SMAPS_FIELDS)
		return g->uss;
	return c->field == SMAPS_SIZE ? g->size : g->sum[c->field];
}

static bool is_shown(const struct group *total, const struct column *c)
{
	return c->always || figure(total, c);
}

void show__name(const struct sample *s, FILE *out)
{
	if (s->comm[0])
		render__escape(out, s->comm);
	else
		fputs("a process", out);
	if (s->pid)
		fprintf(out, " (pid %d)", s->pid);
}

static void print_heads(const struct group *total, const char *name, FILE *out)
{
	size_t i;

	fprintf(out, "%-*s %8s", KIND_WIDTH, name, "mappings");
	for (i = 0; i < N_COLUMNS; i++)
		if (is_shown(total, &columns[i]))
			fprintf(out, " %*s", NUMBER_WIDTH, columns[i].title);
	fputc('\n', out);
}

static void print_figures(const struct group *g, const struct group *total, FILE *out)
{
	char size[FORMAT_BYTES_SIZE];
	size_t i;

	fprintf(out, " %8zu", g->mappings);
	for (i = 0; i < N_COLUMNS; i++)
		if (is_shown(total, &columns[i]))
			fprintf(out, " %*s", NUMBER_WIDTH,
				format__bytes(size, figure(g, &columns[i])));
}

/* No wider than it is filled: it ends a line. */
static void print_bar(const struct group *g, const struct group *total,
		      const struct show_opts *opts, FILE *out)
{
	double columns = total->held ? (double)g->held / total->held * BAR_WIDTH : 0;
	unsigned int width = (unsigned int)ceil(columns);

	if (!width)
		return;
	fputs("  ", out);
	bars__bar(out, opts->color, map_kind__hue(g->kind), columns / width, width);
}

static int print_kinds(const struct sample *s, const struct show_opts *opts, FILE *out)
{
	struct groups g;
	size_t i;
	int err = groups__make(&s->layout, GROUPS_BY_KIND, &g);

	if (err)
		return err;
	print_heads(&g.total, "kind", out);
	for (i = 0; i < g.n; i++) {
		const struct group *group = &g.group[i];

		bars__field(out, map_kind__name(group->kind), KIND_WIDTH, false);
		print_figures(group, &g.total, out);
		print_bar(group, &g.total, opts, out);
		fputc('\n', out);
	}
	bars__bold(out, opts->color);
	bars__field(out, "total", KIND_WIDTH, false);
	print_figures(&g.total, &g.total, out);
	bars__end(out, opts->color);
	fputc('\n', out);
	groups__clear(&g);
	return 0;
}

static int print_objects(const struct sample *s, const struct show_opts *opts, FILE *out)
{
	struct groups g;
	size_t i, shown, rest = 0;
	uint64_t held = 0;
	char size[FORMAT_BYTES_SIZE];
	int err = groups__make(&s->layout, GROUPS_BY_OBJECT, &g);

	if (err)
		return err;
	shown = opts->top && opts->top < g.n ? opts->top : g.n;
	fputc('\n', out);
	print_heads(&g.total, "kind", out);
	for (i = 0; i < g.n; i++) {
		const struct group *group = &g.group[i];

		if (i >= shown) {
			rest++;
			held += group->held;
			continue;
		}
		bars__field(out, map_kind__name(group->kind), KIND_WIDTH, false);
		print_figures(group, &g.total, out);
		if (*group->object)
			fputs("  ", out);
		render__escape(out, layout__base_name(group->object));
		fputc('\n', out);
	}
	if (rest)
		fprintf(out, "... and %zu more with %s (-T 0 shows all)\n", rest,
			format__bytes(size, held));
	groups__clear(&g);
	return 0;
}

static void print_summary(const struct sample *s, const struct show_opts *opts, FILE *out)
{
	char a[FORMAT_BYTES_SIZE], b[FORMAT_BYTES_SIZE], c[FORMAT_BYTES_SIZE];
	const struct smaps *m = &s->smaps;

	bars__bold(out, opts->color);
	show__name(s, out);
	fprintf(out, ": %zu mappings", m->n);
	if (m->has_fields)
		fprintf(out, ", Rss %s, Pss %s, USS %s", format__bytes(a, m->sum[SMAPS_RSS]),
			format__bytes(b, m->sum[SMAPS_PSS]), format__bytes(c, smaps__total_uss(m)));
	bars__end(out, opts->color);
	fputc('\n', out);
	if (!m->has_fields)
		fputs("only addresses are known, not what is in memory: this is a copy of maps, "
		      "smaps tells more\n",
		      out);
	if (m->bad)
		fprintf(out, "%zu lines could not be understood and are left out\n", m->bad);
	if (s->memory_denied)
		fputs("the process's memory may not be read (ptrace access, see "
		      "/proc/sys/kernel/yama/ptrace_scope): arenas and stacks show as anonymous; "
		      "sudo tells more\n",
		      out);
}

/* --- every mapping --- */

static void print_place(const struct region *r, FILE *out)
{
	const struct mapping *m = &r->vma->map;

	if (m->inode)
		fprintf(out, "\toffset 0x%" PRIx64 ", device %02x:%02x, inode %" PRIu64 ": ",
			m->offset, m->dev_major, m->dev_minor, m->inode);
	else if (*m->path)
		fputc('\t', out);
	if (!m->inode && !*m->path)
		return;
	render__escape(out, *m->path ? m->path : "(no name)");
	if (r->deleted)
		fputs(" (deleted)", out);
	fputc('\n', out);
}

static void print_memory(const struct smaps_vma *v, FILE *out)
{
	static const enum smaps_field fields[] = {
		SMAPS_RSS,
		SMAPS_PSS,
		SMAPS_REFERENCED,
		SMAPS_ANONYMOUS,
		SMAPS_SWAP,
		SMAPS_LOCKED,
		SMAPS_ANON_HUGE,
		SMAPS_SHMEM_HUGE,
		SMAPS_FILE_HUGE,
		SMAPS_KSM,
		SMAPS_LAZY_FREE,
		SMAPS_SHARED_HUGETLB,
		SMAPS_PRIVATE_HUGETLB,
	};
	char size[FORMAT_BYTES_SIZE];
	const char *separator = "\t";
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		/* the first ones always */
		if (!smaps__has(v, fields[i]) || (i > 3 && !v->bytes[fields[i]]))
			continue;
		fprintf(out, "%s%s %s", separator, smaps__field_name(fields[i]),
			format__bytes(size, v->bytes[fields[i]]));
		separator = ", ";
		if (fields[i] == SMAPS_PSS)
			fprintf(out, ", USS %s", format__bytes(size, smaps__uss(v)));
	}
	if (*separator == ',')
		fputc('\n', out);
}

static void print_flags(const struct smaps_vma *v, FILE *out)
{
	const char *words, *separator = "\t";
	unsigned int i;

	for (i = 0; smaps__flag(i, &words); i++) {
		if (!(v->flags >> i & 1))
			continue;
		fprintf(out, "%s%s", separator, words);
		separator = ", ";
	}
	if (*separator == ',')
		fputc('\n', out);
}

static void print_region(const struct region *r, const struct show_opts *opts, FILE *out)
{
	const struct mapping *m = &r->vma->map;
	char size[FORMAT_BYTES_SIZE];

	fprintf(out, "%012" PRIx64 "-%012" PRIx64 " %c%c%c%c %*s  ", m->start, m->end,
		m->read ? 'r' : '-', m->write ? 'w' : '-', m->exec ? 'x' : '-',
		m->shared ? 's' : 'p', NUMBER_WIDTH, format__bytes(size, m->end - m->start));
	bars__begin(out, opts->color, map_kind__hue(r->kind));
	fputs(map_kind__name(r->kind), out);
	bars__end(out, opts->color);
	if (*r->object) {
		/* "text of libc.so.6", but "sysv shm key 0x1" */
		fputs(r->kind >= MAP_TEXT && r->kind <= MAP_BSS ? " of " : " ", out);
		render__escape(out, layout__base_name(r->object));
	}
	if (*r->detail) {
		fputs(", ", out);
		render__escape(out, r->detail);
	}
	fputc('\n', out);
	print_memory(r->vma, out);
	print_place(r, out);
	bars__dim(out, opts->color);
	print_flags(r->vma, out);
	bars__end(out, opts->color);
}

int show__sample(const struct sample *s, const struct show_opts *opts, FILE *out)
{
	size_t i;
	int err;

	print_summary(s, opts, out);
	fputc('\n', out);
	err = print_kinds(s, opts, out);
	if (!err && opts->all) {
		fputc('\n', out);
		for (i = 0; i < s->layout.n; i++)
			print_region(&s->layout.region[i], opts, out);
	} else if (!err) {
		err = print_objects(s, opts, out);
	}
	if (!err) {
		fputc('\n', out);
		err = picture__print(&s->layout, out, opts->color, opts->columns);
	}
	return err;
}
