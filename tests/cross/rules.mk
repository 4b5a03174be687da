# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files of the other targets, built here: TARGET/NAME. Nothing of it is run,
# and what random.c calls is not linked.

needs_cross := $(out)/tests/rows/ $(out)/tests/stacks/

include tests/stacks/shadow/record.mk

ifneq ($(foreign),1)
cross := $(out)/tests/cross
cross_made := tests/cross/rules.mk
cross_frame := -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions
cross_random := -shared -fPIC -D_GNU_SOURCE -Iinclude

# compiler, flags; the source by the kind
cross_program_cxx := g++ -O2
cross_program_cxx-static := g++ -O2 -static
cross_program_cxx-tables := g++ -Os -funwind-tables -fno-asynchronous-unwind-tables
cross_program_cxx-fp := g++ -O1 -fno-omit-frame-pointer
cross_program_pac := g++ -O2 -mbranch-protection=pac-ret
cross_program_pac-leaf := g++ -O2 -mbranch-protection=pac-ret+leaf+b-key
cross_exceptions_exceptions := g++ -O2
cross_exceptions_pac-exceptions := g++ -O1 -mbranch-protection=standard
cross_random_dwarf2 := gcc -O2 -gdwarf-2 -gstrict-dwarf $(cross_frame)
cross_random_dwarf5 := gcc -O2 -gdwarf-5 $(cross_frame)
cross_random_dwarf64 := gcc -O2 -gdwarf-5 -gdwarf64 $(cross_frame)
cross_random_mips16 := gcc -O2 -mips16 -funwind-tables
cross_random_pac-dwarf4 := gcc -O2 -gdwarf-4 -mbranch-protection=standard \
	$(cross_frame)
cross_program := cxx cxx-static cxx-tables cxx-fp
cross_exceptions := exceptions
cross_random_all := dwarf2 dwarf5 dwarf64
cross_mips := mips16

# $(call cross_of,KIND,NAMES,TARGETS)
cross_of = $(foreach t,$(3),$(if $(call has,$(triple_$(t))-g++),\
	$(2:%=$(cross)/$(t)/%)))
cross_targets := arm64 mips32el mips32eb riscv64
# scripts/musl builds for these
cross_musl_targets := arm64 mips32el mips32eb
cross_files_program := $(call cross_of,,$(cross_program),$(cross_targets)) \
	$(call cross_of,,pac pac-leaf,arm64)
cross_files_exceptions := $(call cross_of,,exceptions,$(cross_targets)) \
	$(call cross_of,,pac-exceptions,arm64)
cross_files_random := $(call cross_of,,$(cross_random_all),$(cross_targets)) \
	$(call cross_of,,$(cross_mips),mips32el mips32eb) \
	$(call cross_of,,pac-dwarf4,arm64)
cross_files := $(cross_files_program) $(cross_files_exceptions) \
	$(cross_files_random)
cross_target = $(notdir $(patsubst %/,%,$(@D)))
$(cross_files_program): private how = $(triple_$(cross_target))-$(cross_program_$(@F))
$(cross_files_exceptions): private how = \
	$(triple_$(cross_target))-$(cross_exceptions_$(@F))
$(cross_files_random): private how = $(triple_$(cross_target))-$(cross_random_$(@F)) \
	$(cross_random)
$(cross_files_program) $(cross_files_exceptions): private with := -pthread
$(cross_files_program): tests/cross/program.cc
$(cross_files_exceptions): tests/stacks/programs/exceptions.cc
$(cross_files_random): tests/rows/random.c
$(cross_files): $(cross_made)
	$(test_build)

cross_clang := $(if $(call has,$(CLANG)),$(call cross_of,,clang-pac,arm64))
$(cross_clang): private how := $(CLANG) --target=aarch64-linux-gnu -O2 \
	-mbranch-protection=standard -funwind-tables $(cross_random)
$(cross_clang): tests/rows/random.c $(cross_made)
	$(test_build)

# static programs with musl, which is built where it is not there yet
cross_musl := $(call cross_of,,musl-static,$(cross_musl_targets))
$(cross_musl): tests/stacks/micro/frames.c scripts/musl $(cross_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)cc=$$(env -u CC scripts/musl $(cross_target)) && \
		$$cc -Os -static -funwind-tables $< -o $@

long_programs += $(cross_files) $(cross_clang) $(cross_musl)

