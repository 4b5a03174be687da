# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# memleak_dwunw_user. DWUNW_MEMLEAK_BCC=0 leaves it out. LIBBPF_CFLAGS and
# LIBBPF_LDLIBS name another libbpf, DWUNW_EXAMPLE_CFLAGS adds flags.

include examples/common/common.mk

ifneq ($(DWUNW_MEMLEAK_BCC),0)
bcc_dir := examples/memleak_bcc_dwunw
bcc_out := $(out)/$(bcc_dir)
bcc_objs := $(addprefix $(bcc_out)/,memleak_dwunw_user.o arguments.o attach.o \
	command.o export.o find.o kernel.o report.o targets.o \
	unwind.o)
bcc_bpf := $(addprefix $(bcc_out)/,memleak_dwunw.bpf.o \
	memleak_dwunw_kernel.bpf.o)

$(bcc_out)/%.bpf.o: $(bcc_dir)/%.bpf.c $(made_first)
	@mkdir -p $(@D)
	$(say) BPF $<
	$(Q)$(CLANG) $(bpf_cflags) -mcpu=v3 \
		-DDWUNW_TARGET_$(shell echo $(ARCH) | tr a-z A-Z) \
		-MMD -MP -c $< -o $@

$(bcc_objs): $(bcc_out)/%.o: $(bcc_dir)/%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) $(common_cflags) \
		-MMD -MP -c $< -o $@

$(bcc_out)/memleak_dwunw_objects.o: $(bcc_dir)/memleak_dwunw_objects.S \
		$(bcc_bpf)
	$(say) AS $<
	$(Q)$(CC) $(target_cflags) \
		-DMEMLEAK_OBJECT='"$(bcc_out)/memleak_dwunw.bpf.o"' \
		-DMEMLEAK_KERNEL_OBJECT='"$(bcc_out)/memleak_dwunw_kernel.bpf.o"' \
		-c $< -o $@

# dwunw-added 4: $(full_lib) is libdwunw.a
$(bcc_out)/memleak_dwunw_user: $(bcc_objs) $(bcc_out)/memleak_dwunw_objects.o \
		$(common_objs) $(trace_lib) $(full_lib)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) $(filter %.o,$^) $(trace_lib) $(full_lib) -static \
		$(all_ldflags) $(trace_libs) -lm $(LDLIBS) -o $@

.PHONY: memleak_bcc_dwunw
examples: memleak_bcc_dwunw
memleak_bcc_dwunw: $(bcc_out)/memleak_dwunw_user

-include $(bcc_objs:.o=.d) $(bcc_bpf:.o=.d)
endif
