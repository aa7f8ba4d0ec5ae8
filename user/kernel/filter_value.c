/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands on the right of an operator in the filter language, and the tests it makes. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "filter_priv.h"
#include "gfp.h"
#include "glob.h"
#include "near.h"

#define MAX_KMALLOC (1 << 22) /* bytes, in a cache of old kernels: KMALLOC_MAX_SIZE */

#define MAX_PATH 1024	  /* of a cgroup */
#define SAME_FUNCTIONS 64 /* more of one name are not asked for */

static int too_many(struct parser *p, size_t at)
{
	parser__fail(p, at, "more than %d comparisons, counting each place that a function has",
		     FILTER_MAX_NODES);
	return -EINVAL;
}

/* --- tests --- */

static int add_test(struct parser *p, const struct comparison *c, const struct filter_node *node)
{
	int i = tree__test(&p->tree, node);

	return i < 0 ? too_many(p, c->field_at) : i;
}

/* A test that is not on a number. */
static int test(struct parser *p, const struct comparison *c, enum filter_test test, uint64_t lo)
{
	const struct filter_node node = {.test = test, .lo = lo};

	return add_test(p, c, &node);
}

/* (field & mask) == value */
static int masked(struct parser *p, const struct comparison *c, enum filter_field field,
		  uint64_t mask, uint64_t value)
{
	const struct filter_node node = {
		.test = FILTER_NUMBER, .field = field, .mask = mask, .lo = value};

	return add_test(p, c, &node);
}

/* lo <= field <= hi */
static int range(struct parser *p, const struct comparison *c, uint64_t lo, uint64_t hi)
{
	const struct filter_node node = {.test = FILTER_NUMBER,
					 .field = c->field->number,
					 .mask = UINT64_MAX,
					 .lo = lo,
					 .span = hi - lo};

	return lo == 0 && hi == UINT64_MAX ? TREE_TRUE : add_test(p, c, &node);
}

static int number_test(struct parser *p, const struct comparison *c, uint64_t value)
{
	switch (c->op) {
	case OP_EQ:
	case OP_NE:
		return parser__negate_if(p, c->op == OP_NE, range(p, c, value, value));
	case OP_LT:
		return value ? range(p, c, 0, value - 1) : TREE_FALSE;
	case OP_LE:
		return range(p, c, 0, value);
	case OP_GT:
		return value < UINT64_MAX ? range(p, c, value + 1, UINT64_MAX) : TREE_FALSE;
	case OP_GE:
		return range(p, c, value, UINT64_MAX);
	default: /* OP_BITS: some of them are set, so: not all of them are clear */
		if (!value)
			return TREE_FALSE;
		return parser__negate_if(p, true, masked(p, c, c->field->number, value, 0));
	}
}

/* --- allocation flags --- */

static int unknown_flag(struct parser *p, size_t at, const char *name)
{
	const char *one;
	char text[160];
	struct near near;

	near__init(&near, name);
	for (size_t i = 0; (one = gfp__name(i)); i++)
		near__add(&near, one);
	near__text(&near, text, sizeof(text));
	return parser__fail(p, at, "this kernel has no allocation flag \"%s\"%s%s%s", name,
			    near.n ? ": did you mean " : "", text, near.n ? "?" : "");
}

/* GFP_KERNEL|__GFP_ZERO|0x100 */
static int flags_value(struct parser *p, uint64_t *value)
{
	char name[MAX_WORD];
	uint64_t one;
	size_t start;

	*value = 0;
	for (;;) {
		start = p->at;
		if (is_digit(p->s[start])) {
			if (parser__number(p, false, &one, NULL))
				return -EINVAL;
		} else {
			if (parser__word(p, "", name))
				return -EINVAL;
			if (!name[0])
				return parser__fail(p, start,
						    "expected allocation flags: a number, or names "
						    "such as GFP_KERNEL|__GFP_ZERO");
			if (!p->names->gfp || !gfp__value(p->names->gfp, name, &one))
				return unknown_flag(p, start, name);
		}
		*value |= one;
		start = p->at;
		parser__skip_space(p);
		if (p->s[p->at] != '|' || p->s[p->at + 1] == '|') {
			p->at = start;
			return 0;
		}
		p->at++;
		parser__skip_space(p);
	}
}

/* --- call_site --- */

