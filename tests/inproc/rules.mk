# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Programs that the recorder is preloaded to, and what counts beside it.

ifneq ($(inproc_lib),)
ifneq ($(foreign),1)
inproc_t := $(out)/tests/inproc
needs_inproc := $(out)/tests/memleak/counter.so $(out)/tests/record/dump $(inproc_lib)
inproc_made := tests/inproc/rules.mk $(flags_file)

inproc_bin := $(addprefix $(inproc_t)/,uses blocks pairs)
inproc_bench := $(inproc_t)/pairs $(inproc_lib)
$(inproc_bin): private how := gcc -O2 -fomit-frame-pointer -w
$(inproc_bin): private with := -pthread -ldl
$(inproc_bin): $(inproc_t)/%: tests/inproc/%.c $(inproc_made)
	$(test_build)

$(inproc_t)/thrown: private how := g++ -O2 -fomit-frame-pointer -std=c++17
$(inproc_t)/thrown: tests/inproc/thrown.cc $(inproc_made)
	$(test_build)

inproc_plugs := $(inproc_t)/uses_plug0.so $(inproc_t)/uses_plug1.so
$(inproc_t)/uses_plug0.so: private how := gcc -O2 -fPIC -shared -DSIZE=100
$(inproc_t)/uses_plug1.so: private how := gcc -O2 -fPIC -shared -DSIZE=300
$(inproc_plugs): tests/inproc/plug.c $(inproc_made)
	$(test_build)

test_programs += $(inproc_bin) $(inproc_t)/thrown $(inproc_plugs)
endif
endif
