/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
// A C++ program that stays in its own code: virtual calls, templates, lambdas,
// cleanups, and now and then an exception through all of it, by libstdc++
// and libgcc. Its memory is its own, and with OWN_OBJECTS (dynamic programs)
// so is what libgcc asks libc for: in which file a pc lies. So libc, which has
// no unwind tables on mips, is hardly ever on the stack.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>
#ifdef OWN_OBJECTS
#include <dlfcn.h>
#include <link.h>
#endif

#define KEEP __attribute__((noinline))

namespace
{

alignas(64) unsigned char pool[1 << 20];
std::size_t pool_used;

volatile unsigned sink;

struct guard {
	explicit guard(unsigned n) : n_(n)
	{
	}
	KEEP ~guard()
	{
		for (unsigned i = 0; i < 60; i++)
			sink = sink + n_ * i;
	}
	unsigned n_;
};

struct shape {
	virtual ~shape() = default;
	virtual unsigned area(unsigned depth) const = 0;
};

struct square : shape {
	explicit square(unsigned side) : side_(side)
	{
	}
	KEEP unsigned area(unsigned) const override
	{
		unsigned n = 0;

		for (unsigned i = 0; i < side_; i++)
			n += i * side_ + (sink & 1);
		return n;
	}
	unsigned side_;
};

template <unsigned N> struct nest : shape {
	KEEP unsigned area(unsigned depth) const override
	{
		guard g(depth);

		return depth == 0 ? last_.area(0) + N :
				    next_.area(depth - 1) + N;
	}
	square last_{ N * 3 + 1 };
	nest<N - 1> next_;
};

template <> struct nest<0> : shape {
	KEEP unsigned area(unsigned depth) const override
	{
		return square(depth + 9).area(0);
	}
};

struct spark {
	unsigned from;
};

KEEP unsigned strike(unsigned depth, unsigned n)
{
	guard g(depth);

	if (depth == 0) {
		if (n % 3 == 0)
			throw spark{ n };
		if (n % 3 == 1)
			throw static_cast<int>(n);
		throw std::bad_alloc();
	}
	return strike(depth - 1, n) + depth;
}

KEEP unsigned rethrow(unsigned n)
{
	try {
		return strike(n % 11, n);
	} catch (const spark &s) {
		guard g(s.from);
		throw;
	}
}

KEEP unsigned kindle(unsigned n)
{
	try {
		return rethrow(n);
	} catch (const spark &s) {
		return s.from;
	} catch (int i) {
		return static_cast<unsigned>(i);
	} catch (const std::exception &) {
		return 3;
	}
}

// Not trivial to copy, or std::sort would leave it to libc's memmove().
struct item {
	item() = default;
	item(const item &from) : v(from.v)
	{
	}
	item &operator=(const item &from)
	{
		v = from.v;
		return *this;
	}
	unsigned v;
};

KEEP unsigned sorted(unsigned n)
{
	item items[150];

	for (unsigned i = 0; i < 150; i++)
		items[i].v = (i * 7919 + n) % 151;
	std::sort(items, items + 150, [n](const item &a, const item &b) {
		guard g(n);
		return a.v > b.v;
	});
	std::make_heap(items, items + 150, [](const item &a, const item &b) {
		return (a.v ^ 5) < (b.v ^ 5);
	});
	return items[n % 150].v;
}

KEEP unsigned call(const std::function<unsigned(unsigned)> &f, unsigned n)
{
	return f(n) + f(n + 1);
}

KEEP unsigned round_of(const shape &s, unsigned n)
{
	unsigned total = s.area(n % 24) + sorted(n);

	total += call([&](unsigned k) { return s.area(k % 20) + k; }, n);
	if (n % 8 == 0)
		total += kindle(n / 8);
	return total;
}

} // namespace

// Never given back to: what exceptions need is small.
void *operator new(std::size_t size)
{
	void *at = pool + pool_used;

	pool_used = (pool_used + size + 15) & ~std::size_t(15);
	if (pool_used > sizeof(pool))
		pool_used = 0;
	return at;
}

void operator delete(void *) noexcept
{
}

void operator delete(void *, std::size_t) noexcept
{
}

#ifdef OWN_OBJECTS
namespace
{

struct dl_find_object objects[16];
std::size_t object_count;

// One entry for each executable segment.
int note_object(struct dl_phdr_info *info, std::size_t, void *)
{
	const ElfW(Phdr) *header = nullptr;

	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
			header = &info->dlpi_phdr[i];
	for (unsigned i = 0; header && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) &p = info->dlpi_phdr[i];
		struct dl_find_object &o = objects[object_count];

		if (p.p_type != PT_LOAD || !(p.p_flags & PF_X) ||
		    object_count == 16)
			continue;
		object_count++;
		o.dlfo_map_start =
			reinterpret_cast<void *>(info->dlpi_addr + p.p_vaddr);
		o.dlfo_map_end =
			static_cast<char *>(o.dlfo_map_start) + p.p_memsz;
		o.dlfo_eh_frame = reinterpret_cast<void *>(info->dlpi_addr +
							   header->p_vaddr);
	}
	return 0;
}

} // namespace

// Comes before libc's.
extern "C" int _dl_find_object(void *pc, struct dl_find_object *result)
{
	for (std::size_t i = 0; i < object_count; i++)
		if (pc >= objects[i].dlfo_map_start &&
		    pc < objects[i].dlfo_map_end) {
			*result = objects[i];
			return 0;
		}
	return -1;
}
#endif

int main()
{
#ifdef OWN_OBJECTS
	dl_iterate_phdr(note_object, nullptr);
#endif
	nest<24> shapes;
	unsigned total = 0;

	for (unsigned i = 0; i < 100000; i++)
		total += round_of(shapes, i);
	return total == 1;
}
