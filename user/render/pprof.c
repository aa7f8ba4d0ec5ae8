/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as a profile for pprof: a gzipped message of profile.proto
 * (https://github.com/google/pprof/blob/main/proto/profile.proto, whose field numbers these are).
 *
 * Sites are samples with two values, inuse_objects and inuse_space; with --profile with eight:
 * first, as Go has them, alloc_objects and alloc_space, and what was there at the peak and
 * temporary. Their entry point is a label, as a frame it would take everything for its own. Strings
 * are written as the text report has them: readers may refuse what is not UTF-8.
 */
#include "render/pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/gzip.h"
#include "render/render.h"
#include "render/words.h"
#include "report/hashidx.h"
#include "report/proto.h"
#include "report/report.h"
#include "report/strtab.h"

#define PAGE 4096ULL

enum { /* message Profile */
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING_TABLE = 6,
	PROFILE_TIME_NANOS = 9,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};

struct mapping {
	uint32_t path, build_id; /* strings */
	uint64_t base;		 /* where offset 0 of the file would be */
	uint64_t low, high;	 /* addresses in it */
	bool is_file;
	bool named, lined; /* some of them have names, lines */
};

/* Parts of the profile that are told apart by a few numbers: their ids count from 1. */
struct part {
	struct hashidx index;
	uint64_t (*key)[3];
	size_t n, max;
};

struct profile {
	struct proto whole, message, inner;
	struct part functions, locations, mappings_part;
	struct strtab strings; /* 0 is "" */
	struct mapping *mappings;
	size_t max_mappings;
	uint64_t *ids; /* locations of the stack at hand */
	size_t max_ids;
	uint64_t seed;
	bool failed; /* no memory */
};

static bool same_key(const void *ctx, uint32_t idx, const void *key)
{
	return !memcmp(((const struct part *)ctx)->key[idx], key, 3 * sizeof(uint64_t));
}

static bool grow(struct profile *p, void *array, size_t n, size_t *max, size_t size)
{
	void **a = array, *grown;

	if (n < *max)
		return true;
	grown = reallocarray(*a, *max ? *max * 2 : 64, size);
	if (!grown) {
		p->failed = true;
		return false;
	}
	*a = grown;
	*max = *max ? *max * 2 : 64;
	return true;
}

/* The id of what has that key; *is_new: it had none so far. 0: no memory. */
static uint64_t find_part(struct profile *p, struct part *part, const uint64_t key[3], bool *is_new)
{
	uint64_t hash = hashidx__combine(p->seed, key[0]);
	uint32_t idx;

	hash = hashidx__combine(hashidx__combine(hash, key[1]), key[2]);
	idx = hashidx__find(&part->index, hash, same_key, part, key);
	*is_new = idx == HASHIDX_NONE;
	if (!*is_new)
		return idx + 1;
	if (!grow(p, &part->key, part->n, &part->max, sizeof(*part->key)))
		return 0;
	if (hashidx__reserve(&part->index)) {
		p->failed = true;
		return 0;
	}
	memcpy(part->key[part->n], key, sizeof(*part->key));
	hashidx__put(&part->index, hash, part->n);
	return ++part->n;
}

static char *escaped(const char *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		return NULL;
	render__escape(mem, s);
	if (!fclose(mem))
		return text;
	free(text);
	return NULL;
}

/* The number of a string, that of "" for NULL. */
static uint64_t string(struct profile *p, const char *s)
{
	bool plain = !s || !s[render__plain(s)];
	char *copy = plain ? NULL : escaped(s);
	const char *text = plain && s ? s : plain ? "" : copy;
	size_t n = p->strings.n;
	uint32_t idx = STRTAB_NONE;

	if (text)
		idx = strtab__add(&p->strings, text, strlen(text));
	if (idx == STRTAB_NONE)
		p->failed = true;
	else if (idx == n)
		proto__string(&p->whole, PROFILE_STRING_TABLE, text);
	free(copy);
	return p->failed ? 0 : idx;
}

static uint64_t function(struct profile *p, const char *name, const char *file)
{
	uint64_t key[3] = {string(p, name), string(p, file), 0}, id;
	bool is_new;

	id = find_part(p, &p->functions, key, &is_new);
	if (!is_new || !id)
		return id;
	proto__u64(&p->message, 1, id);
	proto__u64(&p->message, 2, key[0]); /* name, */
	proto__u64(&p->message, 3, key[0]); /* system_name */
	proto__u64(&p->message, 4, key[1]);
	proto__message(&p->whole, PROFILE_FUNCTION, &p->message);
	return id;
}

/* Where the instruction is that the frame stands for. */
static uint64_t call_address(const struct report_frame *f)
{
	return f->addr && !f->interrupted ? f->addr - 1 : f->addr;
}

static uint64_t mapping(struct profile *p, const struct report_frame *f)
{
	uint64_t address = call_address(f), key[3], id;
	struct mapping *m;
	bool is_new;

	if (!f->image)
		return 0;
	key[0] = string(p, f->image_path ? f->image_path : f->image);
	key[1] = string(p, f->build_id);
	key[2] = f->addr - (f->image_path ? f->image_offset : f->image_vaddr);
	id = find_part(p, &p->mappings_part, key, &is_new);
	if (!id || !grow(p, &p->mappings, id - 1, &p->max_mappings, sizeof(*p->mappings)))
		return 0;
	m = &p->mappings[id - 1];
	if (is_new)
		*m = (struct mapping){.path = key[0],
				      .build_id = key[1],
				      .base = key[2],
				      .low = address,
				      .high = address,
				      .is_file = f->image_path};
	if (address < m->low)
		m->low = address;
	if (address > m->high)
		m->high = address;
	m->named |= f->function != NULL;
	m->lined |= f->line > 0;
	return id;
}

/*
 * Mappings are told by the pages that addresses were seen in: a part of the true ones, and enough
 * to find the place in the file.
 */
static void emit_mappings(struct profile *p)
{
	size_t i;

	for (i = 0; i < p->mappings_part.n; i++) {
		const struct mapping *m = &p->mappings[i];
		uint64_t start = m->low & ~(PAGE - 1), end = (m->high | (PAGE - 1)) + 1;

		proto__u64(&p->message, 1, i + 1);
		proto__u64(&p->message, 2, start);
		proto__u64(&p->message, 3, end ? end : UINT64_MAX);
		if (m->is_file && start > m->base)
			proto__u64(&p->message, 4, start - m->base);
		proto__u64(&p->message, 5, m->path);
		proto__u64(&p->message, 6, m->build_id);
		proto__bool(&p->message, 7, m->named);
		proto__bool(&p->message, 8, m->lined);
		proto__bool(&p->message, 9, m->lined);
		proto__bool(&p->message, 10, m->lined);
		proto__message(&p->whole, PROFILE_MAPPING, &p->message);
	}
}

/* A location without address: words that stand for frames. */
static uint64_t words(struct profile *p, const char *name)
{
	uint64_t fn = function(p, name, NULL), key[3] = {0, 0, fn}, id;
	bool is_new;

	id = find_part(p, &p->locations, key, &is_new);
	if (!is_new || !id)
		return id;
	proto__u64(&p->message, 1, id);
	proto__u64(&p->inner, 1, fn);
	proto__message(&p->message, 4, &p->inner);
	proto__message(&p->whole, PROFILE_LOCATION, &p->message);
	return id;
}

/* The location of n frames at one address, inlined ones first. */
static uint64_t location(struct profile *p, const struct report_frame *f, size_t n)
{
	const char *file = f->path ? f->path : f->file;
	uint64_t key[3], id;
	bool is_new;
	size_t i;

	key[0] = call_address(f);
	key[1] = mapping(p, &f[n - 1]);
	key[2] = f->function ? function(p, f->function, file) : 0;
	id = find_part(p, &p->locations, key, &is_new);
	if (!is_new || !id)
		return id;
	for (i = 0; i < n; i++) /* before the location's own message is begun */
		if (f[i].function)
			function(p, f[i].function, f[i].path ? f[i].path : f[i].file);
	proto__u64(&p->message, 1, id);
	proto__u64(&p->message, 2, key[1]);
	proto__u64(&p->message, 3, key[0]);
	for (i = 0; i < n; i++) {
		if (!f[i].function)
			continue;
		proto__u64(&p->inner, 1,
			   function(p, f[i].function, f[i].path ? f[i].path : f[i].file));
		proto__i64(&p->inner, 2, f[i].line > 0 ? f[i].line : 0);
		proto__message(&p->message, 4, &p->inner);
	}
	proto__message(&p->whole, PROFILE_LOCATION, &p->message);
	return id;
}

static size_t list_locations(struct profile *p, const struct report_site *site)
{
	const char *root = words__root(site);
	size_t i, first, n = 0;

	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = site->frames;

		for (first = i;
		     f[i].inlined && i + 1 < site->n_frames && f[i + 1].addr == f[i].addr;)
			i++;
		if (!grow(p, &p->ids, n, &p->max_ids, sizeof(*p->ids)))
			return 0;
		p->ids[n++] = location(p, &f[first], i + 1 - first);
	}
	if (root && grow(p, &p->ids, n, &p->max_ids, sizeof(*p->ids)))
		p->ids[n++] = words(p, root);
	return n;
}

