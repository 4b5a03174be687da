/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Much call frame information of one compiler run: templates, exceptions,
 * floating point values that live across calls, frames of varying size.
 */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

/* $f20.. or v8.. hold these across the calls */
double series(const std::function<double(double)> &f, int count)
{
	double sum = 0, even = 0, odd = 0, scale = 1;

	for (int i = 0; i < count; i++) {
		double value = f(scale + i);

		sum += value * scale;
		(i % 2 ? odd : even) += f(sum);
		scale *= 1.5;
	}
	return sum + even - odd;
}

int on_stack(int count)
{
	char *bytes = static_cast<char *>(__builtin_alloca(count + 1));

	std::memset(bytes, count, count + 1);
	return std::accumulate(bytes, bytes + count, 0, [](int a, char b) {
		if (a > 1 << 20)
			throw std::overflow_error("sum");
		return a + b;
	});
}

std::string matched(const std::string &text)
{
	static const std::regex pattern("([a-z]+)-([0-9]+|x{2,4})(?=;)");
	std::smatch match;
	std::ostringstream out;

	if (!std::regex_search(text, match, pattern))
		throw std::invalid_argument(text);
	out << match[1] << '=' << match[2] << ' ' << 1.25 << '\n';
	return out.str();
}

struct node {
	std::map<std::string, std::unique_ptr<node>> children;
	std::vector<double> values;

	virtual ~node() = default;
	virtual double total() const
	{
		double sum = std::accumulate(values.begin(), values.end(), 0.0);

		for (const auto &child : children)
			sum += std::sqrt(child.second->total());
		return sum;
	}
};

} // namespace

int main(int argc, char **argv)
{
	node root;
	int failed = 0;

	for (int i = 0; i < argc + 8; i++) {
		try {
			std::string name = "n-" + std::to_string(i) + ";";
			auto child = std::make_unique<node>();

			child->values = { 1.0 * i, 2.0 * i, on_stack(i) * 1.0 };
			std::sort(child->values.begin(), child->values.end(),
				  std::greater<double>());
			root.children[matched(name)] = std::move(child);
			matched(argv[0]);
		} catch (const std::exception &error) {
			failed++;
			std::cerr << error.what() << '\n';
		}
	}
	std::cout << root.total() << ' '
		  << series([](double x) { return std::sin(x); }, argc + 3)
		  << '\n';
	return failed ? 0 : 1;
}
