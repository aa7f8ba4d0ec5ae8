/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check - the smallest unit test harness: a test is a function, a file has a table of them.
 *
 *	static void adds_up(void) { CHECK_EQ(1 + 1, 2); }
 *	int main(void) { RUN(adds_up); return check_done(); }
 *
 * Prints "PASS file: test", "FAIL file: test" (with the places that failed before it) or
 * "SKIP file: test: reason": what tests/run counts.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failed, check_any_failed;
static const char *check_skip_reason;

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("  %s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                \
			check_failed = 1;                                                          \
		}                                                                                  \
	} while (0)
#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		if (a_ != b_) {                                                                    \
			printf("  %s:%d: %s is %lld, expected %s = %lld\n", __FILE__, __LINE__,    \
			       #a, a_, #b, b_);                                                    \
			check_failed = 1;                                                          \
		}                                                                                  \
	} while (0)
#define CHECK_STR(a, b)                                                                            \
	do {                                                                                       \
		const char *a_ = (a), *b_ = (b);                                                   \
		if (!a_ || !b_ || strcmp(a_, b_)) {                                                \
			printf("  %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #a, \
			       a_ ? a_ : "(null)", b_ ? b_ : "(null)");                            \
			check_failed = 1;                                                          \
		}                                                                                  \
	} while (0)
#define SKIP(reason) (check_skip_reason = (reason))
#define RUN(test)                                                                                  \
	do {                                                                                       \
		const char *base_ = strrchr(__FILE__, '/');                                        \
		base_ = base_ ? base_ + 1 : __FILE__;                                              \
		check_failed = 0;                                                                  \
		check_skip_reason = NULL;                                                          \
		test();                                                                            \
		if (check_failed)                                                                  \
			printf("FAIL %s: %s\n", base_, #test);                                     \
		else if (check_skip_reason)                                                        \
			printf("SKIP %s: %s: %s\n", base_, #test, check_skip_reason);              \
		else                                                                               \
			printf("PASS %s: %s\n", base_, #test);                                     \
		check_any_failed |= check_failed;                                                  \
		fflush(stdout);                                                                    \
	} while (0)

static inline int check_done(void)
{
	return check_any_failed;
}
#endif
