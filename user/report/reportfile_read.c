/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader. The file may have been made to do harm: what it asks for is bounded by its own size
 * times a small number, and what renderers count on is checked here.
 */
#include "report/reportfile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/gzip.h"
#include "report/proto.h"
#include "report/reportfile_priv.h"
#include "report/report.h"

#define MAX_SIZE (1ULL << 29)	   /* bytes, unpacked */
#define MAX_SITES (1ULL << 21)	   /* each takes about 200 bytes */
#define MAX_FRAMES (1ULL << 23)	   /* of all stacks; each takes about 100 */
#define MAX_BLOCKS (1ULL << 25)	   /* each takes 32 */
#define MAX_PROCESSES (1ULL << 20) /* each takes about 100 bytes */
#define MAX_CONDITIONS 1000
#define MAX_SUPPRESSIONS (1 << 20)
#define MAX_TIME 253402300799ULL /* the end of the year 9999 */
#define MAX_TABLE (1ULL << 40)	 /* entries in tables of the kernel */

struct reader {
	const void *data;
	size_t size;
	char *text;	/* all strings, a NUL behind each */
	char **strings; /* where they begin */
	size_t n_strings;
	struct report_frame *frames;
	size_t n_frames;
	size_t used_frames, used_blocks; /* by sites */
	struct report *report;
	uint64_t version;
	bool is_ours;
	const char *why;
};

static int refuse(struct reader *rd, int err, const char *why)
{
	rd->why = why;
	return err;
}

static int damaged(struct reader *rd)
{
	return refuse(rd, -EILSEQ, "it is damaged");
}

static int too_large(struct reader *rd)
{
	return refuse(rd, -EFBIG, "it is too large");
}

/* What there is, for the sizes of arrays. */
struct amounts {
	size_t text_size, sites, warnings, processes;
};

/* Count strings, frames and sites, and see whether it is a recording at all. */
static int look_over(struct reader *rd, struct amounts *n)
{
	struct proto_reader p = proto__reader(rd->data, rd->size);
	struct proto_field f;

	*n = (struct amounts){0};
	while (proto__next(&p, &f)) {
		if (f.number == RECORDING_FORMAT_NAME && f.is_bytes)
			rd->is_ours = f.size == strlen(RECORDING_FORMAT) &&
				      !memcmp(f.data, RECORDING_FORMAT, f.size);
		else if (f.number == RECORDING_VERSION_NUMBER)
			rd->version = f.value;
		else if (f.number == RECORDING_TEXT)
			n->text_size += f.size + 1;
		if (!rd->is_ours)
			break;
		rd->n_strings += f.number == RECORDING_TEXT;
		rd->n_frames += f.number == RECORDING_FRAMES;
		n->sites += f.number == RECORDING_SITES;
		n->processes += f.number == RECORDING_PROCESSES;
		/* packed numbers take a byte at least */
		n->warnings += f.number == RECORDING_WARNINGS ? f.size : 0;
	}
	if (!rd->is_ours)
		return refuse(rd, -EINVAL, "it is no recording of memleak-bpf");
	if (p.bad)
		return damaged(rd);
	if (rd->version > RECORDING_VERSION)
		return refuse(rd, -ENOTSUP, "a newer memleak-bpf has written it: use that one");
	if (n->sites > MAX_SITES || n->processes > MAX_PROCESSES || rd->n_frames > MAX_FRAMES)
		return too_large(rd);
	return rd->version ? 0 : damaged(rd);
}

static int read_texts(struct reader *rd, size_t text_size)
{
	struct proto_reader p = proto__reader(rd->data, rd->size);
	struct proto_field f;
	char *to;
	size_t n = 0;

	rd->text = to = malloc(text_size + 1); /* + 1: none is not NULL */
	rd->strings = calloc(rd->n_strings + 1, sizeof(*rd->strings));
	if (!rd->text || !rd->strings)
		return -ENOMEM;
	while (proto__next(&p, &f)) {
		if (f.number != RECORDING_TEXT)
			continue;
		if (!f.is_bytes || memchr(f.data, 0, f.size))
			return damaged(rd);
		rd->strings[n++] = to;
		memcpy(to, f.data, f.size);
		to[f.size] = '\0';
		to += f.size + 1;
	}
	return 0;
}

