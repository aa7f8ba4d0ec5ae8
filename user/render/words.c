/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gate/source.h"
#include "render/format.h"
#include "render/profile.h"
#include "report/report.h"

const char *words__root(const struct report_site *site)
{
	if (site->stack_lost)
		return "[stack unavailable]";
	return site->stack_cut ? "[stack cut]" : NULL;
}

void words__frame(FILE *out, const struct report_frame *f, void (*escape)(FILE *, const char *))
{
	if (f->function) {
		escape(out, f->function);
	} else if (f->image) {
		escape(out, f->image);
		if (f->image_vaddr)
			fprintf(out, "+0x%" PRIx64, f->image_vaddr);
	} else {
		fprintf(out, "0x%" PRIx64, f->addr);
	}
}

const char *words__nothing(char buf[WORDS_SIZE], const struct report *r)
{
	const struct report_account *a = &r->account;
	const char *seen = sampling__is_on(&r->sampling) ? "sampled" : "seen";
	uint64_t followed = a->seen - a->unsampled;
	char n[FORMAT_NUMBER_SIZE], m[FORMAT_NUMBER_SIZE];
	bool all_followed = !report__lost(a) && !a->gone_exec && !a->no_slot && !a->event_lost &&
			    !a->event_missed && !a->event_unsure;

	if (r->count || r->young_count)
		return NULL;
	if (!followed && a->unsampled)
		snprintf(buf, WORDS_SIZE, "no allocation was recorded: the sample passed over %s",
			 format__number(n, a->unsampled));
	else if (!a->seen && a->filtered)
		snprintf(buf, WORDS_SIZE, "no allocation was recorded: %s were outside -z/-Z",
			 format__number(n, a->filtered));
	else if (!a->seen)
		snprintf(buf, WORDS_SIZE,
			 "no allocation was seen since tracing began: this does not say that "
			 "nothing leaks");
	else if (r->target_ended && !a->outstanding && all_followed)
		snprintf(buf, WORDS_SIZE, "nothing outstanding: all %s allocations %s were freed",
			 format__number(n, followed), seen);
	else if (r->target_ended && !a->outstanding)
		snprintf(buf, WORDS_SIZE,
			 "nothing outstanding of what could be followed: %s of %s allocations %s "
			 "were freed",
			 format__number(n, a->freed), format__number(m, followed), seen);
	else
		return NULL;
	return buf;
}

int words__children(FILE *out, const struct report *r)
{
	char n[FORMAT_NUMBER_SIZE];

	if (!r->children)
		return 0;
	fprintf(out, "%s process%s that it has started (--follow traces them, too)",
		format__number(n, r->children), r->children == 1 ? "" : "es");
	return 1;
}

const char *words__site_name(const struct report *r)
{
	return r->site_name ? r->site_name : "stack";
}

const char *words__title(char buf[WORDS_SIZE], const struct report *r)
{
	char when[64] = "";
	struct tm tm;

	if (localtime_r(&r->time, &tm) && !strftime(when, sizeof(when), ", %F %T", &tm))
		*when = '\0';
	snprintf(buf, WORDS_SIZE, "%.100s (pid %d)%s", r->comm ? r->comm : "?", r->pid, when);
	return buf;
}

const char *words__total(char buf[WORDS_SIZE], const struct report *r)
{
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], stacks[FORMAT_NUMBER_SIZE];

	struct report_measure m = report__measure(r, r->view);
	size_t n = report__n_viewed(r);

	snprintf(buf, WORDS_SIZE, "%s bytes in %s %s%s, %s %.40s%s%s",
		 format__number(bytes, m.bytes), format__number(count, m.count),
		 render_profile__kind(r->view), r->view == REPORT_VIEW_LEAKED ? " outstanding" : "",
		 format__number(stacks, n), words__site_name(r), n == 1 ? "" : "s",
		 sampling__is_on(&r->sampling) ? " (estimated from a sample)" : "");
	return buf;
}

const char *words__site(char buf[WORDS_SIZE], const struct report_site *site)
{
	const struct report_frame *f = site->frames;
	const char *root = words__root(site);

	if (!site->n_frames)
		snprintf(buf, WORDS_SIZE, "%s", root ? root : "?");
	else if (f->function && f->file && f->line > 0)
		snprintf(buf, WORDS_SIZE, "%.120s (%.80s:%d)", f->function, f->file, f->line);
	else if (f->function)
		snprintf(buf, WORDS_SIZE, "%.120s (%.80s)", f->function, f->image ? f->image : "?");
	else
		snprintf(buf, WORDS_SIZE, "%.120s+0x%" PRIx64, f->image ? f->image : "?",
			 f->image ? f->image_vaddr : f->addr);
	return buf;
}

const char *words__place(char buf[WORDS_SIZE], const struct report_site *site)
{
	const struct report_frame *f = source__own_frame(site);

	if (!f || !f->function || !f->file)
		return words__site(buf, site);
	snprintf(buf, WORDS_SIZE, "%.120s (%.80s:%d)", f->function, f->file, f->line);
	return buf;
}

