/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs for the kernel's allocators, those for kernels before 5.15 among them, which load on
 * all. The judge is a child that holds messages in queues, each of them an object of a size that
 * follows from what it sent. Needs root.
 */
#include "check.h"
#include "children.h"

#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include <bpf/btf.h>

#include "kernel/kallsyms.h"
#include "kernel/kobjects.h"
#include "kernel/kreport.h"
#include "kernel/ksession.h"
#include "report/report.h"

#define MESSAGES 200
#define TEXT 1000 /* and a header of 48 bytes: an object of 2,048 */
#define OBJECT 2048
#define SENT 8 /* messages in a queue; 16 KiB are allowed */

static struct child child;
static struct btf *btf;
static struct kallsyms *symbols;
static struct ksession *session;
static struct kreport *reports;

/* --- the child: a byte is a command, and is echoed when it is done */

static int queues[MESSAGES / SENT];

static int send_all(void)
{
	static struct {
		long type;
		char text[TEXT];
	} message = {.type = 1};
	size_t i;

	for (i = 0; i < MESSAGES; i++) {
		if (i % SENT == 0)
			queues[i / SENT] = msgget(IPC_PRIVATE, 0600);
		if (msgsnd(queues[i / SENT], &message, TEXT, IPC_NOWAIT))
			return -1;
	}
	return 0;
}

static void drop_all(void)
{
	size_t i;

	for (i = 0; i < MESSAGES / SENT; i++)
		msgctl(queues[i], IPC_RMID, NULL);
}

static void run_child(int in, int out)
{
	char command;

	while (read(in, &command, 1) == 1) {
		if (command == 's' && send_all())
			command = '!';
		if (command == 'd')
			drop_all();
		if (write(out, &command, 1) != 1)
			break;
	}
	_exit(0);
}

