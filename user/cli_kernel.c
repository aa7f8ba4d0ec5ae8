/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli_kernel.h"

#include <linux/types.h>

#include "../bpf/memleak.h"

#include "../bpf/kernel.h"
#include "cli.h"

_Static_assert(KERNEL_MAX_LIVE == 11184810, "the number in the message below");

static const char *process_problem(const struct cli *cli)
{
	if (cli->pages || cli->percpu || cli->vmalloc || cli->filter || cli->stack_every ||
	    cli->type)
		return "--pages, -P, --vmalloc, -f, --stack-every and --type are for the kernel's "
		       "memory: give -k, too";
	return NULL;
}

const char *cli_kernel__problem(const struct cli *cli)
{
	if (!cli->kernel)
		return process_problem(cli);
	if (cli->command)
		return "-k and a command exclude each other: -k traces the whole machine, or with "
		       "-p PID what one process causes";
	if (cli->object || cli->prefix || cli->offsets || cli->frame_pointers || cli->probes_pair ||
	    cli->probes_point)
		return "-O, -S, --offset, --stack and --probes are for processes, not for -k";
	if (cli->reach)
		return "--reach is for processes: who holds a pointer to the kernel's memory is "
		       "not looked for";
	if (cli->sample > 1 || cli->sample_bytes)
		return "-k follows every allocation; what costs time are stacks: --stack-every N "
		       "instead of a sample";
	if (cli->trace)
		return "-t is for processes; trace-cmd record -e kmem prints the kernel's "
		       "allocations as they happen";
	if (cli->max_live > KERNEL_MAX_LIVE)
		return "option --max-live: with -k at most 11184810 objects";
	return NULL;
}
