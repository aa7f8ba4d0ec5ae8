/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history_shm - shared memory: System V segments, memfds, files in tmpfs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "triage/history_priv.h"

static int count_for(struct table *t, pid_t pid, double bytes)
{
	char key[16];
	bool is_new;
	long row;

	snprintf(key, sizeof(key), "%d", (int)pid);
	row = table__row(t, key, &is_new);
	if (row < 0)
		return (int)row;
	table__add(t, row, 0, bytes);
	table__add(t, row, 1, 1);
	return 0;
}

static int take_segment(struct history *h, const struct shm_segment *seg)
{
	double bytes = seg->has_rss ? (double)seg->rss + (double)seg->swap : (double)seg->size;
	struct shm_segment *to;
	bool is_new;
	char key[24];
	long row;

	snprintf(key, sizeof(key), "%" PRIu64, seg->shmid);
	row = table__row(&h->segments, key, &is_new);
	if (row < 0)
		return (int)row;
	to = history__extra((void **)&h->segment, sizeof(*to), row, is_new);
	if (!to)
		return -ENOMEM;
	*to = *seg;
	table__set(&h->segments, row, SEGMENT_BYTES, bytes);
	table__set(&h->segments, row, SEGMENT_ATTACHED, (double)seg->attached);
	return count_for(&h->creators, seg->creator, bytes);
}

int history__take_segments(struct history *h, struct span text)
{
	struct shm_segments s;
	size_t i;
	int err = shm_segments__parse(text.at, span__len(text), &s, NULL);

	for (i = 0; !err && i < s.n; i++)
		err = take_segment(h, &s.seg[i]);
	if (!err) {
		table__complete(&h->segments);
		table__complete(&h->creators);
	}
	h->has_segments |= !err;
	shm_segments__clear(&s);
	return err;
}

static bool read_pid(struct span *line, pid_t *pid)
{
	uint64_t value;

	if (!span__next_u64(line, &value) || value > INT32_MAX)
		return false;
	*pid = (pid_t)value;
	return true;
}

int history__take_shm_files(struct history *h, struct span text)
{
	struct span line, key_word;
	int err = 0;

	while (!err && span__line(&text, &line)) {
		struct shm_file *file;
		uint64_t bytes;
		bool is_new;
		char key[48];
		pid_t pid;
		long row;

		if (!read_pid(&line, &pid) || !span__word(&line, &key_word) ||
		    !span__next_u64(&line, &bytes))
			return -EINVAL;
		row = table__row(&h->files, span__copy(key_word, key, sizeof(key)), &is_new);
		if (row < 0)
			return (int)row;
		file = history__extra((void **)&h->file, sizeof(*file), row, is_new);
		if (!file)
			return -ENOMEM;
		/* Open in several processes: counted once, for the first one. */
		if (table__last(&h->files, row, FILE_BYTES) >= 0)
			continue;
		while (line.at < line.end && *line.at == ' ')
			line.at++;
		span__copy(line, file->name, sizeof(file->name));
		file->holder = pid;
		file->processes = file->mappings = 0;
		table__set(&h->files, row, FILE_BYTES, (double)bytes);
		if (pid)
			err = count_for(&h->holders, pid, (double)bytes);
	}
	if (!err) {
		table__complete(&h->files);
		table__complete(&h->holders);
	}
	return err;
}

static int add_attachment(struct history *h, pid_t pid, uint64_t shmid, uint64_t mappings)
{
	struct attachment *grown = reallocarray(h->attached, h->n_attached + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	h->attached = grown;
	h->attached[h->n_attached++] = (struct attachment){pid, shmid, mappings};
	return 0;
}

int history__take_attached(struct history *h, struct span text)
{
	struct span line, what;
	int err = 0;

	h->n_attached = 0;
	while (!err && span__line(&text, &line)) {
		uint64_t shmid, mappings;
		char key[48];
		pid_t pid;
		long row;

		if (!read_pid(&line, &pid) || !span__word(&line, &what) ||
		    !span__next_u64(&line, &mappings))
			return -EINVAL;
		row = table__find(&h->files, span__copy(what, key, sizeof(key)));
		if (span__u64(what, &shmid)) {
			err = add_attachment(h, pid, shmid, mappings);
		} else if (row >= 0) {
			h->file[row].processes++;
			h->file[row].mappings += mappings;
		}
	}
	return err;
}

int history__take_tmpfs(struct history *h, struct span text)
{
	uint64_t used, size;
	struct span line;

	while (span__line(&text, &line)) {
		char path[256];
		bool is_new;
		long row;

		if (!span__next_u64(&line, &used) || !span__next_u64(&line, &size))
			return -EINVAL;
		while (line.at < line.end && *line.at == ' ')
			line.at++;
		row = table__row(&h->mounts, span__copy(line, path, sizeof(path)), &is_new);
		if (row < 0)
			return (int)row;
		table__set(&h->mounts, row, MOUNT_BYTES, (double)used);
	}
	table__complete(&h->mounts);
	return 0;
}
