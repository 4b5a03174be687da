// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * plus.cc - a program in C++ that allocates from everywhere, the same again and
 * again, in two threads: containers, streams, patterns, closures, virtual calls,
 * exceptions through several frames. For ever.
 */
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{
struct shape {
	virtual ~shape() = default;
	virtual std::string name(int depth) const = 0;
};

struct leaf : shape {
	std::string name(int depth) const override
	{
		if (depth % 5 == 4)
			throw std::out_of_range(std::string(40, 'o'));
		return "a leaf of the depth " + std::to_string(depth);
	}
};

struct group : shape {
	std::vector<std::unique_ptr<shape>> parts;

	explicit group(int depth)
	{
		for (int i = 0; i < 2; i++) {
			if (depth > 0)
				parts.push_back(std::make_unique<group>(depth - 1));
			else
				parts.push_back(std::make_unique<leaf>());
		}
	}

	std::string name(int depth) const override
	{
		std::string all = "(";

		for (const auto &part : parts) {
			try {
				all += part->name(depth + 1) + ", ";
			} catch (const std::out_of_range &error) {
				if (depth % 3)
					throw std::runtime_error(error.what());
				all += error.what();
			}
		}
		return all + ")";
	}
};

std::size_t words(const std::string &text)
{
	std::unordered_map<std::string, int> seen;
	std::istringstream from(text);
	std::string word;

	while (from >> word)
		seen[word + " as it was found in the text"]++;
	return seen.size();
}

std::size_t sorted(const std::string &text)
{
	static const std::regex pattern("([a-z]+) ([0-9]+)");
	std::map<std::string, std::vector<int>> by_name;
	std::size_t sum = 0;

	for (std::sregex_iterator at(text.begin(), text.end(), pattern), end;
	     at != end; ++at)
		by_name[(*at)[1]].push_back(std::stoi((*at)[2]));
	for (auto &pair : by_name) {
		std::stable_sort(pair.second.begin(), pair.second.end());
		sum += pair.second.size();
	}
	return sum;
}

std::string text_of(int count)
{
	std::ostringstream out;

	for (int i = 0; i < count; i++)
		out << "number " << i * 7919 % 100 << " of some\n";
	return out.str();
}

void work(std::size_t *sum)
{
	const std::vector<std::function<std::size_t()>> all = {
		[] { return words(text_of(10)); },
		[] { return sorted(text_of(10)); },
		[] { return group(4).name(0).size(); },
	};

	for (;;) {
		*sum += std::accumulate(
			all.begin(), all.end(), std::size_t(0),
			[](std::size_t n, const std::function<std::size_t()> &f) {
				try {
					return n + f();
				} catch (const std::exception &error) {
					return n + std::string(error.what()).size();
				}
			});
	}
}
} // namespace

int main()
{
	std::size_t sums[2] = {};
	std::thread other(work, &sums[0]);

	work(&sums[1]);
	other.join();
}
