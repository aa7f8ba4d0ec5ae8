/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "gate/options.h"
#include "render/output.h"

#define DEFAULT_TOP 10

enum {
	OPT_FORMAT = 256,
	OPT_NO_COLOR,
	OPT_VIEW,
	OPT_OUTPUT, /* and one for each further format */
};

#define OUTPUT_OPTION(name, help) {#name, required_argument, NULL, OPT_OUTPUT + RENDER_ID_##name},
#define GATE_OPTION(id, name, takes) {name, (takes) ? required_argument : no_argument, NULL, id},
#define GATE_ROW(id, name, takes) {id, name, takes},
static const struct option options[] = {
	{"format", required_argument, NULL, OPT_FORMAT},
	{"top", required_argument, NULL, 'T'},
	{"no-color", no_argument, NULL, OPT_NO_COLOR},
	{"help", no_argument, NULL, 'h'},
	{"view", required_argument, NULL, OPT_VIEW},
	RENDER_FORMATS(OUTPUT_OPTION) GATE_OPTIONS(GATE_OPTION){NULL, 0, NULL, 0},
};

#define FORMAT_STRING(name, help) #name,
static const char *const names[] = {RENDER_FORMATS(FORMAT_STRING)};
#define FORMAT_HELP(name, help) help,
static const char *const helps[] = {RENDER_FORMATS(FORMAT_HELP)};
#define FORMAT_LIST(name, help) " " #name

void replay_options__help(FILE *out)
{
	int i;

	fputs("Usage: memleak-bpf report [OPTIONS] FILE\n"
	      "\n"
	      "Show a report that memleak-bpf --save has recorded, as it was. Needs neither root\n"
	      "nor the machine or the program that it is of.\n"
	      "\n"
	      "  -T, --top N            only the N largest stacks, as text (10; 0: all)\n"
	      "      --format FORMAT    standard output is one of these (text; nothing when\n"
	      "                         there are files)\n",
	      out);
	for (i = 0; i < RENDER_N; i++)
		fprintf(out, "      --%s FILE%*s%s\n", names[i], (int)(12 - strlen(names[i])), "",
			helps[i]);
	fputs("      --view leaked|peak|total|temporary  show stacks by this; all but leaked\n"
	      "                         if it was recorded with --profile (as it was then)\n"
	      "      --no-color         no colour on a terminal\n"
	      "  -h, --help             print this help\n"
	      "\n"
	      "Gate:\n",
	      out);
	gate_options__help(out, 25);
	fputs("\n"
	      "Examples:\n"
	      "  memleak-bpf -p 4312 --save leak.rec      record, as root\n"
	      "  memleak-bpf report leak.rec              look at it\n"
	      "  memleak-bpf report --html leak.html --pprof leak.pb.gz leak.rec\n"
	      "  memleak-bpf report --fail-on 'bytes > 1MiB' leak.rec\n"
	      "\n"
	      "Exit status: 0; 1 on failure, 2 for a wrong option; 23 when the gate fails, 24\n"
	      "when that cannot be told.\n",
	      out);
}

#define fail(err, ...) complaint__say(err, "memleak-bpf: report", __VA_ARGS__)

static int parse_top(struct replay_options *o, const char *value, FILE *err)
{
	char *end;

	errno = 0;
	o->top = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno)
		return fail(err, "option -T: '%.100s' is not a number of stacks (0: all)", value);
	return 0;
}

static int parse_format(struct replay_options *o, const char *value, FILE *err)
{
	int i;

	for (i = 0; i < RENDER_N; i++) {
		if (strcmp(value, names[i]))
			continue;
		o->format = names[i];
		return 0;
	}
	return fail(err, "option --format: '%.100s' is not one of" RENDER_FORMATS(FORMAT_LIST),
		    value);
}

static int parse_gate(struct replay_options *o, int id, FILE *err)
{
	static const struct {
		int id;
		const char *name, *takes;
	} table[] = {GATE_OPTIONS(GATE_ROW)};
	int ret = gate_options__take(&o->gate, id, optarg);
	size_t i = 0;

	while (table[i].id != id)
		i++;
	if (ret == -E2BIG)
		return fail(err, "option --%s: given more than %d times", table[i].name,
			    GATE_MAX_VALUES);
	return ret ? fail(err, "option --%s: '%.100s' is not %s", table[i].name, optarg,
			  table[i].takes)
		   : 0;
}

static int parse_option(struct replay_options *o, int id, char **argv, FILE *err)
{
	if (id >= OPT_OUTPUT) {
		o->output[id - OPT_OUTPUT] = optarg;
		return output__is_name(optarg)
			       ? 0
			       : fail(err,
				      "option --%s: '%s' is not a file name; --format %s prints it",
				      names[id - OPT_OUTPUT], optarg, names[id - OPT_OUTPUT]);
	}
	switch (id) {
	case 'T':
		return parse_top(o, optarg, err);
	case OPT_FORMAT:
		return parse_format(o, optarg, err);
	case OPT_VIEW:
		o->view_given = true;
		if (report_view__find(optarg, &o->view))
			return fail(err, "option --view: '%.100s' is not " REPORT_VIEW_NAMES,
				    optarg);
		return 0;
	case OPT_NO_COLOR:
		o->no_color = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return fail(err, "option %.100s needs a value; see memleak-bpf report --help",
			    argv[optind - 1]);
	default:
		return fail(err, "option %.100s is not known; see memleak-bpf report --help",
			    argv[optind - 1]);
	}
}

int replay_options__parse(int argc, char **argv, struct replay_options *o, FILE *err)
{
	int id, ret;

	*o = (struct replay_options){.top = DEFAULT_TOP};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((id = getopt_long(argc, argv, ":T:h", options, NULL)) != -1) {
		ret = id > GATE_OPT_FIRST ? parse_gate(o, id, err) : parse_option(o, id, argv, err);
		if (ret || o->help)
			return ret;
	}
	if (optind == argc)
		return fail(err, "which recording? Give its FILE; see memleak-bpf report --help");
	if (argc - optind > 1)
		return fail(err, "'%.100s' is one argument too many", argv[optind + 1]);
	o->file = argv[optind];
	return 0;
}
