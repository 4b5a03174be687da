# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A document as it is installed: a link to a file that is not installed with it
# becomes its text and the path in the source, since it would lead nowhere.
#
#	awk -v self=doc/api.md -v known="README.md doc/api.md …" -f links.awk FILE

BEGIN {
	count = split(known, names, " ")
	for (i = 1; i <= count; i++)
		installed[names[i]] = 1
	here = self
	if (!sub(/\/[^\/]*$/, "", here))
		here = ""
}

# a/b + ../c = a/c
function resolve(dir, path,   parts, n, i, kept, out) {
	n = split((dir == "" ? "" : dir "/") path, parts, "/")
	kept = 0
	for (i = 1; i <= n; i++) {
		if (parts[i] == ".." && kept > 0)
			kept--
		else if (parts[i] != "." && parts[i] != "")
			stack[++kept] = parts[i]
	}
	out = ""
	for (i = 1; i <= kept; i++)
		out = out (i > 1 ? "/" : "") stack[i]
	return out
}

function is_dead(target) {
	if (target ~ /^[a-z]+:/ || target ~ /^#/)
		return 0
	sub(/#.*/, "", target)
	return !(resolve(here, target) in installed)
}

# [text](target) without its link
function plain(text, target,   path) {
	sub(/#.*/, "", target)
	path = resolve(here, target)
	return text (text == path ? "" : " (" path ")")
}

/^```/ { fenced = !fenced }
fenced { print; next }
{
	done = ""
	rest = $0
	while (match(rest, /!?\[[^][]*\]\([^() ]+\)/)) {
		link = substr(rest, RSTART, RLENGTH)
		done = done substr(rest, 1, RSTART - 1)
		rest = substr(rest, RSTART + RLENGTH)
		middle = index(link, "](")
		from = index(link, "[") + 1
		text = substr(link, from, middle - from)
		target = substr(link, middle + 2, length(link) - middle - 2)
		done = done (is_dead(target) ? plain(text, target) : link)
	}
	print done rest
}
