/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command - "memleak-bpf maps PID [INTERVAL [COUNT]]". */
#ifndef MAPS_COMMAND_H
#define MAPS_COMMAND_H

int maps_command__run(int argc, char **argv);
#endif
