# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every fuzz target, the whole library and what the tools read files with, all
# with -fsanitize=fuzzer,address,undefined, and their first inputs: $(fuzz)/TARGET,
# $(fuzz)/seeds/TARGET, $(fuzz)/parts. The same, and the unit tests, counting branches, for
# `make fuzz-coverage`: $(fuzz)/coverage.

ifneq ($(foreign),1)
fuzz := $(out)/tests/fuzz
fuzz_targets := $(filter-out seed seeds,$(patsubst tests/fuzz/%.c,%,\
	$(sort $(wildcard tests/fuzz/*.c))))
fuzz_parts := $(filter-out port/linux/unpack.c port/linux/demangle.c \
	port/linux/libdw_bpf.c record/pack.c,$(wildcard core/*/*.c arch/*.c arch/*/*.c port/linux/*.c \
	record/*.c)) \
	$(addprefix tools/,core.c core_notes.c core_read.c print.c dwunw.c option.c \
	streams.c stack.c symbolize.c rows.c compare.c flow.c cmd.c leaks/absent.c \
	report/absent.c)
fuzz_cc = $(CLANG) -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer \
	-Wall -Wextra -Iinclude -iquote . \
	-iquote port/linux -iquote tools -iquote tests \
	$(host_cflags) -include $(config_h) \
	-MMD -MP -MF $@.d
fuzz_checked := -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz_counted := -fprofile-instr-generate -fcoverage-mapping

# $(1): where, $(2): how
define fuzz_build
$(1)/parts/tools/dwunw.o: private with := -Dmain=dwunw_main
$(fuzz_parts:%.c=$(1)/parts/%.o): private how = $$(fuzz_cc) $(2) \
	-fsanitize=fuzzer-no-link -c
$(fuzz_parts:%.c=$(1)/parts/%.o): $(1)/parts/%.o: %.c tests/fuzz/rules.mk $(made_first)
	$$(test_build)
$(1)/libfuzzed.a: $(fuzz_parts:%.c=$(1)/parts/%.o) $(unpack_o) $(demangle_o) \
		$(pack_o)
	$$(archive)
$(fuzz_targets:%=$(1)/%): private how = $$(fuzz_cc) $(2) -fsanitize=fuzzer
$(fuzz_targets:%=$(1)/%): $(1)/%: tests/fuzz/%.c $(1)/libfuzzed.a \
		tests/fuzz/rules.mk $(made_first)
	$$(test_build)
-include $(fuzz_parts:%.c=$(1)/parts/%.o.d) $(fuzz_targets:%=$(1)/%.d)
endef
$(eval $(call fuzz_build,$(fuzz),$(fuzz_checked)))
$(eval $(call fuzz_build,$(fuzz)/coverage,$(fuzz_counted)))

fuzz_unit := $(unit_src:tests/unit/%.c=$(fuzz)/coverage/unit/%)
$(fuzz_unit): private how = $(fuzz_cc) $(fuzz_counted) -iquote tests/unit
$(fuzz_unit): private with = -fsanitize=fuzzer-no-link
$(fuzz_unit): $(fuzz)/coverage/unit/%: tests/unit/%.c \
		$(fuzz)/coverage/libfuzzed.a tests/fuzz/rules.mk $(made_first)
	$(test_build)

fuzz_triples := $(foreach t,aarch64 mipsel mips,\
	$(if $(call has,$(t)-linux-gnu-gcc),$(t)-linux-gnu))
$(fuzz)/seeds/.made: tests/fuzz/seeds.sh tests/fuzz/seed.c $(flags_file)
	$(say) GEN $(@D)
	$(Q)rm -rf $(@D)
	$(Q)CC='$(test_glibc_cc)' CLANG='$(CLANG)' TRIPLES='$(fuzz_triples)' \
		tests/fuzz/seeds.sh $(@D) $(fuzz_targets)
	$(Q)touch $@

# where clang has libFuzzer
ifneq ($(and $(call has,$(CLANG)),$(wildcard \
	/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*)),)
fuzz_programs := $(fuzz_targets:%=$(fuzz)/%) $(fuzz)/seeds/.made
fuzz_coverage := $(fuzz_targets:%=$(fuzz)/coverage/%) $(fuzz_unit) \
	$(fuzz)/seeds/.made
long_programs += $(fuzz_programs)
endif
endif
