/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs for kernels before 5.15, on this kernel: they load everywhere. They must not be
 * preempted, which kernels of today do; so their target has one thread, whose programs have nobody
 * to mix things up with. And those for perf events when they are loaded late, on maps that are
 * in use. The judge is the target, which says what it holds. Needs root.
 */
#include <errno.h>
#include <stdlib.h>

#include "attach.h"
#include "check.h"
#include "children.h"
#include "kernel_features.h"
#include "live.h"
#include "session_priv.h"
#include "stacks.h"
#include "target/addrspace.h"
#include "target/allocators.h"
#include "unwind/tables.h"

#define SLOTS 128

static const char program[] =
	"#include <stdint.h>\n"
	"#include <stdlib.h>\n"
	"#include <unistd.h>\n"
	"static struct { void *at; uint64_t size; } held[128];\n"
	"static void put(int i, void *at, uint64_t size) { held[i].at = at; held[i].size = size; "
	"}\n"
	"static void drop(int i) { free(held[i].at); put(i, 0, 0); }\n"
	"__attribute__((noinline)) static void deep(int i, int n)\n"
	"{\n"
	"	if (n > 1)\n"
	"		deep(i, n - 1);\n"
	"	else\n"
	"		put(i, malloc(10), 10);\n"
	"	asm volatile(\"\");\n" /* no tail call */
	"}\n"
	"static void run(char what)\n"
	"{\n"
	"	int i;\n"
	"	switch (what) {\n"
	"	case 'a': for (i = 0; i < 100; i++) put(i, malloc(1000 + i), 1000 + i); break;\n"
	"	case 'b': for (i = 0; i < 50; i++) drop(i); break;\n"
	"	case 'c': put(50, realloc(held[50].at, 50000), 50000);\n"
	"		realloc(held[51].at, (size_t)1 << 62);\n"
	"		posix_memalign(&held[0].at, 64, 777); held[0].size = 777;\n"
	"		put(1, calloc(3, 111), 333); break;\n"
	"	case 'd': put(2, malloc(4242), 4242); break;\n"
	"	case 'e': drop(2); break;\n"
	"	case 's': for (i = 0; i < 40; i++) deep(i, i + 1); break;\n"
	"	}\n"
	"}\n"
	"int main(void)\n"
	"{\n"
	"	char what;\n"
	"	while (read(0, &what, 1) == 1) {\n"
	"		run(what);\n"
	"		write(1, what == '?' ? (void *)held : &what, what == '?' ? sizeof(held) : "
	"1);\n"
	"	}\n"
	"	return 0;\n"
	"}\n";

/* An allocator whose realloc lets another thread have the old address before it returns. */
static const char overlap[] = "#include <pthread.h>\n"
			      "#include <stdint.h>\n"
			      "#include <stddef.h>\n"
			      "#include <unistd.h>\n"
			      "static struct { void *at; uint64_t size; } held[128];\n"
			      "static char heap[65536] __attribute__((aligned(64)));\n"
			      "static void *next;\n"
			      "static size_t used;\n"
			      "static int there[2], back[2];\n"
			      "void *malloc(size_t n)\n"
			      "{\n"
			      "	void *p = next ? next : heap + used;\n"
			      "	if (!next)\n"
			      "		used += n + 63 & ~63;\n"
			      "	next = NULL;\n"
			      "	return p;\n"
			      "}\n"
			      "void free(void *p) { asm volatile(\"\" : : \"r\"(p)); }\n"
			      "void *realloc(void *p, size_t n)\n"
			      "{\n"
			      "	char c = 0;\n"
			      "	next = p;\n"
			      "	write(there[1], &c, 1);\n"
			      "	read(back[0], &c, 1);\n"
			      "	return heap + 32768;\n"
			      "}\n"
			      "static void *other(void *arg)\n"
			      "{\n"
			      "	char c;\n"
			      "	while (read(there[0], &c, 1) == 1) {\n"
			      "		held[1].at = malloc(held[1].size = 11);\n"
			      "		write(back[1], &c, 1);\n"
			      "	}\n"
			      "	return arg;\n"
			      "}\n"
			      "int main(void)\n"
			      "{\n"
			      "	pthread_t thread;\n"
			      "	char what;\n"
			      "	pipe(there);\n"
			      "	pipe(back);\n"
			      "	pthread_create(&thread, NULL, other, NULL);\n"
			      "	while (read(0, &what, 1) == 1) {\n"
			      "		if (what == 'r') {\n"
			      "			void *p = malloc(10);\n"
			      "			held[0].at = realloc(p, held[0].size = 20);\n"
			      "		}\n"
			      "		write(1, what == '?' ? (void *)held : &what, what == '?' ? "
			      "sizeof(held) : 1);\n"
			      "	}\n"
			      "	_exit(0);\n"
			      "}\n";

