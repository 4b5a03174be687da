# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Programs that leak, without frame pointers where nothing else is said.

needs_memleak := examples $(out)/tests/live/ $(out)/tests/symbols/failing.so \
	$(out)/tests/core/inject $(if $(filter x86_64,$(ARCH)$(foreign)),\
	$(out)/tests/bounds/stripped/x86_64-glibc-static)

ifneq ($(foreign),1)
leaks := $(out)/tests/memleak
leaks_cc := -O2 -fomit-frame-pointer -w
leaks_musl := $(call has,musl-gcc)
leaks_made := tests/memleak/rules.mk tests/live/begin.h $(flags_file)

leaks_bin := $(addprefix $(leaks)/,beside faults hold pipes plugs pair \
	truth uses walked)
$(leaks_bin): private how := gcc $(leaks_cc)
$(leaks_bin): private with := -pthread -ldl
$(leaks)/pipes: tests/memleak/kernel.c
$(filter-out %/pipes,$(leaks_bin)): $(leaks)/%: tests/memleak/%.c
$(leaks_bin): $(leaks_made)
	$(test_build)

$(leaks)/real_cc: private how := g++ $(leaks_cc)
$(leaks)/real_cc: tests/memleak/real.cc $(leaks_made)
	$(test_build)
$(leaks)/debugged: private how := gcc -O2 -fomit-frame-pointer -g
$(leaks)/debugged: examples/bpf_memleak/leaky.c $(leaks_made)
	$(test_build)

# What is preloaded to count what a program allocates.
leaks_counter := -O2 -Wall -Wextra -shared -fPIC -fvisibility=hidden
$(leaks)/counter.so: private how := gcc $(leaks_counter)
$(leaks)/counter_musl.so: private how = musl-gcc $(leaks_counter)
$(leaks)/counter.so $(leaks)/counter_musl.so: tests/memleak/counter.c
$(leaks)/counter.so $(leaks)/counter_musl.so: $(leaks_made)
	$(test_build)

# NAME and NAME-static
leaks_of_musl := $(if $(leaks_musl),$(addprefix $(leaks)/,faults_musl \
	faults_musl-static real_musl real_musl-static truth_musl uses_musl))
$(leaks_of_musl): private how = musl-gcc $(leaks_cc) \
	$(if $(filter %-static,$@),-static)
$(leaks_of_musl): private with := -pthread
# musl has no valloc(3)
$(leaks)/faults_musl $(leaks)/faults_musl-static: private how = musl-gcc \
	$(leaks_cc) -include sys/types.h '-Dvalloc(n)=malloc(n)' \
	$(if $(filter %-static,$@),-static)
$(filter %/faults_musl %/faults_musl-static,$(leaks_of_musl)): \
		tests/memleak/faults.c
$(filter %/real_musl %/real_musl-static,$(leaks_of_musl)): \
		tests/memleak/real_musl.c
$(leaks)/truth_musl: tests/memleak/truth.c
$(leaks)/uses_musl: tests/memleak/uses.c
$(leaks_of_musl): $(leaks_made)
	$(test_build)

# By libc: what is read in which mode (modes.t). Where there is to be no CFI,
# what start-up files bring is removed, too.
leaks_no_cfi := -fno-asynchronous-unwind-tables -fno-unwind-tables
leaks_fp := -fno-omit-frame-pointer
leaks_kinds := cfi none none-blind cfi-fp none-fp-blind
leaks_none := $(leaks_no_cfi)
leaks_none-blind := $(leaks_no_cfi) -DBLIND
leaks_cfi-fp := $(leaks_fp)
leaks_none-fp-blind := $(leaks_no_cfi) $(leaks_fp) -DBLIND
leaks_modes := $(foreach k,$(leaks_kinds),$(leaks)/modes_glibc_$(k) \
	$(if $(leaks_musl),$(leaks)/modes_musl_$(k)))
leaks_kind = $(lastword $(subst _, ,$(@F)))
$(leaks_modes): private how = $(if $(findstring _musl_,$(@F)),musl-gcc,gcc) \
	$(leaks_cc) $(leaks_$(leaks_kind))
$(leaks_modes): private with := -pthread
$(leaks_modes): tests/memleak/real_modes.c $(leaks_made)
	$(test_build)
	$(Q)$(if $(findstring $(leaks_no_cfi),$(leaks_$(leaks_kind))),\
		objcopy -R .eh_frame -R .eh_frame_hdr $@ 2>$@.log)

$(leaks)/entry: private how := $(test_glibc_cc) -std=c11 -D_GNU_SOURCE -O1 -g \
	-fsanitize=address,undefined -Iinclude -Itests $(core_dirs) -include $(config_h)
$(leaks)/entry: tests/memleak/entry.c arch/entry.c $(wildcard arch/*/entry.c) \
		$(wildcard arch/*/insn.c) trace/entry.c include/dwunw/trace.h \
		$(full_lib) $(leaks_made)
	$(test_build)

# The tools, linked so that their memory can be made to fail (failing.t).
leaks_tools := $(if $(CONFIG_BPF_LOADER_LIBBPF),$(addprefix $(leaks)/,\
	memleak_user memleak_dwunw_user))
$(leaks)/memleak_user: $(memleak_objs) $(heap_object) \
		$(common_tools)
$(leaks)/memleak_dwunw_user: $(bcc_objs)
$(leaks_tools): private how = $(CC) $(all_cflags)
$(leaks_tools): private with = $(all_ldflags) $(trace_libs) -lm $(LDLIBS)
$(leaks_tools): $(common_libs) $(leaks_made)
	$(test_build)

long_programs += $(leaks_tools)
test_programs += $(leaks_bin) $(leaks)/counter.so $(leaks)/real_cc $(leaks)/debugged \
	$(leaks_of_musl) $(if $(leaks_musl),$(leaks)/counter_musl.so) \
	$(leaks_modes) $(leaks)/entry
endif
