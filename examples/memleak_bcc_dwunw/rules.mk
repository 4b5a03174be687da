# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# memleak_dwunw_user. DWUNW_MEMLEAK_BCC=0 leaves it out. LIBBPF_CFLAGS and
# LIBBPF_LDLIBS name another libbpf, DWUNW_EXAMPLE_CFLAGS adds flags.

include examples/common.mk

ifneq ($(DWUNW_MEMLEAK_BCC),0)
bcc_dir := examples/memleak_bcc_dwunw
bcc_out := $(out)/$(bcc_dir)
bcc_own := $(addprefix $(bcc_out)/,memleak_dwunw_user.o arguments.o report.o)
bcc_objs := $(bcc_own) $(leak_objs) $(heap_object) $(common_tools) $(record_lib)

$(bcc_own): $(bcc_out)/%.o: $(bcc_dir)/%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) $(common_cflags) \
		-MMD -MP -c $< -o $@

# dwunw-added 4: $(common_libs) has libdwunw.a
$(bcc_out)/memleak_dwunw_user: $(bcc_objs) $(common_libs)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) $(bcc_objs) $(common_libs) -static \
		$(all_ldflags) $(trace_libs) -lm $(LDLIBS) -o $@

.PHONY: memleak_bcc_dwunw
examples: memleak_bcc_dwunw
memleak_bcc_dwunw: $(bcc_out)/memleak_dwunw_user

-include $(bcc_own:.o=.d)
endif
