# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# What the examples share; their rules.mk include it. A program of them adds
# $(common_tools) $(common_libs) and $(trace_libs), and compiles with
# $(common_cflags).
ifndef common_cflags

common_cflags := -Itools -Itools/leaks -Ibpf
# one way to read a command line, and to print, for every program here
common_tools := $(addprefix $(out)/tools/,interrupt.o option.o replace.o streams.o \
	suppress.o)
common_libs := $(heap_lib) $(report_lib) $(trace_lib) $(full_lib)
endif
