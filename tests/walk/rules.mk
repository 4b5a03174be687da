# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The walk in the kernel beside the copy: check.c, and what it looks at.

ifneq ($(foreign),1)
walk := $(out)/tests/walk
walk_made := tests/walk/rules.mk tests/walk/check.h $(wildcard bpf/*.h arch/*/bpf.h \
	include/dwunw/*.h) $(flags_file)
walk_cc := -O2 -fomit-frame-pointer -Wall -Wextra -Werror

$(walk)/check.bpf.o: private how = $(CLANG) $(bpf_cflags) -mcpu=v3 \
	$(bpf_target_macro) -Itests/walk -c
$(walk)/check.bpf.o: tests/walk/check.bpf.c $(walk_made)
	$(test_build)

$(walk)/check: private how = $(test_glibc_cc) -std=c11 -D_GNU_SOURCE -O2 -g \
	-Wall -Wextra -Werror $(sanitize) -Iinclude -Ibpf -Itests/walk
$(walk)/check: private with = $(trace_libs) $(LDLIBS)
$(walk)/check: tests/walk/check.c $(trace_lib) $(full_lib) $(walk_made)
	$(test_build)

walk_bin := $(addprefix $(walk)/,odd plug family)
$(walk_bin): private how = gcc $(walk_cc)
$(walk_bin): private with := -pthread -ldl
$(walk_bin): $(walk)/%: tests/walk/%.c $(walk_made)
	$(test_build)

$(walk)/plus: private how = g++ $(walk_cc)
$(walk)/plus: private with := -pthread
$(walk)/plus: tests/walk/plus.cc $(walk_made)
	$(test_build)

# as rustc links it, but by lld
walk_rust := $(if $(and $(call has,rustc),$(call has,ld.lld)),$(walk)/crate)
$(walk)/crate: tests/walk/crate.rs tests/walk/rules.mk
	$(say) RUSTC $@
	@mkdir -p $(@D)
	$(Q)rustc -O -C link-arg=-fuse-ld=lld --crate-name walked $< -o $@

# at a fixed address: see entries.c
$(walk)/entries: private how = gcc $(walk_cc) -fno-pie -no-pie
$(walk)/entries: tests/walk/entries.c $(walk_made)
	$(test_build)

walk_musl := $(if $(call has,musl-gcc),$(addprefix $(walk)/,odd_musl odd_musl_static))
$(walk)/odd_musl: private how = musl-gcc $(walk_cc)
$(walk)/odd_musl_static: private how = musl-gcc $(walk_cc) -static
$(walk_musl): private with := -pthread
$(walk_musl): tests/walk/odd.c $(walk_made)
	$(test_build)

# what `make bench` measures
walk_bench := $(addprefix $(walk)/,bench depth depth_fp)
walk_bench_object := $(if $(filter y,$(DWUNW_CLANG)),$(walk)/check.bpf.o)
$(walk)/bench: private how = $(test_glibc_cc) -std=c11 -D_GNU_SOURCE -O2 \
	-Wall -Wextra -Werror $(sanitize) -Iinclude -Ibpf -Itests/walk
$(walk)/bench: private with = $(trace_libs) $(LDLIBS)
$(walk)/bench: tests/walk/bench.c $(trace_lib) $(full_lib) $(walk_made)
	$(test_build)
$(walk)/depth: private how = gcc $(walk_cc)
$(walk)/depth_fp: private how = gcc $(walk_cc) -fno-omit-frame-pointer
$(walk)/depth $(walk)/depth_fp: tests/walk/depth.c $(walk_made)
	$(test_build)

walk_plugins := $(addprefix $(walk)/,plug_a.so plug_b.so)
$(walk)/plug_a.so: private how = gcc $(walk_cc) -shared -fPIC -DPLUGIN -DROOM=200
$(walk)/plug_b.so: private how = gcc $(walk_cc) -shared -fPIC -DPLUGIN -DROOM=600
$(walk_plugins): tests/walk/plug.c $(walk_made)
	$(test_build)

test_programs += $(walk_bin) $(walk)/entries $(walk_bench) $(walk_musl) $(walk_plugins) $(if $(filter y,$(DWUNW_CLANG)),\
	$(walk)/check $(walk)/check.bpf.o)
# what programs.t alone looks at, with gdb's of tests/memleak
long_programs += $(walk)/plus $(walk_rust)
needs_walk := $(out)/tests/memleak/debugged
endif
