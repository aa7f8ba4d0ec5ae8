/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/procfile.h"

/* A path has at most PATH_MAX bytes, of which each may be escaped with four. */
#define MAX_LINE (1 << 15)
#define READ_SIZE (1 << 16)
/* vm.max_map_count is an int; nobody comes near this many. */
#define MAX_VMAS (16u << 20)
/* Before Linux 4.12 a stack's first line left out its guard page, but the fields did not. */
#define FIELD_SLACK (1 << 20)

static const struct {
	const char *name;
	size_t len;
} fields[SMAPS_FIELDS] = {
#define FIELD(id, name) [id] = {name, sizeof(name) - 1}
	FIELD(SMAPS_SIZE, "Size"),
	FIELD(SMAPS_KERNEL_PAGE, "KernelPageSize"),
	FIELD(SMAPS_MMU_PAGE, "MMUPageSize"),
	FIELD(SMAPS_RSS, "Rss"),
	FIELD(SMAPS_PSS, "Pss"),
	FIELD(SMAPS_PSS_DIRTY, "Pss_Dirty"),
	FIELD(SMAPS_SHARED_CLEAN, "Shared_Clean"),
	FIELD(SMAPS_SHARED_DIRTY, "Shared_Dirty"),
	FIELD(SMAPS_PRIVATE_CLEAN, "Private_Clean"),
	FIELD(SMAPS_PRIVATE_DIRTY, "Private_Dirty"),
	FIELD(SMAPS_REFERENCED, "Referenced"),
	FIELD(SMAPS_ANONYMOUS, "Anonymous"),
	FIELD(SMAPS_KSM, "KSM"),
	FIELD(SMAPS_LAZY_FREE, "LazyFree"),
	FIELD(SMAPS_ANON_HUGE, "AnonHugePages"),
	FIELD(SMAPS_SHMEM_HUGE, "ShmemPmdMapped"),
	FIELD(SMAPS_FILE_HUGE, "FilePmdMapped"),
	FIELD(SMAPS_SHARED_HUGETLB, "Shared_Hugetlb"),
	FIELD(SMAPS_PRIVATE_HUGETLB, "Private_Hugetlb"),
	FIELD(SMAPS_SWAP, "Swap"),
	FIELD(SMAPS_SWAP_PSS, "SwapPss"),
	FIELD(SMAPS_LOCKED, "Locked"),
#undef FIELD
};

/*
 * fs/proc/task_mmu.c show_smap_vma_flags, with those that were there once; what they mean is in
 * include/linux/mm.h and Documentation/filesystems/proc.rst.
 */
static const struct {
	char letters[3];
	const char *words;
} flag_names[] = {
	{"rd", "readable"},
	{"wr", "writable"},
	{"ex", "executable"},
	{"sh", "shared"},
	{"mr", "may become readable"},
	{"mw", "may become writable"},
	{"me", "may become executable"},
	{"ms", "may be shared"},
	{"gd", "grows down like a stack"},
	{"pf", "pages without struct page, set up by a driver"},
	{"dw", "its file cannot be written to"},
	{"mp", "MPX bounds tables"},
	{"lo", "locked in memory"},
	{"io", "memory of a device"},
	{"sr", "will be read in sequence"},
	{"rr", "will be read at random"},
	{"dc", "not copied by fork"},
	{"de", "cannot be expanded by mremap"},
	{"lf", "locked as pages are touched"},
	{"ac", "counted against the commit limit"},
	{"nr", "not counted against the commit limit"},
	{"ht", "hugetlb pages"},
	{"sf", "synchronous page faults"},
	{"nl", "pages in an order of their own"},
	{"ar", "flag of the architecture"},
	{"wf", "zeroed in the child of a fork"},
	{"dd", "left out of core dumps"},
	{"bt", "branch targets are checked"},
	{"sd", "written to since soft-dirty bits were cleared"},
	{"mm", "pages of a driver and of memory mixed"},
	{"hg", "huge pages asked for"},
	{"nh", "huge pages refused"},
	{"mg", "equal pages may be merged (KSM)"},
	{"um", "missing pages are told to userfaultfd"},
	{"uw", "writes are told to userfaultfd"},
	{"ui", "minor faults are told to userfaultfd"},
	{"mt", "memory tagging"},
	{"ss", "shadow stack"},
	{"sl", "sealed"},
	{"dp", "may be dropped when memory is short"},
	{"gu", "may hold guard pages"},
	{"vu", "memory of a device, given to user space"},
};
#define N_FLAGS (sizeof(flag_names) / sizeof(*flag_names))
_Static_assert(N_FLAGS <= SMAPS_MAX_FLAGS, "a bit each");
_Static_assert(SMAPS_FIELDS <= 32, "a bit each");

