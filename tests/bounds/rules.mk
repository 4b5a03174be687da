# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of functions' bounds run and look at.

bounds_dir := tests/bounds
bounds_out := $(out)/$(bounds_dir)

$(bounds_out)/bounds: $(bounds_dir)/bounds.c $(full_lib) $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $<
	$(Q)$(CC) $(all_cflags) $(test_cflags) -MMD -MP -MF $@.d $< \
		$(full_lib) $(all_ldflags) $(LDLIBS) -o $@

test_programs += $(bounds_out)/bounds

-include $(bounds_out)/bounds.d
