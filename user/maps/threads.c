/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/threads.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maps/facts.h"
#include "proc/procmem.h"
#include "proc/smaps.h"

#define MAX_THREADS (1 << 16)
#define MAX_STACK_TOPS (1 << 16) /* mappings whose top is looked at */
#define TCB_ALIGN 64
#define TOP_BYTES 4096	    /* of a stack, which hold its thread's structure */
#define MAX_TLS (256 << 10) /* of a mapping with the main thread's */

/*
 * glibc's struct pthread begins with tcbhead_t (sysdeps/x86_64/nptl/tls.h), in which tcb and self
 * point to itself; tid lies behind 0x2c0 bytes of that and the list of threads, since 2.4
 * (nptl/descr.h). The kernel writes 0 there when the thread has ended, pthread_join -1.
 */
#define TCB_SELF 0x10
#define TCB_TID 0x2d0
#define TCB_BYTES (TCB_TID + 4)

struct thread {
	pid_t tid;
	pid_t inner; /* its id as it sees it itself */
	uint64_t sp; /* 0: it runs, or that is not told */
	char comm[64];
	bool found;
};

struct gather {
	const struct procmem *mem;
	const struct smaps *s;
	struct facts *f;
	struct thread *thread; /* sorted by inner once read */
	size_t n;
};

static size_t read_text(const char *path, char *buf, size_t size)
{
	FILE *in = fopen(path, "re");
	size_t n = 0;

	if (in) {
		n = fread(buf, 1, size - 1, in);
		fclose(in);
	}
	buf[n] = '\0';
	return n;
}

static void read_thread(pid_t pid, struct thread *t)
{
	char path[96], buf[4096], *at, *last = NULL;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, t->tid);
	n = read_text(path, t->comm, sizeof(t->comm));
	if (n && t->comm[n - 1] == '\n')
		t->comm[n - 1] = '\0';

	/* "NR ARGUMENTS… SP PC", "-1 SP PC", "running" */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, t->tid);
	read_text(path, buf, sizeof(buf));
	at = strrchr(buf, ' ');
	if (at) {
		*at = '\0';
		last = strrchr(buf, ' ');
	}
	if (last)
		t->sp = strtoull(last, NULL, 16);

	/* "NSpid: OUTER … INNER" */
	t->inner = t->tid;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, t->tid);
	read_text(path, buf, sizeof(buf));
	at = strstr(buf, "\nNSpid:");
	if (!at)
		return;
	at += strlen("\nNSpid:");
	at[strcspn(at, "\n")] = '\0';
	last = strrchr(at, '\t');
	if (last && atoi(last) > 0)
		t->inner = atoi(last);
}

static int by_inner(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return x->inner < y->inner ? -1 : x->inner > y->inner;
}

static int read_threads(struct gather *g)
{
	char path[64];
	struct dirent *entry;
	size_t room = 0;
	DIR *dir;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", g->mem->pid);
	dir = opendir(path);
	if (!dir)
		return 0; /* it has ended, nothing is to be told */
	while (!err && g->n < MAX_THREADS && (entry = readdir(dir))) {
		int tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		if (g->n == room) {
			size_t more = room ? room * 2 : 16;
			void *grown = reallocarray(g->thread, more, sizeof(*g->thread));

			if (!grown) {
				err = -ENOMEM;
				break;
			}
			g->thread = grown;
			room = more;
		}
		memset(&g->thread[g->n], 0, sizeof(*g->thread));
		g->thread[g->n].tid = tid;
		read_thread(g->mem->pid, &g->thread[g->n++]);
	}
	closedir(dir);
	if (g->n)
		qsort(g->thread, g->n, sizeof(*g->thread), by_inner);
	return err;
}

static struct thread *find_thread(const struct gather *g, pid_t inner)
{
	struct thread key = {.inner = inner};

	return g->n ? bsearch(&key, g->thread, g->n, sizeof(key), by_inner) : NULL;
}

static bool is_plain(const struct smaps_vma *v)
{
	return !v->map.inode && v->map.read && v->map.write && !v->map.exec && !v->map.shared &&
	       v->map.path[0] != '[';
}