static bool get_string(const struct reader *rd, uint64_t number, char **s)
{
	*s = number && number <= rd->n_strings ? rd->strings[number - 1] : NULL;
	return number <= rd->n_strings;
}

/* Store a field that is a plain member; others are left alone. False: its value cannot be. */
static bool store(const struct reader *rd, const struct layout *layout, const struct proto_field *f,
		  void *object)
{
	const struct member *m = NULL;
	size_t i;
	void *at;

	for (i = 0; i < layout->n && !m; i++)
		if (layout->members[i].field == f->number)
			m = &layout->members[i];
	if (!m)
		return true;
	if (f->is_bytes)
		return false;
	at = (char *)object + m->offset;
	switch (m->kind) {
	case MEMBER_U64:
		*(uint64_t *)at = f->value;
		break;
	case MEMBER_INT:
		*(int *)at = (int)f->value;
		return f->value <= INT_MAX;
	case MEMBER_TIME:
		*(time_t *)at = (time_t)f->value;
		return f->value <= MAX_TIME;
	case MEMBER_BOOL:
		*(bool *)at = f->value;
		break;
	case MEMBER_STRING:
		return get_string(rd, f->value, at);
	}
	return true;
}

static int read_members(struct reader *rd, const struct layout *layout,
			const struct proto_field *in, void *object)
{
	struct proto_reader p = proto__reader(in->data, in->size);
	struct proto_field f;

	if (!in->is_bytes)
		return damaged(rd);
	while (proto__next(&p, &f))
		if (!store(rd, layout, &f, object))
			return damaged(rd);
	return p.bad ? damaged(rd) : 0;
}

static int read_frames(struct reader *rd)
{
	struct proto_reader p = proto__reader(rd->data, rd->size);
	struct proto_field f;
	size_t n = 0;
	int err = 0;

	rd->frames = calloc(rd->n_frames + 1, sizeof(*rd->frames));
	if (!rd->frames)
		return -ENOMEM;
	while (!err && proto__next(&p, &f))
		if (f.number == RECORDING_FRAMES)
			err = read_members(rd, &layout_frame, &f, &rd->frames[n++]);
	return err;
}

/* How many numbers there are: each has one byte without the top bit. */
static size_t count_packed(const struct proto_field *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->size; i++)
		n += f->data[i] < 0x80;
	return n;
}

static int read_stack(struct reader *rd, const struct proto_field *f, struct report_site *site)
{
	struct proto_reader p = proto__reader(f->data, f->size);
	size_t n = f->is_bytes ? count_packed(f) : 0;
	uint64_t number;

	if (!f->is_bytes || site->frames)
		return damaged(rd);
	if (n > MAX_FRAMES - rd->used_frames)
		return too_large(rd);
	rd->used_frames += n;
	site->frames = calloc(n + 1, sizeof(*site->frames));
	if (!site->frames)
		return -ENOMEM;
	while (proto__next_packed(&p, &number)) {
		if (!number || number > rd->n_frames)
			return damaged(rd);
		site->frames[site->n_frames++] = rd->frames[number - 1];
	}
	return p.bad ? damaged(rd) : 0;
}

static int read_column(struct reader *rd, const struct proto_field *f, struct report_site *site,
		       size_t offset)
{
	struct proto_reader p = proto__reader(f->data, f->size);
	uint64_t value;
	size_t n = 0;

	if (!f->is_bytes || count_packed(f) != site->n_blocks)
		return damaged(rd);
	while (proto__next_packed(&p, &value))
		memcpy((char *)&site->blocks[n++] + offset, &value, sizeof(value));
	return p.bad ? damaged(rd) : 0;
}

