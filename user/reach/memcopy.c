/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/memcopy.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "reach/present.h"
#include "reach/window.h"

#define FILL_BATCH (16ULL << 20) /* bytes read between two looks at the clock */
#define CHUNK_MIN (16ULL << 20)	 /* bytes taken from the system at once */
#define MAX_IOV 512		 /* IOV_MAX is 1024 */
#define MAX_THREADS 4		 /* that copy at the same time */
#define PER_THREAD (32ULL << 20) /* bytes; it takes some 50 µs to have one */

/* Memory that copies are put into, one after the other. */
struct chunk {
	uint8_t *at;
	uint64_t size, used;
};

struct memcopy {
	pid_t pid;
	struct present *present;
	uint64_t page;
	struct memcopy_run *run;
	size_t n, max;
	struct chunk *chunk;
	size_t n_chunks;
	uint64_t bytes, unreadable;
	bool is_window;
	struct window *window; /* from memcopy__fill on */
	uint64_t room, deadline_ns;
};

static int add_chunk(struct memcopy *m, uint64_t size)
{
	struct chunk *grown, *c;

	grown = reallocarray(m->chunk, m->n_chunks + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	m->chunk = grown;
	c = &m->chunk[m->n_chunks];
	if (size < CHUNK_MIN)
		size = CHUNK_MIN;
	*c = (struct chunk){.size = size};
	c->at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (c->at == MAP_FAILED)
		return -ENOMEM;
	madvise(c->at, size, MADV_HUGEPAGE); /* the fewer faults the shorter the stop */
	m->n_chunks++;
	return 0;
}

static struct memcopy *new_memcopy(pid_t pid)
{
	struct memcopy *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->pid = pid;
	m->page = sysconf(_SC_PAGESIZE);
	m->present = present__new(pid);
	if (m->present)
		return m;
	memcopy__free(m);
	return NULL;
}

int memcopy__new(pid_t pid, uint64_t room, struct memcopy **out)
{
	struct memcopy *m = new_memcopy(pid);
	uint64_t i;

	*out = NULL;
	if (!m || (room && add_chunk(m, room))) {
		memcopy__free(m);
		return -ENOMEM;
	}
	for (i = 0; i < room; i += m->page)
		*(volatile uint8_t *)(m->chunk[0].at + i) = 0;
	*out = m;
	return 0;
}

int memcopy__new_window(pid_t pid, uint64_t room, struct memcopy **out)
{
	*out = new_memcopy(pid);
	if (!*out)
		return -ENOMEM;
	(*out)->is_window = true;
	(*out)->room = room;
	return 0;
}

void memcopy__free(struct memcopy *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->n_chunks; i++)
		munmap(m->chunk[i].at, m->chunk[i].size);
	free(m->chunk);
	free(m->run);
	window__free(m->window);
	present__free(m->present);
	free(m);
}

bool memcopy__is_there(const struct memcopy *m, uint64_t addr)
{
	return present__has(m->present, addr);
}

bool memcopy__skips(const struct memcopy *m)
{
	return present__skips(m->present);
}

uint64_t memcopy__measure(struct memcopy *m, uint64_t start, uint64_t end)
{
	struct present_cursor c = {.at = start};
	uint64_t from, to, sum = 0;

	while (present__next(m->present, &c, end, &from, &to))
		sum += to - from;
	return sum;
}

/* Up to size bytes for a copy, whole pages; *got: how many. */
static uint8_t *take(struct memcopy *m, uint64_t size, uint64_t *got)
{
	struct chunk *c = m->n_chunks ? &m->chunk[m->n_chunks - 1] : NULL;
	uint8_t *at;

	if (!c || c->size - c->used < m->page) {
		if (add_chunk(m, size))
			return NULL;
		c = &m->chunk[m->n_chunks - 1];
	}
	*got = (c->size - c->used) / m->page * m->page;
	if (*got > size)
		*got = size;
	at = c->at + c->used;
	c->used += *got;
	return at;
}

/* Is it the end of the last run, and of its copy if there is one? */
static bool goes_on(const struct memcopy *m, uint64_t start, const uint8_t *at)
{
	const struct memcopy_run *last = m->n ? &m->run[m->n - 1] : NULL;

	return last && last->end == start && (!at || last->at + (start - last->start) == at);
}

