/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "../bpf/memleak.h"
#include "cli_command.h"
#include "cli_heap.h"
#include "cli_kernel.h"
#include "cli_profile.h"
#include "cli_reach.h"
#include "gate/options.h"
#include "render/output.h"
#include "render/render.h"
#include "target/spawn.h"

#define NS_PER_MS 1000000ULL
#define MAX_SECONDS 31536000 /* a year */
#define MAX_OLDER_MS (INT64_MAX / NS_PER_MS)
#define MAX_PID (1 << 22) /* PID_MAX_LIMIT, include/linux/threads.h */
#define MAX_STACKS (1 << 22)
#define MAX_PAUSE_MS 3600000
#define MAX_SAMPLE_BYTES (1ULL << 40)
#define MAX_STACK_EVERY (1 << 20)
#define DEFAULT_STACK_EVERY 64
#define MAX_FOLLOW 4096
#define DEFAULT_FOLLOW 32
#define MAX_DUMP (1 << 20)
#define DEFAULT_DUMP "256"

/* Options without a letter. */
enum {
	OPT_SORT = 256,
	OPT_OFFSET,
	OPT_USER,
	OPT_FOLLOW,
	OPT_FOLLOW_MAX,
	OPT_SAMPLE_BYTES,
	OPT_MAX_LIVE,
	OPT_MAX_STACKS,
	OPT_MAX_DEPTH,
	OPT_STACK,
	OPT_PROBES,
	OPT_HEAP,
	OPT_BY_WHOM,
	OPT_REACH,
	OPT_NO_REACH,
	OPT_CONFIRM,
	OPT_MAX_PAUSE,
	OPT_NO_COLOR,
	OPT_DEBUGINFOD,
	OPT_VERSION,
	OPT_PAGES,
	OPT_VMALLOC,
	OPT_STACK_EVERY,
	OPT_DUMP,
	OPT_TYPE,
	OPT_PROFILE,
	OPT_VIEW,
	OPT_LISTEN,
	OPT_FORMAT,
	OPT_OUTPUT, /* and one for each further format */
};

#define FORMAT_NAME(name, help) " " #name
#define FORMAT_NAMES RENDER_FORMATS(FORMAT_NAME)
#define FORMAT_STRING(name, help) #name,
#define OUTPUT_OPTION(name, help) {OPT_OUTPUT + RENDER_ID_##name, #name, "a file name"},
#define GATE_OPTION(id, name, takes) {id, name, takes},

