/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proc/procfile.h"
#include "render/render.h"
#include "triage/collect.h"
#include "triage/history.h"
#include "triage/recording.h"
#include "triage/sink.h"

#define NAME_SIZE 64

/* A text of a sample. */
struct chunk {
	char name[NAME_SIZE];
	size_t sample, order;
	double modified;
	char *text;
	size_t len;
};

struct saved {
	struct chunk *chunk;
	size_t n, room;
	size_t samples;
	double modified; /* of the file that is being added */
	size_t fixed;	 /* the sample that a directory is, plus 1; 0: by what is there already */
	char *recording;
};

struct saved *saved__new(void)
{
	return calloc(1, sizeof(struct saved));
}

void saved__free(struct saved *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		free(s->chunk[i].text);
	free(s->chunk);
	free(s->recording);
	free(s);
}

/* How often was a text of this name there? From the end: the last one knows. */
static size_t next_sample_of(const struct saved *s, const char *name)
{
	size_t i;

	for (i = s->n; i-- > 0;)
		if (!strcmp(s->chunk[i].name, name))
			return s->chunk[i].sample + 1;
	return 0;
}

static int add_chunk(void *ctx, const char *name, const char *text, size_t len)
{
	struct saved *s = ctx;
	struct chunk c = {.modified = s->modified, .len = len}, *grown;

	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;

		grown = reallocarray(s->chunk, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->chunk = grown;
		s->room = room;
	}
	if (strlen(name) >= sizeof(c.name))
		return 0;
	strcpy(c.name, name);
	c.sample = s->fixed ? s->fixed - 1 : next_sample_of(s, name);
	if (c.sample >= HISTORY_MAX_SAMPLES)
		return -E2BIG;
	c.text = malloc(len + 1);
	if (!c.text)
		return -ENOMEM;
	memcpy(c.text, text, len);
	c.text[len] = '\0';
	c.order = s->n;
	s->chunk[s->n++] = c;
	if (c.sample >= s->samples)
		s->samples = c.sample + 1;
	return 0;
}

