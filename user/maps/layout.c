/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maps/facts.h"

/* glibc's malloc/arena.c: heaps are aligned to their largest size, twice the largest mmap
 * threshold. */
#define HEAP_MAX (64ULL << 20)
#define PAGE 4096

struct maker {
	const struct smaps *smaps;
	const struct facts *facts; /* never NULL */
	bool knows_bss;		   /* facts tell where each bss ends */
	struct layout *l;
	int err;
};

/* A string of the layout; "" and an error kept when memory is short. */
__attribute__((format(printf, 2, 3))) static const char *words(struct maker *m, const char *fmt,
							       ...)
{
	struct layout *l = m->l;
	char *s = NULL;
	va_list args;
	void *grown;
	int n;

	if (l->n_strings >= 16 ? !(l->n_strings & (l->n_strings - 1)) : !l->n_strings) {
		grown = reallocarray(l->strings, l->n_strings ? l->n_strings * 2 : 16,
				     sizeof(*l->strings));
		if (!grown)
			goto failed;
		l->strings = grown;
	}
	va_start(args, fmt);
	n = vasprintf(&s, fmt, args);
	va_end(args);
	if (n < 0)
		goto failed;
	return l->strings[l->n_strings++] = s;
failed:
	m->err = -ENOMEM;
	return "";
}

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

const char *layout__base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return *path == '/' && slash[1] ? slash + 1 : path;
}

static bool no_access(const struct mapping *m)
{
	return !m->read && !m->write && !m->exec;
}

static bool is_anonymous(const struct mapping *m)
{
	return !m->inode && (!*m->path || starts(m->path, "[anon:"));
}

static bool same_file(const struct mapping *a, const struct mapping *b)
{
	return a->inode && a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor;
}

/* Bytes of [start, end) in the mapping. */
static uint64_t overlap(const struct mapping *m, uint64_t start, uint64_t end)
{
	if (start < m->start)
		start = m->start;
	if (end > m->end)
		end = m->end;
	return start < end ? end - start : 0;
}

/* --- what facts say --- */

static void stack_of(struct maker *m, struct region *r, const struct fact *f)
{
	if (f->kind == FACT_STACK) {
		r->object = LAYOUT_LIVING;
		r->detail = words(m, "thread %" PRIu64 "%s%s%s", f->number, f->text ? " (" : "",
				  f->text ? f->text : "", f->text ? ")" : "");
	} else if (f->number) {
		r->object = LAYOUT_ENDED;
		r->detail = "of a thread that was joined: kept for the next one";
	} else {
		r->object = LAYOUT_ENDED;
		r->detail = "of a thread that has ended, detached or not joined";
	}
	r->kind = MAP_STACK;
}

/*
 * The fact that holds most of an anonymous mapping says what it is: the kernel makes one of
 * neighbours with the same rights.
 */
static bool by_facts(struct maker *m, struct region *r)
{
	const struct mapping *map = &r->vma->map;
	uint64_t most = 0, all = 0, bytes, heaps = 0;
	const struct fact *main = NULL;
	size_t i;

	for (i = facts__after(m->facts, map->start); i < m->facts->n; i++) {
		const struct fact *f = &m->facts->fact[i];

		if (f->start >= map->end)
			break;
		if (f->kind == FACT_SHM || f->kind == FACT_KEPT_NAME)
			continue;
		bytes = overlap(map, f->start, f->end);
		heaps += f->kind == FACT_HEAP;
		all += bytes;
		if (bytes > most) {
			most = bytes;
			main = f;
		}
	}
	/* thread-local storage lies in mappings that hold more */
	if (!main || (main->kind != FACT_TLS && all < (map->end - map->start) / 2))
		return false;
	switch (main->kind) {
	case FACT_STACK:
	case FACT_OLD_STACK:
		stack_of(m, r, main);
		break;
	case FACT_TLS:
		r->kind = MAP_TLS;
		r->detail = words(m, "thread-local storage of thread %" PRIu64, main->number);
		break;
	case FACT_HEAP:
		r->kind = MAP_ARENA;
		r->object = words(m, "arena %" PRIu64, main->number);
		if (heaps > 1)
			r->detail = words(m, "%" PRIu64 " heaps", heaps);
		break;
	case FACT_BLOCKS:
		r->kind = MAP_ANON;
		r->object = LAYOUT_MALLOC;
		r->detail = words(m, "%" PRIu64 " block%s above malloc's mmap threshold",
				  main->number, main->number == 1 ? "" : "s");
		break;
	default:
		r->kind = MAP_BSS;
		r->object = main->text ? main->text : "";
	}
	return true;
}

/* --- what shapes say, where facts are not to be had --- */

static const struct region *before(const struct maker *m, const struct region *r)
{
	return r > m->l->region && r[-1].vma->map.end == r->vma->map.start ? r - 1 : NULL;
}

static const struct mapping *behind(const struct maker *m, const struct region *r)
{
	size_t i = r - m->l->region + 1;

	return i < m->smaps->n && m->smaps->vma[i].map.start == r->vma->map.end
		       ? &m->smaps->vma[i].map
		       : NULL;
}

