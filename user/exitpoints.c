/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exitpoints.h"

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elfimg.h"
#include "session.h"
#include "target/addrspace.h"

#define MAX_EXITS 16 /* images that have an _exit */

struct exitpoints {
	struct session *session;
	const struct image *image[MAX_EXITS]; /* whose _exit is probed */
	size_t n;
};

struct exitpoints *exitpoints__new(struct session *session)
{
	struct exitpoints *e = calloc(1, sizeof(*e));

	if (e)
		e->session = session;
	return e;
}

void exitpoints__free(struct exitpoints *e)
{
	free(e);
}

/* _Exit comes first: musl's _exit calls it; glibc's is the same function. */
static int find_exit(const struct elf_sym *sym, void *arg)
{
	uint64_t *vaddr = arg;

	if (!sym->is_func || !sym->is_defined || !sym->is_global)
		return 0;
	if (!strcmp(sym->name, "_exit") && !*vaddr)
		*vaddr = sym->vaddr;
	if (!strcmp(sym->name, "_Exit"))
		*vaddr = sym->vaddr;
	return 0;
}

static bool is_probed(const struct exitpoints *e, const struct image *img)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (e->image[i] == img)
			return true;
	return false;
}

void exitpoints__update(struct exitpoints *e, const struct addrspace *as)
{
	const struct image *const *images;
	uint64_t offset;
	size_t n, i;

	images = addrspace__images(as, &n);
	for (i = 0; i < n && e->n < MAX_EXITS; i++) {
		uint64_t vaddr = 0;

		if (!images[i]->elf || is_probed(e, images[i]))
			continue;
		elfimg__for_each_sym(images[i]->elf, find_exit, &vaddr);
		if (vaddr && elfimg__vaddr_to_offset(images[i]->elf, vaddr, &offset) &&
		    !session__attach_exit(e->session, images[i]->open_path, offset))
			e->image[e->n++] = images[i];
	}
}
