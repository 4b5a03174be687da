# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# packaging/openwrt's packages by the stand-in of sdk/, as feed/TARGET: with musl, both
# variants, without Python. small/TARGET: dwunw-small linked statically.

openwrt := $(out)/tests/openwrt
openwrt_mips := mips32eb
openwrt_mipsel := mips32el
openwrt_aarch64 := arm64
openwrt_targets := $(if $(call has,$(CLANG)),$(foreach t,mips mipsel aarch64,\
	$(if $(call has,$(triple_$(openwrt_$(t)))-gcc),$(t))))

# the defaults of Config.in
openwrt_menu := CONFIG_DWUNW_CFI=y CONFIG_DWUNW_SCAN_MEMORY_KB=48

# $(call openwrt_make,TARGET,VARIANT,DIRECTORY)
openwrt_make = env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u ARCH -u O -u CC -u DEFCONFIG \
	-u DWUNW_CLANG -u DWUNW_INFLATE -u DWUNW_DEMANGLE -u DWUNW_LIBBPF \
	$(MAKE) -C packaging/openwrt/dwunw TOPDIR=$(abspath tests/openwrt/sdk) \
	SDK_WORK=$(abspath $(3)) SDK_TARGET=$(1) SDK_CROSS=$(triple_$(openwrt_$(1)))- \
	SDK_CC="$$(scripts/musl $(openwrt_$(1)))" BUILD_VARIANT=$(2) compile

openwrt_feeds := $(openwrt_targets:%=$(openwrt)/feed/%/.made)
$(openwrt_feeds): $(openwrt)/feed/%/.made: $(wildcard packaging/openwrt/dwunw/* \
		packaging/openwrt/dwunw/configs/* tests/openwrt/sdk/*.mk tests/openwrt/sdk/include/*.mk)
	$(say) OPENWRT $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)printf '%s\n' $(openwrt_menu) >$(@D)/.config
	$(Q)for variant in full small; do \
		$(call openwrt_make,$*,$$variant,$(@D)) >$(@D)/$$variant.log 2>&1 || { \
			tail -n 20 $(@D)/$$variant.log; exit 1; }; \
	done
	$(Q)touch $@

openwrt_small := $(openwrt_targets:%=$(openwrt)/small/%/.made)
$(openwrt_small): $(openwrt)/small/%/.made: $(wildcard packaging/openwrt/dwunw/* \
		packaging/openwrt/dwunw/configs/* tests/openwrt/sdk/*.mk tests/openwrt/sdk/include/*.mk)
	$(say) OPENWRT $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)printf '%s\n' $(openwrt_menu) CONFIG_DWUNW_STATIC=y >$(@D)/.config
	$(Q)$(call openwrt_make,$*,small,$(@D)) >$(@D)/small.log 2>&1 || { \
		tail -n 20 $(@D)/small.log; exit 1; }
	$(Q)touch $@

long_programs += $(openwrt_feeds) $(openwrt_small)

# The packing of BPF objects, with sanitizers.
openwrt_unpack := $(openwrt)/unpack
$(openwrt_unpack): tests/openwrt/unpack.c tools/leaks/unpack.c $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(CC) -O1 -g -std=c11 -fsanitize=address,undefined \
		-fno-sanitize-recover=all $(filter %.c,$^) -o $@
test_programs += $(openwrt_unpack) $(bpf_pack)
needs_openwrt := $(bpf_pack) $(if $(CONFIG_LEAKS),$(heap_packed))
