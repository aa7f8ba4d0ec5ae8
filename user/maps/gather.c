/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/gather.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "maps/facts.h"
#include "maps/threads.h"
#include "proc/procmem.h"
#include "proc/smaps.h"
#include "proc/sysvipc.h"
#include "render/format.h"
#include "target/glibc.h"

#define MAX_PHDRS 128
#define PAGE 4096ULL

static int add_heaps(const struct procmem *mem, const struct smaps *s, struct facts *f)
{
	struct glibc_heaps heaps;
	size_t i;
	int err = glibc_heaps__find(mem, s, &heaps);

	for (i = 0; !err && i < heaps.n; i++)
		err = facts__add(f, heaps.heap[i].start, heaps.heap[i].end, FACT_HEAP,
				 heaps.heap[i].number, NULL);
	glibc_heaps__clear(&heaps);
	return err;
}

/* Not where something else has been found already: f is finished. */
static int add_blocks(const struct procmem *mem, const struct smaps *s, struct facts *f)
{
	struct facts known = *f;
	size_t i, k, n;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		const struct smaps_vma *v = &s->vma[i];
		uint64_t bytes;

		if (v->map.inode || v->map.path[0] || !v->map.write || v->map.exec ||
		    v->map.shared || (s->has_fields && !smaps__held(v)))
			continue;
		known.fact = f->fact;
		k = facts__after(&known, v->map.start);
		if (k < known.n && known.fact[k].start < v->map.end)
			continue;
		bytes = glibc__mapped_blocks(mem, v->map.start, v->map.end, &n);
		if (bytes)
			err = facts__add(f, v->map.start, v->map.start + bytes, FACT_BLOCKS, n,
					 NULL);
	}
	return err;
}

static uint64_t page_up(uint64_t addr)
{
	return (addr + PAGE - 1) & ~(PAGE - 1);
}

/*
 * The bss of the object that is mapped from its first byte at m: what its segments have more in
 * memory than in the file, in whole pages. Taken from its headers in memory, which are there
 * whatever became of the file.
 */
static int add_bss(const struct procmem *mem, const struct mapping *m, struct facts *f)
{
	Elf64_Phdr phdr[MAX_PHDRS];
	uint64_t bias = 0, start, end;
	bool has_bias = false;
	Elf64_Ehdr ehdr;
	int i, err = 0;

	if (!procmem__read(mem, m->start, &ehdr, sizeof(ehdr)) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phentsize != sizeof(*phdr) || ehdr.e_phnum > MAX_PHDRS ||
	    ehdr.e_phoff > m->end - m->start ||
	    !procmem__read(mem, m->start + ehdr.e_phoff, phdr, ehdr.e_phnum * sizeof(*phdr)))
		return 0;
	for (i = 0; i < ehdr.e_phnum && !err; i++) {
		if (phdr[i].p_type != PT_LOAD)
			continue;
		if (!has_bias) {
			bias = m->start - ((phdr[i].p_vaddr - phdr[i].p_offset) & ~(PAGE - 1));
			has_bias = true;
		}
		start = page_up(bias + phdr[i].p_vaddr + phdr[i].p_filesz);
		end = page_up(bias + phdr[i].p_vaddr + phdr[i].p_memsz);
		if (start < end && end - start < 1ULL << 47)
			err = facts__add(f, start, end, FACT_BSS, 0, m->path);
	}
	return err;
}

/* Before the first mapping of each object: later ones at offset 0 are of segments that share pages
 * with it. */
static int add_all_bss(const struct procmem *mem, const struct smaps *s, struct facts *f)
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		const struct mapping *m = &s->vma[i].map;

		if (m->inode && !m->offset && m->read && !m->shared && m->path[0] == '/' &&
		    (!i || s->vma[i - 1].map.inode != m->inode))
			err = add_bss(mem, m, f);
	}
	return err;
}

/* Are we in the same IPC namespace? Else segments of the same id are others. */
static bool same_ipc(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)pid);
	return !stat("/proc/self/ns/ipc", &ours) && !stat(path, &theirs) &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static int describe_segment(const struct shm_segment *seg, const struct mapping *m, struct facts *f)
{
	char text[160], size[FORMAT_BYTES_SIZE];

	snprintf(text, sizeof(text),
		 "id %" PRIu64 ", %s, created by pid %d, attached %" PRIu64 " times%s", seg->shmid,
		 format__bytes(size, seg->size), seg->creator, seg->attached,
		 seg->mode & SHM_SEGMENT_DOOMED ? ", goes away with the last detach" : "");
	return facts__add(f, m->start, m->end, FACT_SHM, seg->key, text);
}

static int add_segments(pid_t pid, const struct smaps *s, struct facts *f)
{
	struct shm_segments segments = {0};
	const struct shm_segment *seg;
	bool have = false;
	size_t i;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		const struct mapping *m = &s->vma[i].map;

		if (!m->deleted || strncmp(m->path, "/SYSV", 5) != 0)
			continue;
		if (!have && (!same_ipc(pid) || shm_segments__read(&segments)))
			break;
		have = true;
		seg = shm_segments__find(&segments, m->inode);
		if (seg)
			err = describe_segment(seg, m, f);
	}
	shm_segments__clear(&segments);
	return err;
}

/*
 * A file may really be called "x (deleted)". Then this name leads to it, as the process sees the
 * file system.
 */
static int add_kept_names(pid_t pid, const struct smaps *s, struct facts *f)
{
	char root[64], path[4096 + 64];
	struct stat st;
	size_t i;
	int err = 0;

	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	for (i = 0; i < s->n && !err; i++) {
		const struct mapping *m = &s->vma[i].map;

		if (!m->deleted || m->path[0] != '/' ||
		    snprintf(path, sizeof(path), "%s%s (deleted)", root, m->path) >=
			    (int)sizeof(path))
			continue;
		if (!lstat(path, &st) && st.st_ino == m->inode &&
		    major(st.st_dev) == m->dev_major && minor(st.st_dev) == m->dev_minor)
			err = facts__add(f, m->start, m->end, FACT_KEPT_NAME, 0, NULL);
	}
	return err;
}

int facts__gather(pid_t tid, const struct smaps *s, struct facts *f, bool *memory_denied)
{
	struct procmem mem;
	uint64_t probe;
	size_t i;
	int err = 0;

	memset(f, 0, sizeof(*f));
	procmem__open(&mem, tid);
	*memory_denied = s->n > 0;
	for (i = 0; i < s->n && i < 16 && *memory_denied; i++)
		if (s->vma[i].map.read)
			*memory_denied = !procmem__read(&mem, s->vma[i].map.start, &probe,
							sizeof(probe));
	if (!*memory_denied)
		err = add_heaps(&mem, s, f);
	if (!err && !*memory_denied)
		err = add_all_bss(&mem, s, f);
	if (!err)
		err = add_segments(tid, s, f);
	if (!err)
		err = add_kept_names(tid, s, f);
	if (!err)
		err = threads__gather(&mem, s, f);
	facts__finish(f);
	if (!err && !*memory_denied)
		err = add_blocks(&mem, s, f);
	procmem__close(&mem);
	if (err)
		facts__clear(f);
	else
		facts__finish(f);
	return err;
}