static void largest(char buf[WORDS_SIZE], const struct report *r)
{
	char bytes[FORMAT_NUMBER_SIZE], count[FORMAT_NUMBER_SIZE], site[WORDS_SIZE];
	struct report_measure all = report__measure(r, r->view);
	struct report_measure m = report_site__measure(r->sites, r->view);
	double share = all.bytes ? 100.0 * (double)m.bytes / (double)all.bytes : 0;

	snprintf(buf, WORDS_SIZE, "Largest: %.160s, %s bytes in %s %s, %.0f %% of all bytes",
		 words__site(site, r->sites), format__number(bytes, m.bytes),
		 format__number(count, m.count), render_profile__kind(r->view), share);
}

static void profile(char buf[WORDS_SIZE], const struct report *r)
{
	FILE *out = fmemopen(buf, WORDS_SIZE - 1, "w");

	buf[0] = buf[WORDS_SIZE - 1] = '\0';
	if (!out)
		return;
	fputs("Profile: ", out);
	render_profile__report(out, r);
	fclose(out);
}

const char *words__verdict(char buf[WORDS_SIZE], const struct report *r, size_t i)
{
	char number[FORMAT_NUMBER_SIZE], nothing[WORDS_SIZE];
	uint64_t lost = report__lost(&r->account);

	if (words__nothing(nothing, r)) {
		snprintf(buf, WORDS_SIZE, "%s", nothing);
		if (!i)
			return buf;
		profile(buf, r);
		return i == 1 && r->profile ? buf : NULL;
	}
	if (!i--)
		return words__total(buf, r);
	if (r->profile && !i--) {
		profile(buf, r);
		return buf;
	}
	if (report__viewed(r) && !i--) {
		largest(buf, r);
		return buf;
	}
	if (r->has_delta && !i--) {
		snprintf(buf, WORDS_SIZE,
			 "%+" PRId64 " bytes, %+" PRId64 " allocations since the last report",
			 r->bytes_delta, r->count_delta);
		return buf;
	}
	if (r->target_ended && r->count && !i--) {
		snprintf(buf, WORDS_SIZE, "The program has ended: this was never freed");
		return buf;
	}
	if (lost && !i--) {
		snprintf(buf, WORDS_SIZE,
			 "%s allocations were lost: what is outstanding may be more",
			 format__number(number, lost));
		return buf;
	}
	return NULL;
}

struct sink {
	void (*fn)(const char *sentence, void *arg);
	void *arg;
};

/* "N WHAT", with %s in what for the size of a table. */
static void warn_count(const struct sink *to, uint64_t n, const char *what)
{
	char sentence[256], number[FORMAT_NUMBER_SIZE];

	if (!n)
		return;
	snprintf(sentence, sizeof(sentence), "%s %s", format__number(number, n), what);
	to->fn(sentence, to->arg);
}

static void warn_full(const struct sink *to, uint64_t n, const char *what, uint64_t max,
		      const char *of, const char *then)
{
	char number[FORMAT_NUMBER_SIZE], sentence[250];

	snprintf(sentence, sizeof(sentence),
		 "allocations were %s because the table of %s%s%s was full; %s", what,
		 max ? format__number(number, max) : "", max ? " " : "", of, then);
	warn_count(to, n, sentence);
}

static void warn_live_full(const struct sink *to, const struct report *r)
{
	uint64_t enough = report__enough_live(r);
	char then[100] = "run again with a larger --max-live";

	if (enough)
		snprintf(then, sizeof(then), "run again with --max-live %" PRIu64, enough);
	else if (r->most_live)
		strcpy(then, "there is no larger one: leave some out with -z, or follow one in N "
			     "with -s");
	warn_full(to, r->account.lost_full, "not recorded", r->max_live, "live blocks", then);
}

void words__warnings(const struct report *r, void (*fn)(const char *, void *), void *arg)
{
	const struct sink sink = {.fn = fn, .arg = arg}, *to = &sink;
	const struct report_account *a = &r->account;
	int64_t off = a->imbalance ? a->imbalance : report__balance(a);
	char sentence[100];
	size_t i;

	warn_live_full(to, r);
	warn_count(to, a->lost_read,
		   "allocations were not recorded because the pointer to them could not be read");
	warn_count(to, a->lost_realloc,
		   "allocations were lost sight of in a realloc that never returned");
	warn_full(to, a->stack_full, "recorded without a stack", r->max_stacks, "stacks",
		  "run again with a larger --max-stacks");
	warn_count(to, a->stack_fault,
		   "allocations have no more than their caller because their stack could not be "
		   "read");
	warn_count(to, a->no_slot,
		   "calls were not followed because the kernel had no memory for their threads; "
		   "what they allocated is in no figure");
	warn_count(to, a->event_lost,
		   "notifications were lost because they came faster than they were read; mappings "
		   "of the program itself, and names in libraries loaded late, may be wrong");
	warn_count(
		to, a->event_missed,
		"calls of mmap and its relatives were passed over by the kernel; mappings of the "
		"program itself may be wrong");
	warn_count(
		to, a->event_unsure,
		"calls of mmap and its relatives, or the like, at most, by this or other processes "
		"were passed over by the kernel as well");
	if (off) {
		snprintf(sentence, sizeof(sentence),
			 "accounting does not balance by %" PRId64 "; please report this", off);
		to->fn(sentence, to->arg);
	}
	for (i = 0; i < r->n_warnings; i++)
		to->fn(r->warnings[i], to->arg);
}
