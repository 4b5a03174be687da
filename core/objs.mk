# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The order is the order of layers: a file may include only those before it.
core-y := names.o scan_names.o bytes.o arena.o window.o sort.o elf.o bias.o \
	dynamic.o symbol.o entry.o search.o index.o reader.o expr.o row.o step.o \
	inflate.o module.o space.o rowcache.o
core-$(CONFIG_SCAN) += code.o explore.o scan.o sweep.o starts.o function.o \
	part.o
core-y += scanner.o walk.o event.o

# names: file, line, inlined calls
core-$(CONFIG_NAMES_LINES) += grow.o stream.o form.o abbrev.o dwarf.o unit.o \
	aranges.o call.o line.o
