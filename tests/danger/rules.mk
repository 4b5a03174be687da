# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What tests/danger runs: the freestanding core and three programs under ASan
# and UBSan (the library has no sanitizers); for another machine without them,
# and static. The files that they look at are this machine's in any case.

danger := $(out)/tests/danger
danger_kind := $(if $(foreign),-static,-fsanitize=address,undefined \
	-fno-sanitize-recover=all)
danger_cc = $(test_glibc_cc) $(target_cflags) -std=c11 -D_GNU_SOURCE -g -O1 \
	-fno-omit-frame-pointer $(danger_kind) -Wall -Wextra \
	-Iinclude -iquote . -iquote tests \
	-include $(config_h)
danger_made := $(made_first) tests/danger/rules.mk

danger_objs := $(patsubst %.c,$(danger)/%.o,$(wildcard core/*/*.c arch/*.c arch/*/*.c))
danger_bin := $(addprefix $(danger)/,file lies dynamic)
danger_cost := $(if $(foreign),,$(danger)/cost)
danger_tiny := $(addprefix $(danger)/tiny-,debug hdr plain stripped)

$(danger_objs): $(danger)/%.o: %.c $(danger_made)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(danger_cc) -MMD -MP -c $< -o $@

$(danger_bin): $(danger)/%: tests/danger/%.c $(danger_objs) $(danger_made)
	$(say) CCLD $@
	$(Q)$(danger_cc) -MMD -MP -MF $@.d $< $(danger_objs) -o $@

# Runs another program and says what that cost: small, as Linux counts the memory
# of who forked as well.
$(danger)/cost: tests/danger/cost.c tests/danger/rules.mk
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(test_glibc_cc) -O1 -static $< -o $@

# The small program, as one kind of file each. Debug information other than
# .debug_frame is dropped; `stripped` loses e_shoff, e_shnum and e_shstrndx.
danger_not := .debug_info .debug_abbrev .debug_line .debug_str .debug_line_str \
	.debug_aranges .debug_loclists .debug_rnglists
$(danger)/tiny-debug: private how := -g -fno-asynchronous-unwind-tables
$(danger)/tiny-debug: private then = objcopy $(addprefix -R ,$(danger_not)) $@
$(danger)/tiny-hdr: private how := -Wl,--eh-frame-hdr
$(danger)/tiny-plain: private how := -Wl,--no-eh-frame-hdr
$(danger)/tiny-stripped: private how := -s -Wl,--no-eh-frame-hdr
$(danger)/tiny-stripped: private then = for at in 40 41 42 43 44 45 46 47 60 61 \
	62 63; do printf '\0' | dd of=$@ bs=1 seek=$$at conv=notrunc \
	status=none || exit; done
$(danger_tiny): tests/danger/tiny.c $(danger_made)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(if $(foreign),gcc,$(test_glibc_cc)) -Os -nostdlib -static \
		-Wl,--build-id=sha1 -Wl,-z,noseparate-code -fomit-frame-pointer \
		$(how) $< -o $@
	$(Q)$(then)

# Small libraries with each kind of hash table, for each target that there is
# a compiler for; mips has no DT_GNU_HASH of that kind.
danger_few := $(foreach t,x86_64 aarch64 mipsel mips,\
	$(if $(call has,$(t)-linux-gnu-gcc),$(t)-sysv \
	$(if $(filter mips%,$(t)),,$(t)-gnu)))
danger_few := $(danger_few:%=$(danger)/few-%.so)
$(danger_few): $(danger)/few-%.so: tests/danger/few.c tests/danger/rules.mk
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(firstword $(subst -, ,$*))-linux-gnu-gcc -O1 -shared -fPIC \
		-nostdlib -Wl,--hash-style=$(lastword $(subst -, ,$*)) $< -o $@

-include $(danger_objs:.o=.d) $(danger_bin:=.d)
test_programs += $(danger_bin) $(danger_cost) $(danger_tiny) $(danger_few)
