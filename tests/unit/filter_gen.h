/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_gen - random filters of which it is known what they mean, and random events.
 *
 * An expression is made as a tree, and written down from the tree with no more parentheses than it
 * needs, or some more. What it says of an event is read off the tree. Nothing here is shared with
 * user/kernel/filter.c, but the names of the fields.
 */
#ifndef FILTER_GEN_H
#define FILTER_GEN_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/filter.h"
#include "kernel/gfp.h"

#define GEN_MAX 64
#define GEN_GROUPS 4 /* levels of cgroups a task is in */

struct gen_event {
	uint64_t bytes_req, bytes_alloc, gfp_flags, order, call_site;
	uint32_t pid, tid;
	char comm[16];
	char name[80]; /* what is cut to 47 characters when looked at */
	bool has_name;
	uint64_t cgroup[GEN_GROUPS]; /* from the root on, then 0 */
};

enum gen_kind {
	GEN_TEST,
	GEN_NOT,
	GEN_AND,
	GEN_OR
};

struct gen_node {
	enum gen_kind kind;
	int left, right;
	int field, op;
	uint64_t value;
	bool negative; /* value is -value */
	char text[64]; /* of the value, if it is not a number */
};

struct gen {
	uint64_t seed;
	bool kernel_only;  /* only what the kernel's parser accepts for kmem:kmalloc */
	uint32_t pid, tid; /* tasks have this number or one of the next three */
	uint64_t group[3]; /* ids of cgroups: /a, /a/b, and one that no task is in */
	struct gen_node node[GEN_MAX];
	int n, n_tests, n_texts;
	char text[8192];
	size_t len;
};

/* splitmix64 */
static uint64_t gen_random(struct gen *g, uint64_t below)
{
	uint64_t z = g->seed += 0x9E3779B97F4A7C15ULL;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	z ^= z >> 31;
	return below ? z % below : z;
}

#define GEN_PICK(g, list) (list)[gen_random(g, sizeof(list) / sizeof((list)[0]))]

/* --- what names stand for --- */

static const struct gen_function {
	const char *name, *module;
	uint64_t start, end;
} gen_functions[] = {
	{"load_msg", NULL, 0xffffffff81001000, 0xffffffff81001200},
	{"show_one", NULL, 0xffffffff81001200, 0xffffffff81001240},
	{"twice", NULL, 0xffffffff81003000, 0xffffffff81003080},
	{"ext4_init", "ext4", 0xffffffffc0001000, 0xffffffffc0001800},
	{"twice", "ext4", 0xffffffffc0001800, 0xffffffffc0001900},
	{"foo.isra.0", NULL, 0xffffffff81004000, 0xffffffff81004010},
};
#define GEN_N_FUNCTIONS (sizeof(gen_functions) / sizeof(gen_functions[0]))

static int gen_functions_named(void *ctx, const char *name, const char *module,
			       struct filter_range *ranges, size_t room)
{
	size_t n = 0;

	(void)ctx;
	for (size_t i = 0; i < GEN_N_FUNCTIONS; i++) {
		const struct gen_function *f = &gen_functions[i];

		if ((name && strcmp(f->name, name) != 0) ||
		    (module && strcmp(f->module ? f->module : "kernel", module) != 0))
			continue;
		if (n < room)
			ranges[n] = (struct filter_range){f->start, f->end};
		n++;
	}
	return n;
}

static int gen_function_at(void *ctx, uint64_t addr, struct filter_range *range)
{
	(void)ctx;
	for (size_t i = 0; i < GEN_N_FUNCTIONS; i++) {
		if (addr < gen_functions[i].start || addr >= gen_functions[i].end)
			continue;
		*range = (struct filter_range){gen_functions[i].start, gen_functions[i].end};
		return 1;
	}
	return 0;
}

static const char *gen_function_name(void *ctx, size_t index)
{
	(void)ctx;
	return index < GEN_N_FUNCTIONS ? gen_functions[index].name : NULL;
}

static const char *const gen_caches[] = {"kmalloc-64", "kmalloc-4k",  "kmalloc-cg-4k",
					 "dentry",     "inode_cache", "a,b:c d"};

static const char *gen_cache(void *ctx, size_t index)
{
	(void)ctx;
	return index < sizeof(gen_caches) / sizeof(gen_caches[0]) ? gen_caches[index] : NULL;
}

static const char *gen_merged_cache(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "cred") == 0 ? "dentry" : NULL;
}