struct held {
	uint64_t at, size;
};

static char dir[256];
static struct features features;
static struct child child;
static struct session *session;
static struct addrspace *as;
static struct tables *tables;
static struct attacher *attacher;
static bool traces;
static bool late; /* probe by perf events what a multi link could be had for */

static bool begin(const char *name, uint64_t max_live, uint64_t max_stacks)
{
	char path[512];

	static const struct allocators_opts any = {0};
	struct session_opts opts = {
		.max_size = UINT64_MAX,
		.sample = 1,
		.max_live = max_live,
		.max_stacks = max_stacks,
		.max_depth = MEMLEAK_MAX_DEPTH,
	};
	struct unwind_row *rows;
	bool no_syscalls;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (child_start(&child, path, NULL))
		return false;
	as = addrspace__new(child.pid);
	tables = tables__new();
	if (!as || !tables || addrspace__refresh(as) < 0 || tables__learn(tables, as))
		return false;
	opts.pid = opts.anchor = child.pid;
	opts.unwind_rows = tables__rows(tables) + 1000;
	if (session__new(&opts, &features, &session, &no_syscalls))
		return false;
	/* links are by thread from now on */
	if (late && (session->has_perf || session__reanchor(session, child.pid)))
		return false;
	rows = session__unwind_rows(session, &n);
	tables__attach(tables, rows, n, session__unwind_segs(session), session__state(session));
	tables__publish(tables, as);
	attacher = attacher__new(session, as, &any, NULL, NULL, NULL);
	return attacher && attacher__update(attacher, NULL) > 0;
}

static void end(void)
{
	attacher__free(attacher);
	session__free(session);
	tables__free(tables);
	addrspace__free(as);
	child_stop(&child);
	attacher = NULL;
	session = NULL;
	tables = NULL;
	as = NULL;
}

static bool tell(const char *what)
{
	char echo;

	for (; *what; what++)
		if (write(child.in, what, 1) != 1 || read(child.out, &echo, 1) != 1 ||
		    echo != *what)
			return false;
	return true;
}

/* What the target holds. */
static bool ask(struct held held[SLOTS])
{
	size_t size = SLOTS * sizeof(*held), got = 0;
	ssize_t n;

	if (write(child.in, "?", 1) != 1)
		return false;
	for (; got < size; got += n) {
		n = read(child.out, (char *)held + got, size - got);
		if (n <= 0)
			return false;
	}
	return true;
}

struct seen {
	struct live_block block[SLOTS];
	size_t n;
};

static int collect(const struct live_block *b, void *arg)
{
	struct seen *seen = arg;

	if (seen->n == SLOTS)
		return -ENOSPC;
	seen->block[seen->n++] = *b;
	return 0;
}

static int look(uint32_t epoch, struct seen *seen)
{
	seen->n = 0;
	return live__for_each(session__live(session), session__space(session), epoch, collect,
			      seen);
}

