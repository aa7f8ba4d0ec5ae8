/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli_profile.h"

#include "cli.h"

const char *cli_profile__problem(const struct cli *cli)
{
	if (!cli->profile)
		return cli->view == REPORT_VIEW_LEAKED
			       ? NULL
			       : "--view peak, total and temporary show a profile: give --profile, "
				 "too";
	if (cli->kernel)
		return "--profile is for processes, not for -k";
	if (cli->follow)
		return "--profile is of one process: not with --follow";
	if (cli->sample > 1 || cli->sample_bytes)
		return "--profile counts every allocation: not with -s or --sample-bytes";
	return NULL;
}
