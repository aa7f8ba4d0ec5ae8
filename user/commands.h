/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands - what memleak-bpf does besides tracing: "memleak-bpf NAME ...". Each has its own
 * options and its own --help.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

struct command {
	const char *name;
	/* argv[0] is the command's name. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* NULL: no command of that name. */
const struct command *commands__find(const char *name);
#endif
