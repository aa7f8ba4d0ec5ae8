/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cost - what the tracer itself takes. */
#ifndef COST_H
#define COST_H

#include <stdint.h>

struct report_cost;

/* All but the programs' runs. began_ns: when the report was begun, CLOCK_MONOTONIC. */
void cost__fill(struct report_cost *cost, uint64_t began_ns);
#endif
