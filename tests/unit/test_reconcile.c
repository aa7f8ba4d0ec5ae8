/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciliation on a process that grows on command, and the sentences made of it. */
#include "check.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reconcile.h"
#include "render/memory.h"
#include "report/report.h"

#define MIB (1 << 20)
/* Pages of the program's file are shared with us, or not, as we use them. */
#define TOLERANCE (512 << 10)

/* Memory that has no neighbour with which it would be one mapping. */
static char *map_apart(size_t bytes, int extra)
{
	char *p = mmap(NULL, bytes + 2 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mprotect(p + MIB, bytes, PROT_READ | PROT_WRITE | extra))
		_exit(1);
	return p + MIB;
}

/* Maps 8 MiB of which half is written to; then, told so, writes to 3 MiB more, and to 1 MiB that is
 * new. */
static int be_target(void)
{
	char *second = map_apart(MIB, PROT_EXEC), *first = map_apart(8 * MIB, 0);

	memset(first, 1, 4 * MIB);
	if (write(3, &first, sizeof(first)) != sizeof(first))
		return 1;
	raise(SIGSTOP);
	memset(first + 4 * MIB, 1, 3 * MIB);
	memset(second, 1, MIB);
	if (write(3, &second, sizeof(second)) != sizeof(second))
		return 1;
	raise(SIGSTOP);
	return 0;
}

static int target_pipe;

static uint64_t await_target(pid_t pid)
{
	uint64_t addr = 0;

	CHECK_EQ(read(target_pipe, &addr, sizeof(addr)), sizeof(addr));
	waitpid(pid, NULL, WUNTRACED);
	return addr;
}

static pid_t start_target(void)
{
	pid_t pid;
	int fd[2];

	if (pipe(fd))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(fd[1], 3);
		execl("/proc/self/exe", "target", "target", NULL);
		_exit(127);
	}
	close(fd[1]);
	target_pipe = fd[0];
	return pid;
}

