/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "complaint.h"

#define MAX_SECONDS 31536000.0 /* a year */
#define MIN_SECONDS 0.01
#define MAX_COUNT 1000 /* HISTORY_MAX_SAMPLES */
#define MAX_TOP 100000
#define DEFAULT_COUNT 5
#define DEFAULT_INTERVAL 2

enum {
	OPT_FOR = 256,
	OPT_RECORD,
	OPT_FROM,
	OPT_SVG,
	OPT_HTML,
	OPT_NO_COLOR
};

static const struct option options[] = {
	{"all", no_argument, NULL, 'a'},
	{"top", required_argument, NULL, 'T'},
	{"for", required_argument, NULL, OPT_FOR},
	{"record", required_argument, NULL, OPT_RECORD},
	{"from", required_argument, NULL, OPT_FROM},
	{"svg", required_argument, NULL, OPT_SVG},
	{"html", required_argument, NULL, OPT_HTML},
	{"no-color", no_argument, NULL, OPT_NO_COLOR},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void triage_options__help(FILE *out)
{
	fputs("Usage: memleak-bpf triage [OPTIONS] [INTERVAL [COUNT]]\n"
	      "       memleak-bpf triage [OPTIONS] --for TIME [COUNT]\n"
	      "\n"
	      "Say who holds the machine's memory and what of it grows: processes, shared memory,\n"
	      "or the kernel; and what to type next. Reads /proc COUNT times (5), every INTERVAL\n"
	      "seconds (2; 0.5 is possible). Traces nothing and needs no root, but without it "
	      "sees\n"
	      "only the own processes exactly.\n"
	      "\n"
	      "  -a, --all          everything: sizes, slab caches, segments, zones, formulas\n"
	      "  -T, --top N        rows of each table (as many as fit on a small screen)\n"
	      "      --for TIME     spread the samples over this time: 90s, 10m, 1h, 2d\n"
	      "      --record FILE  keep the samples, too\n"
	      "      --from FILE    look at such a recording instead, or at copies of\n"
	      "                     /proc/meminfo, slabinfo, PID/smaps and others: files, or a\n"
	      "                     directory for each sample; more than once for more samples\n"
	      "      --svg FILE     draw who holds what, and the growth of the first ten\n"
	      "      --html FILE    the same as a page, with the tables\n"
	      "      --no-color     no colour on a terminal\n"
	      "  -h, --help         print this help\n"
	      "\n"
	      "Examples:\n"
	      "  memleak-bpf triage                       what grows, in 8 seconds\n"
	      "  memleak-bpf triage --for 1h 60           slow leaks: a sample a minute\n"
	      "  memleak-bpf triage --for 1d --record night.rec\n"
	      "  memleak-bpf triage --from night.rec --html night.html\n"
	      "  memleak-bpf triage --from meminfo.log 60 meminfo copies, taken every minute\n"
	      "\n"
	      "Exit status: 0; 1 on failure, 2 for a wrong option.\n",
	      out);
}

#define fail(err, ...) complaint__say(err, "memleak-bpf: triage", __VA_ARGS__)

/* "12", "0.5": without what strtod takes besides. *end: behind it. */
static bool read_decimal(const char *s, double *value, const char **end)
{
	double scale = 1;

	if (!isdigit((unsigned char)*s))
		return false;
	for (*value = 0; isdigit((unsigned char)*s); s++)
		*value = *value * 10 + (*s - '0');
	if (*s == '.') {
		if (!isdigit((unsigned char)s[1]))
			return false;
		for (s++; isdigit((unsigned char)*s); s++)
			*value += (*s - '0') * (scale /= 10);
	}
	*end = s;
	return true;
}

static bool read_count(const char *s, unsigned int max, unsigned int *value)
{
	const char *end;
	double v;

	if (strchr(s, '.') || !read_decimal(s, &v, &end) || *end || v < 1 || v > max)
		return false;
	*value = (unsigned int)v;
	return true;
}

static bool read_time(const char *s, double *seconds)
{
	static const char units[] = "smhd";
	static const double factors[] = {1, 60, 3600, 86400};
	const char *end, *unit;

	if (!read_decimal(s, seconds, &end))
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		*seconds *= factors[unit - units];
	}
	return *seconds >= MIN_SECONDS && *seconds <= MAX_SECONDS;
}

