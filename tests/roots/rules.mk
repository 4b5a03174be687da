# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What tests/roots looks at: one program for each target, its stripped copy and
# one without CFI, static, since emulators run them; and of this machine one
# that is not.

ifneq ($(foreign),1)
roots := $(out)/tests/roots
roots_triples := $(foreach t,x86_64 aarch64 mipsel mips,\
	$(if $(shell command -v $(t)-linux-gnu-gcc),$(t)-linux-gnu))
roots_flags := -O1 -Wall -Wextra -Wno-array-bounds -pthread
roots_kinds := full stripped bare
roots_bin := $(foreach t,$(roots_triples),$(addprefix $(roots)/$(t)/,\
	$(roots_kinds))) $(roots)/live
roots_src := tests/roots/roots.c tests/roots/ends.S
roots_made := $(roots_src) tests/roots/rules.mk
roots_musl := $(if $(shell command -v musl-gcc),$(roots)/x86_64-musl/full \
	$(roots)/x86_64-musl/stripped)

$(roots)/x86_64-musl/full: $(roots_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)musl-gcc $(roots_flags) -DNO_CONTEXT -static $(roots_src) -o $@
$(roots)/%/full: $(roots_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$*-gcc $(roots_flags) -static $(roots_src) -o $@
$(roots)/live: $(roots_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(triple_$(ARCH))-gcc $(roots_flags) $(roots_src) -o $@
$(roots)/%/stripped: $(roots)/%/full
	$(say) STRIP $@
	$(Q)$(subst -musl,-linux-gnu,$*)-strip -s -o $@ $<
# no symbols, no section headers, no CFI
$(roots)/%/bare: $(roots)/%/full tests/sstrip.pl
	$(say) STRIP $@
	$(Q)$*-strip -s -R .eh_frame -R .eh_frame_hdr -o $@.new $<
	$(Q)perl tests/sstrip.pl $@.new $@ >/dev/null

test_programs += $(roots_bin) $(roots_musl)
endif
