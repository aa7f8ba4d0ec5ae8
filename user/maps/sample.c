/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "maps/gather.h"
#include "render/render.h"
#include "target/proc.h"

#define MAGIC "# memleak-bpf maps 1"
#define MAX_SAMPLES 100000
#define MAX_LINE (1 << 16)

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

int sample__take(pid_t pid, struct sample *s)
{
	struct proc_info info;
	int err;

	memset(s, 0, sizeof(*s));
	err = proc__info(pid, &info);
	if (err == -EINVAL) /* a thread: its mappings are its process's */
		err = proc__info(info.live_tid, &info);
	if (err)
		return err;
	if (info.kernel_thread || info.zombie)
		return -ENOENT;
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)sizeof(s->comm) - 1, info.comm);
	s->pid = pid;
	s->tid = info.live_tid;
	s->time_ns = now_ns();
	err = smaps__read(s->tid, &s->smaps);
	if (!err)
		err = facts__gather(s->tid, &s->smaps, &s->facts, &s->memory_denied);
	if (!err)
		err = layout__make(&s->smaps, &s->facts, &s->layout);
	if (err)
		sample__clear(s);
	return err;
}

void sample__clear(struct sample *s)
{
	layout__clear(&s->layout);
	facts__clear(&s->facts);
	smaps__clear(&s->smaps);
}

void sample__moment(const struct sample *s, struct moment *m)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	m->time_ns = s->time_ns;
	for (i = 0; i < s->layout.n; i++)
		m->held[s->layout.region[i].kind] += smaps__held(s->layout.region[i].vma);
}

/* --- recordings --- */

/* As the kernel: a newline is escaped, nothing else. */
static void write_path(const struct mapping *m, FILE *out)
{
	const char *c;

	for (c = m->path; *c; c++) {
		if (*c == '\n')
			fputs("\\012", out);
		else
			fputc(*c, out);
	}
	if (m->deleted)
		fputs(" (deleted)", out);
}

static void write_vma(const struct smaps_vma *v, FILE *out)
{
	const struct mapping *m = &v->map;
	const char *words;
	unsigned int i;

	fprintf(out, "%" PRIx64 "-%" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
		m->start, m->end, m->read ? 'r' : '-', m->write ? 'w' : '-', m->exec ? 'x' : '-',
		m->shared ? 's' : 'p', m->offset, m->dev_major, m->dev_minor, m->inode);
	write_path(m, out);
	fputc('\n', out);
	for (i = 0; i < SMAPS_FIELDS; i++)
		if (smaps__has(v, i))
			fprintf(out, "%s: %" PRIu64 " kB\n", smaps__field_name(i),
				v->bytes[i] / 1024);
	if (v->thp_eligible)
		fputs("THPeligible: 1\n", out);
	if (!v->has_flags)
		return;
	fputs("VmFlags:", out);
	for (i = 0; i < SMAPS_MAX_FLAGS; i++)
		if (v->flags >> i & 1)
			fprintf(out, " %s", smaps__flag(i, &words));
	fputc('\n', out);
}

int sample__write(const struct sample *s, FILE *out)
{
	size_t i;
	int err;

	fputs(MAGIC "\n", out);
	if (s->pid)
		fprintf(out, "# pid %d\n", s->pid);
	if (s->comm[0]) {
		fputs("# comm ", out);
		render__escape(out, s->comm);
		fputc('\n', out);
	}
	fprintf(out, "# time %" PRIu64 "\n", s->time_ns);
	if (s->memory_denied)
		fputs("# memory-denied\n", out);
	err = facts__write(&s->facts, out);
	for (i = 0; i < s->smaps.n; i++)
		write_vma(&s->smaps.vma[i], out);
	if (!err && (fflush(out) || ferror(out)))
		err = -EIO;
	return err;
}

struct reader {
	struct samples *all;
	size_t room;
	struct smaps_parser *parser;
	struct sample *now; /* the one that is read */
};

static int take_vma(struct smaps_vma *v, void *arg)
{
	struct reader *r = arg;

	return smaps__add(&r->now->smaps, v);
}

