/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "cli.h"

#define MAX_ARGS 64

/* Parse the words of line, which are separated by single blanks; *message: what was printed. */
static char words[MAX_ARGS][128];
static char *args[MAX_ARGS + 1];
static char message[1000];

static int parse_words(int n, struct cli *cli)
{
	FILE *err;
	int ret;

	memset(message, 0, sizeof(message));
	err = fmemopen(message, sizeof(message) - 1, "w");
	args[n] = NULL;
	ret = cli__parse(n, args, cli, err);
	fclose(err);
	return ret;
}

static int parse(const char *line, struct cli *cli)
{
	int n = 0;

	args[n++] = strcpy(words[0], "memleak-bpf");
	while (*line && n < MAX_ARGS) {
		size_t length = strcspn(line, " ");

		snprintf(words[n], sizeof(words[n]), "%.*s", (int)length, line);
		args[n] = words[n];
		n++;
		line += length + (line[length] == ' ');
	}
	return parse_words(n, cli);
}

static void check_refused(const char *line, const char *expected)
{
	struct cli cli;
	char with_name[1000];

	snprintf(with_name, sizeof(with_name), "memleak-bpf: %s\n", expected);
	CHECK_EQ(parse(line, &cli), -EINVAL);
	CHECK_STR(message, with_name);
	if (check_failed)
		printf("  arguments: %s\n", line);
	cli__clear(&cli);
}

#define ACCEPT(line)                                                                               \
	do {                                                                                       \
		CHECK_EQ(parse(line, &cli), 0);                                                    \
		CHECK_STR(message, "");                                                            \
	} while (0)

static void defaults(void)
{
	struct cli cli;

	ACCEPT("-p 4312");
	CHECK_EQ(cli.pid, 4312);
	CHECK(!cli.command);
	CHECK_EQ(cli.older_ns, 500000000);
	CHECK(!cli.older_given);
	CHECK_EQ(cli.min_size, 0);
	CHECK(cli.max_size == UINT64_MAX);
	CHECK_EQ(cli.top, 10);
	CHECK(!cli.show_blocks && !cli.trace && !cli.combined_only &&
	      cli.sort == REPORT_SORT_VERDICT);
	CHECK(!cli.no_color && !cli.debuginfod && !cli.version && !cli.help);
	CHECK_EQ(cli.sample, 1);
	CHECK(!cli.object && !cli.prefix && !cli.offsets);
	CHECK_EQ(cli.verbose, 0);
	CHECK_EQ(cli.interval_s, 5);
	CHECK_EQ(cli.count, 0);
	CHECK_EQ(cli.duration_s, 0);
	CHECK_EQ(cli.max_live, 1048576);
	CHECK_EQ(cli.max_stacks, 16384);
	CHECK_EQ(cli.max_depth, 127);
	CHECK(!cli.frame_pointers);
	CHECK(!cli.reach && !cli.no_reach && !cli.reach_at_exit && !cli.confirm_s);
	CHECK_EQ(cli.max_pause_ms, 500);
	cli__clear(&cli);
}

static void letters(void)
{
	struct cli cli;

	ACCEPT("-p4312 -o 0 -z 4K -Z 1m -T 3 -atF -s 10 -O libc.so.6 -S je_ -d 60 -v -vv 10 3");
	CHECK_EQ(cli.pid, 4312);
	CHECK_EQ(cli.older_ns, 0);
	CHECK(cli.older_given);
	CHECK_EQ(cli.min_size, 4096);
	CHECK_EQ(cli.max_size, 1048576);
	CHECK_EQ(cli.top, 3);
	CHECK(cli.show_blocks && cli.trace && !cli.combined_only);
	CHECK_EQ(cli.sample, 10);
	CHECK_STR(cli.object, "libc.so.6");
	CHECK_STR(cli.prefix, "je_");
	CHECK_EQ(cli.duration_s, 60);
	CHECK_EQ(cli.verbose, 3);
	CHECK_EQ(cli.interval_s, 10);
	CHECK_EQ(cli.count, 3);
	cli__clear(&cli);
	ACCEPT("-p 1 -C");
	CHECK(cli.combined_only);
	ACCEPT("-p 1 -C -o 0"); /* no contradiction */
	CHECK_EQ(cli.sample_bytes, 0);
	ACCEPT("-p 1 --sample-bytes 512K -s 1"); /* 1 in 1 draws nothing */
	CHECK_EQ(cli.sample_bytes, 524288);
	ACCEPT("-p 1 --sample-bytes=1024G");
	CHECK_EQ(cli.sample_bytes, 1ULL << 40);
}

