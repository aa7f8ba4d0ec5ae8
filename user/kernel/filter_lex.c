/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and numbers of the filter language. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "filter_priv.h"

#define MAX_NUMBER 23 /* characters, as in the kernel */

const char *const filter_ops[N_OPS] = {"~", "!=", "==", "<=", "<", ">=", ">", "&"};

int parser__fail(struct parser *p, size_t at, const char *fmt, ...)
{
	va_list args;

	p->err->at = at;
	va_start(args, fmt);
	vsnprintf(p->err->text, sizeof(p->err->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

void parser__skip_space(struct parser *p)
{
	while (is_space(p->s[p->at]))
		p->at++;
}

/* The value of a digit, more than 15: it is none. */
static unsigned int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10U : 16U;
}

/* As the kernel's kstrtoull with base 0. -EINVAL: no number, -ERANGE. */
static int convert(const char *digits, size_t len, uint64_t *value)
{
	unsigned int base = 10, digit;
	size_t i = 0;

	if (len > 1 && digits[0] == '0') {
		base = 8;
		if (len > 2 && (digits[1] == 'x' || digits[1] == 'X')) {
			base = 16;
			i = 2;
		}
	}
	for (*value = 0; i < len; i++) {
		digit = digit_value(digits[i]);
		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return -ERANGE;
	}
	return 0;
}

int parser__number(struct parser *p, bool bytes, uint64_t *value, bool *negative)
{
	size_t start = p->at, first, len;
	unsigned int shift = 0;
	int err;

	if (negative && p->s[p->at] == '-') {
		*negative = true;
		p->at++;
	}
	first = p->at;
	while (is_digit(p->s[p->at]) || is_letter(p->s[p->at]))
		p->at++;
	len = p->at - first;
	if (!len || !is_digit(p->s[first]))
		return parser__fail(p, start, "expected a number");
	if (len > MAX_NUMBER - (first - start))
		return parser__fail(p, start, "this number is too long");
	if (bytes) {
		switch (p->s[p->at - 1] | 0x20) {
		case 'k':
			shift = 10;
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		}
		len -= shift != 0;
	}
	err = convert(p->s + first, len, value);
	if (err == -EINVAL)
		return parser__fail(p, start,
				    "expected a number: decimal, 0x hexadecimal or 0 octal%s",
				    bytes ? ", or with K, M or G behind it" : "");
	if (err || __builtin_mul_overflow(*value, 1ULL << shift, value) ||
	    (negative && *value > (uint64_t)INT64_MAX + *negative))
		return parser__fail(p, start, "this number is too large");
	return 0;
}

int parser__word(struct parser *p, const char *more, char buf[MAX_WORD])
{
	size_t start = p->at, len;

	while (is_letter(p->s[p->at]) || is_digit(p->s[p->at]) ||
	       (p->s[p->at] && strchr(more, p->s[p->at])))
		p->at++;
	len = p->at - start;
	if (len >= MAX_WORD)
		return parser__fail(p, start, "a name of %zu characters is too long", len);
	memcpy(buf, p->s + start, len);
	buf[len] = '\0';
	return 0;
}

int parser__quoted(struct parser *p, const struct comparison *c, const char **text, size_t *len)
{
	char quote = p->s[p->at], bare[MAX_WORD];
	const char *end;

	if (quote != '"' && quote != '\'') {
		if (!is_letter(quote) && !is_digit(quote))
			return parser__fail(p, p->at, "expected a text in quotes");
		if (parser__word(p, "-./:@*?", bare))
			return -EINVAL;
		return parser__fail(p, c->value_at, "expected a text in quotes: %s %s \"%s\"",
				    c->field->name, filter_ops[c->op], bare);
	}
	end = strchr(p->s + p->at + 1, quote);
	if (!end)
		return parser__fail(p, p->at, "this quote has no other end");
	*text = p->s + p->at + 1;
	*len = end - *text;
	p->at = end + 1 - p->s;
	return 0;
}
