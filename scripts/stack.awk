# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Reads the call graphs of gcc's -fcallgraph-info=su (*.ci, VCG text) and
# prints, tab-separated:
#
#   frame  BYTES  FUNCTION  KIND      the function's own frame, KIND as gcc
#                                     says it (static, dynamic, …)
#   chain  BYTES  FUNCTION  a > b     the deepest chain of calls from it, by
#                                     direct calls; calls through pointers end
#                                     in `*`
#   cycle  0      FUNCTION  a > b > a recursion, direct or not

function quoted(key, line)
{
	if (!match(line, key ": \"[^\"]*\""))
		return ""
	line = substr(line, RSTART, RLENGTH)
	sub(/^[^"]*"/, "", line)
	sub(/"$/, "", line)
	return line
}

# "core/elf/elf.c:read_header" and "dwunw_elf_open" -> without the file
function short(name)
{
	sub(/^.*:/, "", name)
	return name
}

# A bounded depth-first search: the state of a node is 1 while it is on the
# path, 2 when its deepest chain is known. awk's own stack does the recursion.
function deepest(node, path,	i, n, list, callee, best, tail)
{
	if (state[node] == 2)
		return depth[node]
	if (state[node] == 1) {
		sub("^(.* > )?" short(node) " > ", short(node) " > ", path)
		print "cycle\t0\t" short(node) "\t" path short(node)
		return 0
	}
	state[node] = 1
	best = 0
	tail = ""
	n = split(calls[node], list, "\n")
	for (i = 1; i <= n; i++) {
		callee = list[i]
		if (callee == "__indirect_call") {
			if (tail == "")
				tail = "*"
			continue
		}
		if (!(callee in bytes))
			continue
		if (deepest(callee, path short(node) " > ") > best) {
			best = depth[callee]
			tail = chain[callee]
		}
	}
	state[node] = 2
	depth[node] = bytes[node] + best
	chain[node] = short(node) (tail == "" ? "" : " > " tail)
	return depth[node]
}

/^node:/ {
	title = quoted("title", $0)
	label = quoted("label", $0)
	if (match(label, /[0-9]+ bytes \([^)]*\)/)) {
		label = substr(label, RSTART, RLENGTH)
		bytes[title] = label + 0
		sub(/^[^(]*\(/, "", label)
		sub(/\)$/, "", label)
		kind[title] = label
	}
}

/^edge:/ {
	source = quoted("sourcename", $0)
	target = quoted("targetname", $0)
	if (!seen[source, target]++)
		calls[source] = calls[source] \
			(calls[source] == "" ? "" : "\n") target
}

END {
	for (title in bytes)
		print "frame\t" bytes[title] "\t" short(title) "\t" kind[title]
	for (title in bytes) {
		deepest(title, "")
		print "chain\t" depth[title] "\t" short(title) "\t" chain[title]
	}
}
