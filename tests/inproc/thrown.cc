// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// thrown [N] - exceptions through frames that allocate, containers, operator new of
// every kind, and delete.
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#define KEEP __attribute__((noipa))

struct Noisy {
	std::string text;
	explicit Noisy(int n) : text(static_cast<size_t>(n % 90) + 20, 'x') {}
	~Noisy() { delete new int(1); }
};

struct alignas(128) Wide {
	char room[128];
};

static std::vector<void *> *kept;

KEEP static void thrower(int depth, int n)
{
	Noisy noisy(n);

	if (depth == 0) {
		if (n % 3 == 0)
			throw std::runtime_error("as it should");
		kept->push_back(new char[static_cast<size_t>(n % 50) + 1]);
		kept->push_back(new Wide);
		return;
	}
	try {
		thrower(depth - 1, n + 1);
	} catch (const std::runtime_error &) {
		if (n % 4)
			throw;
		kept->push_back(::operator new(10, std::nothrow));
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? std::atoi(argv[1]) : 2000;
	std::map<int, std::string> names;

	kept = new std::vector<void *>;
	for (int i = 0; i < rounds; i++) {
		try {
			thrower(i % 25, i);
		} catch (const std::exception &e) {
			names[i % 100] = e.what() + std::string(30, 'y');
		}
	}
	return names.empty();
}