struct smaps_parser {
	smaps_fn fn;
	void *arg;
	struct smaps_vma vma;
	bool open;   /* vma has its first line */
	size_t next; /* field that is expected */
	size_t bad;
	bool skipping;	     /* the rest of a line that was too long */
	size_t len;	     /* of line */
	char line[MAX_LINE]; /* the part of a line that the last piece ended with */
};

const char *smaps__field_name(enum smaps_field field)
{
	return fields[field].name;
}

const char *smaps__flag(unsigned int index, const char **words)
{
	if (index >= N_FLAGS)
		return NULL;
	*words = flag_names[index].words;
	return flag_names[index].letters;
}

bool smaps__has_flag(const struct smaps_vma *v, const char *letters)
{
	size_t i;

	for (i = 0; i < N_FLAGS; i++)
		if (!strcmp(flag_names[i].letters, letters))
			return v->flags >> i & 1;
	return false;
}

struct smaps_parser *smaps_parser__new(smaps_fn fn, void *arg)
{
	struct smaps_parser *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	memset(p, 0, offsetof(struct smaps_parser, line));
	p->fn = fn;
	p->arg = arg;
	return p;
}

void smaps_parser__free(struct smaps_parser *p)
{
	if (!p)
		return;
	if (p->open)
		free(p->vma.map.path);
	free(p);
}

size_t smaps_parser__bad(const struct smaps_parser *p)
{
	return p->bad;
}

static int emit(struct smaps_parser *p)
{
	int err = 0;

	if (p->open) {
		err = p->fn(&p->vma, p->arg);
		free(p->vma.map.path);
		p->vma.map.path = NULL;
	}
	p->open = false;
	return err;
}

static void parse_flags(struct smaps_vma *v, struct span rest)
{
	struct span word;
	size_t i;

	v->has_flags = true;
	while (span__word(&rest, &word)) {
		for (i = 0; i < N_FLAGS; i++)
			if (span__is(word, flag_names[i].letters))
				break;
		if (i < N_FLAGS)
			v->flags |= 1ULL << i;
		else
			v->n_strange++;
	}
}

/* Its index, SMAPS_FIELDS: none. They come in one order, so that the first guess is mostly right.
 */
static size_t find_field(const struct smaps_parser *p, struct span name)
{
	size_t i, tried;

	for (tried = 0, i = p->next; tried < SMAPS_FIELDS; tried++, i++) {
		if (i >= SMAPS_FIELDS)
			i = 0;
		if (fields[i].len == span__len(name) &&
		    !memcmp(fields[i].name, name.at, fields[i].len))
			return i;
	}
	return SMAPS_FIELDS;
}

/* "Rss:        12 kB" */
static bool parse_field(struct smaps_parser *p, struct span line)
{
	struct smaps_vma *v = &p->vma;
	const char *colon = memchr(line.at, ':', span__len(line));
	struct span name = {line.at, colon}, rest = {colon ? colon + 1 : NULL, line.end}, word;
	uint64_t value;
	size_t i;

	if (!colon)
		return false;
	i = find_field(p, name);
	if (i < SMAPS_FIELDS) {
		if (!span__next_u64(&rest, &value) || !span__word(&rest, &word) ||
		    !span__is(word, "kB") || __builtin_mul_overflow(value, 1024, &value))
			return false;
		/* No sum over mappings can overflow when none has more than its size. */
		if (value > FIELD_SLACK && value - FIELD_SLACK > v->map.end - v->map.start)
			return false;
		v->bytes[i] = value;
		v->has |= 1u << i;
		p->next = i + 1;
	} else if (span__is(name, "VmFlags")) {
		parse_flags(v, rest);
	} else if (span__is(name, "THPeligible")) {
		if (!span__next_u64(&rest, &value))
			return false;
		v->thp_eligible = value;
	} else if (!span__is(name, "ProtectionKey")) {
		v->n_strange++;
	}
	return true;
}

static int parse_line(struct smaps_parser *p, const char *at, size_t len)
{
	int err;

	/* Fields begin with capitals, addresses with lower case digits. */
	if (len && *at >= 'A' && *at <= 'Z') {
		if (!p->open || !parse_field(p, span__of(at, len)))
			p->bad++;
		return 0;
	}
	err = emit(p);
	if (err)
		return err;
	memset(&p->vma, 0, sizeof(p->vma));
	p->next = 0;
	err = maps__parse_line(at, len, &p->vma.map);
	if (err < 0)
		return err;
	p->open = err;
	p->bad += !err;
	return 0;
}

/* The first piece of a line is here already, and now the rest of it. */
static int end_line(struct smaps_parser *p, const char *at, size_t len)
{
	int err = 0;

	if (p->skipping || p->len + len > MAX_LINE) {
		p->bad++;
		/* what follows is not the last mapping's, should this have been a first line */
		err = emit(p);
	} else if (p->len) {
		memcpy(p->line + p->len, at, len);
		err = parse_line(p, p->line, p->len + len);
	} else {
		err = parse_line(p, at, len);
	}
	p->skipping = false;
	p->len = 0;
	return err;
}

