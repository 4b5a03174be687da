# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What records stacks of a program with their true chains, in rules of any
# directory's rules.mk that includes this; $(records) is empty where that is
# not possible:
#
#	$(x).snap: private plugin := $(shadow_so) or $(shadow_lr_so)
#	$(x).snap: private options := period=…,…
#	$(x).snap: private qemu := qemu-… with its options
#	$(x).snap: private run := PROGRAM ARG...
#	$(x).snap: PROGRAM $(shadow_so) ...
#		$(test_record)

ifeq ($(test_record),)
stacks := $(out)/tests/stacks
micro := tests/stacks/micro
stacks_bin := $(stacks)/bin
shadow := tests/stacks/shadow
shadow_so := $(stacks)/shadow.so
shadow_lr_so := $(stacks)/shadow_lr.so
define test_record
	@mkdir -p $(@D)
	$(say) RECORD $@
	$(Q)INPUT='$(input)' STDIN='$(stdin)' $(shadow)/record $@ $(plugin) \
		"$(options)" '$(qemu)' $(run)
endef
# the recorder is a plugin of x86_64's qemu 7.2 (Debian 12)
records := $(if $(filter 7.2.%,$(shell qemu-x86_64 --version 2>/dev/null | \
	sed -n '1s/.*version //p')),$(filter x86_64,$(machine)))
endif
