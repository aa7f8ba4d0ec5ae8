/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unwind_keep - preloaded: nothing is freed, so each allocation's stack is in the report. */
void free(void *p);

void free(void *p)
{
	(void)p;
}
