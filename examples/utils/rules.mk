# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Small programs that show one part of the library each.

utils_dir := examples/utils
utils_out := $(out)/$(utils_dir)

$(utils_out)/symbolize_demo: $(utils_dir)/symbolize_demo.c $(full_lib) \
		$(out)/tools/option.o $(out)/tools/streams.o $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) -Itools -MMD -MP \
		-MF $@.d $< $(filter %.o,$^) $(full_lib) $(all_ldflags) $(LDLIBS) -lpthread -o $@

.PHONY: utils
examples: $(if $(CONFIG_PORT_LINUX),utils)
utils: $(utils_out)/symbolize_demo

-include $(utils_out)/symbolize_demo.d
