# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# examples/crash_firmware with libdwunw-firmware.a as a firmware has it: bare/ARCH/
# for boards (test), linux/ARCH/ for Linux (test-long). The library of a board is
# compiled as its program is.

firmware_tests := $(out)/tests/firmware
firmware_sources := $(wildcard core/*/*.[ch] arch/*.[ch] arch/*/*.[ch] include/dwunw/*.h \
	port/firmware/*.[ch] examples/crash_firmware/*) port/firmware/defconfig \
	port/firmware/objs.mk $(core_lists) tests/firmware/rules.mk
firmware_archs := $(if $(shell $(have_kconfiglib) && echo y),\
	$(foreach a,$(archs),$(if $(call has,$(triple_$(a))-gcc),$(a))))
firmware_boards := $(filter arm64 mips32el mips32eb,$(firmware_archs))
firmware_flags = $(board_cflags_$(subst mips32el,mips32,$(subst mips32eb,mips32,$(1))))

# $(call firmware_make,KIND,ARCH,CFLAGS,GOAL)
define firmware_make
	$(say) FIRMWARE $@
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	+$(Q)$(call in_target,$(2)) O=$(firmware_tests)/$(1) CFLAGS='-g $(3)' \
		firmware_defconfig >$(@D)/config.log
	+$(Q)$(call in_target,$(2)) O=$(firmware_tests)/$(1) CFLAGS='-g $(3)' $(4) \
		>$(@D)/make.log 2>&1 || { cat $(@D)/make.log; exit 1; }
	$(Q)touch $@
endef

firmware_bare := $(firmware_boards:%=$(firmware_tests)/bare/%/.made)
$(firmware_bare): $(firmware_tests)/bare/%/.made: $(firmware_sources)
	$(call firmware_make,bare,$*,$(call firmware_flags,$*),crash_bare)

firmware_linux := $(firmware_archs:%=$(firmware_tests)/linux/%/.made)
$(firmware_linux): $(firmware_tests)/linux/%/.made: $(firmware_sources)
	$(call firmware_make,linux,$*,,crash_firmware)

test_programs += $(firmware_bare)
long_programs += $(firmware_linux)
