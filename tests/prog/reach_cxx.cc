// SPDX-License-Identifier: GPL-2.0-or-later
// reach_cxx - ways to hold and to lose pointers, in C++. See reach.h.
#include "reach.h"

#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{

struct Counted {
	uint64_t payload[2];
	~Counted()
	{
		payload[0] = 1;
	}
};

struct First {
	virtual ~First() = default;
	virtual int one()
	{
		return 1;
	}
	uint64_t a = 0;
};

struct Second {
	virtual ~Second() = default;
	virtual int two()
	{
		return 2;
	}
	uint64_t b = 0;
};

struct Both : First, Second {
	uint64_t c = 0;
	int two() override
	{
		return 3;
	}
};

struct Base {
	virtual ~Base() = default;
	virtual int base()
	{
		return 1;
	}
	uint64_t a = 0;
};

struct Diamond : virtual Base {
	uint64_t d = 0;
	int base() override
	{
		return 2;
	}
};

struct Plain : First {
	uint64_t inner[4] = {};
};

struct Ring {
	std::shared_ptr<Ring> next;
	uint64_t payload = 0;
};

void vector_kept()
{
	auto *v = new std::vector<int>(100);
	keep[0] = v;
}

void vector_lost()
{
	sink = new std::vector<int>(100);
}

void vector_of_strings_lost()
{
	sink = new std::vector<std::string>(10, std::string(40, 'x'));
}

std::vector<char *> *table;

void vector_that_grew()
{
	table = new std::vector<char *>();
	for (int i = 0; i < 100; i++)
		table->push_back(static_cast<char *>(block(20)));
}

void vector_cleared()
{
	vector_that_grew();
	memset(table->data(), 0, 100 * sizeof(char *));
	table->clear();
}

void string_short()
{
	sink = new std::string("short");
}

void string_long()
{
	keep[0] = new std::string(100, 'x');
}

void string_long_lost()
{
	sink = new std::string(100, 'x');
}

void shared_kept()
{
	keep[0] = new std::shared_ptr<Ring>(std::make_shared<Ring>());
}

void shared_ring()
{
	auto a = std::make_shared<Ring>(), b = std::make_shared<Ring>();

	a->next = b;
	b->next = a;
}

void unique_released()
{
	auto p = std::make_unique<Counted>();

	sink = p.release();
}

void array_kept_by_its_first()
{
	keep[0] = new Counted[5]();
}

void array_lost()
{
	sink = new Counted[5]();
}

void array_interior()
{
	keep[0] = &(new Counted[5]())[2];
}

void second_base()
{
	keep[0] = static_cast<Second *>(new Both());
}

void virtual_base()
{
	keep[0] = static_cast<Base *>(new Diamond());
}

void member_pointer()
{
	keep[0] = &(new Plain())->inner[1];
}

void second_base_member()
{
	keep[0] = &static_cast<Second *>(new Both())->b;
}

void map_kept()
{
	auto *m = new std::map<int, int>();

	for (int i = 0; i < 100; i++)
		(*m)[i] = i;
	keep[0] = m;
}

void map_lost()
{
	map_kept();
	keep[0] = nullptr;
}

void list_lost()
{
	sink = new std::list<int>(10, 1);
}

void hash_lost()
{
	auto *m = new std::unordered_map<int, int>();

	m->reserve(10);
	for (int i = 0; i < 10; i++)
		(*m)[i] = i;
	sink = m;
}

void function_with_captures()
{
	uint64_t a[6] = {1, 2, 3, 4, 5, 6};
	void *p = block(50);

	keep[0] = new std::function<uint64_t()>([a, p] { return a[0] + (p != nullptr); });
}

void in_exception()
{
	try {
		throw std::unique_ptr<Counted>(new Counted());
	} catch (std::unique_ptr<Counted> &p) {
		sink = nullptr;
		scrub();
		exit(0);
	}
}

void exception_kept()
{
	try {
		throw std::string(60, 'x');
	} catch (...) {
		keep[0] = new std::exception_ptr(std::current_exception());
	}
}

thread_local std::string text_of_thread;

void in_thread_object()
{
	std::thread([] { text_of_thread = std::string(60, 'x'); }).join();
}

void in_static_object()
{
	static std::vector<void *> v;

	v.push_back(block(30));
	v.push_back(block(40)); // in another array, the first one is freed
	v.push_back(block(50));
	v.pop_back();
} // destroyed before the program ends: it does not own what it points to

struct alignas(64) Wide {
	uint64_t payload[16];
};

void new_in_all_forms()
{
	sink = new (std::nothrow) Counted();
	sink = new Wide();
	sink = new Wide[3]();
	sink = operator new(77);
	memset(sink, 0, 77);
	sink = operator new[](33);
	memset(sink, 0, 33);
}

#define CASE(name, definite, indirect, possible)                                                   \
	{                                                                                          \
#name, name, definite, indirect, possible                                          \
	}

const reach_case cases[] = {
	CASE(vector_kept, 0, 0, 0),
	CASE(vector_lost, 24, 400, 0),
	CASE(vector_of_strings_lost, 24, 320 + 10 * 41, 0),
	CASE(vector_that_grew, 0, 0, 0),
	CASE(vector_cleared, 2000, 0, 0),
	CASE(string_short, 32, 0, 0),
	CASE(string_long, 0, 0, 0),
	CASE(string_long_lost, 32, 101, 0),
	CASE(shared_kept, 0, 0, 0),
	CASE(shared_ring, 40, 40, 0),
	CASE(unique_released, 16, 0, 0),
	CASE(array_kept_by_its_first, 0, 0, 0),
	CASE(array_lost, 88, 0, 0),
	CASE(array_interior, 0, 0, 88),
	CASE(second_base, 0, 0, 0),
	CASE(virtual_base, 0, 0, 0),
	CASE(member_pointer, 0, 0, 48),
	CASE(second_base_member, 0, 0, 40),
	CASE(map_kept, 0, 0, 0),
	CASE(map_lost, 48, 4000, 0),
	CASE(list_lost, 24, 240, 0),
	CASE(hash_lost, 56, 160 + 88, 0),
	CASE(function_with_captures, 0, 0, 0),
	CASE(in_exception, 0, 0, ANY),
	CASE(exception_kept, 0, 0, ANY),
	CASE(in_thread_object, 0, 0, ANY),
	CASE(in_static_object, 120, 0, 0),
	CASE(new_in_all_forms, 16 + 128 + 384 + 77 + 33, 0, 0),
};

} // namespace

int main(int argc, char **argv)
{
	return reach_main(argc, argv, cases, sizeof(cases) / sizeof(*cases));
}
