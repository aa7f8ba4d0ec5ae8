/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finish - walks a stack to its end in user space, in a copy of it.
 *
 * For walks that met code before its mapping was known to the BPF side. The rules are those of
 * bpf/unwind.bpf.h.
 */
#ifndef UNWIND_FINISH_H
#define UNWIND_FINISH_H

#include <stdint.h>

#include "unwind/row.h"

struct tables;

/*
 * Append the frames that rest leads to to trace, which ends where rest begins, up to max_depth
 * frames, and set how the walk ended.
 */
void finish__walk(const struct tables *t, const struct stack_rest *rest, uint32_t max_depth,
		  struct stack_trace *trace);
#endif
