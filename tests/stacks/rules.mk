# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Stacks of real programs and of the micro programs of this directory, with their
# true chains: $(stacks)/NAME.snap, micro-NAME.snap for the micro programs. Each
# is recorded once, under qemu-user, and again when the recorder, the program or
# a file that was mapped has changed. record.mk has what other
# directories that record use, too.

include tests/stacks/shadow/record.mk

ifneq ($(foreign),1)
stacks_made := tests/stacks/rules.mk

# --- what walks them: check, bench and snapcore, beside other unwinders ---

stacks_walkers := $(addprefix $(stacks_bin)/,check bench snapcore backends)
$(stacks_walkers) &: $(wildcard tests/stacks/*.[ch] $(shadow)/snap.[ch] \
		$(shadow)/snapcore.c include/dwunw/*.h tests/bench/b*.[ch]) \
		tests/stacks/build.sh $(full_lib) $(flags_file)
	@mkdir -p $(stacks_bin)
	$(say) CCLD $(stacks_bin)/check
	$(Q)BUILD='$(out)' CC='$(test_glibc_cc)' tests/stacks/build.sh \
		$(stacks_bin) >$(stacks_bin)/backends.new
	$(Q)mv $(stacks_bin)/backends.new $(stacks_bin)/backends
test_programs += $(stacks_walkers)

ifneq ($(records),)
# removes what is out of date by the system's files
ifneq ($(filter test-programs long-programs chosen-programs bench-programs \
	$(out)/tests/%.snap,$(goals)),)
$(shell $(shadow)/outdated $(stacks) $(out)/tests/cross/shadow \
	$(out)/tests/scan/recorded)
endif

$(shadow_so): $(shadow)/plugin.c
$(shadow_lr_so): $(shadow)/plugin_lr.c
$(shadow_so) $(shadow_lr_so): private how := gcc -std=c11 -D_GNU_SOURCE -O2 \
	-fPIC -shared -fvisibility=hidden
$(shadow_so) $(shadow_lr_so): $(shadow)/recorder.c $(shadow)/recorder.h \
		$(shadow)/snap.h $(stacks_made)
	$(test_build)

stacks_input := $(stacks)/input
$(stacks_input)/.made: $(shadow)/inputs
	$(say) GEN $(@D)
	$(Q)rm -rf $(@D) && $(shadow)/inputs $(@D) && touch $@
$(stacks_input)/unit.i: $(shadow)/plugin.c $(stacks_input)/.made
	$(Q)gcc -std=c11 -D_GNU_SOURCE -E $< -o $@

# --- real programs ---

stacks_programs := $(addprefix $(stacks_bin)/,exceptions lazy lazy-ibt)
stacks_lazy := -O2 -fomit-frame-pointer -Wl,-z,lazy
stacks_ibt := -fcf-protection -Wl,-z,ibtplt
stacks_lazy_so := $(addprefix $(stacks_bin)/,liblazy.so liblazy-ibt.so)
$(stacks_bin)/liblazy.so: private how := gcc $(stacks_lazy) -fPIC -shared \
	-Wl,-soname,liblazy.so
$(stacks_bin)/liblazy-ibt.so: private how := gcc $(stacks_lazy) $(stacks_ibt) \
	-fPIC -shared -Wl,-soname,liblazy-ibt.so
$(stacks_lazy_so): private with := $(stacks_input)/lazy_lib.c
$(stacks_lazy_so): $(stacks_input)/.made $(stacks_made)
	$(test_build)
$(stacks_bin)/exceptions: private how := g++ -O2 -fomit-frame-pointer
$(stacks_bin)/exceptions: tests/stacks/programs/exceptions.cc
$(stacks_bin)/lazy: private how := gcc $(stacks_lazy)
$(stacks_bin)/lazy: $(stacks_bin)/liblazy.so
$(stacks_bin)/lazy-ibt: private how := gcc $(stacks_lazy) $(stacks_ibt)
$(stacks_bin)/lazy-ibt: $(stacks_bin)/liblazy-ibt.so
# the rest of the lazy ones stands before the library that it needs
$(stacks_bin)/lazy $(stacks_bin)/lazy-ibt: private with = \
	-Wl,-rpath,$(abspath $(stacks_bin)) $(stacks_input)/lazy_main.c \
	-Wl,--no-as-needed $(filter %.so,$^)
$(stacks_bin)/lazy $(stacks_bin)/lazy-ibt: $(stacks_input)/.made
$(stacks_programs): $(stacks_made)
	$(test_build)

# NAME := period skip steps samples cpu program arguments...
snap_python3 := 8000 2000000 100000000 8000 qemu64 python3 work.py
snap_bash := 8000 200000 100000000 6000 qemu64 bash work.sh
snap_perl := 8000 1000000 100000000 6000 qemu64 perl work.pl
snap_cc1 := 12000 2000000 200000000 6000 qemu64 \
	$$(gcc -print-prog-name=cc1) -O2 -quiet unit.i -o /dev/null
snap_sqlite3 := 8000 500000 100000000 6000 qemu64 sqlite3 :memory:
$(stacks)/sqlite3.snap: private stdin := work.sql
snap_mawk := 4000 100000 100000000 4000 qemu64 mawk -f work.awk text
snap_git := 4000 100000 60000000 5000 qemu64 git -C repo log -p --stat
snap_xz := 6000 100000 60000000 4000 qemu64 xz -6 -T1 -c text
snap_gzip := 4000 100000 60000000 4000 qemu64 gzip -9 -c text
snap_openssl-rsa := 4000 1500000 60000000 4000 qemu64 openssl genrsa 2048
snap_openssl-ec := 1000 1500000 60000000 3000 max \
	openssl ecparam -name secp384r1 -genkey
snap_openssl-digest := 1500 1000000 60000000 3000 max \
	openssl dgst -sha512 text text2
snap_openssl-cipher := 1000 1000000 60000000 3000 max \
	openssl enc -aes-256-cbc -pbkdf2 -iter 500 -k x -in text
snap_openssl-chacha := 1000 1000000 60000000 2000 qemu64 \
	openssl enc -chacha20 -pbkdf2 -iter 200 -k x -in text
snap_exceptions := 6000 50000 100000000 8000 qemu64 $(stacks_bin)/exceptions
snap_lazy := 800 1000 60000000 5000 qemu64 $(stacks_bin)/lazy
snap_lazy-ibt := 800 1000 60000000 3000 max $(stacks_bin)/lazy-ibt
snap_clang := 20000 20000000 200000000 3000 qemu64 \
	$$(readlink -f $$(command -v $(CLANG))) -O2 -c unit.i -o unit.o
stacks_snaps := python3 bash perl cc1 sqlite3 mawk git xz gzip openssl-rsa \
	openssl-ec openssl-digest openssl-cipher openssl-chacha exceptions lazy \
	lazy-ibt $(if $(call has,$(CLANG)),clang)
stacks_snaps := $(stacks_snaps:%=$(stacks)/%.snap)
$(stacks)/exceptions.snap: $(stacks_bin)/exceptions
$(stacks)/lazy.snap: $(stacks_bin)/lazy
$(stacks)/lazy-ibt.snap: $(stacks_bin)/lazy-ibt
$(stacks_snaps): $(stacks_input)/unit.i

# --- the micro programs ---

micro_c := -std=gnu11 -fomit-frame-pointer -pthread
micro_cc := -fomit-frame-pointer -pthread
micro_compilers := gcc $(if $(call has,$(CLANG)),clang)
# NAME-TAG: how it is built, and from what
define micro_one
micro_names += $(1)
micro_how_$(1) := $(2)
$(stacks_bin)/$(1): $(3)
endef
micro_names :=
$(foreach n,signals frames deep jumps children,\
	$(eval $(call micro_one,$(n)-gccO2,gcc -O2 $(micro_c),$(micro)/$(n).c)) \
	$(eval $(call micro_one,$(n)-gccOs,gcc -Os $(micro_c),$(micro)/$(n).c)) \
	$(if $(call has,$(CLANG)),$(eval $(call micro_one,$(n)-clangO2,\
		$(CLANG) -O2 $(micro_c),$(micro)/$(n).c))))
$(foreach n,signals frames jumps,$(foreach k,static static-pie,\
	$(eval $(call micro_one,$(n)-$(k),gcc -O2 $(micro_c) -$(k),\
		$(micro)/$(n).c))))
$(eval $(call micro_one,throw-gppO2,g++ -O2 $(micro_cc),$(micro)/throw.cc))
$(eval $(call micro_one,throw-gppOs,g++ -Os $(micro_cc),$(micro)/throw.cc))
$(if $(call has,clang++),$(eval $(call micro_one,throw-clangppO2,\
	clang++ -O2 $(micro_cc),$(micro)/throw.cc)))
$(foreach k,static static-pie,$(eval $(call micro_one,throw-$(k),\
	g++ -O2 $(micro_cc) -$(k),$(micro)/throw.cc)))
$(eval $(call micro_one,expressions,gcc -O2,$(micro)/expressions.c \
	$(micro)/expressions-x86_64.S))
# no binary search table: only .eh_frame itself
micro_no_hdr := -Wl,--no-eh-frame-hdr
$(eval $(call micro_one,frames-no-hdr,gcc -O2 $(micro_c) $$(micro_no_hdr),\
	$(micro)/frames.c))

micro_bin := $(micro_names:%=$(stacks_bin)/%)
$(micro_bin): private how = $(micro_how_$(@F))
$(micro_bin): $(stacks_made)
	$(test_build)
micro_snaps := $(micro_names:%=$(stacks)/micro-%.snap)
$(micro_snaps): $(stacks)/micro-%.snap: $(stacks_bin)/%
$(foreach n,$(micro_names),$(eval \
	snap_micro-$(n) := 60 0 2000000 2500 qemu64 $(stacks_bin)/$(n)))

# --- recorded ---

stacks_word = $(word $(1),$(snap_$(basename $(@F))))
stacks_all := $(stacks_snaps) $(micro_snaps)
$(stacks_all): private plugin := $(shadow_so)
$(stacks_all): private input := $(stacks_input)
$(stacks_all): private options = \
	period=$(call stacks_word,1),skip=$(call stacks_word,2),steps=$(call \
	stacks_word,3),samples=$(call stacks_word,4)
$(stacks_all): private qemu = qemu-x86_64 -cpu $(call stacks_word,5)
$(stacks_all): private run = $(wordlist 6,99,$(snap_$(basename $(@F))))
$(stacks_all): $(shadow_so) $(shadow)/record $(stacks_input)/.made $(stacks_made)
	$(test_record)

micro_large := $(filter %-deep-gccOs.snap %-deep-clangO2.snap,$(micro_snaps))
test_programs += $(filter-out $(micro_large),$(micro_snaps))
long_programs += $(stacks_snaps) $(micro_large)
endif
endif
