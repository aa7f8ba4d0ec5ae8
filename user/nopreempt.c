/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nopreempt.h"

void nopreempt__begin(struct nopreempt *np)
{
	const struct sched_param lowest = {.sched_priority = 1};

	np->raised = false;
	np->policy = sched_getscheduler(0);
	if (np->policy < 0 || sched_getparam(0, &np->param))
		return;
	/* SCHED_RESET_ON_FORK is part of what sched_getscheduler returned, and is kept */
	np->raised = sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

void nopreempt__end(const struct nopreempt *np)
{
	if (np->raised)
		sched_setscheduler(0, np->policy, &np->param);
}
