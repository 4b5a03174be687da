# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Every fuzz target, core and all with -fsanitize=fuzzer,address,undefined, and
# their first inputs: $(fuzz)/TARGET, $(fuzz)/seeds/TARGET.

ifneq ($(foreign),1)
fuzz := $(out)/tests/fuzz
fuzz_targets := elf eh_frame eh_frame_hdr debug_frame expr event search scan \
	lines told go
fuzz_cc = $(CLANG) -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra \
	-Iinclude -iquote . -iquote core -iquote arch -iquote tests \
	-include $(config_h) -MMD -MP

fuzz_objs := $(patsubst %.c,$(fuzz)/%.o,$(wildcard core/*.c arch/*.c))
# what the target is about, where that is a part of the port
fuzz_short := $(fuzz)/port/linux/shortage.o
fuzz_told := $(addprefix $(fuzz)/port/linux/names_,code.o perfmap.o jitdump.o) \
	$(fuzz_short)
fuzz_go := $(fuzz)/port/linux/names_go.o $(fuzz_short)
fuzz_port := $(sort $(fuzz_told) $(fuzz_go))
$(fuzz)/told: $(fuzz_told)
$(fuzz)/go: $(fuzz_go)
$(fuzz_objs) $(fuzz_port): private how = $(fuzz_cc) -fsanitize=fuzzer-no-link -c
$(fuzz_objs) $(fuzz_port): $(fuzz)/%.o: %.c tests/fuzz/rules.mk $(made_first)
	$(test_build)

fuzz_bin := $(fuzz_targets:%=$(fuzz)/%)
$(fuzz_bin): private how = $(fuzz_cc) -MF $@.d -fsanitize=fuzzer
$(fuzz_bin): $(fuzz)/%: tests/fuzz/%.c $(fuzz_objs) tests/fuzz/rules.mk \
		$(made_first)
	$(test_build)

$(fuzz)/seeds/.made: tests/fuzz/seeds.sh tests/fuzz/seed.c $(flags_file)
	$(say) GEN $(@D)
	$(Q)rm -rf $(@D)
	$(Q)CC='$(test_glibc_cc)' CLANG='$(CLANG)' tests/fuzz/seeds.sh $(@D)
	$(Q)touch $@
-include $(fuzz_objs:.o=.d) $(fuzz_port:.o=.d) $(fuzz_bin:=.d)

# where clang has libFuzzer
ifneq ($(and $(call has,$(CLANG)),$(wildcard \
	/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*)),)
fuzz_programs := $(fuzz_bin) $(fuzz)/seeds/.made
test_programs += $(fuzz_programs)
endif
endif