/* Are the blocks those that the target holds, no more, no less, each once? */
static void compare(const struct seen *seen)
{
	struct held held[SLOTS];
	size_t i, k, n = 0, found = 0;

	CHECK(ask(held));
	for (i = 0; i < SLOTS; i++) {
		n += held[i].at != 0;
		for (k = 0; k < seen->n && held[i].at; k++)
			found += seen->block[k].addr == held[i].at &&
				 seen->block[k].size == held[i].size;
	}
	CHECK_EQ(found, n);
	CHECK_EQ(seen->n, n);
}

static void blocks_and_counters_are_exact(void)
{
	struct session_stats st;
	static struct seen seen;

	CHECK(traces);
	if (!traces)
		return;
	CHECK(tell("abc"));
	CHECK_EQ(look(session__next_epoch(session, &st), &seen), 0);
	CHECK_EQ(seen.n, 52);
	compare(&seen);
	CHECK_EQ(session__seen(&st), 103);
	CHECK_EQ(st.sum[STAT_FREED], 51); /* 50, and what realloc replaced */
	CHECK_EQ(st.sum[STAT_FAILED], 1);
	CHECK_EQ(st.sum[STAT_UNTRACKED_FREE], 0);
	CHECK_EQ(st.sum[STAT_IMPLIED], 0);
	CHECK_EQ(st.sum[STAT_ABANDONED], 0);
	CHECK_EQ(st.sum[STAT_LOST_FULL] + st.sum[STAT_STACK_FULL] + st.sum[STAT_EVENT_LOST] +
			 st.sum[STAT_NO_SLOT] + st.sum[STAT_STACK_FAULT],
		 0);
}

static void a_snapshot_shows_what_is_counted(void)
{
	uint32_t epoch;
	struct session_stats st;
	static struct seen seen;

	CHECK(traces);
	if (!traces)
		return;
	epoch = session__next_epoch(session, &st);
	CHECK_EQ(session__seen(&st), 103);
	CHECK(tell("d"));
	CHECK_EQ(look(epoch, &seen), 0);
	CHECK_EQ(seen.n, 52);
	epoch = session__next_epoch(session, &st);
	CHECK_EQ(session__seen(&st), 104);
	CHECK_EQ(look(epoch, &seen), 0);
	CHECK_EQ(seen.n, 53);
	compare(&seen);
	CHECK(tell("e"));
	CHECK_EQ(look(epoch, &seen), 0);
	CHECK_EQ(seen.n, 52);
}

/* The frames of a block's stack. */
static const struct stack_trace *trace_of(const struct live_block *b)
{
	const struct stack_table *t = session__stacks(session);
	uint64_t frames;

	if (!b->stack || b->stack > t->n_slots)
		return NULL;
	frames = t->slots[b->stack - 1].frames;
	if (!frames || frames > t->n_frames)
		return NULL;
	return (const void *)(t->frames + (frames - 1) * t->frames_size);
}

static void stacks_are_whole(void)
{
	const struct stack_trace *trace[40] = {0};
	struct held held[SLOTS];
	struct session_stats st;
	static struct seen seen;
	size_t i, k;

	CHECK(traces);
	if (!traces)
		return;
	CHECK(tell("s"));
	CHECK_EQ(look(session__next_epoch(session, &st), &seen), 0);
	CHECK_EQ(seen.n, 92);
	CHECK(ask(held));
	for (i = 0; i < 40; i++)
		for (k = 0; k < seen.n; k++)
			if (seen.block[k].addr == held[i].at)
				trace[i] = trace_of(&seen.block[k]);
	for (i = 0; i < 40; i++) {
		CHECK(trace[i] && trace[0]);
		if (!trace[i] || !trace[0])
			break;
		CHECK_EQ(trace[i]->head.end, WALK_BOTTOM);
		CHECK_EQ(trace[i]->head.depth, trace[0]->head.depth + i); /* one call more */
	}
	CHECK_EQ(st.sum[STAT_STACK_FULL], 0);
}

