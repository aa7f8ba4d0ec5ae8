/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/layout.h"

#include <string.h>

#include <bpf/btf.h>

#define MAX_NESTING 16

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	int i;

	for (i = 0; t && (btf_is_mod(t) || btf_is_typedef(t)) && i < MAX_NESTING; i++)
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* The first part of path, up to a '.', in t or in what t holds without a name. */
static bool find(const struct btf *btf, const struct btf_type *t, const char *path, size_t n,
		 int depth, struct field *out, uint32_t *type_id)
{
	uint16_t i;

	if (!t || !btf_is_composite(t) || depth > MAX_NESTING)
		return false;
	for (i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *name = btf__name_by_offset(btf, m->name_off);
		uint32_t bit = btf_member_bit_offset(t, i);

		if (!*name) {
			if (!find(btf, plain_type(btf, m->type), path, n, depth + 1, out, type_id))
				continue;
			out->bit += bit;
			return true;
		}
		if (strlen(name) != n || memcmp(name, path, n) != 0)
			continue;
		out->bit = bit;
		out->bits = btf_member_bitfield_size(t, i);
		if (!out->bits)
			out->bits = 8 * btf__resolve_size(btf, m->type);
		*type_id = m->type;
		return true;
	}
	return false;
}

struct field layout__field(const struct btf *btf, const char *type, const char *path)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	struct field sum = {0}, part;
	uint32_t next;
	size_t n;

	for (;;) {
		n = strcspn(path, ".");
		part = (struct field){0};
		if (!find(btf, t, path, n, 0, &part, &next))
			return (struct field){0};
		sum.bit += part.bit;
		sum.bits = part.bits;
		if (!path[n])
			return sum;
		path += n + 1;
		t = plain_type(btf, next);
	}
}

size_t layout__size(const struct btf *btf, const char *type)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, id)->size : 0;
}

bool layout__percpu(const struct btf *btf, const char *name, uint64_t *offset)
{
	int id = btf__find_by_name_kind(btf, ".data..percpu", BTF_KIND_DATASEC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL, *var;
	uint16_t i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		var = btf__type_by_id(btf, btf_var_secinfos(t)[i].type);
		if (var && !strcmp(btf__name_by_offset(btf, var->name_off), name)) {
			*offset = btf_var_secinfos(t)[i].offset;
			return true;
		}
	}
	return false;
}

uint64_t field__get(struct field f, const void *base, size_t size)
{
	uint64_t value = 0;
	size_t n = (f.bit % 8 + f.bits + 7) / 8;

	if (!f.bits || n > sizeof(value) || f.bit / 8 + n > size)
		return 0;
	/* little endian, as all that we run on */
	memcpy(&value, (const char *)base + f.bit / 8, n);
	value >>= f.bit % 8;
	return f.bits < 64 ? value & ((1ULL << f.bits) - 1) : value;
}
