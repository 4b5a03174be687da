# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A firmware without a libc; for mips32 only.

ifneq ($(mips32_lib),)

crash_mips32_dir := examples/crash_mips32
crash_mips32_out := $(out)/$(crash_mips32_dir)
crash_mips32_objs := $(addprefix $(crash_mips32_out)/,firmware.o trace.o start.o memory.o)
crash_mips32_cflags := -Os -ffreestanding -fno-stack-protector \
	-ffunction-sections -fdata-sections -funwind-tables \
	-DSCAN_MEMORY_KB=$(or $(CONFIG_SCAN_MEMORY_KB),0)

define crash_mips32_cc
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(crash_mips32_cflags) -MMD -MP -c $< -o $@
endef
$(addprefix $(crash_mips32_out)/,firmware.o trace.o): $(crash_mips32_out)/%.o: \
		$(crash_mips32_dir)/%.c $(made_first)
	$(crash_mips32_cc)
$(crash_mips32_out)/memory.o: examples/crash_firmware/memory.c $(made_first)
	$(crash_mips32_cc)

$(crash_mips32_out)/start.o: $(crash_mips32_dir)/start.S $(made_first)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(all_cflags) -c $< -o $@

$(crash_mips32_out)/crash_mips32: $(crash_mips32_objs) $(mips32_lib)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) -nostdlib -static $(crash_mips32_objs) \
		$(mips32_lib) -Wl,--gc-sections -lgcc -o $@

.PHONY: crash_mips32
examples: crash_mips32
crash_mips32: $(crash_mips32_out)/crash_mips32

-include $(crash_mips32_objs:.o=.d)

endif
