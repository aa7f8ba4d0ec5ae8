/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kallsyms.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SYMBOLS (16u << 20)

/* Names lie one behind the other in one piece of memory: there are some 200,000. */
struct symbol {
	uint64_t addr;
	uint32_t name, module; /* offsets into names; module 0: none */
	bool is_text;
};

struct kallsyms {
	struct symbol *syms; /* by address, then as they were read */
	size_t n, max;
	char *names;
	size_t names_size, names_max;
};

void kallsyms__free(struct kallsyms *k)
{
	if (!k)
		return;
	free(k->syms);
	free(k->names);
	free(k);
}

/* The offset of a copy of n bytes at s, with a NUL; 0: no memory. */
static uint32_t add_name(struct kallsyms *k, const char *s, size_t n)
{
	size_t max = k->names_max;
	uint32_t at;
	char *grown;

	while (k->names_size + n + 1 > max)
		max = max ? max * 2 : 1 << 16;
	if (max > UINT32_MAX)
		return 0;
	if (max != k->names_max) {
		grown = realloc(k->names, max);
		if (!grown)
			return 0;
		k->names = grown;
		k->names_max = max;
	}
	if (!k->names_size)
		k->names[k->names_size++] = '\0'; /* offset 0 stands for none */
	if (k->names_size + n + 1 > k->names_max)
		return 0;
	at = k->names_size;
	memcpy(k->names + at, s, n);
	k->names[at + n] = '\0';
	k->names_size += n + 1;
	return at;
}

/* "ffffffff81000000 T name", and a tab and "[module]" behind it. 0 also for what is no such line.
 */
static int add_line(struct kallsyms *k, const char *line)
{
	const char *name, *name_end, *module;
	struct symbol sym = {0}, *grown;
	size_t max;
	char *end;

	sym.addr = strtoull(line, &end, 16);
	if (end == line || end[0] != ' ' || !isalpha((unsigned char)end[1]) || end[2] != ' ')
		return 0;
	sym.is_text = strchr("tTwW", end[1]);
	name = end + 3;
	name_end = name + strcspn(name, " \t\n");
	if (name_end == name)
		return 0;
	if (k->n == k->max) {
		max = k->max ? k->max * 2 : 1 << 16;
		if (max > MAX_SYMBOLS)
			return -EFBIG;
		grown = reallocarray(k->syms, max, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		k->syms = grown;
		k->max = max;
	}
	sym.name = add_name(k, name, name_end - name);
	if (!sym.name)
		return -ENOMEM;
	module = strchr(name_end, '[');
	if (module) {
		module++;
		/* those of one module come one after the other */
		if (k->n && k->syms[k->n - 1].module) {
			const char *last = k->names + k->syms[k->n - 1].module;
			size_t n = strlen(last);

			if (!strncmp(last, module, n) && module[n] == ']')
				sym.module = k->syms[k->n - 1].module;
		}
		if (!sym.module)
			sym.module = add_name(k, module, strcspn(module, "]\n"));
		if (!sym.module)
			return -ENOMEM;
	}
	k->syms[k->n++] = sym;
	return 0;
}

static int compare(const void *pa, const void *pb)
{
	const struct symbol *a = pa, *b = pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

int kallsyms__read(FILE *in, struct kallsyms **out)
{
	struct kallsyms *k = calloc(1, sizeof(*k));
	char *line = NULL;
	size_t size = 0, i;
	int err = 0;

	*out = NULL;
	if (!k)
		return -ENOMEM;
	while (!err && getline(&line, &size, in) > 0)
		err = add_line(k, line);
	if (!err && ferror(in))
		err = -EIO;
	if (!err && !k->n)
		err = -ENODATA;
	if (err)
		goto cleanup;
	err = -EPERM;
	for (i = 0; i < k->n && err; i++)
		if (k->syms[i].addr)
			err = 0;
	if (err)
		goto cleanup;
	qsort(k->syms, k->n, sizeof(*k->syms), compare);
	*out = k;
	k = NULL;
cleanup:
	free(line);
	kallsyms__free(k);
	return err;
}

static void describe(const struct kallsyms *k, size_t i, struct ksym *sym)
{
	const struct symbol *s = &k->syms[i];

	sym->name = k->names + s->name;
	sym->module = s->module ? k->names + s->module : NULL;
	sym->start = s->addr;
	sym->is_text = s->is_text;
	sym->end = UINT64_MAX;
	for (; i < k->n; i++)
		if (k->syms[i].addr > s->addr) {
			sym->end = k->syms[i].addr;
			break;
		}
}

bool kallsyms__find(const struct kallsyms *k, uint64_t addr, struct ksym *sym)
{
	size_t low = 0, high, mid;

	if (!k)
		return false;
	high = k->n; /* the first one behind addr lies in [low, high] */
	while (low < high) {
		mid = low + (high - low) / 2;
		if (k->syms[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	low--;
	while (low && k->syms[low - 1].addr == k->syms[low].addr)
		low--;
	describe(k, low, sym);
	return true;
}

bool kallsyms__next(const struct kallsyms *k, const char *name, size_t *at, struct ksym *sym)
{
	if (!k)
		return false;
	for (; *at < k->n; ++*at)
		if (!strcmp(k->names + k->syms[*at].name, name)) {
			describe(k, (*at)++, sym);
			return true;
		}
	return false;
}

size_t kallsyms__count(const struct kallsyms *k)
{
	return k ? k->n : 0;
}

void kallsyms__at(const struct kallsyms *k, size_t i, struct ksym *sym)
{
	describe(k, i, sym);
}

uint64_t kallsyms__address(const struct kallsyms *k, const char *name)
{
	struct ksym sym;
	size_t at = 0;

	return kallsyms__next(k, name, &at, &sym) ? sym.start : 0;
}

const char *kallsyms__problem(int err)
{
	switch (err) {
	case -EPERM:
		return "the kernel hides the addresses of its functions, so there are no names: "
		       "CAP_SYSLOG is missing, or /proc/sys/kernel/kptr_restrict is 2 (1 allows "
		       "root)";
	case -ENOENT:
	case -ENODATA:
		return "this kernel has no list of its functions (CONFIG_KALLSYMS), so there are "
		       "no "
		       "names";
	default:
		return "/proc/kallsyms cannot be read, so there are no names";
	}
}
