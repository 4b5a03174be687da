# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# One program by each linker, in each layout that it makes of a file: x86_64
# ones to be run here, and static ones of the other targets for qemu-user.
#
#	LINKER-LAYOUT            the program
#	LINKER-lib, LINKER-at    a program that uses libpart.so in lib-LINKER or
#	                         at-LINKER, which is linked for an address (mold
#	                         does not)
#	TRIPLE/LINKER-LAYOUT     of another target

ifneq ($(foreign),1)
linkers := $(out)/tests/linkers
linkers_have = $(shell command -v $(1) 2>/dev/null)
linkers_names := $(foreach l,bfd gold lld mold,$(if \
	$(call linkers_have,ld.$(l)),$(l)))

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
	$(patsubst %,$(linkers)/at-%/libpart.so,$(filter-out mold,\
	$(linkers_names)))
linkers_users := $(linkers_names:%=$(linkers)/%-lib) \
	$(patsubst %,$(linkers)/%-at,$(filter-out mold,$(linkers_names)))

# mips has neither gold nor mold, nor a static-pie
linkers_triples := $(foreach t,aarch64 mipsel mips,\
	$(if $(call linkers_have,$(t)-linux-gnu-gcc),$(t)-linux-gnu))
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

$(linkers_programs): $(linkers)/%: tests/linkers/program.c \
		tests/linkers/part.c $(linkers_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(linkers_cc) $(call linkers_flags,$*) $(filter %.c,$^) -o $@

$(filter $(linkers)/lib-%,$(linkers_libs)): $(linkers)/lib-%/libpart.so: \
		tests/linkers/part.c $(linkers_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(linkers_cc) -shared -fPIC -Wl,-soname=libpart.so -fuse-ld=$* $< -o $@

$(filter $(linkers)/at-%,$(linkers_libs)): $(linkers)/at-%/libpart.so: \
		tests/linkers/part.c $(linkers_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(linkers_cc) -shared -fPIC -Wl,-soname=libpart.so -fuse-ld=$* \
		$(linkers_at_$*) $< -o $@

$(filter %-lib,$(linkers_users)): $(linkers)/%-lib: $(linkers)/lib-%/libpart.so
$(filter %-at,$(linkers_users)): $(linkers)/%-at: $(linkers)/at-%/libpart.so
$(linkers_users): tests/linkers/program.c $(linkers_made)
	$(say) CCLD $@
	$(Q)$(linkers_cc) $(filter %.c %.so,$^) \
		-Wl,-rpath,'$$ORIGIN/$(notdir $(patsubst %/,%,$(dir \
		$(filter %.so,$^))))' -o $@

# A cross compiler looks for linkers in its own places only.
$(linkers)/bin/ld.%: tests/linkers/rules.mk
	@mkdir -p $(@D)
	$(Q)ln -sf $(call linkers_have,ld.$*) $@

linkers_links := $(foreach l,$(filter lld mold,$(linkers_names)),\
	$(linkers)/bin/ld.$(l))
$(linkers_others): $(linkers)/%: tests/linkers/program.c tests/linkers/part.c \
		$(linkers_made) $(linkers_links)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(patsubst %/,%,$(dir $*))-gcc -B$(linkers)/bin -O2 -g \
		-fomit-frame-pointer $(if $(filter %-static-pie,$*),,-static) \
		$(call linkers_flags,$(notdir $*)) $(filter %.c,$^) -o $@

test_programs += $(linkers_programs) $(linkers_libs) $(linkers_users) \
	$(linkers_others)
endif
