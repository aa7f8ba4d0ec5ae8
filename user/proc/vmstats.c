/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/vmstats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proc/procfile.h"

int vmstat__parse(const char *text, size_t len, struct vmstat *s)
{
	const struct {
		const char *name;
		uint64_t *value;
	} counters[] = {
		{"pgfault", &s->minor_faults}, {"pgmajfault", &s->major_faults},
		{"pswpin", &s->swapped_in},    {"pswpout", &s->swapped_out},
		{"oom_kill", &s->oom_kills},
	};
	struct span rest = span__of(text, len), line, word;
	bool any = false;
	uint64_t value;
	size_t i;

	*s = (struct vmstat){0};
	while (span__line(&rest, &line)) {
		if (!span__word(&line, &word) || !span__next_u64(&line, &value))
			continue;
		/* One for each kind of zone since 4.8. */
		if (span__starts(word, "allocstall"))
			s->stalls += value;
		for (i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
			if (!span__is(word, counters[i].name))
				continue;
			*counters[i].value = value;
			any = true;
		}
	}
	return any ? 0 : -EINVAL;
}

void vmstat_pages__parse(const char *text, size_t len, struct vmstat_pages *p)
{
	uint64_t released = 0, value;
	const struct {
		const char *name;
		uint64_t *value;
	} counters[] = {
		{"nr_foll_pin_acquired", &p->pinned},
		{"nr_foll_pin_released", &released},
		{"nr_kernel_misc_reclaimable", &p->misc_reclaimable},
		{"nr_iommu_pages", &p->iommu},
		{"nr_memmap_pages", &p->memmap},
	};
	struct span rest = span__of(text, len), line, word;
	size_t i;

	*p = (struct vmstat_pages){0};
	while (span__line(&rest, &line)) {
		if (!span__word(&line, &word) || !span__next_u64(&line, &value))
			continue;
		for (i = 0; i < sizeof(counters) / sizeof(*counters); i++)
			if (span__is(word, counters[i].name))
				*counters[i].value = value;
	}
	/* two counters that are read one after the other */
	p->pinned -= released < p->pinned ? released : p->pinned;
}

/* "12.34": strtod would go by the locale. */
static bool read_percent(struct span word, double *value)
{
	struct span whole = word, part;
	uint64_t a, b;
	const char *dot = memchr(word.at, '.', span__len(word));

	if (!dot)
		return false;
	whole.end = dot;
	part = (struct span){dot + 1, word.end};
	if (span__len(part) != 2 || !span__u64(whole, &a) || !span__u64(part, &b) || a > 100)
		return false;
	*value = (double)a + (double)b / 100;
	return true;
}

static bool read_pressure(struct span line, double avg[3], uint64_t *us)
{
	static const char *const names[] = {"avg10=", "avg60=", "avg300="};
	struct span word;
	int i;

	for (i = 0; i < 3; i++) {
		if (!span__word(&line, &word) || !span__starts(word, names[i]))
			return false;
		word.at += strlen(names[i]);
		if (!read_percent(word, &avg[i]))
			return false;
	}
	if (!span__word(&line, &word) || !span__starts(word, "total="))
		return false;
	word.at += strlen("total=");
	return span__u64(word, us);
}

int pressure__parse(const char *text, size_t len, struct pressure *p)
{
	struct span rest = span__of(text, len), line, word;
	bool any = false;

	*p = (struct pressure){0};
	while (span__line(&rest, &line)) {
		if (!span__word(&line, &word))
			continue;
		if (span__is(word, "some"))
			any |= read_pressure(line, p->some, &p->some_us);
		else if (span__is(word, "full"))
			any |= read_pressure(line, p->full, &p->full_us);
	}
	return any ? 0 : -EINVAL;
}

int sockstat__parse(const char *text, size_t len, uint64_t *pages)
{
	struct span rest = span__of(text, len), line, word;
	bool any = false;
	uint64_t value;

	*pages = 0;
	while (span__line(&rest, &line)) {
		if (!span__word(&line, &word))
			continue;
		any |= span__is(word, "sockets:");
		while (span__word(&line, &word))
			if (span__is(word, "mem") && span__next_u64(&line, &value) &&
			    __builtin_add_overflow(*pages, value, pages))
				return -EINVAL;
	}
	return any ? 0 : -EINVAL;
}

/* "Node 0, zone   Normal": the zone of that name, a new one if need be. NULL: not such a line. */
static struct zone *read_zone(struct span *line, struct zones *z)
{
	struct span node, zone, word;
	char name[sizeof(z->zone[0].name)], a[12], b[12];
	size_t i;

	if (!span__word(line, &word) || !span__is(word, "Node") || !span__word(line, &node) ||
	    node.end[-1] != ',' || !span__word(line, &word) || !span__is(word, "zone") ||
	    !span__word(line, &zone))
		return NULL;
	node.end--;
	snprintf(name, sizeof(name), "%s %s", span__copy(node, a, sizeof(a)),
		 span__copy(zone, b, sizeof(b)));
	for (i = 0; i < z->n; i++)
		if (!strcmp(z->zone[i].name, name))
			return &z->zone[i];
	if (z->n == ZONES_MAX)
		return NULL;
	z->zone[z->n] = (struct zone){0};
	strcpy(z->zone[z->n].name, name);
	return &z->zone[z->n++];
}

int zones__parse_zoneinfo(const char *text, size_t len, struct zones *z)
{
	struct span rest = span__of(text, len), line, word;
	struct zone *zone = NULL;

	while (span__line(&rest, &line)) {
		struct span copy = line;
		uint64_t *to = NULL;

		if (span__starts(line, "Node ")) {
			zone = read_zone(&copy, z);
			continue;
		}
		if (!zone || !span__word(&copy, &word))
			continue;
		/* "  pages free     23051", then the others below "free" */
		if (span__is(word, "pages") && !span__word(&copy, &word))
			continue;
		if (span__is(word, "free"))
			to = &zone->free;
		else if (span__is(word, "min"))
			to = &zone->min;
		else if (span__is(word, "low"))
			to = &zone->low;
		else if (span__is(word, "high"))
			to = &zone->high;
		else if (span__is(word, "managed"))
			to = &zone->managed;
		else if (span__is(word, "pagesets"))
			zone = NULL; /* "high:" of each CPU follows */
		if (to && !span__next_u64(&copy, to))
			*to = 0;
	}
	return z->n ? 0 : -EINVAL;
}

int zones__parse_buddyinfo(const char *text, size_t len, struct zones *z)
{
	struct span rest = span__of(text, len), line;

	while (span__line(&rest, &line)) {
		struct zone *zone = read_zone(&line, z);
		size_t order = 0;

		if (!zone)
			continue;
		while (order < ZONE_ORDERS && span__next_u64(&line, &zone->blocks[order]))
			order++;
		zone->has_blocks = order > 0;
	}
	return z->n ? 0 : -EINVAL;
}

double zones__free_share(const struct zones *z, unsigned int order)
{
	double all = 0, large = 0;
	unsigned int o;
	size_t i;

	for (i = 0; i < z->n; i++) {
		for (o = 0; o < ZONE_ORDERS; o++) {
			double pages = (double)z->zone[i].blocks[o] * (double)(1u << o);

			all += pages;
			if (o >= order)
				large += pages;
		}
	}
	return all > 0 ? large / all : 0;
}
