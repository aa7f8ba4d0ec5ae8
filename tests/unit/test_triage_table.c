/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/table.h"

#include <errno.h>
#include <math.h>

#include "check.h"

static void rows_come_and_go(void)
{
	struct table t;
	bool is_new;
	long a, b;
	int i;

	table__init(&t, 2);
	CHECK_EQ(table__next_sample(&t), 0);
	a = table__row(&t, "a", &is_new);
	CHECK(a == 0 && is_new);
	table__set(&t, a, 0, 5);
	table__add(&t, a, 1, 2);
	table__add(&t, a, 1, 3);
	CHECK_EQ(table__next_sample(&t), 0);
	CHECK(isnan(table__last(&t, a, 0)));
	b = table__row(&t, "b", &is_new);
	CHECK(b == 1 && is_new);
	CHECK(isnan(t.row[b].values[0][0]) && isnan(t.row[b].values[1][1]));
	table__set(&t, b, 0, 7);
	CHECK_EQ(table__row(&t, "a", &is_new), a);
	CHECK(!is_new);
	CHECK(table__growth(&t, a, 1) == 0 && t.row[a].values[1][0] == 5);
	CHECK_EQ(table__find(&t, "b"), b);
	CHECK_EQ(table__find(&t, "c"), -ENOENT);
	for (i = 0; i < 100; i++) {
		CHECK_EQ(table__next_sample(&t), 0);
		table__set(&t, a, 0, 10 + i);
	}
	CHECK(table__growth(&t, a, 0) == 109 - 5 && t.row[a].values[0][0] == 5);
	CHECK(isnan(t.row[a].values[0][1]) && isnan(table__last(&t, b, 0)));
	table__clear(&t);
	CHECK_EQ(table__find(&t, "a"), -ENOENT);
}

static void many_rows(void)
{
	struct table t;
	char key[16];
	bool is_new;
	int i;

	table__init(&t, 1);
	table__next_sample(&t);
	for (i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		CHECK_EQ(table__row(&t, key, &is_new), i);
		table__set(&t, i, 0, i);
	}
	CHECK(t.n == 5000 && table__last(&t, table__find(&t, "4321"), 0) == 4321);
	table__clear(&t);
}

int main(void)
{
	RUN(rows_come_and_go);
	RUN(many_rows);
	return check_done();
}
