/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolize/options.h"

#include <getopt.h>

#include "complaint.h"

enum {
	OPT_DEBUG_DIR = 256,
};

static const struct option options[] = {
	{"debug-dir", required_argument, NULL, OPT_DEBUG_DIR},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void symbolize_options__help(FILE *out)
{
	fputs("Usage: memleak-bpf symbolize [OPTIONS] --debug-dir DIR FILE\n"
	      "\n"
	      "Add names, source lines and inlined calls to a recording (memleak-bpf --save) of a\n"
	      "machine that had none: from programs, libraries and debug files below DIR. A file "
	      "is\n"
	      "only taken when it has the build-id that was recorded.\n"
	      "\n"
	      "      --debug-dir DIR    look for files here, as .build-id/ab/cdef.debug and under "
	      "any\n"
	      "                         other name; up to 16 of them\n"
	      "  -o, --output OUT       write the recording there; default: replace FILE\n"
	      "  -h, --help             print this help\n"
	      "\n"
	      "Examples:\n"
	      "  memleak-bpf symbolize --debug-dir build/ leak.rec\n"
	      "  memleak-bpf symbolize --debug-dir /usr/lib/debug -o named.rec leak.rec\n"
	      "\n"
	      "Exit status: 0, also when some frames have no names still; 1 on failure, or when\n"
	      "nothing was found; 2 for a wrong option.\n",
	      out);
}

#define fail(err, ...) complaint__say(err, "memleak-bpf: symbolize", __VA_ARGS__)

static int parse_option(struct symbolize_options *o, int id, char **argv, FILE *err)
{
	switch (id) {
	case OPT_DEBUG_DIR:
		if (!*optarg)
			return fail(err, "option --debug-dir: '' is not a directory");
		if (o->n_dirs == SYMBOLIZE_MAX_DIRS)
			return fail(err, "option --debug-dir: no more than %d of them",
				    SYMBOLIZE_MAX_DIRS);
		o->dirs[o->n_dirs++] = optarg;
		return 0;
	case 'o':
		o->out = optarg;
		return *optarg ? 0 : fail(err, "option -o: '' is not a file name");
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return fail(err, "option %.100s needs a value; see memleak-bpf symbolize --help",
			    argv[optind - 1]);
	default:
		return fail(err, "option %.100s is not known; see memleak-bpf symbolize --help",
			    argv[optind - 1]);
	}
}

int symbolize_options__parse(int argc, char **argv, struct symbolize_options *o, FILE *err)
{
	int id, ret;

	*o = (struct symbolize_options){0};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((id = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		ret = parse_option(o, id, argv, err);
		if (ret || o->help)
			return ret;
	}
	if (optind == argc)
		return fail(err, "which recording? Give its FILE; see memleak-bpf symbolize "
				 "--help");
	if (argc - optind > 1)
		return fail(err, "'%.100s' is one argument too many", argv[optind + 1]);
	if (!o->n_dirs)
		return fail(err, "where are files with names? Give --debug-dir DIR");
	o->file = argv[optind];
	if (!o->out)
		o->out = o->file;
	return 0;
}
