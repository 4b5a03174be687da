# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The tests of the port, in C, and the programs and libraries they look at.

ifneq ($(foreign),1)
port := $(out)/tests/port
port_cc := $(CC) -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror \
	-Wno-unused-command-line-argument
port_made := tests/port/rules.mk $(flags_file)

# --- tests ---

port_bin := $(addprefix $(port)/,debug events exhausted ids maps modules process \
	symbols threads walked)
$(port_bin): private how = $(port_cc) -Wno-missing-field-initializers \
	$(sanitize) -Iinclude -Itests -MMD -MP -MF $@.d
$(port_bin): private with := -pthread $(LDLIBS)
$(port_bin): $(port)/%: tests/port/%.c $(full_lib) $(port_made)
	$(test_build)
-include $(port_bin:=.d)

# --- programs without frame pointers that they look at ---

port_victims := $(addprefix $(port)/,victim victim-no-id frames static)
$(port)/victim: private how := $(port_cc) -fomit-frame-pointer -Wl,--build-id
$(port)/victim-no-id: private how := $(port_cc) -fomit-frame-pointer \
	-Wl,--build-id=none
$(port)/frames: private how := $(port_cc) -O0 -fno-omit-frame-pointer
$(port)/static: private how := $(port_cc) -fomit-frame-pointer -DSTATIC \
	-static -no-pie
$(port_victims): private with := -pthread -ldl
$(port_victims): tests/port/victim.c $(port_made)
	$(test_build)

port_small := $(addprefix $(port)/,count hang stall zombie)
$(port_small): private how := $(port_cc)
$(port_small): $(port)/%: tests/port/%.c $(port_made)
	$(test_build)

$(port)/hang: private with := -pthread -ldl
$(port)/callback.so: private how := $(port_cc) -fomit-frame-pointer -shared -fPIC
$(port)/callback.so: tests/port/callback.c $(port_made)
	$(test_build)

port_plugins := $(addprefix $(port)/,plugin_a.so plugin_b.so)
$(port)/plugin_a.so: private how := $(port_cc) -fomit-frame-pointer -shared \
	-fPIC -DNAME=plugin_a
$(port)/plugin_b.so: private how := $(port_cc) -fomit-frame-pointer -shared \
	-fPIC -DNAME=plugin_b -DPAD=1000
$(port_plugins): tests/port/plugin.c $(port_made)
	$(test_build)

# Twenty libraries, each of which calls the next, and a program that calls the
# first.
port_links := 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
port_chain := $(port_links:%=$(port)/libchain%.so)
port_rpath := -Wl,-rpath,$(abspath $(port))
port_next = $(wordlist 2,21,$(port_links) end)
$(port_chain): private how = $(port_cc) -fomit-frame-pointer -shared -fPIC \
	-DN=$(patsubst libchain%.so,%,$(@F)) -Wl,-soname,$(@F)
$(port_chain): private with := $(port_rpath)
$(foreach n,$(filter-out 20,$(port_links)),\
	$(eval $(port)/libchain$(n).so: \
	$(port)/libchain$(word $(n),$(port_next)).so))
$(port_chain): tests/port/chain.c $(port_made)
	$(test_build)
$(port)/chain: private how := $(port_cc) -fomit-frame-pointer -DCHAIN
$(port)/chain: private with := $(port_rpath) -pthread -ldl
$(port)/chain: tests/port/victim.c $(port)/libchain1.so $(port_made)
	$(test_build)

# --- a library without .eh_frame, which has its debug files elsewhere ---

port_debugged_cc := -shared -nostdlib -fPIC -O2 -g -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fno-exceptions -Wl,--hash-style=sysv
port_plain := -Wl,--build-id=none
$(port)/full.so: private with := -Wl,--build-id
$(port)/plain.so: private with := $(port_plain)
$(port)/other.so: private with := $(port_plain) -DANOTHER=1002
$(port)/another.so: private with := -Wl,--build-id -DANOTHER=1003
port_debugged := $(addprefix $(port)/,full.so plain.so other.so another.so)
$(port_debugged): private how := $(CC) $(port_debugged_cc)
port_of = $(addprefix $(port)/,$(1).so $(1)-other.so)
port_debugged_of := $(foreach t,arm64:aarch64 mipsel:mipsel mips:mips,\
	$(if $(call has,$(lastword $(subst :, ,$(t)))-linux-gnu-gcc),\
	$(call port_of,$(firstword $(subst :, ,$(t))))))
$(call port_of,arm64): private how := aarch64-linux-gnu-gcc $(port_debugged_cc)
$(call port_of,mipsel): private how := mipsel-linux-gnu-gcc $(port_debugged_cc)
$(call port_of,mips): private how := mips-linux-gnu-gcc $(port_debugged_cc)
$(port_debugged_of): private with = $(port_plain) \
	$(if $(filter %-other.so,$@),-DANOTHER=1002)
$(port_debugged) $(port_debugged_of): tests/port/debugged.c $(port_made)
	$(test_build)

# --- a file of two instruction sets ---

port_compressed := $(foreach t,mipsel mips,\
	$(if $(call has,$(t)-linux-gnu-gcc),$(port)/compressed-$(t)))
$(port_compressed): private how = $(@F:compressed-%=%)-linux-gnu-gcc -nostdlib \
	-static -fno-pic -mno-abicalls -Wl,-e,malloc
$(port_compressed): tests/port/compressed.S $(port_made)
	$(test_build)

# --- an object file, and a library of nothing ---

port_o := $(addprefix $(port)/,nothing.so main.o)
$(port)/main.o: private how := $(CC) -c
$(port)/nothing.so: private how := $(CC) -shared -nostdlib \
	-fno-asynchronous-unwind-tables
$(port)/main.o: tests/port/main.c $(port_made)
	$(test_build)
$(port)/nothing.so: tests/port/nothing.c $(port_made)
	$(test_build)

test_programs += $(port_bin) $(port_victims) $(port_small) $(port_plugins) $(port)/callback.so \
	$(port_chain) $(port)/chain $(port_debugged) $(port_debugged_of) \
	$(port_o) $(port_compressed)
endif