/* "00400000-0040b000 r-xp ": where the mapping begins. */
static bool read_mapping(struct span line, uint64_t *start)
{
	size_t digits = 0;

	*start = 0;
	for (; line.at < line.end && digits < 17; line.at++, digits++) {
		char c = *line.at;

		if (c >= '0' && c <= '9')
			*start = *start << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*start = *start << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	if (!digits || line.at == line.end || *line.at != '-')
		return false;
	while (line.at < line.end && *line.at != ' ')
		line.at++;
	return span__len(line) >= 6 && line.at[5] == ' ' && strchr("r-", line.at[1]) &&
	       strchr("w-", line.at[2]) && strchr("x-", line.at[3]) && strchr("ps", line.at[4]);
}

/* "Node 0, zone      DMA" begins zoneinfo, and with figures behind it buddyinfo. */
static const char *read_node(struct span line, struct span *zone)
{
	struct span word;
	const char *begin = line.at;
	int i;

	for (i = 0; i < 4; i++)
		if (!span__word(&line, &word))
			return NULL;
	*zone = (struct span){begin, word.end};
	return span__word(&line, &word) ? "buddyinfo" : "zoneinfo";
}

/* What is being read from a file, line by line. */
struct scan {
	const char *kind; /* NULL: nothing yet */
	const char *begin;
	uint64_t mapping;
	struct span zone;
	char smaps[NAME_SIZE];
};

/* The kind of text that begins with this line; NULL: it is part of what came before. */
static const char *begins(struct scan *scan, struct span line)
{
	static const struct {
		const char *start, *kind;
	} kinds[] = {{"MemTotal:", "meminfo"},
		     {"slabinfo - version: ", "slabinfo"},
		     {"allocinfo - version: ", "allocinfo"},
		     {"nr_free_pages ", "vmstat"},
		     {"       key      shmid ", "sysvipc/shm"}};
	struct span zone;
	const char *kind;
	uint64_t start;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (span__starts(line, kinds[i].start))
			return kinds[i].kind;
	if (span__starts(line, "Node ")) {
		kind = read_node(line, &zone);
		/* The same zone again: another copy. */
		if (!kind ||
		    (scan->kind && !strcmp(scan->kind, kind) && !span__equal(zone, scan->zone)))
			return NULL;
		scan->zone = zone;
		return kind;
	}
	if (read_mapping(line, &start)) {
		bool first = scan->kind != scan->smaps || start <= scan->mapping;

		scan->mapping = start;
		return first ? scan->smaps : NULL;
	}
	return NULL;
}

/* "…/4312/smaps", "smaps.4312": the last number in the path. */
static void name_smaps(const char *path, char name[NAME_SIZE])
{
	const char *end = path + strlen(path), *at;
	uint64_t pid = 0;

	while (end > path && (end[-1] < '0' || end[-1] > '9'))
		end--;
	for (at = end; at > path && at[-1] >= '0' && at[-1] <= '9';)
		at--;
	if (!span__u64((struct span){at, end}, &pid) || !pid || pid > INT32_MAX)
		pid = 1;
	snprintf(name, NAME_SIZE, "%" PRIu64 "/smaps", pid);
}

static int add_text(struct saved *s, const char *path, const struct procfile *file)
{
	struct span rest = span__of(file->text, file->len), line;
	struct scan scan = {0};
	size_t before = s->n;
	int err = 0;

	name_smaps(path, scan.smaps);
	while (!err && span__line(&rest, &line)) {
		const char *kind = begins(&scan, line);

		if (!kind)
			continue;
		if (scan.kind)
			err = add_chunk(s, scan.kind, scan.begin, (size_t)(line.at - scan.begin));
		scan.kind = kind;
		scan.begin = line.at;
	}
	if (!err && scan.kind)
		err = add_chunk(s, scan.kind, scan.begin,
				(size_t)(file->text + file->len - scan.begin));
	return err || s->n > before ? err : -EINVAL;
}

static int add_directory(struct saved *s, const char *path)
{
	struct sink sink = {add_chunk, s};
	struct collector *c = collector__new(path, true);
	size_t before = s->n;
	int err;

	if (!c)
		return -errno;
	s->fixed = s->samples + 1;
	err = collector__sample(c, true, &sink);
	s->fixed = 0;
	collector__free(c);
	return err || s->n > before ? err : -EINVAL;
}

static int add_file(struct saved *s, const char *path)
{
	struct procfile file = {0};
	int err = procfile__read(&file, AT_FDCWD, path);

	if (err)
		goto cleanup;
	if (file.len >= strlen(RECORDING_MAGIC) &&
	    !memcmp(file.text, RECORDING_MAGIC, strlen(RECORDING_MAGIC))) {
		s->recording = strdup(path);
		err = s->recording ? 0 : -ENOMEM;
	} else {
		err = add_text(s, path, &file);
	}
cleanup:
	procfile__clear(&file);
	return err;
}

int saved__add(struct saved *s, const char *path, FILE *err_out)
{
	struct stat st;
	int err = stat(path, &st) ? -errno : 0;

	if (!err && (s->recording || (s->n && s->samples >= HISTORY_MAX_SAMPLES)))
		err = -E2BIG;
	if (!err) {
		s->modified = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9;
		err = S_ISDIR(st.st_mode) ? add_directory(s, path) : add_file(s, path);
	}
	if (!err)
		return 0;
	fputs("memleak-bpf: --from ", err_out);
	render__escape(err_out, path);
	if (err == -EINVAL)
		fputs(": neither a recording of triage nor a copy of meminfo, slabinfo, smaps or "
		      "another file of /proc that is known\n",
		      err_out);
	else if (err == -E2BIG)
		fprintf(err_out, ": too much: one recording, or copies of up to %d samples\n",
			HISTORY_MAX_SAMPLES);
	else
		fprintf(err_out, ": %s\n", strerror(-err));
	return err;
}

/* When each sample was taken: false if the files' times do not tell. */
static bool date_samples(const struct saved *s, double *times)
{
	size_t i;

	for (i = 0; i < s->samples; i++)
		times[i] = 0;
	for (i = 0; i < s->n; i++)
		if (!times[s->chunk[i].sample])
			times[s->chunk[i].sample] = s->chunk[i].modified;
	for (i = 1; i < s->samples; i++)
		if (times[i] <= times[i - 1])
			return false;
	return true;
}

static int replay_recording(const struct saved *s, struct history *h)
{
	FILE *in = fopen(s->recording, "re");
	char *first = NULL;
	size_t room = 0, line = 0;
	bool cut = false;
	int err;

	if (!in)
		return -errno;
	err = getline(&first, &room, in) > 0 ? recording__read(in, first, h, &line, &cut) : -EIO;
	if (err == -EINVAL)
		fprintf(stderr, "memleak-bpf: the recording is of another version of triage\n");
	else if (err)
		fprintf(stderr, "memleak-bpf: the recording makes no sense from line %zu on\n",
			line);
	else if (cut)
		fprintf(stderr, "memleak-bpf: the recording ends within a sample\n");
	free(first);
	fclose(in);
	/* What came before is worth a look. */
	return err == -EBADMSG && h->samples ? 0 : err;
}

static int compare(const void *pa, const void *pb)
{
	const struct chunk *a = pa, *b = pb;

	if (a->sample != b->sample)
		return a->sample > b->sample ? 1 : -1;
	return (a->order > b->order) - (a->order < b->order);
}

int saved__replay(struct saved *s, double interval, struct history *h)
{
	double *times = NULL;
	size_t i, k = 0;
	int err = 0;

	if (s->recording)
		return replay_recording(s, h);
	if (!s->n)
		return -EINVAL;
	times = calloc(s->samples, sizeof(*times));
	if (!times)
		return -ENOMEM;
	h->timed = interval > 0 || (s->samples > 1 && date_samples(s, times));
	if (interval > 0 || !h->timed)
		for (i = 0; i < s->samples; i++)
			times[i] = (double)i * (interval > 0 ? interval : 1);
	qsort(s->chunk, s->n, sizeof(*s->chunk), compare);
	for (i = 0; !err && i < s->samples; i++) {
		err = history__next_sample(h, times[i]);
		for (; !err && k < s->n && s->chunk[k].sample == i; k++)
			err = history__take(h, s->chunk[k].name, s->chunk[k].text, s->chunk[k].len);
		if (!err)
			err = history__end_sample(h);
	}
	free(times);
	return err;
}
