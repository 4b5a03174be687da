# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the tests of names look at. A program whose compiler is not here is left
# out; the test says so.

needs_symbols := examples

ifneq ($(foreign),1)
symbols := $(out)/tests/symbols
symbols_made := tests/symbols/rules.mk $(flags_file)

# --- programs of the test itself ---

$(symbols)/jit: tests/symbols/jit.c $(full_lib) $(made_first) $(symbols_made)
	@mkdir -p $(@D)
	$(say) CCLD $<
	$(Q)$(CC) $(all_cflags) -D_GNU_SOURCE -Wno-missing-field-initializers \
		-iquote tests -MMD -MP -MF $@.d $< $(full_lib) \
		$(all_ldflags) $(LDLIBS) -lpthread -o $@
-include $(symbols)/jit.d
symbols_bin := $(symbols)/jit

# Preloaded into dwunw, which is glibc's.
ifeq ($(findstring musl,$(CC)),)
$(symbols)/failing.so: private how := $(CC) -std=gnu11 -O1 -g -shared -fPIC \
	-fno-builtin
$(symbols)/failing.so: tests/symbols/failing.c $(symbols_made)
	$(test_build)
symbols_bin += $(symbols)/failing.so
endif

symbols_waits := $(symbols)/waits $(symbols)/waits-other
$(symbols)/waits: private how := $(CC) -O2 -g -fomit-frame-pointer
$(symbols)/waits-other: private how := $(CC) -O2 -g -DOTHER
$(symbols_waits): tests/symbols/waits.c $(symbols_made)
	$(test_build)
symbols_bin += $(symbols_waits)

# --- symbols without a size, for each target ---

symbols_cc_x86_64 := gcc
symbols_cc_arm64 := aarch64-linux-gnu-gcc
symbols_cc_mips32el := mipsel-linux-gnu-gcc
symbols_cc_mips32eb := mips-linux-gnu-gcc
symbols_targets := $(foreach t,x86_64 arm64 mips32el mips32eb,\
	$(if $(call has,$(symbols_cc_$(t))),$(t)))
symbols_sizeless := $(foreach t,$(symbols_targets),\
	$(symbols)/sizeless.$(t) $(symbols)/sizeless-dyn.$(t) \
	$(symbols)/sizeless-bare.$(t))
$(foreach t,$(symbols_targets),$(eval $(symbols)/sizeless.$(t): \
	private how := $(symbols_cc_$(t)) -nostdlib -shared -fPIC))
$(symbols)/sizeless.%: private with := -Wl,-z,noexecstack -Wl,--build-id
$(filter $(symbols)/sizeless.%,$(symbols_sizeless)): tests/symbols/sizeless.S \
		$(symbols_made)
	$(test_build)
# only .dynsym is left; and no section headers either
$(filter $(symbols)/sizeless-dyn.%,$(symbols_sizeless)): \
		$(symbols)/sizeless-dyn.%: $(symbols)/sizeless.%
	$(say) STRIP $@
	$(Q)$(patsubst %gcc,%strip,$(symbols_cc_$*)) -o $@ $<
$(filter $(symbols)/sizeless-bare.%,$(symbols_sizeless)): \
		$(symbols)/sizeless-bare.%: $(symbols)/sizeless-dyn.% \
		tests/sstrip.pl
	$(Q)perl tests/sstrip.pl $< $@ >/dev/null
symbols_bin += $(symbols_sizeless)

# --- line tables only; split DWARF in one package ---

ifneq ($(call has,clang++),)
$(symbols)/gmlt: private how := clang++ -O2 -gmlt
$(symbols)/gmlt: tests/names/names.cc $(symbols_made)
	$(test_build)
symbols_bin += $(symbols)/gmlt
endif
ifneq ($(call has,rustc),)
# Debian 12's rustc calls that 1
rust_lines = $(if $(shell rustc -C debuginfo=line-tables-only --print sysroot 2>/dev/null),line-tables-only,1)
$(symbols)/gmlt-rust: private how := env -u MAKEFLAGS -u MFLAGS rustc -O -C debuginfo=$(rust_lines)
$(symbols)/gmlt-rust: tests/names/names.rs $(symbols_made)
	$(test_build)
symbols_bin += $(symbols)/gmlt-rust
endif

# DIR, compiler, packer: DIR/program has its .dwo files, DIR-dwp/program a .dwp
define symbols_package
$(symbols)/$(1)/program: tests/names/names.cc tests/symbols/more.cc \
		$(symbols_made)
	@mkdir -p $$(@D)
	$$(say) CCLD $$@
	$$(Q)cd $$(@D) && $(2) -c $$(abspath tests/names/names.cc) \
		$$(abspath tests/symbols/more.cc) && \
		$(firstword $(2)) names.o more.o -o program
$(symbols)/$(1)-dwp/program: $(symbols)/$(1)/program
	@mkdir -p $$(@D)
	$$(say) DWP $$@
	$$(Q)cp $$< $$@
	$$(Q)cd $$(<D) && $(3) program -o $$(abspath $$(@D))/program.dwp
symbols_bin += $(symbols)/$(1)-dwp/program
endef
ifneq ($(and $(call has,clang++),$(call has,llvm-dwp)),)
$(eval $(call symbols_package,clang4,clang++ -O2 -gdwarf-4 -gsplit-dwarf,\
	llvm-dwp -e))
$(eval $(call symbols_package,clang5,clang++ -O2 -gdwarf-5 -gsplit-dwarf,\
	llvm-dwp -e))
endif
ifneq ($(and $(call has,g++),$(call has,dwp)),)
$(eval $(call symbols_package,gcc4,g++ -O2 -gdwarf-4 -gsplit-dwarf,dwp -e))
endif

# A .dwo of another build, where the program's own was.
$(symbols)/stale/program: tests/symbols/stale.c tests/symbols/stale.S $(symbols_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)cd $(@D) && gcc -O1 -gdwarf-4 -gsplit-dwarf -c $(abspath $<) && \
		gcc stale.o -o program && \
		gcc -c $(abspath tests/symbols/stale.S) -o stale.dwo
symbols_bin += $(symbols)/stale/program

# --- Go ---

ifneq ($(call has,go),)
symbols_go := $(addprefix $(symbols)/go,-full -stripped -pie-full -pie \
	-arm64-full -arm64)
$(symbols_go): private how = GOCACHE=$(abspath $(symbols)/gocache) \
	GO111MODULE=off GOFLAGS= CGO_ENABLED=0 $(if $(findstring arm64,$@),\
	GOARCH=arm64) go build $(if $(findstring pie,$@),-buildmode=pie) \
	$(if $(findstring full,$@),,-ldflags='-s -w') -trimpath
$(symbols_go): tests/symbols/names.go $(symbols_made)
	@mkdir -p $(@D)
	$(say) GO $@
	$(Q)$(how) -o $@ $<
# one behind the other: the second finds the packages compiled
$(symbols)/go-stripped $(symbols)/go-pie $(symbols)/go-arm64: | $(symbols)/go-full
$(symbols)/go-pie: | $(symbols)/go-pie-full
$(symbols)/go-arm64: | $(symbols)/go-arm64-full
$(symbols)/go-bare: $(symbols)/go-stripped tests/sstrip.pl
	$(Q)perl tests/sstrip.pl $< $@ >/dev/null && chmod +x $@
symbols_bin += $(symbols_go) $(symbols)/go-bare
endif

test_programs += $(symbols_bin)
endif
