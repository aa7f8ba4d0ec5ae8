/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli_heap.h"

#include <string.h>

#include "cli.h"

static bool has_files(const struct cli *cli)
{
	int i;

	for (i = 0; i < RENDER_N; i++)
		if (cli->output[i])
			return true;
	return cli->listen;
}

const char *cli_heap__problem(const struct cli *cli)
{
	if (!cli->heap)
		return NULL;
	if (cli->kernel || cli->command || !cli->pid)
		return "--heap looks at a running process: give -p PID, and neither -k nor a "
		       "command";
	if (has_files(cli) ||
	    (strcmp(cli->format, "text") != 0 && strcmp(cli->format, "json") != 0))
		return "--heap prints text, or JSON with --format json: blocks from before tracing "
		       "have no stacks";
	if (cli->dump && strcmp(cli->format, "json") == 0)
		return "--dump is text: with --heap, not in JSON";
	if (cli->reach || cli->confirm_s || cli->trace || cli->show_blocks || cli->combined_only ||
	    cli->object || cli->prefix || cli->offsets || cli->sample > 1 || cli->sample_bytes ||
	    cli->duration_s || cli->count)
		return "--heap looks once at what is there, and traces nothing: only -p, -T, "
		       "--dump, --by-whom and --max-pause go with it";
	return NULL;
}
