/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_heap - what goes together with --heap. */
#ifndef CLI_HEAP_H
#define CLI_HEAP_H

#include <stdbool.h>

struct cli;

/* Does this option, by its long name, mean anything with --heap? */
bool cli_heap__takes(const char *option);

/* A sentence on what contradicts itself, or NULL. */
const char *cli_heap__problem(const struct cli *cli);
#endif
