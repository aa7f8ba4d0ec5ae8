/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli_reach.h"

#include "cli.h"

/* What blocks point to that are not known would look lost. */
static bool knows_all_blocks(const struct cli *cli)
{
	return cli->sample <= 1 && !cli->sample_bytes && !cli->min_size &&
	       cli->max_size == UINT64_MAX;
}

bool cli_reach__at_exit(const struct cli *cli)
{
	return cli->command && !cli->reach && !cli->no_reach && knows_all_blocks(cli);
}

const char *cli_reach__problem(const struct cli *cli)
{
	if (cli->reach && cli->no_reach)
		return "--reach and --no-reach exclude each other";
	if (cli->no_reach && !cli->command)
		return "--no-reach goes with a command: a process that runs is looked at with "
		       "--reach only";
	if (!cli->reach && (cli->confirm_s || (cli->max_pause_given && !cli->heap)))
		return "--confirm and --max-pause go with --reach";
	if (cli->max_memory && !cli->reach && !cli_reach__at_exit(cli))
		return "--max-memory goes with --reach, or a command that is looked at when it "
		       "exits";
	if (cli->reach && !knows_all_blocks(cli))
		return "--reach has to know every block: not with -s, --sample-bytes, -z or -Z";
	if (cli->by_whom && cli->follow)
		return "--by-whom and --follow exclude each other: a sum has no variables";
	if (cli->by_whom && !cli->heap && !cli->reach && !cli_reach__at_exit(cli))
		return "--by-whom goes with --heap, --reach or a command that is looked at when it "
		       "exits";
	return NULL;
}
