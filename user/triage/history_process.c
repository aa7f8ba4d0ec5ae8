/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history_process - what processes hold, each and by name. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "triage/history_priv.h"

static struct process *find_process(struct history *h, pid_t pid, const struct pidstat *stat,
				    long *row)
{
	char key[48];
	bool is_new;
	struct process *p;

	snprintf(key, sizeof(key), "%d:%" PRIu64, (int)pid, stat ? stat->start : 0);
	*row = table__row(&h->processes, key, &is_new);
	if (*row < 0)
		return NULL;
	p = history__extra((void **)&h->process, sizeof(*p), *row, is_new);
	if (!p) {
		*row = -ENOMEM;
		return NULL;
	}
	if (is_new)
		p->pid = pid;
	return p;
}

static int take_stat(struct history *h, pid_t pid, struct span text)
{
	struct pidstat stat;
	struct process *p;
	long row;
	int err = pidstat__parse(text.at, span__len(text), &stat);

	if (err)
		return err;
	if (stat.kernel_thread) {
		h->kernel_threads++;
		return 0;
	}
	if (stat.state == 'Z' || stat.state == 'X')
		return 0;
	p = find_process(h, pid, &stat, &row);
	if (!p)
		return (int)row;
	if (!p->has_stat)
		p->stat_first = stat;
	p->stat = stat;
	p->has_stat = true;
	h->taken = row;
	table__set(&h->processes, row, PROCESS_THREADS, (double)stat.threads);
	return 0;
}

long history__process(const struct history *h, pid_t pid)
{
	long i, found = -ENOENT;

	/* The newest one: row numbers grow with time. */
	for (i = (long)h->processes.n; i-- > 0 && found < 0;)
		if (h->process[i].pid == pid &&
		    !(isnan(table__last(&h->processes, i, PROCESS_OWN)) &&
		      isnan(table__last(&h->processes, i, PROCESS_THREADS))))
			found = i;
	return found;
}

/* The row that this process's stat has made just now; of a saved smaps alone, one without a start.
 */
static struct process *process_of(struct history *h, pid_t pid, long *row)
{
	*row = h->taken;
	if (*row < 0 || *row >= (long)h->processes.n || h->process[*row].pid != pid)
		*row = history__process(h, pid);
	return *row >= 0 ? &h->process[*row] : find_process(h, pid, NULL, row);
}

static int take_rollup(struct history *h, pid_t pid, struct span text)
{
	struct process *p;
	struct rollup r;
	double own;
	long row;
	int err;

	/* Of a process that ended in the meantime, or a zombie. */
	if (!span__len(text))
		return 0;
	err = rollup__parse(text.at, span__len(text), &r);
	if (err)
		return err;
	p = process_of(h, pid, &row);
	if (!p)
		return (int)row;
	if (!p->exact)
		p->rollup_first = r;
	p->rollup = r;
	p->exact = true;
	own = (double)r.private + (double)r.hugetlb + (double)(r.swap_pss ? r.swap_pss : r.swap);
	table__set(&h->processes, row, PROCESS_OWN, own);
	table__set(&h->processes, row, PROCESS_SHMEM, (double)r.pss_shmem);
	return 0;
}

/* proc_pid_statm(5): size resident shared ..., in pages */
static int take_statm(struct history *h, pid_t pid, struct span text)
{
	uint64_t size, resident, shared;
	struct span line;
	struct process *p;
	long row;

	if (!span__line(&text, &line) || !span__next_u64(&line, &size) ||
	    !span__next_u64(&line, &resident) || !span__next_u64(&line, &shared))
		return -EINVAL;
	p = process_of(h, pid, &row);
	if (!p)
		return (int)row;
	/* What was exact once is not continued with an estimate. */
	if (!p->exact) {
		resident = resident > shared ? resident - shared : 0;
		table__set(&h->processes, row, PROCESS_OWN,
			   (double)resident * (double)h->page_size);
	}
	h->denied++;
	return 0;
}

int history__take_process(struct history *h, const char *name, struct span text)
{
	const char *slash = strchr(name, '/');
	uint64_t pid;

	if (!slash || !span__u64((struct span){name, slash}, &pid) || !pid || pid > INT32_MAX)
		return -EINVAL;
	if (!strcmp(slash, "/stat"))
		return take_stat(h, (pid_t)pid, text);
	if (!strcmp(slash, "/smaps_rollup") || !strcmp(slash, "/smaps"))
		return take_rollup(h, (pid_t)pid, text);
	if (!strcmp(slash, "/statm"))
		return take_statm(h, (pid_t)pid, text);
	return 0;
}

int history__end_processes(struct history *h)
{
	size_t i;

	for (i = 0; i < h->processes.n; i++) {
		double own = table__last(&h->processes, (long)i, PROCESS_OWN);
		bool is_new;
		long row;

		if (isnan(own))
			continue;
		h->seen++;
		if (!h->process[i].has_stat)
			continue;
		row = table__row(&h->names, h->process[i].stat.comm, &is_new);
		if (row < 0)
			return (int)row;
		table__add(&h->names, row, NAME_COUNT, 1);
		table__add(&h->names, row, NAME_OWN, own);
	}
	table__complete(&h->names);
	return 0;
}

const char *history__process_name(const struct history *h, pid_t pid)
{
	long row = history__process(h, pid);

	return row >= 0 && h->process[row].has_stat ? h->process[row].stat.comm : "?";
}