static void label(struct profile *p, const char *key, const char *value)
{
	if (!value)
		return;
	proto__u64(&p->inner, 1, string(p, key));
	proto__u64(&p->inner, 2, string(p, value));
	proto__message(&p->message, 3, &p->inner);
}

/* The type is signed. */
static uint64_t clamp(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : value;
}

/* What a sample has two values of each, in the order of a profile. */
static const struct value {
	const char *objects, *space;
	enum report_view view;
} values[] = {
	{"alloc_objects", "alloc_space", REPORT_VIEW_TOTAL},
	{"inuse_objects", "inuse_space", REPORT_VIEW_LEAKED},
	{"peak_objects", "peak_space", REPORT_VIEW_PEAK},
	{"temporary_objects", "temporary_space", REPORT_VIEW_TEMPORARY},
};
#define N_VALUES (sizeof(values) / sizeof(*values))

static bool has_value(const struct report *r, size_t i)
{
	return r->profile || values[i].view == REPORT_VIEW_LEAKED;
}

/* Of a mapping it is not known what has been allocated in all: what is there, at least. */
static struct report_measure measure(const struct report_site *site, enum report_view view)
{
	if (!site->profile && view == REPORT_VIEW_TOTAL)
		view = REPORT_VIEW_LEAKED;
	return report_site__measure(site, view);
}

