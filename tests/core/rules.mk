# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What tests/core takes cores of. Programs of other targets are run by
# foreign.t on this machine.

needs_core := $(out)/tests/symbols/failing.so $(out)/tests/port/victim

ifneq ($(foreign),1)
core_tests := $(out)/tests/core
core_omit := -O2 -fomit-frame-pointer
core_threads := $(addprefix $(core_tests)/,threads other-id other-none \
	threads-no-pie threads-static threads-static-pie \
	$(if $(call has,$(CLANG)),threads-clang))
core_terminate := $(addprefix $(core_tests)/,terminate terminate-stripped)

$(core_tests)/threads: private how := $(test_glibc_cc) $(core_omit)
$(core_tests)/threads-clang: private how := $(CLANG) $(core_omit)
$(core_tests)/threads-no-pie: private how := $(test_glibc_cc) $(core_omit) -no-pie
$(core_tests)/threads-static: private how := $(test_glibc_cc) $(core_omit) -static
$(core_tests)/threads-static-pie: private how := $(test_glibc_cc) $(core_omit) \
	-static-pie
# the same program with a build id of its own, and another without any
$(core_tests)/other-id: private how := $(test_glibc_cc) -O2 \
	-Wl,--build-id=0x0102
$(core_tests)/other-none: private how := $(test_glibc_cc) -O2 \
	-Wl,--build-id=none -O0
$(core_threads): private with := -pthread
$(core_threads): tests/core/threads.c tests/core/rules.mk $(flags_file)
	$(test_build)

$(core_tests)/terminate: private how := g++ $(core_omit)
$(core_tests)/terminate-stripped: private how := g++ $(core_omit) -s
$(core_terminate): tests/core/terminate.cc tests/core/rules.mk $(flags_file)
	$(test_build)

$(core_tests)/inject: private how := $(test_glibc_cc) -D_GNU_SOURCE -O1 -Wall \
	-Wextra -Werror
$(core_tests)/inject: tests/core/inject.c tests/core/rules.mk $(flags_file)
	$(test_build)

# TRIPLE/crash, crash-high (at another address) and other
core_triples := $(foreach t,aarch64 mipsel mips,\
	$(if $(call has,$(t)-linux-gnu-gcc),$(t)-linux-gnu))
core_crash := $(foreach t,$(core_triples),$(addprefix $(core_tests)/$(t)/,\
	crash crash-high other))
$(core_crash): private how = $(notdir $(@D))-gcc -O2 -static -funwind-tables
$(filter %/crash-high,$(core_crash)): private how = $(notdir $(@D))-gcc -O2 \
	-static -funwind-tables -Wl,-Ttext-segment=0x10000000
$(filter-out %/other,$(core_crash)): tests/core/crash.c
$(filter %/other,$(core_crash)): tests/core/other.c
$(core_crash): tests/core/rules.mk
	$(test_build)

# where qemu-user writes no core file
core_dumps := $(if $(call has,riscv64-linux-gnu-gcc),$(core_tests)/riscv64-linux-gnu/dumps)
$(core_dumps): private how := riscv64-linux-gnu-gcc -O2 -static -funwind-tables
$(core_dumps): tests/core/dumps.c tests/core/rules.mk
	$(test_build)

test_programs += $(core_threads) $(core_terminate) $(core_crash) $(core_dumps) \
	$(if $(filter x86_64,$(ARCH)),$(core_tests)/inject)
endif
