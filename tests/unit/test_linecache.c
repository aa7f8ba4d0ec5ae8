/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/linecache.h"

#include "check.h"
#include "sym/dwarf.h"

static void keeps_copies(void)
{
	struct linecache *c = linecache__new();
	char name[] = "load_msg", path[] = "ipc/msgutil.c";
	struct dwarf_frame in[] = {{.name = name, .path = path, .line = 91, .inlined = true},
				   {.line = 7}};
	struct dwarf_frame out[2];
	size_t n = 99;

	CHECK(!linecache__find(c, 16, out, &n));
	CHECK_EQ(linecache__add(c, 16, in, 2), 0);
	CHECK_EQ(linecache__add(c, 17, NULL, 0), 0);
	name[0] = path[0] = 'x';
	CHECK(linecache__find(c, 16, out, &n));
	CHECK_EQ(n, 2);
	CHECK_STR(out[0].name, "load_msg");
	CHECK_STR(out[0].path, "ipc/msgutil.c");
	CHECK_EQ(out[0].line, 91);
	CHECK(out[0].inlined && !out[1].inlined);
	CHECK(!out[1].name && !out[1].path);
	CHECK_EQ(out[1].line, 7);
	/* that nothing is there is known, too */
	CHECK(linecache__find(c, 17, out, &n));
	CHECK_EQ(n, 0);
	CHECK(!linecache__find(c, 15, out, &n));
	/* the first stays */
	CHECK_EQ(linecache__add(c, 16, in, 1), 0);
	CHECK(linecache__find(c, 16, out, &n));
	CHECK_EQ(n, 2);
	linecache__free(c);
	linecache__free(NULL);
}

static void is_bounded(void)
{
	struct linecache *c = linecache__new();
	struct dwarf_frame in = {.line = 1}, out;
	uint64_t i, found = 0;
	size_t n;

	for (i = 0; i < LINECACHE_MAX + 10; i++) {
		in.line = (int)i;
		CHECK_EQ(linecache__add(c, i * 4096, &in, 1), 0);
	}
	for (i = 0; i < LINECACHE_MAX + 10; i++)
		found += linecache__find(c, i * 4096, &out, &n) && n == 1 && out.line == (int)i;
	CHECK_EQ(found, LINECACHE_MAX);
	linecache__free(c);
}

int main(void)
{
	RUN(keeps_copies);
	RUN(is_bounded);
	return check_done();
}
