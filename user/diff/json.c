/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The difference as JSON, one line: diff.schema.json says what the keys mean. What is not known is
 * null, as in reports.
 */
#include "render/json.h"

#include <errno.h>

#include "diff/compare.h"
#include "diff/render.h"
#include "render/jsonout.h"
#include "render/words.h"
#include "report/report.h"

#define SCHEMA_VERSION 1 /* grows when a key goes or means something else, not with new ones */

static void emit_warning(const char *sentence, void *arg)
{
	jsonout__string(arg, NULL, sentence);
}

static void emit_recording(struct jsonout *j, const char *key, const char *file,
			   const struct report *r)
{
	jsonout__begin(j, key, '{');
	jsonout__string(j, "file", file);
	json__origin(j, &r->origin);
	jsonout__i64(j, "time", r->time);
	jsonout__i64(j, "pid", r->pid);
	jsonout__string(j, "comm", r->comm);
	jsonout__u64(j, "bytes", r->bytes);
	jsonout__u64(j, "count", r->count);
	jsonout__u64(j, "stacks", r->n_stacks);
	jsonout__begin(j, "warnings", '[');
	words__warnings(r, emit_warning, j);
	jsonout__end(j, ']');
	jsonout__end(j, '}');
}

static void emit_sum(struct jsonout *j, const char *key, const struct diff_sum *sum)
{
	jsonout__begin(j, key, '{');
	jsonout__u64(j, "stacks", sum->sites);
	jsonout__u64(j, "old_bytes", sum->old_bytes);
	jsonout__u64(j, "old_count", sum->old_count);
	jsonout__u64(j, "new_bytes", sum->new_bytes);
	jsonout__u64(j, "new_count", sum->new_count);
	jsonout__end(j, '}');
}

static void emit_site(struct jsonout *j, const struct diff_site *s)
{
	jsonout__begin(j, NULL, '{');
	jsonout__string(j, "change", diff__kind(s->kind));
	jsonout__u64(j, "old_bytes", s->old ? s->old->bytes : 0);
	jsonout__u64(j, "old_count", s->old ? s->old->count : 0);
	jsonout__u64(j, "new_bytes", s->new ? s->new->bytes : 0);
	jsonout__u64(j, "new_count", s->new ? s->new->count : 0);
	jsonout__i64(j, "bytes_delta", s->bytes_delta);
	jsonout__i64(j, "count_delta", s->count_delta);
	jsonout__string(j, "entry", s->site->entry);
	jsonout__string(j, "note", s->site->note);
	json__stack(j, s->site);
	jsonout__end(j, '}');
}

int diff_json__emit(FILE *out, const struct diff *d, const struct render_opts *opts)
{
	struct jsonout j = {.out = out};
	size_t i;
	int kind;

	(void)opts;
	errno = 0;
	jsonout__begin(&j, NULL, '{');
	jsonout__u64(&j, "diff_schema", SCHEMA_VERSION);
	emit_recording(&j, "old", d->old_name, d->old);
	emit_recording(&j, "new", d->new_name, d->new);
	jsonout__i64(&j, "bytes_delta", d->bytes_delta);
	jsonout__i64(&j, "count_delta", d->count_delta);
	jsonout__begin(&j, "changes", '{');
	for (kind = 0; kind < DIFF_KINDS; kind++)
		emit_sum(&j, diff__kind(kind), &d->sum[kind]);
	jsonout__end(&j, '}');
	jsonout__begin(&j, "sites", '[');
	for (i = 0; i < d->n_sites; i++)
		emit_site(&j, &d->sites[i]);
	jsonout__end(&j, ']');
	jsonout__begin(&j, "notes", '[');
	for (i = 0; i < d->n_notes; i++)
		jsonout__string(&j, NULL, d->notes[i]);
	jsonout__end(&j, ']');
	jsonout__end(&j, '}');
	fputc('\n', out);
	return render__end(out);
}