static void long_names(void)
{
	struct cli cli;

	ACCEPT("7 --pid=1 --older 9223372036854 --min-size 0 --max-size=2G --top 0 --show-allocs "
	       "--trace --sample-rate 4294967295 --object /bin/x --symbols-prefix mi_ 8 "
	       "--wa-missing-free --duration 1 --verbose --sort count --offset malloc=0x10 "
	       "--max-live 112M --max-stacks 4M --max-depth 127 --stack fp --no-color "
	       "--debuginfod");
	CHECK_EQ(cli.pid, 1);
	CHECK_EQ(cli.older_ns, 9223372036854000000LL);
	CHECK_EQ(cli.max_size, 2147483648);
	CHECK_EQ(cli.top, 0);
	CHECK(cli.show_blocks && cli.trace && cli.sort == REPORT_SORT_COUNT && cli.no_color &&
	      cli.debuginfod);
	CHECK_EQ(cli.sample, 4294967295);
	CHECK_STR(cli.object, "/bin/x");
	CHECK_STR(cli.prefix, "mi_");
	CHECK_STR(cli.offsets, "malloc=0x10");
	CHECK_EQ(cli.duration_s, 1);
	CHECK_EQ(cli.verbose, 1);
	CHECK_EQ(cli.max_live, 117440512);
	CHECK_EQ(cli.max_stacks, 4194304);
	CHECK(cli.frame_pointers);
	CHECK_EQ(cli.max_depth, 127);
	CHECK_EQ(cli.interval_s, 7);
	CHECK_EQ(cli.count, 8);
	ACCEPT("-p 1 --sort size --sort verdict");
	CHECK_EQ(cli.sort, REPORT_SORT_VERDICT);
	ACCEPT("--pid 1 --combined-only --sort size --obj x"); /* --obj: bcc's name */
	CHECK(cli.combined_only && cli.sort == REPORT_SORT_SIZE);
	CHECK_STR(cli.object, "x");
	ACCEPT("--follow -- x");
	CHECK(cli.follow);
	CHECK_EQ(cli.follow_max, 32);
	ACCEPT("--follow --follow-max 4096 -p 1");
	CHECK_EQ(cli.follow_max, 4096);
	ACCEPT("--user alice:42 -- x");
	CHECK_STR(cli.user, "alice:42");
	ACCEPT("--user=1000 -- x");
	CHECK_STR(cli.user, "1000");
	ACCEPT("-p 1 --reach --confirm 10s --max-pause 3600000");
	CHECK(cli.reach && !cli.reach_at_exit);
	CHECK_EQ(cli.confirm_s, 10);
	CHECK_EQ(cli.max_pause_ms, 3600000);
	CHECK(!cli.profile && cli.view == REPORT_VIEW_LEAKED);
	ACCEPT("-p 1 --profile");
	CHECK(cli.profile && cli.view == REPORT_VIEW_LEAKED);
	ACCEPT("-p 1 --profile --view leaked --view temporary");
	CHECK(cli.profile && cli.view == REPORT_VIEW_TEMPORARY);
	ACCEPT("-p 1 --reach --confirm=7 -s 1");
	CHECK_EQ(cli.confirm_s, 7);
}

/* A command is looked at when it exits, but where that could not be right. */
static void reach_at_exit(void)
{
	static const char *const with[] = {
		"-- a",	  "-c a",	    "-O libc.so.6 -- a",       "-C -- a",
		"5 -- a", "--profile -- a", "--fail-on leaked>0 -- a", "--follow -- a"};
	static const char *const without[] = {
		"-p 1",		 "-k",	       "--no-reach -- a", "--reach -- a",
		"-s 2 -- a",	 "-z 1 -- a",  "-Z 9 -- a",	  "--sample-bytes 512K -- a",
		"--follow -p 1", "--heap -p 1"};
	struct cli cli;
	size_t i;

	for (i = 0; i < sizeof(with) / sizeof(*with); i++) {
		ACCEPT(with[i]);
		CHECK(cli.reach_at_exit && !cli.reach);
		cli__clear(&cli);
	}
	for (i = 0; i < sizeof(without) / sizeof(*without); i++) {
		ACCEPT(without[i]);
		CHECK(!cli.reach_at_exit);
		cli__clear(&cli);
	}
}

