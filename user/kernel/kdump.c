/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdump - what is in the objects of a site, those that begin alike together.
 *
 * An object is read while its owner may change or free it: it only counts if its record is the same
 * after the reading as before.
 */
#include "kernel/kreport_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "contents/contents.h"
#include "contents/kinds.h"
#include "kernel/kallsyms.h"
#include "kernel/kobjects.h"
#include "kernel/slub.h"
#include "render/format.h"

#define MAX_READ 16384	     /* objects of a site */
#define MAX_KINDS 3	     /* of contents that are shown */
#define MAX_KNOWN 256	     /* of contents that are told apart */
#define ALIKE 64	     /* bytes that are compared */
#define MAX_SYMBOL (1 << 20) /* bytes */

struct dump {
	struct kreport *r;
	struct kinds *kinds; /* by the index of an object */
	uint64_t n_read, n_gone, n_unreadable;
	int why; /* the last one could not be read */
};

/* Is its memory where its address says? Percpu pointers and struct pages are no such addresses. */
static bool has_contents(const struct kobject *o)
{
	return OBJECT_SPACE(o->what) == KERNEL_SPACE_SLAB ||
	       OBJECT_SPACE(o->what) == KERNEL_SPACE_VMALLOC;
}

/* Read the first bytes of an object. Returns 0, -ESTALE: it is another one, or negative errno. */
static int read_object(struct kreport *r, const struct kobject *o, void *buf, size_t size)
{
	int err;

	if (!kobjects__is_same(r->session, o))
		return -ESTALE;
	err = ksession__peek(r->session, o->addr, buf, size);
	return err ? err : kobjects__is_same(r->session, o) ? 0 : -ESTALE;
}

static int add_object(struct dump *d, size_t i)
{
	const struct contents_pointers pointers = {.is_one = contents__is_kernel_pointer};
	const struct kobject *o = &d->r->objects.at[i];
	uint8_t start[ALIKE];
	char signature[CONTENTS_SIGNATURE];
	size_t size = kobject__req(o) < ALIKE ? kobject__req(o) : ALIKE;
	int err = read_object(d->r, o, start, size);

	if (err) {
		d->n_gone += err == -ESTALE;
		d->n_unreadable += err != -ESTALE;
		if (err != -ESTALE)
			d->why = err;
		return 0;
	}
	d->n_read++;
	contents__signature(start, size, &pointers, signature);
	return kinds__add(d->kinds, signature, i, kobject__req(o), REACH_UNJUDGED);
}

