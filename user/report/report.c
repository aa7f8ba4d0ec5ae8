/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void report_frames__free(struct report_frame *frames, size_t n)
{
	size_t i;

	if (!frames)
		return;
	for (i = 0; i < n; i++) {
		free(frames[i].function);
		free(frames[i].file);
		free(frames[i].path);
		free(frames[i].image);
		free(frames[i].image_path);
		free(frames[i].build_id);
	}
	free(frames);
}

/* strdup, but NULL stays NULL. */
static int copy_string(char **dst, const char *src)
{
	*dst = NULL;
	if (!src)
		return 0;
	*dst = strdup(src);
	return *dst ? 0 : -ENOMEM;
}

int report_frames__copy(const struct report_frame *src, size_t n, struct report_frame **dst)
{
	struct report_frame *frames;
	size_t i;

	*dst = NULL;
	if (!n)
		return 0;
	frames = calloc(n, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		frames[i].addr = src[i].addr;
		frames[i].offset = src[i].offset;
		frames[i].line = src[i].line;
		frames[i].inlined = src[i].inlined;
		frames[i].interrupted = src[i].interrupted;
		frames[i].image_vaddr = src[i].image_vaddr;
		frames[i].image_offset = src[i].image_offset;
		if (copy_string(&frames[i].function, src[i].function) ||
		    copy_string(&frames[i].file, src[i].file) ||
		    copy_string(&frames[i].path, src[i].path) ||
		    copy_string(&frames[i].image, src[i].image) ||
		    copy_string(&frames[i].image_path, src[i].image_path) ||
		    copy_string(&frames[i].build_id, src[i].build_id)) {
			report_frames__free(frames, n);
			return -ENOMEM;
		}
	}
	*dst = frames;
	return 0;
}

void report__drop_blocks(struct report *r)
{
	size_t i;

	for (i = 0; i < r->n_sites; i++) {
		free(r->sites[i].blocks);
		r->sites[i].blocks = NULL;
		r->sites[i].n_blocks = 0;
	}
}

int report__warn(struct report *r, const char *sentence)
{
	char **warnings, *copy = strdup(sentence);

	if (!copy)
		return -ENOMEM;
	warnings = reallocarray(r->warnings, r->n_warnings + 1, sizeof(*warnings));
	if (!warnings) {
		free(copy);
		return -ENOMEM;
	}
	r->warnings = warnings;
	r->warnings[r->n_warnings++] = copy;
	return 0;
}

int64_t report__balance(const struct report_account *a)
{
	/* Unsigned arithmetic wraps, the difference comes out right. */
	return (int64_t)(a->seen - a->freed - a->gone_exec - a->outstanding - report__lost(a) -
			 a->unsampled);
}

static void free_strings(struct report *r)
{
	size_t i, k;

	for (i = 0; i < r->n_sites; i++) {
		report_frames__free(r->sites[i].frames, r->sites[i].n_frames);
		r->sites[i].frames = NULL;
		free(r->sites[i].detail);
		free(r->sites[i].after);
		free(r->sites[i].source);
		for (k = 0; k < r->sites[i].n_holders; k++) {
			free(r->sites[i].holders[k].root);
			free(r->sites[i].holders[k].file);
			free(r->sites[i].holders[k].image);
			free(r->sites[i].holders[k].way);
		}
	}
	for (i = 0; i < r->n_warnings; i++)
		free(r->warnings[i]);
	for (i = 0; i < r->n_processes; i++) {
		free(r->processes[i].comm);
		free(r->processes[i].command);
		free(r->processes[i].gap);
	}
	free(r->comm);
	free(r->checks);
	free(r->origin.tool);
	free(r->origin.kernel);
	free(r->origin.machine);
	free(r->origin.host);
	free(r->origin.command);
}

static void free_history(struct report_history *h)
{
	free(h->bytes);
	free(h->count);
}

void report__free(struct report *r)
{
	size_t i;

	if (!r)
		return;
	if (!r->text)
		free_strings(r);
	for (i = 0; i < r->n_sites; i++) {
		free(r->sites[i].frames);
		free(r->sites[i].blocks);
		free(r->sites[i].holders);
		free_history(&r->sites[i].history);
		free(r->sites[i].profile);
	}
	free_history(&r->history);
	free(r->history_ns);
	report_gate__clear(&r->gate);
	free(r->sites);
	free(r->processes);
	free(r->profile);
	free(r->warnings);
	free(r->text);
	free(r);
}

uint64_t report__enough_live(const struct report *r)
{
	const struct report_account *a = &r->account;
	uint64_t lost = a->lost_full, need, enough = 1;

	/* untracked frees are those of lost blocks, and of blocks older than the trace */
	if (a->untracked_frees != REPORT_UNTRACKED_UNKNOWN)
		lost -= a->untracked_frees < lost ? a->untracked_frees : lost;
	if (r->max_live >= r->most_live || __builtin_add_overflow(a->outstanding, lost, &need) ||
	    need > r->most_live)
		return 0;
	need += need / 4;
	if (need < r->max_live * 2)
		need = r->max_live * 2;
	while (enough < need && enough < r->most_live)
		enough *= 2;
	return enough < r->most_live ? enough : r->most_live;
}