static void commands(void)
{
	struct cli cli;

	ACCEPT("-- ls -l --pid 3");
	CHECK(!cli.command_split);
	CHECK_STR(cli.command[0], "ls");
	CHECK_STR(cli.command[1], "-l");
	CHECK_STR(cli.command[2], "--pid");
	CHECK_STR(cli.command[3], "3");
	CHECK(!cli.command[4]);
	CHECK_EQ(cli.pid, 0);
	CHECK_EQ(cli.interval_s, 0); /* only the final report */
	cli__clear(&cli);

	ACCEPT("-a 2 3 -- 4 5"); /* the interval stays in front, the command behind */
	CHECK_EQ(cli.interval_s, 2);
	CHECK_EQ(cli.count, 3);
	CHECK_STR(cli.command[0], "4");
	cli__clear(&cli);

	ACCEPT("-- sh -- x"); /* a second -- is the command's */
	CHECK_STR(cli.command[1], "--");
	cli__clear(&cli);
}

static void split_commands(void)
{
	struct cli cli;

	args[0] = strcpy(words[0], "memleak-bpf");
	args[1] = strcpy(words[1], "-c");
	args[2] = strcpy(words[2], "sh -c 'echo \"a b\"' x\\ y");
	args[3] = strcpy(words[3], "9");
	CHECK_EQ(parse_words(4, &cli), 0);
	CHECK(cli.command_split);
	CHECK_STR(cli.command[0], "sh");
	CHECK_STR(cli.command[1], "-c");
	CHECK_STR(cli.command[2], "echo \"a b\"");
	CHECK_STR(cli.command[3], "x y");
	CHECK(!cli.command[4]);
	CHECK_EQ(cli.interval_s, 9);
	cli__clear(&cli);
	CHECK(!cli.command);
	cli__clear(&cli); /* twice is fine */

	strcpy(words[2], "sh 'x");
	CHECK_EQ(parse_words(4, &cli), -EINVAL);
	CHECK_STR(message, "memleak-bpf: option -c: 'sh 'x' is empty or has a quote that is not "
			   "closed\n");
	strcpy(words[2], "");
	CHECK_EQ(parse_words(4, &cli), -EINVAL);
	strcpy(words[2], "--"); /* the value of -c, not the end of the options */
	CHECK_EQ(parse_words(3, &cli), 0);
	CHECK_STR(cli.command[0], "--");
	cli__clear(&cli);
}

