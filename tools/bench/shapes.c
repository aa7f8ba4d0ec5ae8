/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shapes [-c] HOW PID FUNCTION... - attaches a tracer to measure against to these functions of the
 * allocator that the process uses ("malloc", "free"), until the end of stdin. HOW:
 *   empty        empty programs at entries, returns and frees, by perf events, where the kernel
 *                emulates the instruction: the classic three traps, which other figures are held
 *                against
 *   session      the same with the newest links: uprobe session and uprobe_multi
 *   bcc-symbol   programs in the shape of bcc's memleak (shapes.bpf.c), by perf events, at symbols
 *   bcc          the same where the kernel emulates the instruction
 * -c counts calls, which shows that the probes are where calls come by.
 * Prints for ways.py
 *   attached NAME+PLACE...
 * and at the end
 *   enters N exits N frees N lost_blocks N lost_stacks N stacks N
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "elf/code.h"
#include "elf/elfimg.h"
#include "links.h"
#include "probes.h"
#include "shapes.h"
#include "shapes.skel.h"
#include "target/addrspace.h"
#include "target/allocators.h"

enum {
	MAX_LINKS = 1024
};

struct how {
	const char *name;
	bool empty;
	bool session; /* and multi links, instead of perf events */
	bool placed;  /* else at symbols */
};

static const struct how hows[] = {
	{"empty", true, false, true},
	{"session", true, true, true},
	{"bcc-symbol", false, false, false},
	{"bcc", false, false, true},
};

struct shapes {
	const struct how *how;
	bool counting;
	pid_t pid;
	char *const *functions; /* ends with NULL */
	struct addrspace *as;
	struct shapes_bpf *skel;
	int link[MAX_LINKS];
	size_t n_links;
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "shapes: %s: %s\n", what, strerror(-err));
	return err;
}

static int load(struct shapes *s)
{
	bool session = s->how->session;
	struct shapes_bpf *skel;
	struct bpf_program *prog;
	struct bpf_map *map;
	int err;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	skel = s->skel = shapes_bpf__open();
	if (!skel)
		return fail("BPF object", -errno);
	skel->rodata->counting = s->counting;
	/* Only what is used: the map of blocks alone takes a tenth of a second. */
	bpf_object__for_each_program (prog, skel->obj) {
		const char *name = bpf_program__name(prog);
		const char *wanted = session ? "session_" : s->how->empty ? "empty_" : "bcc_";

		bpf_program__set_autoload(prog, !strncmp(name, wanted, strlen(wanted)) ||
							(session && !strcmp(name, "multi_free")));
	}
	bpf_object__for_each_map (map, skel->obj) {
		if (!bpf_map__is_internal(map))
			bpf_map__set_autocreate(map, !s->how->empty);
	}
	if (session) {
		bpf_program__set_expected_attach_type(skel->progs.session_alloc,
						      (enum bpf_attach_type)LINK_UPROBE_SESSION);
		bpf_program__set_expected_attach_type(skel->progs.multi_free,
						      (enum bpf_attach_type)LINK_UPROBE_MULTI);
	}
	err = shapes_bpf__load(skel);
	return err ? fail("loading the BPF programs", err) : 0;
}

static int keep(struct shapes *s, int fd)
{
	if (fd < 0)
		return fd;
	if (s->n_links == MAX_LINKS) {
		close(fd);
		return -E2BIG;
	}
	s->link[s->n_links++] = fd;
	return 0;
}

static int attach(struct shapes *s, struct bpf_program *prog, const char *path, uint64_t offset,
		  bool is_return)
{
	const struct link_site site = {.offset = offset};

	return keep(s, links__uprobe(bpf_program__fd(prog), path, &site, is_return, s->pid));
}

static int attach_multi(struct shapes *s, struct bpf_program *prog, int type, const char *path,
			uint64_t offset)
{
	const struct link_site site = {.offset = offset};

	return keep(s, links__multi(bpf_program__fd(prog), type, path, &site, 1, s->pid));
}

/* By what bcc's memleak does; NULL: not in this way. */
static struct bpf_program *enter_program(const struct shapes *s, const struct entry_point *e)
{
	if (s->how->empty)
		return s->skel->progs.empty_enter;
	if (e->op == PROBE_OP_REALLOC && e->ptr_arg == 1 && e->size_arg == 2 && !e->count_arg)
		return s->skel->progs.bcc_enter_realloc;
	if (e->op != PROBE_OP_ALLOC)
		return NULL;
	if (e->count_arg)
		return e->count_arg == 1 && e->size_arg == 2 ? s->skel->progs.bcc_enter_1x2 : NULL;
	return e->size_arg == 1	  ? s->skel->progs.bcc_enter_1
	       : e->size_arg == 2 ? s->skel->progs.bcc_enter_2
				  : NULL;
}