static int read_verdicts(struct reader *rd, const struct proto_field *f, struct report_site *site)
{
	struct proto_reader p = proto__reader(f->data, f->size);
	uint64_t kind;
	size_t n = 0;

	if (!f->is_bytes || count_packed(f) != site->n_blocks)
		return damaged(rd);
	while (proto__next_packed(&p, &kind)) {
		if (kind >= REACH_KINDS)
			return damaged(rd);
		site->blocks[n++].reach = kind;
	}
	return p.bad ? damaged(rd) : 0;
}

static int read_blocks(struct reader *rd, const struct proto_field *in, struct report_site *site)
{
	static const size_t offsets[] = {
		[BLOCKS_ADDR] = offsetof(struct report_block, addr),
		[BLOCKS_SIZE] = offsetof(struct report_block, size),
		[BLOCKS_AGE] = offsetof(struct report_block, age_ns),
		[BLOCKS_STANDS_FOR] = offsetof(struct report_block, stands_for),
	};
	struct proto_reader p = proto__reader(in->data, in->size);
	struct proto_field f;
	int err = 0;

	if (!in->is_bytes || site->blocks)
		return damaged(rd);
	while (proto__next(&p, &f))
		if (f.number == BLOCKS_ADDR && f.is_bytes)
			site->n_blocks = count_packed(&f);
	if (site->n_blocks > MAX_BLOCKS - rd->used_blocks)
		return too_large(rd);
	rd->used_blocks += site->n_blocks;
	site->blocks = calloc(site->n_blocks + 1, sizeof(*site->blocks));
	if (!site->blocks)
		return -ENOMEM;
	p = proto__reader(in->data, in->size);
	while (!err && proto__next(&p, &f))
		if (f.number >= BLOCKS_ADDR && f.number <= BLOCKS_STANDS_FOR)
			err = read_column(rd, &f, site, offsets[f.number]);
		else if (f.number == BLOCKS_KIND)
			err = read_verdicts(rd, &f, site);
	return !err && p.bad ? damaged(rd) : err;
}

