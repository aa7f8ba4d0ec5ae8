/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * demangle - libiberty behind limits.
 *
 * Substitutions let a name of a hundred bytes stand for gigabytes of text, and libiberty has no
 * limit on what it prints. Its callback interface allocates nothing (what the demanglers need is on
 * the stack, bounded by DEMANGLE_RECURSION_LIMIT), so leaving it by longjmp once there is too much
 * is safe. The Rust v0 printer may leak one small punycode buffer that way.
 */
#include "sym/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_RAW = 4096,
	MAX_OUT = 16384,
};

struct sink {
	jmp_buf too_much;
	size_t len;
	char buf[MAX_OUT];
};

static void put(const char *text, size_t len, void *arg)
{
	struct sink *s = arg;

	if (len >= MAX_OUT - s->len)
		longjmp(s->too_much, 1);
	memcpy(s->buf + s->len, text, len);
	s->len += len;
}

typedef int (*demangler_fn)(const char *mangled, int options, demangle_callbackref callback,
			    void *opaque);

static bool run(struct sink *s, demangler_fn fn, const char *raw)
{
	s->len = 0;
	if (setjmp(s->too_much))
		return false;
	return fn(raw, DMGL_PARAMS | DMGL_ANSI, put, s) && s->len > 0;
}

char *demangle__name(const char *raw)
{
	char *copy = NULL, *text = NULL, *llvm;
	struct sink *s = NULL;
	size_t len = strnlen(raw, MAX_RAW + 1);

	/* All schemes: "_Z" C++ and legacy Rust, "_R" Rust v0. */
	if (len > MAX_RAW || raw[0] != '_' || (raw[1] != 'Z' && raw[1] != 'R'))
		return NULL;
	copy = strdup(raw);
	s = malloc(sizeof(*s));
	if (!copy || !s)
		goto cleanup;
	/* LLVM's ThinLTO makes local names unique this way. */
	llvm = strstr(copy, ".llvm.");
	if (llvm)
		*llvm = '\0';
	/* Rust first: its legacy names are valid C++ names with a hash at the end. */
	if (run(s, rust_demangle_callback, copy) || run(s, cplus_demangle_v3_callback, copy))
		text = strndup(s->buf, s->len);

cleanup:
	free(s);
	free(copy);
	return text;
}
