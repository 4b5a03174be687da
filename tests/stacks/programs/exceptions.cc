/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
// A C++ program as they are: containers, regular expressions, shared
// pointers, and errors thrown through all of it.
#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct node {
	virtual ~node() = default;
	virtual double value(const std::map<std::string, double> &) const = 0;
};

using node_ptr = std::shared_ptr<node>;

struct number : node {
	explicit number(double v) : v_(v)
	{
	}
	double value(const std::map<std::string, double> &) const override
	{
		return v_;
	}
	double v_;
};

struct name : node {
	explicit name(std::string n) : n_(std::move(n))
	{
	}
	double value(const std::map<std::string, double> &vars) const override
	{
		return vars.at(n_); // throws
	}
	std::string n_;
};

struct binary : node {
	binary(char op, node_ptr a, node_ptr b)
	    : op_(op), a_(std::move(a)), b_(std::move(b))
	{
	}
	double value(const std::map<std::string, double> &vars) const override
	{
		double a = a_->value(vars), b = b_->value(vars);

		switch (op_) {
		case '+':
			return a + b;
		case '-':
			return a - b;
		case '*':
			return a * b;
		default:
			if (b == 0)
				throw std::domain_error("division by zero");
			return a / b;
		}
	}
	char op_;
	node_ptr a_, b_;
};

class parser
{
      public:
	explicit parser(const std::string &text) : in_(text)
	{
	}
	node_ptr sum()
	{
		node_ptr left = product();

		for (char op; (op = peek()) == '+' || op == '-';) {
			in_.get();
			left = std::make_shared<binary>(op, left, product());
		}
		return left;
	}

      private:
	char peek()
	{
		in_ >> std::ws;
		int c = in_.peek();
		return c < 0 ? '\0' : static_cast<char>(c);
	}
	node_ptr product()
	{
		node_ptr left = atom();

		for (char op; (op = peek()) == '*' || op == '/';) {
			in_.get();
			left = std::make_shared<binary>(op, left, atom());
		}
		return left;
	}
	node_ptr atom()
	{
		char c = peek();

		if (c == '(') {
			in_.get();
			node_ptr inner = sum();
			if (peek() != ')')
				throw std::runtime_error("missing )");
			in_.get();
			return inner;
		}
		if (std::isalpha(static_cast<unsigned char>(c))) {
			std::string id;
			while (std::isalnum(
				static_cast<unsigned char>(in_.peek())))
				id += static_cast<char>(in_.get());
			return std::make_shared<name>(id);
		}
		double v;
		if (!(in_ >> v))
			throw std::invalid_argument("no number");
		return std::make_shared<number>(v);
	}
	std::istringstream in_;
};

double evaluate(const std::string &text)
{
	static const std::map<std::string, double> vars{ { "x", 3 },
							 { "y", 0 } };
	try {
		return parser(text).sum()->value(vars);
	} catch (const std::domain_error &) {
		return -1;
	} catch (const std::out_of_range &) {
		return -2;
	}
}

} // namespace

int main()
{
	static const char *const texts[] = {
		"1+2*(x-4)/5", "((((x))))*zz",
		"4/y",	       "(1+2",
		"+",	       "x*x*x-(x/2+(3-(4*(5+(6-x)))))",
	};
	std::regex word("([a-z]+)([0-9]*)(\\s+|$)");
	std::string prose("lorem1 ipsum22 dolor sit amet333 consectetur ");
	std::vector<std::string> found;
	double total = 0;

	for (int round = 0; round < 400; round++) {
		for (const char *text : texts) {
			try {
				total += evaluate(text);
			} catch (const std::exception &e) {
				total += e.what()[0];
			}
		}
		for (std::sregex_iterator i(prose.begin(), prose.end(), word),
		     end;
		     i != end; ++i)
			found.push_back((*i)[1]);
		std::sort(found.begin(), found.end(),
			  [](const std::string &a, const std::string &b) {
				  return a > b;
			  });
		if (found.size() > 60)
			found.clear();
	}
	return total == 1;
}
