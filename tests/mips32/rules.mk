# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# libdwunw-mips32.a by the router's configuration, as each byte order and kind of
# code, with two programs: ORDER-KIND/libdwunw-mips32.a, inside, crash_mips32.

mips32 := $(out)/tests/mips32
mips32_abicalls :=
mips32_firmware := -mno-abicalls -fno-pic -fno-pie -G0
mips32_sets := $(foreach o,$(if $(call has,mipsel-linux-gnu-gcc),el) \
	$(if $(call has,mips-linux-gnu-gcc),eb),$(o)-abicalls $(o)-firmware)
mips32_sets := $(mips32_sets:%=$(mips32)/%/.made)
$(mips32_sets): $(mips32)/%/.made: tests/mips32/build.sh tests/mips32/rules.mk \
		port/mips32/defconfig $(core_lists) port/mips32/objs.mk port/firmware/objs.mk \
		$(wildcard core/*/*.[ch] arch/*.[ch] arch/mips32/*.[ch] include/dwunw/*.h \
		port/firmware/*.[ch] port/mips32/*.[chS] examples/crash_mips32/*.[chS]) examples/crash_firmware/memory.c \
		tests/mips32/inside.c $(config_h)
	$(say) MIPS32 $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)CONFIG_H='$(config_h)' HOSTPYTHON='$(HOSTPYTHON)' tests/mips32/build.sh \
		$(@D) $(subst -, ,$*) $(mips32_$(lastword $(subst -, ,$*))) \
		$(mips32_small)
	$(Q)touch $@

test_programs += $(mips32_sets)
