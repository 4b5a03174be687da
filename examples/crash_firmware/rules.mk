# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A crash and its report: on Linux with a libc, and on a board without anything.

ifneq ($(firmware_lib),)

crash_firmware_dir := examples/crash_firmware
crash_firmware_out := $(out)/$(crash_firmware_dir)
crash_firmware_both := program.o report.o
crash_firmware_linux := $(addprefix $(crash_firmware_out)/,$(crash_firmware_both) linux.o)
# what a firmware is compiled with; the program's functions have no CFI, where the
# library reads instructions
crash_firmware_cflags = -Os -fno-stack-protector -ffunction-sections -fdata-sections \
	$(call takes,-fno-pic -fno-pie) \
	$(if $(CONFIG_SCAN_$(own_arch)),-fno-asynchronous-unwind-tables -fno-unwind-tables,\
	-fasynchronous-unwind-tables) \
	-DSCAN_MEMORY_KB=$(or $(CONFIG_SCAN_MEMORY_KB),0)

$(crash_firmware_linux): $(crash_firmware_out)/%.o: $(crash_firmware_dir)/%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) -D_GNU_SOURCE $(crash_firmware_cflags) -MMD -MP -c $< -o $@

$(crash_firmware_out)/crash_firmware: $(crash_firmware_linux) $(firmware_lib)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) -static -no-pie $(crash_firmware_linux) $(firmware_lib) \
		-Wl,--gc-sections $(LDFLAGS) -o $@

.PHONY: crash_firmware crash_bare
examples: crash_firmware
crash_firmware: $(crash_firmware_out)/crash_firmware

# Where a board is known: its start, the address that it loads a kernel to, and how
# code for it is compiled (arm64 without an MMU takes no unaligned access, and no
# vector registers before they are switched on). The library is to be compiled with
# that as well: crash_firmware's README.
board := $(subst mips32el,mips32,$(subst mips32eb,mips32,$(ARCH)))
board_base_arm64 := 0x40080000
board_base_mips32 := 0x80100000
board_cflags_arm64 := -mstrict-align -mgeneral-regs-only
board_cflags_mips32 := -mno-abicalls -G0
board_base := $(board_base_$(board))

ifneq ($(board_base),)
crash_bare_out := $(crash_firmware_out)/bare
crash_bare_objs := $(addprefix $(crash_bare_out)/,$(crash_firmware_both) bare.o memory.o)
crash_bare_start := $(crash_bare_out)/start_$(board).o

$(crash_bare_objs): $(crash_bare_out)/%.o: $(crash_firmware_dir)/%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(crash_firmware_cflags) $(board_cflags_$(board)) \
		-ffreestanding -MMD -MP -c $< -o $@

$(crash_bare_start): $(crash_firmware_dir)/start_$(board).S $(made_first)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(all_cflags) $(board_cflags_$(board)) -c $< -o $@

$(crash_bare_out)/crash_bare: $(crash_bare_objs) $(crash_bare_start) $(firmware_lib) \
		$(crash_firmware_dir)/bare.ld
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) $(board_cflags_$(board)) -nostdlib -static \
		-Wl,--gc-sections,--build-id=none,--defsym,BASE=$(board_base) \
		-T $(crash_firmware_dir)/bare.ld $(crash_bare_start) $(crash_bare_objs) \
		$(firmware_lib) -lgcc -o $@

crash_bare: $(crash_bare_out)/crash_bare
endif

-include $(crash_firmware_linux:.o=.d) $(crash_bare_objs:.o=.d)

endif