static int gen_cgroup(void *ctx, const char *path, uint64_t *id)
{
	const struct gen *g = ctx;

	if (!path)
		return *id > 0 && *id < 1000000 ? 0 : -2;
	if (strcmp(path, "/a") != 0 && strcmp(path, "/a/b") != 0)
		return -2; /* ENOENT */
	*id = g->group[strlen(path) > 2];
	return 0;
}

/* Initialise g, and what names mean in its expressions. */
static inline void gen_init(struct gen *g, struct filter_names *names, struct gfp *gfp)
{
	static const uint64_t groups[] = {100, 200, 300};

	memset(g, 0, sizeof(*g));
	g->pid = g->tid = 1000;
	memcpy(g->group, groups, sizeof(groups));
	gfp__init(gfp, NULL, 6 << 16 | 1 << 8); /* 6.1: those that have long been the same */
	*names = (struct filter_names){
		.system = g,
		.gfp = gfp,
		.functions = gen_functions_named,
		.function_at = gen_function_at,
		.function = gen_function_name,
		.cache = gen_cache,
		.merged_cache = gen_merged_cache,
		.cgroup = gen_cgroup,
	};
}

/* --- what an expression says --- */

enum gen_field {
	GEN_REQ,
	GEN_ALLOC,
	GEN_GFP,
	GEN_SITE,
	GEN_TID,
	GEN_COMM,
	GEN_KERNEL_FIELDS, /* the ones before are what the kernel's kmalloc event has */
	GEN_ORDER = GEN_KERNEL_FIELDS,
	GEN_PID,
	GEN_NAME,
	GEN_GROUP,
	GEN_FIELDS,
};
static const char *const gen_field_names[] = {"bytes_req",  "bytes_alloc", "gfp_flags", "call_site",
					      "common_pid", "comm",	   "order",	"pid",
					      "name",	    "cgroup"};
static const char *const gen_ops[] = {"==", "!=", "<", "<=", ">", ">=", "&", "~"};
enum {
	GEN_EQ,
	GEN_NE,
	GEN_LT,
	GEN_LE,
	GEN_GT,
	GEN_GE,
	GEN_BITS,
	GEN_GLOB
};

/* One "[...]" at p against c; *end is what follows it. -1: it has no "]". */
static int gen_class(const char *p, unsigned char c, const char **end)
{
	bool negate = *++p == '!', in = false;
	const char *first;

	p += negate;
	for (first = p; *p && (*p != ']' || p == first); p++) {
		if (p[1] == '-' && p[2] && p[2] != ']') {
			in |= (unsigned char)p[0] <= c && c <= (unsigned char)p[2];
			p += 2;
		} else {
			in |= (unsigned char)p[0] == c;
		}
	}
	if (!*p)
		return -1;
	*end = p + 1;
	return in != negate;
}

/* By trying all the lengths that a "*" can have. */
static inline bool gen_glob(const char *p, const char *s)
{
	const char *next;
	int in;

	switch (*p) {
	case '\0':
		return !*s;
	case '*':
		return gen_glob(p + 1, s) || (*s && gen_glob(p, s + 1));
	case '?':
		return *s && gen_glob(p + 1, s + 1);
	case '[':
		in = gen_class(p, *s, &next);
		if (in >= 0)
			return *s && in && gen_glob(next, s + 1);
		break;
	case '\\':
		if (p[1])
			p++;
		break;
	}
	return *p == *s && gen_glob(p + 1, s + 1);
}

static bool gen_compare(int op, uint64_t a, uint64_t b, bool negative)
{
	/* as whole numbers: b is below all there are if negative */
	switch (op) {
	case GEN_EQ:
		return !negative && a == b;
	case GEN_NE:
		return negative || a != b;
	case GEN_LT:
		return !negative && a < b;
	case GEN_LE:
		return !negative && a <= b;
	case GEN_GT:
		return negative || a > b;
	case GEN_GE:
		return negative || a >= b;
	default:
		return (a & (negative ? -b : b)) != 0;
	}
}

