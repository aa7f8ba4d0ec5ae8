/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "filter_host.h"
#include "kernel/filter.h"

static struct gen g;
static struct filter_names names;
static struct gfp gfp;
static struct filter_prog prog;
static struct filter_error error;

static bool compiles(const char *expression)
{
	int err = filter__compile(expression, &names, &prog, &error);

	if (err) {
		printf("  refused: %s\n  at %zu: %s\n", expression, error.at, error.text);
		CHECK_EQ(err, 0);
	}
	return !err;
}

/* An event that is easy to see through. */
static const struct gen_event plain = {
	.bytes_req = 4000,
	.bytes_alloc = 4096,
	.gfp_flags = 0xdc0,
	.order = 2,
	.call_site = 0xffffffff81001041,
	.pid = 1000,
	.tid = 1001,
	.comm = "bash",
	.name = "kmalloc-4k",
	.has_name = true,
	.cgroup = {1, 100, 200},
};

static void check_says(const char *expression, bool expected)
{
	if (!compiles(expression))
		return;
	if (host_run(&prog, &plain) != expected) {
		printf("  %s: %d\n", expression, !expected);
		CHECK_EQ(!expected, expected);
	}
}

#define YES(expression) check_says(expression, true)
#define NO(expression) check_says(expression, false)

static void numbers(void)
{
	YES("bytes_req == 4000");
	YES("bytes_req==4000");
	YES("\t bytes_req \n == 4000 ");
	NO("bytes_req != 4000");
	YES("bytes_req < 4001");
	NO("bytes_req < 4000");
	YES("bytes_req <= 4000");
	NO("bytes_req <= 3999");
	YES("bytes_req > 3999");
	NO("bytes_req > 4000");
	YES("bytes_req >= 4000");
	NO("bytes_req >= 4001");
	YES("bytes_alloc == 0x1000");
	YES("bytes_alloc == 0X1000");
	YES("bytes_alloc == 010000");
	YES("bytes_alloc == 4K");
	YES("bytes_alloc < 1m");
	NO("bytes_alloc >= 1G");
	YES("bytes_alloc == 0x4k");
	NO("bytes_req < 0");
	YES("bytes_req >= 0");
	YES("bytes_req <= 18446744073709551615");
	NO("bytes_req > 0xffffffffffffffff");
	YES("order == 2");
	YES("bytes_alloc & 4096");
	YES("bytes_alloc & 4097");
	NO("bytes_alloc & 1");
	NO("bytes_alloc & 0");
	YES("pid == 1000");
	YES("tid == 1001");
	YES("common_pid == 1001");
	NO("pid == -1");
	YES("pid != -1");
	YES("pid > -1");
	NO("pid <= -1");
	YES("pid & -1");
	YES("pid >= -0");
	YES("pid > -9223372036854775808");
}

static void allocation_flags(void)
{
	YES("gfp_flags == GFP_KERNEL|__GFP_ZERO");
	YES("gfp_flags == GFP_KERNEL | __GFP_ZERO");
	YES("gfp_flags == 0xcc0|0x100");
	YES("gfp_flags & __GFP_ZERO");
	NO("gfp_flags & __GFP_ACCOUNT");
	NO("gfp_flags == GFP_KERNEL");
	YES("gfp_flags == GFP_KERNEL || gfp_flags & __GFP_ZERO");
	YES("gfp_flags == GFP_KERNEL|| order == 2");
}

static void call_sites(void)
{
	YES("call_site == load_msg");
	YES("call_site.function == load_msg");
	NO("call_site != load_msg");
	NO("call_site == show_one");
	YES("call_site == load_msg+0x41");
	YES("call_site == load_msg+65/0x200");
	NO("call_site == load_msg+0x42");
	YES("call_site == load_msg+0x41 [kernel]");
	YES("(call_site == load_msg)");
	YES("call_site == load_msg||order==9");
	YES("call_site == 0xffffffff81001041");
	YES("call_site > 0xffffffff81001040");
	YES("call_site.function == 0xffffffff81001000");
	NO("call_site.function == 0xffffffff81001200");
	NO("call_site == [ext4]");
	YES("call_site != [ext4]");
	YES("call_site == [kernel]");
	NO("call_site == twice [kernel]");
	NO("call_site == twice");
	YES("call_site != twice [ext4]");
	YES("call_site != ext4_init+0x10/0x800 [ext4] && order == 2");

	/* both, and then the one of a module */
	if (compiles("call_site == twice"))
		CHECK_EQ(prog.node[1].lo, 0xffffffffc0001800);
	if (compiles("call_site == twice [ext4]"))
		CHECK_EQ(prog.node[0].lo, 0xffffffffc0001800);
	if (compiles("call_site == twice [kernel]"))
		CHECK_EQ(prog.node[0].lo, 0xffffffff81003000);
	/* nothing else is in it */
	CHECK_EQ(prog.node[0].yes, FILTER_ACCEPT);
	CHECK_EQ(prog.node[0].no, FILTER_REJECT);
}

