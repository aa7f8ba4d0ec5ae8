/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kstacks.h"

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/memleak.h"

#include "../../bpf/kernel.h"
#include "kernel/kallsyms.h"
#include "report/model.h"
#include "sym/demangle.h"

/*
 * Prefixes. Names change: _noprof came with 6.10, frozen pages with 6.14; before 6.1 there were
 * more forms of kmalloc; compilers add .isra, .constprop and the like.
 */
static const char *const allocator[] = {
	/* programs and what calls them */
	"bpf_",
	"__bpf_",
	"__traceiter_",
	"__SCT__tp_func_",
	"trace_event_raw_event_",
	"perf_trace_",
	/* slab */
	"kmalloc",
	"__kmalloc",
	"kmem_cache_alloc",
	"__kmem_cache_alloc",
	"kmem_cache_zalloc",
	"slab_post_alloc",
	"kvmalloc",
	"__kvmalloc",
	"kvzalloc",
	"kvcalloc",
	"kzalloc",
	"kcalloc",
	"krealloc",
	"kfree",
	/* pages */
	"__alloc_pages",
	"alloc_pages",
	"__alloc_frozen_pages",
	"alloc_frozen_pages",
	"__folio_alloc",
	"folio_alloc",
	"vma_alloc_folio",
	"alloc_page_",
	"get_free_pages",
	"__get_free_pages",
	"get_zeroed_page",
	"alloc_pages_exact",
	"make_alloc_exact",
	/* percpu */
	"pcpu_alloc",
	"__alloc_percpu",
	"alloc_percpu",
	/* vmalloc */
	"alloc_vmap_area",
	"__get_vm_area",
	"get_vm_area",
	"__vmalloc",
	"vmalloc",
	"vzalloc",
	NULL,
};

bool kstacks__is_allocator(const char *name)
{
	size_t i;

	for (i = 0; allocator[i]; i++)
		if (!strncmp(name, allocator[i], strlen(allocator[i])))
			return true;
	return false;
}

/*
 * Is this a function of an allocator, or of what traces it? What a module calls vmalloc_something
 * is none; programs are in a "module", too.
 */
static bool is_allocator(const struct ksym *sym)
{
	return (!sym->module || !strcmp(sym->module, "bpf")) && kstacks__is_allocator(sym->name);
}

char *kstacks__name(const char *raw)
{
	char *readable = demangle__name(raw);

	return readable ? readable : strdup(raw);
}

int kstacks__frame(const struct kallsyms *symbols, uint64_t pc, struct report_frame *frame)
{
	struct ksym sym;

	memset(frame, 0, sizeof(*frame));
	frame->addr = pc;
	/* a return address may lie behind its function's end */
	if (!kallsyms__find(symbols, pc - 1, &sym) || !sym.is_text)
		return 0;
	frame->function = kstacks__name(sym.name);
	frame->offset = pc - sym.start;
	frame->image = strdup(sym.module ? sym.module : "kernel");
	return frame->function && frame->image ? 0 : -ENOMEM;
}

size_t kstacks__first(const struct kallsyms *symbols, const struct stack_trace *trace,
		      uint64_t call_site)
{
	struct ksym sym;
	size_t i;

	if (trace->pc[0] == call_site) /* cut there already */
		return 0;
	for (i = 0; i < trace->head.depth; i++)
		if (kallsyms__find(symbols, trace->pc[i] - 1, &sym) && sym.is_text &&
		    !is_allocator(&sym))
			return i;
	return 0;
}

int kstacks__resolve(const struct kallsyms *symbols, const struct stack_trace *trace,
		     uint64_t call_site, struct model_stack *out)
{
	size_t i, n = trace->head.depth;

	if (n > MEMLEAK_MAX_DEPTH)
		n = MEMLEAK_MAX_DEPTH;
	if (!n) {
		out->lost = true;
		return 0;
	}
	out->frames = calloc(n, sizeof(*out->frames));
	if (!out->frames)
		return -ENOMEM;
	for (i = kstacks__first(symbols, trace, call_site); i < n; i++)
		if (kstacks__frame(symbols, trace->pc[i], &out->frames[out->n_frames++]))
			return -ENOMEM;
	if (KSTACK_CUT(trace->head.end))
		out->cut = "deeper than --max-depth";
	return 0;
}