# --- recordings, as tests/stacks has them: shadow/TARGET-NAME.snap ---
#
# `full` programs are built wholly with -funwind-tables and hardly enter libc;
# their samples are taken below main(), from instruction 20,000 on, when they are
# set up; among them are the same program without section headers, with
# .debug_frame alone and with musl. `plain` are the others, as compilers build
# them by default.

ifneq ($(records),)
cross_shadow := $(cross)/shadow
cross_bin := $(cross_shadow)/bin
# $(call cross_one,TARGET-NAME,COMPILER,FLAGS,SOURCE,PERIOD,STEPS,SAMPLES,QEMU)
define cross_one
cross_names += $(1)
cross_how_$(1) := $(2) $(3)
cross_plan_$(1) := $(5) $(6) $(7)
cross_qemu_$(1) := $(8)
$(cross_bin)/$(1): $(4)
endef
cross_names :=
# … and the same linked statically
cross_both = $(eval $(call cross_one,$(1),$(2),$(3),$(4),$(5),$(6),$(7),$(8))) \
	$(eval $(call cross_one,$(1)-static,$(2),$(3) -static,$(4),$(5),$(6),$(7),$(8)))
cross_single = $(eval $(call cross_one,$(1),$(2),$(3),$(4),$(5),$(6),$(7),$(8)))

cross_chains := tests/stacks/programs/chains.c
cross_sparks := tests/stacks/programs/sparks.cc
cross_tables := -funwind-tables -fomit-frame-pointer
cross_c := -std=gnu11 $(cross_tables)
cross_own := -D_GNU_SOURCE -DOWN_OBJECTS $(cross_tables)
cross_frame_only := -std=gnu11 -O2 -fomit-frame-pointer -g -fno-unwind-tables \
	-fno-asynchronous-unwind-tables
cross_pac := -O2 -mbranch-protection=standard
cross_plain_c := -std=gnu11 -pthread -O2
# names bound at the start: nothing of ld.so's resolver is in these chains
cross_now := -E LD_BIND_NOW=1
cross_max := $(cross_now) -cpu max$(comma)pauth-impdef=on
cross_many := 200000000
cross_some := 10000000
cross_here := $(foreach t,$(cross_targets),$(if $(call has,$(triple_$(t))-g++),$(t)))

$(foreach t,$(cross_here),\
	$(call cross_both,$(t)-full-chains,gcc,$(cross_c) -O2,$(cross_chains),1200,$(cross_many),8000,$(cross_now)) \
	$(call cross_single,$(t)-full-sparks,g++,$(cross_own) -O2,$(cross_sparks),1500,$(cross_many),8000,$(cross_now)) \
	$(call cross_single,$(t)-full-sparks-static,g++,$(cross_tables) -O2 -static,$(cross_sparks),1500,$(cross_many),8000,$(cross_now)) \
	$(call cross_single,$(t)-full-chains-Os,gcc,$(cross_c) -Os,$(cross_chains),1200,$(cross_many),4000,$(cross_now)) \
	$(call cross_single,$(t)-full-sparks-Os,g++,$(cross_own) -Os,$(cross_sparks),1500,$(cross_many),8000,$(cross_now)) \
	$(call cross_single,$(t)-full-chains-debug,gcc,$(cross_frame_only),$(cross_chains),1200,$(cross_many),4000,$(cross_now)) \
	$(call cross_both,$(t)-plain-exceptions,g++,-O2,tests/stacks/programs/exceptions.cc,8000,100000000,7000) \
	$(call cross_both,$(t)-plain-throw,g++,-O2,$(micro)/throw.cc,400,$(cross_some),3000,$(cross_now)) \
	$(call cross_both,$(t)-plain-signals,gcc,$(cross_plain_c),$(micro)/signals.c,100,$(cross_some),4000,$(cross_now)) \
	$(call cross_both,$(t)-plain-jumps,gcc,$(cross_plain_c),$(micro)/jumps.c,100,$(cross_some),3000,$(cross_now)) \
	$(call cross_both,$(t)-plain-frames,gcc,$(cross_plain_c),$(micro)/frames.c,400,$(cross_some),3000,$(cross_now)) \
	$(call cross_both,$(t)-plain-children,gcc,$(cross_plain_c),$(micro)/children.c,20,$(cross_some),1500,$(cross_now)) \
	$(call cross_single,$(t)-plain-deep,gcc,$(cross_plain_c),$(micro)/deep.c,2000,$(cross_some),300,$(cross_now)))