static void texts(void)
{
	YES("comm == \"bash\"");
	YES("comm == 'bash'");
	YES("COMM == 'bash'");
	NO("comm == \"bas\"");
	NO("comm == \"bashful\"");
	NO("comm == \"\"");
	YES("comm != \"sh\"");
	YES("comm ~ \"ba*\"");
	YES("comm ~ \"*\"");
	YES("comm ~ \"bash*\"");
	NO("comm ~ \"bashf*\"");
	YES("comm ~ \"*sh\"");
	YES("comm ~ \"b[a-z]?h\"");
	YES("comm ~ \"!x*\"");
	NO("comm ~ \"!*\"");
	YES("name == \"kmalloc-4k\"");
	YES("name != \"kmalloc-cg-4k\"");
	YES("name ~ \"kmalloc-*\"");
	NO("name ~ \"kmalloc\"");
	NO("name == \"\"");
	NO("name ~ \"none-like-this\"");
	YES("cgroup == \"/a\"");
	YES("cgroup == 200");
	YES("cgroup == 1");
	NO("cgroup == 300");
	NO("cgroup != '/a/b'");
}

static void precedence(void)
{
	YES("order == 2 || order == 3 && order == 4");
	NO("(order == 2 || order == 3) && order == 4");
	YES("order == 4 && order == 3 || order == 2");
	NO("!order == 2");
	YES("!order == 3 && order == 2");
	NO("!order == 3 && order == 4");
	NO("!(order == 2 || order == 3)");
	YES("!!order == 2");
	YES("! ! ( order == 2 )");
	NO("!!!(order == 2)");
	YES("!(order == 3) && !(order == 4)");
	YES("((((order == 2))))");
	YES("order==3||order==4||order==2");
	YES("order == 1 && order == 2 || order == 2 && order == 2 || order == 3");
}

static void check_refused(const char *expression, size_t at, const char *text)
{
	int err = filter__compile(expression, &names, &prog, &error);

	CHECK_EQ(err, -EINVAL);
	CHECK_EQ(error.at, at);
	CHECK_STR(error.text, text);
	/* what is left is no filter */
	CHECK_EQ(prog.start, FILTER_ACCEPT);
	if (check_failed)
		printf("  of %s\n", expression);
}

#define COMPARE "expected a comparison, such as bytes_alloc == 4096"

