/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli - the command line, parsed into values. Only main includes this.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "gate/gate.h"
#include "listen_address.h"
#include "render/render.h"
#include "report/profile.h"
#include "report/report.h"

struct cli {
	pid_t pid;	     /* -p, 0: none */
	char **command;	     /* -c or --: NULL-terminated, NULL: none; lives until cli__clear */
	bool command_split;  /* command comes from -c and is freed by cli__clear; else it is argv's
			      */
	const char *user;    /* --user, NULL: not given */
	bool follow;	     /* --follow */
	uint64_t follow_max; /* --follow-max, default 32; 0: not given */
	bool max_live_given;
	uint64_t older_ns; /* -o, default 500 ms */
	bool older_given;
	uint64_t min_size, max_size; /* -z -Z, bytes; 0 and UINT64_MAX */
	size_t top;		     /* -T, default 10; 0: all */
	bool show_blocks;	     /* -a */
	bool trace;		     /* -t */
	uint64_t sample;	     /* -s, default 1 */
	uint64_t sample_bytes;	     /* --sample-bytes, 0: none */
	const char *object;	     /* -O */
	const char *prefix;	     /* -S */
	const char *offsets;	     /* --offset */
	bool combined_only;	     /* -C */
	enum report_sort sort;	     /* --sort */
	int verbose;		     /* -v, counted */
	uint64_t interval_s; /* INTERVAL, default 5; 0: not given and a command: only the final
				report */
	uint64_t count;	     /* COUNT, 0: for ever */
	uint64_t duration_s; /* -d, 0: none */
	uint64_t max_live;   /* --max-live, default 1,048,576 blocks */
	uint64_t max_stacks; /* --max-stacks, default 16,384 */
	bool frame_pointers; /* --stack fp */
	bool probes_pair, probes_point; /* --probes pair, point; neither: auto */
	uint32_t max_depth;		/* --max-depth, 1..127, default 127 */
	/* -k: the kernel's own allocators instead of a process */
	bool kernel;
	bool pages, percpu, vmalloc; /* --pages, -P, --vmalloc: these of them, too */
	const char *filter;	     /* -f */
	uint64_t stack_every;	     /* --stack-every, default 64 */
	uint64_t dump;		     /* --dump, bytes; 0: no contents */
	const char *type;	     /* --type */
	bool heap;		     /* --heap: what is on the heap already, without tracing */
	bool by_whom;		     /* --by-whom, with --heap, --reach or a command */
	bool reach, no_reach;	     /* --reach, --no-reach; neither: */
	bool reach_at_exit;	     /* it is looked at when it exits: by default of a command */
	uint64_t confirm_s;	     /* --confirm, 0: none */
	uint64_t max_pause_ms;	     /* --max-pause, default 500 */
	bool max_pause_given;
	uint64_t max_memory;   /* --max-memory, bytes, 0: not given */
	bool profile;	       /* --profile */
	enum report_view view; /* --view */
	bool no_color;
	const char *format;	      /* --format, default "text" */
	const char *output[RENDER_N]; /* --text FILE and so on, by format; NULL: none */
	const char *listen; /* --listen, NULL: not given; INTERVAL is 5 then, with a command, too */
	struct listen_address listen_address;
	struct gate_opts gate; /* --fail-on and so on */
	bool debuginfod;       /* --debuginfod */
	bool version, help;
};

/*
 * Parse. Returns 0, or -EINVAL after one line on err that names the option and what it takes
 * (the caller exits with 2). With --help or --version the rest is not looked at. Numbers with
 * trailing garbage, out of range, or negative are refused. Contradictions (-p with a command, -z
 * above -Z, COUNT without -p or a command ...) too. Nothing given at all: refused with a hint to
 * --help.
 */
int cli__parse(int argc, char **argv, struct cli *cli, FILE *err);
void cli__clear(struct cli *cli);
void cli__help(FILE *out);
#endif
