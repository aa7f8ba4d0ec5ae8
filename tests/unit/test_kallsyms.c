/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/kallsyms.h"

static int read_text(const char *text, struct kallsyms **out)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	int err = kallsyms__read(in, out);

	fclose(in);
	return err;
}

static const char table[] = "0000000000000000 A fixed_percpu_data\n"
			    "ffffffff81000000 T _stext\n"
			    "ffffffff81000000 T _text\n"
			    "ffffffff81000100 t handle_softirqs\n"
			    "ffffffff81000180 W weak_one\n"
			    "ffffffff81000200 t twice\n"
			    "ffffffff81000300 t twice\n"
			    "not a symbol\n"
			    "ffffffff82000000 D some_data\n"
			    "ffffffffc0201000 t leaky_open\t[leaky]\n"
			    "ffffffffc0200000 t init_leaky\t[leaky]\n"
			    "ffffffffc0300000 t other_open\t[other]\n"
			    "ffffffffc0400000 t bpf_prog_6deef7357e7b4530_on_kfree\t[bpf]\n";

static void finds(void)
{
	struct kallsyms *k = NULL;
	struct ksym sym;

	CHECK_EQ(read_text(table, &k), 0);
	CHECK(kallsyms__find(k, 0xffffffff81000104, &sym));
	CHECK_STR(sym.name, "handle_softirqs");
	CHECK_EQ(sym.start, 0xffffffff81000100);
	CHECK_EQ(sym.end, 0xffffffff81000180);
	CHECK(sym.is_text && !sym.module);
	/* of several at one address the first, as the kernel prints them */
	CHECK(kallsyms__find(k, 0xffffffff81000000, &sym));
	CHECK_STR(sym.name, "_stext");
	CHECK_EQ(sym.end, 0xffffffff81000100);
	CHECK(kallsyms__find(k, 0xffffffff82000010, &sym) && !sym.is_text);
	CHECK(kallsyms__find(k, 0xffffffff81000180, &sym) && sym.is_text);
	/* modules come in any order */
	CHECK(kallsyms__find(k, 0xffffffffc020102e, &sym));
	CHECK_STR(sym.name, "leaky_open");
	CHECK_STR(sym.module, "leaky");
	CHECK(kallsyms__find(k, 0xffffffffc0300001, &sym));
	CHECK_STR(sym.module, "other");
	CHECK(kallsyms__find(k, UINT64_MAX, &sym));
	CHECK_STR(sym.module, "bpf");
	CHECK_EQ(sym.end, UINT64_MAX);
	kallsyms__free(k);
}

static void by_name(void)
{
	struct kallsyms *k = NULL;
	struct ksym sym;
	size_t at = 0, n = 0;

	CHECK_EQ(read_text(table, &k), 0);
	CHECK_EQ(kallsyms__address(k, "some_data"), 0xffffffff82000000);
	CHECK_EQ(kallsyms__address(k, "some"), 0);
	CHECK_EQ(kallsyms__address(NULL, "some"), 0);
	while (kallsyms__next(k, "twice", &at, &sym))
		CHECK_EQ(sym.start, 0xffffffff81000200 + 0x100 * n++);
	CHECK_EQ(n, 2);
	CHECK_EQ(kallsyms__count(k), 12);
	kallsyms__free(k);
}

static void hidden(void)
{
	struct kallsyms *k = NULL;

	CHECK_EQ(read_text("0000000000000000 T _stext\n0000000000000000 t f\n", &k), -EPERM);
	CHECK(!k);
	CHECK_EQ(read_text("\n", &k), -ENODATA);
	CHECK_EQ(read_text("nothing of that kind\nffffffff81000000 T\n", &k), -ENODATA);
	CHECK(strstr(kallsyms__problem(-EPERM), "kptr_restrict"));
	CHECK(strstr(kallsyms__problem(-ENODATA), "CONFIG_KALLSYMS"));
	kallsyms__free(NULL);
}

int main(void)
{
	RUN(finds);
	RUN(by_name);
	RUN(hidden);
	return check_done();
}
