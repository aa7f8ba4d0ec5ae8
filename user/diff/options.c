/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"
#include "diff/render.h"
#include "render/output.h"

#define DEFAULT_TOP 10

enum {
	OPT_FORMAT = 256,
	OPT_NO_COLOR,
	OPT_OUTPUT, /* and one for each further format */
};

#define OUTPUT_OPTION(name, help) {#name, required_argument, NULL, OPT_OUTPUT + RENDER_ID_##name},
static const struct option options[] = {
	{"format", required_argument, NULL, OPT_FORMAT}, {"top", required_argument, NULL, 'T'},
	{"no-color", no_argument, NULL, OPT_NO_COLOR},	 {"help", no_argument, NULL, 'h'},
	RENDER_FORMATS(OUTPUT_OPTION){NULL, 0, NULL, 0},
};

#define FORMAT_STRING(name, help) #name,
static const char *const names[] = {RENDER_FORMATS(FORMAT_STRING)};
#define FORMAT_LIST(name, help) " " #name

void diff_options__help(FILE *out)
{
	fputs("Usage: memleak-bpf diff [OPTIONS] OLD NEW\n"
	      "\n"
	      "Compare two recordings (memleak-bpf --save) stack by stack: what is new, has "
	      "grown,\n"
	      "shrunk or gone. Addresses may have moved and lines shifted: stacks are the same "
	      "when\n"
	      "they are of the same functions.\n"
	      "\n"
	      "  -T, --top N            only N stacks each of those that have grown and shrunk, "
	      "as\n"
	      "                         text (10; 0: all)\n"
	      "      --format FORMAT    standard output is one of these (text; nothing when\n"
	      "                         there are files)\n"
	      "      --text FILE        for people, as on the terminal\n"
	      "      --json FILE        all there is to know, for programs; one line\n"
	      "      --folded FILE      bytes before and after by stack, for flamegraph.pl\n"
	      "      --csv FILE         a line for each stack, for spreadsheets\n"
	      "      --pprof FILE       a profile as of go tool pprof -diff_base\n"
	      "      --svg FILE         a flame graph, red has grown, blue has shrunk\n"
	      "      --html FILE        a page with all of that, for a browser\n"
	      "      --no-color         no colour on a terminal\n"
	      "  -h, --help             print this help\n"
	      "\n"
	      "Examples:\n"
	      "  memleak-bpf diff monday.rec friday.rec\n"
	      "  memleak-bpf diff --html diff.html --json diff.json before.rec after.rec\n"
	      "\n"
	      "Exit status: 0; 1 on failure, 2 for a wrong option.\n",
	      out);
}

#define fail(err, ...) complaint__say(err, "memleak-bpf: diff", __VA_ARGS__)

static int parse_top(struct diff_options *o, const char *value, FILE *err)
{
	char *end;

	errno = 0;
	o->top = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno)
		return fail(err, "option -T: '%.100s' is not a number of stacks (0: all)", value);
	return 0;
}

/* Formats of what was found in one report have none of a difference: diff/render.c. */
static int check_format(int id, FILE *err)
{
	if (diff_render__find(id))
		return 0;
	if (id != RENDER_ID_save)
		return fail(err,
			    "format %s shows a report, not a difference: \"memleak-bpf report "
			    "--%s FILE NEW\" shows the new recording",
			    names[id], names[id]);
	return fail(err, "a difference is no recording, so there is nothing to save; keep OLD and "
			 "NEW, or write --json");
}

static int parse_format(struct diff_options *o, const char *value, FILE *err)
{
	int i;

	for (i = 0; i < RENDER_N; i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		o->format = i;
		return check_format(i, err);
	}
	return fail(err, "option --format: '%.100s' is not one of" RENDER_FORMATS(FORMAT_LIST),
		    value);
}

static int parse_output(struct diff_options *o, int id, const char *path, FILE *err)
{
	int rc = check_format(id, err);

	if (rc)
		return rc;
	if (!output__is_name(path))
		return fail(err, "option --%s: '%s' is not a file name; --format %s prints it",
			    names[id], path, names[id]);
	o->output[id] = path;
	return 0;
}

static int parse_option(struct diff_options *o, int id, char **argv, FILE *err)
{
	if (id >= OPT_OUTPUT)
		return parse_output(o, id - OPT_OUTPUT, optarg, err);
	switch (id) {
	case 'T':
		return parse_top(o, optarg, err);
	case OPT_FORMAT:
		return parse_format(o, optarg, err);
	case OPT_NO_COLOR:
		o->no_color = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return fail(err, "option %.100s needs a value; see memleak-bpf diff --help",
			    argv[optind - 1]);
	default:
		return fail(err, "option %.100s is not known; see memleak-bpf diff --help",
			    argv[optind - 1]);
	}
}

int diff_options__parse(int argc, char **argv, struct diff_options *o, FILE *err)
{
	int id, ret;

	*o = (struct diff_options){.top = DEFAULT_TOP, .format = -1};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((id = getopt_long(argc, argv, ":T:h", options, NULL)) != -1) {
		ret = parse_option(o, id, argv, err);
		if (ret || o->help)
			return ret;
	}
	if (argc - optind < 2)
		return fail(err, "which recordings? Give two, OLD and NEW; see memleak-bpf diff "
				 "--help");
	if (argc - optind > 2)
		return fail(err, "'%.100s' is one argument too many", argv[optind + 2]);
	o->old = argv[optind];
	o->new = argv[optind + 1];
	return 0;
}
