# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# libdwunw-preload.so: a recorder inside the program (doc/inproc.md). The libraries in
# it have their malloc from memory.c.
port-inproc-y := bytes.o system.o kept.o options.o sample.o stacks.o rows.o blocks.o areas.o space.o \
	slow.o walk.o event.o real.o memory.o write.o entry.o

# what a target needs: its folder here
inproc_dir := $(firstword $(layout_$(ARCH)))
inproc_arch := $(wildcard port/inproc/$(inproc_dir)/stub.S)
# … and what it needs to be attached to a program that runs
ifneq ($(wildcard port/inproc/$(inproc_dir)/slots.h),)
port-inproc-y += slots.o attach.o
endif
ifneq ($(and $(CONFIG_INPROC),$(inproc_arch)),)
inproc_objs := $(addprefix $(out)/port/inproc/,$(port-inproc-y)) \
	$(inproc_arch:%.S=$(out)/%.o)
inproc_lib := $(out)/libdwunw-preload.so
-include port/inproc/$(inproc_dir)/libs.mk
endif
inproc_cflags = -ftls-model=initial-exec -foptimize-sibling-calls -fno-builtin-malloc \
	-fno-stack-protector -iquote port/inproc -DDWU_INPROC_REGS='"$(inproc_dir)/regs.h"' \
	-DDWU_INPROC_SLOTS='"$(inproc_dir)/slots.h"'
# What runs at each event is not made small; nor can MIPS16e code have TLS or atomics.
inproc_rare := areas.o attach.o slots.o bytes.o kept.o memory.o options.o real.o space.o write.o
inproc_rare := $(inproc_rare:%=$(out)/port/inproc/%)
inproc_wrap := $(foreach f,malloc calloc realloc free strdup qsort memcpy memmove memset \
	memcmp memchr strlen strcmp strncmp strcpy strstr strcspn,-Wl,--wrap=$(f))

# memcpy() and others are not made into calls of themselves
no_calls := -fno-builtin $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

$(filter-out %/stub.o,$(inproc_objs)): $(out)/%.o: %.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) $(inproc_cflags) \
		$(if $(filter $(inproc_rare),$@),$(core_optimize)) \
		$(if $(filter %/bytes.o,$@),$(no_calls)) -MMD -MP -c $< -o $@
$(filter %/stub.o,$(inproc_objs)): $(out)/%.o: %.S $(made_first)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(all_cflags) $(pic) -c $< -o $@

# Nothing of the libraries is shown, and no name is left open.
$(inproc_lib): $(inproc_objs) $(record_lib) $(full_lib) port/inproc/objs.mk
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) -shared -Wl,-soname,$(@F) -Wl,-z,defs -Wl,-z,now \
		-Wl,--gc-sections -Wl,--exclude-libs,ALL $(inproc_wrap) $(LDFLAGS) \
		$(filter %.o,$^) $(record_lib) $(full_lib) $(inproc_ldlibs) -o $@
-include $(inproc_objs:.o=.d)
