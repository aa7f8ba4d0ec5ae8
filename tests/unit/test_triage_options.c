/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/options.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"

static struct triage_options o;
static char said[600];

static int parse(const char *line)
{
	char *copy = strdup(line), *argv[20], *word;
	FILE *err;
	int argc = 0, ret;

	argv[argc++] = "triage";
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	memset(said, 0, sizeof(said));
	err = fmemopen(said, sizeof(said) - 1, "w");
	ret = triage_options__parse(argc, argv, &o, err);
	fclose(err);
	free(copy); /* only numbers and flags are looked at afterwards */
	return ret;
}

#define GOOD(line) CHECK_EQ(parse(line), 0)
#define BAD(line, about)                                                                           \
	do {                                                                                       \
		CHECK_EQ(parse(line), -EINVAL);                                                    \
		CHECK(strstr(said, about));                                                        \
		CHECK(strchr(said, '\n') == said + strlen(said) - 1);                              \
		triage_options__clear(&o);                                                         \
	} while (0)

static void defaults(void)
{
	GOOD("");
	CHECK(o.interval == 2 && o.count == 5 && !o.interval_given);
	CHECK(!o.all && !o.help && !o.no_color && !o.top && !o.record && !o.n_from);
	GOOD("-a -T 7 --no-color");
	CHECK(o.all && o.top == 7 && o.no_color);
	GOOD("--help whatever");
	CHECK(o.help);
}

static void times(void)
{
	GOOD("0.25");
	CHECK(o.interval == 0.25 && o.count == 5 && o.interval_given);
	GOOD("10 3");
	CHECK(o.interval == 10 && o.count == 3);
	GOOD("--for 1h");
	CHECK(o.interval == 900 && o.count == 5); /* 4 intervals */
	GOOD("--for 10m 61");
	CHECK(o.interval == 10 && o.count == 61);
	GOOD("--for 1.5s 4");
	CHECK(o.interval == 0.5);
	BAD("0", "INTERVAL");
	BAD("1e3", "INTERVAL");
	BAD("-- -1", "INTERVAL");
	BAD("99999999999", "INTERVAL");
	BAD("1.", "INTERVAL");
	BAD("1 0", "COUNT");
	BAD("1 2.5", "COUNT");
	BAD("1 1001", "COUNT");
	BAD("1 2 3", "too many");
	BAD("--for 1h 1", "COUNT");
	BAD("--for 1h 5 5", "COUNT");
	BAD("--for 1w", "--for");
	BAD("--for h", "--for");
	BAD("--for 400d", "--for");
}

static void what_goes_with_what(void)
{
	GOOD("--from a --from b 60");
	CHECK_EQ(o.n_from, 2);
	CHECK(o.interval == 60);
	triage_options__clear(&o);
	BAD("--from a --record b", "--record");
	BAD("--from a --for 1h", "--for");
	BAD("--from", "needs a value");
	BAD("-T", "needs a value");
	BAD("-T 0", "-T");
	BAD("--bogus", "not known");
	BAD("-x", "not known");
	/* One line, whatever is in it. */
	BAD("\033[31m\n", "INTERVAL");
}

int main(void)
{
	RUN(defaults);
	RUN(times);
	RUN(what_goes_with_what);
	return check_done();
}