/* Points of a history: as many as a model keeps, at most. *out is NULL so far. */
static int read_points(struct reader *rd, const struct proto_field *f, uint64_t **out, size_t *n)
{
	struct proto_reader p = proto__reader(f->data, f->size);
	uint64_t value;

	if (!f->is_bytes || *out || count_packed(f) > SERIES_MAX)
		return damaged(rd);
	*n = 0;
	*out = calloc(count_packed(f) + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	while (proto__next_packed(&p, &value))
		(*out)[(*n)++] = value;
	return p.bad ? damaged(rd) : 0;
}

static bool is_history(const struct report_history *h, size_t n_count)
{
	return h->n == n_count && h->freed <= h->came;
}

static bool is_verdict(const struct site_verdict *v)
{
	return v->kind < VERDICT_KINDS && v->reason < VERDICT_REASONS && v->sure <= 100;
}

static int read_tallies(struct reader *rd, const struct proto_field *f)
{
	struct proto_reader p = proto__reader(f->data, f->size);
	struct verdict_tally *t = rd->report->verdicts;
	uint64_t value;
	size_t n;

	if (!f->is_bytes || count_packed(f) > 3 * VERDICT_KINDS)
		return damaged(rd);
	for (n = 0; proto__next_packed(&p, &value); n++) {
		if (n % 3 == 0)
			t[n / 3].stacks = value;
		else if (n % 3 == 1)
			t[n / 3].bytes = value;
		else
			t[n / 3].bytes_per_hour = value;
	}
	return p.bad ? damaged(rd) : 0;
}

static int read_lived(struct reader *rd, const struct proto_field *f, struct report_profile *p)
{
	struct proto_reader numbers = proto__reader(f->data, f->size);
	uint64_t value;
	int n = 0;

	if (!f->is_bytes || count_packed(f) > REPORT_LIVES)
		return damaged(rd);
	while (proto__next_packed(&numbers, &value))
		p->lived[n++] = value;
	return numbers.bad ? damaged(rd) : 0;
}

static int read_profile(struct reader *rd, const struct proto_field *in,
			struct report_profile **out)
{
	struct proto_reader p = proto__reader(in->data, in->size);
	struct proto_field f;
	int err = 0;

	if (!in->is_bytes || *out)
		return damaged(rd);
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	while (!err && proto__next(&p, &f)) {
		if (f.number == PROFILE_LIVED)
			err = read_lived(rd, &f, *out);
		else if (!store(rd, &layout_profile, &f, *out))
			err = damaged(rd);
	}
	return !err && p.bad ? damaged(rd) : err;
}

static int read_holder(struct reader *rd, const struct proto_field *in, struct report_site *site)
{
	struct report_holder *h;
	int err;

	if (site->n_holders == REPORT_MAX_HOLDERS)
		return damaged(rd);
	if (!site->holders)
		site->holders = calloc(REPORT_MAX_HOLDERS, sizeof(*site->holders));
	if (!site->holders)
		return -ENOMEM;
	h = &site->holders[site->n_holders++];
	err = read_members(rd, &layout_holder, in, h);
	return !err && (!h->root || h->line < 0) ? damaged(rd) : err;
}

static int read_site(struct reader *rd, const struct proto_field *in, struct report_site *site)
{
	struct proto_reader p = proto__reader(in->data, in->size);
	struct report_history *h = &site->history;
	struct proto_field f;
	size_t n_count = 0;
	int err = 0;

	if (!in->is_bytes)
		return damaged(rd);
	while (!err && proto__next(&p, &f)) {
		if (f.number == SITE_FRAMES)
			err = read_stack(rd, &f, site);
		else if (f.number == SITE_BLOCKS)
			err = read_blocks(rd, &f, site);
		else if (f.number == SITE_PROFILE)
			err = read_profile(rd, &f, &site->profile);
		else if (f.number == SITE_KINDS)
			err = read_members(rd, &layout_kinds, &f, site->reach);
		else if (f.number == SITE_HOLDERS)
			err = read_holder(rd, &f, site);
		else if (f.number == SITE_HISTORY_BYTES)
			err = read_points(rd, &f, &h->bytes, &h->n);
		else if (f.number == SITE_HISTORY_COUNT)
			err = read_points(rd, &f, &h->count, &n_count);
		else if (!store(rd, &layout_site, &f, site))
			err = damaged(rd);
	}
	if (!err && (p.bad || !is_history(h, n_count) || !is_verdict(&site->verdict)))
		err = damaged(rd);
	return err;
}

static int read_account(struct reader *rd, const struct proto_field *in)
{
	struct report_account *a = &rd->report->account;
	struct proto_reader p = proto__reader(in->data, in->size);
	struct proto_field f;
	size_t n_cuts = 0;
	int err = 0;

	if (!in->is_bytes)
		return damaged(rd);
	while (!err && proto__next(&p, &f)) {
		if (f.number == ACCOUNT_CUTS && n_cuts == REPORT_MAX_CUTS)
			err = damaged(rd);
		else if (f.number == ACCOUNT_CUTS)
			err = read_members(rd, &layout_cut, &f, &a->cuts[n_cuts++]);
		else if (!store(rd, &layout_account, &f, a))
			err = damaged(rd);
	}
	while (n_cuts--)
		if (!a->cuts[n_cuts].why)
			a->cuts[n_cuts].why = "";
	return !err && p.bad ? damaged(rd) : err;
}

static int read_reach(struct reader *rd, const struct proto_field *in)
{
	struct report_reach *reach = &rd->report->reach;
	struct proto_reader p = proto__reader(in->data, in->size);
	struct proto_field f;
	char *why_not;
	int err = 0;

	if (!in->is_bytes)
		return damaged(rd);
	reach->wanted = true;
	while (!err && proto__next(&p, &f)) {
		if (f.number == REACH_SUMS)
			err = read_members(rd, &layout_kinds, &f, reach->sum);
		else if (f.number != REACH_WHY_NOT)
			err = store(rd, &layout_reach, &f, reach) ? 0 : damaged(rd);
		else if (f.is_bytes || !get_string(rd, f.value, &why_not))
			err = damaged(rd);
		else if (why_not)
			snprintf(reach->why_not, sizeof(reach->why_not), "%s", why_not);
	}
	return !err && p.bad ? damaged(rd) : err;
}

static int read_warnings(struct reader *rd, const struct proto_field *f)
{
	struct proto_reader p = proto__reader(f->data, f->size);
	struct report *r = rd->report;
	uint64_t number;

	if (!f->is_bytes)
		return damaged(rd);
	while (proto__next_packed(&p, &number)) {
		if (!number || !get_string(rd, number, &r->warnings[r->n_warnings]))
			return damaged(rd);
		r->n_warnings++;
	}
	return p.bad ? damaged(rd) : 0;
}

/* What renderers count on, and no field alone can be wrong about. */
static bool is_sound(const struct report *r, size_t n_count, size_t n_times)
{
	size_t i;

	if (r->max_live > MAX_TABLE || r->most_live > MAX_TABLE || r->max_stacks > MAX_TABLE ||
	    r->view >= REPORT_VIEWS)
		return false;
	/* with a profile there are sites without blocks: n_stacks does not count them */
	if (r->profile ? r->n_viewed < report__viewed(r)
		       : r->n_stacks < r->n_sites || r->view != REPORT_VIEW_LEAKED)
		return false;
	if (!is_history(&r->history, n_count) || n_times != n_count || !is_verdict(&r->verdict))
		return false;
	for (i = 1; i < n_times; i++)
		if (r->history_ns[i] <= r->history_ns[i - 1])
			return false;
	for (i = 0; i < r->n_sites; i++)
		if (r->sites[i].history.n > n_times)
			return false;
	return true;
}

static const char *or_nothing(char *s)
{
	return s ? s : "";
}

static int read_condition(struct reader *rd, const struct proto_field *f, struct report_gate *g)
{
	struct report_condition *c = &g->conditions[g->n_conditions++];
	int err = read_members(rd, &layout_condition, f, c);

	c->expression = (char *)or_nothing(c->expression);
	c->why = (char *)or_nothing(c->why);
	return c->state < GATE_STATES || err ? err : damaged(rd);
}

static int read_suppression(struct reader *rd, const struct proto_field *f, struct report_gate *g)
{
	struct report_suppression *s = &g->suppressions[g->n_suppressions++];
	int err = read_members(rd, &layout_suppression, f, s);

	s->entry = (char *)or_nothing(s->entry);
	s->file = (char *)or_nothing(s->file);
	return err;
}

static int read_gate(struct reader *rd, const struct proto_field *in)
{
	struct report_gate *g = &rd->report->gate;
	struct proto_reader p = proto__reader(in->data, in->size);
	size_t n_conditions = 0, n_suppressions = 0;
	struct proto_field f;
	int err = 0;

	if (!in->is_bytes || g->is_borrowed) /* or there are two */
		return damaged(rd);
	while (proto__next(&p, &f)) {
		n_conditions += f.number == GATE_CONDITIONS;
		n_suppressions += f.number == GATE_SUPPRESSIONS;
	}
	if (n_conditions > MAX_CONDITIONS || n_suppressions > MAX_SUPPRESSIONS)
		return too_large(rd);
	g->is_borrowed = true;
	g->conditions = calloc(n_conditions + 1, sizeof(*g->conditions));
	g->suppressions = calloc(n_suppressions + 1, sizeof(*g->suppressions));
	if (!g->conditions || !g->suppressions)
		return -ENOMEM;
	p = proto__reader(in->data, in->size);
	while (!err && proto__next(&p, &f)) {
		if (f.number == GATE_CONDITIONS)
			err = read_condition(rd, &f, g);
		else if (f.number == GATE_SUPPRESSIONS)
			err = read_suppression(rd, &f, g);
		else if (!store(rd, &layout_gate, &f, g))
			err = damaged(rd);
	}
	if (!err && (p.bad || g->state >= GATE_STATES || !g->meaning))
		err = damaged(rd);
	return err;
}

static int read_report(struct reader *rd)
{
	struct proto_reader p = proto__reader(rd->data, rd->size);
	struct report *r = rd->report;
	size_t n_count = 0, n_times = 0;
	struct proto_field f;
	int err = 0;

	while (!err && proto__next(&p, &f)) {
		switch (f.number) {
		case RECORDING_SITES:
			err = read_site(rd, &f, &r->sites[r->n_sites++]);
			break;
		case RECORDING_ACCOUNT:
			err = read_account(rd, &f);
			break;
		case RECORDING_ORIGIN:
			err = read_members(rd, &layout_origin, &f, &r->origin);
			break;
		case RECORDING_MEMORY:
			err = read_members(rd, &layout_memory, &f, &r->memory);
			break;
		case RECORDING_PROFILE:
			err = read_profile(rd, &f, &r->profile);
			break;
		case RECORDING_VIEW:
			r->view = f.value;
			if (f.is_bytes || f.value >= REPORT_VIEWS)
				err = damaged(rd);
			break;
		case RECORDING_REACH:
			err = read_reach(rd, &f);
			break;
		case RECORDING_MAP:
			err = r->n_map == REPORT_MAX_MAP
				      ? damaged(rd)
				      : read_members(rd, &layout_map, &f, &r->map[r->n_map++]);
			break;
		case RECORDING_PROCESSES:
			err = read_members(rd, &layout_process, &f,
					   &r->processes[r->n_processes++]);
			break;
		case RECORDING_WARNINGS:
			err = read_warnings(rd, &f);
			break;
		case RECORDING_HISTORY_BYTES:
			err = read_points(rd, &f, &r->history.bytes, &r->history.n);
			break;
		case RECORDING_HISTORY_COUNT:
			err = read_points(rd, &f, &r->history.count, &n_count);
			break;
		case RECORDING_HISTORY_NS:
			err = read_points(rd, &f, &r->history_ns, &n_times);
			break;
		case RECORDING_VERDICTS:
			err = read_tallies(rd, &f);
			break;
		case RECORDING_GATE:
			err = read_gate(rd, &f);
			break;
		default:
			if (!store(rd, &layout_report, &f, r))
				err = damaged(rd);
		}
	}
	return !err && !is_sound(r, n_count, n_times) ? damaged(rd) : err;
}

int reportfile__parse(const void *data, size_t size, struct report **out, const char **why)
{
	struct reader rd = {.data = data, .size = size, .why = "there is no memory for it"};
	struct amounts n;
	int err;

	*out = NULL;
	err = look_over(&rd, &n);
	if (err)
		goto cleanup;
	err = -ENOMEM;
	rd.report = calloc(1, sizeof(*rd.report));
	if (!rd.report)
		goto cleanup;
	err = read_texts(&rd, n.text_size);
	rd.report->text = rd.text;
	if (err)
		goto cleanup;
	err = -ENOMEM;
	rd.report->sites = calloc(n.sites + 1, sizeof(*rd.report->sites));
	rd.report->warnings = calloc(n.warnings + 1, sizeof(*rd.report->warnings));
	rd.report->processes = calloc(n.processes + 1, sizeof(*rd.report->processes));
	if (!rd.report->sites || !rd.report->warnings || !rd.report->processes)
		goto cleanup;
	err = read_frames(&rd);
	if (!err)
		err = read_report(&rd);
	if (err)
		goto cleanup;
	*out = rd.report;
	rd.report = NULL;
cleanup:
	*why = err ? rd.why : NULL;
	report__free(rd.report);
	free(rd.strings);
	free(rd.frames);
	return err;
}

int reportfile__read(int fd, struct report **out, const char **why)
{
	void *data = NULL;
	size_t size = 0;
	int err = gzip__read(fd, MAX_SIZE, &data, &size);

	*out = NULL;
	if (!err)
		err = reportfile__parse(data, size, out, why);
	else if (err == -EILSEQ)
		*why = "it is no recording of memleak-bpf, or damaged";
	else if (err == -ENODATA)
		*why = "it is cut short";
	else if (err == -EFBIG)
		*why = "it is too large";
	else
		*why = strerror(-err);
	free(data);
	return err;
}
