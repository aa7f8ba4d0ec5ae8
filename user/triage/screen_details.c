/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screen_details - what only --all shows: sizes, faults, shared files, reserves, the formula. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/bars.h"
#include "render/render.h"
#include "triage/say.h"
#include "triage/screen_priv.h"

#define HUGE_PAGE_ORDER 9 /* 2 MiB with pages of 4 KiB */

static double per_second(const struct history *h, uint64_t first, uint64_t last)
{
	double seconds = h->timed ? history__seconds(h) : 0;

	return seconds > 0 && last > first ? (double)(last - first) / seconds : 0;
}

static int by_rss(const void *pa, const void *pb)
{
	const struct process *a = *(const struct process *const *)pa;
	const struct process *b = *(const struct process *const *)pb;

	if (a->rollup.pss != b->rollup.pss)
		return a->rollup.pss < b->rollup.pss ? 1 : -1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static void put_sizes(const struct screen *s, size_t rows)
{
	const struct ranking *r = &s->v->processes;
	const struct process **sorted = calloc(r->n + 1, sizeof(*sorted));
	char a[5][SAY_SIZE];
	size_t i;

	if (!sorted || !r->n)
		goto cleanup;
	for (i = 0; i < r->n; i++)
		sorted[i] = &s->h->process[r->at[i].row];
	qsort(sorted, r->n, sizeof(*sorted), by_rss);
	fputc('\n', s->out);
	screen__heading(s,
			"Largest                          VSS        RSS        PSS        USS    "
			"   swap  threads  faults/s major/s");
	for (i = 0; i < r->n && i < rows; i++) {
		const struct process *p = sorted[i];

		fprintf(s->out, "  %7d ", (int)p->pid);
		bars__field(s->out, p->has_stat ? p->stat.comm : "?", 16, false);
		fprintf(s->out, " %10s %10s %10s %10s %10s %8" PRIu64 " %9.1f %7.1f\n",
			say__bytes(a[0],
				   p->has_stat ? (double)p->stat.vsize : (double)p->rollup.size),
			say__bytes(a[1], p->exact ? (double)p->rollup.rss
						  : (double)p->stat.rss * (double)s->h->page_size),
			p->exact ? say__bytes(a[2], (double)p->rollup.pss) : "?",
			p->exact ? say__bytes(a[3], (double)p->rollup.private) : "?",
			p->exact ? say__bytes(a[4], (double)p->rollup.swap) : "?", p->stat.threads,
			per_second(s->h, p->stat_first.minor_faults, p->stat.minor_faults),
			per_second(s->h, p->stat_first.major_faults, p->stat.major_faults));
	}
cleanup:
	free(sorted);
}

/* Names of which the number of processes changed. */
static void put_comers(const struct screen *s)
{
	const struct table *t = &s->h->names;
	size_t i, n = 0;

	for (i = 0; i < t->n && n < 10; i++) {
		double change = table__growth(t, (long)i, NAME_COUNT);

		if (!change)
			continue;
		fputs(n++ ? ", " : "  come and go: ", s->out);
		render__escape(s->out, t->row[i].key);
		fprintf(s->out, " %+.0f", change);
	}
	if (n)
		fputc('\n', s->out);
}

static int by_bytes(const void *pa, const void *pb, void *ctx)
{
	const struct table *t = ctx;
	double a = table__last(t, *(const long *)pa, 0), b = table__last(t, *(const long *)pb, 0);

	if (a != b)
		return a < b ? 1 : -1;
	return (*(const long *)pa > *(const long *)pb) - (*(const long *)pa < *(const long *)pb);
}

/* The rows of a table that are there, the largest first. The caller frees. */
static long *largest(struct table *t, size_t *n)
{
	long *rows = calloc(t->n + 1, sizeof(*rows));
	size_t i;

	*n = 0;
	for (i = 0; rows && i < t->n; i++)
		if (!isnan(table__last(t, (long)i, 0)))
			rows[(*n)++] = (long)i;
	if (rows)
		qsort_r(rows, *n, sizeof(*rows), by_bytes, t);
	return rows;
}

static void put_files(const struct screen *s, size_t rows)
{
	struct table files = s->h->files, mounts = s->h->mounts;
	size_t n_files, n_mounts, i;
	long *file = largest(&files, &n_files), *mount = largest(&mounts, &n_mounts);
	char size[SAY_SIZE], growth[SAY_SIZE];

	if (!file || !mount || n_files + n_mounts == 0)
		goto cleanup;
	fputc('\n', s->out);
	screen__heading(s, "tmpfs, and files in it that only processes know");
	for (i = 0; i < n_mounts && i < rows; i++) {
		fprintf(s->out, "  %10s %11s  ",
			say__bytes(size, table__last(&mounts, mount[i], 0)),
			say__change(growth, table__growth(&mounts, mount[i], 0)));
		render__escape(s->out, mounts.row[mount[i]].key);
		fputc('\n', s->out);
	}
	for (i = 0; i < n_files && i < rows; i++) {
		const struct shm_file *f = &s->h->file[file[i]];

		fprintf(s->out, "  %10s              ",
			say__bytes(size, table__last(&files, file[i], 0)));
		render__escape(s->out, f->name);
		if (f->holder) {
			fprintf(s->out, ", open in pid %d (", (int)f->holder);
			render__escape(s->out, history__process_name(s->h, f->holder));
			fputc(')', s->out);
		}
		if (f->mappings)
			fprintf(s->out, ", mapped %" PRIu64 " time%s by %" PRIu64 " process%s",
				f->mappings, f->mappings == 1 ? "" : "s", f->processes,
				f->processes == 1 ? "" : "es");
		fputc('\n', s->out);
	}
cleanup:
	free(file);
	free(mount);
}

static void put_sites(const struct screen *s, size_t rows)
{
	const struct ranking *sites = &s->v->sites;
	char size[SAY_SIZE], growth[SAY_SIZE];
	size_t i;

	if (!sites->n)
		return;
	fputc('\n', s->out);
	screen__heading(s, "Kernel allocations by line (/proc/allocinfo)");
	for (i = 0; i < sites->n && i < rows; i++) {
		const struct ranked *r = &sites->at[i];

		fprintf(s->out, "  %10s %11s  ", say__bytes(size, r->size),
			say__change(growth, r->growth));
		screen__verdict(s, r->trend.kind);
		fputc(' ', s->out);
		render__escape(s->out, s->h->sites.row[r->row].key);
		fputc('\n', s->out);
	}
}

static void put_zones(const struct screen *s)
{
	const struct zones *z = &s->h->zones;
	double page = (double)s->h->page_size, min = 0;
	char a[4][SAY_SIZE];
	size_t i;

	if (!s->h->has_zones)
		return;
	fputc('\n', s->out);
	screen__heading(s, "Zones                    free        min        low       high");
	for (i = 0; i < z->n; i++) {
		const struct zone *zone = &z->zone[i];

		if (!zone->managed && !zone->has_blocks)
			continue;
		fprintf(s->out, "  %-18s %10s %10s %10s %10s%s\n", zone->name,
			say__bytes(a[0], (double)zone->free * page),
			say__bytes(a[1], (double)zone->min * page),
			say__bytes(a[2], (double)zone->low * page),
			say__bytes(a[3], (double)zone->high * page),
			zone->managed && zone->free < zone->low ? "  below low: reclaiming" : "");
		min += (double)zone->min * page;
	}
	fprintf(s->out, "  reserve: the last %s (below min) are for the kernel's own needs\n",
		say__bytes(a[0], min));
	fprintf(s->out,
		"  of the free pages %.0f %% are in blocks of 64 KiB or more, %.0f %% of 2 MiB\n",
		100 * zones__free_share(z, 4), 100 * zones__free_share(z, HUGE_PAGE_ORDER));
}

static void put_pressure(const struct screen *s)
{
	const struct history *h = s->h;

	if (h->has_pressure)
		fprintf(s->out,
			"  waiting for memory (PSI): some %.2f %% of 10 s, %.2f %% of 300 s; all "
			"%.2f %%, %.2f %%\n",
			h->pressure.some[0], h->pressure.some[2], h->pressure.full[0],
			h->pressure.full[2]);
	if (!h->has_vmstat)
		return;
	fprintf(s->out,
		"  a second: %.0f faults, %.0f major, %.0f pages swapped in, %.0f out, %.0f direct "
		"reclaims; out of memory: %" PRIu64 " kills since boot\n",
		per_second(h, h->vmstat_first.minor_faults, h->vmstat.minor_faults),
		per_second(h, h->vmstat_first.major_faults, h->vmstat.major_faults),
		per_second(h, h->vmstat_first.swapped_in, h->vmstat.swapped_in),
		per_second(h, h->vmstat_first.swapped_out, h->vmstat.swapped_out),
		per_second(h, h->vmstat_first.stalls, h->vmstat.stalls), h->vmstat.oom_kills);
}

static void put_formula(const struct screen *s)
{
	struct meminfo_account a;
	char text[SAY_SIZE];
	size_t i, column;

	if (!s->h->has_meminfo)
		return;
	meminfo__account(&s->h->meminfo, &a);
	column = (size_t)fprintf(s->out, "  unaccounted %s = MemTotal %s",
				 say__bytes((char[SAY_SIZE]){0}, (double)a.unaccounted),
				 say__bytes(text, (double)s->h->meminfo.value[MEM_TOTAL]));
	for (i = 0; i < a.n; i++) {
		char term[96];
		size_t len = (size_t)snprintf(term, sizeof(term), " - %s %s", a.term[i].name,
					      say__bytes(text, (double)a.term[i].bytes));

		if (column + len > s->opts.columns) {
			fputs("\n   ", s->out);
			column = 3;
		}
		fputs(term, s->out);
		column += len;
	}
	fputc('\n', s->out);
}

void screen__details(const struct screen *s)
{
	size_t rows = s->opts.top ? s->opts.top : 10;

	put_comers(s);
	put_sizes(s, rows);
	put_files(s, rows);
	put_sites(s, rows);
	put_zones(s);
	put_pressure(s);
	put_formula(s);
}