static void errors(void)
{
	check_refused("", 0, COMPARE);
	check_refused("  ", 2, COMPARE);
	check_refused("0", 0,
		      "unknown field \"0\": there are bytes_req, bytes_alloc, gfp_flags, "
		      "order, call_site, name, comm, pid, tid, cgroup");
	check_refused("order == 2 &&", 13, COMPARE);
	check_refused("order == 2 || ", 14, COMPARE);
	check_refused("&& order == 2", 0, COMPARE);
	check_refused("!= 2", 0, COMPARE);
	check_refused("!~ 2", 0, COMPARE);
	check_refused("()", 1, COMPARE);
	check_refused("(order == 2", 0, "this ( is not closed");
	check_refused("order == 1 && ((order == 2)", 14, "this ( is not closed");
	check_refused("(order == 2 order == 3)", 12, "expected &&, || or )");
	check_refused("order == 2)", 10, "this ) closes nothing");
	check_refused("order == 2 order == 3", 11, "expected && or ||");
	check_refused("order == 2 & order == 3", 11, "expected && or ||");
	check_refused("order == 2 | order == 3", 11, "expected && or ||");
	check_refused("order", 5, "expected == != < <= > >= or & after order");
	check_refused("order = 2", 6, "expected == != < <= > >= or & after order");
	check_refused("order ~ 2", 6, "expected == != < <= > >= or & after order");
	check_refused("comm < \"a\"", 5, "expected == != or ~ after comm");
	check_refused("cgroup & 1", 7, "expected == or != after cgroup");
	check_refused("order ==", 8, "expected a number");
	check_refused("order == x", 9, "expected a number");
	check_refused("order == -1", 9, "expected a number");
	check_refused("order == \"1\"", 9, "expected a number, not a text");
	check_refused("order == 1K", 9, "expected a number: decimal, 0x hexadecimal or 0 octal");
	check_refused("order == 08", 9, "expected a number: decimal, 0x hexadecimal or 0 octal");
	check_refused("order == 0x", 9, "expected a number: decimal, 0x hexadecimal or 0 octal");
	check_refused("order == 0b1", 9, "expected a number: decimal, 0x hexadecimal or 0 octal");
	check_refused("bytes_req == 1T", 13,
		      "expected a number: decimal, 0x hexadecimal or 0 octal, or with K, M or G "
		      "behind it");
	check_refused("order == 18446744073709551616", 9, "this number is too large");
	check_refused("bytes_req == 18014398509481984K", 13, "this number is too large");
	check_refused("order == 000000000000000000000001", 9, "this number is too long");
	check_refused("pid == --1", 7, "expected a number");
	check_refused("pid == -9223372036854775809", 7, "this number is too large");
	check_refused("pid == 9223372036854775808", 7, "this number is too large");
	check_refused("order.function == 2", 5, "expected an operator");
	check_refused("order == 2.5", 10, "expected && or ||");
	check_refused("byte_alloc == 1", 0,
		      "unknown field \"byte_alloc\": did you mean bytes_alloc?");
	check_refused("gfp == 1", 0, "unknown field \"gfp\": did you mean gfp_flags?");
	check_refused("order == 2 && size == 1", 14,
		      "unknown field \"size\": there are bytes_req, bytes_alloc, gfp_flags, order, "
		      "call_site, name, comm, pid, tid, cgroup");
	check_refused("gfp_flags & __GFP_ZER", 12,
		      "this kernel has no allocation flag \"__GFP_ZER\": did you mean __GFP_ZERO?");
	check_refused(
		"gfp_flags == GFP_KERNEL|", 24,
		"expected allocation flags: a number, or names such as GFP_KERNEL|__GFP_ZERO");
	check_refused("gfp_flags == GFP_KERNEL|X", 24, "this kernel has no allocation flag \"X\"");
	check_refused(
		"gfp_flags == ", 13,
		"expected allocation flags: a number, or names such as GFP_KERNEL|__GFP_ZERO");
	check_refused("comm == bash", 8, "expected a text in quotes: comm == \"bash\"");
	check_refused("comm == ", 8, "expected a text in quotes");
	check_refused("comm == \"bash", 8, "this quote has no other end");
	check_refused("comm == 'bash\"", 8, "this quote has no other end");
	check_refused("comm == \"systemd-networkd\"", 8,
		      "the kernel cuts comm to 15 characters: \"systemd-network\"");
	check_refused("comm ~ \"systemd-networkd*\"", 7, "comm has at most 15 characters");
	check_refused("name == \"kmaloc-4k\"", 8,
		      "no cache \"kmaloc-4k\" in /proc/slabinfo: did you mean kmalloc-4k?");
	check_refused("name == \"dentry_cache\"", 8,
		      "no cache \"dentry_cache\" in /proc/slabinfo: did you mean dentry?");
	check_refused("name == \"cred\"", 8,
		      "cache \"cred\" is one with \"dentry\": they look alike, so the kernel has "
		      "merged them");
	check_refused("name != \"xyzzy\"", 8,
		      "no cache \"xyzzy\" in /proc/slabinfo (~ takes one that is yet to come)");
	check_refused("name ~ \"a-name-that-is-48-characters-long-is-one-too-many\"", 7,
		      "name has at most 47 characters");
	check_refused("call_site == ", 13, "expected an address or a function");
	check_refused("call_site == \"load_msg\"", 13, "expected a number, not a text");
	check_refused("name == \"size-4096\"", 8,
		      "no cache \"size-4096\" in /proc/slabinfo: try bytes_alloc == 4096, which "
		      "finds the objects of all caches of that size");
	check_refused("name == \"kmalloc-4096\"", 8,
		      "no cache \"kmalloc-4096\" in /proc/slabinfo: try bytes_alloc == 4096, which "
		      "finds the objects of all caches of that size");
	check_refused("name == \"kmalloc-63\"", 8,
		      "no cache \"kmalloc-63\" in /proc/slabinfo: did you mean kmalloc-64 or "
		      "kmalloc-4k?");
	check_refused("name == \"size-99999999999999999999\"", 8,
		      "no cache \"size-99999999999999999999\" in /proc/slabinfo (~ takes one that "
		      "is yet to come)");
	check_refused("name == \"size-64k\"", 8,
		      "no cache \"size-64k\" in /proc/slabinfo (~ takes one that is yet to come)");
	check_refused("call_site == load_mgs", 13,
		      "no function \"load_mgs\" in this kernel: did you mean load_msg?");
	check_refused("call_site == xyzzy", 13, "no function \"xyzzy\" in this kernel");
	check_refused("call_site == load_msg [ext4]", 13,
		      "no function \"load_msg\" in module ext4");
	check_refused("call_site == [xfs]", 13, "no module \"xfs\" is loaded");
	check_refused("call_site == [ext4", 13, "expected a module, such as [ext4]");
	check_refused("call_site > load_msg", 10, "expected == or != for functions and modules");
	check_refused("call_site.function > 1", 19, "expected == or != for functions and modules");
	check_refused("call_site.function == 1", 22, "no function at this address");
	check_refused("call_site == load_msg+0x201", 13, "\"load_msg\" is shorter than that");
	check_refused("call_site == load_msg+x", 22, "expected a number");
	check_refused("cgroup == /a", 10, "expected a cgroup: its path in quotes, or its id");
	check_refused("cgroup == 0", 10, "cgroup 0: No such file or directory");
	check_refused("cgroup == 1||cgroup == 2||cgroup == 3||cgroup == 4||cgroup == 5||"
		      "cgroup == 6||cgroup == 7||cgroup == 8||cgroup == 1||cgroup == 9",
		      127, "more than 8 different cgroups");
	check_refused("cgroup == \"/x\"", 10, "cgroup \"/x\": No such file or directory");
	check_refused("order == 2 \x01", 11, "expected && or ||");
}