static void end_target(pid_t pid)
{
	close(target_pipe);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void check_near(uint64_t value, uint64_t expected)
{
	CHECK(value <= expected + TOLERANCE && value + TOLERANCE >= expected);
}

static void check_sum(const struct report_memory *m)
{
	CHECK(m->known);
	CHECK_EQ(m->uss_delta, m->explained + m->headers + m->retained + m->arenas + m->stacks +
				       m->anonymous + m->other - m->shrunk);
}

/* Explained is what lies where memory has grown, as far as it has. */
static void blocks_explain_growth_where_they_are(void)
{
	pid_t pid = start_target();
	uint64_t first = await_target(pid), second;
	struct reconcile *r = reconcile__new(pid, false);
	struct report_map map[REPORT_MAX_MAP];
	uint64_t uss = 0, size = 0;
	struct report_memory m;
	size_t n_map, i;

	/* nothing has happened */
	reconcile__begin(r);
	reconcile__add(r, first, 8 * MIB, 1, false);
	reconcile__finish(r, &m);
	check_sum(&m);
	CHECK(llabs(m.uss_delta) < TOLERANCE);
	CHECK_EQ(m.explained, 0);
	CHECK_EQ(m.anonymous, 0);

	kill(pid, SIGCONT);
	second = await_target(pid);
	/* no blocks: nothing is explained */
	reconcile__begin(r);
	reconcile__finish(r, &m);
	check_sum(&m);
	check_near((uint64_t)m.uss_delta, 4 * MIB);
	CHECK_EQ(m.explained, 0);
	CHECK_EQ(m.anonymous, 3 * MIB);
	check_near(m.other, MIB);
	/* all of the first mapping is outstanding, of which 3 MiB are new in memory */
	reconcile__begin(r);
	reconcile__add(r, first, 8 * MIB, 1, false);
	reconcile__finish(r, &m);
	check_sum(&m);
	CHECK_EQ(m.explained, 3 * MIB);
	CHECK_EQ(m.anonymous, 0);
	/* half a MiB of each, and two that stand for more; some where nothing is */
	reconcile__begin(r);
	reconcile__add(r, first, MIB / 2, 1, false);
	reconcile__add(r, second, MIB / 2, 1, false);
	reconcile__add(r, first + MIB, MIB / 8, 4, false);
	reconcile__add(r, first + 2 * MIB, MIB / 8, 2, false);
	reconcile__add(r, second + 16 * MIB, MIB, 1, false);
	reconcile__add(r, UINT64_MAX - 100, 4096, 1, false);
	reconcile__add(r, 0, 16, 1, true);
	reconcile__finish(r, &m);
	check_sum(&m);
	CHECK_EQ(m.explained, MIB + 3 * MIB / 4);
	/* a block that begins before the mapping, and ends in it; one that ends behind it */
	reconcile__begin(r);
	reconcile__add(r, first - 4096, MIB + 4096, 1, false);
	reconcile__add(r, second + MIB / 2, 2 * MIB, 1, false);
	reconcile__finish(r, &m);
	check_sum(&m);
	CHECK_EQ(m.explained, MIB + MIB / 2);
	/* of a program that began with the trace, everything has grown */
	reconcile__restart(r);
	reconcile__begin(r);
	n_map = reconcile__map(r, map);
	reconcile__finish(r, &m);
	/* the parts of the map are what the whole holds; the two mappings of 3 and 1 MiB are in it
	 */
	for (i = 0; i < n_map; i++) {
		uss += map[i].uss;
		size += strcmp(map[i].kind, "anonymous") ? 0 : map[i].size;
		CHECK(!i || map[i].held <= map[i - 1].held);
	}
	CHECK_EQ(uss, m.uss);
	CHECK(n_map > 3 && size >= 8 * MIB);
	CHECK_EQ(reconcile__map(r, map), 0);
	check_sum(&m);
	CHECK_EQ(m.uss_delta, m.uss);
	CHECK(m.uss > 8 * MIB);

	end_target(pid);
	reconcile__begin(r);
	reconcile__add(r, first, 8 * MIB, 1, false);
	reconcile__finish(r, &m);
	CHECK(!m.known);
	reconcile__free(r);
	reconcile__free(NULL);
}

static void check_sentence(const struct report *r, int (*say)(FILE *, const struct report *),
			   const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int said = say(out, r);

	fclose(out);
	CHECK_EQ(said, *expected != 0);
	CHECK_STR(text, expected);
	free(text);
}

static void sentences(void)
{
	struct report r = {.memory = {.known = true}};
	struct report_memory *m = &r.memory;

	m->uss = 100 * MIB;
	m->uss_delta = 43201331;
	m->explained = 42886758;
	m->headers = 314573;
	m->lists_known = true;
	check_sentence(&r, render_memory__sentence,
		       "USS grew by 41.2 MiB while tracing; outstanding allocations explain 40.9 "
		       "MiB (99 %)");
	check_sentence(&r, render_memory__verdict, "");
	/* never 100 % of something that is not all */
	m->explained = m->uss_delta - 1;
	check_sentence(&r, render_memory__sentence,
		       "USS grew by 41.2 MiB while tracing; outstanding allocations explain 41.2 "
		       "MiB (99 %)");
	/* nor a share of a whole that is smaller */
	m->explained = 60 * MIB;
	m->shrunk = 20 * MIB;
	r.sampling.bytes = 4096;
	check_sentence(&r, render_memory__sentence,
		       "USS grew by 41.2 MiB while tracing; outstanding allocations explain ≈ 60.0 "
		       "MiB; less 20.0 MiB by which others shrank");
	*m = (struct report_memory){.known = true,
				    .uss_delta = 10 * MIB,
				    .explained = MIB,
				    .retained = 5 * MIB,
				    .arenas = MIB,
				    .stacks = MIB,
				    .anonymous = MIB,
				    .other = MIB,
				    .lists_known = true,
				    .lists_at_least = true,
				    .page_tables_delta = MIB};
	r.sampling.bytes = 0;
	check_sentence(
		&r, render_memory__sentence,
		"USS grew by 10.0 MiB while tracing; outstanding allocations explain 1.0 MiB "
		"(10 %); free in malloc's lists, as far as these were read, 5.0 MiB; else in "
		"malloc's heaps (caches of threads, blocks not followed) 1.0 MiB; thread "
		"stacks 1.0 MiB; other anonymous mappings 1.0 MiB; mappings of files, static "
		"data and others 1.0 MiB; page tables, which are not in USS, grew by 1.0 MiB");
	check_sentence(&r, render_memory__verdict,
		       "most of this growth is retained by the allocator, not leaked: free memory "
		       "that malloc keeps for later");
	m->retained--;
	check_sentence(&r, render_memory__verdict, "");
	m->lists_known = false;
	m->anonymous = 3 * MIB;
	check_sentence(
		&r, render_memory__verdict,
		"whether the allocator retains the rest is not known: free lists can be read "
		"of glibc's malloc only");
	*m = (struct report_memory){.known = true, .uss = 3 * MIB, .uss_delta = -4096};
	check_sentence(&r, render_memory__sentence,
		       "USS is 3.0 MiB, about as when tracing began (-4.0 KiB)");
	m->uss_delta = -2 * MIB;
	check_sentence(&r, render_memory__sentence,
		       "USS shrank by 2.0 MiB while tracing, to 3.0 MiB");
	check_sentence(&r, render_memory__verdict, "");
	m->known = false;
	check_sentence(&r, render_memory__sentence, "");
	check_sentence(&r, render_memory__verdict, "");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "target"))
		return be_target();
	RUN(blocks_explain_growth_where_they_are);
	RUN(sentences);
	return check_done();
}