static void bad_numbers(void)
{
	static const char *const bad[] = {"",
					  "x",
					  "12x",
					  "-1",
					  "+1",
					  "1.5",
					  " 1",
					  "0x10",
					  "1 ",
					  "1e3",
					  "99999999999999999999"};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		static const char *const options[] = {
			"-p", "-o", "-z",	  "-Z",		  "-T",
			"-s", "-d", "--max-live", "--max-stacks", "--max-depth"};
		struct cli cli;
		size_t j;

		for (j = 0; j < sizeof(options) / sizeof(*options); j++) {
			args[0] = strcpy(words[0], "memleak-bpf");
			args[1] = strcpy(words[1], options[j]);
			args[2] = strcpy(words[2], bad[i]);
			CHECK_EQ(parse_words(3, &cli), -EINVAL);
			CHECK(strstr(message, "is not a "));
			CHECK(strstr(message, options[j]));
			CHECK(strchr(message, '\n') == message + strlen(message) - 1);
		}
	}
	check_refused("-p 1 -o 12x",
		      "option -o: '12x' is not a number of milliseconds (0 to 9223372036854)");
	check_refused("-p 1 -o 9223372036855", "option -o: '9223372036855' is not a number of "
					       "milliseconds (0 to 9223372036854)");
	check_refused("-p 1 -z 16777216T",
		      "option -z: '16777216T' is not a number of bytes (4096, 4K, 1M, 2G)");
	check_refused("-p 1 -z 17179869184G",
		      "option -z: '17179869184G' is not a number of bytes (4096, 4K, 1M, 2G)");
	check_refused("-p 1 -z 4KB",
		      "option -z: '4KB' is not a number of bytes (4096, 4K, 1M, 2G)");
	check_refused("-p 0", "option -p: '0' is not a process id (1 to 4194304)");
	check_refused("-p 4194305", "option -p: '4194305' is not a process id (1 to 4194304)");
	check_refused("-p 1,2", "option -p: '1,2' is not a process id (1 to 4194304)");
	check_refused("-p 1 -s 0",
		      "option -s: '0' is not a number of allocations (1 to 4294967295)");
	check_refused("-p 1 -d 0", "option -d: '0' is not a number of seconds (1 to 31536000)");
	check_refused("-p 1 --max-live 0",
		      "option --max-live: '0' is not a number of blocks (1 to 117440512)");
	check_refused("-p 1 --max-live 117440513",
		      "option --max-live: '117440513' is not a number of blocks (1 to 117440512)");
	check_refused("-p 1 --max-stacks 4194305",
		      "option --max-stacks: '4194305' is not a number of stacks (1 to 4194304)");
	check_refused("-p 1 --stack frames", "option --stack: 'frames' is not table or fp");
	check_refused("-p 1 --max-depth 128",
		      "option --max-depth: '128' is not a number of frames (1 to 127)");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cli cli;

		args[0] = strcpy(words[0], "memleak-bpf");
		args[1] = strcpy(words[1], i % 2 ? "--confirm" : "--max-pause");
		args[2] = strcpy(words[2], bad[i]);
		CHECK_EQ(parse_words(3, &cli), -EINVAL);
		CHECK(strstr(message, "is not a "));
	}
	check_refused("-p 1 --reach --confirm 0s", "option --confirm: '0s' is not a number of "
						   "seconds (1 to 31536000, 10, 10s)");
	check_refused("-p 1 --reach --confirm s", "option --confirm: 's' is not a number of "
						  "seconds (1 to 31536000, 10, 10s)");
	check_refused("-p 1 --reach --max-pause 3600001",
		      "option --max-pause: '3600001' is not a number of milliseconds (1 to "
		      "3600000)");
	check_refused("-p 1 --sort age", "option --sort: 'age' is not verdict, size or count");
	check_refused("-p 1 -O  -a", "option -O: '' is not the path or file name of an object");
}