/* What reports and the kernel print: foo, foo+0x1c, foo+0x1c/0x50 [ext4]; or [ext4]. */
struct place {
	char function[MAX_WORD], module[MAX_WORD];
	bool has_offset;
	uint64_t offset;
};

static int module_name(struct parser *p, struct place *place)
{
	size_t start = p->at++;

	if (parser__word(p, "-", place->module))
		return -EINVAL;
	if (!place->module[0] || p->s[p->at] != ']')
		return parser__fail(p, start, "expected a module, such as [ext4]");
	p->at++;
	return 0;
}

static int read_place(struct parser *p, const struct comparison *c, struct place *place)
{
	uint64_t size;
	size_t before;

	memset(place, 0, sizeof(*place));
	if (p->s[p->at] == '[' && !c->function)
		return module_name(p, place);
	if (parser__word(p, ".$", place->function))
		return -EINVAL;
	if (!place->function[0])
		return parser__fail(p, p->at, "expected an address or a function");
	if (p->s[p->at] == '+' && !c->function) {
		p->at++;
		place->has_offset = true;
		if (parser__number(p, false, &place->offset, NULL))
			return -EINVAL;
		if (p->s[p->at] == '/') {
			p->at++;
			if (parser__number(p, false, &size, NULL))
				return -EINVAL;
		}
	}
	before = p->at;
	parser__skip_space(p);
	if (p->s[p->at] == '[')
		return module_name(p, place);
	p->at = before;
	return 0;
}

static int no_place(struct parser *p, const struct comparison *c, const struct place *place,
		    int err)
{
	char text[160] = "";
	const char *one;
	struct near near;

	if (err < 0) {
		parser__fail(p, c->value_at, "the kernel's symbols cannot be read: %s",
			     strerror(-err));
		return err;
	}
	if (!place->function[0])
		return parser__fail(p, c->value_at, "no module \"%s\" is loaded", place->module);
	near__init(&near, place->function);
	if (p->names->function && !place->module[0])
		for (size_t i = 0; (one = p->names->function(p->names->symbols, i)); i++)
			near__add(&near, one);
	near__text(&near, text, sizeof(text));
	return parser__fail(p, c->value_at, "no function \"%s\" in %s%s%s%s%s", place->function,
			    place->module[0] ? "module " : "this kernel", place->module,
			    near.n ? ": did you mean " : "", text, near.n ? "?" : "");
}

/* Everywhere that a name stands for. */
static int place_test(struct parser *p, const struct comparison *c, const struct place *place)
{
	struct filter_range at[SAME_FUNCTIONS];
	int n = 0, all = TREE_FALSE;

	if (p->names->functions)
		n = p->names->functions(
			p->names->symbols, place->function[0] ? place->function : NULL,
			place->module[0] ? place->module : NULL, at, SAME_FUNCTIONS);
	if (n <= 0)
		return no_place(p, c, place, n);
	if (n > SAME_FUNCTIONS)
		return too_many(p, c->value_at);
	for (int i = 0; i < n; i++) {
		if (at[i].end <= at[i].start)
			continue;
		if (!place->has_offset) {
			all = parser__join(p, EXPR_OR, all,
					   range(p, c, at[i].start, at[i].end - 1));
		} else if (place->offset <= at[i].end - at[i].start) {
			/* a call may be the last instruction: then it returns to the end */
			uint64_t addr = at[i].start + place->offset;

			all = parser__join(p, EXPR_OR, all, range(p, c, addr, addr));
		}
	}
	if (all == TREE_FALSE)
		return parser__fail(p, c->value_at, "\"%s\" is shorter than that", place->function);
	return all;
}

static int function_at_test(struct parser *p, const struct comparison *c, uint64_t addr)
{
	struct filter_range at = {0, 0};
	int found = 0;

	if (p->names->function_at)
		found = p->names->function_at(p->names->symbols, addr, &at);
	if (found < 0) {
		parser__fail(p, c->value_at, "the kernel's symbols cannot be read: %s",
			     strerror(-found));
		return found;
	}
	if (!found || at.end <= at.start)
		return parser__fail(p, c->value_at, "no function at this address");
	return range(p, c, at.start, at.end - 1);
}

