/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_heap - what goes together with --heap. */
#ifndef CLI_HEAP_H
#define CLI_HEAP_H

struct cli;

/* A sentence on what contradicts itself, or NULL. */
const char *cli_heap__problem(const struct cli *cli);
#endif
