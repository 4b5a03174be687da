# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What the live tests look at, and a probe of their own.

needs_live := examples $(out)/tests/count/ $(out)/tests/record/

ifneq ($(foreign),1)
live := $(out)/tests/live
live_cc := -O2 -fomit-frame-pointer
live_made := tests/live/rules.mk tests/live/begin.h $(flags_file)
live_musl := $(call has,musl-gcc)

live_bin := $(addprefix $(live)/,bursts filtered held life load nosys outer plugged spawn)
$(live_bin): private how := gcc $(live_cc)
$(live_bin): private with := -pthread -ldl
$(live_bin): $(live)/%: tests/live/%.c $(live_made)
	$(test_build)

$(live)/inlined: private how := gcc $(live_cc) -g -no-pie
$(live)/inlined: tests/live/inlined.c $(live_made)
	$(test_build)

$(live)/a.so: private how := gcc $(live_cc) -shared -fPIC -DNAME=a -DSIZE=1111 \
	-DPAD=48
$(live)/b.so: private how := gcc $(live_cc) -shared -fPIC -DNAME=b -DSIZE=2222 \
	-DPAD=400
$(live)/a.so $(live)/b.so: tests/live/plugin.c $(live_made)
	$(test_build)

live_of_musl := $(if $(live_musl),$(addprefix $(live)/,semantics_musl outer_musl))
$(live)/semantics_glibc: private how := gcc $(live_cc) -w
$(live_of_musl): private how := musl-gcc $(live_cc) -w
$(live)/semantics_glibc $(live_of_musl): private with := -pthread
$(live)/semantics_glibc $(filter %/semantics_musl,$(live_of_musl)): \
		tests/live/semantics.c $(live_made)
	$(test_build)
$(filter %/outer_musl,$(live_of_musl)): tests/live/outer.c $(live_made)
	$(test_build)

# --- a program of 32 bits on a kernel of 64; no libc of those is needed ---

live_i386 := $(if $(filter x86_64,$(shell uname -m)),$(live)/i386)
$(live)/i386: tests/live/i386.S $(live_made)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)as --32 -o $@.o $< && ld -m elf_i386 -o $@ $@.o

# --- the probe: needs libbpf as the examples do ---

$(live)/probe: private how := gcc $(live_cc) $(sanitize) -D_GNU_SOURCE \
	-Iinclude -Ibpf
$(live)/probe: private with := $(trace_libs) $(LDLIBS)
$(live)/probe: tests/live/probe.c $(trace_lib) $(full_lib) $(live_made)
	$(test_build)

$(live)/sampler: private how := $(test_glibc_cc) -std=c11 -D_GNU_SOURCE -O1 -g \
	$(sanitize) -Iinclude -Itests
$(live)/sampler: private with := $(trace_libs) $(LDLIBS)
$(live)/sampler: tests/live/sampler.c $(trace_lib) $(full_lib) $(live_made)
	$(test_build)

$(live)/partners: private how := $(test_glibc_cc) -std=c11 -D_GNU_SOURCE -O1 -g \
	$(sanitize) -Iinclude -Ibpf -Itrace -iquote . -Itests \
	$(host_cflags) $(host_layout)
$(live)/partners: tests/live/partners.c heap/samples.c heap/hash.c \
		trace/sample.c $(wildcard heap/*.h trace/*.h bpf/*.h) \
		$(live_made)
	$(test_build)

$(live)/returns.bpf.o: private how := $(CLANG) -O2 -g -target bpf -mcpu=v3 \
	-ffreestanding -Wall -Wextra -Werror -DDWUNW_TARGET=x86_64 -Ibpf \
	-Iinclude -idirafter /usr/include/$(shell gcc -print-multiarch) -c
$(live)/returns.bpf.o: tests/live/returns.bpf.c $(wildcard bpf/*.h) $(live_made)
	$(test_build)

test_programs += $(live_bin) $(live)/inlined $(live)/a.so $(live)/b.so \
	$(live)/semantics_glibc $(live_of_musl) $(live)/probe $(live)/sampler \
	$(live)/partners \
	$(live)/returns.bpf.o $(live_i386)
endif
