/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int append(const char **values, size_t *n, const char *value)
{
	if (!*value)
		return -EINVAL;
	if (*n == GATE_MAX_VALUES)
		return -E2BIG;
	values[(*n)++] = value;
	return 0;
}

static int exit_code(struct gate_opts *opts, const char *value)
{
	size_t n = strlen(value);

	if (!n || n > 3 || strspn(value, "0123456789") != n || atoi(value) > 255)
		return -EINVAL;
	opts->exit_code = atoi(value);
	opts->exit_code_given = true;
	return 0;
}

int gate_options__take(struct gate_opts *opts, int id, const char *value)
{
	switch (id) {
	case GATE_OPT_FAIL_ON:
		return append(opts->fail_on, &opts->n_fail_on, value);
	case GATE_OPT_SUPPRESSIONS:
		return append(opts->suppressions, &opts->n_suppressions, value);
	case GATE_OPT_BASELINE:
		opts->baseline = value;
		return *value ? 0 : -EINVAL;
	case GATE_OPT_ANY_BASELINE:
		opts->any_baseline = true;
		return 0;
	case GATE_OPT_ANNOTATE:
		opts->annotate = true;
		return 0;
	default: /* GATE_OPT_EXITCODE */
		return exit_code(opts, value);
	}
}

void gate_options__help(FILE *out, int column)
{
	static const struct {
		const char *option, *lines[3];
	} texts[] = {
		{"--fail-on EXPRESSION",
		 {"fail if this holds: 'leaked > 0', 'bytes > 1MiB',",
		  "'growth > 10%', 'allocs > 120% of baseline'"}},
		{"--suppressions FILE",
		 {"stacks to let pass, as LeakSanitizer or Valgrind", "read them"}},
		{"--baseline FILE", {"a recording to compare with"}},
		{"--any-baseline", {"also a recording of another program"}},
		{"--annotate", {"annotations of GitHub Actions, at source lines"}},
		{"--exitcode N", {"exit status when it fails (23; 0: as without)"}},
	};
	size_t i, j;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (j = 0; j < 3 && texts[i].lines[j]; j++)
			fprintf(out, "      %-*s %s\n", column - 7, j ? "" : texts[i].option,
				texts[i].lines[j]);
}
