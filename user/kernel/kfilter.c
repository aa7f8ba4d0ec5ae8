/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kfilter.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/filter_system.h"
#include "kernel/kallsyms.h"

/* Compilers make parts and variants of a function, called name.isra.0, name.cold and the like. */
static bool is_called(const char *symbol, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(symbol, name, n) && (!symbol[n] || symbol[n] == '.');
}

static bool is_in(const struct ksym *sym, const char *module)
{
	return sym->module ? !strcmp(sym->module, module) : !strcmp(module, "kernel");
}

static int functions(void *ctx, const char *name, const char *module, struct filter_range *ranges,
		     size_t room)
{
	const struct kallsyms *symbols = ctx;
	struct ksym sym;
	size_t i, n = 0;

	for (i = 0; i < kallsyms__count(symbols); i++) {
		kallsyms__at(symbols, i, &sym);
		if (!sym.is_text || (module && !is_in(&sym, module)) ||
		    (name && !is_called(sym.name, name)))
			continue;
		/* pieces that follow each other are one: those of a module do */
		if (n && n <= room && ranges[n - 1].end >= sym.start) {
			if (ranges[n - 1].end < sym.end)
				ranges[n - 1].end = sym.end;
			continue;
		}
		if (n < room)
			ranges[n] = (struct filter_range){sym.start, sym.end};
		n++;
	}
	return n > INT32_MAX ? INT32_MAX : (int)n;
}

static int function_at(void *ctx, uint64_t addr, struct filter_range *range)
{
	struct ksym sym;

	if (!kallsyms__find(ctx, addr, &sym) || !sym.is_text || addr >= sym.end)
		return 0;
	*range = (struct filter_range){sym.start, sym.end};
	return 1;
}

static const char *function(void *ctx, size_t index)
{
	struct ksym sym;

	if (index >= kallsyms__count(ctx))
		return NULL;
	kallsyms__at(ctx, index, &sym);
	return sym.is_text ? sym.name : "";
}

static int open_cgroups(struct kfilter *f, const struct filter_system *system, FILE *err)
{
	int fd;

	while (f->n_cgroups < FILTER_MAX_CGROUPS && f->prog.cgroup[f->n_cgroups]) {
		fd = filter_system__open_cgroup(system, f->prog.cgroup[f->n_cgroups]);
		if (fd < 0) {
			fprintf(err, "memleak-bpf: option -f: a cgroup cannot be opened: %s\n",
				strerror(-fd));
			return fd;
		}
		f->cgroups[f->n_cgroups++] = fd;
	}
	return 0;
}

int kfilter__compile(const char *expression, const struct btf *btf, const struct kallsyms *symbols,
		     struct kfilter *out, FILE *err)
{
	struct filter_system *system;
	struct filter_names names;
	struct filter_error error;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = filter_system__new(btf, "", &system);
	if (ret) {
		fprintf(err, "memleak-bpf: option -f: %s\n", strerror(-ret));
		return ret;
	}
	filter_system__names(system, &names);
	if (symbols) {
		names.symbols = (void *)symbols;
		names.functions = functions;
		names.function_at = function_at;
		names.function = function;
	}
	ret = filter__compile(expression, &names, &out->prog, &error);
	if (ret) {
		fputs("memleak-bpf: option -f: ", err);
		filter_error__print(&error, expression, err);
	} else {
		ret = open_cgroups(out, system, err);
	}
	filter_system__free(system);
	if (ret)
		kfilter__clear(out);
	return ret;
}

bool kfilter__uses(const struct kfilter *f, enum filter_field field)
{
	size_t i;

	/* those that are not used are all zeroes */
	for (i = 0; i < FILTER_MAX_NODES; i++)
		if (f->prog.node[i].test == FILTER_NUMBER && f->prog.node[i].field == field)
			return true;
	return false;
}

void kfilter__clear(struct kfilter *f)
{
	while (f->n_cgroups)
		close(f->cgroups[--f->n_cgroups]);
}
