/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Templates, lambdas and calls that are inlined many levels deep. */
#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace app
{
template <class T> struct box {
	T value;
	explicit box(T v)
		: value(std::move(v))
	{
	}
	T get() const
	{
		return value;
	}
};

template <class F> int each(const std::vector<int> &values, F f)
{
	int sum = 0;

	for (int value : values)
		sum += f(value);
	return sum;
}
} // namespace app

int main(int argc, char **)
{
	std::map<std::string, std::vector<int>> values;
	int sum = 0;

	for (int i = 0; i < argc * 10; i++) {
		values[std::to_string(i)].push_back(i);
	}
	for (auto &pair : values) {
		std::sort(pair.second.begin(), pair.second.end(),
			  [](int a, int b) { return a > b; });
		sum += app::each(pair.second, [&](int x) { return x * argc; });
		app::box<std::string> box(pair.first);
		if (box.get().find("1") != std::string::npos)
			sum++;
	}
	return sum & 1;
}
