/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_table - the options. Part of cli. */
#include "cli_priv.h"

#include "gate/options.h"
#include "render/render.h"

#define FORMAT_NAME(name, help) " " #name
#define FORMAT_NAMES RENDER_FORMATS(FORMAT_NAME)
#define OUTPUT_OPTION(name, help) {OPT_OUTPUT + RENDER_ID_##name, #name, "a file name"},
#define GATE_OPTION(id, name, takes) {id, name, takes},

const struct opt cli_opts[] = {
	{'p', "pid", "a process id (1 to 4194304)"},
	{'c', "command", "a command line"},
	{'o', "older", "a number of milliseconds (0 to 9223372036854)"},
	{'z', "min-size", "a number of bytes (4096, 4K, 1M, 2G)"},
	{'Z', "max-size", "a number of bytes (4096, 4K, 1M, 2G)"},
	{'T', "top", "a number of stacks (0: all)"},
	{'a', "show-allocs", NULL},
	{'t', "trace", NULL},
	{'s', "sample-rate", "a number of allocations (1 to 4294967295)"},
	{OPT_SAMPLE_BYTES, "sample-bytes", "a number of bytes (1 to 1099511627776, 512K, 1M)"},
	{'O', "object", "the path or file name of an object"},
	{'S', "symbols-prefix", "a prefix of function names, like je_"},
	{'C', "combined-only", NULL},
	{'F', "wa-missing-free", NULL},
	{'d', "duration", "a number of seconds (1 to 31536000)"},
	{'v', "verbose", NULL},
	{'h', "help", NULL},
	{OPT_USER, "user", "a user: NAME or UID, or with a group NAME:GROUP or UID:GID"},
	{OPT_FOLLOW, "follow", NULL},
	{OPT_FOLLOW_MAX, "follow-max", "a number of processes (1 to 4096)"},
	{OPT_SORT, "sort", "verdict, size or count"},
	{OPT_OFFSET, "offset", "a list like malloc=0x1234,free=0x5678"},
	{OPT_MAX_LIVE, "max-live", "a number of blocks (1 to 117440512)"},
	{OPT_MAX_STACKS, "max-stacks", "a number of stacks (1 to 4194304)"},
	{OPT_STACK, "stack", "table or fp"},
	{OPT_PROBES, "probes", "auto, pair or point"},
	{OPT_HEAP, "heap", NULL},
	{OPT_BY_WHOM, "by-whom", NULL},
	{OPT_REACH, "reach", NULL},
	{OPT_NO_REACH, "no-reach", NULL},
	{OPT_CONFIRM, "confirm", "a number of seconds (1 to 31536000, 10, 10s)"},
	{OPT_MAX_PAUSE, "max-pause", "a number of milliseconds (1 to 3600000)"},
	{OPT_MAX_MEMORY, "max-memory", "a number of bytes from 64K on (64M, 2G)"},
	{OPT_MAX_DEPTH, "max-depth", "a number of frames (1 to 127)"},
	{OPT_NO_COLOR, "no-color", NULL},
	{OPT_DEBUGINFOD, "debuginfod", NULL},
	{OPT_VERSION, "version", NULL},
	{OPT_FORMAT, "format", "one of" FORMAT_NAMES},
	RENDER_FORMATS(OUTPUT_OPTION) GATE_OPTIONS(GATE_OPTION){'k', "kernel", NULL},
	{'P', "percpu", NULL},
	{'f', "filter", "an expression like 'bytes_alloc == 4096'"},
	{OPT_PAGES, "pages", NULL},
	{OPT_VMALLOC, "vmalloc", NULL},
	{OPT_STACK_EVERY, "stack-every", "a number of allocations (1 to 1048576)"},
	{OPT_DUMP, "dump", "a number of bytes (1 to 1M)"},
	{OPT_TYPE, "type", "the name of a structure of the kernel"},
	{OPT_PROFILE, "profile", NULL},
	{OPT_VIEW, "view", REPORT_VIEW_NAMES},
	{OPT_LISTEN, "listen", LISTEN_TAKES},
};
const size_t cli_n_opts = sizeof(cli_opts) / sizeof(*cli_opts);
_Static_assert(sizeof(cli_opts) / sizeof(*cli_opts) <= CLI_MAX_OPTS,
	       "each has a place in struct parser");

const struct opt *cli_opt__find(int id)
{
	size_t i;

	for (i = 0; i < cli_n_opts; i++)
		if (cli_opts[i].id == id)
			return &cli_opts[i];
	return NULL;
}

const char *cli_opt__name(char buf[32], const struct opt *opt)
{
	if (opt->id < 256)
		snprintf(buf, 32, "-%c", opt->id);
	else
		snprintf(buf, 32, "--%s", opt->name);
	return buf;
}
