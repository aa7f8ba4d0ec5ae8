/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/svg.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "render/render.h"

/* One class a hue; .s: as a line. No CSS variables: converters to PNG do not know them. */
static void colors(FILE *out, bool dark)
{
	int i;

	for (i = 0; i < HUES; i++) {
		const char *color = dark ? palette[i].dark : palette[i].light;

		fprintf(out, ".h%d{fill:%s}.h%d.s{fill:none;stroke:%s}\n", i, color, i, color);
	}
}

static void styles(FILE *out)
{
	fputs("text{font:12px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
	      "fill:#222}\n"
	      ".b{font-weight:bold;font-size:15px}.n{fill:#666}.c{text-anchor:middle}"
	      ".r{text-anchor:end}\n"
	      ".f{fill:none;stroke:#888}.g{stroke:#bbb}.s{stroke-width:1.5}.p{fill:#fff}\n",
	      out);
	colors(out, false);
	fputs("@media (prefers-color-scheme:dark){\n"
	      "text{fill:#ddd}.n{fill:#999}.f{stroke:#777}.g{stroke:#444}.p{fill:#16181c}\n",
	      out);
	colors(out, true);
	fputs("}\n", out);
}

void svg__open(FILE *out, double width, double height, const char *title, bool inside_page)
{
	if (!inside_page)
		fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
		width, height, width, height);
	render__escape_xml(out, title);
	fputs("</title>\n", out);
	if (!inside_page) {
		fputs("<style>\n", out);
		styles(out);
		fputs("</style>\n", out);
		fprintf(out, "<rect class=\"p\" width=\"%.0f\" height=\"%.0f\"/>\n", width, height);
	}
}

void svg__close(FILE *out)
{
	fputs("</svg>\n", out);
}

void svg__rect(FILE *out, double x, double y, double w, double h, enum hue hue, double opacity,
	       const char *tip)
{
	fprintf(out, "<rect class=\"h%d\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"",
		hue, x, y, fmax(w, 0), fmax(h, 0));
	if (opacity < 1)
		fprintf(out, " fill-opacity=\"%.3f\"", fmax(opacity, 0));
	if (!tip) {
		fputs("/>\n", out);
		return;
	}
	fputs("><title>", out);
	render__escape_xml(out, tip);
	fputs("</title></rect>\n", out);
}

void svg__frame(FILE *out, double x, double y, double w, double h)
{
	fprintf(out, "<rect class=\"f\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n",
		x, y, fmax(w, 0), fmax(h, 0));
}

void svg__line(FILE *out, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<line class=\"g\" x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\"/>\n", x1,
		y1, x2, y2);
}

void svg__curve(FILE *out, const double *x, const double *y, size_t n, enum hue hue)
{
	bool down = false; /* the pen */
	size_t i;

	fprintf(out, "<path class=\"h%d s\" d=\"", hue);
	for (i = 0; i < n; i++) {
		if (!isfinite(x[i]) || !isfinite(y[i])) {
			down = false;
			continue;
		}
		fprintf(out, "%c%.2f %.2f", down ? 'L' : 'M', x[i], y[i]);
		down = true;
	}
	fputs("\"/>\n", out);
}

void svg__text(FILE *out, double x, double y, enum svg_text style, const char *s)
{
	static const char *const classes[] = {
		[SVG_LABEL] = "",
		[SVG_CENTER] = " class=\"c\"",
		[SVG_RIGHT] = " class=\"r\"",
		[SVG_HEADING] = " class=\"b\"",
		[SVG_NOTE] = " class=\"n\"",
	};

	fprintf(out, "<text%s x=\"%.2f\" y=\"%.2f\">", classes[style], x, y);
	render__escape_xml(out, s);
	fputs("</text>\n", out);
}

/* Well-formed as XML, too, so that other programs can read it. */
void page__open(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head>"
	      "<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>",
	      out);
	render__escape_xml(out, title);
	fputs("</title>\n<style>\n"
	      ":root{color-scheme:light dark}\n"
	      "body{font:14px/1.45 system-ui,sans-serif;margin:1.5em;background:#fff;color:#222}\n"
	      "h1{font-size:1.4em}h2{font-size:1.1em;margin:1.5em 0 .5em}svg{max-width:100%;"
	      "height:auto}\n"
	      "table{border-collapse:collapse;font:12px/1.5 ui-monospace,Menlo,Consolas,"
	      "'DejaVu Sans Mono',monospace}\n"
	      "th,td{padding:1px .9em 1px 0;text-align:left;vertical-align:top;"
	      "overflow-wrap:anywhere}\n"
	      "th{border-bottom:1px solid #999}td.d,th.d{text-align:right;white-space:nowrap}\n"
	      "@media (prefers-color-scheme:dark){body{background:#16181c;color:#ddd}}\n",
	      out);
	styles(out);
	fputs("</style></head><body>\n<h1>", out);
	render__escape_xml(out, title);
	fputs("</h1>\n", out);
}

void page__close(FILE *out)
{
	fputs("</body></html>\n", out);
}

static void element(FILE *out, const char *tag, const char *class, const char *s)
{
	fprintf(out, "<%s%s>", tag, class);
	render__escape_xml(out, s);
	fprintf(out, "</%s>", tag);
}

void page__heading(FILE *out, const char *s)
{
	element(out, "h2", "", s);
	fputc('\n', out);
}

void page__text(FILE *out, const char *s)
{
	element(out, "p", "", s);
	fputc('\n', out);
}

void page__table_begin(FILE *out, const char *const *heads, size_t n)
{
	size_t i;

	fputs("<table><thead><tr>", out);
	for (i = 0; i < n; i++)
		element(out, "th", "", heads[i]);
	fputs("</tr></thead><tbody>\n", out);
}

/* "12", "+3.4 MiB", "5%", but neither "7f00-7f01" nor "2nd" */
static bool is_number(const char *s)
{
	size_t digits;

	if (*s == '+' || *s == '-')
		s++;
	digits = strspn(s, "0123456789.,");
	return digits && isdigit((unsigned char)*s) && strchr(" %", s[digits]);
}

void page__row(FILE *out, const char *const *cells, size_t n)
{
	size_t i;

	fputs("<tr>", out);
	for (i = 0; i < n; i++)
		element(out, "td", is_number(cells[i]) ? " class=\"d\"" : "", cells[i]);
	fputs("</tr>\n", out);
}

void page__table_end(FILE *out)
{
	fputs("</tbody></table>\n", out);
}
