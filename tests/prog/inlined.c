/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inlined - calls that the compiler has put into their callers: one address, three frames. */
#include "target.h"

#define INLINE static inline __attribute__((always_inline))

INLINE void *inner_inlined(size_t size)
{
	expect_line(__func__, __LINE__ + 1);
	return malloc(size);
}

INLINE void *outer_inlined(size_t size)
{
	expect_line(__func__, __LINE__ + 1);
	return inner_inlined(size + 1);
}

NOINLINE static void real_function(void)
{
	CALL(KEEP(outer_inlined(100)), 101, 1);
}

NOINLINE static void other_function(void)
{
	CALL(KEEP(outer_inlined(200)), 201, 1);
}

int main(void)
{
	static const char *const names[] = {"inner_inlined", "outer_inlined"};

	target_ready();
	real_function();
	other_function();
	for (int i = 0; i < 2; i++) {
		expect_outer(names[i], 302, 2);
		target_say_words("EXPECT_INLINED", names[i], NULL);
	}
	target_done();
	return 0;
}
