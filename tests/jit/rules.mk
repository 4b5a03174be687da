# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program that makes code without a file, for each target, static, since
# emulators run them; and, where compilers are, what a JVM, mono and Go run.
# shadow/TARGET-KIND.snap are recordings, as tests/stacks has them, of a program
# that makes functions; of the kind "moved", its own text is in no file either.

needs_jit := $(out)/tests/stacks/bin/check

include tests/stacks/shadow/record.mk

ifneq ($(foreign),1)
jit := $(out)/tests/jit
jit_triples := $(foreach t,x86_64 aarch64 mipsel mips,\
	$(if $(shell command -v $(t)-linux-gnu-gcc),$(t)-linux-gnu))
jit_bin := $(foreach t,$(jit_triples),$(jit)/$(t)/jit)

$(jit)/%/jit: tests/jit/jit.c tests/jit/rules.mk
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$*-gcc -O1 -Wall -Wextra -static $< -o $@

jit_real := $(if $(shell command -v javac),$(jit)/Deep.class) \
	$(if $(shell command -v mcs),$(jit)/deep.exe) \
	$(if $(shell command -v go),$(jit)/gocgo)
$(jit)/Deep.class: tests/jit/Deep.java tests/jit/rules.mk
	@mkdir -p $(@D)
	$(say) JAVAC $@
	$(Q)javac -d $(@D) $<
$(jit)/deep.exe: tests/jit/deep.cs tests/jit/rules.mk
	@mkdir -p $(@D)
	$(say) MCS $@
	$(Q)mcs -out:$@ $<
$(jit)/gocgo: tests/jit/gocgo.go tests/jit/rules.mk
	@mkdir -p $(@D)
	$(say) GO $@
	$(Q)GOCACHE='$(abspath $(@D))/gocache' GO111MODULE=off CGO_ENABLED=1 \
		go build -o $@ $<

test_programs += $(jit_bin)
long_programs += $(jit_real)

ifneq ($(records),)
jit_shadow := $(jit)/shadow
jit_targets := $(foreach t,x86_64 arm64 mips32el mips32eb,\
	$(if $(call has,$(triple_$(t))-gcc),$(t)))
jit_made := $(foreach t,$(jit_targets),$(t)-made $(t)-moved)
jit_target = $(firstword $(subst -, ,$(1)))
jit_made_bin := $(jit_made:%=$(jit_shadow)/bin/%)
# a page for each function: what was moved is whole pages
$(jit_made_bin): private how = $(triple_$(call jit_target,$(@F)))-gcc -std=gnu11 \
	-O2 -Wall -Wextra -funwind-tables -fomit-frame-pointer \
	$(if $(filter %-moved,$@),-static -falign-functions=4096)
$(jit_made_bin): tests/jit/made.c tests/jit/rules.mk
	$(test_build)

jit_snaps := $(jit_made:%=$(jit_shadow)/%.snap)
jit_emulate_x86_64 := qemu-x86_64
jit_emulate_arm64 = $(cross_emulate_arm64)
jit_emulate_mips32el = $(cross_emulate_mips32el)
jit_emulate_mips32eb = $(cross_emulate_mips32eb)
jit_is_x86 = $(filter x86_64-%,$(@F))
$(jit_snaps): private plugin = $(if $(jit_is_x86),$(shadow_so),$(shadow_lr_so))
$(jit_snaps): private qemu = $(jit_emulate_$(call jit_target,$(@F))) -E LD_BIND_NOW=1
$(jit_snaps): private options = \
	$(cross_base_$(call jit_target,$(@F)))period=300,samples=6000,steps=60000000,alarm=9001,$(if \
	$(jit_is_x86),skip=200000,main=$$($(shadow)/main-offset \
	$(jit_shadow)/bin/$(basename $(@F)))$(comma)within=1$(comma)skip=100000)
$(jit_snaps): private run = $(jit_shadow)/bin/$(basename $(@F)) \
	$(if $(filter %-moved.snap,$(@F)),moved)
$(jit_snaps): $(jit_shadow)/%.snap: $(jit_shadow)/bin/% $(shadow_so) \
		$(shadow_lr_so) $(shadow)/record $(shadow)/main-offset \
		tests/jit/rules.mk
	$(test_record)
test_programs += $(jit_snaps)
endif
endif
