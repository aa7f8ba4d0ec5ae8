/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/rollup.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "proc/procfile.h"

/* include/linux/sched.h; part of the ABI of /proc/PID/stat since Linux 2.6.27 or so. */
#define PF_KTHREAD 0x00200000

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{"Size:", offsetof(struct rollup, size)},
	{"Rss:", offsetof(struct rollup, rss)},
	{"Pss:", offsetof(struct rollup, pss)},
	{"Pss_Anon:", offsetof(struct rollup, pss_anon)},
	{"Pss_File:", offsetof(struct rollup, pss_file)},
	{"Pss_Shmem:", offsetof(struct rollup, pss_shmem)},
	{"Shared_Clean:", offsetof(struct rollup, shared)},
	{"Shared_Dirty:", offsetof(struct rollup, shared)},
	{"Private_Clean:", offsetof(struct rollup, private)},
	{"Private_Dirty:", offsetof(struct rollup, private)},
	{"Private_Hugetlb:", offsetof(struct rollup, hugetlb)},
	{"Anonymous:", offsetof(struct rollup, anonymous)},
	{"Locked:", offsetof(struct rollup, locked)},
	{"Swap:", offsetof(struct rollup, swap)},
	{"SwapPss:", offsetof(struct rollup, swap_pss)},
};

/* A mapping's path may look like a field, but never begins its line: that is an address. */
int rollup__parse(const char *text, size_t len, struct rollup *r)
{
	struct span rest = span__of(text, len), line, word;
	bool any = false;
	uint64_t value;
	size_t i;

	*r = (struct rollup){0};
	while (span__line(&rest, &line)) {
		if (line.at == line.end || *line.at < 'A' || *line.at > 'Z')
			continue;
		if (!span__word(&line, &word))
			continue;
		for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
			uint64_t *sum = (uint64_t *)((char *)r + fields[i].offset);

			if (!span__is(word, fields[i].name))
				continue;
			if (!span__next_u64(&line, &value) ||
			    __builtin_mul_overflow(value, 1024, &value) ||
			    __builtin_add_overflow(*sum, value, &value))
				return -EINVAL;
			*sum = value;
			any = true;
			break;
		}
	}
	return any ? 0 : -EINVAL;
}

/* Behind comm, from state on: proc_pid_stat(5) counts them from 3. */
enum {
	PPID = 4,
	FLAGS = 9,
	MINFLT = 10,
	MAJFLT = 12,
	THREADS = 20,
	START = 22,
	VSIZE = 23,
	RSS = 24
};

int pidstat__parse(const char *text, size_t len, struct pidstat *s)
{
	const char *open = len ? memchr(text, '(', len) : NULL;
	const char *close = open ? memrchr(open, ')', (size_t)(text + len - open)) : NULL;
	uint64_t value[RSS + 1] = {0};
	struct span rest, word;
	size_t i;

	*s = (struct pidstat){0};
	if (!close || memchr(open, '\0', (size_t)(close - open)))
		return -EINVAL;
	/* The line's newline is no blank. */
	rest = (struct span){close + 1, text + len};
	if (!span__word(&rest, &word) || span__len(word) != 1)
		return -EINVAL;
	s->state = *word.at;
	for (i = PPID; i <= RSS; i++) {
		int64_t number;

		if (!span__word(&rest, &word))
			return -EINVAL;
		/* Some are negative (tpgid, priority), and rsslim and others exceed int64_t. */
		if (!span__u64(word, &value[i]) && !span__i64(word, &number))
			return -EINVAL;
	}
	if (value[PPID] > INT32_MAX)
		return -EINVAL;
	span__copy((struct span){open + 1, close}, s->comm, sizeof(s->comm));
	s->ppid = (pid_t)value[PPID];
	s->kernel_thread = value[FLAGS] & PF_KTHREAD;
	s->minor_faults = value[MINFLT];
	s->major_faults = value[MAJFLT];
	s->threads = value[THREADS];
	s->start = value[START];
	s->vsize = value[VSIZE];
	s->rss = value[RSS];
	return 0;
}