static bool gen_in_function(const struct gen_node *t, uint64_t addr)
{
	for (size_t i = 0; i < GEN_N_FUNCTIONS; i++) {
		const struct gen_function *f = &gen_functions[i];
		size_t len = strlen(f->name);
		const char *rest;
		char module[32];

		if (t->text[0] == '[') {
			snprintf(module, sizeof(module), "[%s]", f->module ? f->module : "kernel");
			if (strcmp(module, t->text) == 0 && addr >= f->start && addr < f->end)
				return true;
			continue;
		}
		if (strncmp(t->text, f->name, len) != 0)
			continue;
		rest = t->text + len;
		if (*rest == '+' && addr == f->start + strtoull(rest + 1, NULL, 0))
			return true;
		if (!*rest && addr >= f->start && addr < f->end)
			return true;
	}
	return false;
}

static bool gen_test_says(const struct gen_node *t, const struct gen_event *e)
{
	char name[FILTER_NAME_ROOM];
	const char *text, *pattern = t->text;
	bool negate = t->op == GEN_NE, same;

	switch (t->field) {
	case GEN_REQ:
		return gen_compare(t->op, e->bytes_req, t->value, false);
	case GEN_ALLOC:
		return gen_compare(t->op, e->bytes_alloc, t->value, false);
	case GEN_GFP:
		return gen_compare(t->op, e->gfp_flags, t->value, false);
	case GEN_ORDER:
		return gen_compare(t->op, e->order, t->value, false);
	case GEN_SITE:
		if (t->text[0])
			return gen_in_function(t, e->call_site) != negate;
		return gen_compare(t->op, e->call_site, t->value, false);
	case GEN_PID:
		return gen_compare(t->op, e->pid, t->value, t->negative);
	case GEN_TID:
		return gen_compare(t->op, e->tid, t->value, t->negative);
	case GEN_GROUP:
		for (int i = 0; i < GEN_GROUPS && e->cgroup[i]; i++)
			if (e->cgroup[i] == t->value)
				return !negate;
		return negate;
	}
	snprintf(name, sizeof(name), "%.*s", FILTER_NAME_ROOM - 1, e->has_name ? e->name : "");
	text = t->field == GEN_NAME ? name : e->comm;
	if (t->op != GEN_GLOB)
		return (strcmp(text, pattern) == 0) != negate;
	if (*pattern == '!') {
		negate = true;
		pattern++;
	}
	same = gen_glob(pattern, text);
	return same != negate;
}

static inline bool gen_says(const struct gen *g, int i, const struct gen_event *e)
{
	const struct gen_node *n = &g->node[i];

	switch (n->kind) {
	case GEN_NOT:
		return !gen_says(g, n->left, e);
	case GEN_AND:
		return gen_says(g, n->left, e) && gen_says(g, n->right, e);
	case GEN_OR:
		return gen_says(g, n->left, e) || gen_says(g, n->right, e);
	default:
		return gen_test_says(n, e);
	}
}

/* --- making one --- */

static const uint64_t gen_sizes[] = {0,	   1,	 8,    63,    64,	  65,	 96,
				     4095, 4096, 4097, 65536, 1ULL << 20, ~0ULL, 1ULL << 63};
static const uint64_t gen_flag_values[] = {0, 0x100, 0xcc0, 0xdc0, 0x400cc0, 0x820, 0x2000};
static const uint64_t gen_addresses[] = {
	0,
	0xffffffff81001000,
	0xffffffff81001041,
	0xffffffff810011ff,
	0xffffffff81001200,
	0xffffffff81003007,
	0xffffffffc0001000,
	0xffffffffc0001807,
	0xffffffffc00018ff,
	0xffffffffc0001900,
	0xffffffff8100400f,
	~0ULL,
};
static const char *const gen_texts[] = {
	"",
	"a",
	"bash",
	"bas",
	"bashful",
	"kworker/0:1",
	"dentry",
	"inode_cache",
	"kmalloc-64",
	"kmalloc-4k",
	"kmalloc-cg-4k",
	"a,b:c d",
	"[x]",
	"fifteen-letters",
	"\xc3\xa4rger",
};
static const char *const gen_patterns[] = {
	"*",	  "bash",    "ba*",	"*sh",	     "*as*",	   "b?s*",
	"?*",	  "[a-c]*",  "[!a-c]*", "*-[0-9]k",  "kmalloc-*k", "!ba*",
	"!*",	  "k*-*-4?", "\\[x]",	"[x",	     "[]]*",	   "*[c-a]*",
	"**",	  "*[!k]*",  "*-4k",	"kworker/*", "",	   "fifteen-letter*",
	"a*a*b*", "[[]x]",   "!bash",
};

