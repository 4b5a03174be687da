// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// Exceptions: caught, thrown again, then one that nobody catches, out of a
// destructor's and a std::sort's callback's frames.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#define NOINLINE __attribute__((noinline))

struct Guard {
	std::string name;
	explicit Guard(std::string n) : name(std::move(n)) {}
	~Guard() { asm volatile("" : : : "memory"); }
};

static bool stand_still;

NOINLINE void last(int depth)
{
	Guard guard("last " + std::to_string(depth));

	if (stand_still) {
		std::puts("ready");
		std::fflush(stdout);
		for (;;)
			pause();
	}
	throw std::runtime_error(guard.name);
}

template <typename T> NOINLINE int level(const T &value, int depth)
{
	Guard guard("level");

	if (depth)
		return level(value, depth - 1) + 1;
	try {
		throw std::logic_error("caught");
	} catch (const std::logic_error &error) {
		std::vector<int> numbers{ 3, 1, 2 };
		std::sort(numbers.begin(), numbers.end(), [&](int a, int b) {
			last(a + b);
			return a < b;
		});
	}
	return 0;
}

struct Base {
	virtual ~Base() = default;
	virtual int run(int depth) = 0;
};

struct Derived : Base {
	int run(int depth) override { return level(*this, depth) + depth; }
};

int main(int argc, char **argv)
{
	Derived derived;
	Base *base = &derived;

	stand_still = argc > 1 && !std::strcmp(argv[1], "wait");
	asm volatile("" : "+r"(base));
	return base->run(5) + argc;
}