static void by_shape(struct maker *m, struct region *r)
{
	const struct mapping *map = &r->vma->map, *next = behind(m, r);
	const struct region *prev = before(m, r);

	if (map->exec) {
		r->kind = MAP_JIT;
	} else if (!m->knows_bss && prev && prev->kind == MAP_DATA && prev->vma->map.write) {
		r->kind = MAP_BSS;
		r->object = prev->object;
	} else if (!m->facts->n && map->write && next && is_anonymous(next) && no_access(next) &&
		   map->start % HEAP_MAX == 0 && next->end == map->start + HEAP_MAX) {
		r->kind = MAP_ARENA;
		r->detail = "so it seems by its place and size";
	} else if (!m->facts->n && map->write && prev && prev->kind == MAP_RESERVED &&
		   is_anonymous(&prev->vma->map) &&
		   prev->vma->map.end - prev->vma->map.start == PAGE) {
		r->kind = MAP_STACK;
		r->detail = "so it seems by its guard page";
	}
}

/* --- what names say --- */

/* prctl(PR_SET_VMA_ANON_NAME); glibc names its own with the tunable glibc.mem.decorate_maps. */
static void by_given_name(struct maker *m, struct region *r, const char *prefix)
{
	const char *name = r->vma->map.path + strlen(prefix);
	size_t len = strlen(name);
	const char *own;

	if (len && name[len - 1] == ']')
		len--;
	own = words(m, "%.*s", (int)(len > 4096 ? 4096 : len), name);
	if (starts(own, " glibc: malloc arena")) {
		r->kind = MAP_ARENA;
	} else if (starts(own, " glibc: pthread stack: ")) {
		r->kind = MAP_STACK;
		r->object = LAYOUT_LIVING;
		r->detail = words(m, "thread %s", own + strlen(" glibc: pthread stack: "));
	} else {
		r->object = own;
	}
}

static void by_label(struct maker *m, struct region *r)
{
	const char *path = r->vma->map.path;

	if (!strcmp(path, "[heap]")) {
		r->kind = MAP_HEAP;
	} else if (!strcmp(path, "[stack]")) {
		r->kind = MAP_STACK;
		r->object = LAYOUT_MAIN;
	} else if (starts(path, "[stack:")) { /* Linux 3.4 to 4.4 */
		r->kind = MAP_STACK;
		r->object = LAYOUT_LIVING;
		r->detail = words(m, "thread %d", atoi(path + strlen("[stack:")));
	} else {
		r->kind = MAP_KERNEL;
		r->object = path;
	}
}

static void of_anonymous(struct maker *m, struct region *r)
{
	const struct mapping *map = &r->vma->map;

	if (no_access(map)) {
		r->kind = MAP_RESERVED;
		return;
	}
	r->kind = MAP_ANON;
	if (*map->path)
		by_given_name(m, r, "[anon:");
	if (r->kind == MAP_ANON && !by_facts(m, r))
		by_shape(m, r);
}

static const struct fact *fact_at(const struct maker *m, const struct mapping *map,
				  enum fact_kind kind)
{
	size_t i;

	for (i = facts__after(m->facts, map->start); i < m->facts->n; i++) {
		if (m->facts->fact[i].start >= map->end)
			break;
		if (m->facts->fact[i].kind == kind)
			return &m->facts->fact[i];
	}
	return NULL;
}

static bool is_device(const struct region *r)
{
	static const char *const prefixes[] = {"anon_inode:", "/anon_inode:", "socket:", "/dev/",
					       "/dmabuf:",    "/drm ",	      "/i915"};
	size_t i;

	if (smaps__has_flag(r->vma, "io") || smaps__has_flag(r->vma, "pf"))
		return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (starts(r->vma->map.path, prefixes[i]))
			return true;
	return false;
}

/* Files of which nobody knows the name on disk. False: an ordinary file. */
static bool by_file_name(struct maker *m, struct region *r)
{
	const struct mapping *map = &r->vma->map;
	const struct fact *f;
	char *end;

	r->deleted = map->deleted;
	r->object = map->path;
	if (map->deleted && starts(map->path, "/SYSV") && strlen(map->path) == 5 + 8) {
		uint32_t key = strtoul(map->path + 5, &end, 16);

		r->kind = MAP_SYSV;
		/* The kernel makes up the name, and calls it deleted. */
		r->deleted = false;
		r->object = key ? words(m, "key 0x%08" PRIx32, key)
				: words(m, "private, id %" PRIu64, map->inode);
		f = fact_at(m, map, FACT_SHM);
		r->detail = f && f->text ? f->text : "";
	} else if (map->deleted && starts(map->path, "/memfd:")) {
		r->kind = MAP_MEMFD;
		r->deleted = false;
		r->object = map->path + strlen("/memfd:");
	} else if (map->deleted && !strcmp(map->path, "/dev/zero")) {
		r->kind = MAP_SHARED;
		r->deleted = false;
		r->object = "";
	} else if (map->deleted && !strcmp(map->path, "/anon_hugepage")) {
		r->kind = MAP_HUGETLB;
		r->deleted = false;
		r->object = "";
	} else if (starts(map->path, "[anon_shmem:")) {
		r->kind = MAP_SHARED;
		by_given_name(m, r, "[anon_shmem:");
	} else if (starts(map->path, "/dev/shm/")) {
		r->kind = MAP_POSIX;
	} else if (is_device(r)) {
		r->kind = MAP_DEVICE;
	} else {
		return false;
	}
	return true;
}