static void gen_put(struct gen *g, const char *text)
{
	g->len += snprintf(g->text + g->len, sizeof(g->text) - g->len, "%s", text);
}

static void gen_blank(struct gen *g)
{
	static const char *const blanks[] = {"", "", "", " ", " ", "  ", "\t"};

	gen_put(g, GEN_PICK(g, blanks));
}

static void gen_put_number(struct gen *g, const struct gen_node *t)
{
	char buf[40];
	uint64_t v = t->value;
	bool bytes = t->field == GEN_REQ || t->field == GEN_ALLOC;

	if (t->negative)
		gen_put(g, "-");
	switch (gen_random(g, 4)) {
	case 0:
		snprintf(buf, sizeof(buf), "0x%" PRIx64, v);
		break;
	case 1:
		snprintf(buf, sizeof(buf), "0%" PRIo64, v);
		if (strlen(buf) < 23)
			break;
		/* fall through */
	case 2:
		if (!g->kernel_only && bytes && !(v & 0xfffff)) {
			snprintf(buf, sizeof(buf), "%" PRIu64 "M", v >> 20);
			break;
		}
		if (!g->kernel_only && bytes && !(v & 0x3ff)) {
			snprintf(buf, sizeof(buf), "0x%" PRIx64 "k", v >> 10);
			break;
		}
		/* fall through */
	default:
		snprintf(buf, sizeof(buf), "%" PRIu64, v);
	}
	gen_put(g, buf);
}

static void gen_put_test(struct gen *g, const struct gen_node *t)
{
	const char *quote;

	gen_put(g, gen_field_names[t->field]);
	gen_blank(g);
	gen_put(g, gen_ops[t->op]);
	gen_blank(g);
	switch (t->field) {
	case GEN_COMM:
	case GEN_NAME:
		quote = gen_random(g, 2) ? "\"" : "'";
		gen_put(g, quote);
		gen_put(g, t->text);
		gen_put(g, quote);
		return;
	case GEN_GROUP:
		if (t->value != g->group[2] && gen_random(g, 2)) {
			gen_put(g, t->value == g->group[0] ? "\"/a\"" : "'/a/b'");
			return;
		}
		break;
	default:
		if (t->text[0]) {
			gen_put(g, t->text);
			return;
		}
	}
	gen_put_number(g, t);
}

/* above: what it stands in, -1: nothing. */
static void gen_put_expr(struct gen *g, int i, int above)
{
	const struct gen_node *n = &g->node[i];
	bool parens = above == GEN_NOT ? n->kind > GEN_NOT : above == GEN_AND && n->kind == GEN_OR;

	parens = parens || !gen_random(g, 6);
	gen_blank(g);
	if (parens)
		gen_put(g, "(");
	gen_blank(g);
	switch (n->kind) {
	case GEN_TEST:
		gen_put_test(g, n);
		break;
	case GEN_NOT:
		gen_put(g, "!");
		gen_put_expr(g, n->left, GEN_NOT);
		break;
	default:
		gen_put_expr(g, n->left, n->kind);
		gen_blank(g);
		gen_put(g, n->kind == GEN_AND ? "&&" : "||");
		gen_put_expr(g, n->right, n->kind);
	}
	gen_blank(g);
	if (parens)
		gen_put(g, ")");
}

static void gen_text_value(struct gen *g, struct gen_node *t)
{
	static const int text_ops[] = {GEN_EQ, GEN_NE, GEN_GLOB};
	const char *text;

	t->op = GEN_PICK(g, text_ops);
	if (t->op == GEN_GLOB)
		text = GEN_PICK(g, gen_patterns);
	else if (t->field == GEN_NAME)
		text = GEN_PICK(g, gen_caches);
	else
		text = GEN_PICK(g, gen_texts);
	snprintf(t->text, sizeof(t->text), "%s", text);
}

static void gen_site_value(struct gen *g, struct gen_node *t)
{
	static const char *const places[] = {"load_msg",   "show_one", "twice",	  "load_msg+0x41",
					     "foo.isra.0", "[ext4]",   "twice+7", "show_one+0"};

	t->value = GEN_PICK(g, gen_addresses);
	if (g->kernel_only || gen_random(g, 2))
		return;
	t->op = gen_random(g, 2) ? GEN_EQ : GEN_NE;
	snprintf(t->text, sizeof(t->text), "%s", GEN_PICK(g, places));
}

