/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec_storm - snapshots of a program that replaces itself (execve) again and again: whenever one
 *is taken, it balances to one, and holds the blocks of one program only.
 *
 *	exec_storm NAME TIMES
 *
 * Prints a line for tests/run. The program is this file, too: exec_storm - GENERATIONS-TO-COME.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "report/report.h"
#include "trace_priv.h"

#define N_BLOCKS 500
#define BLOCK_SIZE 77
#define PATIENCE_S 120

static void *volatile sink;

__attribute__((noinline)) static void leak(void)
{
	for (int i = 0; i < N_BLOCKS; i++)
		sink = malloc(BLOCK_SIZE);
}

/* Replaces itself while there are generations to come; the last one stays. */
static int program(unsigned long to_come)
{
	char left[24];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	leak();
	if (to_come) {
		snprintf(left, sizeof(left), "%lu", to_come - 1);
		execl("/proc/self/exe", "exec_storm", "-", left, (char *)NULL);
		return 3;
	}
	raise(SIGSTOP);
	return 0;
}

static uint64_t leaked(const struct report *r)
{
	uint64_t count = 0;

	for (size_t i = 0; i < r->n_sites; i++)
		for (size_t k = 0; k < r->sites[i].n_blocks; k++)
			count += r->sites[i].blocks[k].size == BLOCK_SIZE;
	return count;
}

static const char *judge_report(struct trace *t, uint64_t *seen, uint64_t *left)
{
	static char complaint[200];
	struct report *r = NULL;
	int err;

	events__drain(t->events);
	err = snapshot__take(&t->snapshot, false, true, &r);
	if (err)
		return strerror(-err);
	if (r->account.imbalance || report__balance(&r->account))
		snprintf(complaint, sizeof(complaint),
			 "does not balance by %" PRId64 ", %" PRId64 ": seen %" PRIu64
			 ", given up %" PRIu64,
			 r->account.imbalance, report__balance(&r->account), r->account.seen,
			 r->account.gone_exec);
	else if (leaked(r) > N_BLOCKS)
		snprintf(complaint, sizeof(complaint), "%" PRIu64 " blocks of one program",
			 leaked(r));
	else if (r->account.freed > r->account.seen / 2)
		snprintf(complaint, sizeof(complaint),
			 "%" PRIu64 " of %" PRIu64 " are taken for freed", r->account.freed,
			 r->account.seen);
	*seen = r->account.seen;
	*left = leaked(r);
	report__free(r);
	return complaint[0] ? complaint : NULL;
}

static const char *judge(struct trace *t, unsigned int *n)
{
	uint64_t began = trace__now_ns(), seen, left = 0;
	const char *wrong = NULL;
	bool last = false;
	int status;

	kill(t->pid, SIGCONT);
	while (!wrong && !last) {
		/* one more when it has come to its end */
		last = waitpid(t->pid, &status, WNOHANG | WUNTRACED) == t->pid;
		if (last && !WIFSTOPPED(status))
			return "the program has ended early";
		wrong = judge_report(t, &seen, &left);
		++*n;
		if (trace__now_ns() - began > PATIENCE_S * 1000000000ULL)
			return "the program does not get on";
	}
	if (!wrong && left != N_BLOCKS)
		return "the last program's blocks are not there";
	return wrong;
}

int main(int argc, char **argv)
{
	struct trace_opts opts = {
		.model = {.sampling = {.calls = 1}, .show_blocks = true},
		.max_size = UINT64_MAX,
		.max_live = 1 << 14,
		.max_stacks = 1 << 16,
		.max_depth = 127,
	};
	struct status status;
	struct trace t = {.opts = &opts, .out = stdout, .pidfd = -1, .signals = -1};
	const char *wrong = "cannot trace";
	unsigned int n = 0;

	if (argc != 3) {
		fprintf(stderr, "Usage: exec_storm NAME TIMES\n");
		return 2;
	}
	if (!strcmp(argv[1], "-"))
		return program(strtoul(argv[2], NULL, 10));
	opts.pid = fork();
	if (!opts.pid) {
		raise(SIGSTOP);
		execl("/proc/self/exe", "exec_storm", "-", argv[2], (char *)NULL);
		_exit(127);
	}
	waitpid(opts.pid, NULL, WUNTRACED);
	status__init(&status, stderr);
	t.status = &status;
	if (!trace__set_up(&t))
		wrong = judge(&t, &n);
	if (wrong)
		printf("FAIL %s: after %u reports: %s\n", argv[1], n, wrong);
	else
		printf("PASS %s: %u reports while the program replaced itself %s times\n", argv[1],
		       n, argv[2]);
	kill(opts.pid, SIGKILL);
	waitpid(opts.pid, NULL, 0);
	trace__tear_down(&t);
	return wrong != NULL;
}
