/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maps/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"

#define MAX_PID (1 << 22) /* PID_MAX_LIMIT, include/linux/threads.h */
#define MAX_SECONDS 31536000
#define MAX_COUNT 1000000

enum {
	OPT_GROWTH = 256,
	OPT_SVG,
	OPT_HTML,
	OPT_RECORD,
	OPT_FROM,
	OPT_NO_COLOR,
};

struct parser {
	struct maps_options *o;
	FILE *err;
};

void maps_options__help(FILE *out)
{
	fputs("Usage: memleak-bpf maps [OPTIONS] PID [INTERVAL [COUNT]]\n"
	      "       memleak-bpf maps [OPTIONS] --from FILE\n"
	      "\n"
	      "What a process's memory is made of: each mapping's kind and owner, what of it is "
	      "in\n"
	      "memory, a picture to scale. With INTERVAL (seconds, also fractions) or --growth:\n"
	      "what became of it over COUNT samples (5, 1 s apart), and by which mechanism it\n"
	      "likely grows. Other people's processes need root.\n"
	      "\n"
	      "  -a, --all           every mapping, with the kernel's flags in words\n"
	      "      --growth        compare samples; implied by INTERVAL\n"
	      "  -T, --top N         objects and changes to list (10; 0: all)\n"
	      "      --svg FILE      the picture, as SVG\n"
	      "      --html FILE     picture and tables, as a page\n"
	      "      --record FILE   keep the samples\n"
	      "      --from FILE     look at kept samples, or at a copy of /proc/PID/smaps or\n"
	      "                      maps; -: standard input\n"
	      "      --no-color      no colour on a terminal\n"
	      "  -h, --help          print this help\n"
	      "\n"
	      "Examples:\n"
	      "  memleak-bpf maps 4312             what its memory is made of\n"
	      "  memleak-bpf maps 4312 2 10        which mapping grows: 10 samples in 18 s\n"
	      "  memleak-bpf maps --from smaps.txt a copy that somebody sent\n"
	      "\n"
	      "Exit status: 0, 1 on failure, 2 for a wrong option.\n",
	      out);
}

#define fail(p, ...) complaint__say((p)->err, "memleak-bpf maps", __VA_ARGS__)

static bool parse_count(const char *s, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(s, &end, 10);
	return isdigit((unsigned char)*s) && !*end && !errno && *value <= max;
}

static int parse_positional(struct parser *p, int index, const char *s)
{
	unsigned long n;
	char *end;

	switch (index) {
	case 0:
		if (!parse_count(s, MAX_PID, &n) || !n)
			return fail(p, "'%.100s' is not a process id (1 to %d)", s, MAX_PID);
		p->o->pid = (pid_t)n;
		return 0;
	case 1:
		p->o->interval_s = strtod(s, &end);
		p->o->growth = true;
		/* strtod takes more than is meant: names of numbers, hexadecimal */
		if (*end || s[strspn(s, "0123456789.")] || !(p->o->interval_s >= 0.001) ||
		    p->o->interval_s > MAX_SECONDS)
			return fail(p,
				    "INTERVAL: '%.100s' is not a number of seconds (0.001 to %d)",
				    s, MAX_SECONDS);
		return 0;
	case 2:
		if (!parse_count(s, MAX_COUNT, &p->o->count) || p->o->count < 2)
			return fail(p, "COUNT: '%.100s' is not a number of samples (2 to %d)", s,
				    MAX_COUNT);
		return 0;
	default:
		return fail(p, "'%.100s' is one argument too many; see memleak-bpf maps --help", s);
	}
}

static int parse_option(struct parser *p, int id, const char *value)
{
	unsigned long n;

	switch (id) {
	case 'a':
		p->o->all = true;
		return 0;
	case 'T':
		if (!parse_count(value, LONG_MAX, &n))
			return fail(p, "option -T: '%.100s' is not a number (0: all)", value);
		p->o->top = n;
		return 0;
	case 'h':
		p->o->help = true;
		return 0;
	case OPT_GROWTH:
		p->o->growth = true;
		return 0;
	case OPT_SVG:
		p->o->svg = value;
		return 0;
	case OPT_HTML:
		p->o->html = value;
		return 0;
	case OPT_RECORD:
		p->o->record = value;
		return 0;
	case OPT_FROM:
		p->o->from = value;
		return 0;
	default:
		p->o->no_color = true;
		return 0;
	}
}

static int parse(struct parser *p, int argc, char **argv)
{
	static const struct option longopts[] = {
		{"all", no_argument, NULL, 'a'},
		{"growth", no_argument, NULL, OPT_GROWTH},
		{"top", required_argument, NULL, 'T'},
		{"svg", required_argument, NULL, OPT_SVG},
		{"html", required_argument, NULL, OPT_HTML},
		{"record", required_argument, NULL, OPT_RECORD},
		{"from", required_argument, NULL, OPT_FROM},
		{"no-color", no_argument, NULL, OPT_NO_COLOR},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int id, err, n = 0;

	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((id = getopt_long(argc, argv, "-:aT:h", longopts, NULL)) != -1) {
		if (id == '?')
			return fail(p, "unknown option '%.100s'; see memleak-bpf maps --help",
				    argv[optind - 1]);
		if (id == ':')
			return fail(p, "option '%.100s' needs a value", argv[optind - 1]);
		err = id == 1 ? parse_positional(p, n++, optarg) : parse_option(p, id, optarg);
		if (err || p->o->help)
			return err;
	}
	if (!p->o->pid == !p->o->from)
		return fail(p, p->o->pid
				       ? "PID and --from exclude each other: look at one of them"
				       : "whose? Give a PID, or --from FILE; see memleak-bpf maps "
					 "--help");
	if (p->o->from && p->o->record)
		return fail(p, "--record and --from exclude each other: those are kept already");
	return 0;
}

int maps_options__parse(int argc, char **argv, struct maps_options *o, FILE *err)
{
	struct parser p = {.o = o, .err = err};

	*o = (struct maps_options){.interval_s = 1, .count = 5, .top = 10};
	return parse(&p, argc, argv);
}