static void gen_flags_value(struct gen *g, struct gen_node *t)
{
	static const struct {
		const char *text;
		uint64_t value;
	} named[] = {
		{"GFP_KERNEL", 0xcc0},	       {"GFP_KERNEL|__GFP_ZERO", 0xdc0},
		{"GFP_KERNEL | 0x100", 0xdc0}, {"GFP_KERNEL_ACCOUNT", 0x400cc0},
		{"__GFP_ZERO", 0x100},	       {"2|__GFP_NOWARN", 0x2002},
	};
	size_t i = gen_random(g, sizeof(named) / sizeof(named[0]));

	t->value = GEN_PICK(g, gen_flag_values);
	if (g->kernel_only || gen_random(g, 2))
		return;
	t->value = named[i].value;
	snprintf(t->text, sizeof(t->text), "%s", named[i].text);
}

static int gen_new_test(struct gen *g)
{
	struct gen_node *t = &g->node[g->n];

	memset(t, 0, sizeof(*t));
	t->field = gen_random(g, g->kernel_only ? GEN_KERNEL_FIELDS : GEN_FIELDS);
	t->op = gen_random(g, GEN_GLOB);
	switch (t->field) {
	case GEN_REQ:
	case GEN_ALLOC:
		t->value = GEN_PICK(g, gen_sizes);
		break;
	case GEN_GFP:
		gen_flags_value(g, t);
		break;
	case GEN_ORDER:
		t->value = gen_random(g, 5);
		break;
	case GEN_SITE:
		gen_site_value(g, t);
		break;
	case GEN_TID:
	case GEN_PID:
		t->value = (t->field == GEN_PID ? g->pid : g->tid) + gen_random(g, 4);
		t->negative = !gen_random(g, 5);
		break;
	case GEN_GROUP:
		t->value = GEN_PICK(g, g->group);
		t->op = gen_random(g, 2) ? GEN_EQ : GEN_NE;
		break;
	default:
		/* patterns are few, see FILTER_MAX_TEXTS */
		if (g->n_texts == FILTER_MAX_TEXTS) {
			t->field = GEN_ALLOC;
			t->value = GEN_PICK(g, gen_sizes);
			break;
		}
		g->n_texts++;
		gen_text_value(g, t);
	}
	/* each takes two at most */
	g->n_tests += 2;
	return g->n++;
}

static int gen_tree(struct gen *g, int depth)
{
	int i, kind = gen_random(g, 4);

	if (!depth || g->n_tests >= FILTER_MAX_NODES - 12 || g->n > GEN_MAX - 12)
		kind = GEN_TEST;
	if (kind == GEN_TEST)
		return gen_new_test(g);
	i = g->n++;
	memset(&g->node[i], 0, sizeof(g->node[i]));
	g->node[i].kind = kind;
	g->node[i].left = gen_tree(g, depth - 1);
	if (kind != GEN_NOT)
		g->node[i].right = gen_tree(g, depth - 1);
	return i;
}

/* A new expression, g->text; its root is node 0. */
static inline void gen_expression(struct gen *g)
{
	g->n = g->n_tests = g->n_texts = 0;
	g->len = 0;
	g->text[0] = '\0';
	gen_tree(g, gen_random(g, 6));
	gen_put_expr(g, 0, -1);
}

static inline void gen_make_event(struct gen *g, struct gen_event *e)
{
	static const char long_name[] = "a-name-of-a-cache-that-is-longer-than-what-is-looked-at";
	memset(e, 0, sizeof(*e));
	e->bytes_req = GEN_PICK(g, gen_sizes);
	e->bytes_alloc = GEN_PICK(g, gen_sizes);
	e->gfp_flags = GEN_PICK(g, gen_flag_values);
	e->order = gen_random(g, 5);
	e->call_site = GEN_PICK(g, gen_addresses);
	e->pid = g->pid + gen_random(g, 4);
	e->tid = g->tid + gen_random(g, 4);
	snprintf(e->comm, sizeof(e->comm), "%s", GEN_PICK(g, gen_texts));
	e->has_name = gen_random(g, 4);
	snprintf(e->name, sizeof(e->name), "%s",
		 gen_random(g, 8) ? GEN_PICK(g, gen_texts) : long_name);
	e->cgroup[0] = 1;
	if (gen_random(g, 3)) {
		e->cgroup[1] = g->group[0];
		e->cgroup[2] = gen_random(g, 2) ? g->group[1] : 0;
	}
}

#endif
