// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * unwind_cxx - C++ without frame pointers: leaks in destructors while an exception is on its way,
 * an exception that is kept, and work through the library's containers, streams, locales and
 * threads, the same in each run. It says what it leaks where that is known.
 */
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "target.h"

static int tail_call; /* no call that leads to a leak is a jump */

/* --- exceptions --- */

struct guard {
	int depth;

	explicit guard(int n) : depth(n)
	{
	}
	NOINLINE ~guard();
};

/* Runs while the exception is on its way, called by its function's clean-up code. */
guard::~guard()
{
	if (depth != 3)
		return;
	KEEP(malloc(3001));
	expect("guard::~guard", 3001, 1);
	expect_line("guard::~guard", __LINE__ - 2);
}

NOINLINE static void thrower(int depth)
{
	guard here(depth);
	std::string text(100 + depth, 'x');

	if (!depth)
		throw std::runtime_error(text);
	thrower(depth - 1);
	tail_call++;
}

static std::exception_ptr *kept_exception;

NOINLINE static void keeper()
{
	try {
		throw std::vector<int>();
	} catch (...) {
		kept_exception = new std::exception_ptr(std::current_exception());
	}
}

NOINLINE static void catcher()
{
	try {
		thrower(5);
		_exit(97);
	} catch (const std::exception &e) {
		KEEP(strlen(e.what()));
	}
	expect_outer("thrower", 3001, 1);
	expect_outer(__func__, 3001, 1);
}

/* --- work that others' code does for us --- */

struct shape {
	virtual ~shape() = default;
	virtual std::string name() const = 0;
};

template <int N> struct polygon : shape {
	std::vector<int> corners = std::vector<int>(N);

	std::string name() const override
	{
		std::ostringstream text;

		text << "a polygon with " << N << " corners, " << 1.5 * N << " long";
		return text.str();
	}
};

template <int N> static void add_shapes(std::vector<std::unique_ptr<shape>> &shapes)
{
	shapes.push_back(std::make_unique<polygon<N>>());
	if constexpr (N > 3)
		add_shapes<N - 1>(shapes);
}

NOINLINE static size_t containers(int rounds)
{
	std::map<std::string, std::vector<std::string>> index;
	std::vector<std::unique_ptr<shape>> shapes;
	std::vector<std::string> words;
	size_t sum = 0;

	add_shapes<24>(shapes);
	for (int i = 0; i < rounds; i++) {
		for (const auto &s : shapes) {
			auto name = s->name();

			index[name.substr(0, 20)].push_back(name);
			words.push_back(name + std::to_string(i * 7919 % 100));
		}
	}
	std::stable_sort(words.begin(), words.end(),
			 [](std::string a, std::string b) { return a < b; });
	for (const auto &entry : index)
		sum += entry.second.size();
	return sum + words.size();
}

NOINLINE static size_t patterns()
{
	std::regex pattern("([a-z]+)-([0-9]+)(x|y)*");
	std::smatch match;
	std::string text = "alpha-12xyx";
	std::function<size_t(int)> recurse = [&](int n) -> size_t {
		return n ? recurse(n - 1) + 1 : std::regex_match(text, match, pattern);
	};

	return recurse(5);
}

NOINLINE static void locales()
{
	std::istringstream in("12 3.5 word");
	std::string word;
	double d;
	int i;

	in.imbue(std::locale(std::locale::classic(), new std::numpunct<char>()));
	in >> i >> d >> word;
	std::cerr.imbue(in.getloc());
	KEEP(word.size() + i);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 4;
	size_t sum = 0;

	target_ready();
	catcher();
	keeper();
	sum += containers(rounds);
	sum += patterns();
	locales();
	std::thread([&] { sum += containers(1) + patterns(); }).join();
	KEEP(sum);
	target_done();
	return 0;
}
