/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/flame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/render.h"
#include "render/words.h"
#include "report/hashidx.h"
#include "report/report.h"
#include "report/strtab.h"

#define NONE UINT32_MAX

struct node {
	uint32_t parent, name, image;
	uint32_t child, sibling; /* NONE: no more */
	uint64_t bytes, count;
	struct flame_change change;
};

/* What a stack adds to each of its nodes. */
struct weight {
	uint64_t bytes, count;
	struct flame_change change;
};

struct flame {
	uint64_t seed;
	bool compared;
	struct strtab names; /* 0 is "" */
	struct node *nodes;  /* in order of first sight; 0 is the root */
	size_t n_nodes, max_nodes;
	struct hashidx by_call;
	struct flame_node *sorted;
};

static int make_room(void *array, size_t n, size_t *max, size_t size)
{
	size_t new_max = *max ? *max * 2 : 256;
	void **p = array, *grown;

	if (n < *max)
		return 0;
	if (new_max >= NONE)
		return -ENOMEM;
	grown = reallocarray(*p, new_max, size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*max = new_max;
	return 0;
}

/* Takes text over. */
static int add_name(struct flame *f, char *text, uint32_t *idx)
{
	*idx = strtab__add(&f->names, text, strlen(text));
	free(text);
	return *idx == STRTAB_NONE ? -ENOMEM : 0;
}

static int add_plain(struct flame *f, const char *text, uint32_t *idx)
{
	*idx = strtab__add(&f->names, text, strlen(text));
	return *idx == STRTAB_NONE ? -ENOMEM : 0;
}

/* Most names are what they are to be: no need to write them somewhere else. */
static bool is_plain(const char *s)
{
	return s && !s[render__plain(s)];
}

static int frame_name(struct flame *f, const struct report_frame *frame, uint32_t *idx)
{
	char *text = NULL;
	size_t size;
	FILE *mem;

	if (is_plain(frame->function))
		return add_plain(f, frame->function, idx);
	mem = open_memstream(&text, &size);
	if (!mem)
		return -ENOMEM;
	words__frame(mem, frame, render__escape);
	if (fclose(mem)) {
		free(text);
		return -ENOMEM;
	}
	return add_name(f, text, idx);
}

static int text_name(struct flame *f, const char *name, uint32_t *idx)
{
	char *text = NULL;
	size_t size;
	FILE *mem;

	if (is_plain(name))
		return add_plain(f, name, idx);
	mem = open_memstream(&text, &size);
	if (!mem)
		return -ENOMEM;
	render__escape(mem, name);
	if (fclose(mem)) {
		free(text);
		return -ENOMEM;
	}
	return add_name(f, text, idx);
}

static bool same_call(const void *ctx, uint32_t idx, const void *key)
{
	const struct node *a = &((const struct flame *)ctx)->nodes[idx], *b = key;

	return a->parent == b->parent && a->name == b->name &&
	       (a->image == b->image || ((const struct flame *)ctx)->compared);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void add_weight(struct node *node, const struct weight *w)
{
	struct flame_change *c = &node->change;

	node->bytes = add(node->bytes, w->bytes);
	node->count = add(node->count, w->count);
	c->old_bytes = add(c->old_bytes, w->change.old_bytes);
	c->old_count = add(c->old_count, w->change.old_count);
	c->new_bytes = add(c->new_bytes, w->change.new_bytes);
	c->new_count = add(c->new_count, w->change.new_count);
}

/* The callee of *at with that name, to which *at moves. */
static int call(struct flame *f, uint32_t *at, uint32_t name, uint32_t image,
		const struct weight *weight)
{
	struct node key = {.parent = *at, .name = name, .image = image, .child = NONE};
	uint64_t hash = hashidx__combine(f->seed, key.parent);
	uint32_t idx;
	int err;

	hash = hashidx__combine(hash, (uint64_t)name << 32 | (f->compared ? 0 : image));
	idx = hashidx__find(&f->by_call, hash, same_call, f, &key);
	if (idx == HASHIDX_NONE) {
		err = make_room(&f->nodes, f->n_nodes, &f->max_nodes, sizeof(*f->nodes));
		if (!err)
			err = hashidx__reserve(&f->by_call);
		if (err)
			return err;
		idx = f->n_nodes++;
		key.sibling = f->nodes[*at].child;
		f->nodes[*at].child = idx;
		f->nodes[idx] = key;
		hashidx__put(&f->by_call, hash, idx);
	}
	add_weight(&f->nodes[idx], weight);
	*at = idx;
	return 0;
}

static int add_site(struct flame *f, const struct report_site *site, const struct weight *weight)
{
	const char *root = words__root(site);
	uint32_t at = 0, name, image = 0;
	size_t i = site->n_frames;
	int err = 0;

	add_weight(&f->nodes[0], weight);
	if (root) {
		err = text_name(f, root, &name);
		if (!err)
			err = call(f, &at, name, 0, weight);
	}
	while (!err && i--) {
		const struct report_frame *frame = &site->frames[i];

		err = frame_name(f, frame, &name);
		if (!err)
			err = text_name(f, frame->image ? frame->image : "", &image);
		if (!err)
			err = call(f, &at, name, image, weight);
	}
	return err;
}

/* The smallest first. Names last: no two callees of one caller are equal in all of these. */
static int compare(const void *pa, const void *pb, void *arg)
{
	const struct flame *f = arg;
	const struct node *a = &f->nodes[*(const uint32_t *)pa];
	const struct node *b = &f->nodes[*(const uint32_t *)pb];
	int order = (a->bytes > b->bytes) - (a->bytes < b->bytes);

	if (!order)
		order = (a->count > b->count) - (a->count < b->count);
	if (!order)
		order = strcmp(f->names.text[b->name], f->names.text[a->name]);
	return order ? order : strcmp(f->names.text[b->image], f->names.text[a->image]);
}

/* Put the nodes in order, with a stack of those still to come: no more than there are nodes. */
static int sort(struct flame *f)
{
	uint32_t *todo = calloc(f->n_nodes, sizeof(*todo));
	uint32_t *place = calloc(f->n_nodes, sizeof(*place)); /* in sorted */
	size_t n_todo = 0, n = 0, first;
	int err = -ENOMEM;

	f->sorted = calloc(f->n_nodes, sizeof(*f->sorted));
	if (!todo || !place || !f->sorted)
		goto cleanup;
	todo[n_todo++] = 0;
	while (n_todo) {
		uint32_t idx = todo[--n_todo], child;
		const struct node *node = &f->nodes[idx];
		struct flame_node *to = &f->sorted[n];

		to->parent = place[node->parent];
		to->depth = idx ? f->sorted[to->parent].depth + 1 : 0;
		to->bytes = node->bytes;
		to->count = node->count;
		to->change = node->change;
		to->name_id = node->name;
		to->image_id = node->image;
		to->name = f->names.text[node->name];
		to->image = f->names.text[node->image];
		place[idx] = n++;
		first = n_todo;
		for (child = node->child; child != NONE; child = f->nodes[child].sibling)
			todo[n_todo++] = child;
		/* the next one on top */
		qsort_r(todo + first, n_todo - first, sizeof(*todo), compare, f);
	}
	err = 0;
cleanup:
	free(todo);
	free(place);
	return err;
}

/* A tree with a root only. */
static int start(struct flame **out)
{
	struct flame *f = calloc(1, sizeof(*f));
	uint32_t name;
	int err = -ENOMEM;

	*out = f;
	if (!f)
		return err;
	f->seed = hashidx__seed();
	strtab__init(&f->names);
	err = text_name(f, "", &name);
	if (!err)
		err = text_name(f, "all", &name);
	if (!err)
		err = make_room(&f->nodes, 0, &f->max_nodes, sizeof(*f->nodes));
	if (!err)
		f->nodes[f->n_nodes++] =
			(struct node){.name = name, .child = NONE, .sibling = NONE};
	return err;
}

/* Take the tree of which all stacks are in it, or free it. */
static int finish(struct flame *f, int err, struct flame **out)
{
	if (!err)
		err = sort(f);
	if (err)
		flame__free(f);
	*out = err ? NULL : f;
	return err;
}

int flame__new(const struct report *r, struct flame **out)
{
	struct flame *f;
	int err = start(&f);
	size_t i, n = report__viewed(r);

	for (i = 0; !err && i < n; i++) {
		const struct report_measure m = report_site__measure(&r->sites[i], r->view);
		const struct weight weight = {m.bytes, m.count, {0}};

		err = add_site(f, &r->sites[i], &weight);
	}
	return finish(f, err, out);
}

int flame__new_compared(const struct flame_stack *stacks, size_t n, struct flame **out)
{
	struct flame *f;
	int err = start(&f);
	size_t i;

	if (!err)
		f->compared = true;
	for (i = 0; !err && i < n; i++) {
		const struct flame_change *c = &stacks[i].change;
		const struct weight weight = {
			c->old_bytes > c->new_bytes ? c->old_bytes : c->new_bytes,
			c->old_count > c->new_count ? c->old_count : c->new_count,
			*c,
		};

		err = add_site(f, stacks[i].site, &weight);
	}
	return finish(f, err, out);
}

bool flame__is_compared(const struct flame *f)
{
	return f->compared;
}

void flame__free(struct flame *f)
{
	if (!f)
		return;
	strtab__clear(&f->names);
	free(f->nodes);
	free(f->sorted);
	hashidx__clear(&f->by_call);
	free(f);
}

const struct flame_node *flame__nodes(const struct flame *f, size_t *n)
{
	*n = f->n_nodes;
	return f->sorted;
}

const char *const *flame__names(const struct flame *f, size_t *n)
{
	*n = f->names.n;
	return (const char *const *)f->names.text;
}
