// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// A C++ program whose leak is behind a virtual call, a lambda and a catch.
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <vector>

struct shape {
	virtual ~shape() = default;
	virtual void draw(std::size_t size) = 0;
};

struct circle : shape {
	std::vector<char> *kept = nullptr;
	__attribute__((noinline)) void draw(std::size_t size) override
	{
		kept = new std::vector<char>(size);
		asm volatile("" : : "r"(kept) : "memory");
	}
};

__attribute__((noinline)) static void visit(const std::function<void()> &what)
{
	what();
	asm volatile("" : : : "memory");
}

int main()
{
	circle one;
	shape *any = &one;

	asm volatile("" : "+r"(any));
	try {
		throw std::runtime_error("go on");
	} catch (const std::exception &) {
		visit([&] { any->draw(123457); });
	}
	std::_Exit(0);
}
