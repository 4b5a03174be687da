# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Programs with CFI for four targets, TARGET-SOURCE-COMPILER-FLAGS, their
# stacks recorded under qemu-user with a shadow call stack, *.snap, and `thin`,
# which walks them with evidence taken away. `shapes` are the sources of
# tests/truth with libc; -d: linked to shared libraries.

ifeq ($(ARCH)$(foreign),x86_64)

thin_dir := tests/thin
thin_out := $(out)/$(thin_dir)

thin_src := $(addprefix $(thin_dir)/,thin.c subject.c lens.c evidence.c) \
	$(addprefix tests/stacks/,image.c shadow/snap.c)
$(thin_out)/thin: $(thin_src) $(wildcard $(thin_dir)/*.h) \
		tests/stacks/image.h tests/stacks/shadow/snap.h $(full_lib) \
		$(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(CC) $(all_cflags) -D_GNU_SOURCE -O2 $(thin_src) $(full_lib) \
		$(all_ldflags) $(LDLIBS) -o $@
test_programs += $(thin_out)/thin

# --- programs ---

thin_source_shapes := $(addprefix tests/truth/programs/,start.S run.c args.c calls.c \
	frames.c libc.c paths.c)
thin_source_signals := tests/stacks/micro/signals.c
thin_source_jumps := tests/stacks/micro/jumps.c
thin_source_throw := tests/stacks/micro/throw.cc
thin_source_chain := tests/scan/programs/chain.c

thin_common := -funwind-tables -fasynchronous-unwind-tables \
	-fno-stack-protector -pthread -D_GNU_SOURCE -DWITH_LIBC -DNO_TIMER \
	-Wno-unused-command-line-argument -Wno-unknown-warning-option
thin_flags_O0 := -O0
thin_flags_O1 := -O1
thin_flags_O2 := -O2 -fomit-frame-pointer
thin_flags_Os := -Os -fomit-frame-pointer
thin_flags_O2fp := -O2 -fno-omit-frame-pointer
thin_flags_O2cet := -O2 -fcf-protection=full
thin_flags_O2split := -O2 -freorder-blocks-and-partition -fno-shrink-wrap
thin_flags_Ospush := -Os -mpush-args -mno-accumulate-outgoing-args
thin_flags_O2pac := -O2 -mbranch-protection=standard
thin_flags_Osmips16 := -Os -mips16
# .debug_frame alone
thin_flags_O2debug := -O2 -g -fno-unwind-tables -fno-asynchronous-unwind-tables

thin_all := shapes-gcc-O0 shapes-gcc-O1 shapes-gcc-O2 shapes-gcc-O2-d \
	shapes-gcc-Os-d shapes-gcc-O2fp \
	shapes-gcc-O2debug shapes-clang-O0 shapes-clang-O2-d \
	shapes-clang-Os signals-gcc-O2 jumps-gcc-Os throw-gcc-O2-d \
	chain-gcc-Os
thin_x86_64 := $(thin_all) shapes-gcc-O2cet-d shapes-clang-O2cet \
	shapes-gcc-O2split shapes-gcc-Ospush
thin_arm64 := $(thin_all) shapes-gcc-O2pac-d shapes-clang-O2pac \
	shapes-gcc-O2split
# gcc 12 writes CFI for split functions of mips that gas does not take
thin_mips32el := $(thin_all) shapes-gcc-Osmips16 chain-gcc-Osmips16
thin_mips32eb := $(thin_mips32el)

thin_cc_gcc = $(triple_$(1))-$(if $(filter %.cc,$(2)),g++,gcc)
thin_cc_clang = $(CLANG) --target=$(triple_$(1))

# TARGET SOURCE COMPILER FLAGS -d
define thin_program
$(thin_out)/$(1)-$(2)-$(3)-$(4)$(5): $(thin_source_$(2)) $(thin_dir)/rules.mk
	@mkdir -p $$(@D)
	$$(say) CCLD $$@
	$$(Q)$$(call thin_cc_$(3),$(1),$(thin_source_$(2))) $(thin_common) \
		$(thin_flags_$(4)) $(if $(5),,-static) $(thin_source_$(2)) -o $$@
thin_names += $(1)-$(2)-$(3)-$(4)$(5)
endef
thin_each = $(eval $(call thin_program,$(1),$(word 1,$(2)),$(word 2,$(2)),$(word \
	3,$(2)),$(addprefix -,$(word 4,$(2)))))
thin_names :=
$(foreach t,x86_64 arm64 mips32el mips32eb,$(if \
	$(shell command -v $(triple_$(t))-gcc),$(foreach v,$(thin_$(t)),\
	$(call thin_each,$(t),$(subst -, ,$(v))))))

# --- their stacks ---

thin_shadow := tests/stacks/shadow
thin_plugins := $(addprefix $(thin_out)/,plugin.so plugin_lr.so)
$(thin_plugins): $(thin_out)/%.so: $(thin_shadow)/%.c \
		$(addprefix $(thin_shadow)/,recorder.c recorder.h snap.h)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)gcc -std=c11 -D_GNU_SOURCE -O2 -fPIC -shared -fvisibility=hidden \
		$< $(thin_shadow)/recorder.c -o $@

thin_snaps := $(thin_names:%=$(thin_out)/%.snap)
$(thin_snaps): %.snap: % $(thin_dir)/record.sh $(thin_plugins)
	$(say) RECORD $@
	$(Q)$(thin_dir)/record.sh $(thin_out) $(<F)
# and these at each instruction: places that are never sampled otherwise
thin_each_snaps := $(patsubst %,$(thin_out)/%-each.snap,\
	$(filter %-signals-gcc-O2 %-throw-gcc-O2-d,$(thin_names)))
$(thin_each_snaps): %-each.snap: % $(thin_dir)/record.sh $(thin_plugins)
	$(say) RECORD $@
	$(Q)$(thin_dir)/record.sh $(thin_out) $(<F)-each
thin_snaps += $(thin_each_snaps)

long_programs += $(addprefix $(thin_out)/,$(thin_names)) $(thin_snaps)

endif
