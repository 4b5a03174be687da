/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
// Exceptions through several frames: cleanups, rethrow, by type, from C.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#define KEEP __attribute__((noinline))

static volatile unsigned sink;

struct guard {
	explicit guard(unsigned n) : n_(n)
	{
	}
	KEEP ~guard()
	{
		for (unsigned i = 0; i < 10; i++)
			sink += n_ * i;
	}
	unsigned n_;
};

KEEP static int thrower(int n)
{
	std::vector<int> v(static_cast<std::size_t>(n % 7) + 1, n);

	if (n % 3 == 0)
		throw std::runtime_error("three");
	if (n % 3 == 1)
		throw n;
	return v.at(static_cast<std::size_t>(n)); // std::out_of_range
}

KEEP static int through(int depth, int n)
{
	guard g(static_cast<unsigned>(depth));
	std::string text(static_cast<std::size_t>(depth) + 20, 'x');

	if (depth == 0)
		return thrower(n);
	return through(depth - 1, n) + static_cast<int>(text.size());
}

KEEP static int rethrow(int n)
{
	try {
		return through(n % 9, n);
	} catch (const std::out_of_range &) {
		guard g(7);
		throw;
	}
}

KEEP static int compare(const void *a, const void *b)
{
	int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);

	if (x == 13 && sink % 5 == 0)
		throw x;
	return x < y ? -1 : x > y;
}

KEEP static int across_c(void)
{
	int v[40];

	for (int i = 0; i < 40; i++)
		v[i] = (i * 17) % 41;
	try {
		std::qsort(v, 40, sizeof(v[0]), compare);
	} catch (int x) {
		return x;
	}
	return v[3];
}

int main()
{
	int total = 0;

	for (int i = 0; i < 60; i++) {
		try {
			total += rethrow(i + 10);
		} catch (const std::exception &e) {
			total += e.what()[0];
		} catch (int n) {
			total += n;
		}
		total += across_c();
	}
	return total == 1;
}
