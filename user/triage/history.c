/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proc/allocinfo.h"
#include "triage/history_priv.h"

void *history__extra(void **array, size_t size, long row, bool is_new)
{
	char *moved;

	/* Rows are numbered one by one: twice the room whenever a power of two is reached. */
	if (is_new && !(row & (row - 1))) {
		size_t room = row < 16 ? 16 : (size_t)row * 2;

		moved = reallocarray(*array, room, size);
		if (!moved)
			return NULL;
		*array = moved;
	}
	moved = (char *)*array + (size_t)row * size;
	if (is_new)
		memset(moved, 0, size);
	return moved;
}

static struct table *const *all_tables(struct history *h, struct table *tables[12])
{
	tables[0] = &h->uses;
	tables[1] = &h->processes;
	tables[2] = &h->names;
	tables[3] = &h->slabs;
	tables[4] = &h->segments;
	tables[5] = &h->creators;
	tables[6] = &h->files;
	tables[7] = &h->holders;
	tables[8] = &h->mounts;
	tables[9] = &h->sites;
	tables[10] = NULL;
	return tables;
}

void history__init(struct history *h)
{
	*h = (struct history){.page_size = 4096};
	table__init(&h->uses, 1);
	table__init(&h->processes, PROCESS_METRICS);
	table__init(&h->names, NAME_METRICS);
	table__init(&h->slabs, SLAB_METRICS);
	table__init(&h->segments, SEGMENT_METRICS);
	table__init(&h->creators, CREATOR_METRICS);
	table__init(&h->files, FILE_METRICS);
	table__init(&h->holders, HOLDER_METRICS);
	table__init(&h->mounts, MOUNT_METRICS);
	table__init(&h->sites, SITE_METRICS);
}

void history__clear(struct history *h)
{
	struct table *tables[12], *const *t;

	for (t = all_tables(h, tables); *t; t++)
		table__clear(*t);
	free(h->process);
	free(h->slab);
	free(h->segment);
	free(h->file);
	free(h->attached);
	free(h->slab_links);
	free(h->times);
	history__init(h);
}

static int make_uses(struct history *h)
{
	static const char *const keys[USES] = {"0", "1", "2", "3", "4", "5", "6", "7",
					       "8", "9", "a", "b", "c", "d", "e", "f"};
	bool is_new;
	int i;

	for (i = 0; i < USES; i++)
		if (table__row(&h->uses, keys[i], &is_new) != i)
			return -ENOMEM;
	return 0;
}

int history__next_sample(struct history *h, double seconds)
{
	struct table *tables[12], *const *t;
	double *times;

	if (h->samples >= HISTORY_MAX_SAMPLES)
		return -E2BIG;
	times = reallocarray(h->times, h->samples + 1, sizeof(*times));
	if (!times)
		return -ENOMEM;
	h->times = times;
	if (!h->uses.n && make_uses(h))
		return -ENOMEM;
	for (t = all_tables(h, tables); *t; t++)
		if (table__next_sample(*t))
			return -ENOMEM;
	times[h->samples++] = seconds;
	h->kernel_threads = h->denied = h->seen = 0;
	return 0;
}