$(foreach t,$(filter $(cross_musl_targets),$(cross_here)),\
	$(call cross_single,$(t)-full-chains-musl,musl,$(cross_c) -O2 -static,$(cross_chains),1200,$(cross_many),4000,$(cross_now)))
$(foreach t,$(filter arm64,$(cross_here)),\
	$(call cross_both,$(t)-full-chains-pac,gcc,$(cross_c) $(cross_pac),$(cross_chains),1200,$(cross_many),5000,$$(cross_max)) \
	$(call cross_both,$(t)-full-sparks-pac,g++,$(cross_tables) $(cross_pac),$(cross_sparks),1500,$(cross_many),5000,$$(cross_max)))

cross_of_name = $(firstword $(subst -, ,$(1)))
cross_built := $(cross_names:%=$(cross_bin)/%)
cross_musls := $(patsubst %,$(out)/tests/scan/musl-%,$(filter \
	$(cross_musl_targets),$(cross_here)))
$(cross_built): private how = $(if $(filter musl,$(firstword $(cross_how_$(@F)))),\
	$$(cat $(out)/tests/scan/musl-$(call cross_of_name,$(@F))),\
	$(triple_$(call cross_of_name,$(@F)))-$(firstword $(cross_how_$(@F)))) \
	$(wordlist 2,99,$(cross_how_$(@F)))
$(filter %-musl,$(cross_built)): $(cross_musls)
$(cross_built): $(cross_made)
	$(test_build)

# without section headers; main() is where it is in the other
define cross_bare
cross_names += $(1)
cross_main_$(1) := $(2)
cross_plan_$(1) := 1200 $(cross_many) 8000
cross_qemu_$(1) := $(cross_now)
$(cross_bin)/$(1): $(cross_bin)/$(2) tests/sstrip.pl
	$$(say) STRIP $$@
	$$(Q)perl tests/sstrip.pl $$< $$@ >/dev/null
endef
$(foreach t,$(cross_here),\
	$(eval $(call cross_bare,$(t)-full-chains-bare,$(t)-full-chains)) \
	$(eval $(call cross_bare,$(t)-full-chains-bare-static,$(t)-full-chains-static)))

# the 32-bit guests' memory begins where qemu is told, so that it is known
cross_emulate_arm64 := qemu-aarch64 -L /usr/$(triple_arm64)
cross_emulate_riscv64 := qemu-riscv64 -L /usr/$(triple_riscv64)
cross_emulate_mips32el := qemu-mipsel -B 0x10000000 -L /usr/$(triple_mips32el)
cross_emulate_mips32eb := qemu-mips -B 0x10000000 -L /usr/$(triple_mips32eb)
cross_base_mips32el := base=0x10000000,
cross_base_mips32eb := base=0x10000000,

cross_snaps := $(cross_names:%=$(cross_shadow)/%.snap)
cross_snap = $(basename $(@F))
cross_snap_target = $(call cross_of_name,$(cross_snap))
cross_plan = $(word $(1),$(cross_plan_$(cross_snap)))
$(cross_snaps): private plugin := $(shadow_lr_so)
$(cross_snaps): private qemu = $(cross_emulate_$(cross_snap_target)) \
	$(cross_qemu_$(cross_snap))
$(cross_snaps): private options = \
	$(cross_base_$(cross_snap_target))period=$(call \
	cross_plan,1),steps=$(call cross_plan,2),samples=$(call \
	cross_plan,3),main=$$($(shadow)/main-offset $(cross_bin)/$(or \
	$(cross_main_$(cross_snap)),$(cross_snap)))$(if $(findstring \
	-full-,$(cross_snap)),$(comma)within=1$(comma)skip=20000)
$(cross_snaps): private run = $(cross_bin)/$(cross_snap)
$(cross_snaps): $(cross_shadow)/%.snap: $(cross_bin)/% $(shadow_lr_so) \
		$(shadow)/record $(shadow)/main-offset $(cross_made)
	$(test_record)
long_programs += $(cross_snaps)

# `check` for a big-endian host, with the library as it is built there
cross_eb := $(if $(call has,mips-linux-gnu-gcc),$(cross)/check-eb)
$(root)/mips32eb/libdwunw.a: FORCE
	$(Q)$(call in_target,mips32eb) libs
$(cross_eb): $(root)/mips32eb/libdwunw.a $(wildcard tests/stacks/*.[ch]) \
		tests/stacks/build.sh
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)BUILD='$(root)/mips32eb' CC=mips-linux-gnu-gcc tests/stacks/build.sh \
		--static $@
long_programs += $(cross_eb)
endif
endif
