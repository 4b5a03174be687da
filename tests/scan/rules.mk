# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stacks through code that has no CFI, recorded as tests/stacks does: static
# programs without symbols and section headers, $(scan)/bin/TARGET-NAME, and with
# symbols, NAME.full. Files of other projects, for the scans (corpus.sh). What
# only test-long looks at is in long_programs.

needs_scan := unit-programs $(out)/tests/stacks/bin/check

include tests/stacks/shadow/record.mk

ifneq ($(foreign),1)
scan := $(out)/tests/scan
scan_bin := $(scan)/bin
scan_made := tests/scan/rules.mk

# --- the corpus: its list, of what the tests ask for ---

scan_few := $(foreach t,x86_64 arm64 mips32el mips32eb,$(t)/zlib $(t)/lua) \
	$(foreach t,mips32el mips32eb,$(t)/zlib-mips16 '$(t)/lua-mips16*')
# corpus.sh knows what of it is up to date, in build/cache
$(scan)/corpus: FORCE
	@mkdir -p $(@D)
	$(say) CORPUS $@
	$(Q)tests/scan/corpus.sh $(if $(DWUNW_LONG),,$(scan_few)) >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
long_programs += $(scan)/corpus

$(scan)/decide: private how := $(test_glibc_cc) -std=c11 -D_GNU_SOURCE -O2 -Wall \
	-Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror
$(scan)/decide: tests/scan/decide.c tests/stacks/image.c tests/stacks/image.h \
		$(shadow)/snap.c $(shadow)/snap.h $(scan_made)
	$(test_build)
long_programs += $(scan)/decide

ifneq ($(records),)
scan_flags := -std=gnu11 -static -no-pie -fomit-frame-pointer -fno-unwind-tables \
	-fno-asynchronous-unwind-tables
scan_qemu_x86_64 := qemu-x86_64 -cpu max
scan_qemu_arm64 := qemu-aarch64 -cpu max,pauth-impdef=on
# the 32-bit guests' memory begins where qemu is told, so that it is known
scan_base := 0x10000000
scan_qemu_mips32el := qemu-mipsel -B $(scan_base)
scan_qemu_mips32eb := qemu-mips -B $(scan_base)
scan_plugin_x86_64 := $(shadow_so)
scan_plugin_arm64 := $(shadow_lr_so)
scan_plugin_mips32el := $(shadow_lr_so)
scan_plugin_mips32eb := $(shadow_lr_so)
scan_options_mips32el := base=$(scan_base),
scan_options_mips32eb := base=$(scan_base),

# $(call scan_one,TARGET-NAME,libc,FLAGS,SOURCE,PERIOD,WORDS)
define scan_one
scan_names += $(1)
scan_libc_$(1) := $(2)
scan_flags_$(1) := $(3)
scan_period_$(1) := $(5)
scan_words_$(1) := $(6)
$(scan_bin)/$(1).full: $(4)
endef
scan_names :=
scan_own := tests/scan/programs
scan_targets := $(foreach t,x86_64 arm64 mips32el mips32eb,\
	$(if $(call has,$(triple_$(t))-gcc),$(t)))
$(foreach t,$(scan_targets),\
	$(eval $(call scan_one,$(t)-chain-glibc,glibc,-Os,$(scan_own)/chain.c,150)) \
	$(eval $(call scan_one,$(t)-chain-musl,musl,-Os,$(scan_own)/chain.c,80)) \
	$(eval $(call scan_one,$(t)-chain-musl-O2,musl,-O2,$(scan_own)/chain.c,80)) \
	$(eval $(call scan_one,$(t)-signals-musl,musl,-Os,$(scan_own)/signals.c,150)) \
	$(eval $(call scan_one,$(t)-leaky-musl,musl,-O2,\
		examples/bpf_memleak/leaky.c,60,40 0)) \
	$(eval $(call scan_one,$(t)-jumps-musl,musl,-Os,$(micro)/jumps.c,40)))
