/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "memleak.skel.h"
#include "memleak_old.skel.h"

struct object {
	struct memleak_bpf *skel;
	struct memleak_old_bpf *old; /* one of them is NULL */
	struct bpf_object *bpf;
	struct memleak_bpf *late; /* NULL until there is a need for it */
	struct memleak_config *config;
	struct memleak_state *state;
};

int object__new(bool old, struct object **out)
{
	struct object *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	if (old)
		o->old = memleak_old_bpf__open();
	else
		o->skel = memleak_bpf__open();
	if (!o->old && !o->skel) {
		err = -errno;
		free(o);
		return err;
	}
	/* loading maps the variables at the same address */
	o->bpf = old ? o->old->obj : o->skel->obj;
	o->config = old ? &o->old->rodata->cfg : &o->skel->rodata->cfg;
	o->state = old ? &o->old->bss->state : &o->skel->bss->state;
	*out = o;
	return 0;
}

int object__load(struct object *o)
{
	return o->old ? memleak_old_bpf__load(o->old) : memleak_bpf__load(o->skel);
}

int object__load_late(struct object *o, const char *const *names, size_t n)
{
	struct memleak_bpf *late = memleak_bpf__open();
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;
	size_t i;

	if (!late)
		return -errno;
	bpf_object__for_each_program (prog, late->obj) {
		bpf_program__set_autoload(prog, false);
	}
	for (i = 0; i < n; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(late->obj, names[i]),
					  true);
	bpf_object__for_each_map (map, late->obj) {
		err = bpf_map__reuse_fd(map, bpf_map__fd(object__map(o, bpf_map__name(map))));
		if (err)
			goto cleanup;
	}
	/* not the skeleton's: it would map the variables a second time */
	err = bpf_object__load(late->obj);
	if (err)
		goto cleanup;
	o->late = late;
	return 0;
cleanup:
	memleak_bpf__destroy(late);
	return err;
}

void object__free(struct object *o)
{
	if (!o)
		return;
	memleak_bpf__destroy(o->late);
	memleak_old_bpf__destroy(o->old);
	memleak_bpf__destroy(o->skel);
	free(o);
}

bool object__is_old(const struct object *o)
{
	return o->old != NULL;
}

struct bpf_object *object__bpf(const struct object *o)
{
	return o->bpf;
}

struct bpf_object *object__late(const struct object *o)
{
	return o->late ? o->late->obj : NULL;
}

struct memleak_config *object__config(const struct object *o)
{
	return o->config;
}

struct memleak_state *object__state(const struct object *o)
{
	return o->state;
}

struct bpf_map *object__map(const struct object *o, const char *name)
{
	return bpf_object__find_map_by_name(o->bpf, name);
}

struct bpf_program *object__program(const struct object *o, const char *name)
{
	return bpf_object__find_program_by_name(o->bpf, name);
}
