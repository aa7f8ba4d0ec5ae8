/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kskel.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "../../bpf/memleak.h"

#include "../../bpf/filter.h"
#include "../../bpf/kernel.h"

#include "kernel.skel.h"
#include "kernel_old.skel.h"

struct kskel {
	struct kernel_bpf *skel;
	struct kernel_old_bpf *old; /* one of them is NULL */
	struct bpf_object *bpf;
	struct kernel_config *config;
	struct filter_prog *filter;
	struct kernel_state *state;
};

int kskel__new(bool old, struct kskel **out)
{
	struct kskel *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	if (old)
		s->old = kernel_old_bpf__open();
	else
		s->skel = kernel_bpf__open();
	if (!s->old && !s->skel) {
		err = -errno;
		free(s);
		return err;
	}
	/* loading maps the variables at the same address */
	s->bpf = old ? s->old->obj : s->skel->obj;
	s->config = old ? (void *)&s->old->rodata->cfg : (void *)&s->skel->rodata->cfg;
	s->filter = old ? (void *)&s->old->rodata->filter : (void *)&s->skel->rodata->filter;
	s->state = old ? (void *)&s->old->bss->state : (void *)&s->skel->bss->state;
	*out = s;
	return 0;
}

int kskel__load(struct kskel *s)
{
	return s->old ? kernel_old_bpf__load(s->old) : kernel_bpf__load(s->skel);
}

void kskel__free(struct kskel *s)
{
	if (!s)
		return;
	kernel_old_bpf__destroy(s->old);
	kernel_bpf__destroy(s->skel);
	free(s);
}

struct kernel_config *kskel__config(const struct kskel *s)
{
	return s->config;
}

struct filter_prog *kskel__filter(const struct kskel *s)
{
	return s->filter;
}

struct kernel_state *kskel__state(const struct kskel *s)
{
	return s->state;
}

struct bpf_map *kskel__map(const struct kskel *s, const char *name)
{
	return bpf_object__find_map_by_name(s->bpf, name);
}

struct bpf_program *kskel__program(const struct kskel *s, const char *name)
{
	return bpf_object__find_program_by_name(s->bpf, name);
}

int kskel__program_fd(const struct kskel *s, const char *name)
{
	const struct bpf_program *prog = kskel__program(s, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}
