/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/procmem.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

/* Documentation/admin-guide/mm/pagemap.rst: 64 bits a page. */
#define PAGE_PRESENT (1ULL << 63)
#define PAGE_SWAPPED (1ULL << 62)

void procmem__open(struct procmem *m, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	m->pid = pid;
	m->pagemap = open(path, O_RDONLY | O_CLOEXEC);
}

void procmem__close(struct procmem *m)
{
	if (m->pagemap >= 0)
		close(m->pagemap);
	m->pagemap = -1;
}

bool procmem__is_there(const struct procmem *m, uint64_t addr)
{
	uint64_t entry, page = sysconf(_SC_PAGESIZE);

	if (m->pagemap < 0 || pread(m->pagemap, &entry, sizeof(entry),
				    (off_t)(addr / page * sizeof(entry))) != sizeof(entry))
		return true;
	return entry & (PAGE_PRESENT | PAGE_SWAPPED);
}

bool procmem__read(const struct procmem *m, uint64_t addr, void *buf, size_t n)
{
	struct iovec local = {buf, n}, remote = {(void *)(uintptr_t)addr, n};

	return process_vm_readv(m->pid, &local, 1, &remote, 1, 0) == (ssize_t)n;
}