static void old_spaces_are_purged(void)
{
	struct session_stats st;
	static struct seen seen;

	CHECK(traces);
	if (!traces)
		return;
	session__state(session)->space++;
	CHECK(tell("d"));
	CHECK_EQ(live__purge(session__live(session), session__space(session)), 92);
	CHECK_EQ(look(session__next_epoch(session, &st), &seen), 0);
	CHECK_EQ(seen.n, 1);
	CHECK_EQ(seen.block[0].size, 4242);
}

/* Room for 70 blocks and 16 stacks. */
static void full_tables_are_counted(void)
{
	struct session_stats st;
	static struct seen seen;

	CHECK(traces);
	if (!traces)
		return;
	CHECK(tell("a"));
	CHECK_EQ(look(session__next_epoch(session, &st), &seen), 0);
	CHECK_EQ(session__seen(&st), 100);
	CHECK_EQ(seen.n, 70);
	CHECK_EQ(st.sum[STAT_LOST_FULL], 30);
	CHECK_EQ(st.sum[STAT_STACK_FULL], 0);
	CHECK(tell("bss")); /* 20 are left; 40 new stacks, twice */
	CHECK_EQ(look(session__next_epoch(session, &st), &seen), 0);
	CHECK_EQ(st.sum[STAT_FREED], 50);
	CHECK_EQ(st.sum[STAT_LOST_FULL], 60);
	CHECK_EQ(seen.n, 70);
	CHECK_EQ(st.sum[STAT_STACK_FULL], 50); /* 15 of them had room */
}

/* The address of a block that realloc holds is handed out again: so realloc has freed it. */
static void an_address_is_taken_during_realloc(void)
{
	struct session_stats st;
	static struct seen seen;

	CHECK(traces);
	if (!traces)
		return;
	CHECK(tell("r"));
	CHECK_EQ(look(session__next_epoch(session, &st), &seen), 0);
	CHECK_EQ(seen.n, 2);
	compare(&seen);
	CHECK_EQ(st.sum[STAT_RECORDED], 3);
	CHECK_EQ(st.sum[STAT_FREED], 1);
	CHECK_EQ(st.sum[STAT_IMPLIED] + st.sum[STAT_LOST_REALLOC] + st.sum[STAT_ABANDONED], 0);
}

static void programs_came_late(void)
{
	CHECK(traces && session->has_perf);
}

int main(void)
{
	features__probe(&features);
	if (features__missing(&features)) {
		printf("SKIP test_old_programs.c: %s\n", features__missing(&features));
		return 0;
	}
	late = features.uprobe_session;
	if (scratch_make(dir, sizeof(dir)))
		return 1;
	if (compile(dir, "holder", "cc", "c", program, "-O1 -fno-builtin") ||
	    compile(dir, "overlap", "cc", "c", overlap, "-O1 -fno-builtin -pthread")) {
		printf("SKIP test_old_programs.c: no C compiler\n");
		scratch_remove(dir);
		return 0;
	}
	if (late) {
		traces = begin("holder", 1000, 100);
		RUN(programs_came_late);
		RUN(blocks_and_counters_are_exact);
		RUN(a_snapshot_shows_what_is_counted);
		RUN(stacks_are_whole);
		RUN(old_spaces_are_purged);
		end();
		late = false;
	}
	features.attach_cookie = false;
	features.uprobe_session = features.uprobe_multi = false;
	traces = begin("holder", 1000, 100);
	RUN(blocks_and_counters_are_exact);
	RUN(a_snapshot_shows_what_is_counted);
	RUN(stacks_are_whole);
	RUN(old_spaces_are_purged);
	end();
	traces = begin("holder", 70, 16);
	RUN(full_tables_are_counted);
	end();
	traces = begin("overlap", 1000, 100);
	RUN(an_address_is_taken_during_realloc);
	end();
	scratch_remove(dir);
	return check_done();
}
