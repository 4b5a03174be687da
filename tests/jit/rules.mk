# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program that makes code without a file, for each target, static, since
# emulators run them; and, where compilers are, what a JVM, mono and Go run.

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
endif
