# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What libdw-bpf's calls are tested with. Records are those of x86_64.

needs_libdw_bpf := examples

ifeq ($(foreign)$(machine),x86_64)
libdw := $(out)/tests/libdw_bpf
libdw_made := tests/libdw_bpf/rules.mk $(flags_file)
libdw_cc := -O2 -fomit-frame-pointer -Wall -Wextra -Werror

# --- target.c and its plugin, by libc ---

libdw_libcs := glibc glibc-static $(if $(call has,musl-gcc),musl musl-static)
libdw_of = $(if $(findstring musl,$(1)),musl-gcc,gcc)
libdw_targets := $(libdw_libcs:%=$(libdw)/target_%)
libdw_plugins := $(patsubst %,$(libdw)/plugin_%.so,\
	$(filter-out %-static,$(libdw_libcs)))
libdw_static := -static -Wl,--no-warnings
# a static program of glibc warns of dlopen(3), which it does not call
$(libdw_targets): private how = $(call libdw_of,$@) $(libdw_cc) \
	$(if $(filter %-static,$@),$(libdw_static),-rdynamic)
$(libdw_targets): private with := -pthread -ldl
$(libdw_targets): tests/libdw_bpf/target.c $(libdw_made)
	$(test_build)
$(libdw_plugins): private how = $(call libdw_of,$@) $(libdw_cc) -shared -fPIC \
	-DPLUGIN
$(libdw_plugins): tests/libdw_bpf/target.c $(libdw_made)
	$(test_build)

# --- machine.c, and once more with libdw_bpf.c itself instrumented ---

libdw_machine := $(addprefix $(libdw)/,machine machine-asan)
libdw_c := $(CC) $(target_cflags) -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra \
	-Werror -Iinclude -iquote tests
$(libdw)/machine: private how := $(libdw_c) $(sanitize) -g -fomit-frame-pointer
$(libdw)/machine-asan: private how := $(libdw_c) -g -fomit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-include $(config_h)
$(libdw)/machine-asan: port/linux/libdw_bpf.c $(made_first)
$(libdw_machine): private with := -pthread $(LDLIBS)
$(libdw_machine): tests/libdw_bpf/machine.c tests/libdw_bpf/record.h \
		$(wildcard tests/*.h include/dwunw/*.h) $(full_lib) $(libdw_made)
	$(test_build)

# --- parallel.c with the library, all under ThreadSanitizer; and with
# libdw_bpf.c's locks taken away ---

libdw_tsan := -g -fsanitize=thread
libdw_tsan_objs := $(patsubst $(out)/%,$(libdw)/tsan/%,$(core_objs) \
	$(arch_objs) $(hosted_objs) $(port_objs))
$(filter $(libdw)/tsan/port/%,$(libdw_tsan_objs)): private how := gcc -std=c11 \
	-O2 -Iinclude $(port_cflags) $(libdw_tsan) -MMD -MP -c
$(filter-out $(libdw)/tsan/port/%,$(libdw_tsan_objs)): private how := gcc \
	-std=c11 -O2 -Iinclude $(core_cflags) $(libdw_tsan) -MMD -MP -c
$(libdw_tsan_objs): $(libdw)/tsan/%.o: %.c $(made_first) $(libdw_made)
	$(test_build)
-include $(libdw_tsan_objs:.o=.d)

$(libdw)/tsan/seeded.o: private how := gcc -std=c11 -D_GNU_SOURCE -O2 -Iinclude \
	$(libdw_tsan) -include $(config_h) -include tests/libdw_bpf/seeded.h -c
$(libdw)/tsan/seeded.o: port/linux/libdw_bpf.c tests/libdw_bpf/seeded.h \
		$(wildcard include/dwunw/*.h port/linux/*.h) $(made_first) \
		$(libdw_made)
	$(test_build)

libdw_parallel := $(addprefix $(libdw)/,parallel parallel-seeded)
$(libdw_parallel): private how := gcc -std=c11 -D_GNU_SOURCE $(libdw_cc) \
	$(libdw_tsan) -Iinclude
$(libdw_parallel): private with := -pthread $(LDLIBS)
$(libdw_parallel): tests/libdw_bpf/parallel.c tests/libdw_bpf/record.h
$(libdw)/parallel: $(libdw_tsan_objs)
$(libdw)/parallel-seeded: $(libdw)/tsan/seeded.o \
	$(filter-out %/libdw_bpf.o,$(libdw_tsan_objs))
# what needs no instrumentation: the inflaters' own copies
$(libdw_parallel): $(full_lib) $(libdw_made)
	$(test_build)

test_programs += $(libdw_targets) $(libdw_plugins) $(libdw_machine)
long_programs += $(if $(CONFIG_LIBDW_BPF),$(libdw_parallel))
endif
