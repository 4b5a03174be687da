# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
tools-y := $(patsubst tools/%.c,%.o,$(sort $(wildcard tools/*.c)))
# A leak tool but for its command line and its texts: of `dwunw leaks`, and of
# examples/memleak_bcc_dwunw.
leak_objs := $(addprefix $(out)/tools/leaks/,export.o frames.o kernel.o options.o \
	print.o recording.o run.o)
ifeq ($(CONFIG_LEAKS),y)
tools-y += leaks/leaks.o leaks/record.o
tool_libs = $(leak_objs) $(heap_object) $(heap_lib) $(trace_lib) $(record_lib)
tool_ldlibs = $(trace_libs) -lm
else
tools-y += leaks/absent.o
endif
