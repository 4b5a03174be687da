# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# events, which does what is counted in known ways, without frame pointers; beside
# and beside-rust, which other tools count as well.

needs_count := examples

ifneq ($(foreign),1)
counted := $(out)/tests/count
$(counted)/events: private how := gcc -O2 -g -fomit-frame-pointer \
	-fno-optimize-sibling-calls -I. -pthread -Wall -Wextra -Werror
$(counted)/events: tests/count/events.c tests/live/begin.h tests/count/rules.mk \
		$(flags_file)
	$(test_build)

counted_svc := $(counted)/svc $(counted)/svc-stripped
$(counted)/svc: private how := g++ -O2 -g
$(counted)/svc-stripped: private how := g++ -O2 -s
$(counted_svc): private with := -I.
$(counted_svc): tests/count/svc.cc tests/live/begin.h tests/count/rules.mk \
		$(flags_file)
	$(test_build)

$(counted)/places: private how := gcc -O2 -g -Wall -Wextra -Werror -Iinclude
$(counted)/places: private with := -pthread $(LDLIBS)
$(counted)/places: tests/count/places.c $(full_lib) tests/count/rules.mk \
		$(flags_file)
	$(test_build)
test_programs += $(counted)/events $(counted_svc) $(counted)/places

$(counted)/beside: private how := g++ -O2 -g -fomit-frame-pointer \
	-fno-optimize-sibling-calls -I. -Wall -Wextra -Werror
$(counted)/beside: tests/count/beside.cc tests/live/begin.h tests/count/rules.mk \
		$(flags_file)
	$(test_build)
long_programs += $(counted)/beside
ifneq ($(call has,rustc),)
$(counted)/beside-rust: private how := env -u MAKEFLAGS -u MFLAGS rustc -O -g \
	-C symbol-mangling-version=v0 -C force-frame-pointers=no
$(counted)/beside-rust: tests/count/beside.rs tests/count/rules.mk $(flags_file)
	$(test_build)
long_programs += $(counted)/beside-rust
endif
endif