static void contradictions(void)
{
	check_refused("-p 1 -- ls", "-p and a command exclude each other: trace one of them");
	check_refused("-c ls -p 1", "-p and a command exclude each other: trace one of them");
	check_refused("-c ls -- ls", "-c and a command behind -- exclude each other");
	check_refused("-c ls -c ls", "option -c: given twice; one command is traced at a time");
	check_refused("-p 1 -p 1", "option -p: given twice; one process is traced at a time");
	check_refused("-p 1 -z 2K -Z 1K", "option -z: 2048 bytes is above -Z, 1024 bytes");
	check_refused("-p 1 -s 10 --sample-bytes 64K",
		      "-s and --sample-bytes exclude each other: -s draws one allocation in N, "
		      "whatever its size, --sample-bytes by size");
	check_refused("-p 1 --follow-max 3", "--follow-max goes with --follow");
	check_refused("-k --follow",
		      "--follow is for processes: with -k -p PID say whose allocations");
	for (size_t i = 0; i < 3; i++) {
		static const char *const numbers[] = {"0", "4097", "x"};
		char line[64], sentence[100];

		snprintf(line, sizeof(line), "--follow --follow-max %s -- x", numbers[i]);
		snprintf(sentence, sizeof(sentence),
			 "option --follow-max: '%s' is not a number of processes (1 to 4096)",
			 numbers[i]);
		check_refused(line, sentence);
	}
	check_refused("-p 1 --user bob",
		      "--user goes with a command: a process that runs has its user already");
	for (size_t i = 0; i < 3; i++) {
		static const char *const users[] = {":", ":users", "bob:"};
		char line[64], sentence[160];

		snprintf(line, sizeof(line), "--user %s -- x", users[i]);
		snprintf(sentence, sizeof(sentence),
			 "option --user: '%s' is not a user: NAME or UID, or with a group "
			 "NAME:GROUP "
			 "or UID:GID",
			 users[i]);
		check_refused(line, sentence);
	}
	check_refused("-p 1 --view peak", "--view peak, total and temporary show a profile: give "
					  "--profile, too");
	check_refused("-p 1 --profile --view high",
		      "option --view: 'high' is not leaked, peak, total or temporary");
	check_refused("-p 1 --profile -s 2",
		      "--profile counts every allocation: not with -s or --sample-bytes");
	check_refused("-p 1 --profile --sample-bytes 512K",
		      "--profile counts every allocation: not with -s or --sample-bytes");
	check_refused("-k --profile", "--profile is for processes, not for -k");
	check_refused("-p 1 --confirm 5", "--confirm and --max-pause go with --reach");
	check_refused("-p 1 --max-pause 500", "--confirm and --max-pause go with --reach");
	check_refused("--reach --no-reach -- a", "--reach and --no-reach exclude each other");
	check_refused("-p 1 --no-reach", "--no-reach goes with a command: a process that runs is "
					 "looked at with --reach only");
	check_refused("-p 1 --reach -z 1", "--reach has to know every block: not with -s, "
					   "--sample-bytes, -z or -Z");
	check_refused("-p 1 --reach -Z 1M", "--reach has to know every block: not with -s, "
					    "--sample-bytes, -z or -Z");
	check_refused("-p 1 --reach -s 2", "--reach has to know every block: not with -s, "
					   "--sample-bytes, -z or -Z");
	check_refused("-p 1 --reach --sample-bytes 1", "--reach has to know every block: not with "
						       "-s, --sample-bytes, -z or -Z");
	check_refused("-p 1 -C -o 1", "-C and -o exclude each other: -C keeps no ages");
}

static void nothing_to_trace(void)
{
	static const char nothing[] =
		"nothing to trace: give -p PID, or a command behind --; see memleak-bpf --help";

	check_refused("", nothing);
	check_refused("5 3", nothing);
	check_refused("-a", nothing);
	check_refused("--", "there is no command behind --");
	check_refused("-p 1 --", "there is no command behind --");
	check_refused("--  x", "there is no command behind --");
}

static void positional(void)
{
	check_refused("-p 1 0", "INTERVAL: '0' is not a number of seconds (1 to 31536000); a "
				"command goes behind --, see memleak-bpf --help");
	check_refused("-k bytes_alloc==4096",
		      "INTERVAL: 'bytes_alloc==4096' is not a number of seconds (1 to 31536000); "
		      "an expression goes behind -f, see memleak-bpf --help");
	check_refused("ls", "INTERVAL: 'ls' is not a number of seconds (1 to 31536000); a command "
			    "goes behind --, see memleak-bpf --help");
	check_refused("-p 1 5 x", "COUNT: 'x' is not a number of reports (1 to 4294967295)");
	check_refused("-p 1 5 0", "COUNT: '0' is not a number of reports (1 to 4294967295)");
	check_refused("-p 1 5 3 2", "'2' is one argument too many; a command goes behind --, see "
				    "memleak-bpf --help");
}

static void offset_lists(void)
{
	struct cli cli;

	ACCEPT("-p 1 --offset malloc=0x12,free=34,my_realloc2=0");
	CHECK_STR(cli.offsets, "malloc=0x12,free=34,my_realloc2=0");
#define NO_LIST(text)                                                                              \
	check_refused("-p 1 --offset " text,                                                       \
		      "option --offset: '" text "' is not a list like malloc=0x1234,free=0x5678")
	NO_LIST("malloc");
	NO_LIST("malloc=");
	NO_LIST("=0x12");
	NO_LIST("malloc=0x");
	NO_LIST("malloc=0xzz");
	NO_LIST("malloc=-1");
	NO_LIST("malloc=0x12,");
	NO_LIST("malloc=0x12,,free=0x13");
	NO_LIST("malloc=0x12;free=0x13");
	NO_LIST("malloc=0xfffffffffffffffff");
}

