/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/forms.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

/* The arguments of an event, from its typedef btf_trace_NAME. NULL: no such event. */
static const struct btf_type *prototype(const struct btf *btf, const char *event)
{
	const struct btf_type *t;
	char name[128];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", event);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id <= 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type); /* a pointer */
	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

/* How many arguments the event has; the first of the prototype is not its own. -1: no event. */
static int n_args(const struct btf *btf, const char *event)
{
	const struct btf_type *t = prototype(btf, event);

	return t ? (int)btf_vlen(t) - 1 : -1;
}

/* Is argument i, from 0, a pointer to that structure? */
static bool arg_is(const struct btf *btf, const char *event, int i, const char *name)
{
	const struct btf_type *t = prototype(btf, event);

	if (!t || i + 1 >= btf_vlen(t))
		return false;
	t = btf__type_by_id(btf, btf_params(t)[i + 1].type);
	if (!t || !btf_is_ptr(t))
		return false;
	t = btf__type_by_id(btf, t->type);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_struct(t) && !strcmp(btf__name_by_offset(btf, t->name_off), name);
}

static void use(struct forms *f, const char *program)
{
	if (f->n < FORMS_MAX_PROGRAMS)
		f->program[f->n++] = program;
}

static void choose_slab(const struct btf *btf, struct forms *f)
{
	int n = n_args(btf, "kmem_cache_alloc");

	use(f, "on_kfree");
	use(f, "on_cache_free");
	use(f, arg_is(btf, "kmalloc", 2, "kmem_cache") ? "on_kmalloc_519" : "on_kmalloc");
	if (n == 5 && arg_is(btf, "kmem_cache_alloc", 2, "kmem_cache"))
		use(f, "on_cache_alloc");
	else if (n == 6 && arg_is(btf, "kmem_cache_alloc", 2, "kmem_cache"))
		use(f, "on_cache_alloc_519");
	else if (n == 5)
		use(f, "on_cache_alloc_old");
	else
		f->missing = "kmem_cache_alloc";
	/* since 6.1 the other events tell of these, too */
	if (n_args(btf, "kmalloc_node") >= 0)
		use(f, arg_is(btf, "kmalloc_node", 2, "kmem_cache") ? "on_kmalloc_node_519"
								    : "on_kmalloc_node");
	if (n_args(btf, "kmem_cache_alloc_node") == 7)
		use(f, "on_cache_alloc_node_519");
	else if (n_args(btf, "kmem_cache_alloc_node") >= 0)
		use(f, "on_cache_alloc_node_old");
	if (n_args(btf, "kfree") < 2)
		f->missing = "kfree";
	if (n_args(btf, "kmem_cache_free") < 2)
		f->missing = "kmem_cache_free";
	if (n_args(btf, "kmalloc") < 5)
		f->missing = "kmalloc";
}

static void choose_percpu(const struct btf *btf, struct forms *f)
{
	int n = n_args(btf, "percpu_alloc_percpu");

	use(f, "on_percpu_free");
	if (n >= 10) /* since 5.19 */
		use(f, "on_percpu_alloc");
	else if (n == 7)
		use(f, "on_percpu_alloc_old");
	else
		f->missing = "percpu_alloc_percpu";
}

void forms__choose(const struct btf *btf, enum forms_class class, struct forms *f)
{
	switch (class) {
	case FORMS_SLAB:
		choose_slab(btf, f);
		break;
	case FORMS_PAGES:
		use(f, "on_page_free");
		use(f, "on_page_alloc");
		if (n_args(btf, "mm_page_alloc") < 4 || n_args(btf, "mm_page_free") < 2)
			f->missing = "mm_page_alloc";
		break;
	case FORMS_PERCPU:
		choose_percpu(btf, f);
		break;
	case FORMS_VMALLOC:
		use(f, "on_vmap_free");
		use(f, "on_vmap_alloc");
		if (n_args(btf, "alloc_vmap_area") < 6 || n_args(btf, "free_vmap_area_noflush") < 1)
			f->missing = "alloc_vmap_area";
		break;
	default:
		break;
	}
}
