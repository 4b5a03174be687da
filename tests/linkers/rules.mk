# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# One program by each linker, in each layout that it makes of a file: x86_64
# ones to be run here, and static ones of the other targets for qemu-user.
#
#	LINKER-LAYOUT            the program
#	LINKER-lib, LINKER-at    a program that uses libpart.so in lib-LINKER or
#	                         at-LINKER, which is linked for an address (mold
#	                         does not)
#	LINKER-alone             … in alone-LINKER, which needs no other file, nor
#	                         start files: mold's e_entry is its first function
#	TRIPLE/LINKER-LAYOUT     of another target
#	rust                     by rustc, whose default linker lld may be

#	leak/LINKER-plain, leak/LINKER-static, leak/LINKER-lib  programs that leak, the
#	                         last one by a library of that linker
#	shadow/TARGET-LINKER-NAME.snap  recordings, as tests/stacks has them

needs_linkers := examples $(out)/tests/stacks/

include tests/stacks/shadow/record.mk

ifneq ($(foreign),1)
linkers := $(out)/tests/linkers
linkers_names := $(foreach l,bfd gold lld mold,$(if $(call has,ld.$(l)),$(l)))

linkers_plain :=
linkers_separate := -Wl,-z,separate-code
linkers_joined := -Wl,-z,noseparate-code
linkers_apart := -Wl,-z,separate-loadable-segments
linkers_norose := -Wl,--no-rosegment
linkers_fixed := -no-pie
linkers_static := -static
linkers_static-pie := -static-pie
linkers_at_bfd := -Wl,-Ttext-segment=0x41000000
linkers_at_gold := -Wl,-Ttext=0x41000000
linkers_at_lld := -Wl,--image-base=0x41000000

linkers_layouts := plain fixed static
linkers_layouts_bfd := static-pie joined separate
linkers_layouts_lld := static-pie joined separate apart norose
linkers_layouts_mold := static-pie joined separate apart
linkers_programs := $(foreach l,$(linkers_names),\
	$(addprefix $(linkers)/$(l)-,$(linkers_layouts) $(linkers_layouts_$(l))))
linkers_libs := $(linkers_names:%=$(linkers)/lib-%/libpart.so) \
	$(linkers_names:%=$(linkers)/alone-%/libpart.so) \
	$(patsubst %,$(linkers)/at-%/libpart.so,$(filter-out mold,\
	$(linkers_names)))
linkers_users := $(linkers_names:%=$(linkers)/%-lib) \
	$(linkers_names:%=$(linkers)/%-alone) \
	$(patsubst %,$(linkers)/%-at,$(filter-out mold,$(linkers_names)))

# mips has neither gold nor mold, nor a static-pie
linkers_triples := $(foreach t,aarch64 mipsel mips,\
	$(if $(call has,$(t)-linux-gnu-gcc),$(t)-linux-gnu))
linkers_others := $(foreach t,$(linkers_triples),$(addprefix $(linkers)/$(t)/,\
	bfd-static bfd-joined $(if $(filter lld,$(linkers_names)),lld-static \
	lld-norose $(if $(filter mips%,$(t)),,lld-static-pie)) \
	$(if $(filter mips%,$(t)),,$(if $(filter mold,$(linkers_names)),\
	mold-static mold-static-pie))))

# of LINKER-LAYOUT: -fuse-ld and what makes the layout
linkers_flags = -fuse-ld=$(firstword $(subst -, ,$(1))) \
	$(linkers_$(subst $(firstword $(subst -, ,$(1)))-,,$(1)))
linkers_cc := gcc -O2 -fomit-frame-pointer
linkers_made := $(addprefix tests/linkers/,chain.h rules.mk)

$(linkers_programs): private how = $(linkers_cc) $(call linkers_flags,$(@F))
$(linkers_programs): tests/linkers/program.c tests/linkers/part.c $(linkers_made)
	$(test_build)

linkers_of_lib = $(lastword $(subst -, ,$(notdir $(patsubst %/,%,$(@D)))))
$(linkers_libs): private how = $(linkers_cc) -shared -fPIC \
	-Wl,-soname=libpart.so -fuse-ld=$(linkers_of_lib) $(if $(findstring \
	/at-,$@),$(linkers_at_$(linkers_of_lib))) $(if $(findstring /alone-,$@),\
	-nostdlib)
$(linkers_libs): tests/linkers/part.c $(linkers_made)
	$(test_build)

$(filter %-lib,$(linkers_users)): $(linkers)/%-lib: $(linkers)/lib-%/libpart.so
$(filter %-at,$(linkers_users)): $(linkers)/%-at: $(linkers)/at-%/libpart.so
$(filter %-alone,$(linkers_users)): $(linkers)/%-alone: \
		$(linkers)/alone-%/libpart.so
$(linkers_users): private how := $(linkers_cc)
$(linkers_users): private with = -Wl,-rpath,'$$ORIGIN/$(notdir $(patsubst \
	%/,%,$(dir $(filter %.so,$^))))'
$(linkers_users): tests/linkers/program.c $(linkers_made)
	$(test_build)

# A cross compiler looks for linkers in its own places only.
linkers_links := $(foreach l,$(filter lld mold,$(linkers_names)),\
	$(linkers)/bin/ld.$(l))
$(linkers_links): $(linkers)/bin/ld.%: tests/linkers/rules.mk
	@mkdir -p $(@D)
	$(Q)ln -sf $(call has,ld.$*) $@

$(linkers_others): private how = $(notdir $(patsubst %/,%,$(@D)))-gcc \
	-B$(linkers)/bin -O2 -g -fomit-frame-pointer \
	$(if $(filter %-static-pie,$@),,-static) $(call linkers_flags,$(@F))
