/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), which GitHub's
 * code scanning and IDEs read: a result for each site, with its stack, at the program's own line.
 */
#include "render/render.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/source.h"
#include "render/finding.h"
#include "render/gate.h"
#include "render/jsonout.h"
#include "render/words.h"
#include "report/report.h"

static void write_message(FILE *out, const void *report, const void *site)
{
	finding__message(out, report, site);
}

/* RFC 3986, section 2.3: all but these is escaped, and what separates names of directories. */
static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-._~/", c));
}

static void write_uri(FILE *out, const void *frame, const void *root)
{
	const char *path = source__path(frame, root);

	if (*path == '/')
		fputs("file://", out);
	for (; *path; path++) {
		if (is_unreserved(*path))
			fputc(*path, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*path);
	}
}

static void write_name(FILE *out, const void *frame, const void *unused)
{
	(void)unused;
	words__frame(out, frame, render__escape);
}

static void text(struct jsonout *j, const char *key, const char *s)
{
	jsonout__begin(j, key, '{');
	jsonout__string(j, "text", s);
	jsonout__end(j, '}');
}

static void emit_location(struct jsonout *j, const char *key, const struct report_frame *f,
			  const char *root)
{
	jsonout__begin(j, key, '{');
	if (f->path && f->line > 0) {
		jsonout__begin(j, "physicalLocation", '{');
		jsonout__begin(j, "artifactLocation", '{');
		finding__json(j, "uri", write_uri, f, root);
		jsonout__end(j, '}');
		jsonout__begin(j, "region", '{');
		jsonout__i64(j, "startLine", f->line);
		jsonout__end(j, '}');
		jsonout__end(j, '}');
	}
	jsonout__begin(j, "logicalLocations", '[');
	jsonout__begin(j, NULL, '{');
	finding__json(j, "fullyQualifiedName", write_name, f, NULL);
	jsonout__end(j, '}');
	jsonout__end(j, ']');
	jsonout__end(j, '}');
}

static void emit_stack(struct jsonout *j, const struct report_site *site, const char *root)
{
	size_t i;

	jsonout__begin(j, "stacks", '[');
	jsonout__begin(j, NULL, '{');
	jsonout__begin(j, "frames", '[');
	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		jsonout__begin(j, NULL, '{');
		emit_location(j, "location", f, root);
		if (f->image)
			jsonout__string(j, "module", f->image);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
	jsonout__end(j, '}');
	jsonout__end(j, ']');
}

static void write_suppressor(FILE *out, const void *report, const void *site)
{
	render_gate__site(out, report, site);
}

/* A site that is suppressed as a whole is a result that says so. */
static bool is_result(const struct report *r, const struct report_site *site, struct reach_sum *sum)
{
	if (finding__sum(r, site, sum))
		return true;
	*sum = site->suppressed;
	return site->suppressor && site->suppressed.count;
}

static void emit_result(struct jsonout *j, const struct report *r, const struct report_site *site,
			uint64_t same, const char *root)
{
	const struct report_frame *f = source__frame(site, root);
	char fingerprint[FINDING_FINGERPRINT_SIZE];
	struct reach_sum sum;
	bool is_open = finding__sum(r, site, &sum);

	is_result(r, site, &sum);
	finding__fingerprint(fingerprint, site, same);
	jsonout__begin(j, NULL, '{');
	jsonout__string(j, "ruleId", finding__rule(r));
	jsonout__string(j, "level",
			is_open && r->gate.state == GATE_FAIL ? "error"
			: is_open			      ? "warning"
							      : "note");
	jsonout__begin(j, "message", '{');
	finding__json(j, "text", is_open ? write_message : write_suppressor, r, site);
	jsonout__end(j, '}');
	jsonout__begin(j, "locations", '[');
	if (f || site->n_frames)
		emit_location(j, NULL, f ? f : &site->frames[0], root);
	jsonout__end(j, ']');
	if (site->n_frames)
		emit_stack(j, site, root);
	jsonout__begin(j, "partialFingerprints", '{');
	jsonout__string(j, "stack/v1", fingerprint);
	jsonout__end(j, '}');
	jsonout__begin(j, "suppressions", '[');
	if (!is_open) {
		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "kind", "external");
		finding__json(j, "justification", write_suppressor, r, site);
		jsonout__end(j, '}');
	}
	jsonout__end(j, ']');
	jsonout__begin(j, "properties", '{');
	jsonout__u64(j, "bytes", sum.bytes);
	jsonout__u64(j, "count", sum.count);
	jsonout__end(j, '}');
	jsonout__end(j, '}');
}

