/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/entries.h"

#include <stdbool.h>
#include <string.h>

#include "kernel/kallsyms.h"

struct finder {
	const struct kallsyms *symbols;
	struct kernel_entry_range *ranges;
	size_t n;
};

static void add(struct finder *f, uint64_t start, uint64_t end, enum kernel_context context)
{
	struct kernel_entry_range *last = f->n ? &f->ranges[f->n - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->context == context && last->start <= start && start <= last->end) {
		if (last->end < end)
			last->end = end;
		return;
	}
	if (f->n == KERNEL_ENTRY_RANGES)
		return;
	f->ranges[f->n++] = (struct kernel_entry_range){start, end, context, 0};
}

/* x86 has the entries of exceptions in the section of those of interrupts, since 5.8. */
static bool is_exception(const char *name)
{
	return !strncmp(name, "asm_exc_", 8) || !strncmp(name, "asm_int80", 9);
}

static void add_section(struct finder *f, const char *from, const char *to,
			enum kernel_context context)
{
	uint64_t start = kallsyms__address(f->symbols, from);
	uint64_t end = kallsyms__address(f->symbols, to), at;
	struct ksym sym;

	for (at = start; at < end; at = sym.end) {
		if (!kallsyms__find(f->symbols, at, &sym) || sym.end <= at)
			break;
		if (!is_exception(sym.name))
			add(f, at, sym.end < end ? sym.end : end, context);
	}
}

static void add_function(struct finder *f, const char *name, enum kernel_context context)
{
	struct ksym sym;
	size_t at = 0;

	if (kallsyms__next(f->symbols, name, &at, &sym) && sym.end != UINT64_MAX)
		add(f, sym.start, sym.end, context);
}

size_t entries__find(const struct kallsyms *symbols,
		     struct kernel_entry_range ranges[KERNEL_ENTRY_RANGES])
{
	struct finder f = {.symbols = symbols, .ranges = ranges};

	add_section(&f, "__softirqentry_text_start", "__softirqentry_text_end", KERNEL_SOFTIRQ);
	/* since 6.11 what __do_softirq, which is in there, calls; alone from ksoftirqd */
	add_function(&f, "handle_softirqs", KERNEL_SOFTIRQ);
	add_section(&f, "__irqentry_text_start", "__irqentry_text_end", KERNEL_HARDIRQ);
	return f.n;
}
