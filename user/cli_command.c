/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli_command.h"

#include <errno.h>
#include <string.h>

#include "cli.h"

int cli_command__take_user(struct cli *cli, const char *value)
{
	const char *colon = strchr(value, ':');

	if (!*value || colon == value || (colon && (!colon[1] || strchr(colon + 1, ':'))))
		return -EINVAL;
	cli->user = value;
	return 0;
}

const char *cli_command__problem(const struct cli *cli)
{
	if (cli->user && !cli->command)
		return "--user goes with a command: a process that runs has its user already";
	if (cli->follow && cli->kernel)
		return "--follow is for processes: with -k -p PID say whose allocations";
	if (cli->follow_max && !cli->follow)
		return "--follow-max goes with --follow";
	return NULL;
}
