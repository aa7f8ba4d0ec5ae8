/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attach_say - what is probed, and what is not, in words. */
#include "attach_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "elf/elfimg.h"
#include "probes.h"
#include "render/render.h"
#include "target/addrspace.h"
#include "target/text.h"
#include "traps.h"

size_t attach__count(const struct probed *f)
{
	size_t n = 0, i;

	for (i = 0; i < f->n; i++)
		n += f->function[i].link != SESSION_LINK_NONE;
	return n;
}

static void explain_function(const struct attacher *a, const struct probed *p,
			     const struct function *f)
{
	static const char *const links[] = {[SESSION_LINK_SESSION] = "session",
					    [SESSION_LINK_MULTI] = "multi",
					    [SESSION_LINK_PERF] = "perf event"};
	const char *name = entry_points[f->entry].symbol;
	bool first = !f->at.n || f->probe == f->at.entry;
	uint64_t vaddr;

	if (!p->image->elf || !elfimg__offset_to_vaddr(p->image->elf, f->offset, &vaddr))
		vaddr = f->offset;
	fprintf(a->explain, "  %s %#llx", name, (unsigned long long)vaddr);
	if (f->left_out) {
		fprintf(a->explain, " not probed: %s\n", f->left_out);
		return;
	}
	if (!f->link) {
		fprintf(a->explain, " not probed: the kernel refuses: %s\n",
			f->err == -ENOTSUP ? "it cannot execute such an instruction elsewhere"
					   : strerror(-f->err));
		return;
	}
	if (f->link == SESSION_LINK_UNUSED) {
		fprintf(a->explain, " probed at %zu points inside only\n",
			traps__points(a->traps, f->trap, NULL));
		return;
	}
	if (f->missing) {
		fputs(" not probed: its code is mapped writable or shared\n", a->explain);
		return;
	}
	if (f->at.patched) {
		fputs(" patched in memory, leads to ", a->explain);
		render__escape(a->explain, f->at.image->path);
		fprintf(a->explain, " %#llx", (unsigned long long)f->at.entry);
	}
	fprintf(a->explain, "+%llu %s: ", (unsigned long long)(f->probe - f->at.entry),
		links[f->link]);
	if (f->at.emulated && f->at.n &&
	    elfimg__offset_to_vaddr(f->at.image->elf, f->at.offsets[0], &vaddr) &&
	    vaddr == f->probe)
		fprintf(a->explain, "%s", f->at.why);
	else if (f->at.emulated)
		fprintf(a->explain, "single-stepped, as the kernel refused a better place");
	else
		fprintf(a->explain, "single-stepped: %s%s", f->at.why,
			first ? "" : ", and the kernel refuses that one");
	if (f->trap)
		fprintf(a->explain, "; %zu points inside", traps__points(a->traps, f->trap, NULL));
	fputc('\n', a->explain);
}

/* From function number first on. */
void attach__explain(const struct attacher *a, const struct probed *p, size_t first)
{
	size_t i;

	if (!a->explain || first == p->n)
		return;
	fputs("memleak-bpf: probes on functions of ", a->explain);
	render__escape(a->explain, p->image->path);
	fputs(":\n", a->explain);
	for (i = first; i < p->n; i++)
		explain_function(a, p, &p->function[i]);
}

/* Are its probes in memory? */
static bool is_in_memory(const struct attacher *a, const struct function *f)
{
	const uint64_t *points;
	size_t n, i;

	if (!f->trap || !traps__is_alone(a->traps, f->trap))
		return text__has_probe(a->as, f->at.image, f->probe);
	n = traps__points(a->traps, f->trap, &points);
	for (i = 0; i < n; i++)
		if (!text__has_probe(a->as, f->at.image, points[i]))
			return false;
	return true;
}

/* A list of functions in words, for a sentence; the first few. */
static void add_name(char *buf, size_t size, size_t *n, const char *name)
{
	size_t used = strlen(buf);

	if (*n < 4)
		snprintf(buf + used, size - used, "%s%s", *n ? ", " : "", name);
	else if (*n == 4)
		snprintf(buf + used, size - used, ", ...");
	(*n)++;
}

/*
 * Are the probes still there? Who overwrites one (a debugger that takes its breakpoint back) ends
 * it silently, and where code is mapped writable or shared the kernel places none (valid_vma in
 * kernel/events/uprobes.c). Twice in a row, as an execve may come in between.
 */
void attach__find_problems(struct attacher *a)
{
	char refused[200] = "", gone[200] = "";
	size_t n_refused = 0, n_gone = 0, i, k;

	for (i = 0; i < a->n_files; i++) {
		if (!a->files[i].current)
			continue;
		for (k = 0; k < a->files[i].n; k++) {
			struct function *f = &a->files[i].function[k];
			const char *name = entry_points[f->entry].symbol;

			if (f->err)
				add_name(refused, sizeof(refused), &n_refused, name);
			if (!f->link || is_in_memory(a, f))
				f->missing = 0;
			else if (++f->missing > 1)
				add_name(gone, sizeof(gone), &n_gone, name);
		}
	}
	a->problem[0] = '\0';
	if (n_refused)
		snprintf(a->problem, sizeof(a->problem),
			 "functions that are not followed, as no probe could be placed (-v says "
			 "why): %s",
			 refused);
	if (n_gone)
		snprintf(a->problem + strlen(a->problem), sizeof(a->problem) - strlen(a->problem),
			 "%sfunctions that are not followed any more, as somebody has overwritten "
			 "the probes, or their code is mapped writable or shared: %s",
			 n_refused ? "; " : "", gone);
}

void attacher__describe(const struct attacher *a, FILE *out)
{
	const char *separator = "";
	size_t i;

	for (i = 0; i < a->n_files; i++) {
		if (!a->files[i].current || !attach__count(&a->files[i]))
			continue;
		fprintf(out, "%s%s in ", separator, a->files[i].kind);
		render__escape(out, a->files[i].image->path);
		separator = ", ";
	}
}

const char *attacher__problem(const struct attacher *a)
{
	return a->problem[0] ? a->problem : NULL;
}
