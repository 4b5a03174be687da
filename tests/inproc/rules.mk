# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Programs that the recorder is preloaded to, and what counts beside it: of this build's
# C library and target, linked dynamically.

ifneq ($(inproc_lib),)
inproc_t := $(out)/tests/inproc
inproc_musl := $(findstring musl,$(CC))
needs_inproc := $(inproc_lib)
inproc_made := tests/inproc/rules.mk $(made_first)

inproc_bin := $(addprefix $(inproc_t)/,uses blocks pairs)
inproc_bench := $(inproc_t)/pairs $(inproc_lib)
# musl has no valloc(3)
$(inproc_bin): private how = $(CC) $(target_cflags) -O2 -fomit-frame-pointer -w \
	$(if $(inproc_musl),-include sys/types.h '-Dvalloc(n)=malloc(n)' '-Dpvalloc(n)=malloc(n)')
$(inproc_bin): private with := -pthread -ldl
$(inproc_bin): $(inproc_t)/%: tests/inproc/%.c $(inproc_made)
	$(test_build)

$(inproc_t)/thrown: private how = $(CXX) -O2 -fomit-frame-pointer -std=c++17
$(inproc_t)/thrown: tests/inproc/thrown.cc $(inproc_made)
	$(test_build)

inproc_shared = $(CC) $(target_cflags) -O2 -fPIC -shared
inproc_plugs := $(inproc_t)/uses_plug0.so $(inproc_t)/uses_plug1.so
$(inproc_t)/uses_plug0.so: private how = $(inproc_shared) -DSIZE=100
$(inproc_t)/uses_plug1.so: private how = $(inproc_shared) -DSIZE=300
$(inproc_plugs): tests/inproc/plug.c $(inproc_made)
	$(test_build)

$(inproc_t)/counter.so: private how = $(inproc_shared) -fvisibility=hidden
# 64 bits at once, in 32-bit code
$(inproc_t)/counter.so: private with := $(if $(filter mips32%,$(ARCH)),-l:libatomic.a)
$(inproc_t)/counter.so: tests/memleak/counter.c $(inproc_made)
	$(test_build)
$(inproc_t)/dump: private how = $(CC) $(all_cflags) $(test_cflags)
$(inproc_t)/dump: private with = $(all_ldflags)
$(inproc_t)/dump: tests/record/dump.c $(record_lib) $(full_lib) $(inproc_made)
	$(test_build)

test_programs += $(inproc_bin) $(inproc_plugs) $(inproc_t)/counter.so $(inproc_t)/dump \
	$(if $(inproc_musl),,$(inproc_t)/thrown)
endif