static const struct kobject *tracked(const struct kreport *r, uint64_t addr)
{
	size_t low = 0, high = r->objects.n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (r->objects.at[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || OBJECT_SPACE(r->objects.at[low - 1].what) != KERNEL_SPACE_SLAB ||
	    addr - r->objects.at[low - 1].addr >= kobject__alloc(&r->objects.at[low - 1]))
		return NULL;
	return &r->objects.at[low - 1];
}

/* What a word of an object points to. */
static bool describe_pointer(uint64_t addr, char *buf, size_t size, void *arg)
{
	struct kreport *r = arg;
	struct slub_object slab;
	const struct kobject *o;
	uint32_t site, key;
	struct ksym sym, caller;

	if (kallsyms__find(r->symbols, addr, &sym) && addr < sym.end &&
	    addr - sym.start < MAX_SYMBOL) {
		snprintf(buf, size, "%s+0x%" PRIx64 "%s%s%s", sym.name, addr - sym.start,
			 sym.module ? " [" : "", sym.module ? sym.module : "",
			 sym.module ? "]" : "");
		return true;
	}
	if (!r->slub_answers || slub__examine(r->slub, addr, &slab) || !slab.start)
		return false;
	o = tracked(r, addr);
	if (o && kreport__origin(r, o->when, &site, &key) && r->sites[site].call_site &&
	    kallsyms__find(r->symbols, r->sites[site].call_site - 1, &caller))
		snprintf(buf, size, "%s object +0x%" PRIx64 ", outstanding, of %s", slab.cache_name,
			 addr - slab.start, caller.name);
	else
		snprintf(buf, size, "%s object +0x%" PRIx64 "%s", slab.cache_name,
			 addr - slab.start, slab.state == SLUB_FREE ? ", free" : "");
	return true;
}

static void print_type_part(void *ctx, const char *fmt, va_list args)
{
	vfprintf(ctx, fmt, args);
}

static void print_as_type(struct kreport *r, const uint8_t *data, size_t size, FILE *out)
{
	LIBBPF_OPTS(btf_dump_type_data_opts, opts, .indent_level = 1, .indent_str = "  ");
	struct btf_dump *dump = btf_dump__new(r->btf, print_type_part, out, NULL);
	int id = btf__find_by_name_kind(r->btf, r->opts.type, BTF_KIND_STRUCT), n;

	if (!dump)
		return;
	n = btf_dump__dump_type_data(dump, id, data, size, &opts);
	fputc('\n', out);
	if (n == -E2BIG)
		fprintf(out, "  [struct %s is larger than the object]\n", r->opts.type);
	btf_dump__free(dump);
}

static void print_kind(struct dump *d, const struct kind *k, FILE *out)
{
	const struct kobject *first = &d->r->objects.at[k->first];
	size_t size = kobject__req(first);
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];
	const struct btf_type *t = NULL;
	const struct contents_pointers pointers = {contents__is_kernel_pointer, describe_pointer,
						   d->r};
	uint8_t *data;
	int id;

	if (d->r->opts.type) {
		id = btf__find_by_name_kind(d->r->btf, d->r->opts.type, BTF_KIND_STRUCT);
		t = id > 0 ? btf__type_by_id(d->r->btf, id) : NULL;
	}
	if (size > d->r->opts.dump)
		size = d->r->opts.dump;
	if (t && size < t->size && t->size <= kobject__req(first))
		size = t->size;
	data = malloc(size ? size : 1);
	if (!data)
		return;
	if (read_object(d->r, first, data, size)) {
		fputs("[freed while it was read]\n", out);
	} else {
		fprintf(out, "%s of %s objects begin like 0x%" PRIx64 ": ",
			format__number(a, k->count), format__number(b, d->n_read), first->addr);
		contents__print_start(data, size, &pointers, out);
		fputc('\n', out);
		if (t)
			print_as_type(d->r, data, size, out);
		else
			contents__print(data, size, &pointers, out);
	}
	free(data);
}

int kdump__print(struct kreport *r, uint32_t site, uint32_t key, FILE *out)
{
	struct dump d = {.r = r, .kinds = kinds__new(MAX_KNOWN)};
	char number[FORMAT_NUMBER_SIZE];
	uint32_t its_site, its_key;
	const struct kind *kind;
	uint64_t others, left = 0;
	size_t i, n;
	int err = d.kinds ? 0 : -ENOMEM;

	for (i = 0; !err && i < r->objects.n; i++) {
		const struct kobject *o = &r->objects.at[i];

		if (!has_contents(o) || !kreport__origin(r, o->when, &its_site, &its_key) ||
		    its_site != site || (key && key != its_key) || kreport__is_young(r, o))
			continue;
		if (d.n_read < MAX_READ)
			err = add_object(&d, i);
		else
			left++;
	}
	if (err)
		goto cleanup;
	kind = kinds__sort_by_count(d.kinds, &n);
	for (i = 0; i < n && i < MAX_KINDS; i++)
		print_kind(&d, &kind[i], out);
	for (others = kinds__others(d.kinds)->count; i < n; i++)
		others += kind[i].count;
	if (others)
		fprintf(out, "%s begin otherwise\n", format__number(number, others));
	if (left)
		fprintf(out, "%s more were not looked at\n", format__number(number, left));
	if (d.n_gone)
		fprintf(out, "%s were freed while they were read\n",
			format__number(number, d.n_gone));
	if (d.n_unreadable)
		fprintf(out, "%s could not be read: %s\n", format__number(number, d.n_unreadable),
			d.why == -EPERM ? "the kernel is locked down (confidentiality)"
					: strerror(-d.why));
cleanup:
	kinds__free(d.kinds);
	return err;
}