int smaps_parser__feed(struct smaps_parser *p, const char *text, size_t len)
{
	const char *end = text + len, *eol;
	int err;

	for (; text < end; text = eol + 1) {
		eol = memchr(text, '\n', end - text);
		if (!eol)
			break;
		err = end_line(p, text, eol - text);
		if (err)
			return err;
	}
	len = text < end ? end - text : 0;
	if (p->skipping || p->len + len > MAX_LINE) {
		p->skipping = true;
		p->len = 0;
	} else {
		memcpy(p->line + p->len, text, len);
		p->len += len;
	}
	return 0;
}

int smaps_parser__end(struct smaps_parser *p)
{
	int err = 0;

	if (p->len || p->skipping)
		err = end_line(p, "", 0);
	return err ? err : emit(p);
}

/* --- all of them --- */

int smaps__add(struct smaps *s, struct smaps_vma *v)
{
	/* room is what the next power of two has: 64, 128, … */
	if (s->n >= 64 ? !(s->n & (s->n - 1)) : !s->n) {
		size_t room = s->n ? s->n * 2 : 64;
		void *grown = room <= MAX_VMAS ? reallocarray(s->vma, room, sizeof(*s->vma)) : NULL;

		if (!grown)
			return -ENOMEM;
		s->vma = grown;
	}
	s->vma[s->n++] = *v;
	v->map.path = NULL;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct smaps_vma *x = a, *y = b;

	return x->map.start < y->map.start ? -1 : x->map.start > y->map.start;
}

/*
 * The kernel writes a page of text at a time, and lets the process change its mappings between two
 * pages: what was told before is not told again.
 */
void smaps__finish(struct smaps *s)
{
	bool sorted = true;
	size_t i, kept = 0;
	int f;

	for (i = 1; i < s->n && sorted; i++)
		sorted = s->vma[i - 1].map.start <= s->vma[i].map.start;
	if (!sorted)
		qsort(s->vma, s->n, sizeof(*s->vma), by_start);
	for (i = 0; i < s->n; i++) {
		struct smaps_vma *v = &s->vma[i];

		if (kept && s->vma[kept - 1].map.end > v->map.start) {
			free(v->map.path);
			s->bad++;
			continue;
		}
		for (f = 0; f < SMAPS_FIELDS; f++)
			if (__builtin_add_overflow(s->sum[f], v->bytes[f], &s->sum[f]))
				s->sum[f] = UINT64_MAX;
		s->has_fields |= v->has != 0;
		if (kept != i)
			s->vma[kept] = *v;
		kept++;
	}
	s->n = kept;
}

static int add_vma(struct smaps_vma *v, void *arg)
{
	return smaps__add(arg, v);
}

int smaps__read_fd(int fd, struct smaps *s)
{
	struct smaps_parser *p = NULL;
	char *buf = NULL;
	ssize_t got;
	int err = 0;

	memset(s, 0, sizeof(*s));
	p = smaps_parser__new(add_vma, s);
	buf = malloc(READ_SIZE);
	if (!p || !buf) {
		err = -ENOMEM;
		goto cleanup;
	}
	do {
		got = read(fd, buf, READ_SIZE);
		if (got < 0 && errno != EINTR)
			err = -errno;
		else if (got > 0)
			err = smaps_parser__feed(p, buf, got);
	} while (!err && got);
	if (!err)
		err = smaps_parser__end(p);
	if (err)
		goto cleanup;
	s->bad = smaps_parser__bad(p);
	smaps__finish(s);
cleanup:
	if (err)
		smaps__clear(s);
	free(buf);
	smaps_parser__free(p);
	return err;
}

int smaps__read(pid_t pid, struct smaps *s)
{
	static const char *const names[] = {"smaps", "maps"};
	int fd = -1, err = -ENOENT;
	char path[64];
	size_t i;

	memset(s, 0, sizeof(*s));
	/* CONFIG_PROC_PAGE_MONITOR brings smaps */
	for (i = 0; i < 2 && fd < 0 && err == -ENOENT; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		err = fd < 0 ? -errno : 0;
	}
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	err = smaps__read_fd(fd, s);
	close(fd);
	return err;
}

void smaps__clear(struct smaps *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		free(s->vma[i].map.path);
	free(s->vma);
	memset(s, 0, sizeof(*s));
}

const struct smaps_vma *smaps__find(const struct smaps *s, uint64_t addr)
{
	size_t low = 0, high = s->n;

	/* the last that starts at or before addr */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->vma[mid].map.start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < s->vma[low - 1].map.end ? &s->vma[low - 1] : NULL;
}

uint64_t smaps__total_uss(const struct smaps *s)
{
	uint64_t uss;

	if (__builtin_add_overflow(s->sum[SMAPS_PRIVATE_CLEAN], s->sum[SMAPS_PRIVATE_DIRTY], &uss))
		return UINT64_MAX;
	return uss;
}
