/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/vtables.h"

#include <stdlib.h>
#include <sys/uio.h>

#include "target/maps.h"

#define MAX_WORDS 21 /* looked at */
#define ENOUGH 2     /* pointers to code */
#define CACHE 4096   /* answers kept: objects of few classes are many */

struct answer {
	uint64_t addr;
	bool yes;
};

struct vtables {
	pid_t pid;
	const struct maps *maps;
	struct answer cache[CACHE];
};

struct vtables *vtables__new(pid_t pid, const struct maps *maps)
{
	struct vtables *v = calloc(1, sizeof(*v));

	if (v) {
		v->pid = pid;
		v->maps = maps;
	}
	return v;
}

void vtables__free(struct vtables *v)
{
	free(v);
}

static bool is_table(const struct vtables *v, uint64_t addr)
{
	const struct mapping *m = maps__find(v->maps, addr), *code;
	uint64_t word[MAX_WORDS];
	struct iovec local = {word, sizeof(word)}, remote = {(void *)(uintptr_t)addr, 0};
	unsigned int found = 0;
	ssize_t got;
	size_t i;

	if (!m || !m->inode || !m->read)
		return false;
	remote.iov_len = m->end - addr < sizeof(word) ? m->end - addr : sizeof(word);
	got = process_vm_readv(v->pid, &local, 1, &remote, 1, 0);
	for (i = 0; got > 0 && i < (size_t)got / sizeof(*word) && found < ENOUGH; i++) {
		if (!word[i])
			continue;
		code = maps__find(v->maps, word[i]);
		if (!code || !code->inode || !code->exec)
			return false;
		found++;
	}
	return found == ENOUGH;
}

bool vtables__is_one(uint64_t addr, void *arg)
{
	struct vtables *v = arg;
	struct answer *a = &v->cache[(addr >> 3) * 0x9E3779B97F4A7C15ULL >> 52];

	if (a->addr != addr)
		*a = (struct answer){addr, is_table(v, addr)};
	return a->yes;
}
