# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The little of TAP that a test in shell needs; sourced from the top directory.

tests=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ok TITLE COMMAND...: passes if the command does; its output is a remark.
ok() {
	title=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$work/output" 2>&1; then
		echo "ok $tests - $title"
	else
		echo "not ok $tests - $title"
		sed 's/^/# /' "$work/output"
	fi
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests # SKIP $1"
}

# The whole script cannot run here.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# empty FILE: it has no lines; shows them where it has.
empty() {
	[ ! -s "$1" ] || {
		cat "$1"
		return 1
	}
}

done_testing() {
	echo "1..$tests"
}