static int attach_alloc(struct shapes *s, const struct entry_point *e, const char *path,
			uint64_t offset)
{
	struct bpf_program *prog = enter_program(s, e);
	int err;

	if (!prog)
		return 0;
	if (s->how->session)
		return attach_multi(s, s->skel->progs.session_alloc, LINK_UPROBE_SESSION, path,
				    offset);
	/* The return first: no allocation shall have an entry only. */
	err = attach(s, s->how->empty ? s->skel->progs.empty_exit : s->skel->progs.bcc_exit, path,
		     offset, true);
	return err ? err : attach(s, prog, path, offset, false);
}

static int attach_free(struct shapes *s, const char *path, uint64_t offset)
{
	if (s->how->session)
		return attach_multi(s, s->skel->progs.multi_free, LINK_UPROBE_MULTI, path, offset);
	return attach(s, s->how->empty ? s->skel->progs.empty_free : s->skel->progs.bcc_free, path,
		      offset, false);
}

static bool is_wanted(const struct shapes *s, const char *function)
{
	size_t i;

	for (i = 0; s->functions[i]; i++)
		if (!strcmp(s->functions[i], function))
			return true;
	return false;
}

static int attach_site(struct shapes *s, const struct image *image, const struct probe_site *site)
{
	const struct entry_point *e = &entry_points[site->entry];
	uint64_t offset = site->offset, symbol, place;
	struct code_points points;
	int err;

	/* operator new may throw through a return probe's trampoline, which ends the program */
	if (e->is_cxx || !is_wanted(s, e->symbol))
		return 0;
	if (!elfimg__offset_to_vaddr(image->elf, site->offset, &symbol))
		return -ENOENT;
	place = symbol;
	if (s->how->placed) {
		code__probe_points(image->elf, symbol, entry_point__args(e), &points);
		place = points.at[0];
	}
	if (!elfimg__vaddr_to_offset(image->elf, place, &offset))
		return -ENOENT;
	if (e->op == PROBE_OP_FREE)
		err = attach_free(s, image->open_path, offset);
	else
		err = attach_alloc(s, e, image->open_path, offset);
	if (!err)
		printf(" %s+%llu", e->symbol, (unsigned long long)(place - symbol));
	return err;
}

static int attach_all(struct shapes *s)
{
	struct allocators found = {0};
	size_t i, j;
	int err;

	s->as = addrspace__new(s->pid);
	if (!s->as)
		return -ENOMEM;
	err = addrspace__refresh(s->as);
	if (err < 0)
		return err;
	err = allocators__find(s->as, NULL, &found);
	if (err)
		return err;
	printf("attached");
	for (i = 0; i < found.n && !err; i++)
		for (j = 0; j < found.list[i].n_sites && !err; j++)
			err = attach_site(s, found.list[i].image, &found.list[i].sites[j]);
	printf("\n");
	fflush(stdout);
	allocators__clear(&found);
	return err ? err : s->n_links ? 0 : -ENOENT;
}

static unsigned long count_stacks(const struct shapes *s)
{
	uint64_t key, next, *previous = NULL;
	unsigned long n = 0;
	size_t i;

	if (s->how->empty)
		return 0;
	for (i = 0; i < SHAPES_MAX_STACKS; i++) {
		if (bpf_map_get_next_key(bpf_map__fd(s->skel->maps.sums), previous, &next))
			break;
		n += (int64_t)next >= 0;
		key = next;
		previous = &key;
	}
	return n;
}

static void detach(struct shapes *s)
{
	while (s->n_links)
		close(s->link[--s->n_links]);
}

static void print_counts(const struct shapes *s)
{
	const struct shapes_counts *c = &s->skel->bss->counts;

	printf("enters %llu exits %llu frees %llu lost_blocks %llu lost_stacks %llu stacks %lu\n",
	       (unsigned long long)c->enters, (unsigned long long)c->exits,
	       (unsigned long long)c->frees, (unsigned long long)c->lost_blocks,
	       (unsigned long long)c->lost_stacks, count_stacks(s));
}

int main(int argc, char **argv)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct shapes s = {0};
	char byte;
	size_t i;
	int err;

	s.counting = argc > 1 && !strcmp(argv[1], "-c");
	argv += 1 + s.counting;
	argc -= 1 + s.counting;
	if (argc > 2) {
		for (i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
			if (!strcmp(argv[0], hows[i].name))
				s.how = &hows[i];
		s.pid = (pid_t)strtol(argv[1], NULL, 10);
		s.functions = argv + 2;
	}
	if (!s.how || s.pid <= 0) {
		fprintf(stderr,
			"usage: shapes [-c] empty|session|bcc-symbol|bcc PID FUNCTION...\n");
		return 2;
	}
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* what maps are charged to before 5.11 */
	err = load(&s);
	if (!err) {
		err = attach_all(&s);
		if (err)
			fail("attaching", err);
	}
	if (!err) {
		while (read(0, &byte, 1) > 0)
			;
		detach(&s);
		print_counts(&s);
	}
	detach(&s);
	shapes_bpf__destroy(s.skel);
	addrspace__free(s.as);
	return err ? 1 : 0;
}
