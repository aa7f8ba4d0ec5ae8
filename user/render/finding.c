/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/finding.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gate/source.h"
#include "render/format.h"
#include "render/jsonout.h"
#include "render/words.h"
#include "report/hashidx.h"
#include "report/report.h"

bool finding__sum(const struct report *r, const struct report_site *site, struct reach_sum *sum)
{
	*sum = site->leaked;
	if (!r->gate.leaked_known)
		*sum = (struct reach_sum){site->bytes - site->suppressed.bytes,
					  site->count - site->suppressed.count};
	return sum->count;
}

const char *finding__rule(const struct report *r)
{
	return r->gate.leaked_known ? "leak" : "outstanding";
}

void finding__message(FILE *out, const struct report *r, const struct report_site *site)
{
	const struct report_frame *f = source__frame(site, NULL);
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], where[WORDS_SIZE];
	struct reach_sum sum;

	finding__sum(r, site, &sum);
	fprintf(out, "%s byte%s in %s block%s ", format__number(bytes, sum.bytes),
		sum.bytes == 1 ? "" : "s", format__number(count, sum.count),
		sum.count == 1 ? "" : "s");
	if (r->gate.leaked_known)
		fprintf(out, "leaked (%s)", r->gate.meaning ? r->gate.meaning : "");
	else
		fputs("outstanding", out);
	fprintf(out, ", allocated by %s",
		f && f->function ? f->function : words__site(where, site));
}

static uint64_t hash_of(const struct report_site *site, uint64_t seed)
{
	uint64_t hash = hashidx__string(seed, site->entry);
	size_t i;

	for (i = 0; i < site->n_frames; i++) {
		const struct report_frame *f = &site->frames[i];

		if (f->function)
			hash = hashidx__combine(hash, hashidx__string(1, f->function));
		else
			hash = hashidx__combine(hash, hashidx__mix(f->image_vaddr));
		hash = hashidx__combine(hash, hashidx__string(2, f->image));
	}
	return hash;
}

void finding__fingerprint(char buf[FINDING_FINGERPRINT_SIZE], const struct report_site *site,
			  uint64_t n)
{
	snprintf(buf, FINDING_FINGERPRINT_SIZE, "%016" PRIx64 "%016" PRIx64,
		 hashidx__combine(hash_of(site, 1), n), hashidx__combine(hash_of(site, 2), n));
}

uint64_t finding__same_before(uint64_t *hashes, size_t n, const struct report_site *site)
{
	uint64_t same = 0;
	size_t i;

	hashes[n] = hash_of(site, 1);
	for (i = 0; i < n; i++)
		same += hashes[i] == hashes[n];
	return same;
}

void finding__json(struct jsonout *j, const char *key,
		   void (*fn)(FILE *out, const void *a, const void *b), const void *a,
		   const void *b)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fn(out, a, b);
		fclose(out);
	}
	jsonout__string(j, key, text ? text : "");
	free(text);
}