$(linkers_others): tests/linkers/program.c tests/linkers/part.c \
		$(linkers_made) $(linkers_links)
	$(test_build)

test_programs += $(linkers_others)
long_programs += $(linkers_programs) $(linkers_libs) $(linkers_users)

# --- a program as rustc links it ---

$(linkers)/rust: tests/linkers/chain.rs tests/linkers/rules.mk
	@mkdir -p $(@D)
	$(say) RUSTC $@
	$(Q)rustc -O --crate-name chain $< -o $@
long_programs += $(if $(call has,rustc),$(linkers)/rust)

# --- programs that leak ---

linkers_leak := $(linkers)/leak
linkers_leak_libs := $(linkers_names:%=$(linkers_leak)/libown-%.so)
linkers_leaks := $(foreach l,$(linkers_names),\
	$(addprefix $(linkers_leak)/$(l),-plain -static -lib))
$(linkers_leak_libs): private how = $(linkers_cc) -shared -fPIC -DLIBRARY \
	-Wl,-soname=$(@F) -fuse-ld=$(patsubst libown-%.so,%,$(@F))
$(filter-out %-lib,$(linkers_leaks)): private how = $(linkers_cc) \
	$(call linkers_flags,$(@F))
$(filter %-lib,$(linkers_leaks)): private how = $(linkers_cc) -DLIBRARY_HAS_IT
$(filter %-lib,$(linkers_leaks)): private with := -Wl,-rpath,'$$ORIGIN'
$(filter %-lib,$(linkers_leaks)): $(linkers_leak)/%-lib: \
		$(linkers_leak)/libown-%.so
$(linkers_leaks) $(linkers_leak_libs): tests/linkers/leak.c tests/linkers/rules.mk
	$(test_build)
test_programs += $(linkers_leaks) $(linkers_leak_libs)

# --- recordings: programs that stay in their own code ---

ifneq ($(records),)
linkers_snaps_dir := $(linkers)/shadow
linkers_bin := $(linkers_snaps_dir)/bin
linkers_tables := -funwind-tables -fomit-frame-pointer -O2
# $(call linkers_one,TARGET-LINKER-NAME,COMPILER,SOURCE). mips' tables are
# relocated, which lld does in memory that may be written to.
define linkers_one
linkers_recorded += $(1)
$(linkers_bin)/$(1): private how := $(2) $$(linkers_tables) \
	-fuse-ld=$(word 2,$(subst -, ,$(1))) -B$(linkers)/bin \
	$(if $(findstring mips,$(1)),-Wl$$(comma)-z$$(comma)notext)
$(linkers_bin)/$(1): $(3) $$(linkers_made) $(linkers_links)
	$$(test_build)
endef
linkers_recorded :=
linkers_both = $(foreach l,$(filter $(2),$(linkers_names)),\
	$(eval $(call linkers_one,$(1)-$(l)-chains,$(3)gcc -std=gnu11,\
		tests/stacks/programs/chains.c)) \
	$(eval $(call linkers_one,$(1)-$(l)-sparks,$(3)g++ -D_GNU_SOURCE \
		-DOWN_OBJECTS,tests/stacks/programs/sparks.cc)))
$(call linkers_both,x86_64,lld mold,)
$(if $(call has,$(triple_arm64)-g++),$(call linkers_both,arm64,lld mold,$(triple_arm64)-))
$(foreach t,mips32el mips32eb,$(if $(call has,$(triple_$(t))-g++),\
	$(call linkers_both,$(t),lld,$(triple_$(t))-)))

# rustc links by lld of itself since 1.90; any can be told to
linkers_rust := $(if $(and $(call has,rustc),$(filter lld,$(linkers_names))),\
	x86_64-lld-rust)
$(linkers_rust:%=$(linkers_bin)/%): tests/linkers/bees.rs $(linkers_made)
	@mkdir -p $(@D)
	$(say) RUSTC $@
	$(Q)rustc -O -C link-arg=-fuse-ld=lld --crate-name bees $< -o $@
linkers_recorded += $(linkers_rust)

linkers_emulate_x86_64 := qemu-x86_64
linkers_emulate_arm64 := $(cross_emulate_arm64)
linkers_emulate_mips32el := $(cross_emulate_mips32el)
linkers_emulate_mips32eb := $(cross_emulate_mips32eb)
linkers_snaps := $(linkers_recorded:%=$(linkers_snaps_dir)/%.snap)
linkers_target = $(firstword $(subst -, ,$(@F)))
linkers_x86_64 = $(filter x86_64,$(linkers_target))
$(linkers_snaps): private plugin = $(if $(linkers_x86_64),$(shadow_so),$(shadow_lr_so))
$(linkers_snaps): private qemu = $(linkers_emulate_$(linkers_target)) \
	-E LD_BIND_NOW=1
$(linkers_snaps): private options = \
	$(cross_base_$(linkers_target))period=1500,samples=4000,$(if \
	$(linkers_x86_64),steps=60000000$(comma)skip=100000,steps=200000000$(comma)main=$$($(shadow)/main-offset \
	$(linkers_bin)/$(basename $(@F)))$(comma)within=1$(comma)skip=20000)
$(linkers_snaps): private run = $(linkers_bin)/$(basename $(@F))
$(linkers_snaps): $(linkers_snaps_dir)/%.snap: $(linkers_bin)/% $(shadow_so) \
		$(shadow_lr_so) $(shadow)/record $(shadow)/main-offset \
		$(linkers_made)
	$(test_record)
long_programs += $(linkers_snaps)
endif
endif
