# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
tools_small := cmd.o dwunw.o interrupt.o option.o replace.o small.o streams.o
ifeq ($(CONFIG_TOOL_SMALL),y)
tools-y := $(tools_small)
else
tools-y := $(patsubst tools/%.c,%.o,$(filter-out %/suppress.c %/push.c %/small.c,\
	$(sort $(wildcard tools/*.c))))
endif
tools-$(CONFIG_REPORT) += suppress.o push.o
# A leak tool but for its command line and its texts: of `dwunw leaks`, and of
# examples/memleak_bcc_dwunw.
leak_objs := $(addprefix $(out)/tools/leaks/,export.o kernel.o name_match.o options.o print.o \
	recording.o run.o)
ifeq ($(CONFIG_LEAKS),y)
tools-y += $(addprefix leaks/,check.o inproc.o kernel_options.o kernel_tries.o leaks.o \
	pushed.o record.o theirs.o trial.o)
# --in-process PID
tools-y += $(addprefix leaks/,$(if $(CONFIG_TOOL_SMALL),attach_none.o,$(if $(wildcard \
	tools/leaks/borrow_$(ARCH).c),attach.o attach_check.o borrow_$(ARCH).o safe.o threads.o,\
	attach_none.o)))
ifneq ($(CONFIG_TOOL_SMALL),y)
tools-y += leaks/count.o leaks/screen.o leaks/top.o
endif
leak_libs = $(leak_objs) $(heap_object) $(heap_lib)
tool_ldlibs = $(trace_libs) -lm
else
tools-y += leaks/absent.o
endif
ifeq ($(CONFIG_TOOL_SMALL),y)
else ifeq ($(CONFIG_RECORD)$(CONFIG_REPORT),yy)
tools-y += $(patsubst tools/%.c,%.o,$(filter-out %/absent.c,$(sort \
	$(wildcard tools/report/*.c))))
else
tools-y += report/absent.o
endif
tool_libs = $(leak_libs) $(record_lib) $(report_lib) $(if $(leak_libs),$(trace_lib))