static int add_run(struct memcopy *m, uint64_t start, uint64_t end)
{
	size_t max = m->max ? m->max * 2 : 256;
	struct memcopy_run *grown;
	uint64_t got = end - start;
	uint8_t *at = NULL;

	for (; start < end; start += got) {
		if (!m->is_window) {
			at = take(m, end - start, &got);
			if (!at)
				return -ENOMEM;
		}
		m->bytes += got;
		if (goes_on(m, start, at)) {
			m->run[m->n - 1].end += got;
			continue;
		}
		if (m->n == m->max) {
			grown = reallocarray(m->run, max, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			m->run = grown;
			m->max = max;
			max *= 2;
		}
		m->run[m->n++] = (struct memcopy_run){start, start + got, at, m->bytes - got};
	}
	return 0;
}

int memcopy__add(struct memcopy *m, uint64_t start, uint64_t end)
{
	struct present_cursor c = {.at = start};
	uint64_t from, to;
	int err = 0;

	while (!err && present__next(m->present, &c, end, &from, &to))
		err = add_run(m, from, to);
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Where the copying has got to. */
struct position {
	size_t run;
	uint64_t offset; /* within it */
};

static void advance(const struct memcopy *m, struct position *p, uint64_t bytes)
{
	while (bytes) {
		uint64_t left = m->run[p->run].end - m->run[p->run].start - p->offset;
		uint64_t step = left < bytes ? left : bytes;

		p->offset += step;
		bytes -= step;
		if (step == left) {
			p->run++;
			p->offset = 0;
		}
	}
}

/* A part of the runs, and who copies it. */
struct part {
	const struct memcopy *m;
	struct position from;
	uint64_t bytes, deadline_ns;
	uint64_t unreadable;
	int err;
	pthread_t thread;
	bool is_begun; /* the thread */
};

/* What is left of the page there cannot be read, and stays zero. Returns how much that is. */
static uint64_t pass_over(struct part *part, const struct position *p, uint64_t left)
{
	uint64_t n = part->m->page - p->offset % part->m->page;

	if (n > left)
		n = left;
	part->unreadable += n;
	return n;
}

/* Up to left bytes from p on. Returns what process_vm_readv does; *sum: what it was asked for. */
static ssize_t read_batch(const struct memcopy *m, struct position p, uint64_t left, uint64_t *sum)
{
	struct iovec local[MAX_IOV], remote[MAX_IOV];
	int n = 0;

	if (left > FILL_BATCH)
		left = FILL_BATCH;
	for (*sum = 0; p.run < m->n && n < MAX_IOV && *sum < left; n++) {
		const struct memcopy_run *r = &m->run[p.run];
		uint64_t size = r->end - r->start - p.offset;

		if (size > left - *sum)
			size = left - *sum;
		local[n] = (struct iovec){r->at + p.offset, size};
		remote[n] = (struct iovec){(void *)(uintptr_t)(r->start + p.offset), size};
		*sum += size;
		advance(m, &p, size);
	}
	return process_vm_readv(m->pid, local, n, remote, n, 0);
}

static void *copy_part(void *arg)
{
	struct part *part = arg;
	struct position at = part->from;
	uint64_t left = part->bytes, sum, step;

	while (left) {
		ssize_t got;

		if (part->deadline_ns && now_ns() > part->deadline_ns) {
			part->err = -ETIME;
			break;
		}
		got = read_batch(part->m, at, left, &sum);
		if (got < 0 && errno != EFAULT) {
			part->err = -errno;
			break;
		}
		/* a page that is not to be had, a device's for example, ends a call */
		step = got > 0 ? (uint64_t)got : pass_over(part, &at, left);
		advance(part->m, &at, step);
		left -= step;
	}
	return NULL;
}

/* How many threads shorten the time that the target stands still. */
static int n_parts(const struct memcopy *m)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t n = m->bytes / PER_THREAD;

	if (cpus > 0 && n > (uint64_t)cpus)
		n = cpus;
	return n > MAX_THREADS ? MAX_THREADS : n ? (int)n : 1;
}

/* --- reading what is asked for --- */

/* The run that holds the byte at pos of all of them. */
static struct position position_of(const struct memcopy *m, uint64_t pos)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->run[mid].pos <= pos)
			low = mid + 1;
		else
			high = mid;
	}
	return (struct position){low - 1, pos - m->run[low - 1].pos};
}

