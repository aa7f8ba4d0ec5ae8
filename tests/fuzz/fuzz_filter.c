/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the filter language. What is accepted has to be a graph that ends, and to mean the
 * opposite with a "!" before it; what is refused has to be refused at a place within it.
 */
#include <stdlib.h>

#include "../unit/filter_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct gen g;
static struct filter_names names;
static struct gfp gfp;

static void check_error(const struct filter_error *error, const char *text)
{
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	if (error->at > strlen(text) || !error->text[0])
		abort();
	filter_error__print(error, text, out);
	fclose(out);
	if (size < 4 || printed[size - 2] != '^')
		abort();
	free(printed);
}

static void check_graph(const struct filter_prog *prog)
{
	for (unsigned int i = 0; i < FILTER_MAX_NODES; i++) {
		const struct filter_node *n = &prog->node[i];

		if (n->yes >= FILTER_NODE(FILTER_MAX_NODES) ||
		    (n->yes > FILTER_REJECT && n->yes <= FILTER_NODE(i)))
			abort();
		if (n->no >= FILTER_NODE(FILTER_MAX_NODES) ||
		    (n->no > FILTER_REJECT && n->no <= FILTER_NODE(i)))
			abort();
		if ((n->test == FILTER_COMM || n->test == FILTER_NAME) && n->lo >= FILTER_MAX_TEXTS)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct filter_prog prog, opposite;
	static char text[2 * FILTER_MAX_LENGTH], not [2 * FILTER_MAX_LENGTH + 4];
	struct filter_error error;
	struct gen_event e;

	if (!g.pid)
		gen_init(&g, &names, &gfp);
	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (filter__compile(text, &names, &prog, &error)) {
		if (prog.start != FILTER_ACCEPT)
			abort();
		check_error(&error, text);
		return 0;
	}
	check_graph(&prog);
	snprintf(not, sizeof(not ), "!(%s)", text);
	if (filter__compile(not, &names, &opposite, &error)) {
		/* too long, or too deep */
		if (strlen(not ) <= FILTER_MAX_LENGTH &&
		    strncmp(error.text, "more than 64", 12) != 0)
			abort();
		return 0;
	}
	check_graph(&opposite);
	g.seed = size;
	for (int i = 0; i < 10; i++) {
		gen_make_event(&g, &e);
		if (host_run(&prog, &e) == host_run(&opposite, &e))
			abort();
	}
	return 0;
}
