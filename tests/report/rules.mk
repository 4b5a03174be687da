# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Models that are made up, as programs that write them in each format.

needs_report := examples $(out)/tests/memleak/debugged

ifneq ($(foreign),1)
report_tests := $(if $(report_lib),$(addprefix $(out)/tests/report/,model fill))
$(report_tests): private how = $(CC) $(all_cflags) $(test_cflags) -I.
$(report_tests): private with = $(all_ldflags) $(LDLIBS)
$(report_tests): $(out)/tests/report/%: tests/report/%.c tests/tap.h $(report_lib) \
		$(full_lib) tests/report/rules.mk $(made_first)
	$(test_build)
test_programs += $(report_tests)
endif
