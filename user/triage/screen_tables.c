/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screen_tables - processes, slab caches and shared memory segments on the screen. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/bars.h"
#include "render/format.h"
#include "render/render.h"
#include "triage/say.h"
#include "triage/screen_priv.h"

#define MIN_ORPHAN (1u << 20) /* bytes: worth a word on a small screen */

static void put_name(const struct screen *s, const struct process *p, unsigned int width)
{
	bars__field(s->out, p->has_stat ? p->stat.comm : "?", width, false);
}

static void put_process(const struct screen *s, const struct ranked *r)
{
	const struct process *p = &s->h->process[r->row];
	char size[SAY_SIZE], pss[SAY_SIZE], growth[SAY_SIZE], rate[SAY_SIZE];

	fprintf(s->out, "  %7d ", (int)p->pid);
	put_name(s, p, 16);
	fprintf(s->out, " %c%9s %10s %11s %14s  ", p->exact ? ' ' : '~', say__bytes(size, r->size),
		p->exact ? say__bytes(pss, (double)p->rollup.pss) : "?",
		say__change(growth, r->growth),
		r->growth ? say__rate(rate, s->h, r->trend.slope) : "");
	screen__verdict(s, r->trend.kind);
	fputc(' ', s->out);
	screen__spark(s, s->h->processes.row[r->row].values[PROCESS_OWN], r->trend.kind, 16);
	fputc('\n', s->out);
}

/* In KiB, as the kernel has them: whoever adds up what it says comes to the same. */
static void put_sums(const struct screen *s)
{
	uint64_t uss = 0, pss = 0, swap = 0;
	char a[3][FORMAT_NUMBER_SIZE];
	size_t i;

	for (i = 0; i < s->v->processes.n; i++) {
		const struct process *p = &s->h->process[s->v->processes.at[i].row];

		if (!p->exact)
			continue;
		uss += p->rollup.private / 1024;
		pss += p->rollup.pss / 1024;
		swap += p->rollup.swap / 1024;
	}
	fprintf(s->out, "  all %zu: USS %s, PSS %s, swap %s KiB", s->h->seen - s->h->denied,
		format__number(a[0], uss), format__number(a[1], pss), format__number(a[2], swap));
	if (s->h->kernel_threads)
		fprintf(s->out, "; without %zu kernel thread%s", s->h->kernel_threads,
			s->h->kernel_threads == 1 ? "" : "s");
	if (s->v->came || s->v->went)
		fprintf(s->out, "; %zu came and %zu went meanwhile", s->v->came, s->v->went);
	fputc('\n', s->out);
}

void screen__processes(const struct screen *s, size_t rows)
{
	size_t i;

	if (!s->v->processes.n)
		return;
	fputc('\n', s->out);
	screen__heading(
		s, "Processes                  USS+swap        PSS      growth           rate  "
		   "verdict          samples");
	for (i = 0; i < s->v->processes.n && rows; i++) {
		/* We grow by what we keep of the samples: that is no news. */
		if (s->h->process[s->v->processes.at[i].row].pid == s->h->self)
			continue;
		put_process(s, &s->v->processes.at[i]);
		rows--;
	}
	put_sums(s);
}

static void put_slab(const struct screen *s, const struct ranked *r)
{
	const struct slabinfo_cache *c = &s->h->slab[r->row];
	char size[SAY_SIZE], growth[SAY_SIZE], rate[SAY_SIZE], aliases[48];
	size_t n;

	fputs("  ", s->out);
	bars__field(s->out, c->name, 24, false);
	fprintf(s->out, " %10s %10" PRIu64 " %11s %14s  ",
		say__bytes(size, (double)c->pages * (double)s->h->page_size), c->active,
		say__change(growth, r->growth),
		r->growth ? say__rate(rate, s->h, r->trend.slope) : "");
	screen__verdict(s, r->trend.kind);
	n = slabinfo__aliases(s->h->slab_links, s->h->slab_links_len, c->name, aliases,
			      sizeof(aliases));
	if (n) {
		fputs(" = ", s->out);
		render__escape(s->out, aliases);
		if (n > 1)
			fprintf(s->out, " (%zu)", n);
	}
	fputc('\n', s->out);
}

void screen__slabs(const struct screen *s, size_t rows)
{
	const struct ranking *slabs = &s->v->slabs;
	size_t i;

	/* A small screen has room for those that matter only. */
	if (!s->opts.all) {
		for (i = 0; i < s->v->n && s->v->finding[i].kind != FOUND_SLAB; i++)
			;
		if (i == s->v->n)
			return;
	}
	if (!slabs->n)
		return;
	if (s->opts.all)
		fputc('\n', s->out);
	screen__heading(
		s, "Slab caches                    size    objects      growth           rate  "
		   "verdict          merged with");
	for (i = 0; i < slabs->n && i < rows; i++)
		put_slab(s, &slabs->at[i]);
}

void screen__segments(const struct screen *s, size_t rows)
{
	const struct ranking *segments = &s->v->segments;
	char size[SAY_SIZE];
	size_t i;

	if (!s->opts.all) {
		if (s->v->orphan_bytes >= MIN_ORPHAN)
			fprintf(s->out,
				"Nobody is attached to %zu System V segment%s of %s (--all, ipcs "
				"-m)\n",
				s->v->orphans, s->v->orphans == 1 ? "" : "s",
				say__bytes(size, s->v->orphan_bytes));
		return;
	}
	if (!segments->n)
		return;
	fputc('\n', s->out);
	screen__heading(s, "System V shared memory");
	for (i = 0; i < segments->n && i < rows; i++) {
		const struct shm_segment *seg = &s->h->segment[segments->at[i].row];

		fprintf(s->out, "  key 0x%08" PRIx32 "  shmid %-10" PRIu64 " %10s  ", seg->key,
			seg->shmid, say__bytes(size, segments->at[i].size));
		say__segment(s->out, s->h, seg);
		if (seg->mode & SHM_SEGMENT_DOOMED)
			fputs(", goes with the last detach", s->out);
		fputc('\n', s->out);
	}
	if (segments->n > rows)
		fprintf(s->out, "  and %zu more\n", segments->n - rows);
}
