# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# What the examples share; their rules.mk include it. A program of them adds
# $(common_objs) $(trace_lib) $(full_lib) and $(trace_libs), and compiles with
# $(common_cflags).
ifndef common_dir

common_dir := examples/common
common_cflags := -I$(common_dir) -Itools -Ibpf
common_own := $(addprefix $(out)/$(common_dir)/,naming.o stacks.o)
# one way to read a command line, and to print, for every program here
common_tools := $(addprefix $(out)/tools/,given.o interrupt.o option.o replace.o \
	streams.o)
common_objs := $(common_own) $(common_tools)

$(common_own): $(out)/%.o: %.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) $(common_cflags) -MMD -MP \
		-c $< -o $@

-include $(common_own:.o=.d)
endif