/* Does a mapping that nobody may touch lie below? */
static bool has_guard(const struct gather *g, const struct smaps_vma *v)
{
	const struct smaps_vma *below = v > g->s->vma ? v - 1 : NULL;

	return below && below->map.end == v->map.start && !below->map.read && !below->map.write &&
	       !below->map.inode;
}

/* The structure of a thread in n bytes at addr; *tid. False: there is none. */
static bool find_tcb(const struct gather *g, uint64_t addr, size_t n, bool main_only, int32_t *tid)
{
	uint64_t self[3], at;
	uint8_t *bytes;
	bool found = false;

	if (n < TCB_BYTES)
		return false;
	bytes = malloc(n);
	if (!bytes || !procmem__read(g->mem, addr, bytes, n))
		goto cleanup;
	at = (addr + TCB_ALIGN - 1) / TCB_ALIGN * TCB_ALIGN;
	for (; !found && at + TCB_BYTES <= addr + n; at += TCB_ALIGN) {
		memcpy(self, bytes + (at - addr), sizeof(self));
		if (self[0] != at || self[TCB_SELF / sizeof(*self)] != at)
			continue;
		memcpy(tid, bytes + (at - addr) + TCB_TID, sizeof(*tid));
		found = !main_only || *tid > 0;
	}
cleanup:
	free(bytes);
	return found;
}

static int add_stack(struct gather *g, const struct smaps_vma *v, struct thread *t)
{
	t->found = true;
	return facts__add(g->f, v->map.start, v->map.end, FACT_STACK, t->tid, t->comm);
}

/* What the top of a mapping with a guard below it tells. */
static int look_at_top(struct gather *g, const struct smaps_vma *v)
{
	uint64_t size = v->map.end - v->map.start, n = size < TOP_BYTES ? size : TOP_BYTES;
	struct thread *t;
	int32_t tid;

	if (!procmem__is_there(g->mem, v->map.end - 1) ||
	    !find_tcb(g, v->map.end - n, n, false, &tid))
		return 0;
	if (tid <= 0)
		return facts__add(g->f, v->map.start, v->map.end, FACT_OLD_STACK, tid < 0, NULL);
	t = find_thread(g, tid);
	return t && !t->found ? add_stack(g, v, t) : 0;
}

/* The main thread's structure lies in a mapping that the dynamic linker made, or in the heap. */
static int look_for_tls(struct gather *g, const struct smaps_vma *v, bool *found)
{
	uint64_t size = v->map.end - v->map.start;
	struct thread *t;
	int32_t tid;

	if (size > MAX_TLS || !smaps__held(v) || !procmem__is_there(g->mem, v->map.start) ||
	    !find_tcb(g, v->map.start, size, true, &tid))
		return 0;
	t = find_thread(g, tid);
	if (!t || t->tid != g->mem->pid)
		return 0;
	*found = true;
	return facts__add(g->f, v->map.start, v->map.end, FACT_TLS, t->tid, NULL);
}

int threads__gather(const struct procmem *mem, const struct smaps *s, struct facts *f)
{
	struct gather g = {.mem = mem, .s = s, .f = f};
	struct facts known;
	size_t i, k, looked_at = 0;
	bool tls_found = false;
	int err = read_threads(&g);

	for (i = 0; !err && i < g.n; i++) {
		const struct smaps_vma *v = smaps__find(s, g.thread[i].sp);

		/* Go's, and other stacks of a program's own making, lie within its heap. */
		if (v && is_plain(v) && (has_guard(&g, v) || smaps__has_flag(v, "gd")))
			err = add_stack(&g, v, &g.thread[i]);
	}
	facts__finish(f);
	known = *f; /* what is added now is of other mappings */
	for (i = 0; !err && i < s->n && looked_at < MAX_STACK_TOPS; i++) {
		const struct smaps_vma *v = &s->vma[i];

		known.fact = f->fact;
		k = facts__after(&known, v->map.start);
		if (!is_plain(v) || (k < known.n && known.fact[k].start < v->map.end))
			continue;
		if (has_guard(&g, v)) {
			looked_at++;
			err = look_at_top(&g, v);
		} else if (!tls_found) {
			looked_at++;
			err = look_for_tls(&g, v, &tls_found);
		}
	}
	free(g.thread);
	return err;
}
