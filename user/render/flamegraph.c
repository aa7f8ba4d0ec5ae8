/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flame graph in a file of its own: SVG 1.1, with its script and style inside. */
#include "render/render.h"

#include <errno.h>
#include <string.h>

#include "render/flame.h"
#include "render/words.h"
#include "report/report.h"

#define TOP 84 /* where the frames begin: below title, verdict and controls */

static void emit_head(FILE *out, const char *title, const char *line, double height)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"flame\" data-top=\"%d\" "
		"viewBox=\"0 0 %d %.0f\" width=\"%d\" height=\"%.0f\" role=\"group\">\n<title>",
		TOP, FLAME_WIDTH, height, FLAME_WIDTH, height);
	render__escape_xml(out, title);
	fputs("</title>\n", out);
	flame__style(out);
	fputs("<style>.pg{fill:#fff}.hd{font:bold 15px system-ui,sans-serif;fill:#222}"
	      ".nt{font:13px system-ui,sans-serif;fill:#444}"
	      "@media (prefers-color-scheme:dark){.pg{fill:#16181c}.hd{fill:#eee}.nt{fill:#bbb}}"
	      "</style>\n"
	      "<rect class=\"pg\" width=\"100%\" height=\"100%\"/>\n<text class=\"hd\" x=\"4\" "
	      "y=\"20\">",
	      out);
	render__escape_xml(out, title);
	fputs("</text>\n<text class=\"nt\" x=\"4\" y=\"40\">", out);
	render__escape_xml(out, line);
	fprintf(out,
		"</text>\n<foreignObject x=\"0\" y=\"48\" width=\"%d\" height=\"34\">"
		"<div xmlns=\"http://www.w3.org/1999/xhtml\" id=\"flame-bar\" class=\"flbar\">"
		"</div></foreignObject>\n",
		FLAME_WIDTH);
}

int flame__emit_svg(FILE *out, const struct flame *f, const char *title, const char *line)
{
	errno = 0;
	emit_head(out, title, line, TOP + flame__height(f) + 4);
	flame__draw(out, f, TOP);
	flame__script(out, f);
	fputs("</svg>\n", out);
	return render__end(out);
}

static int emit_svg(FILE *out, const struct report *r, const struct render_opts *opts)
{
	char title[WORDS_SIZE], line[WORDS_SIZE];
	struct flame *f = NULL;
	int err;

	(void)opts;
	err = flame__new(r, &f);
	if (err)
		return err;
	err = flame__emit_svg(out, f, words__title(title, r), words__total(line, r));
	flame__free(f);
	return err;
}

const struct renderer render_svg = {
	.name = "svg",
	.emit = emit_svg,
};
