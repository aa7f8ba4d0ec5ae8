/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings by number: each once, in the order of their first sight, whatever bytes they are of. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "report/strtab.h"

static void each_once(void)
{
	char name[16];
	struct strtab t;
	uint32_t i;

	strtab__init(&t);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name %u", i);
		CHECK_EQ(strtab__find(&t, name, strlen(name)), STRTAB_NONE);
		CHECK_EQ(strtab__add(&t, name, strlen(name)), i);
		CHECK_EQ(strtab__add(&t, name, strlen(name)), i);
	}
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name %u", i);
		CHECK_EQ(strtab__find(&t, name, strlen(name)), i);
		CHECK_STR(t.text[i], name);
	}
	CHECK_EQ(t.n, 1000);
	strtab__clear(&t);
}

static void bytes_of_any_kind(void)
{
	struct strtab t;

	strtab__init(&t);
	CHECK_EQ(strtab__add(&t, "a\0b", 3), 0);
	CHECK_EQ(strtab__add(&t, "a\0c", 3), 1);
	CHECK_EQ(strtab__add(&t, "a", 1), 2);
	CHECK_EQ(strtab__find(&t, "a\0b", 3), 0);
	CHECK_EQ(t.size[1], 3);
	strtab__clear(&t);
}

static void nothing_at_null(void)
{
	struct strtab t;

	strtab__init(&t);
	CHECK_EQ(strtab__find(&t, NULL, 0), STRTAB_NONE);
	CHECK_EQ(strtab__add(&t, NULL, 0), 0);
	CHECK_EQ(strtab__add(&t, "", 0), 0);
	CHECK_EQ(strtab__find(&t, NULL, 0), 0);
	CHECK_STR(t.text[0], "");
	strtab__clear(&t);
}

int main(void)
{
	RUN(each_once);
	RUN(bytes_of_any_kind);
	RUN(nothing_at_null);
	return check_done();
}