static int end_sample(struct reader *r)
{
	struct sample *s = r->now;
	int err = 0;

	if (!s)
		return 0;
	if (r->parser)
		err = smaps_parser__end(r->parser);
	if (!err) {
		s->smaps.bad += smaps_parser__bad(r->parser);
		smaps__finish(&s->smaps);
		facts__finish(&s->facts);
		err = layout__make(&s->smaps, &s->facts, &s->layout);
	}
	smaps_parser__free(r->parser);
	r->parser = NULL;
	r->now = NULL;
	return err;
}

static int begin_sample(struct reader *r)
{
	struct samples *all = r->all;
	int err = end_sample(r);

	if (err)
		return err;
	if (all->n == r->room) {
		size_t more = r->room ? r->room * 2 : 4;
		void *grown = more <= MAX_SAMPLES
				      ? reallocarray(all->sample, more, sizeof(*all->sample))
				      : NULL;

		if (!grown)
			return -ENOMEM;
		all->sample = grown;
		r->room = more;
	}
	r->parser = smaps_parser__new(take_vma, r);
	if (!r->parser)
		return -ENOMEM;
	r->now = &all->sample[all->n++];
	memset(r->now, 0, sizeof(*r->now));
	return 0;
}

static bool is_key(const char *line, const char *key, const char **value)
{
	size_t len = strlen(key);

	*value = line + len;
	return !strncmp(line, key, len);
}

/* A line "# …". What is not known is passed over: it may come from a later version. */
static int take_comment(struct reader *r, const char *line)
{
	struct sample *s = r->now;
	const char *value;
	int found = 0;

	if (is_key(line, "comm ", &value)) {
		snprintf(s->comm, sizeof(s->comm), "%s", value);
	} else if (is_key(line, "pid ", &value)) {
		unsigned long pid = strtoul(value, NULL, 10);

		s->pid = pid <= INT32_MAX ? (pid_t)pid : 0;
	} else if (is_key(line, "time ", &value)) {
		s->time_ns = strtoull(value, NULL, 10);
	} else if (is_key(line, "memory-denied", &value)) {
		s->memory_denied = true;
	} else {
		found = facts__parse(&s->facts, line);
	}
	return found < 0 ? found : 0;
}

/* A line, or a piece of one that is too long to be anything. */
static int take_line(struct reader *r, char *line, bool continued)
{
	size_t len = strlen(line);
	bool is_magic = !continued && is_key(line, MAGIC, &(const char *){NULL});
	int err = 0;

	if (is_magic || !r->now)
		err = begin_sample(r);
	if (err || is_magic)
		return err;
	if (continued || (*line != '#' && *line != '\n'))
		return smaps_parser__feed(r->parser, line, len);
	if (*line == '\n')
		return 0;
	line[strcspn(line, "\n")] = '\0';
	return take_comment(r, line + 1 + (line[1] == ' '));
}

int samples__read(const char *path, struct samples *all)
{
	struct reader r = {.all = all};
	size_t mappings = 0, i;
	bool continued = false;
	char *line = NULL;
	int err = 0;
	FILE *in;

	memset(all, 0, sizeof(*all));
	in = !strcmp(path, "-") ? stdin : fopen(path, "re");
	if (!in)
		return -errno;
	line = malloc(MAX_LINE);
	if (!line)
		err = -ENOMEM;
	errno = 0;
	while (!err && fgets(line, MAX_LINE, in)) {
		bool ends = strchr(line, '\n');

		err = take_line(&r, line, continued);
		continued = !ends;
	}
	if (!err && ferror(in))
		err = errno ? -errno : -EIO;
	if (!err)
		err = end_sample(&r);
	smaps_parser__free(r.parser);
	for (i = 0; !err && i < all->n; i++)
		mappings += all->sample[i].smaps.n;
	if (!err && !mappings)
		err = -ENODATA;
	if (err)
		samples__clear(all);
	free(line);
	if (in != stdin)
		fclose(in);
	return err;
}

void samples__clear(struct samples *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		sample__clear(&all->sample[i]);
	free(all->sample);
	memset(all, 0, sizeof(*all));
}
