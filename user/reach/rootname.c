/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/rootname.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "elf/debugfile.h"
#include "sym/landmarks.h"
#include "sym/variables.h"
#include "target/maps.h"

#define PAGE 4096
#define MAX_IMAGES 4096

/* Variables of an image; NULL: it has no debug information. */
struct declared {
	const struct elfimg *elf;
	struct variables *variables;
};

struct rootname {
	const struct maps *maps;
	const struct rootname_thread *thread;
	size_t n_threads;
	const struct debugfile_opts *opts;
	struct landmarks *landmarks;
	struct declared *declared;
	size_t n, max;
};

struct rootname *rootname__new(pid_t pid, const struct maps *maps,
			       const struct rootname_thread *threads, size_t n,
			       const struct debugfile_opts *opts)
{
	struct rootname *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->maps = maps;
	r->thread = threads;
	r->n_threads = n;
	r->opts = opts;
	r->landmarks = landmarks__new(pid, maps);
	if (!r->landmarks) {
		rootname__free(r);
		return NULL;
	}
	return r;
}

void rootname__free(struct rootname *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->n; i++)
		variables__free(r->declared[i].variables);
	free(r->declared);
	landmarks__free(r->landmarks);
	free(r);
}

static const struct variables *variables_of(struct rootname *r, struct elfimg *elf)
{
	struct declared *grown;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->declared[i].elf == elf)
			return r->declared[i].variables;
	if (r->n == r->max) {
		size_t max = r->max ? 2 * r->max : 16;

		grown = max <= MAX_IMAGES ? reallocarray(r->declared, max, sizeof(*grown)) : NULL;
		if (!grown)
			return NULL;
		r->declared = grown;
		r->max = max;
	}
	r->declared[r->n] = (struct declared){.elf = elf};
	if (variables__new(elf, r->opts, &r->declared[r->n].variables))
		r->declared[r->n].variables = NULL;
	return r->declared[r->n++].variables;
}

/*
 * A thread's variables lie in front of what the thread pointer points to (ELF TLS, variant II); of
 * threads that were created also on the mapping of their stack.
 */
static bool find_thread(const struct rootname *r, uint64_t at, const struct mapping *m,
			struct root *out)
{
	const struct rootname_thread *t;
	size_t i;

	for (i = 0; i < r->n_threads; i++) {
		t = &r->thread[i];
		if (at >= t->tls || t->tls - at > PAGE)
			continue;
		snprintf(out->name, sizeof(out->name), "variables of thread %d", (int)t->tid);
		out->key = t->tls;
		return true;
	}
	for (i = 0; m && i < r->n_threads; i++) {
		t = &r->thread[i];
		if (t->sp < m->start || t->sp >= m->end)
			continue;
		snprintf(out->name, sizeof(out->name), "stack of thread %d", (int)t->tid);
		out->key = m->start;
		return true;
	}
	return false;
}

/* A static variable of a function is called hidden.1 by compilers, and hidden by people. */
static void cut_number(char *name)
{
	char *dot = strrchr(name, '.');

	if (dot && dot > name && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1))
		*dot = '\0';
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void rootname__find(struct rootname *r, uint64_t at, struct root *out)
{
	const struct variables *variables;
	struct variable declared;
	struct landmark mark;

	*out = (struct root){.key = at};
	if (!at) {
		strcpy(out->name, "a register");
		return;
	}
	if (find_thread(r, at, maps__find(r->maps, at), out))
		return;
	if (!landmarks__find(r->landmarks, at, &mark)) {
		snprintf(out->name, sizeof(out->name), "0x%" PRIx64, at);
		return;
	}
	snprintf(out->name, sizeof(out->name), "%s", mark.symbol ? mark.symbol : mark.image);
	out->key = mark.start;
	out->offset = at - mark.start;
	if (!mark.symbol)
		return;
	out->image = mark.image;
	variables = mark.elf ? variables_of(r, mark.elf) : NULL;
	if (variables && variables__find(variables, mark.vaddr, &declared)) {
		out->file = base_name(declared.file);
		out->line = declared.line;
		cut_number(out->name);
	}
}

void rootname__print(FILE *out, const struct root *root)
{
	fputs(root->name, out);
	if (root->offset)
		fprintf(out, "+%#" PRIx64, root->offset);
	if (root->file)
		fprintf(out, " (%s:%d)", root->file, root->line);
	else if (root->image)
		fprintf(out, " [%s]", root->image);
}
