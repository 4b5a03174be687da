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
openwrt_menu := CONFIG_DWUNW_CFI=y CONFIG_DWUNW_BPF=y CONFIG_DWUNW_SCAN_MEMORY_KB=48

# $(call openwrt_make,TARGET,VARIANT,DIRECTORY)
openwrt_make = env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u ARCH -u O -u CC -u DEFCONFIG \
	-u DWUNW_CLANG -u DWUNW_INFLATE -u DWUNW_DEMANGLE -u DWUNW_LIBBPF \
	$(MAKE) -C packaging/openwrt/dwunw TOPDIR=$(abspath tests/openwrt/sdk) \
	SDK_WORK=$(abspath $(3)) SDK_TARGET=$(1) SDK_CROSS=$(triple_$(openwrt_$(1)))- \
	SDK_CC="$$(scripts/musl $(openwrt_$(1)))" SDK_SSTRIP=$(abspath tests/sstrip.pl) \
	BUILD_VARIANT=$(2) compile

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

# The small tool of this machine, and a program with twenty libraries (memory.t).
openwrt_own_small := $(openwrt)/small-own/$(machine)/dwunw
openwrt_many := $(openwrt)/many/many
ifneq ($(and $(call has,musl-gcc),$(call has,$(CLANG))),)
$(openwrt_own_small): $(tool)
	@mkdir -p $(@D)
	$(say) SMALL $@
	$(Q)env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD -u CC -u DEFCONFIG -u DWUNW_LIBBPF \
		-u DWUNW_INFLATE -u DWUNW_DEMANGLE -u DWUNW_CLANG -u SANITIZE sh -c \
		'set -- $(MAKE) -s O=$(openwrt)/small-own CC=musl-gcc LDFLAGS=-static && \
		{ [ -f $(@D)/.config ] || "$$@" small_defconfig; } && "$$@" $@' >$(@D).log 2>&1 || \
		{ tail -n 20 $(@D).log; exit 1; }
$(openwrt_many): tests/openwrt/many.c $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)below=; for part in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do \
		$(CC) -O2 -shared -fPIC -DPART=$$part $${below:+-DBELOW=$$below} $< \
			$${below:+$(@D)/libpart$$below.so} -Wl,-rpath,'$$ORIGIN' \
			-Wl,-soname,libpart$$part.so -o $(@D)/libpart$$part.so || exit 1; below=$$part; \
	done; $(CC) -O2 $< $(@D)/libpart19.so -Wl,-rpath,'$$ORIGIN' -Wl,-rpath-link,$(@D) -o $@
long_programs += $(openwrt_own_small) $(openwrt_many)
endif

# The packing of BPF objects, with sanitizers.
openwrt_unpack := $(openwrt)/unpack
$(openwrt_unpack): tests/openwrt/unpack.c tools/leaks/unpack.c $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(CC) -O1 -g -std=c11 -fsanitize=address,undefined \
		-fno-sanitize-recover=all $(filter %.c,$^) -o $@
# What a small tool has of its own, with sanitizers.
openwrt_own := $(openwrt)/small-parts
$(openwrt_own): tests/live/small.c tools/leaks/unpack.c tools/leaks/name_match.c \
		trace/scan_line.c trace/object.c trace/object.h trace/scan_line.h \
		tools/leaks/name_match.h tools/leaks/unpack.h $(core_lib) $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(CC) -O1 -g -std=gnu11 -D_GNU_SOURCE -fsanitize=address,undefined \
		-fno-sanitize-recover=all -Iinclude -iquote trace -iquote . -include $(config_h) \
		$(filter %.c,$^) $(core_lib) -o $@
test_programs += $(openwrt_unpack) $(bpf_pack) $(openwrt_own)
needs_openwrt := $(bpf_pack) $(if $(CONFIG_LEAKS),$(heap_packed))
