/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main - from the command line to a trace. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli.h"
#include "commands.h"
#include "heap/heap.h"
#include "kernel/ktrace.h"
#include "kernel_features.h"
#include "listen.h"
#include "render/output.h"
#include "render/render.h"
#include "standard.h"
#include "trace.h"

#define EXIT_USAGE 2
#define FOLLOW_LIVE (1 << 18) /* blocks of each process that is followed, unless it is said */

static void print_version(void)
{
	struct features f;

	features__probe(&f);
	printf("memleak-bpf %s\nlibbpf %s\n", MEMLEAK_VERSION, libbpf_version_string());
	features__print(&f, stdout);
}

static void list_outputs(const struct cli *cli, struct listen *listen, struct outputs *o)
{
	static char root[PATH_MAX];
	int i;

	*o = (struct outputs){
		.format = renderer__find(cli->format),
		.screen = {.color = !cli->no_color && isatty(STDOUT_FILENO), .top = cli->top},
		.listen = listen,
	};
	o->screen.root = getcwd(root, sizeof(root));
	if (cli->gate.annotate) /* where they spoil no other format */
		o->annotations = o->format == &render_text ? stdout : stderr;
	for (i = 0; i < RENDER_N; i++)
		if (cli->output[i])
			o->file[o->n_files++] = (struct output){renderer__at(i), cli->output[i]};
}

/* What -T leaves out is left out by the text, files have it all. */
static size_t model_top(const struct cli *cli, const struct outputs *o)
{
	if (gate_opts__any(&cli->gate)) /* judges them all */
		return 0;
	return cli->follow || cli->by_whom || o->n_files || o->listen || o->format != &render_text
		       ? 0
		       : cli->top;
}

static int run_kernel(const struct cli *cli, struct gate *gate, struct listen *listen)
{
	struct outputs outputs;
	struct ktrace_opts opts = {
		.pid = cli->pid,
		.model =
			{
				.older_ns = cli->older_ns,
				.sort = cli->sort,
				.show_blocks = cli->show_blocks,
				.combined_only = cli->combined_only,
				.sampling = {.calls = 1},
			},
		.min_size = cli->min_size,
		.max_size = cli->max_size,
		.max_live = cli->max_live,
		.max_stacks = cli->max_stacks,
		.max_depth = cli->max_depth,
		.stack_every = cli->stack_every,
		.pages = cli->pages,
		.percpu = cli->percpu,
		.vmalloc = cli->vmalloc,
		.filter = cli->filter,
		.dump = cli->dump,
		.type = cli->type,
		.debuginfod = cli->debuginfod,
		.interval_s = cli->interval_s,
		.count = cli->count,
		.duration_s = cli->duration_s,
		.outputs = &outputs,
		.gate = gate,
		.verbose = cli->verbose,
	};

	list_outputs(cli, listen, &outputs);
	opts.model.top = model_top(cli, &outputs);
	return ktrace__run(&opts, stdout);
}

static int run_heap(const struct cli *cli)
{
	const struct heap_mode_opts opts = {
		.pid = cli->pid,
		.max_pause_ns = cli->max_pause_ms * 1000000,
		.by_whom = cli->by_whom,
		.dump = cli->dump,
		.top = cli->top,
		.json = !strcmp(cli->format, "json"),
	};

	return heap_mode__run(&opts, stdout);
}

static int run(const struct cli *cli, struct gate *gate, struct listen *listen)
{
	struct outputs outputs;
	struct trace_opts opts = {
		.pid = cli->pid,
		.command = cli->command,
		.user = cli->user,
		.follow = cli->follow,
		.follow_max = cli->follow_max,
		.follow_live = cli->max_live_given || cli->max_live < FOLLOW_LIVE ? cli->max_live
										  : FOLLOW_LIVE,
		.allocators =
			{
				.object = cli->object,
				.prefix = cli->prefix,
				.offsets = cli->offsets,
			},
		.model =
			{
				.older_ns = cli->older_ns,
				.sort = cli->sort,
				.show_blocks = cli->show_blocks || cli->dump || cli->by_whom,
				.combined_only = cli->combined_only,
				.lost_first = cli->reach || (cli->reach_at_exit &&
							     cli->sort == REPORT_SORT_VERDICT),
				.profile = cli->profile,
				.view = cli->view,
				.sampling = {.calls = cli->sample, .bytes = cli->sample_bytes},
				.started = cli->command != NULL,
			},
		.all_ages_at_end = !cli->older_given,
		.min_size = cli->min_size,
		.max_size = cli->max_size,
		.max_live = cli->max_live,
		.max_stacks = cli->max_stacks,
		.max_depth = cli->max_depth,
		.frame_pointers = cli->frame_pointers,
		.probes_pair = cli->probes_pair,
		.probes_point = cli->probes_point,
		.trace_events = cli->trace,
		.interval_s = cli->interval_s,
		.count = cli->count,
		.duration_s = cli->duration_s,
		.outputs = &outputs,
		.gate = gate,
		.debuginfod = cli->debuginfod,
		.verbose = cli->verbose,
		.dump = cli->dump,
		.list_blocks = cli->show_blocks,
		.reach = cli->reach,
		.reach_at_exit = cli->reach_at_exit,
		.by_whom = cli->by_whom,
		.confirm_ns = cli->confirm_s * 1000000000ULL,
		.max_pause_ns = cli->max_pause_ms * 1000000,
		.max_memory = cli->max_memory,
	};

	list_outputs(cli, listen, &outputs);
	opts.model.top = model_top(cli, &outputs);
	return trace__run(&opts, stdout);
}

/* Before anything is attached to. */
static int open_listen(const struct cli *cli, struct listen **out)
{
	int err;

	*out = NULL;
	if (!cli->listen)
		return 0;
	err = listen__new(&cli->listen_address, out);
	if (err == -EADDRINUSE)
		fprintf(stderr,
			"memleak-bpf: cannot listen on %s: the port is taken; give another one, or "
			"0 for any that is free\n",
			cli->listen);
	else if (err)
		fprintf(stderr, "memleak-bpf: cannot listen on %s: %s\n", cli->listen,
			strerror(-err));
	if (err)
		return err;
	fputs("memleak-bpf: listening on ", stderr);
	listen__write_url(*out, stderr);
	fputc('\n', stderr);
	return 0;
}

static int trace(const struct cli *cli)
{
	struct listen *listen;
	struct gate *gate;
	int status = EXIT_FAILURE, err = gate__new(&cli->gate, stderr, &gate);

	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	if (!open_listen(cli, &listen))
		status = cli->kernel ? run_kernel(cli, gate, listen) : run(cli, gate, listen);
	listen__free(listen);
	gate__free(gate);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? commands__find(argv[1]) : NULL;
	struct cli cli;
	int status = EXIT_SUCCESS;

	standard__occupy();
	if (command)
		return standard__status("memleak-bpf", command->run(argc - 1, argv + 1));

	if (cli__parse(argc, argv, &cli, stderr))
		return EXIT_USAGE;
	if (cli.help)
		cli__help(stdout);
	else if (cli.version)
		print_version();
	else
		status = cli.heap ? run_heap(&cli) : trace(&cli);
	cli__clear(&cli);
	return standard__status("memleak-bpf", status);
}