static void emit_sample(struct profile *p, const struct report *r,
			const struct pprof_sample *sample)
{
	const struct report_site *site = sample->where;
	size_t n = list_locations(p, site), n_numbers = 0, i;
	uint64_t numbers[2 * N_VALUES];

	for (i = 0; i < N_VALUES; i++) {
		struct report_measure m = measure(sample->what, values[i].view);

		if (!has_value(r, i))
			continue;
		numbers[n_numbers++] = clamp(m.count);
		numbers[n_numbers++] = clamp(m.bytes);
	}
	for (i = 0; sample->is_base && i < n_numbers; i++)
		numbers[i] = -numbers[i];
	proto__packed(&p->message, 1, p->ids, n);
	proto__packed(&p->message, 2, numbers, n_numbers);
	label(p, "entry", site->entry);
	label(p, "note", site->note);
	label(p, "stack cut", site->stack_cut);
	if (!sample->is_base && site->verdict.kind != VERDICT_EARLY)
		label(p, "verdict", site_verdict__word(site->verdict.kind));
	label(p, "pprof::base", sample->is_base ? "true" : NULL);
	proto__message(&p->whole, PROFILE_SAMPLE, &p->message);
}

static void value_type(struct profile *p, uint32_t field, const char *type, const char *unit)
{
	proto__u64(&p->message, 1, string(p, type));
	proto__u64(&p->message, 2, string(p, unit));
	proto__message(&p->whole, field, &p->message);
}

static void emit_comment(const char *sentence, void *arg)
{
	struct profile *p = arg;
	uint64_t text = string(p, sentence);

	proto__packed(&p->whole, PROFILE_COMMENT, &text, 1);
}

/* A time that only a forged recording has ends where the field does: in the year 2262. */
static int64_t nanoseconds(int64_t seconds)
{
	int64_t ns;

	if (__builtin_mul_overflow(seconds, (int64_t)1000000000, &ns))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static void build(struct profile *p, const struct report *r, const struct pprof_sample *samples,
		  size_t n)
{
	bool by_bytes = !(r->sampling.calls > 1);
	const char *shown = "";
	size_t i;

	string(p, ""); /* has to be the first */
	for (i = 0; i < N_VALUES; i++) {
		if (!has_value(r, i))
			continue;
		value_type(p, PROFILE_SAMPLE_TYPE, values[i].objects, "count");
		value_type(p, PROFILE_SAMPLE_TYPE, values[i].space, "bytes");
		if (values[i].view == r->view)
			shown = values[i].space;
	}
	for (i = 0; i < n && !p->failed; i++)
		emit_sample(p, r, &samples[i]);
	emit_mappings(p);
	proto__i64(&p->whole, PROFILE_TIME_NANOS, nanoseconds(r->time));
	value_type(p, PROFILE_PERIOD_TYPE, by_bytes ? "space" : "objects",
		   by_bytes ? "bytes" : "count");
	proto__u64(&p->whole, PROFILE_PERIOD,
		   by_bytes ? r->sampling.bytes + !r->sampling.bytes : r->sampling.calls);
	words__warnings(r, emit_comment, p);
	proto__u64(&p->whole, PROFILE_DEFAULT_SAMPLE_TYPE, string(p, shown));
}

static void clear_part(struct part *part)
{
	hashidx__clear(&part->index);
	free(part->key);
}

static void clear(struct profile *p)
{
	strtab__clear(&p->strings);
	free(p->mappings);
	free(p->ids);
	clear_part(&p->functions);
	clear_part(&p->locations);
	clear_part(&p->mappings_part);
	proto__clear(&p->whole);
	proto__clear(&p->message);
	proto__clear(&p->inner);
}

int pprof__emit(FILE *out, const struct report *r, const struct pprof_sample *samples, size_t n)
{
	struct profile p = {.seed = hashidx__seed()};
	int err = -ENOMEM;

	strtab__init(&p.strings);
	build(&p, r, samples, n);
	errno = 0;
	if (!p.failed && !p.whole.failed)
		err = gzip__write(out, p.whole.data, p.whole.size);
	clear(&p);
	return err ? err : render__end(out);
}

static int emit_pprof(FILE *out, const struct report *r, const struct render_opts *opts)
{
	struct pprof_sample *samples = calloc(r->n_sites + 1, sizeof(*samples));
	size_t i;
	int err;

	(void)opts;
	if (!samples)
		return -ENOMEM;
	for (i = 0; i < r->n_sites; i++)
		samples[i] = (struct pprof_sample){&r->sites[i], &r->sites[i], false};
	err = pprof__emit(out, r, samples, r->n_sites);
	free(samples);
	return err;
}

const struct renderer render_pprof = {
	.name = "pprof",
	.emit = emit_pprof,
};