static int site_test(struct parser *p, const struct comparison *c)
{
	struct place place;
	uint64_t addr;
	int found;

	if (c->op != OP_EQ && c->op != OP_NE && (c->function || !is_digit(p->s[p->at])))
		return parser__fail(p, c->op_at, "expected == or != for functions and modules");
	if (is_digit(p->s[p->at])) {
		if (parser__number(p, false, &addr, NULL))
			return -EINVAL;
		if (!c->function)
			return number_test(p, c, addr);
		found = function_at_test(p, c, addr);
	} else {
		if (read_place(p, c, &place))
			return -EINVAL;
		found = place_test(p, c, &place);
	}
	return parser__negate_if(p, c->op == OP_NE, found);
}

/* --- texts --- */

/* The first n bytes of comm are these. They are compared as numbers, 8 at a time. */
static int comm_begins(struct parser *p, const struct comparison *c, const char *text, size_t n)
{
	uint64_t value[2] = {0, 0}, mask[2] = {0, 0};
	int all = TREE_TRUE;

	memcpy(value, text, n);
	memset(mask, 0xff, n);
	for (int i = 0; i < 2; i++)
		if (mask[i])
			all = parser__join(p, EXPR_AND, all,
					   masked(p, c, FILTER_COMM_0 + i, mask[i], value[i]));
	return all;
}

/*
 * What caches for kmalloc were called once, and still are in many heads and pages: size-4096 in old
 * SLAB, kmalloc-4096 until 4.20. Returns the size; 0: it is no such name.
 */
static uint64_t size_in_name(const char *name)
{
	static const char *const begins[] = {"size-", "kmalloc-"};
	uint64_t size = 0;

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		size_t len = strlen(begins[i]);

		if (strncmp(name, begins[i], len) != 0 || !is_digit(name[len]))
			continue;
		for (name += len; is_digit(*name) && size < MAX_KMALLOC; name++)
			size = 10 * size + (*name - '0');
		return *name || size & (size - 1) ? 0 : size;
	}
	return 0;
}

static int unknown_cache(struct parser *p, const struct comparison *c, const char *name)
{
	uint64_t size = size_in_name(name);
	const char *one, *merged = NULL;
	char text[160];
	struct near near;

	near__init(&near, name);
	for (size_t i = 0; (one = p->names->cache(p->names->system, i)); i++) {
		if (strcmp(one, name) == 0)
			return 0;
		near__add(&near, one);
	}
	if (p->names->merged_cache)
		merged = p->names->merged_cache(p->names->system, name);
	if (merged)
		return parser__fail(p, c->value_at,
				    "cache \"%s\" is one with \"%s\": they look alike, so "
				    "the kernel has merged them",
				    name, merged);
	if (size)
		return parser__fail(p, c->value_at,
				    "no cache \"%s\" in /proc/slabinfo: try bytes_alloc == "
				    "%" PRIu64
				    ", which finds the objects of all caches of that size",
				    name, size);
	near__text(&near, text, sizeof(text));
	return parser__fail(p, c->value_at, "no cache \"%s\" in /proc/slabinfo%s%s%s", name,
			    near.n ? ": did you mean " : " (~ takes one that is yet to come)", text,
			    near.n ? "?" : "");
}

static int pattern_test(struct parser *p, const struct comparison *c, const char *text, size_t len,
			bool literal)
{
	size_t room = c->field->kind == KIND_COMM ? FILTER_COMM_ROOM : FILTER_NAME_ROOM;
	struct filter_text pattern;
	int least = glob__compile(text, len, literal, &pattern), index;

	if (least < 0 || (size_t)least >= room)
		return parser__fail(p, c->value_at, "%s has at most %zu characters", c->field->name,
				    room - 1);
	index = tree__text(&p->tree, &pattern);
	if (index < 0)
		return parser__fail(p, c->value_at, "more than %d different patterns",
				    FILTER_MAX_TEXTS);
	return test(p, c, c->field->kind == KIND_COMM ? FILTER_COMM : FILTER_NAME, index);
}