static void unknown_options(void)
{
	check_refused("-p 1 -x", "unknown option '-x'; see memleak-bpf --help");
	check_refused("-p 1 -ax", "unknown option '-x'; see memleak-bpf --help");
	check_refused("-p 1 -5", "unknown option '-5'; see memleak-bpf --help");
	check_refused("-p 1 --bogus", "unknown option '--bogus'; see memleak-bpf --help");
	check_refused("-p 1 --bogus=3", "unknown option '--bogus=3'; see memleak-bpf --help");
	check_refused("-p 1 --max 3", "ambiguous option '--max'; see memleak-bpf --help");
	check_refused("-p 1 --trace=3", "option --trace: takes no value");
	check_refused("-o", "option -o: needs a number of milliseconds (0 to 9223372036854)");
	check_refused("-p 1 --max-live",
		      "option --max-live: needs a number of blocks (1 to 117440512)");
	check_refused("--pid", "option -p: needs a process id (1 to 4194304)");
	/* what is quoted stays on the line */
	check_refused("-p 1 --a\nb\033[2J", "unknown option '--a?b?[2J'; see memleak-bpf --help");
}

static void heap_mode(void)
{
#define ALONE                                                                                      \
	"--heap looks once at what is there, and traces nothing: only -p, -T, --dump, --by-whom, " \
	"--max-pause and --format go with it"
	const char *by_whom = "--by-whom goes with --heap, --reach or a command that is looked at "
			      "when it exits";
	struct cli cli;

	ACCEPT("--heap -p 7");
	CHECK(cli.heap);
	CHECK_EQ(cli.dump, 0);
	CHECK_EQ(cli.max_pause_ms, 500);
	CHECK(!cli.by_whom);
	ACCEPT("-p 7 --heap --dump -T 3 --max-pause 20 --by-whom");
	CHECK(cli.by_whom);
	CHECK_EQ(cli.dump, 256);
	CHECK_EQ(cli.max_pause_ms, 20);
	check_refused(
		"--heap",
		"--heap looks at a running process: give -p PID, and neither -k nor a command");
	check_refused(
		"--heap -p 7 -k",
		"--heap looks at a running process: give -p PID, and neither -k nor a command");
	check_refused(
		"--heap -- ls",
		"--heap looks at a running process: give -p PID, and neither -k nor a command");
	check_refused("-p 7 --by-whom", by_whom);
	check_refused("--no-reach --by-whom -- a", by_whom);
	check_refused("-z 8 --by-whom -- a", by_whom);
	check_refused("--follow --reach --by-whom -- a",
		      "--by-whom and --follow exclude each other: a sum has no variables");
	ACCEPT("-p 7 --reach --by-whom");
	CHECK(cli.by_whom && cli.reach);
	ACCEPT("--by-whom -- a");
	CHECK(cli.by_whom && cli.reach_at_exit);
	cli__clear(&cli);
	ACCEPT("--heap -p 7 -v --no-color --format text");
	check_refused("--heap -p 7 --reach", "option --reach: " ALONE);
	check_refused("--heap -p 7 -z 16", "option -z: " ALONE);
	check_refused("--heap -p 7 -o 5", "option -o: " ALONE);
	check_refused("--heap -p 7 --profile", "option --profile: " ALONE);
	check_refused("--heap -p 7 --fail-on leaked>0", "option --fail-on: " ALONE);
	check_refused("--heap -p 7 --exitcode 3", "option --exitcode: " ALONE);
	check_refused("--heap -p 7 1 2", "INTERVAL: " ALONE);
	check_refused("--heap -p 7 --json x",
		      "--heap prints text, or JSON with --format json: blocks from before tracing "
		      "have no stacks");
	check_refused("--heap -p 7 --format html",
		      "--heap prints text, or JSON with --format json: blocks from before tracing "
		      "have no stacks");
	check_refused("--heap -p 7 --format json --dump",
		      "--dump is text: with --heap, not in JSON");
	ACCEPT("--heap -p 7 --format json --by-whom");
}

