/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "kernel/near.h"

/* names: one after the other, separated by blanks. */
static void check_near(const char *wanted, const char *names, const char *expected)
{
	char copy[400], text[100], *name, *rest = copy;
	struct near near;

	snprintf(copy, sizeof(copy), "%s", names);
	near__init(&near, wanted);
	while ((name = strsep(&rest, " ")))
		near__add(&near, name);
	near__text(&near, text, sizeof(text));
	CHECK_STR(text, expected);
}

static void names(void)
{
	check_near("dentri", "inode_cache dentry", "dentry");
	check_near("dentry_cache", "inode_cache dentry", "dentry");
	check_near("inode", "dentry inode_cache", "inode_cache");
	check_near("dentry", "xyzzy", "");
	check_near("", "dentry", "");
	check_near("dentry", "", "");
	check_near("ab", "abc", "");
	/* the nearest first; what is farther by more than one is not named */
	check_near("kmalloc-4", "kmalloc-64k kmalloc-4k kmalloc-8k dentry",
		   "kmalloc-4k, kmalloc-64k or kmalloc-8k");
	check_near("kmaloc-4k", "kmalloc-cg-4k kmalloc-4k", "kmalloc-4k");
	/* more than there is room for, in any order */
	check_near("aaaaaa", "aaaabb aaaaab aaaaac aaaaad aaaaae", "aaaaab, aaaaac or aaaaad");
	check_near("aaaaaa", "aaaaab aaaaac aaaabb aaaaad aaaaae", "aaaaab, aaaaac or aaaaad");
	check_near("aaaaaa", "aaaabb aaaacc aaaadd aaaaab", "aaaaab, aaaabb or aaaacc");
	/* twice the same */
	check_near("aaaaaa", "aaaaab aaaaab", "aaaaab");
}

static void long_names(void)
{
	char a[70], b[70];

	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	a[63] = b[62] = '\0';
	check_near(a, b, b);
	a[63] = 'a';
	a[64] = '\0';
	check_near(a, b, "");
}

int main(void)
{
	RUN(names);
	RUN(long_names);
	return check_done();
}