static int read_piece(uint64_t pos, uint8_t *to, size_t n, void *arg)
{
	const struct memcopy *m = arg;
	struct iovec remote[MAX_IOV];

	while (n) {
		struct position at = position_of(m, pos);
		struct iovec local = {to, 0};
		ssize_t got;
		int k;

		if (m->deadline_ns && now_ns() > m->deadline_ns)
			return -ETIME;
		for (k = 0; k < MAX_IOV && local.iov_len < n; k++, at.run++, at.offset = 0) {
			const struct memcopy_run *r = &m->run[at.run];
			uint64_t size = r->end - r->start - at.offset;

			if (size > n - local.iov_len)
				size = n - local.iov_len;
			remote[k] = (struct iovec){(void *)(uintptr_t)(r->start + at.offset), size};
			local.iov_len += size;
		}
		got = process_vm_readv(m->pid, &local, 1, remote, k, 0);
		if (got <= 0)
			return got && errno != EFAULT ? -errno : -EIO;
		pos += (uint64_t)got;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

int memcopy__shut(struct memcopy *m)
{
	int err = m->window ? window__error(m->window) : 0;

	if (m->window)
		window__shut(m->window, -EPIPE);
	return err;
}

bool memcopy__is_window(const struct memcopy *m)
{
	return m->is_window;
}

bool memcopy__get(const struct memcopy *m, size_t run, uint64_t from, uint64_t to,
		  struct memcopy_piece *piece)
{
	const struct memcopy_run *r = &m->run[run];

	piece->n = to - from;
	piece->slot = NULL;
	if (r->at) {
		piece->at = r->at + (from - r->start);
		return true;
	}
	if (!m->window)
		return false;
	piece->at = window__get(m->window, r->pos + (from - r->start), &piece->n, &piece->slot);
	if (piece->n > to - from)
		piece->n = to - from;
	return piece->at;
}

void memcopy__put(const struct memcopy *m, const struct memcopy_piece *piece)
{
	if (piece->slot)
		window__put(m->window, piece->slot);
}

/* --- copying --- */

int memcopy__fill(struct memcopy *m, uint64_t deadline_ns)
{
	struct part part[MAX_THREADS] = {0};
	struct position at = {0};
	int n = n_parts(m), i, err = 0;
	uint64_t each = m->bytes / n / m->page * m->page;

	if (m->is_window) {
		m->deadline_ns = deadline_ns;
		return window__new(m->bytes, m->room, read_piece, m, &m->window);
	}
	for (i = 0; i < n; i++) {
		part[i] = (struct part){.m = m, .from = at, .deadline_ns = deadline_ns};
		part[i].bytes = i < n - 1 ? each : m->bytes - i * each;
		advance(m, &at, part[i].bytes);
	}
	for (i = 1; i < n; i++)
		part[i].is_begun = !pthread_create(&part[i].thread, NULL, copy_part, &part[i]);
	for (i = 0; i < n; i++)
		if (!part[i].is_begun)
			copy_part(&part[i]);
	for (i = 0; i < n; i++) {
		if (part[i].is_begun)
			pthread_join(part[i].thread, NULL);
		m->unreadable += part[i].unreadable;
		if (!err)
			err = part[i].err;
	}
	return err;
}

uint64_t memcopy__bytes(const struct memcopy *m)
{
	return m->bytes;
}

uint64_t memcopy__swapped(const struct memcopy *m)
{
	return present__swapped(m->present);
}

uint64_t memcopy__unreadable(const struct memcopy *m)
{
	return m->unreadable;
}

const struct memcopy_run *memcopy__runs(const struct memcopy *m, size_t *n)
{
	*n = m->n;
	return m->run;
}

size_t memcopy__first(const struct memcopy *m, uint64_t addr)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->run[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool memcopy__read(const struct memcopy *m, uint64_t addr, void *to, size_t n)
{
	size_t run = memcopy__first(m, addr);
	struct memcopy_piece piece;
	uint8_t *at = to;

	for (; n; run++) {
		const struct memcopy_run *r = &m->run[run];

		if (run == m->n || addr < r->start)
			return false;
		while (n && addr < r->end) {
			if (!memcopy__get(m, run, addr, r->end - addr < n ? r->end : addr + n,
					  &piece))
				return false;
			memcpy(at, piece.at, piece.n);
			memcopy__put(m, &piece);
			at += piece.n;
			addr += piece.n;
			n -= piece.n;
		}
	}
	return true;
}

bool memcopy__word(const struct memcopy *m, uint64_t addr, uint64_t *word)
{
	size_t run = memcopy__first(m, addr);
	const struct memcopy_run *r = &m->run[run];

	/* by far the most are in a copy, and in one run of it */
	if (run < m->n && r->at && addr >= r->start && r->end - addr >= sizeof(*word)) {
		memcpy(word, r->at + (addr - r->start), sizeof(*word));
		return true;
	}
	return memcopy__read(m, addr, word, sizeof(*word));
}
