# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# One program in every form of DWARF, each in a directory of its own, as .dwo
# files are named after the source; programs with stubs of each kind.

needs_names := examples

ifneq ($(foreign),1)
names := $(out)/tests/names
names_made := tests/names/rules.mk $(flags_file)

# --- names.cc: DIR/program ---

names_how_gcc2 := g++ -O2 -gdwarf-2
names_how_gcc3 := g++ -O2 -gdwarf-3
names_how_gcc4 := g++ -O2 -gdwarf-4
names_how_gcc5 := g++ -O2 -gdwarf-5
names_how_gcc4-64 := g++ -O2 -gdwarf-4 -gdwarf64
names_how_gcc5-64 := g++ -O2 -gdwarf-5 -gdwarf64
names_how_sections := g++ -O2 -g -ffunction-sections -Wl,--gc-sections
names_how_lto := g++ -O2 -g -flto
names_how_zlib := g++ -O2 -gdwarf-5 -gz=zlib
names_how_split4 := g++ -O2 -gdwarf-4 -gsplit-dwarf
names_how_split5 := g++ -O2 -gdwarf-5 -gsplit-dwarf
names_how_clang4 := clang++ -O2 -gdwarf-4
names_how_clang5 := clang++ -O2 -gdwarf-5
names_how_clang-split5 := clang++ -O2 -gdwarf-5 -gsplit-dwarf
names_how_arm64 := aarch64-linux-gnu-g++ -O2 -g
names_how_mips32el := mipsel-linux-gnu-g++ -O2 -g
names_how_mips32eb := mips-linux-gnu-g++ -O2 -g
names_forms := gcc2 gcc3 gcc4 gcc5 gcc4-64 gcc5-64 sections lto zlib split4 \
	split5 clang4 clang5 clang-split5 arm64 mips32el mips32eb
# those whose compiler is here
names_forms := $(foreach f,$(names_forms),\
	$(if $(call has,$(firstword $(names_how_$(f)))),$(f)))
names_cc := $(names_forms:%=$(names)/%/program)
$(names_cc): $(names)/%/program: tests/names/names.cc $(names_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)cd $(@D) && $(names_how_$*) $(abspath $<) -o $(@F)

names_rust := $(if $(call has,rustc),$(names)/rust/program)
$(names_rust): tests/names/names.rs $(names_made)
	@mkdir -p $(@D)
	$(say) RUSTC $@
	$(Q)cd $(@D) && env -u MAKEFLAGS -u MFLAGS rustc -O -g $(abspath $<) -o $(@F)

# --- forms that dwz makes ---

names_dwz := $(if $(call has,dwz),$(addprefix $(names)/dwz/,single common))
$(filter %/single,$(names_dwz)): $(names)/gcc4/program
	@mkdir -p $(@D)
	$(say) DWZ $@
	$(Q)cp $< $@ && dwz $@
$(filter %/common,$(names_dwz)): $(names)/gcc4/program $(names)/gcc3/program
	@mkdir -p $(@D)
	$(say) DWZ $@
	$(Q)cp $< $(@D)/program
	$(Q)cp $(lastword $^) $(@D)/other
	$(Q)dwz -m $(abspath $@) $(@D)/program $(@D)/other

# --- stubs: TARGET/plt-KIND ---

names_triple = $(triple_$(notdir $(patsubst %/,%,$(dir $(1)))))
names_plt_plain := -O1
names_plt_ibt := -O1 -fcf-protection -Wl,-z,now
names_plt_fixed := -O1 -fno-pic -no-pie
names_plt_mplt := -O1 -mno-shared -mplt -no-pie
names_plt := x86_64/plt-plain x86_64/plt-ibt x86_64/plt-fixed arm64/plt-plain \
	arm64/plt-fixed $(foreach t,mips32el mips32eb,$(t)/plt-plain \
	$(t)/plt-fixed $(t)/plt-mplt)
names_plt := $(foreach p,$(names_plt),$(if $(call has,$(call \
	names_triple,$(p))-gcc),$(names)/$(p)))
$(names_plt): private how = $(call names_triple,$@)-gcc \
	$(names_plt_$(patsubst plt-%,%,$(@F)))
$(names_plt): tests/names/plt.c $(names_made)
	$(test_build)

# --- and ---

$(names)/jit: private how := gcc -O2 -g
$(names)/jit: tests/names/jit.c $(names_made)
	$(test_build)
$(names)/main.o: private how := $(CC) -c
$(names)/main.o: tests/port/main.c $(names_made)
	$(test_build)

test_programs += $(names_cc) $(names_rust) $(names_dwz) $(names_plt) \
	$(names)/jit $(names)/main.o
endif