static bool fork_child(void)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	child = (struct child){.pid = fork(), .in = in[1], .out = out[0]};
	if (!child.pid) {
		close(in[1]);
		run_child(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	return child.pid > 0;
}

static char tell(char command)
{
	char answer = 0;

	if (write(child.in, &command, 1) != 1 || read(child.out, &answer, 1) != 1)
		return 0;
	return answer;
}

/* --- */

static bool begin_with(bool old, uint64_t max_live, const struct btf *slab_types)
{
	const struct kreport_opts reporting = {.selective = true};
	struct ksession_opts opts = {
		.max_size = UINT64_MAX,
		.max_live = max_live,
		.max_stacks = 1024,
		.max_depth = MEMLEAK_MAX_DEPTH,
		.stack_every = 64,
		.old = old,
		.btf = btf,
		.symbols = symbols,
	};
	const char *why;

	if (!fork_child())
		return false;
	opts.tgid = child.pid;
	if (ksession__new(&opts, &session, &why))
		return false;
	reports = kreport__new(&reporting, session, slab_types, symbols);
	return reports != NULL;
}

static bool begin(bool old, uint64_t max_live)
{
	return begin_with(old, max_live, btf);
}

static void end(void)
{
	kreport__free(reports);
	ksession__free(session);
	child_stop(&child);
	reports = NULL;
	session = NULL;
}

struct sum {
	uint64_t count, bytes, sites, lost;
	bool is_marked; /* as perhaps free already */
};

/* What load_msg has outstanding. The account has to balance. */
static struct sum look(void)
{
	struct report *r = NULL;
	struct sum sum = {0};
	size_t i;

	CHECK_EQ(kreport__take(reports, &r), 0);
	for (i = 0; r && i < r->n_sites; i++) {
		const struct report_site *s = &r->sites[i];

		if (!s->n_frames || !s->frames[0].function ||
		    strcmp(s->frames[0].function, "load_msg"))
			continue;
		sum.count += s->count;
		sum.bytes += s->bytes;
		sum.sites++;
		sum.is_marked |= s->detail && strstr(s->detail, "may be free already");
	}
	if (r) {
		sum.lost = report__lost(&r->account);
		CHECK_EQ(r->account.seen,
			 r->account.freed + r->account.outstanding + report__lost(&r->account));
	}
	report__free(r);
	return sum;
}

static void counts(bool old)
{
	struct sum sum;
	int round;

	if (!begin(old, 10000)) {
		CHECK(!"it begins");
		end();
		return;
	}
	for (round = 0; round < 3; round++) {
		CHECK_EQ(tell('s'), 's');
		sum = look();
		CHECK_EQ(sum.count, MESSAGES);
		CHECK_EQ(sum.bytes, MESSAGES * OBJECT);
		CHECK_EQ(sum.sites, 1);
		CHECK_EQ(sum.lost, 0);
		CHECK(!sum.is_marked);
		CHECK_EQ(tell('d'), 'd');
		CHECK_EQ(look().count, 0);
	}
	end();
}

/* What does not fit is lost, and said to be; what was there is found. */
static void full(bool old)
{
	struct sum sum;

	if (!begin(old, 100)) {
		CHECK(!"it begins");
		end();
		return;
	}
	CHECK_EQ(tell('s'), 's');
	sum = look();
	CHECK(sum.count <= MESSAGES && sum.count >= 50);
	CHECK(!old || sum.lost > 0);
	CHECK(sum.lost >= MESSAGES - sum.count);
	CHECK_EQ(tell('d'), 'd');
	CHECK_EQ(look().count, 0);
	end();
}

/* Where slabs cannot be looked into, sites that may hold what is free are marked. */
static void blind(void)
{
	struct btf *nothing = btf__new_empty();
	struct sum sum;

	if (begin_with(false, 10000, nothing)) {
		CHECK(!kreport__finds_dead(reports));
		CHECK_EQ(tell('s'), 's');
		sum = look();
		CHECK_EQ(sum.count, MESSAGES);
		CHECK(sum.is_marked);
	} else {
		CHECK(!"it begins");
	}
	end();
	btf__free(nothing);
}

/* An object that is freed, and one that takes its place, are not what was read. */
static void freed_while_read(bool old)
{
	struct kobjects objects = {0}, gone = {0};
	size_t i, n;
	uint8_t byte;

	if (!begin(old, 10000)) {
		CHECK(!"it begins");
		end();
		return;
	}
	CHECK_EQ(tell('s'), 's');
	CHECK_EQ(kobjects__collect(session, KOBJECTS_EVER, &objects, NULL), 0);
	CHECK_EQ(kobjects__confirm(session, &objects), 0);
	CHECK(objects.n >= MESSAGES);
	for (i = n = 0; i < objects.n; i++) {
		n += kobject__alloc(&objects.at[i]) == OBJECT;
		CHECK_EQ(ksession__peek(session, objects.at[i].addr, &byte, 1), 0);
	}
	CHECK_EQ(tell('d'), 'd');
	usleep(20000); /* another tick of the clock */
	CHECK_EQ(tell('s'), 's');
	/* all that were messages have gone */
	CHECK_EQ(kobjects__sift(session, &objects, &gone), 0);
	for (i = 0; i < objects.n; i++)
		CHECK(kobject__alloc(&objects.at[i]) != OBJECT);
	for (i = 0; i < gone.n; i++)
		n -= kobject__alloc(&gone.at[i]) == OBJECT;
	CHECK_EQ(n, 0);
	CHECK(ksession__peek(session, 8, &byte, 1) < 0);
	kobjects__clear(&objects);
	kobjects__clear(&gone);
	end();
}

static void freed_now(void)
{
	freed_while_read(false);
}

static void freed_old(void)
{
	freed_while_read(true);
}

static void counts_now(void)
{
	counts(false);
}

static void counts_old(void)
{
	counts(true);
}

static void full_now(void)
{
	full(false);
}

static void full_old(void)
{
	full(true);
}

int main(void)
{
	FILE *in = fopen("/proc/kallsyms", "re");

	signal(SIGPIPE, SIG_IGN);
	btf = btf__load_vmlinux_btf();
	if (geteuid() || !btf || !in || kallsyms__read(in, &symbols)) {
		printf("SKIP test_kernel_session.c: needs root, BTF and kallsyms\n");
	} else {
		RUN(counts_now);
		RUN(counts_old);
		RUN(blind);
		RUN(freed_now);
		RUN(freed_old);
		RUN(full_now);
		RUN(full_old);
	}
	if (in)
		fclose(in);
	kallsyms__free(symbols);
	btf__free(btf);
	return check_done();
}
