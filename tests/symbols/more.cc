// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// A second unit for a package of split DWARF.
namespace more {
static inline int twice(int n)
{
	volatile int copy = n;

	return copy * 2;
}

template <class T> struct pair {
	T a, b;
	__attribute__((noinline)) T sum() const { return twice(a) + b; }
};
}

int more_of(int n)
{
	more::pair<int> p = { n, 3 };

	return p.sum();
}
