/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/gate.h"

#include <stdlib.h>
#include <string.h>

const char *gate_state__name(uint64_t state)
{
	static const char *const names[GATE_STATES] = {"none", "pass", "unsure", "fail"};

	return state < GATE_STATES ? names[state] : "?";
}

void report_gate__clear(struct report_gate *g)
{
	size_t i;

	for (i = 0; !g->is_borrowed && i < g->n_conditions; i++) {
		free(g->conditions[i].expression);
		free(g->conditions[i].why);
	}
	for (i = 0; !g->is_borrowed && i < g->n_suppressions; i++) {
		free(g->suppressions[i].entry);
		free(g->suppressions[i].file);
	}
	if (!g->is_borrowed) {
		free(g->verdict);
		free(g->meaning);
	}
	free(g->conditions);
	free(g->suppressions);
	memset(g, 0, sizeof(*g));
}