static int text_test(struct parser *p, const struct comparison *c)
{
	bool comm = c->field->kind == KIND_COMM, glob = c->op == OP_GLOB, negate = c->op == OP_NE;
	char copy[FILTER_NAME_ROOM] = "";
	const char *text;
	size_t len;

	if (parser__quoted(p, c, &text, &len))
		return -EINVAL;
	if (glob && len && text[0] == '!') { /* filter_parse_regex of the kernel */
		negate = true;
		text++;
		len--;
	}
	if (glob && len == strcspn(text, "*?[\\\"'"))
		glob = false;
	if (!glob && comm && len >= FILTER_COMM_ROOM)
		return parser__fail(p, c->value_at,
				    "the kernel cuts comm to %d characters: \"%.*s\"",
				    FILTER_COMM_ROOM - 1, FILTER_COMM_ROOM - 1, text);
	if (!glob && len < sizeof(copy)) {
		memcpy(copy, text, len);
		if (!comm && c->op != OP_GLOB && len && p->names->cache &&
		    unknown_cache(p, c, copy))
			return -EINVAL;
	}
	if (glob && len == 1 && text[0] == '*')
		return parser__negate_if(p, negate, TREE_TRUE);
	if (comm && !glob)
		return parser__negate_if(p, negate, comm_begins(p, c, copy, len + 1));
	if (comm && strcspn(text, "*?[\\") == len - 1 && text[len - 1] == '*' &&
	    len <= FILTER_COMM_ROOM)
		return parser__negate_if(p, negate, comm_begins(p, c, text, len - 1));
	return parser__negate_if(p, negate, pattern_test(p, c, text, len, !glob));
}

/* --- cgroups --- */

/* Of a path, or of an id: then *id is given, and path is NULL. */
static int find_cgroup(struct parser *p, const char *path, uint64_t *id)
{
	return p->names->cgroup ? p->names->cgroup(p->names->system, path, id) : -ENODEV;
}

static int cgroup_test(struct parser *p, const struct comparison *c)
{
	char path[MAX_PATH];
	const char *text;
	uint64_t id = 0;
	size_t len;
	int err, index;

	if (is_digit(p->s[p->at])) {
		if (parser__number(p, false, &id, NULL))
			return -EINVAL;
		err = find_cgroup(p, NULL, &id);
		if (err)
			return parser__fail(p, c->value_at, "cgroup %llu: %s",
					    (unsigned long long)id, strerror(-err));
	} else {
		if (p->s[p->at] != '"' && p->s[p->at] != '\'')
			return parser__fail(p, p->at,
					    "expected a cgroup: its path in quotes, or its id");
		if (parser__quoted(p, c, &text, &len))
			return -EINVAL;
		if (len >= sizeof(path))
			return parser__fail(p, c->value_at, "this path is too long");
		memcpy(path, text, len);
		path[len] = '\0';
		err = find_cgroup(p, path, &id);
		if (err)
			return parser__fail(p, c->value_at, "cgroup \"%.100s\": %s", path,
					    strerror(-err));
	}
	index = tree__cgroup(&p->tree, id);
	if (index < 0)
		return parser__fail(p, c->value_at, "more than %d different cgroups",
				    FILTER_MAX_CGROUPS);
	return parser__negate_if(p, c->op == OP_NE, test(p, c, FILTER_IN_CGROUP, index));
}

/* --- all of them --- */

static int task_test(struct parser *p, const struct comparison *c)
{
	bool negative = false;
	uint64_t value;

	if (parser__number(p, false, &value, &negative))
		return -EINVAL;
	if (!negative || !value)
		return number_test(p, c, value);
	/* less than all there are */
	switch (c->op) {
	case OP_NE:
	case OP_GT:
	case OP_GE:
		return TREE_TRUE;
	case OP_BITS:
		return number_test(p, c, (uint32_t)-value);
	default:
		return TREE_FALSE;
	}
}

int parser__value_test(struct parser *p, const struct comparison *c)
{
	uint64_t value;

	if (c->field->kind < KIND_COMM && (p->s[p->at] == '"' || p->s[p->at] == '\''))
		return parser__fail(p, p->at, "expected a number, not a text");
	switch (c->field->kind) {
	case KIND_COMM:
	case KIND_NAME:
		return text_test(p, c);
	case KIND_CGROUP:
		return cgroup_test(p, c);
	case KIND_SITE:
		return site_test(p, c);
	case KIND_TASK:
		return task_test(p, c);
	case KIND_FLAGS:
		return flags_value(p, &value) ? -EINVAL : number_test(p, c, value);
	default:
		if (parser__number(p, c->field->kind == KIND_BYTES, &value, NULL))
			return -EINVAL;
		return number_test(p, c, value);
	}
}
