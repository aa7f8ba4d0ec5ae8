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

bool cli_heap__takes(const char *option)
{
	static const char *const options[] = {"heap",	"pid",	   "top",
					      "dump",	"by-whom", "max-pause",
					      "format", "verbose", "no-color"};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!strcmp(option, options[i]))
			return true;
	return false;
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
	return NULL;
}