static void use(struct history *h, enum use u, uint64_t bytes)
{
	table__set(&h->uses, u, 0, (double)bytes);
	h->has_use[u] = true;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The terms of the account that have no line of their own. */
static void take_other(struct history *h, const struct meminfo_account *account)
{
	double rest = 0;
	size_t i;
	int u;

	for (i = 0; i < account->n; i++)
		rest += (double)account->term[i].bytes;
	for (u = 0; u <= USE_FREE; u++)
		if (u != USE_OTHER && u != USE_UNACCOUNTED && h->has_use[u])
			rest -= table__last(&h->uses, u, 0);
	if (rest > 0)
		use(h, USE_OTHER, (uint64_t)rest);
}

static int take_meminfo(struct history *h, struct span text)
{
	struct meminfo_account account;
	struct meminfo m;
	const uint64_t *v = m.value;
	uint64_t huge;
	bool estimated;
	int err = meminfo__parse(text.at, span__len(text), &m);

	if (err)
		return err;
	if (!h->has_meminfo)
		h->meminfo_first = m;
	h->meminfo = m;
	h->has_meminfo = true;
	meminfo__account(&m, &account);
	if (meminfo__has(&m, MEM_ANON))
		use(h, USE_ANON, v[MEM_ANON]);
	else /* before Linux 2.6.18 */
		use(h, USE_ANON, less(v[MEM_ACTIVE] + v[MEM_INACTIVE], meminfo__file_cache(&m)));
	use(h, USE_FILE, meminfo__file_cache(&m));
	if (meminfo__has(&m, MEM_SHMEM))
		use(h, USE_SHMEM, v[MEM_SHMEM]);
	if (meminfo__has(&m, MEM_SRECLAIMABLE)) {
		use(h, USE_SLAB_SHRINKS, v[MEM_SRECLAIMABLE]);
		use(h, USE_SLAB, v[MEM_SUNRECLAIM]);
	} else {
		use(h, USE_SLAB, v[MEM_SLAB]);
	}
	use(h, USE_PAGE_TABLES, v[MEM_PAGE_TABLES] + v[MEM_SEC_PAGE_TABLES] + v[MEM_QUICKLISTS]);
	if (meminfo__has(&m, MEM_KERNEL_STACK))
		use(h, USE_STACKS, v[MEM_KERNEL_STACK]);
	/* As in meminfo__account: memory, and without stacks. */
	if (meminfo__has(&m, MEM_KRECLAIMABLE))
		use(h, USE_VMALLOC, less(v[MEM_VMALLOC_USED], v[MEM_KERNEL_STACK]));
	if (meminfo__has(&m, MEM_PERCPU))
		use(h, USE_PERCPU, v[MEM_PERCPU]);
	if (meminfo__has(&m, MEM_HUGETLB))
		use(h, USE_HUGETLB, v[MEM_HUGETLB]);
	else if (!__builtin_mul_overflow(v[MEM_HUGE_PAGES], v[MEM_HUGE_SIZE], &huge))
		use(h, USE_HUGETLB, huge);
	table__set(&h->uses, USE_UNACCOUNTED, 0, (double)account.unaccounted);
	h->has_use[USE_UNACCOUNTED] = true;
	use(h, USE_FREE, v[MEM_FREE]);
	take_other(h, &account);
	use(h, USE_SWAP, less(v[MEM_SWAP_TOTAL], v[MEM_SWAP_FREE]));
	use(h, USE_AVAILABLE, meminfo__available(&m, &estimated));
	return 0;
}

static int take_vmstat(struct history *h, struct span text)
{
	struct vmstat s;
	int err = vmstat__parse(text.at, span__len(text), &s);

	if (err)
		return err;
	if (!h->has_vmstat)
		h->vmstat_first = s;
	h->vmstat = s;
	h->has_vmstat = true;
	return 0;
}

static int take_pressure(struct history *h, struct span text)
{
	int err = pressure__parse(text.at, span__len(text), &h->pressure);

	h->has_pressure |= !err;
	return err;
}

static int take_zoneinfo(struct history *h, struct span text)
{
	int err;

	memset(&h->zones, 0, sizeof(h->zones));
	err = zones__parse_zoneinfo(text.at, span__len(text), &h->zones);
	h->has_zones |= !err;
	return err;
}

static int take_buddyinfo(struct history *h, struct span text)
{
	int err = zones__parse_buddyinfo(text.at, span__len(text), &h->zones);

	h->has_zones |= !err;
	return err;
}

static int take_sockstat(struct history *h, struct span text)
{
	uint64_t pages;
	int err = sockstat__parse(text.at, span__len(text), &pages);

	if (!err && !__builtin_mul_overflow(pages, h->page_size, &pages))
		use(h, USE_SOCKETS, pages);
	return err;
}

static int take_slabinfo(struct history *h, struct span text)
{
	struct slabinfo s;
	size_t i;
	int err = slabinfo__parse(text.at, span__len(text), &s, NULL);

	for (i = 0; !err && i < s.n; i++) {
		struct slabinfo_cache *cache;
		bool is_new;
		long row = table__row(&h->slabs, s.caches[i].name, &is_new);

		cache = row < 0 ? NULL
				: history__extra((void **)&h->slab, sizeof(*h->slab), row, is_new);
		if (!cache) {
			err = row < 0 ? (int)row : -ENOMEM;
			break;
		}
		*cache = s.caches[i];
		table__set(&h->slabs, row, SLAB_BYTES, (double)cache->active * (double)cache->size);
	}
	if (!err)
		table__complete(&h->slabs);
	h->has_slabs |= !err;
	slabinfo__clear(&s);
	return err;
}

static int take_slab_links(struct history *h, struct span text)
{
	char *copy = malloc(span__len(text) + 1);

	if (!copy)
		return -ENOMEM;
	free(h->slab_links);
	memcpy(copy, text.at, span__len(text));
	h->slab_links = copy;
	h->slab_links_len = span__len(text);
	return 0;
}

static int take_site(void *ctx, const struct allocinfo_line *line)
{
	struct history *h = ctx;
	char tag[256];
	bool is_new;
	long row = table__row(&h->sites, span__copy(line->tag, tag, sizeof(tag)), &is_new);

	if (row < 0)
		return (int)row;
	table__add(&h->sites, row, SITE_BYTES, (double)line->bytes);
	table__add(&h->sites, row, SITE_CALLS, (double)line->calls);
	return 0;
}

static int take_allocinfo(struct history *h, struct span text)
{
	int err = allocinfo__each(text.at, span__len(text), take_site, h);

	if (!err)
		table__complete(&h->sites);
	h->has_sites |= !err;
	return err;
}

static int take_machine(struct history *h, struct span text)
{
	struct span line, word;
	uint64_t page_size, uid, pid;

	if (!span__line(&text, &line) || !span__next_u64(&line, &page_size) ||
	    !span__next_u64(&line, &uid) || !span__next_u64(&line, &pid) || pid > INT32_MAX ||
	    page_size < 1024 || page_size > 1 << 20 || page_size & (page_size - 1) ||
	    !span__word(&line, &word))
		return -EINVAL;
	h->page_size = page_size;
	h->uid = uid;
	h->self = (pid_t)pid;
	span__copy(word, h->release, sizeof(h->release));
	return 0;
}

static int take_hidden(struct history *h, struct span text)
{
	(void)text;
	h->hidden = true;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct history *h, struct span text);
} takers[] = {
	{"machine", take_machine},
	{"meminfo", take_meminfo},
	{"vmstat", take_vmstat},
	{"pressure/memory", take_pressure},
	{"zoneinfo", take_zoneinfo},
	{"buddyinfo", take_buddyinfo},
	{"net/sockstat", take_sockstat},
	{"slabinfo", take_slabinfo},
	{"slab/links", take_slab_links},
	{"allocinfo", take_allocinfo},
	{"sysvipc/shm", history__take_segments},
	{"shm/files", history__take_shm_files},
	{"shm/attached", history__take_attached},
	{"tmpfs", history__take_tmpfs},
	{"hidden", take_hidden},
};

int history__take(struct history *h, const char *name, const char *text, size_t len)
{
	struct span span = span__of(text, len);
	size_t i;
	int err = 0;

	if (!h->samples)
		return -EINVAL;
	if (*name >= '0' && *name <= '9') {
		err = history__take_process(h, name, span);
	} else {
		for (i = 0; i < sizeof(takers) / sizeof(*takers); i++)
			if (!strcmp(takers[i].name, name))
				err = takers[i].take(h, span);
	}
	if (err == -ENOMEM)
		return err;
	h->bad += err != 0;
	return 0;
}

int history__end_sample(struct history *h)
{
	return history__end_processes(h);
}

double history__seconds(const struct history *h)
{
	return h->samples ? h->times[h->samples - 1] - h->times[0] : 0;
}
