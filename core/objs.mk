# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The order is the order of layers: a file may include only those before it, and
# a folder is one layer.
core-y := base/names.o base/scan_names.o base/bytes.o base/arena.o \
	base/window.o base/sort.o
core-$(CONFIG_NAMES_LINES) += base/grow.o
core-y += elf/elf.o elf/bias.o elf/dynamic.o elf/symbol.o elf/inflate.o
core-y += cfi/entry.o cfi/search.o cfi/index.o cfi/reader.o cfi/expr.o \
	cfi/row.o cfi/step.o cfi/module.o
core-$(CONFIG_SCAN) += scan/code.o scan/explore.o scan/scan.o scan/sweep.o \
	scan/starts.o scan/function.o scan/part.o
# code without a file: a router has no JIT
ifneq ($(CONFIG_ARCH_32BIT_ONLY),y)
core-$(CONFIG_SCAN_MADE) += scan/made.o
endif
core-y += scan/scanner.o
core-y += walk/space.o walk/rowcache.o
core-$(CONFIG_WALK_STEPS) += walk/tell.o
core-y += walk/walk.o walk/event.o

# file, line, inlined calls
core-$(CONFIG_NAMES_LINES) += names/stream.o names/form.o names/abbrev.o \
	names/dwarf.o names/unit.o names/aranges.o names/call.o names/line.o
