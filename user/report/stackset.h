/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stackset - the distinct stacks of a session: asks for the frames of a key once, and gives stacks
 * with the same frames the same number, whatever their keys.
 */
#ifndef REPORT_STACKSET_H
#define REPORT_STACKSET_H

#include "report/model.h"

struct stackset;

struct stackset *stackset__new(model_stack_fn fn, void *arg, uint64_t seed); /* NULL: no memory */
void stackset__free(struct stackset *s);
/* The number of the stack with this key. Returns 0 or negative errno. */
int stackset__get(struct stackset *s, uint64_t key, uint32_t *id);
/* Valid until the next stackset__get. */
const struct model_stack *stackset__at(const struct stackset *s, uint32_t id);
/* Total order by what is in the stacks: <0, 0, >0. */
int stackset__compare(const struct stackset *s, uint32_t a, uint32_t b);
#endif
