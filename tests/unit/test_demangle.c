/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_demangle - known names, and names made to hurt. */
#include "sym/demangle.h"

#include <stdlib.h>

#include "check.h"

static void is(const char *raw, const char *expected)
{
	char *text = demangle__name(raw);

	if (!expected)
		CHECK(!text);
	else
		CHECK_STR(text, expected);
	free(text);
}

static void cplusplus(void)
{
	is("_Znwm", "operator new(unsigned long)");
	is("_ZdlPvmSt11align_val_t", "operator delete(void*, unsigned long, std::align_val_t)");
	is("_ZN5outer5inner4pickIiEET_S2_S2_", "int outer::inner::pick<int>(int, int)");
	is("_ZNSt6vectorIiSaIiEE9push_backEOi",
	   "std::vector<int, std::allocator<int> >::push_back(int&&)");
	is("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const");
	is("_ZZ4mainENKUliE_clEi.cold",
	   "main::{lambda(int)#1}::operator()(int) const [clone .cold]");
	is("_ZN12_GLOBAL__N_14leakEm", "(anonymous namespace)::leak(unsigned long)");
}

static void rust_legacy(void)
{
	is("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad");
	is("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$"
	   "3bar17h930b740aa94f1d3aE",
	   "<Test + 'static as foo::Bar<Test>>::bar");
	is("_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$16reserve_for_push17h0123456789abcdefE.llvm.42",
	   "alloc::raw_vec::RawVec<T,A>::reserve_for_push");
}

static void rust_v0(void)
{
	/* From the RFC's and libiberty's own tests. */
	is("_RNvC6_123foo3bar", "123foo::bar");
	is("_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3new", "<std::path::PathBuf>::new");
	is("_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
	   "std::mem::align_of::<std::mem::Discriminant>");
	is("_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_4iter8iterator8Iterator9"
	   "rpositionNCNgNpB9_6memchr7memrchrs_0E0Bb_",
	   "<core::slice::Iter<u8> as core::iter::iterator::Iterator>::rposition::<core::slice::"
	   "memchr::memrchr::{closure#1}>::{closure#0}");
}

static void leaves_other_names_alone(void)
{
	is("malloc", NULL);
	is("", NULL);
	is("_", NULL);
	is("_Z", NULL);
	is("_Zzzz", NULL);
	is("_R", NULL);
	is("_start", NULL);
	is("main.cold", NULL);
	is("_ZN3foo", NULL); /* cut off */
}

/*
 * f(pair<int, int>, pair<S0, S0>, pair<S1, S1>, ...): each argument holds the one before it twice,
 * so n of them print as 2^n, from ten bytes each.
 */
static void doubling(char *raw, size_t size, int n)
{
	snprintf(raw, size, "_Z1fSt4pairIiiE");
	for (int i = 0; i < n; i++) {
		char digit = (char)(i < 10 ? '0' + i : 'A' + i - 10);
		size_t len = strlen(raw);

		snprintf(raw + len, size - len, "S_IS%c_S%c_E", digit, digit);
	}
}

static void stops_when_substitutions_explode(void)
{
	char raw[1024];
	char *text;

	doubling(raw, sizeof(raw), 1);
	is(raw, "f(std::pair<int, int>, std::pair<std::pair<int, int>, std::pair<int, int> >)");
	doubling(raw, sizeof(raw), 7);
	text = demangle__name(raw);
	CHECK(text && strlen(text) > 4000); /* large, and still allowed */
	free(text);
	doubling(raw, sizeof(raw), 12);
	is(raw, NULL);
	doubling(raw, sizeof(raw), 34); /* 2^34 times 15 bytes */
	is(raw, NULL);
}

static void stops_at_deep_or_long_names(void)
{
	static char raw[1 << 20];

	strcpy(raw, "_Z1f");
	memset(raw + 4, 'P', 3000); /* pointer to pointer to ... */
	strcpy(raw + 3004, "i");
	is(raw, NULL);
	memset(raw + 4, 'P', sizeof(raw) - 5);
	is(raw, NULL);
	strcpy(raw, "_RNv");
	for (int i = 0; i < 900; i++)
		strcat(raw, "NvNv");
	is(raw, NULL);
}

int main(void)
{
	RUN(cplusplus);
	RUN(rust_legacy);
	RUN(rust_v0);
	RUN(leaves_other_names_alone);
	RUN(stops_when_substitutions_explode);
	RUN(stops_at_deep_or_long_names);
	return check_done();
}
