/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plant_bash - a loadable builtin of bash: reverse TEXT. The structures are those of bash's
 * builtins.h and command.h, the same in all versions since 2.0; the package that has them on Debian
 * comes only with a new bash.
 */
#include <stdio.h>

#include "plant.h"

struct word {
	char *text;
	int flags;
};

struct words {
	struct words *next;
	struct word *word;
};

struct builtin {
	char *name;
	int (*fn)(struct words *args);
	int flags;
	char *const *long_help;
	const char *help;
	char *handle;
};

#define BUILTIN_ENABLED 1

static int reverse(struct words *args)
{
	char out[256];

	if (!args || args->next || strlen(args->word->text) >= sizeof(out) ||
	    reversed(args->word->text, out))
		return 1;
	puts(out);
	return fflush(stdout) ? 1 : 0;
}

static char *const help[] = {"A text backwards.", NULL};

extern struct builtin reverse_struct;
struct builtin reverse_struct = {"reverse", reverse, BUILTIN_ENABLED, help, "reverse TEXT", NULL};