static size_t emit_results(struct jsonout *j, const struct report *r, const char *root)
{
	uint64_t *hashes = calloc(FINDING_MAX, sizeof(*hashes));
	struct reach_sum sum;
	size_t i, n = 0, more = 0;

	jsonout__begin(j, "results", '[');
	for (i = 0; hashes && i < r->n_sites; i++) {
		if (!is_result(r, &r->sites[i], &sum))
			continue;
		if (n == FINDING_MAX) {
			more++;
			continue;
		}
		emit_result(j, r, &r->sites[i], finding__same_before(hashes, n, &r->sites[i]),
			    root);
		n++;
	}
	jsonout__end(j, ']');
	free(hashes);
	return more;
}

static void emit_notification(const char *sentence, void *arg)
{
	struct jsonout *j = arg;

	jsonout__begin(j, NULL, '{');
	jsonout__string(j, "level", "warning");
	text(j, "message", sentence);
	jsonout__end(j, '}');
}

/* What the tool has to say of its own run: the verdict, and what makes it less than complete. */
static void emit_invocation(struct jsonout *j, const struct report *r, size_t more)
{
	char sentence[64];

	jsonout__begin(j, "invocations", '[');
	jsonout__begin(j, NULL, '{');
	jsonout__bool(j, "executionSuccessful", true);
	jsonout__begin(j, "toolExecutionNotifications", '[');
	if (r->gate.verdict) {
		jsonout__begin(j, NULL, '{');
		jsonout__string(j, "level",
				r->gate.state == GATE_PASS   ? "note"
				: r->gate.state == GATE_FAIL ? "error"
							     : "warning");
		text(j, "message", r->gate.verdict);
		jsonout__end(j, '}');
	}
	words__warnings(r, emit_notification, j);
	render_gate__lines(r, emit_notification, j);
	if (more) {
		snprintf(sentence, sizeof(sentence), "%zu more results are left out", more);
		emit_notification(sentence, j);
	}
	jsonout__end(j, ']');
	jsonout__end(j, '}');
	jsonout__end(j, ']');
}

static void emit_rule(struct jsonout *j, const char *id, const char *what)
{
	jsonout__begin(j, NULL, '{');
	jsonout__string(j, "id", id);
	text(j, "shortDescription", what);
	jsonout__end(j, '}');
}

static void emit_tool(struct jsonout *j, const struct report *r)
{
	jsonout__begin(j, "tool", '{');
	jsonout__begin(j, "driver", '{');
	jsonout__string(j, "name", "memleak-bpf");
	if (r->origin.tool)
		jsonout__string(j, "version", r->origin.tool);
	jsonout__begin(j, "rules", '[');
	emit_rule(j, "leak", "Memory that has leaked");
	emit_rule(j, "outstanding", "Memory that was allocated and not freed");
	jsonout__end(j, ']');
	jsonout__end(j, '}');
	jsonout__end(j, '}');
}

static int emit_sarif(FILE *out, const struct report *r, const struct render_opts *opts)
{
	const char *root = opts ? opts->root : NULL;
	struct jsonout j = {.out = out};
	size_t more;

	errno = 0;
	jsonout__begin(&j, NULL, '{');
	jsonout__string(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	jsonout__string(&j, "version", "2.1.0");
	jsonout__begin(&j, "runs", '[');
	jsonout__begin(&j, NULL, '{');
	emit_tool(&j, r);
	more = emit_results(&j, r, root);
	emit_invocation(&j, r, more);
	jsonout__end(&j, '}');
	jsonout__end(&j, ']');
	jsonout__end(&j, '}');
	fputc('\n', out);
	return render__end(out);
}

const struct renderer render_sarif = {
	.name = "sarif",
	.emit = emit_sarif,
};