# the program's code is MIPS16e, that of libc is not
$(foreach t,$(filter mips32%,$(scan_targets)),\
	$(eval $(call scan_one,$(t)-chain-mips16,glibc,-Os -mips16,\
		$(scan_own)/chain.c,80)) \
	$(eval $(call scan_one,$(t)-signals-mips16,glibc,-Os -mips16,\
		$(scan_own)/signals.c,150)) \
	$(eval $(call scan_one,$(t)-chain-musl-mips16,musl,-Os -mips16,\
		$(scan_own)/chain.c,80)))
$(foreach t,$(filter arm64,$(scan_targets)),\
	$(eval $(call scan_one,$(t)-chain-pac,musl,\
		-O2 -mbranch-protection=standard,$(scan_own)/chain.c,80)))

scan_target = $(firstword $(subst -, ,$(@F)))
scan_name = $(patsubst %.full,%,$(@F))
# musl of other targets is built where it is not there yet
scan_musls := $(patsubst %,$(scan)/musl-%,$(filter-out x86_64,$(scan_targets)))
$(scan_musls): $(scan)/musl-%: scripts/musl
	@mkdir -p $(@D)
	$(say) MUSL $*
	$(Q)env -u CC scripts/musl $* >$@.new
	$(Q)mv $@.new $@
scan_cc = $(if $(filter glibc,$(scan_libc_$(scan_name))),$(triple_$(scan_target))-gcc,\
	$(if $(filter x86_64,$(scan_target)),musl-gcc,$$(cat $(scan)/musl-$(scan_target))))

# a thread of it is looked at live
scan_threads := $(scan_bin)/x86_64-threads
scan_libc_x86_64-threads := musl
scan_flags_x86_64-threads := -Os -pthread
$(scan_threads).full: $(scan_own)/threads.c

scan_programs := $(scan_names:%=$(scan_bin)/%) $(scan_threads)
$(scan_programs:=.full): private how = $(scan_cc) $(scan_flags) \
	$(scan_flags_$(scan_name))
$(scan_programs:=.full): $(scan_made)
	$(test_build)
$(filter-out $(scan_bin)/x86_64-%,$(scan_programs:=.full)): $(scan_musls)
$(scan_programs): %: %.full tests/sstrip.pl
	$(say) STRIP $@
	$(Q)perl tests/sstrip.pl $< $@ >/dev/null
long_programs += $(scan_programs) $(scan_programs:=.full)

scan_snaps := $(scan_names:%=$(scan)/recorded/%.snap)
scan_snap = $(basename $(@F))
$(scan_snaps): private plugin = $(scan_plugin_$(scan_target))
$(scan_snaps): private qemu = $(scan_qemu_$(scan_target))
# what is copied of a stack holds a frame of 80 KB and what is around it
$(scan_snaps): private options = $(scan_options_$(scan_target))period=$(scan_period_$(scan_snap)),steps=3000000,samples=1500,cap=131072
$(scan_snaps): private run = $(scan_bin)/$(scan_snap) $(scan_words_$(scan_snap))
$(scan_snaps): $(scan)/recorded/%.snap: $(scan_bin)/% $(shadow_so) \
		$(shadow_lr_so) $(shadow)/record $(scan_made)
	$(test_record)
long_programs += $(scan_snaps)

# lua of the corpus, looked at often
scan_lua := $(foreach t,$(filter mips32%,$(scan_targets)),\
	$(scan)/recorded/$(t)-lua.snap)
scan_lua_path = $$(awk '$$1 == "$(scan_target)" && $$2 == "lua" { print $$4 }' \
	$(scan)/corpus)
$(scan_lua): private plugin := $(shadow_lr_so)
$(scan_lua): private qemu = $(scan_qemu_$(scan_target)) -L /usr/$(triple_$(scan_target))
$(scan_lua): private options = \
	$(scan_options_$(scan_target))period=9,steps=20000000,samples=100000,cap=1024
$(scan_lua): private run = "$(scan_lua_path)" $(abspath $(scan_own)/busy.lua)
$(scan_lua): $(shadow_lr_so) $(shadow)/record $(scan_made) $(scan_own)/busy.lua \
		| $(scan)/corpus
	$(test_record)
long_programs += $(scan_lua)
endif
endif
