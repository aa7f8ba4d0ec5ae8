/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "caret.h"

#include <string.h>

#define SHOWN 100 /* characters of an expression around the place */

void caret__print(FILE *out, const char *message, const char *expression, size_t at)
{
	size_t from = at > SHOWN * 3 / 4 ? at - SHOWN * 3 / 4 : 0;
	size_t to = from + strnlen(expression + from, SHOWN), column = 0;

	/* not in the middle of a character of UTF-8 */
	while (from && (expression[from] & 0xc0) == 0x80)
		from--;
	while ((expression[to] & 0xc0) == 0x80)
		to++;
	fprintf(out, "%s\n  %s", message, from ? "..." : "");
	for (size_t i = from; i < to; i++) {
		unsigned char c = expression[i];

		fputc(c < ' ' || c == 0x7f ? ' ' : c, out);
		if (i < at && (c & 0xc0) != 0x80)
			column++;
	}
	fprintf(out, "%s\n  %*s^\n", expression[to] ? "..." : "",
		(int)(column + (from ? strlen("...") : 0)), "");
}
