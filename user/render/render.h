/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render - output formats. A format is one file with its struct renderer, and one row in the table
 * below: that makes it a word for --format and an option --NAME FILE.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(name, what --help says of it): there is a render_name. */
/* clang-format off */
#define RENDER_FORMATS(X) \
	X(text, "for people, as on the terminal") \
	X(json, "all there is to know, for programs; one line") \
	X(folded, "bytes by stack, for flamegraph.pl, speedscope ...") \
	X(csv, "a line for each stack, for spreadsheets") \
	X(pprof, "a profile for go tool pprof, Pyroscope, Parca") \
	X(svg, "a flame graph, for a browser") \
	X(html, "a page with all of that, for a browser") \
	X(junit, "the gate's conditions as tests, in JUnit's XML") \
	X(sarif, "stacks as results of SARIF 2.1.0") \
	X(codequality, "stacks for GitLab's code quality") \
	X(metrics, "the figures for Prometheus' node_exporter") \
	X(save, "a recording, for memleak-bpf report")
/* clang-format on */

/* Their numbers: RENDER_ID_text ... */
enum render_id {
#define RENDER_ID(name, help) RENDER_ID_##name,
	RENDER_FORMATS(RENDER_ID)
#undef RENDER_ID
	RENDER_N
};

struct report;

struct render_opts {
	bool color; /* ANSI colour */
	size_t top; /* text: show so many sites, 0: all */
	/* for CI: the directory that holds the program's sources, of which paths are shown from
	 * there; NULL: none */
	const char *root;
};

struct renderer {
	const char *name;
	bool follows; /* several reports one after another are still this format */
	/* Write the whole report. Returns 0 or negative errno (-EIO, -ENOSPC: out failed). */
	int (*emit)(FILE *out, const struct report *r, const struct render_opts *opts);
};

const struct renderer *renderer__at(enum render_id id);
const struct renderer *renderer__find(const char *name); /* NULL: unknown */
#define RENDER_DECLARE(name, help) extern const struct renderer render_##name;
RENDER_FORMATS(RENDER_DECLARE)
#undef RENDER_DECLARE

/* End of an emit: flush. errno is what went wrong last, 0 before the first write. */
int render__end(FILE *out);

/* Write s with control characters and invalid UTF-8 as \xNN: targets choose their names. */
void render__escape(FILE *out, const char *s);
/*
 * One character of a string a target chose. Returns the bytes it takes: 0 when s does not begin
 * with a valid UTF-8 sequence (RFC 3629, section 4). s is not empty.
 */
size_t render__decode(const char *s, uint32_t *code);
/* Could it move the cursor, or make a line read other than it is? */
bool render__is_unsafe(uint32_t code);
/* So many bytes at s are printable ASCII but '"', '\\', '<', '>' and '&': nothing to escape
 * anywhere. */
size_t render__plain(const char *s);
/* The same as text or attribute of XML 1.0 and HTML. */
void render__escape_xml(FILE *out, const char *s);
#endif
