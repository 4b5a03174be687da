# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# What the tests of functions' bounds run and look at: programs of four targets
# without CFI of their own, as full/NAME with symbols, stripped/NAME, and
# bare/NAME as sstrip leaves it. NAME is TARGET-LIBC-KIND.

bounds_dir := tests/bounds
bounds_out := $(out)/$(bounds_dir)

$(bounds_out)/bounds: $(bounds_dir)/bounds.c $(full_lib) $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $<
	$(Q)$(CC) $(all_cflags) $(test_cflags) -MMD -MP -MF $@.d $< \
		$(full_lib) $(all_ldflags) $(LDLIBS) -o $@

test_programs += $(bounds_out)/bounds

-include $(bounds_out)/bounds.d

bounds_cflags := -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables
bounds_kind_fixed := -no-pie -fno-pie
bounds_kind_pie := -pie -fPIE
bounds_kind_static := -static -no-pie -fno-pie
bounds_kind_staticpie := -static-pie -fPIE
bounds_kind_jump := -nostdlib -static -no-pie -fno-pie -Wl,-e,_start
bounds_kind_dynamic := -nostdlib -shared -fPIC -fno-toplevel-reorder
bounds_kind_lld := -fuse-ld=lld -pie -fPIE

# TARGET LIBC KIND COMPILER STRIP SOURCE
define bounds_program
$(bounds_out)/full/$(1)-$(2)-$(3): $(bounds_dir)/$(6) $(bounds_dir)/rules.mk
	@mkdir -p $$(@D)
	$$(say) CCLD $$@
	$$(Q)$(4) $(bounds_cflags) $(bounds_kind_$(3)) $$< -o $$@
$(bounds_out)/stripped/$(1)-$(2)-$(3): $(bounds_out)/full/$(1)-$(2)-$(3)
	@mkdir -p $$(@D)
	$$(Q)$(5) -o $$@ $$<
$(bounds_out)/bare/$(1)-$(2)-$(3): $(bounds_out)/full/$(1)-$(2)-$(3) \
		tests/sstrip.pl
	@mkdir -p $$(@D)
	$$(Q)tests/sstrip.pl $$< $$@ >/dev/null
test_programs += $(addsuffix /$(1)-$(2)-$(3),$(addprefix $(bounds_out)/,full \
	stripped bare))
endef

ifeq ($(ARCH)$(foreign),x86_64)
bounds_here = $(foreach t,x86_64 arm64 mips32el mips32eb,$(if \
	$(shell command -v $(triple_$(t))-gcc),$(t)))
# Debian has no rcrt1.o for mips
bounds_kinds = fixed pie static $(if $(filter mips32%,$(1)),,staticpie) \
	$(if $(shell command -v ld.lld),$(if $(filter x86_64,$(1)),lld))
$(foreach t,$(bounds_here),$(foreach k,$(call bounds_kinds,$(t)),\
	$(eval $(call bounds_program,$(t),glibc,$(k),$(triple_$(t))-gcc,\
	$(triple_$(t))-strip,program.c))))
$(foreach t,$(bounds_here),$(eval $(call bounds_program,$(t),none,jump,\
	$(triple_$(t))-gcc -fno-toplevel-reorder,$(triple_$(t))-strip,jump.c)) \
	$(eval $(call bounds_program,$(t),none,dynamic,$(triple_$(t))-gcc,\
	$(triple_$(t))-strip,dynamic.c)))
ifneq ($(shell command -v musl-gcc),)
$(foreach k,fixed pie static staticpie,$(eval $(call bounds_program,x86_64,musl,$(k),\
	musl-gcc,strip,program.c)))
endif
endif

# Object files of instruction sets and ABIs, as isa/NAME.o; what the compiler
# here does not know is not made, and isa.t says so.
bounds_isa_micromips := $(CLANG) --target=mipsel-linux-gnu -mmicromips
bounds_isa_r6 := $(CLANG) --target=mipsel-linux-gnu -march=mips32r6
bounds_isa_n32 := $(CLANG) --target=mips64-linux-gnuabin32
bounds_isa_n64 := $(CLANG) --target=mips64el-linux-gnuabi64
bounds_isa_x32 := $(CLANG) --target=x86_64-linux-gnux32
bounds_isa_i386 := $(CLANG) --target=i386-linux-gnu
bounds_isa_arm := $(CLANG) --target=arm-linux-gnueabi
bounds_isa_riscv := $(CLANG) --target=riscv32-linux-gnu
bounds_isa_ppc64 := $(CLANG) --target=powerpc64le-linux-gnu
bounds_isa_s390 := $(CLANG) --target=s390x-linux-gnu
bounds_isa_o32 := $(CLANG) --target=mipsel-linux-gnu -march=mips32r2
bounds_isa_x86_64 := $(CLANG) --target=x86_64-linux-gnu
bounds_isa_arm64 := $(CLANG) --target=aarch64-linux-gnu
bounds_isa_arm64be := $(CLANG) --target=aarch64_be-linux-gnu
bounds_isa_o64 := $(triple_mips32eb)-gcc -mabi=o64 -mips3
bounds_isa_ilp32 := $(triple_arm64)-gcc -mabi=ilp32
bounds_isas := micromips r6 n32 n64 x32 i386 arm riscv ppc64 s390 o32 x86_64 \
	arm64 arm64be $(if $(call has,$(triple_mips32eb)-gcc),o64) \
	$(if $(call has,$(triple_arm64)-gcc),ilp32)

$(bounds_out)/isa/%.o: $(bounds_dir)/isa.c $(bounds_dir)/rules.mk
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(bounds_isa_$*) -O1 -fasynchronous-unwind-tables -c $< -o $@

ifeq ($(ARCH)$(foreign),x86_64)
ifneq ($(shell command -v $(firstword $(CLANG))),)
test_programs += $(bounds_isas:%=$(bounds_out)/isa/%.o)
endif
endif
