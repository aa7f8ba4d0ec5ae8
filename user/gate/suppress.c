/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is suppressed; suppress_parse.c reads the files. */
#include "gate/suppress_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/pattern.h"
#include "gate/source.h"
#include "report/report.h"
#include "sym/demangle.h"

struct suppressions *suppressions__new(void)
{
	return calloc(1, sizeof(struct suppressions));
}

void suppressions__free(struct suppressions *s)
{
	size_t i, j;

	if (!s)
		return;
	for (i = 0; i < s->n; i++) {
		for (j = 0; j < s->entries[i].n; j++) {
			free(s->entries[i].places[j].pattern);
			free(s->entries[i].places[j].literal);
		}
		free(s->entries[i].places);
		free(s->entries[i].text);
	}
	for (i = 0; i < s->n_files; i++)
		free(s->files[i]);
	free(s->files);
	free(s->entries);
	free(s);
}

/* --- LeakSanitizer's --- */

/* It takes nothing for a name that is empty. Most patterns are words, of which there may be many.
 */
static bool has_part(const char *name, const struct place *p)
{
	if (!name || !*name)
		return false;
	return p->literal ? strstr(name, p->literal) != NULL
			  : pattern__matches(p->pattern, name, PATTERN_LSAN);
}

static bool matches_any_frame(const struct suppression *e, const struct report_site *site)
{
	const struct place *p = &e->places[0];
	size_t i;

	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		if (has_part(f->function, p) || has_part(f->path ? f->path : f->file, p) ||
		    has_part(f->image_path ? f->image_path : f->image, p))
			return true;
	}
	return false;
}

/* --- Valgrind's --- */

/*
 * A stack as memcheck would show it: its own malloc is the innermost frame, and takes the place of
 * operator new and what else of the allocator we see above it.
 */
struct stack {
	struct report_frame allocator;
	char *readable;			   /* its name, malloc'ed; or NULL */
	const struct report_frame *frames; /* behind it */
	size_t n;			   /* all of them */
};

static const struct report_frame *frame_at(const struct stack *s, size_t i)
{
	return i ? &s->frames[i - 1] : &s->allocator;
}

static void as_memcheck(const struct report_site *site, struct stack *s)
{
	size_t inner = source__allocator_frames(site);

	*s = (struct stack){
		.readable = !inner && site->entry ? demangle__name(site->entry) : NULL,
		.frames = site->frames + inner,
		.n = 1 + site->n_frames - inner,
	};
	s->allocator = (struct report_frame){
		.function = inner	  ? site->frames[inner - 1].function
			    : s->readable ? s->readable
					  : (char *)site->entry,
		.image_path = (char *)"/usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so",
	};
}

static bool is_at(const struct place *p, const struct report_frame *f)
{
	static const char unknown[] = "???";

	switch (p->kind) {
	case PLACE_FUNCTION:
		return pattern__matches(p->pattern, f->function ? f->function : unknown,
					PATTERN_VALGRIND);
	case PLACE_OBJECT:
		return pattern__matches(p->pattern,
					f->image_path ? f->image_path
					: f->image    ? f->image
						      : unknown,
					PATTERN_VALGRIND);
	case PLACE_SOURCE:
		if (p->line && p->line != f->line)
			return false;
		return (f->file && pattern__matches(p->pattern, f->file, PATTERN_VALGRIND)) ||
		       (f->path && pattern__matches(p->pattern, f->path, PATTERN_VALGRIND));
	default:
		return false;
	}
}

/* The places are the innermost frames of the stack; what is further out does not matter. */
static bool matches_from_inside(const struct suppression *e, const struct stack *s)
{
	size_t p = 0, f = 0, behind = 0, tried = 0;
	bool open = false; /* places from behind on may also be further out than tried */

	while (p < e->n) {
		if (e->places[p].kind == PLACE_FRAMES) {
			behind = ++p;
			tried = f;
			open = true;
		} else if (f < s->n && is_at(&e->places[p], frame_at(s, f))) {
			p++;
			f++;
		} else if (open && tried < s->n) {
			p = behind;
			f = ++tried;
		} else {
			return false;
		}
	}
	return true;
}

/* --- both --- */

static struct reach_sum sum_of(const struct report *r, const struct report_site *site,
			       unsigned int kinds)
{
	struct reach_sum sum = {0};
	unsigned int k;

	if (!reach__is_judged(&r->reach))
		return (struct reach_sum){site->bytes, site->count};
	for (k = 0; k < REACH_KINDS; k++)
		if (kinds & 1U << k)
			reach_sum__add(&sum, site->reach[k].bytes, site->reach[k].count);
	return sum;
}

unsigned int suppressions__mark(struct suppressions *s, const struct report *r,
				struct report_site *site)
{
	unsigned int left = ALL_KINDS, kinds;
	struct stack stack;
	size_t i;

	as_memcheck(site, &stack);
	for (i = 0; i < s->n && left; i++) {
		struct suppression *e = &s->entries[i];
		struct reach_sum sum;

		kinds = (reach__is_judged(&r->reach) ? e->kinds : ALL_KINDS) & left;
		sum = sum_of(r, site, kinds);
		if (!sum.count ||
		    !(e->is_lsan ? matches_any_frame(e, site) : matches_from_inside(e, &stack)))
			continue;
		left &= ~kinds;
		reach_sum__add(&site->suppressed, sum.bytes, sum.count);
		reach_sum__add(&e->sum, sum.bytes, sum.count);
		e->sites++;
		if (!site->suppressor)
			site->suppressor = i + 1;
	}
	free(stack.readable);
	return left;
}

void suppressions__reset(struct suppressions *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		s->entries[i].sum = (struct reach_sum){0};
		s->entries[i].sites = 0;
	}
}

int suppressions__list(const struct suppressions *s, struct report_gate *g)
{
	size_t i;

	g->skipped = s->skipped;
	g->suppressions = calloc(s->n + 1, sizeof(*g->suppressions));
	if (!g->suppressions)
		return -ENOMEM;
	for (i = 0; i < s->n; i++) {
		const struct suppression *e = &s->entries[i];

		g->suppressions[i] = (struct report_suppression){
			.entry = strdup(e->text),
			.file = strdup(e->file),
			.line = e->line,
			.bytes = e->sum.bytes,
			.count = e->sum.count,
			.sites = e->sites,
		};
		g->n_suppressions++;
		if (!g->suppressions[i].entry || !g->suppressions[i].file)
			return -ENOMEM;
	}
	return 0;
}
