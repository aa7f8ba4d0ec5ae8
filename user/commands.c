/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include <stddef.h>
#include <string.h>

#include "diff/command.h"
#include "maps/command.h"
#include "replay/replay.h"
#include "symbolize/command.h"
#include "triage/triage.h"

static const struct command commands[] = {
	{"diff", diff_command__run}, {"maps", maps_command__run},
	{"report", replay__main},    {"symbolize", symbolize_command__run},
	{"triage", triage__main},
};

const struct command *commands__find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