static int unreadable(void *ctx, const char *name, const char *module, struct filter_range *ranges,
		      size_t room)
{
	(void)ctx, (void)name, (void)module, (void)ranges, (void)room;
	return -EPERM;
}

static void without_names(void)
{
	struct filter_names none = {.functions = unreadable};

	CHECK_EQ(filter__compile("call_site == load_msg", &none, &prog, &error), -EPERM);
	CHECK_STR(error.text, "the kernel's symbols cannot be read: Operation not permitted");
	CHECK_EQ(error.at, 13);
	/* what cannot be checked is taken */
	CHECK_EQ(filter__compile("name == \"kmaloc-4k\"", &none, &prog, &error), 0);
	CHECK_EQ(filter__compile("gfp_flags == 0x100", &none, &prog, &error), 0);
	CHECK_EQ(filter__compile("gfp_flags == GFP_KERNEL", &none, &prog, &error), -EINVAL);
	CHECK_EQ(filter__compile("cgroup == \"/a\"", &none, &prog, &error), -EINVAL);
	CHECK_EQ(filter__compile("call_site.function == 1", &none, &prog, &error), -EINVAL);
}

/* n times part, with glue between them. */
static char *repeated(const char *before, const char *part, const char *glue, int n,
		      const char *after)
{
	static char text[2 * FILTER_MAX_LENGTH];
	int len = snprintf(text, sizeof(text), "%s", before);

	for (int i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s", i ? glue : "", part);
	snprintf(text + len, sizeof(text) - len, "%s", after);
	return text;
}

static char *closed(char *text, size_t n)
{
	size_t len = strlen(text);

	memset(text + len, ')', n);
	text[len + n] = '\0';
	return text;
}

static void limits(void)
{
	char *text;

	CHECK(compiles(repeated("", "order == 2", "&&", 32, "")));
	CHECK(host_run(&prog, &plain));
	check_refused(repeated("", "order == 2", "&&", 33, ""), 12 * 32,
		      "more than 32 comparisons, counting each place that a function has");
	/* both places of "twice" count */
	CHECK(compiles(repeated("", "call_site == twice", "||", 16, "")));
	check_refused(repeated("", "call_site == twice", "||", 17, ""), 20 * 16,
		      "more than 32 comparisons, counting each place that a function has");
	/* constants do not count */
	CHECK(compiles(repeated("order == 2 &&", "order >= 0", "&&", 100, "")));
	CHECK_EQ(prog.node[0].yes, FILTER_ACCEPT);

	text = repeated("", "(", "", 64, "order == 2");
	CHECK(compiles(closed(text, 64)));
	text = repeated("", "(", "", 65, "order == 2");
	check_refused(text, 64, "more than 64 parentheses within each other");
	CHECK(compiles(repeated("", "!", "", 3000, "order == 2")));
	CHECK(host_run(&prog, &plain));
	/* a negation is not kept twice */
	text = repeated("", "!(", "", 63, "order == 2");
	CHECK(compiles(closed(text, 63)));
	CHECK(!host_run(&prog, &plain));
	text = repeated("", "!(!(!(!(order == 2 || order == 3))))", "&&", 16, "");
	CHECK(compiles(text));
	CHECK(host_run(&prog, &plain));

	CHECK(compiles(repeated("order == 2", " ", "", FILTER_MAX_LENGTH - 10, "")));
	check_refused(repeated("order == 2", " ", "", FILTER_MAX_LENGTH - 9, ""), 0,
		      "longer than 4095 characters");
	check_refused(repeated("", "x", "", 200, ""), 0, "a name of 200 characters is too long");

	/* different patterns; the same one again takes no room */
	CHECK(compiles("name ~ \"a?\" || name ~ \"b?\" || name ~ \"c?\" || name ~ \"d?\" ||"
		       "name ~ \"e?\" || name ~ \"f?\" || name ~ \"g?\" || name ~ \"h?\" ||"
		       "name ~ \"a?\" || comm ~ \"h?\""));
	check_refused("name ~ \"a?\" || name ~ \"b?\" || name ~ \"c?\" || name ~ \"d?\" ||"
		      "name ~ \"e?\" || name ~ \"f?\" || name ~ \"g?\" || name ~ \"h?\" ||"
		      "name ~ \"i?\"",
		      125, "more than 8 different patterns");
}

/* The graph as text: each node with its targets, + and - for the two ends. */
static const char *graph(void)
{
	static const char *const field[] = {"req", "alloc", "gfp", "order", "site",
					    "pid", "tid",   "c0",  "c8"};
	static const char *const test[] = {"", "comm", "name", "cgroup"};
	static char text[500];
	int len = 0;

	text[0] = '\0';
	for (int i = 0; i < FILTER_MAX_NODES; i++) {
		const struct filter_node *n = &prog.node[i];

		if (!n->yes && !n->no)
			break;
		len += snprintf(text + len, sizeof(text) - len, "%s%s:%c%c", i ? " " : "",
				n->test == FILTER_NUMBER ? field[n->field] : test[n->test],
				"+-0123456789"[n->yes], "+-0123456789"[n->no]);
	}
	return text;
}

#define GRAPH(expression, expected)                                                                \
	do {                                                                                       \
		if (compiles(expression))                                                          \
			CHECK_STR(graph(), expected);                                              \
	} while (0)

static void graphs(void)
{
	GRAPH("order == 2", "order:+-");
	GRAPH("order != 2", "order:-+");
	GRAPH("!!order == 2", "order:+-");
	GRAPH("order >= 0", "");
	CHECK_EQ(prog.start, FILTER_ACCEPT);
	GRAPH("order < 0", "");
	CHECK_EQ(prog.start, FILTER_REJECT);
	GRAPH("order < 0 || bytes_req == 1 && order >= 0", "req:+-");
	GRAPH("order == 2 && bytes_req == 1", "order:1- req:+-");
	GRAPH("order == 2 || bytes_req == 1", "order:+1 req:+-");
	GRAPH("!(order == 2 && bytes_req == 1)", "order:1+ req:-+");
	GRAPH("(order == 2 || bytes_req == 1) && bytes_alloc == 1", "alloc:1- order:+2 req:+-");
	/* what is cheap comes first, the rest as it was written */
	GRAPH("cgroup == 1 && name ~ \"x?\" && comm ~ \"x?\" && pid == 1 && order == 1 && "
	      "bytes_req == 1",
	      "order:1- req:2- pid:3- cgroup:4- comm:5- name:+-");
	GRAPH("name ~ \"x?\" && order == 1 || bytes_req == 1", "req:+1 order:2- name:+-");
	CHECK_EQ(prog.uses_name, 1);
	GRAPH("comm == \"bash\"", "c0:+-");
	CHECK_EQ(prog.uses_name, 0);
	GRAPH("comm == \"bashfull\"", "c0:1- c8:+-");
	GRAPH("comm ~ \"bashfull*\"", "c0:+-");
	GRAPH("comm ~ \"*\"", "");
	GRAPH("comm ~ \"a*b\"", "comm:+-");
}

/* What filter.h promises the verifier, and the programs. */
static void check_graph(void)
{
	unsigned int end = 0;

	while (end < FILTER_MAX_NODES && (prog.node[end].yes || prog.node[end].no))
		end++;
	CHECK(prog.start <= FILTER_REJECT ? !end : prog.start == FILTER_NODE(0));
	for (unsigned int i = 0; i < end; i++) {
		const struct filter_node *n = &prog.node[i];
		bool text = n->test == FILTER_COMM || n->test == FILTER_NAME;

		CHECK(n->yes <= FILTER_REJECT ||
		      (n->yes > FILTER_NODE(i) && n->yes < FILTER_NODE(end)));
		CHECK(n->no <= FILTER_REJECT ||
		      (n->no > FILTER_NODE(i) && n->no < FILTER_NODE(end)));
		CHECK(n->yes != n->no);
		CHECK(!text || n->lo < FILTER_MAX_TEXTS);
		CHECK(n->test != FILTER_NUMBER || n->field < FILTER_N_NUMBERS);
	}
}

#define EXPRESSIONS 4000
#define EVENTS 50

static void random_ones(void)
{
	struct gen_event e;
	unsigned long yes = 0;

	g.seed = 1;
	for (int i = 0; i < EXPRESSIONS && !check_failed; i++) {
		gen_expression(&g);
		if (!compiles(g.text))
			break;
		check_graph();
		for (int j = 0; j < EVENTS && !check_failed; j++) {
			bool expected;

			gen_make_event(&g, &e);
			expected = gen_says(&g, 0, &e);
			yes += expected;
			CHECK_EQ(host_run(&prog, &e), expected);
			if (check_failed)
				printf("  %s\n  of req %" PRIu64 " alloc %" PRIu64 " gfp %#" PRIx64
				       " order %" PRIu64 " site %#" PRIx64
				       " pid %u tid %u comm '%s' name '%s'\n",
				       g.text, e.bytes_req, e.bytes_alloc, e.gfp_flags, e.order,
				       e.call_site, e.pid, e.tid, e.comm, e.has_name ? e.name : "");
		}
	}
	/* or it would not mean much */
	CHECK(yes > EXPRESSIONS * EVENTS / 4 && yes < EXPRESSIONS * EVENTS * 3 / 4);
}

static void check_printed(const char *expression, const char *expected)
{
	static char text[1000];
	FILE *out = fmemopen(text, sizeof(text), "w");

	CHECK_EQ(filter__compile(expression, &names, &prog, &error), -EINVAL);
	filter_error__print(&error, expression, out);
	fclose(out);
	CHECK_STR(text, expected);
}

static void printed(void)
{
	check_printed("order == x", "expected a number\n"
				    "  order == x\n"
				    "           ^\n");
	check_printed("order ==", "expected a number\n"
				  "  order ==\n"
				  "          ^\n");
	/* a caret below the character, however many bytes and whatever blanks are before it */
	check_printed("comm == \"\xc3\xa4\" &&\torder\n== x",
		      "expected a number\n"
		      "  comm == \"\xc3\xa4\" && order == x\n"
		      "                          ^\n");
	check_printed(repeated("", "order == 1 ", "&& ", 20, "x"),
		      "expected && or ||\n"
		      "  ...== 1 && order == 1 && order == 1 && order == 1 && order == 1 && "
		      "order == 1 x\n"
		      "                                                                       "
		      "         ^\n");
	check_printed(repeated("x", " && order == 1", "", 20, ""),
		      "unknown field \"x\": there are bytes_req, bytes_alloc, gfp_flags, order, "
		      "call_site, name, comm, pid, tid, cgroup\n"
		      "  x && order == 1 && order == 1 && order == 1 && order == 1 && order == 1 "
		      "&& order == 1 && order == 1 ...\n"
		      "  ^\n");
}

int main(void)
{
	gen_init(&g, &names, &gfp);
	RUN(numbers);
	RUN(allocation_flags);
	RUN(call_sites);
	RUN(texts);
	RUN(precedence);
	RUN(errors);
	RUN(without_names);
	RUN(limits);
	RUN(graphs);
	RUN(random_ones);
	RUN(printed);
	return check_done();
}
