# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files of the other targets, built here: TARGET/NAME. Nothing of it is run,
# and what random.c calls is not linked.

needs_cross := $(out)/tests/rows/ $(out)/tests/stacks/

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
cross_random_micromips := gcc -O2 -mmicromips -funwind-tables
cross_random_pac-dwarf4 := gcc -O2 -gdwarf-4 -mbranch-protection=standard \
	$(cross_frame)
cross_program := cxx cxx-static cxx-tables cxx-fp
cross_exceptions := exceptions
cross_random_all := dwarf2 dwarf5 dwarf64
cross_mips := mips16 micromips

# $(call cross_of,KIND,NAMES,TARGETS)
cross_of = $(foreach t,$(3),$(if $(call has,$(triple_$(t))-g++),\
	$(2:%=$(cross)/$(t)/%)))
cross_targets := arm64 mips32el mips32eb
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
cross_musl := $(call cross_of,,musl-static,$(cross_targets))
$(cross_musl): tests/stacks/micro/frames.c scripts/musl $(cross_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)cc=$$(env -u CC scripts/musl $(cross_target)) && \
		$$cc -Os -static -funwind-tables $< -o $@

long_programs += $(cross_files) $(cross_clang) $(cross_musl)
endif
