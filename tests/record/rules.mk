# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# dump, a reader of its own; fleet, recordings of many devices; kinds, which allocates in known ways, with debug
# information, and stripped; another build of it.

needs_record := examples

ifneq ($(foreign),1)
recordings := $(out)/tests/record
recorded_made := tests/record/rules.mk $(flags_file)

ifneq ($(CONFIG_RECORD),)
recorded_tools := $(addprefix $(recordings)/,dump fleet)
$(recorded_tools): private how = $(CC) $(all_cflags) $(test_cflags)
$(recorded_tools): private with = $(all_ldflags)
$(recorded_tools): $(recordings)/%: tests/record/%.c $(record_lib) $(full_lib) \
		$(recorded_made)
	$(test_build)
test_programs += $(recorded_tools)
endif

recorded_how := gcc -O2 -g -fomit-frame-pointer -fno-builtin-malloc
$(recordings)/kinds: private how := $(recorded_how)
$(recordings)/other/kinds: private how := $(recorded_how) -DOTHER -O1
$(recordings)/kinds $(recordings)/other/kinds: tests/record/kinds.c $(recorded_made)
	$(test_build)
$(recordings)/forks: private how := $(recorded_how)
$(recordings)/forks: private with := -pthread
$(recordings)/forks: tests/record/forks.c $(recorded_made)
	$(test_build)
# without build id, the identity is that of the code
$(recordings)/plain/kinds: private how := $(recorded_how) -Wl,--build-id=none
$(recordings)/plain/kinds: tests/record/kinds.c $(recorded_made)
	$(test_build)
$(recordings)/stripped/% : $(recordings)/%
	@mkdir -p $(@D)
	$(say) STRIP $@
	$(Q)strip -o $@ $<
test_programs += $(addprefix $(recordings)/,kinds forks other/kinds plain/kinds \
	stripped/kinds stripped/plain/kinds)
endif