static void kernel_mode(void)
{
	const char *needs_k =
		"--pages, -P, --vmalloc, -f, --stack-every and --type are for the kernel's "
		"memory: give -k, too";
	struct cli cli;

	ACCEPT("-k");
	CHECK(cli.kernel && !cli.pages && !cli.percpu && !cli.vmalloc && !cli.pid);
	CHECK_EQ(cli.stack_every, 64);
	CHECK_EQ(cli.dump, 0);
	CHECK(!cli.filter && !cli.type);
	ACCEPT("--kernel --pages -P --vmalloc -p 7 -f order>2 10 3");
	CHECK(cli.kernel && cli.pages && cli.percpu && cli.vmalloc);
	CHECK_EQ(cli.pid, 7);
	CHECK_STR(cli.filter, "order>2");
	CHECK_EQ(cli.interval_s, 10);
	CHECK_EQ(cli.count, 3);
	/* a value of --dump is behind a =, so that an interval may follow it */
	ACCEPT("-k --dump 10");
	CHECK_EQ(cli.dump, 256);
	CHECK_EQ(cli.interval_s, 10);
	ACCEPT("-k --dump=4K --type file");
	CHECK_EQ(cli.dump, 4096);
	CHECK_STR(cli.type, "file");
	ACCEPT("-k --type file");
	CHECK_EQ(cli.dump, 256);
	ACCEPT("-k --stack-every 1");
	CHECK_EQ(cli.stack_every, 1);

	check_refused("-p 1 --pages", needs_k);
	check_refused("-p 1 -P", needs_k);
	check_refused("-p 1 --vmalloc", needs_k);
	check_refused("-p 1 -f order>2", needs_k);
	check_refused("-p 1 --stack-every 2", needs_k);
	ACCEPT("-p 1 --dump");
	CHECK_EQ(cli.dump, 256);
	check_refused("-p 1 --type file", needs_k);
	check_refused("-k -f", "option -f: needs an expression like 'bytes_alloc == 4096'");
	check_refused("-k --dump=0", "option --dump: '0' is not a number of bytes (1 to 1M)");
	check_refused("-k --dump=2M", "option --dump: '2M' is not a number of bytes (1 to 1M)");
	check_refused("-k --stack-every 0",
		      "option --stack-every: '0' is not a number of allocations (1 to 1048576)");
	check_refused("-k -- ls", "-k and a command exclude each other: -k traces the whole "
				  "machine, or with -p PID what one process causes");
	check_refused("-k -O libc.so.6",
		      "-O, -S, --offset, --stack and --probes are for processes, not for -k");
	ACCEPT("-k --debuginfod");
	CHECK(cli.kernel && cli.debuginfod);
	check_refused("-k --probes pair",
		      "-O, -S, --offset, --stack and --probes are for processes, not for -k");
	check_refused("-k -s 2", "-k follows every allocation; what costs time are stacks: "
				 "--stack-every N instead of a sample");
	check_refused("-k --sample-bytes 2", "-k follows every allocation; what costs time are "
					     "stacks: --stack-every N instead of a sample");
	check_refused("-k -t", "-t is for processes; trace-cmd record -e kmem prints the kernel's "
			       "allocations as they happen");
	check_refused("-k --reach", "--reach is for processes: who holds a pointer to the kernel's "
				    "memory is not looked for");
	check_refused("-k --max-live 100M", "option --max-live: with -k at most 11184810 objects");
}

static void help_and_version(void)
{
	struct cli cli;

	ACCEPT("--help");
	CHECK(cli.help && !cli.version);
	ACCEPT("-h --bogus");
	CHECK(cli.help);
	ACCEPT("-p 1 --version -p x");
	CHECK(cli.version && !cli.help);
}

static char *help_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cli__help(out);
	fclose(out);
	return text;
}

static void help_fits_80_columns(void)
{
	char *text = help_text(), *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		CHECK(strlen(line) <= 80);
	free(text);
}

