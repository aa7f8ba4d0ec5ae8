/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_reach - what goes together with --reach, and when it is on without being asked for. */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include <stdbool.h>

struct cli;

/* A sentence on what contradicts itself, or NULL. */
const char *cli_reach__problem(const struct cli *cli);
/* Is a started command looked at when it exits, though nobody has said so? */
bool cli_reach__at_exit(const struct cli *cli);
#endif