static const struct opt {
	int id; /* a letter, or OPT_ */
	const char *name;
	const char *takes; /* completes "is not ..." and "needs ..."; NULL: takes nothing */
} opts[] = {
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
#define N_OPTS (sizeof(opts) / sizeof(*opts))

struct parser {
	struct cli *cli;
	FILE *err;
	int n_positional;
	bool interval_given;
	bool given[N_OPTS];
	const char *last_value; /* of the last option: not the "--" that ends them */
};

#define fail(p, ...) complaint__say((p)->err, "memleak-bpf", __VA_ARGS__)

static const struct opt *find_opt(int id)
{
	size_t i;

	for (i = 0; i < N_OPTS; i++)
		if (opts[i].id == id)
			return &opts[i];
	return NULL;
}

/* "-o" or "--max-live" */
static const char *opt_name(char buf[32], const struct opt *opt)
{
	if (opt->id < 256)
		snprintf(buf, 32, "-%c", opt->id);
	else
		snprintf(buf, 32, "--%s", opt->name);
	return buf;
}

static int bad_value(const struct parser *p, int id, const char *value)
{
	const struct opt *opt = find_opt(id);
	char name[32];

	return fail(p, "option %s: '%.100s' is not %s", opt_name(name, opt), value, opt->takes);
}

/* Decimal digits and nothing else, but one of K, M, G with suffix. False: something else. */
static bool parse_number(const char *s, bool suffix, uint64_t *value)
{
	char *end;
	int shift = 0;

	if (!isdigit((unsigned char)*s)) /* strtoull takes blanks and signs */
		return false;
	errno = 0;
	*value = strtoull(s, &end, 10);
	if (errno)
		return false;
	if (suffix && *end) {
		switch (toupper((unsigned char)*end)) {
		case 'K':
			shift = 10;
			break;
		case 'M':
			shift = 20;
			break;
		case 'G':
			shift = 30;
			break;
		default:
			return false;
		}
		end++;
	}
	return !*end && !__builtin_mul_overflow(*value, 1ULL << shift, value);
}

static int number(const struct parser *p, int id, const char *value, bool suffix, uint64_t min,
		  uint64_t max, uint64_t *out)
{
	uint64_t n;

	if (!parse_number(value, suffix, &n) || n < min || n > max)
		return bad_value(p, id, value);
	*out = n;
	return 0;
}

/* "10" or "10s" */
static int seconds(const struct parser *p, int id, const char *value, uint64_t *out)
{
	size_t n = strlen(value);
	char digits[32];

	if (!n || n >= sizeof(digits))
		return bad_value(p, id, value);
	memcpy(digits, value, n + 1);
	if (digits[n - 1] == 's')
		digits[n - 1] = '\0';
	if (!parse_number(digits, false, out) || !*out || *out > MAX_SECONDS)
		return bad_value(p, id, value);
	return 0;
}

static int string(const struct parser *p, int id, const char *value, const char **out)
{
	if (!*value)
		return bad_value(p, id, value);
	*out = value;
	return 0;
}

/* "malloc=0x12,free=34": whether there are such functions and addresses shows in the program. */
static int offsets(const struct parser *p, const char *value)
{
	const char *s = value;
	char *end;

	for (;;) {
		size_t n = strspn(
			s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

		if (!n || s[n] != '=' || !isdigit((unsigned char)s[n + 1]))
			return bad_value(p, OPT_OFFSET, value);
		errno = 0;
		strtoull(s + n + 1, &end, 0);
		if (errno || (*end && *end != ','))
			return bad_value(p, OPT_OFFSET, value);
		if (!*end)
			break;
		s = end + 1;
	}
	p->cli->offsets = value;
	return 0;
}

static int format(const struct parser *p, const char *value)
{
	static const char *const names[] = {RENDER_FORMATS(FORMAT_STRING)};
	size_t i;

	for (i = 0; i < RENDER_N; i++) {
		if (strcmp(value, names[i]))
			continue;
		p->cli->format = names[i];
		return 0;
	}
	return bad_value(p, OPT_FORMAT, value);
}

static int output(const struct parser *p, int id, const char *value)
{
	const char *name = find_opt(id)->name;

	if (!output__is_name(value))
		return fail(p, "option --%s: '%s' is not a file name; --format %s prints it", name,
			    value, name);
	p->cli->output[id - OPT_OUTPUT] = value;
	return 0;
}

static int sort(const struct parser *p, const char *value)
{
	if (!strcmp(value, "verdict"))
		p->cli->sort = REPORT_SORT_VERDICT;
	else if (!strcmp(value, "size"))
		p->cli->sort = REPORT_SORT_SIZE;
	else if (!strcmp(value, "count"))
		p->cli->sort = REPORT_SORT_COUNT;
	else
		return bad_value(p, OPT_SORT, value);
	return 0;
}

static int parse_command(const struct parser *p, const char *value)
{
	struct cli *cli = p->cli;

	if (cli->command)
		return fail(p, "option -c: given twice; one command is traced at a time");
	cli->command = spawn__split(value);
	if (!cli->command && errno == ENOMEM)
		return fail(p, "option -c: out of memory");
	if (!cli->command)
		return fail(p, "option -c: '%.100s' is empty or has a quote that is not closed",
			    value);
	cli->command_split = true;
	return 0;
}

static int parse_gate(const struct parser *p, int id, const char *value)
{
	int err = gate_options__take(&p->cli->gate, id, value);

	if (err == -E2BIG)
		return fail(p, "option --%s: given more than %d times", find_opt(id)->name,
			    GATE_MAX_VALUES);
	return err ? bad_value(p, id, value) : 0;
}

static int parse_value(struct parser *p, int id, const char *value)
{
	struct cli *cli = p->cli;
	uint64_t n = 0;
	int err;

	if (id >= OPT_OUTPUT)
		return output(p, id, value);
	switch (id) {
	case 'p':
		if (cli->pid)
			return fail(p, "option -p: given twice; one process is traced at a time");
		err = number(p, id, value, false, 1, MAX_PID, &n);
		cli->pid = n;
		return err;
	case 'c':
		return parse_command(p, value);
	case 'o':
		err = number(p, id, value, false, 0, MAX_OLDER_MS, &n);
		cli->older_ns = n * NS_PER_MS;
		cli->older_given = true;
		return err;
	case 'z':
		return number(p, id, value, true, 0, UINT64_MAX, &cli->min_size);
	case 'Z':
		return number(p, id, value, true, 0, UINT64_MAX, &cli->max_size);
	case 'T':
		err = number(p, id, value, false, 0, SIZE_MAX, &n);
		cli->top = n;
		return err;
	case 's':
		return number(p, id, value, false, 1, UINT32_MAX, &cli->sample);
	case OPT_SAMPLE_BYTES:
		return number(p, id, value, true, 1, MAX_SAMPLE_BYTES, &cli->sample_bytes);
	case 'O':
		return string(p, id, value, &cli->object);
	case 'S':
		return string(p, id, value, &cli->prefix);
	case 'd':
		return number(p, id, value, false, 1, MAX_SECONDS, &cli->duration_s);
	case OPT_SORT:
		return sort(p, value);
	case OPT_STACK:
		cli->frame_pointers = !strcmp(value, "fp");
		if (!cli->frame_pointers && strcmp(value, "table") != 0)
			return bad_value(p, id, value);
		return 0;
	case OPT_CONFIRM:
		return seconds(p, id, value, &cli->confirm_s);
	case OPT_MAX_PAUSE:
		cli->max_pause_given = true;
		return number(p, id, value, false, 1, MAX_PAUSE_MS, &cli->max_pause_ms);
	case OPT_PROBES:
		cli->probes_pair = !strcmp(value, "pair");
		cli->probes_point = !strcmp(value, "point");
		if (!cli->probes_pair && !cli->probes_point && strcmp(value, "auto") != 0)
			return bad_value(p, id, value);
		return 0;
	case OPT_OFFSET:
		return offsets(p, value);
	case OPT_USER:
		return cli_command__take_user(cli, value) ? bad_value(p, id, value) : 0;
	case OPT_FOLLOW_MAX:
		return number(p, id, value, false, 1, MAX_FOLLOW, &cli->follow_max);
	case OPT_FORMAT:
		return format(p, value);
	case OPT_MAX_LIVE:
		cli->max_live_given = true;
		return number(p, id, value, true, 1, LIVE_MAX_BLOCKS, &cli->max_live);
	case OPT_MAX_STACKS:
		return number(p, id, value, true, 1, MAX_STACKS, &cli->max_stacks);
	case 'f':
		return string(p, id, value, &cli->filter);
	case OPT_STACK_EVERY:
		return number(p, id, value, true, 1, MAX_STACK_EVERY, &cli->stack_every);
	case OPT_DUMP:
		return number(p, id, value ? value : DEFAULT_DUMP, true, 1, MAX_DUMP, &cli->dump);
	case OPT_TYPE:
		if (!cli->dump)
			number(p, OPT_DUMP, DEFAULT_DUMP, true, 1, MAX_DUMP, &cli->dump);
		return string(p, id, value, &cli->type);
	case OPT_LISTEN:
		cli->listen = value;
		return listen_address__parse(value, &cli->listen_address) ? bad_value(p, id, value)
									  : 0;
	case OPT_VIEW:
		return report_view__find(value, &cli->view) ? bad_value(p, id, value) : 0;
	default: /* OPT_MAX_DEPTH */
		err = number(p, id, value, false, 1, MEMLEAK_MAX_DEPTH, &n);
		cli->max_depth = n;
		return err;
	}
}

static int parse_flag(const struct parser *p, int id)
{
	struct cli *cli = p->cli;

	switch (id) {
	case 'a':
		cli->show_blocks = true;
		return 0;
	case 't':
		cli->trace = true;
		return 0;
	case 'C':
		cli->combined_only = true;
		return 0;
	case 'F': /* what it asks for is always on */
		return 0;
	case 'v':
		cli->verbose++;
		return 0;
	case 'h':
		cli->help = true;
		return 0;
	case OPT_HEAP:
		cli->heap = true;
		return 0;
	case OPT_FOLLOW:
		cli->follow = true;
		return 0;
	case OPT_BY_WHOM:
		cli->by_whom = true;
		return 0;
	case OPT_REACH:
		cli->reach = true;
		return 0;
	case OPT_NO_REACH:
		cli->no_reach = true;
		return 0;
	case OPT_NO_COLOR:
		cli->no_color = true;
		return 0;
	case OPT_DEBUGINFOD:
		cli->debuginfod = true;
		return 0;
	case OPT_VERSION:
		cli->version = true;
		return 0;
	case 'k':
		cli->kernel = true;
		return 0;
	case 'P':
		cli->percpu = true;
		return 0;
	case OPT_PROFILE:
		cli->profile = true;
		return 0;
	case OPT_PAGES:
		cli->pages = true;
		return 0;
	default: /* OPT_VMALLOC */
		cli->vmalloc = true;
		return 0;
	}
}

static int parse_positional(struct parser *p, const char *value)
{
	struct cli *cli = p->cli;
	uint64_t n;

	switch (p->n_positional++) {
	case 0:
		if (!parse_number(value, false, &n) || !n || n > MAX_SECONDS)
			return fail(p,
				    "INTERVAL: '%.100s' is not a number of seconds (1 to %d); "
				    "%s, see memleak-bpf --help",
				    value, MAX_SECONDS,
				    strpbrk(value, "=<>") ? "an expression goes behind -f"
							  : "a command goes behind --");
		cli->interval_s = n;
		p->interval_given = true;
		return 0;
	case 1:
		if (!parse_number(value, false, &n) || !n || n > UINT32_MAX)
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
	const struct opt *opt = find_opt(letter);
	size_t i, n = 0, length;

	if (!letter || (opt && !strncmp(arg, "--", 2))) {
		length = strcspn(arg, "=");
		if (opt)
			return fail(p, "option --%s: takes no value", opt->name);
		for (i = 0; i < N_OPTS; i++)
			n += length > 2 && opts[i].name &&
			     !strncmp(opts[i].name, arg + 2, length - 2);
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

	for (i = 0; i < N_OPTS; i++)
		if (p->given[i] && !cli_heap__takes(opts[i].name))
			return fail(p, "option %s: %s", opt_name(name, &opts[i]), only);
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
	struct option longopts[N_OPTS + 1] = {0};
	/* '-': arguments that are no options come as option 1, in their order; ':': see below */
	char letters[2 * N_OPTS + 3] = "-:", *l = letters + 2, name[32];
	struct option *o = longopts;
	int id, err;
	size_t i;

	for (i = 0; i < N_OPTS; i++) {
		if (opts[i].name)
			*o++ = (struct option){opts[i].name, value_of(&opts[i]), NULL, opts[i].id};
		if (opts[i].id < 256) {
			*l++ = opts[i].id;
			if (opts[i].takes)
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
			return fail(p, "option %s: needs %s", opt_name(name, find_opt(optopt)),
				    find_opt(optopt)->takes);
		if (id != 1)
			p->given[find_opt(id) - opts] = true;
		if (id == 1)
			err = parse_positional(p, optarg);
		else if (id > GATE_OPT_FIRST)
			err = parse_gate(p, id, optarg);
		else if (find_opt(id)->takes)
			err = parse_value(p, id, optarg);
		else
			err = parse_flag(p, id);
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