static int add_from(struct triage_options *o, const char *path)
{
	const char **grown = reallocarray(o->from, o->n_from + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	o->from = grown;
	o->from[o->n_from++] = path;
	return 0;
}

static int parse_positional(struct triage_options *o, int argc, char **argv, FILE *err)
{
	const char *end;

	if (argc > 2)
		return fail(err, "'%.100s' is one argument too many; see memleak-bpf triage --help",
			    argv[2]);
	if (argc > 0) {
		if (!read_decimal(argv[0], &o->interval, &end) || *end ||
		    o->interval < MIN_SECONDS || o->interval > MAX_SECONDS)
			return fail(err,
				    "INTERVAL: '%.100s' is not a number of seconds (0.01 to %.0f)",
				    argv[0], MAX_SECONDS);
		o->interval_given = true;
	}
	if (argc > 1 && !read_count(argv[1], MAX_COUNT, &o->count))
		return fail(err, "COUNT: '%.100s' is not a number of samples (1 to %d)", argv[1],
			    MAX_COUNT);
	return 0;
}

/* With --for the time is given: one number more, how many samples. */
static int parse_spread(struct triage_options *o, double time, int argc, char **argv, FILE *err)
{
	if (argc > 1)
		return fail(err, "--for with INTERVAL and COUNT: COUNT alone says all");
	if (argc && (!read_count(argv[0], MAX_COUNT, &o->count) || o->count < 2))
		return fail(err, "COUNT: '%.100s' is not a number of samples (2 to %d)", argv[0],
			    MAX_COUNT);
	o->interval = time / (o->count - 1);
	return 0;
}

static int check(const struct triage_options *o, bool spreads, FILE *err)
{
	if (!o->n_from)
		return 0;
	if (o->record)
		return fail(err, "--record with --from: it is recorded already");
	if (spreads)
		return fail(err, "--for with --from: the samples are there already");
	return 0;
}

int triage_options__parse(int argc, char **argv, struct triage_options *o, FILE *err)
{
	double time = 0;
	int id, ret = 0;

	*o = (struct triage_options){.interval = DEFAULT_INTERVAL, .count = DEFAULT_COUNT};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while (!ret && (id = getopt_long(argc, argv, ":aT:h", options, NULL)) != -1) {
		switch (id) {
		case 'a':
			o->all = true;
			break;
		case 'T':
			if (!read_count(optarg, MAX_TOP, &o->top))
				ret = fail(err,
					   "option -T: '%.100s' is not a number of rows (1 to %d)",
					   optarg, MAX_TOP);
			break;
		case OPT_FOR:
			if (!read_time(optarg, &time))
				ret = fail(err,
					   "option --for: '%.100s' is not a time (90s, 10m, 1h, "
					   "2d; up to a year)",
					   optarg);
			break;
		case OPT_RECORD:
			o->record = optarg;
			break;
		case OPT_FROM:
			ret = add_from(o, optarg);
			break;
		case OPT_SVG:
			o->svg = optarg;
			break;
		case OPT_HTML:
			o->html = optarg;
			break;
		case OPT_NO_COLOR:
			o->no_color = true;
			break;
		case 'h':
			o->help = true;
			return 0;
		case ':':
			ret = fail(err,
				   "option %.100s needs a value; see memleak-bpf triage --help",
				   argv[optind - 1]);
			break;
		default:
			ret = fail(err, "option %.100s is not known; see memleak-bpf triage --help",
				   argv[optind - 1]);
			break;
		}
	}
	if (ret)
		return ret;
	if (time > 0)
		ret = parse_spread(o, time, argc - optind, argv + optind, err);
	else
		ret = parse_positional(o, argc - optind, argv + optind, err);
	return ret ? ret : check(o, time > 0, err);
}

void triage_options__clear(struct triage_options *o)
{
	free(o->from);
	o->from = NULL;
	o->n_from = 0;
}
