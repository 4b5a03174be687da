# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# tests/joins: the program of joins.c for this machine, and for others, which
# joins.t runs here.

ifneq ($(foreign),1)
joins_dir := tests/joins
joins_out := $(out)/$(joins_dir)
# -O1: caller calls, and returns to, what it seems to call
joins_flags := -std=gnu11 -O1 -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fno-stack-protector -Wall -Wextra
joins_cc_x86_64 := x86_64-linux-gnu-gcc
joins_cc_arm64 := aarch64-linux-gnu-gcc
joins_cc_mips32el := mipsel-linux-gnu-gcc
joins_cc_mips32eb := mips-linux-gnu-gcc
joins_cc_$(ARCH) := gcc
# code without abicalls calls the C library's, which has them
joins_mips32 := -static -mno-abicalls -fno-pic -Wl,--no-warn-mismatch
joins_flags_arm64 := -static
joins_flags_mips32el := $(joins_mips32)
joins_flags_mips32eb := $(joins_mips32)

joins_targets := $(foreach t,$(sort $(ARCH) arm64 mips32el mips32eb),\
	$(if $(shell command -v $(joins_cc_$(t))),$(t)))
joins_programs := $(addprefix $(joins_out)/,$(joins_targets))
$(joins_programs): $(joins_out)/%: $(joins_dir)/joins.c $(joins_dir)/rules.mk \
		$(wildcard $(joins_dir)/*.S)
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(joins_cc_$*) $(joins_flags) $(joins_flags_$*) $< \
		$(joins_dir)/joins_$(subst el,,$(subst eb,,$*)).S -o $@

test_programs += $(joins_programs)
endif
