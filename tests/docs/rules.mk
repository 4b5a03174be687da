# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What tests/docs runs beside the documents' own blocks: the statuses that
# doc/api.md promises, sizes of structs, the README's example.

needs_docs := examples $(out)/tests/libdw_bpf/

ifneq ($(foreign),1)
docs := $(out)/tests/docs
docs_made := tests/docs/rules.mk $(full_lib) $(wildcard include/dwunw/*.h) \
	$(flags_file)
docs_cc := $(test_glibc_cc) -std=c11 -Wall -Wextra -Werror -Iinclude

$(docs)/errors: private how := $(docs_cc) -D_GNU_SOURCE -g -iquote tests \
	-fsanitize=address,undefined
$(docs)/errors: private with := -lpthread $(LDLIBS)
$(docs)/errors: tests/docs/errors.c $(docs_made)
	$(test_build)

$(docs)/sizes.c: tests/docs/figures.t
	@mkdir -p $(@D)
	$(Q)perl $< --sizes >$@
$(docs)/sizes: private how := $(docs_cc) $(core_dirs) -include $(config_h)
$(docs)/sizes: $(docs)/sizes.c $(docs_made)
	$(test_build)

$(docs)/readme/example.c: README.md tests/docs/Blocks.pm
	@mkdir -p $(@D)
	$(Q)perl tests/docs/Blocks.pm $< $(@D)
	$(Q)touch $@
$(docs)/example: private how := $(docs_cc) -Wpedantic $(sanitize)
$(docs)/example: private with := -lpthread $(LDLIBS)
$(docs)/example: $(docs)/readme/example.c $(docs_made)
	$(test_build)

# it asks for what is by default in a library for x86_64
docs_errors := $(if $(filter x86_64,$(machine)),$(if $(and $(CONFIG_SCAN_ROWS),\
	$(CONFIG_NAMES_TEXT),$(CONFIG_LIBDW_BPF),$(CONFIG_ARCH_ARM64)),\
	$(docs)/errors))
test_programs += $(docs_errors) $(docs)/sizes $(docs)/example
endif
