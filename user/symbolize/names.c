/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolize/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "sym/symbolizer.h"
#include "symbolize/files.h"

/* So many frames from f on are of one address: inlined calls and the function they are in. */
static size_t one_place(const struct report_frame *f, size_t n)
{
	size_t i = 0;

	while (i + 1 < n && f[i].inlined && f[i + 1].addr == f[i].addr)
		i++;
	return i + 1;
}

static bool has_line(const struct report_frame *f, size_t n)
{
	while (n--)
		if (f[n].line > 0)
			return true;
	return false;
}

bool names__is_lacking(const struct report_frame *frames, size_t n)
{
	const struct report_frame *real = &frames[n - 1];

	return real->build_id && real->image_vaddr && (!real->function || !has_line(frames, n));
}

int names__want(const struct report *r, struct debug_files *files)
{
	size_t i, j, n;
	int err = 0;

	for (i = 0; i < r->n_sites; i++) {
		const struct report_site *s = &r->sites[i];

		for (j = 0; j < s->n_frames && !err; j += n) {
			n = one_place(&s->frames[j], s->n_frames - j);
			if (names__is_lacking(&s->frames[j], n))
				err = debug_files__want(files, s->frames[j + n - 1].build_id);
		}
	}
	return err;
}

/* Frames of a site, being made anew. */
struct stack {
	struct report_frame *frames;
	size_t n, max;
};

static int append(struct stack *stack, const struct report_frame *frames, size_t n)
{
	struct report_frame *grown;
	size_t max = stack->max;

	while (stack->n + n > max)
		max = max ? max * 2 : 16;
	if (max > stack->max) {
		grown = reallocarray(stack->frames, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		stack->frames = grown;
		stack->max = max;
	}
	memcpy(stack->frames + stack->n, frames, n * sizeof(*frames));
	stack->n += n;
	return 0;
}

/* What a recording holds beside what is looked up. Strings are not changed by renderers. */
static struct report_frame make_frame(const struct report_frame *place, const struct sym_frame *sym,
				      unsigned int back)
{
	struct report_frame f = *place;

	f.function = (char *)sym->function;
	f.offset = sym->inlined || !sym->function ? 0 : sym->offset + back;
	f.file = (char *)sym->file;
	f.path = (char *)sym->path;
	f.line = sym->line;
	f.inlined = sym->inlined;
	return f;
}

/*
 * As when tracing: a return address stands for the call before it; but trampolines and coroutines
 * are returned to without having been called, at their first byte.
 */
static int look_up(struct symbolizer *sym, struct elfimg *img, const struct report_frame *f,
		   const struct sym_frame **names, size_t *n, unsigned int *back)
{
	const struct sym_frame *at;
	size_t n_at;
	int err;

	*back = !f->interrupted;
	err = symbolizer__resolve(sym, img, f->image_vaddr - *back, names, n);
	if (err || (*names)[*n - 1].function || f->interrupted)
		return err;
	err = symbolizer__resolve(sym, img, f->image_vaddr, &at, &n_at);
	if (!err && at->function && !at->offset) {
		*names = at;
		*n = n_at;
		*back = 0;
	}
	return err;
}

/* n frames of one address, at old. */
static int add_place(struct stack *stack, const struct report_frame *old, size_t n,
		     const struct debug_files *files, struct symbolizer *sym,
		     struct names_count *count)
{
	const struct report_frame *real = &old[n - 1];
	const struct sym_frame *names;
	struct report_frame f;
	size_t n_names, i;
	unsigned int back;
	struct elfimg *img;
	bool named, lined = false;
	int err;

	count->places++;
	if (!names__is_lacking(old, n))
		return append(stack, old, n);
	count->lacking++;
	img = debug_files__get(files, real->build_id);
	if (!img)
		return append(stack, old, n);
	err = look_up(sym, img, real, &names, &n_names, &back);
	if (err)
		return err;
	named = names[n_names - 1].function != NULL;
	for (i = 0; i < n_names; i++)
		lined |= names[i].line > 0;
	/* a name that is there is not given up for another one without a line */
	if (!named || (real->function && !lined))
		return append(stack, old, n);
	count->named += !real->function;
	count->lined += lined;
	for (i = 0; i < n_names && !err; i++) {
		f = make_frame(real, &names[i], back);
		f.interrupted = !back;
		err = append(stack, &f, 1);
	}
	return err;
}

static int add_site(struct report_site *site, const struct debug_files *files,
		    struct symbolizer *sym, struct names_count *count)
{
	struct stack stack = {0};
	size_t i, n;
	int err = 0;

	for (i = 0; i < site->n_frames && !err; i += n) {
		n = one_place(&site->frames[i], site->n_frames - i);
		err = add_place(&stack, &site->frames[i], n, files, sym, count);
	}
	if (err || !stack.n) {
		free(stack.frames);
		return err;
	}
	free(site->frames);
	site->frames = stack.frames;
	site->n_frames = stack.n;
	return 0;
}

int names__add(struct report *r, const struct debug_files *files, struct symbolizer *sym,
	       struct names_count *count)
{
	size_t i;
	int err = 0;

	*count = (struct names_count){0};
	for (i = 0; i < r->n_sites && !err; i++)
		err = add_site(&r->sites[i], files, sym, count);
	return err;
}
