/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_command - options on how a command is started. Part of cli. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

struct cli;

/* --user: value has the form of one; whether there is such a user is looked up later. Returns 0 or
 * -EINVAL. */
int cli_command__take_user(struct cli *cli, const char *value);
/* What is wrong about their combination, in a sentence that says what to do; NULL: nothing. */
const char *cli_command__problem(const struct cli *cli);
#endif