/*
 * Mapping i of an object with code: the dynamic linker makes what it has relocated read-only again
 * (relro), so there are pages of its own in it.
 */
static void by_segment(const struct maker *m, struct region *r)
{
	const struct mapping *map = &r->vma->map, *next = behind(m, r);
	const struct region *prev = before(m, r);
	bool relocated;

	if (smaps__has(r->vma, SMAPS_ANONYMOUS))
		relocated = r->vma->bytes[SMAPS_ANONYMOUS] > 0;
	else
		relocated = next && next->write && same_file(next, map) && prev &&
			    same_file(&prev->vma->map, map) && !prev->vma->map.exec;
	if (map->exec) {
		r->kind = MAP_TEXT;
	} else if (no_access(map)) {
		r->kind = MAP_RESERVED;
		r->detail = "a gap between segments";
	} else if (map->write) {
		r->kind = MAP_DATA;
	} else if (relocated) {
		r->kind = MAP_DATA;
		r->detail = "relocated, then made read-only (relro)";
	} else {
		r->kind = MAP_RODATA;
	}
}

/*
 * Is the file an object with code? Then some of its mappings nearby is executable: they lie side by
 * side, with bss and gaps at most in between. *last_file: one past the last of such a run.
 */
static bool run_has_code(const struct smaps *s, size_t first, size_t *end)
{
	const struct mapping *map = &s->vma[first].map;
	bool code = false;
	size_t i;

	for (i = first; i < s->n; i++) {
		const struct mapping *other = &s->vma[i].map;

		if (same_file(other, map)) {
			/* a shared mapping is one of a reader of the file, not of the loader */
			code |= other->exec && !other->shared;
			*end = i + 1;
		} else if (!is_anonymous(other) || other->start != s->vma[i - 1].map.end) {
			break;
		}
	}
	return code;
}

static void of_file(struct maker *m, struct region *r, bool code)
{
	if (fact_at(m, &r->vma->map, FACT_KEPT_NAME)) {
		r->kind = MAP_FILE;
		r->object = words(m, "%s (deleted)", r->vma->map.path);
	} else if (by_file_name(m, r)) {
		return;
	}
	if (code && !r->vma->map.shared)
		by_segment(m, r);
	else
		r->kind = MAP_FILE;
}

/* Mappings without access, by what they are next to. */
static void explain_reserved(struct maker *m, size_t i)
{
	struct region *r = &m->l->region[i], *next = NULL;
	const struct region *prev = before(m, r);

	if (i + 1 < m->l->n && behind(m, r))
		next = r + 1;
	if (r->kind != MAP_RESERVED || !is_anonymous(&r->vma->map))
		return;
	if (next && next->kind == MAP_STACK)
		r->detail = *next->detail ? words(m, "guard of the stack: %s", next->detail)
					  : "guard of a stack";
	else if (prev && prev->kind == MAP_ARENA && r->vma->map.end % HEAP_MAX == 0)
		r->detail = *prev->object ? words(m, "room for %s to grow", prev->object)
					  : "room for an arena to grow";
	else
		r->detail = "address space without memory";
}

int layout__make(const struct smaps *s, const struct facts *f, struct layout *l)
{
	static const struct facts none;
	struct maker m = {.smaps = s, .facts = f ? f : &none, .l = l};
	size_t i, run_end = 0;
	bool code = false;

	memset(l, 0, sizeof(*l));
	l->region = calloc(s->n ? s->n : 1, sizeof(*l->region));
	if (!l->region)
		return -ENOMEM;
	for (i = 0; i < m.facts->n; i++)
		m.knows_bss |= m.facts->fact[i].kind == FACT_BSS;
	for (i = 0; i < s->n; i++) {
		struct region *r = &l->region[i];
		const struct mapping *map = &s->vma[i].map;

		*r = (struct region){.vma = &s->vma[i], .object = "", .detail = ""};
		l->n = i + 1;
		if (i >= run_end && map->inode)
			code = run_has_code(s, i, &run_end);
		if (smaps__has_flag(r->vma, "ht")) {
			r->object = map->path;
			if (map->deleted)
				by_file_name(&m, r);
			r->kind = MAP_HUGETLB;
		} else if (is_anonymous(map)) {
			of_anonymous(&m, r);
		} else if (!map->inode && *map->path == '[') {
			by_label(&m, r);
		} else {
			of_file(&m, r, code);
		}
	}
	for (i = 0; i < l->n; i++)
		explain_reserved(&m, i);
	if (m.err)
		layout__clear(l);
	return m.err;
}

void layout__clear(struct layout *l)
{
	size_t i;

	for (i = 0; i < l->n_strings; i++)
		free(l->strings[i]);
	free(l->strings);
	free(l->region);
	memset(l, 0, sizeof(*l));
}
