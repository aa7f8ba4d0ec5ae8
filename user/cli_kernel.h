/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_kernel - which options go with -k, and which do not. Part of cli. */
#ifndef CLI_KERNEL_H
#define CLI_KERNEL_H

struct cli;

/* What is wrong about their combination, in a sentence that says what to do; NULL: nothing. */
const char *cli_kernel__problem(const struct cli *cli);
#endif
