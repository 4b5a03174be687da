/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * help.h - what `dwunw --help` says, and of it what each subcommand's says.
 */
#ifndef DWUNW_TOOLS_HELP_H
#define DWUNW_TOOLS_HELP_H

#define HELP_STACK_USAGE    \
	"dwunw stack PID\n" \
	"       dwunw stack --core CORE [EXE]\n"
#define HELP_STACK                                                           \
	"stack  prints the call stack of every thread of a live process or " \
	"of\n"                                                               \
	"       a core file, and for a stack that ends early, why and "      \
	"where.\n"                                                           \
	"       --core CORE    read this core file; EXE stands for the "     \
	"program\n"                                                          \
	"       --sysroot DIR  the core's files are under DIR\n"             \
	"       --timeout MS   a thread is stopped for at most so long: "    \
	"100\n"                                                              \
	"       --paths        print whole paths of modules\n"

#define HELP_ROWS_USAGE "dwunw rows ELF [PC]\n"
#define HELP_ROWS                                                             \
	"rows   prints where the caller's registers are, for each range of\n" \
	"       addresses, in the terms of readelf "                          \
	"--debug-dump=frames-interp;\n"                                       \
	"       with PC (an address as linked) only the row that holds it.\n" \
	"       --expressions  print the bytes of DWARF expressions, in "     \
	"hex\n"                                                               \
	"       --raw          one line a row, registers by DWARF number\n"   \
	"       --scan         rows from instructions, without the CFI\n"     \
	"       --compare      rows from instructions beside those of the "   \
	"CFI;\n"                                                              \
	"                      --verbose prints each difference\n"            \
	"       --no-symbols   scans take no bounds from symbols, .pdr or "   \
	"CFI\n"                                                               \
	"       --debug-file F the CFI to compare with, where ELF has none\n"

#define HELP_SYMBOLIZE_USAGE "dwunw symbolize ELF [PC...]\n"
#define HELP_SYMBOLIZE                                                  \
	"symbolize  prints function, file, line and inlined calls of "  \
	"addresses\n"                                                   \
	"       as linked, of stdin if none is given.\n"                \
	"       --raw          C++ and Rust names as they are linked\n" \
	"       --no-lines     functions only\n"

#define HELP_REPORT_USAGE "dwunw report [OPTION...] FILE...\n"
#define HELP_DIFF_USAGE "dwunw diff [OPTION...] OLD NEW\n"
/* In `dwunw --help`. */
#define HELP_REPORT                                                            \
	"report  prints recordings, of this machine or another: dwunw report " \
	"--help\n"                                                             \
	"diff    prints what one recording has more than another: dwunw diff " \
	"--help\n"

#define HELP_FILES                                                           \
	"       --debug-dir DIR  look for debug files here, too, before\n"   \
	"                        /usr/lib/debug; may be given many times\n"  \
	"       --sysroot DIR    DIR has the files unstripped, at the same " \
	"paths;\n"                                                           \
	"                        only those of the same build are used\n"    \
	"Where a file is larger than is read by default:\n"                  \
	"       --memory-max N   bytes for names; half of it for a file's "  \
	"tables (64M)\n"

/* of a subcommand */
#define HELP_OF(usage, text)                                        \
	"usage: " usage "       -h, --help, -V, --version\n\n" text \
	"\nWhere a file is stripped:\n" HELP_FILES

#endif
