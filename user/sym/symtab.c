/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab - one name per address, ranges made disjoint. */
#include "sym/symtab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg.h"
#include "sym/rangemap.h"

/* Twice the symbols of the largest known binaries. */
static const size_t max_syms = 16 << 20;

struct sym {
	const char *name;
	uint64_t start;
	uint64_t size;
	uint64_t limit; /* end of its section */
	uint8_t rank;	/* lower is the better name */
};

struct symtab {
	struct rangemap sized;	 /* value: index into syms */
	struct rangemap guessed; /* symbols without a size */
	struct sym *syms;
	size_t n, room;
};

struct collect {
	struct symtab *tab;
	struct rangemap code; /* executable sections of the loaded image */
};

/*
 * Several names for one address are usual: malloc, __libc_malloc, __malloc. The one the user wrote
 * is the plain one, even where it is weak as POSIX names are in libc (read, __read). Mangled names
 * are as plain as can be.
 */
static uint8_t rank_of(const struct elf_sym *s)
{
	bool mangled = s->name[0] == '_' && (s->name[1] == 'Z' || s->name[1] == 'R');
	unsigned int underscores = s->name[0] != '_' || mangled ? 0 : s->name[1] != '_' ? 1 : 2;
	unsigned int binding = s->is_weak ? 2 : s->is_global ? 0 : 1;

	return (uint8_t)((s->is_notype ? 16 : 0) + underscores * 4 + binding);
}

static int collect(const struct elf_sym *s, void *arg)
{
	struct collect *c = arg;
	struct symtab *t = c->tab;
	const struct range *code;

	if (!s->is_func || !s->is_defined || t->n >= max_syms)
		return 0;
	/* Mapping symbols of arm64 ($x, $d) and assembler labels are not functions. */
	if (s->is_notype && (s->name[0] == '$' || !strncmp(s->name, ".L", 2)))
		return 0;
	code = rangemap__find(&c->code, s->vaddr);
	if (!code)
		return 0;
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 1024;
		struct sym *grown = realloc(t->syms, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->syms = grown;
		t->room = room;
	}
	t->syms[t->n++] = (struct sym){
		.name = s->name,
		.start = s->vaddr,
		.size = s->size,
		.limit = code->end,
		.rank = rank_of(s),
	};
	return 0;
}

/* By address; of those at one address the best name first. */
static int compare(const void *pa, const void *pb)
{
	const struct sym *a = pa, *b = pb;
	size_t la, lb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	/* Bounded: names are as long as somebody else's string table. */
	la = strnlen(a->name, 256);
	lb = strnlen(b->name, 256);
	if (la != lb)
		return la < lb ? -1 : 1;
	return strncmp(a->name, b->name, 256);
}

/* Keep the best name of each address with the largest size any of them has. */
static void unique(struct symtab *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (kept && t->syms[kept - 1].start == t->syms[i].start) {
			if (t->syms[i].size > t->syms[kept - 1].size)
				t->syms[kept - 1].size = t->syms[i].size;
			continue;
		}
		t->syms[kept++] = t->syms[i];
	}
	t->n = kept;
}

static int build(struct symtab *t)
{
	uint64_t next;
	int err = 0;

	for (size_t i = 0; i < t->n && !err; i++) {
		const struct sym *s = &t->syms[i];
		uint64_t room = s->limit - s->start;

		err = rangemap__add(&t->sized, s->start,
				    s->start + (s->size < room ? s->size : room), i);
	}
	if (!err)
		err = rangemap__seal(&t->sized);
	/* A label inside a function is not where the function ends. */
	next = UINT64_MAX;
	for (size_t i = t->n; i-- > 0 && !err;) {
		const struct sym *s = &t->syms[i];

		if (!s->size && rangemap__find(&t->sized, s->start))
			continue;
		if (!s->size)
			err = rangemap__add(&t->guessed, s->start,
					    next < s->limit ? next : s->limit, i);
		next = s->start;
	}
	if (!err)
		err = rangemap__seal(&t->guessed);
	return err;
}

static int code_sections(const struct elfimg *img, struct rangemap *code)
{
	const uint64_t want = SHF_ALLOC | SHF_EXECINSTR;
	int err = 0;

	for (size_t i = 1; i < elfimg__n_sects(img) && !err; i++) {
		const struct elf_sect *s = elfimg__sect(img, i);

		if ((s->flags & want) == want && s->size <= UINT64_MAX - s->addr)
			err = rangemap__add(code, s->addr, s->addr + s->size, i);
	}
	return err ? err : rangemap__seal(code);
}

int symtab__new(const struct elfimg *const *imgs, size_t n, struct symtab **out)
{
	struct collect c = {0};
	int err = -ENOMEM;

	*out = NULL;
	c.tab = calloc(1, sizeof(*c.tab));
	if (!c.tab)
		goto cleanup;
	err = code_sections(imgs[0], &c.code);
	for (size_t i = 0; i < n && !err; i++)
		if (imgs[i])
			err = elfimg__for_each_sym(imgs[i], collect, &c);
	if (err)
		goto cleanup;
	if (c.tab->n)
		qsort(c.tab->syms, c.tab->n, sizeof(*c.tab->syms), compare);
	unique(c.tab);
	err = build(c.tab);
	if (err)
		goto cleanup;
	*out = c.tab;
	c.tab = NULL;

cleanup:
	rangemap__clear(&c.code);
	symtab__free(c.tab);
	return err;
}

void symtab__free(struct symtab *t)
{
	if (!t)
		return;
	rangemap__clear(&t->sized);
	rangemap__clear(&t->guessed);
	free(t->syms);
	free(t);
}

bool symtab__find(const struct symtab *t, uint64_t vaddr, struct symtab_hit *hit)
{
	const struct range *r = rangemap__find(&t->sized, vaddr);
	bool sized = r != NULL;

	if (!r)
		r = rangemap__find(&t->guessed, vaddr);
	if (!r)
		return false;
	*hit = (struct symtab_hit){
		.name = t->syms[r->value].name,
		.start = t->syms[r->value].start,
		.sized = sized,
	};
	return true;
}
