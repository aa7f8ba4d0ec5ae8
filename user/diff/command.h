/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command - memleak-bpf diff: two recordings compared. */
#ifndef DIFF_COMMAND_H
#define DIFF_COMMAND_H

/* argv[0] is "diff". Returns the exit status. */
int diff_command__run(int argc, char **argv);
#endif
