/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_value - what options are given, checked and put into struct cli. Part of cli. */
#include "cli_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "../bpf/memleak.h"
#include "cli_command.h"
#include "gate/options.h"
#include "render/output.h"
#include "render/render.h"
#include "target/spawn.h"

#define NS_PER_MS 1000000ULL
#define MAX_OLDER_MS (INT64_MAX / NS_PER_MS)
#define MAX_PID (1 << 22) /* PID_MAX_LIMIT, include/linux/threads.h */
#define MAX_STACKS (1 << 22)
#define MAX_PAUSE_MS 3600000
#define MAX_SAMPLE_BYTES (1ULL << 40)
#define MAX_STACK_EVERY (1 << 20)
#define MAX_FOLLOW 4096
#define MAX_DUMP (1 << 20)
#define DEFAULT_DUMP "256"

#define FORMAT_STRING(name, help) #name,

static int bad_value(const struct parser *p, int id, const char *value)
{
	const struct opt *opt = cli_opt__find(id);
	char name[32];

	return fail(p, "option %s: '%.100s' is not %s", cli_opt__name(name, opt), value,
		    opt->takes);
}

bool cli_value__number(const char *s, bool suffix, uint64_t *value)
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

	if (!cli_value__number(value, suffix, &n) || n < min || n > max)
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
	if (!cli_value__number(digits, false, out) || !*out || *out > CLI_MAX_SECONDS)
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
	const char *name = cli_opt__find(id)->name;

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

int cli_value__gate(const struct parser *p, int id, const char *value)
{
	int err = gate_options__take(&p->cli->gate, id, value);

	if (err == -E2BIG)
		return fail(p, "option --%s: given more than %d times", cli_opt__find(id)->name,
			    GATE_MAX_VALUES);
	return err ? bad_value(p, id, value) : 0;
}

int cli_value__take(const struct parser *p, int id, const char *value)
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
		return number(p, id, value, false, 1, CLI_MAX_SECONDS, &cli->duration_s);
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
	case OPT_MAX_MEMORY:
		return number(p, id, value, true, 64 << 10, UINT64_MAX, &cli->max_memory);
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

int cli_value__flag(const struct parser *p, int id)
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
