# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# Programs without CFI for four targets, for truth.t: each with symbols in
# full/ and as sstrip leaves it in bare/, named TARGET-COMPILER-FLAGS, those
# with a libc also -libc; and what judges their stacks.

ifeq ($(ARCH)$(foreign),x86_64)

# truth.t loads the recorder
needs_truth = $(if $(records),$(shadow_so) $(shadow_lr_so))

truth_dir := tests/truth
truth_out := $(out)/$(truth_dir)
truth_src := $(addprefix $(truth_dir)/programs/,run.c start.S args.c calls.c \
	frames.c jumps.c paths.c shares.S)
truth_common := -std=gnu11 -static -no-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -Wall -Wextra

# What a name's third part means.
truth_flags_O0 := -O0
truth_flags_O1 := -O1
truth_flags_O2 := -O2
truth_flags_O3 := -O3 -fno-pie
truth_flags_Os := -Os
truth_flags_Oz := -Oz
truth_flags_O2fp := -O2 -fno-omit-frame-pointer
truth_flags_O2nofp := -O2 -fomit-frame-pointer
truth_flags_O2clash := -O2 -fstack-clash-protection
truth_flags_O2cet := -O2 -fcf-protection=full
truth_flags_O2split := -O2 -freorder-blocks-and-partition -fno-shrink-wrap
truth_flags_Ospush := -Os -mpush-args -mno-accumulate-outgoing-args
truth_flags_O2store := -O2 -maccumulate-outgoing-args
truth_flags_O2pac := -O2 -mbranch-protection=standard
truth_flags_O2noabi := -O2 -mno-abicalls -fno-pic -fno-pie -G0
truth_flags_O2kernel := -O2 -mpreferred-stack-boundary=3 -mno-sse
truth_flags_O2thunk := -O2 -mindirect-branch=thunk-inline \
	-mfunction-return=thunk-inline
truth_flags_O2mips16 := -O2 -mips16
truth_flags_Osmips16 := -Os -mips16

truth_x86_64 := $(addprefix gcc-,O0 O1 O2 O3 Os O2fp O2clash O2cet O2split \
	Ospush O2store O2kernel O2thunk) $(addprefix clang-,O0 O1 O2 Os O2fp O2cet)
truth_arm64 := $(addprefix gcc-,O0 O1 O2 O3 Os O2nofp O2clash O2pac \
	O2split) $(addprefix clang-,O0 O1 O2 Os Oz O2nofp O2pac)
truth_mips32el := $(addprefix gcc-,O0 O1 O2 O3 Os O2fp O2clash O2noabi \
	O2mips16 Osmips16) $(addprefix clang-,O0 O1 O2 Os O2fp)
truth_mips32eb := $(truth_mips32el)
truth_libc := gcc-O1 gcc-O2 gcc-Os clang-O2

truth_here = $(foreach t,x86_64 arm64 mips32el mips32eb,$(if \
	$(shell command -v $(triple_$(t))-gcc),$(t)))
truth_cc_gcc = $(triple_$(1))-gcc -Wno-clobbered
truth_cc_clang = $(CLANG) --target=$(triple_$(1)) \
	-Wno-unused-command-line-argument

# TARGET COMPILER FLAGS: without a libc
define truth_program
$(truth_out)/full/$(1)-$(2)-$(3): $(truth_src) \
		$(truth_dir)/programs/run.h \
		$(truth_dir)/rules.mk
	@mkdir -p $$(@D)
	$$(say) CCLD $$@
	$$(Q)$$(call truth_cc_$(2),$(1)) $(truth_common) -ffreestanding \
		-nostdlib $(truth_flags_$(3)) $(truth_src) -lgcc -o $$@
truth_names += $(1)-$(2)-$(3)
endef

define truth_libc_program
$(truth_out)/full/$(1)-$(2)-$(3)-libc: $(truth_src) \
		$(truth_dir)/programs/libc.c $(truth_dir)/programs/run.h \
		$(truth_dir)/rules.mk
	@mkdir -p $$(@D)
	$$(say) CCLD $$@
	$$(Q)$$(call truth_cc_$(2),$(1)) $(truth_common) -D_GNU_SOURCE \
		-DWITH_LIBC $(truth_flags_$(3)) $(truth_src) \
		$(truth_dir)/programs/libc.c -o $$@
truth_names += $(1)-$(2)-$(3)-libc
endef

truth_names :=
truth_each = $(eval $(call $(1),$(2),$(word 1,$(3)),$(word 2,$(3))))
$(foreach t,$(truth_here),\
	$(foreach v,$(truth_$(t)),$(call truth_each,truth_program,$(t),\
		$(subst -, ,$(v))))\
	$(foreach v,$(truth_libc),$(call truth_each,truth_libc_program,$(t),\
		$(subst -, ,$(v)))))

$(addprefix $(truth_out)/bare/,$(truth_names)): $(truth_out)/bare/%: \
		$(truth_out)/full/% tests/sstrip.pl
	@mkdir -p $(@D)
	$(Q)perl tests/sstrip.pl $< $@ >/dev/null

include tests/stacks/shadow/record.mk

truth_judge_src := $(truth_dir)/judge.c tests/stacks/image.c \
	tests/stacks/check_dwunw.c $(shadow)/snap.c
$(truth_out)/judge: $(truth_judge_src) tests/stacks/image.h \
		$(shadow)/snap.h $(full_lib) $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(CC) $(all_cflags) -D_GNU_SOURCE -DHAVE_DWUNW -O2 $(truth_judge_src) $(full_lib) \
		$(all_ldflags) $(LDLIBS) -o $@

$(truth_out)/lies.so: $(truth_dir)/lies.S
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(CC) -shared -nostdlib $< -o $@

test_programs += $(truth_out)/lies.so $(truth_out)/judge
long_programs += $(if $(records),$(shadow_so) $(shadow_lr_so)) \
	$(addprefix $(truth_out)/full/,$(truth_names)) \
	$(addprefix $(truth_out)/bare/,$(truth_names))

endif
