/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "render/asset.h"
#include "render/flame.h"
#include "render/format.h"
#include "render/jsonout.h"
#include "render/render.h"

#define ROW 18 /* as in flame.js */
#define CHAR_WIDTH 7.3
#define THINNEST 0.5
#define N_HUES 6 /* .k0 to .k5 in flame.css */
/* of comparisons: .k6 as it was, three shades of red, three of blue */
#define UNCHANGED 6
#define GROWN 7
#define SHRUNK 10
#define SHADES 3

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* Darker the larger a part of what there was or is has come or gone. */
static unsigned int change_hue(const struct flame_node *node)
{
	const struct flame_change *c = &node->change;
	bool more = c->new_bytes > c->old_bytes;
	uint64_t by = more ? c->new_bytes - c->old_bytes : c->old_bytes - c->new_bytes;
	unsigned int shade = (unsigned int)(share(by, node->bytes) * SHADES);

	if (!by)
		return UNCHANGED;
	return (more ? GROWN : SHRUNK) + (shade < SHADES ? shade : SHADES - 1);
}

/* The same library has the same colour in each picture. FNV-1a. */
static unsigned int hue(const struct flame *f, const struct flame_node *node)
{
	uint32_t hash = 2166136261u;
	const char *s;

	if (flame__is_compared(f))
		return change_hue(node);
	for (s = node->image; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 16777619u;
	return node->depth ? hash % N_HUES : 0;
}

double flame__height(const struct flame *f)
{
	const struct flame_node *nodes;
	uint32_t deepest = 0;
	size_t n, i;

	nodes = flame__nodes(f, &n);
	for (i = 0; i < n; i++)
		if (nodes[i].depth > deepest)
			deepest = nodes[i].depth;
	return (deepest + 1.0) * ROW;
}

/* As much of the name as there is room for. Names are valid UTF-8. */
static void draw_label(FILE *out, const char *name, double w)
{
	size_t fits = w > 6 ? (size_t)((w - 6) / CHAR_WIDTH) : 0, n = 0, at, cut = 0;
	char text[FLAME_WIDTH * 4];

	for (at = 0; name[at]; at++) {
		if ((name[at] & 0xc0) == 0x80)
			continue;
		if (n++ == (fits ? fits - 1 : 0))
			cut = at;
	}
	if (n > fits) {
		snprintf(text, sizeof(text), "%.*s…", (int)cut, name);
		name = text;
	}
	render__escape_xml(out, name);
}

static void draw_figures(FILE *out, const struct flame *f, const struct flame_node *node,
			 const struct flame_node *root)
{
	const struct flame_change *c = &node->change;
	char a[FORMAT_NUMBER_SIZE], b[FORMAT_NUMBER_SIZE];

	if (!flame__is_compared(f)) {
		fprintf(out, ": %s bytes in %s allocations, %.2f %% of all bytes",
			format__number(a, node->bytes), format__number(b, node->count),
			100 * share(node->bytes, root->bytes));
		return;
	}
	fprintf(out, ": from %s to %s bytes", format__number(a, c->old_bytes),
		format__number(b, c->new_bytes));
	fprintf(out, ", from %s to %s allocations", format__number(a, c->old_count),
		format__number(b, c->new_count));
}

static void draw_node(FILE *out, const struct flame *f, const struct flame_node *node,
		      const struct flame_node *root, double x, double w, double top)
{
	double y = top + node->depth * ROW;

	fprintf(out, "<g class=\"k%u\"><title>", hue(f, node));
	render__escape_xml(out, node->name);
	if (*node->image) {
		fputs(" [", out);
		render__escape_xml(out, node->image);
		fputc(']', out);
	}
	draw_figures(out, f, node, root);
	fputs("</title>", out);
	fprintf(out, "<rect x=\"%.2f\" y=\"%g\" width=\"%.2f\" height=\"%d\"/>", x, y, w, ROW - 1);
	if (w >= 6 + 3 * CHAR_WIDTH) {
		fprintf(out, "<text x=\"%.2f\" y=\"%g\">", x + 3, y + 13);
		draw_label(out, node->name, w);
		fputs("</text>", out);
	}
	fputs("</g>\n", out);
}

/* Siblings come one behind another: where[depth] is where the next one at that depth begins. */
void flame__draw(FILE *out, const struct flame *f, double top)
{
	const struct flame_node *nodes;
	double where[1024] = {0}, w;
	size_t n, i;

	nodes = flame__nodes(f, &n);
	fputs("<g class=\"fl\" id=\"flame-frames\">\n", out);
	for (i = 0; i < n; i++) {
		const struct flame_node *node = &nodes[i];

		if (node->depth + 1 >= sizeof(where) / sizeof(*where))
			continue;
		w = i ? FLAME_WIDTH * share(node->bytes, nodes[0].bytes) : FLAME_WIDTH;
		where[node->depth + 1] = where[node->depth];
		if (w >= THINNEST)
			draw_node(out, f, node, &nodes[0], where[node->depth], w, top);
		where[node->depth] += w;
	}
	fputs("</g>\n", out);
}

/* Of each node the four figures of its change. */
static void emit_changes(struct jsonout *j, const struct flame_node *nodes, size_t n)
{
	size_t i;

	jsonout__begin(j, "change", '[');
	for (i = 0; i < n; i++) {
		const struct flame_change *c = &nodes[i].change;

		jsonout__begin(j, NULL, '[');
		jsonout__u64(j, NULL, c->old_bytes);
		jsonout__u64(j, NULL, c->new_bytes);
		jsonout__u64(j, NULL, c->old_count);
		jsonout__u64(j, NULL, c->new_count);
		jsonout__end(j, ']');
	}
	jsonout__end(j, ']');
}

/* Columns, and each name once: a tree of a hundred thousand nodes is to open at once. */
static void emit_data(FILE *out, const struct flame *f)
{
	struct jsonout j = {.out = out};
	const struct flame_node *nodes;
	const char *const *names;
	size_t n, n_names, i;

	nodes = flame__nodes(f, &n);
	names = flame__names(f, &n_names);
	jsonout__begin(&j, NULL, '{');
	jsonout__begin(&j, "names", '[');
	for (i = 0; i < n_names; i++)
		jsonout__string(&j, NULL, names[i]);
	jsonout__end(&j, ']');
	jsonout__begin(&j, "parent", '[');
	for (i = 0; i < n; i++)
		jsonout__u64(&j, NULL, nodes[i].parent);
	jsonout__end(&j, ']');
	jsonout__begin(&j, "name", '[');
	for (i = 0; i < n; i++)
		jsonout__u64(&j, NULL, nodes[i].name_id);
	jsonout__end(&j, ']');
	jsonout__begin(&j, "image", '[');
	for (i = 0; i < n; i++)
		jsonout__u64(&j, NULL, nodes[i].image_id);
	jsonout__end(&j, ']');
	jsonout__begin(&j, "hue", '[');
	for (i = 0; i < n; i++)
		jsonout__u64(&j, NULL, hue(f, &nodes[i]));
	jsonout__end(&j, ']');
	jsonout__begin(&j, "bytes", '[');
	for (i = 0; i < n; i++)
		jsonout__u64(&j, NULL, nodes[i].bytes);
	jsonout__end(&j, ']');
	jsonout__begin(&j, "count", '[');
	for (i = 0; i < n; i++)
		jsonout__u64(&j, NULL, nodes[i].count);
	jsonout__end(&j, ']');
	if (flame__is_compared(f))
		emit_changes(&j, nodes, n);
	jsonout__end(&j, '}');
}

void flame__style(FILE *out)
{
	fprintf(out, "<style>\n%s</style>\n", asset_flame_css);
}

/* XML reads markup in a script, but in CDATA; for HTML, which does not, its marks are comments. */
void flame__script(FILE *out, const struct flame *f)
{
	fputs("<script type=\"application/json\" id=\"flame-data\">", out);
	emit_data(out, f);
	fprintf(out, "</script>\n<script>//<![CDATA[\n%s//]]></script>\n", asset_flame_js);
}
