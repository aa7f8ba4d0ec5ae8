/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holders - variables that hold blocks, directly and through others: for --by-whom. The lines that
 * its answers name are marked.
 */
#include <stdlib.h>

struct entry {
	struct entry *next;
	char text[40];
};

struct table {
	size_t size;
	struct entry **slots;
};

static struct table *cache; /* LINE cache */
struct entry *shared[4];    /* LINE shared */

__attribute__((noinline)) static struct entry *in_slots(struct entry *next)
{
	struct entry *e = malloc(sizeof(*e));

	e->next = next;
	return e;
}

__attribute__((noinline)) static struct table *table_new(size_t size)
{
	struct table *t = malloc(sizeof(*t)); /* LINE table */

	t->size = size;
	t->slots = calloc(size, sizeof(*t->slots)); /* LINE slots */
	return t;
}

__attribute__((noinline)) static void in_function(void)
{
	static void *volatile hidden; /* LINE hidden */

	hidden = malloc(100);
	(void)hidden;
}

__attribute__((noinline)) static void in_several(void)
{
	static void *volatile more; /* LINE more */
	void **chain = NULL;
	int i;

	for (i = 0; i < 5; i++) {
		void **link = malloc(24); /* LINE chain */

		*link = chain;
		chain = link;
	}
	more = chain;
	(void)more;
	shared[0] = malloc(sizeof(struct entry)); /* LINE shared block */
	shared[2] = malloc(sizeof(struct entry));
}

int main(void)
{
	int i;

	cache = table_new(10);
	for (i = 0; i < 30; i++)
		cache->slots[i % 10] = in_slots(cache->slots[i % 10]);
	in_function();
	in_several();
	return 0;
}
