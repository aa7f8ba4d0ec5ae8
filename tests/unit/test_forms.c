/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs follow the events of a kernel, by BTF as kernels of some years have it. */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#include <bpf/btf.h>

#include "kernel/forms.h"

/* typedef void (*btf_trace_NAME)(void *, arguments) */
static void add_event(struct btf *btf, const char *name, int n_args, int third)
{
	int word = btf__find_by_name_kind(btf, "word", BTF_KIND_INT), id, i;
	char typedef_name[64];

	id = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "", word); /* the program's own */
	for (i = 0; i < n_args; i++)
		btf__add_func_param(btf, "a", i == 2 && third ? third : word);
	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	btf__add_typedef(btf, typedef_name, btf__add_ptr(btf, id));
}

static struct btf *new_btf(int *cache)
{
	struct btf *btf = btf__new_empty();

	btf__add_int(btf, "word", 8, 0);
	*cache = btf__add_ptr(btf, btf__add_struct(btf, "kmem_cache", 64));
	return btf;
}

static bool has(const struct forms *f, const char *program)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->program[i], program))
			return true;
	return false;
}

static void choose(struct btf *btf, enum forms_class class, struct forms *f)
{
	*f = (struct forms){0};
	forms__choose(btf, class, f);
}

/* 5.10: events of their own for what is told the node, percpu without a call site, no vmalloc. */
static void linux_5_10(void)
{
	struct forms f;
	int cache;
	struct btf *btf = new_btf(&cache);

	add_event(btf, "kmalloc", 5, 0);
	add_event(btf, "kmalloc_node", 6, 0);
	add_event(btf, "kmem_cache_alloc", 5, 0);
	add_event(btf, "kmem_cache_alloc_node", 6, 0);
	add_event(btf, "kfree", 2, 0);
	add_event(btf, "kmem_cache_free", 2, 0);
	add_event(btf, "percpu_alloc_percpu", 7, 0);
	add_event(btf, "mm_page_alloc", 4, 0);
	add_event(btf, "mm_page_free", 2, 0);
	choose(btf, FORMS_SLAB, &f);
	CHECK(!f.missing);
	CHECK_EQ(f.n, 6);
	CHECK(has(&f, "on_kmalloc") && has(&f, "on_kmalloc_node"));
	CHECK(has(&f, "on_cache_alloc_old") && has(&f, "on_cache_alloc_node_old"));
	CHECK(has(&f, "on_kfree") && has(&f, "on_cache_free"));
	/* frees are attached first */
	CHECK(strstr(f.program[0], "free") && strstr(f.program[1], "free"));
	choose(btf, FORMS_PERCPU, &f);
	CHECK(!f.missing && has(&f, "on_percpu_alloc_old"));
	choose(btf, FORMS_PAGES, &f);
	CHECK(!f.missing && has(&f, "on_page_alloc") && has(&f, "on_page_free"));
	choose(btf, FORMS_VMALLOC, &f);
	CHECK_STR(f.missing, "alloc_vmap_area");
	btf__free(btf);
}

/* 5.19 and 6.0: the cache is among the arguments, before the sizes. */
static void linux_5_19(void)
{
	struct forms f;
	int cache;
	struct btf *btf = new_btf(&cache);

	add_event(btf, "kmalloc", 6, cache);
	add_event(btf, "kmalloc_node", 7, cache);
	add_event(btf, "kmem_cache_alloc", 6, cache);
	add_event(btf, "kmem_cache_alloc_node", 7, cache);
	add_event(btf, "kfree", 2, 0);
	add_event(btf, "kmem_cache_free", 3, 0);
	choose(btf, FORMS_SLAB, &f);
	CHECK(!f.missing && has(&f, "on_cache_alloc_519") && has(&f, "on_cache_alloc_node_519"));
	CHECK(has(&f, "on_kmalloc_519") && has(&f, "on_kmalloc_node_519"));
	btf__free(btf);
}

static void linux_6_18(void)
{
	struct forms f;
	int cache;
	struct btf *btf = new_btf(&cache);

	add_event(btf, "kmalloc", 6, 0);
	add_event(btf, "kmem_cache_alloc", 5, cache);
	add_event(btf, "kfree", 2, 0);
	add_event(btf, "kmem_cache_free", 3, cache);
	add_event(btf, "percpu_alloc_percpu", 10, 0);
	add_event(btf, "alloc_vmap_area", 6, 0);
	add_event(btf, "free_vmap_area_noflush", 3, 0);
	choose(btf, FORMS_SLAB, &f);
	CHECK(!f.missing);
	CHECK_EQ(f.n, 4);
	CHECK(has(&f, "on_cache_alloc"));
	choose(btf, FORMS_PERCPU, &f);
	CHECK(!f.missing && has(&f, "on_percpu_alloc"));
	choose(btf, FORMS_VMALLOC, &f);
	CHECK(!f.missing && has(&f, "on_vmap_alloc") && has(&f, "on_vmap_free"));
	choose(btf, FORMS_PAGES, &f);
	CHECK_STR(f.missing, "mm_page_alloc");
	btf__free(btf);
}

/* Not guessed at: an event with arguments that we do not know is as good as missing. */
static void unknown(void)
{
	struct forms f;
	int cache;
	struct btf *btf = new_btf(&cache);

	choose(btf, FORMS_SLAB, &f);
	CHECK(f.missing != NULL);
	add_event(btf, "kmalloc", 5, 0);
	add_event(btf, "kmem_cache_alloc", 9, cache);
	add_event(btf, "kfree", 2, 0);
	add_event(btf, "kmem_cache_free", 2, 0);
	choose(btf, FORMS_SLAB, &f);
	CHECK_STR(f.missing, "kmem_cache_alloc");
	/* no function at all, and a typedef that leads nowhere */
	btf__add_typedef(btf, "btf_trace_percpu_alloc_percpu", 1);
	choose(btf, FORMS_PERCPU, &f);
	CHECK_STR(f.missing, "percpu_alloc_percpu");
	btf__free(btf);
}

int main(void)
{
	RUN(linux_5_10);
	RUN(linux_5_19);
	RUN(linux_6_18);
	RUN(unknown);
	return check_done();
}
