/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GitLab's code quality report (https://docs.gitlab.com/ci/testing/code_quality/, "Code Quality
 * report format"): an array with an object for each site that is to be mended.
 */
#include "render/render.h"

#include <errno.h>
#include <stdlib.h>

#include "gate/source.h"
#include "render/finding.h"
#include "render/jsonout.h"
#include "report/report.h"

static void write_message(FILE *out, const void *report, const void *site)
{
	finding__message(out, report, site);
}

/* A path is required: without a line in a source file, it is the object's. */
static const char *path_of(const struct report_site *site, const struct report_frame *f,
			   const char *root)
{
	if (f)
		return source__path(f, root);
	return site->n_frames && site->frames[0].image ? site->frames[0].image : "unknown";
}

static void emit_site(struct jsonout *j, const struct report *r, const struct report_site *site,
		      uint64_t same, const char *root)
{
	const struct report_frame *f = source__frame(site, root);
	char fingerprint[FINDING_FINGERPRINT_SIZE];

	finding__fingerprint(fingerprint, site, same);
	jsonout__begin(j, NULL, '{');
	finding__json(j, "description", write_message, r, site);
	jsonout__string(j, "check_name",
			r->gate.leaked_known ? "memleak-bpf/leak" : "memleak-bpf/outstanding");
	jsonout__string(j, "fingerprint", fingerprint);
	jsonout__string(j, "severity", r->gate.state == GATE_FAIL ? "major" : "minor");
	jsonout__begin(j, "location", '{');
	jsonout__string(j, "path", path_of(site, f, root));
	jsonout__begin(j, "lines", '{');
	jsonout__i64(j, "begin", f ? f->line : 1);
	jsonout__end(j, '}');
	jsonout__end(j, '}');
	jsonout__end(j, '}');
}

static int emit_codequality(FILE *out, const struct report *r, const struct render_opts *opts)
{
	uint64_t *hashes = calloc(FINDING_MAX, sizeof(*hashes));
	const char *root = opts ? opts->root : NULL;
	struct jsonout j = {.out = out};
	struct reach_sum sum;
	size_t i, n = 0;

	if (!hashes)
		return -ENOMEM;
	errno = 0;
	jsonout__begin(&j, NULL, '[');
	for (i = 0; i < r->n_sites && n < FINDING_MAX; i++) {
		if (!finding__sum(r, &r->sites[i], &sum))
			continue;
		emit_site(&j, r, &r->sites[i], finding__same_before(hashes, n, &r->sites[i]), root);
		n++;
	}
	jsonout__end(&j, ']');
	fputc('\n', out);
	free(hashes);
	return render__end(out);
}

const struct renderer render_codequality = {
	.name = "codequality",
	.emit = emit_codequality,
};
