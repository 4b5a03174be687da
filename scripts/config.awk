# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# .config on stdin -> config.h on stdout. Symbols that are n define nothing.
# CONFIG_ARCH_X_NAMES="a b" -> DWU_TARGETS(X): X(a) X(b), the targets of the build;
# CONFIG_ARCH_X_ALONE=y -> DWU_ALONE, DWU_SCAN_ALONE: headers of the only one.

BEGIN {
	print "/* Generated from .config by scripts/config.awk. */"
	print "#ifndef DWU_CONFIG_H"
	print "#define DWU_CONFIG_H"
	print ""
	print "/*"
	print " * IS_ON(CONFIG_X): 1 where CONFIG_X is y, else 0; for `if`, so that"
	print " * both branches always compile. CONFIG_X expands to 1 or stays a"
	print " * name, and only IS_ON_ARG_1 adds an argument in front."
	print " */"
	print "#define IS_ON(symbol) IS_ON_PASTE(symbol)"
	print "#define IS_ON_PASTE(value) IS_ON_PICK(IS_ON_ARG_##value)"
	print "#define IS_ON_PICK(arg) IS_ON_SECOND(arg 1, 0, 0)"
	print "#define IS_ON_SECOND(first, second, ...) second"
	print "#define IS_ON_ARG_1 0,"
	print ""
}

/^CONFIG_[A-Za-z0-9_]+=/ {
	name = $0
	sub(/=.*/, "", name)
	value = $0
	sub(/^[^=]*=/, "", value)
	if (value == "n")
		next
	if (name ~ /^CONFIG_ARCH_.*_NAMES$/) {
		count = split(value, names, /[" ]+/)
		for (i = 2; i < count; i++)
			targets = targets " X(" names[i] ")"
		next
	}
	if (name ~ /^CONFIG_ARCH_.*_ALONE$/) {
		alone = tolower(substr(name, 13, length(name) - 18))
	}
	print "#define " name " " (value == "y" ? "1" : value)
}

END {
	print ""
	print "#define DWU_TARGETS(X)" targets
	if (alone != "") {
		print "#define DWU_ALONE \"arch/" alone "/alone.h\""
		print "#define DWU_SCAN_ALONE \"arch/" alone "/scan_alone.h\""
	}
	print ""
	print "#endif"
}
