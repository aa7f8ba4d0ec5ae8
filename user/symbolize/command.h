/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command - memleak-bpf symbolize: names for a recording that has none. */
#ifndef SYMBOLIZE_COMMAND_H
#define SYMBOLIZE_COMMAND_H

/* argv[0] is "symbolize". Returns the exit status. */
int symbolize_command__run(int argc, char **argv);
#endif
