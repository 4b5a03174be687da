/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
// For a compiler to compile, while walks looks at it: templates enough for
// seconds, and for a million allocations whose stacks are of a parser's depth.
#include <map>
#include <regex>
#include <string>

template <int N> int matches(const std::string &text)
{
	const std::regex words("(a|b)+c{" + std::to_string(N + 1) + "}");
	std::map<std::string, int> seen;

	for (std::sregex_iterator i(text.begin(), text.end(), words), end; i != end; ++i)
		seen[i->str()]++;
	return static_cast<int>(seen.size());
}

int main(int, char **argv)
{
	return matches<1>(argv[0]) + matches<2>(argv[0]);
}
