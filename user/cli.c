/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include <linux/types.h>

#include "../bpf/memleak.h"
#include "cli_command.h"
#include "cli_heap.h"
#include "cli_kernel.h"
#include "cli_priv.h"
#include "cli_profile.h"
#include "cli_reach.h"
#include "gate/options.h"
#include "target/spawn.h"

#define NS_PER_MS 1000000ULL
#define DEFAULT_STACK_EVERY 64
#define DEFAULT_FOLLOW 32

static int parse_positional(struct parser *p, const char *value)
{
	struct cli *cli = p->cli;
	uint64_t n;

	switch (p->n_positional++) {
	case 0:
		if (!cli_value__number(value, false, &n) || !n || n > CLI_MAX_SECONDS)
			return fail(p,
				    "INTERVAL: '%.100s' is not a number of seconds (1 to %d); "
				    "%s, see memleak-bpf --help",
				    value, CLI_MAX_SECONDS,
				    strpbrk(value, "=<>") ? "an expression goes behind -f"
							  : "a command goes behind --");
		cli->interval_s = n;
		p->interval_given = true;
		return 0;
	case 1:
		if (!cli_value__number(value, false, &n) || !n || n > UINT32_MAX)
			return fail(p,
				    "COUNT: '%.100s' is not a number of reports (1 to %" PRIu32 ")",
				    value, UINT32_MAX);
		cli->count = n;
		return 0;
	default:
		return fail(p,
			    "'%.100s' is one argument too many; a command goes behind --, see "
			    "memleak-bpf --help",
			    value);
	}
}

/* getopt_long returned '?': letter is optopt, arg the argument it looked at last. */
static int refuse(const struct parser *p, int letter, const char *arg)
{
	const struct opt *opt = cli_opt__find(letter);
	size_t i, n = 0, length;

	if (!letter || (opt && !strncmp(arg, "--", 2))) {
		length = strcspn(arg, "=");
		if (opt)
			return fail(p, "option --%s: takes no value", opt->name);
		for (i = 0; i < cli_n_opts; i++)
			n += length > 2 && cli_opts[i].name &&
			     !strncmp(cli_opts[i].name, arg + 2, length - 2);
		return fail(p, "%s option '%.100s'; see memleak-bpf --help",
			    n > 1 ? "ambiguous" : "unknown", arg);
	}
	return fail(p, "unknown option '-%c'; see memleak-bpf --help", letter);
}

/* Nothing that --heap would have to pass over: a gate that is never judged passes for good. */
static int check_heap(const struct parser *p)
{
	static const char only[] =
		"--heap looks once at what is there, and traces nothing: only -p, -T, --dump, "
		"--by-whom, --max-pause and --format go with it";
	char name[32];
	size_t i;

	for (i = 0; i < cli_n_opts; i++)
		if (p->given[i] && !cli_heap__takes(cli_opts[i].name))
			return fail(p, "option %s: %s", cli_opt__name(name, &cli_opts[i]), only);
	return p->n_positional ? fail(p, "INTERVAL: %s", only) : 0;
}

static int check(const struct parser *p)
{
	const struct cli *cli = p->cli;
	const char *problem;

	if (cli->pid && cli->command)
		return fail(p, "-p and a command exclude each other: trace one of them");
	problem = cli_heap__problem(cli) ?: cli_kernel__problem(cli) ?: cli_command__problem(cli)
						?: cli_profile__problem(cli)
							   ?: cli_reach__problem(cli);
	if (problem)
		return fail(p, "%s", problem);
	if (cli->heap && check_heap(p))
		return -EINVAL;
	if (!cli->pid && !cli->command && !cli->kernel)
		return fail(p, "nothing to trace: give -p PID, or a command behind --; see "
			       "memleak-bpf --help");
	if (cli->min_size > cli->max_size)
		return fail(p, "option -z: %" PRIu64 " bytes is above -Z, %" PRIu64 " bytes",
			    cli->min_size, cli->max_size);
	if (cli->sample > 1 && cli->sample_bytes)
		return fail(p,
			    "-s and --sample-bytes exclude each other: -s draws one allocation in "
			    "N, whatever its size, --sample-bytes by size");
	if (cli->combined_only && cli->older_given && cli->older_ns)
		return fail(p, "-C and -o exclude each other: -C keeps no ages");
	return 0;
}