/* Every option the help names exists, and no other. */
static void help_is_true(void)
{
	char *text = help_text(), *p = text;
	struct cli cli;
	int n = 0;

	*strstr(text, "\nExamples:") = '\0'; /* commands there have options of their own */
	while ((p = strstr(p, "--"))) {
		char option[140];
		size_t length = strspn(p, "-abcdefghijklmnopqrstuvwxyz");

		if (length > 2) {
			snprintf(option, sizeof(option), "%.*s", (int)length, p);
			parse(option, &cli);
			CHECK(!strstr(message, "unknown") && !strstr(message, "ambiguous"));
			cli__clear(&cli);
			n++;
		}
		p += length;
	}
	CHECK(n >= 24);
	free(text);
}

/* The command lines among the examples are accepted as they stand. */
static void examples_work(void)
{
	char *text = help_text(), *line, *save = NULL;
	int n = 0;

	line = strstr(text, "\nExamples:\n");
	CHECK(line);
	for (line = line ? strtok_r(line, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		static const char start[] = "  memleak-bpf ";
		char *end = strstr(line + 2, "   ");
		struct cli cli;

		if (strncmp(line, start, strlen(start)) != 0)
			continue;
		CHECK(end);
		if (!end || strchr(line, '\'') || strchr(line, '$')) /* needs a shell */
			continue;
		*end = '\0';
		ACCEPT(line + strlen(start));
		cli__clear(&cli);
		n++;
	}
	CHECK(n >= 6);
	free(text);
}

static void formats(void)
{
	struct cli cli;
	int i;

	ACCEPT("-p 1");
	CHECK_STR(cli.format, "text");
	for (i = 0; i < RENDER_N; i++)
		CHECK(!cli.output[i]);
	cli__clear(&cli);
	ACCEPT("-p 1 --format json --pprof a.pb.gz --html b.html");
	CHECK_STR(cli.format, "json");
	for (i = 0; i < RENDER_N; i++)
		CHECK(!cli.output[i] == (i != RENDER_ID_pprof && i != RENDER_ID_html));
	CHECK_STR(cli.output[RENDER_ID_pprof], "a.pb.gz");
	CHECK_STR(cli.output[RENDER_ID_html], "b.html");
	cli__clear(&cli);
	check_refused("-p 1 --format xml",
		      "option --format: 'xml' is not one of text json folded "
		      "csv pprof svg html junit sarif codequality metrics save");
	check_refused("-p 1 --json", "option --json: needs a file name");
	check_refused("-p 1 --svg=", "option --svg: '' is not a file name; --format svg prints it");
	check_refused("-p 1 --json -",
		      "option --json: '-' is not a file name; --format json prints it");
}

static void listening(void)
{
	struct cli cli;

	ACCEPT("-p 1");
	CHECK(!cli.listen);
	ACCEPT("-p 1 --listen 9435");
	CHECK_STR(cli.listen, "9435");
	CHECK(cli.listen_address.length > 0);
	CHECK_EQ(cli.interval_s, 5);
	/* whoever scrapes a command does not want to wait for its end */
	ACCEPT("--listen [::1]:9435 -- ls");
	CHECK_EQ(cli.interval_s, 5);
	ACCEPT("--listen :0 60 -- ls");
	CHECK_EQ(cli.interval_s, 60);
	ACCEPT("--metrics a.prom -- ls");
	CHECK_EQ(cli.interval_s, 0);
	check_refused("-p 1 --listen 65536",
		      "option --listen: '65536' is not a port, or an address and a port: 9435, "
		      "127.0.0.1:9435, [::1]:9435");
	check_refused("-p 1 --listen", "option --listen: needs a port, or an address and a port: "
				       "9435, 127.0.0.1:9435, [::1]:9435");
	check_refused("-p 1 --heap --listen 1",
		      "--heap prints text, or JSON with --format json: blocks from before "
		      "tracing have no stacks");
}

int main(void)
{
	RUN(defaults);
	RUN(letters);
	RUN(long_names);
	RUN(reach_at_exit);
	RUN(commands);
	RUN(split_commands);
	RUN(bad_numbers);
	RUN(contradictions);
	RUN(nothing_to_trace);
	RUN(positional);
	RUN(offset_lists);
	RUN(unknown_options);
	RUN(heap_mode);
	RUN(kernel_mode);
	RUN(help_and_version);
	RUN(help_fits_80_columns);
	RUN(help_is_true);
	RUN(examples_work);
	RUN(formats);
	RUN(listening);
	return check_done();
}