/* Everything behind "--", which getopt_long has stopped at. */
static int take_command(const struct parser *p, char **argv)
{
	struct cli *cli = p->cli;

	if (!*argv || !**argv)
		return fail(p, "there is no command behind --");
	if (cli->command)
		return fail(p, "-c and a command behind -- exclude each other");
	cli->command = argv;
	return 0;
}

static int value_of(const struct opt *opt)
{
	if (opt->id == OPT_DUMP)
		return optional_argument;
	return opt->takes ? required_argument : no_argument;
}

static int parse_options(struct parser *p, int argc, char **argv)
{
	struct option longopts[CLI_MAX_OPTS + 1] = {0};
	/* '-': arguments that are no options come as option 1, in their order; ':': see below */
	char letters[2 * CLI_MAX_OPTS + 3] = "-:", *l = letters + 2, name[32];
	struct option *o = longopts;
	int id, err;
	size_t i;

	for (i = 0; i < cli_n_opts; i++) {
		if (cli_opts[i].name)
			*o++ = (struct option){cli_opts[i].name, value_of(&cli_opts[i]), NULL,
					       cli_opts[i].id};
		if (cli_opts[i].id < 256) {
			*l++ = cli_opts[i].id;
			if (cli_opts[i].takes)
				*l++ = ':';
		}
	}
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((id = getopt_long(argc, argv, letters, longopts, NULL)) != -1) {
		p->last_value = optarg;
		if (id == '?')
			return refuse(p, optopt, argv[optind - 1]);
		if (id == ':')
			return fail(p, "option %s: needs %s",
				    cli_opt__name(name, cli_opt__find(optopt)),
				    cli_opt__find(optopt)->takes);
		if (id != 1)
			p->given[cli_opt__find(id) - cli_opts] = true;
		if (id == 1)
			err = parse_positional(p, optarg);
		else if (id > GATE_OPT_FIRST)
			err = cli_value__gate(p, id, optarg);
		else if (cli_opt__find(id)->takes)
			err = cli_value__take(p, id, optarg);
		else
			err = cli_value__flag(p, id);
		if (err || p->cli->help || p->cli->version)
			return err;
	}
	if (optind > 1 && argv[optind - 1] != p->last_value && !strcmp(argv[optind - 1], "--")) {
		err = take_command(p, argv + optind);
		if (err)
			return err;
	}
	return check(p);
}

int cli__parse(int argc, char **argv, struct cli *cli, FILE *err)
{
	struct parser p = {.cli = cli, .err = err};
	int ret;

	*cli = (struct cli){
		.format = "text",
		.older_ns = 500 * NS_PER_MS,
		.max_size = UINT64_MAX,
		.top = 10,
		.sort = REPORT_SORT_VERDICT,
		.sample = 1,
		.max_live = 1 << 20,
		.max_stacks = 1 << 14,
		.max_depth = MEMLEAK_MAX_DEPTH,
		.max_pause_ms = 500,
	};
	ret = parse_options(&p, argc, argv);
	if (ret) {
		cli__clear(cli);
		return ret;
	}
	if (!p.interval_given && (!cli->command || cli->listen)) /* who listens waits for reports */
		cli->interval_s = 5;
	if (!cli->follow_max)
		cli->follow_max = DEFAULT_FOLLOW;
	if (!cli->stack_every)
		cli->stack_every = DEFAULT_STACK_EVERY;
	cli->reach_at_exit = cli_reach__at_exit(cli);
	return 0;
}

void cli__clear(struct cli *cli)
{
	if (cli->command_split)
		spawn__free_argv(cli->command);
	memset(cli, 0, sizeof(*cli));
}