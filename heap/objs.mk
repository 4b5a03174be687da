# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
heap-y := attach.o command.o ends.o events.o find.o flows.o hash.o live.o naming.o places.o \
	recorder.o samples.o source.o stacks.o sums.o targets.o totals.o unwind.o walk.o
heap-$(CONFIG_REPORT) += report.o

# Can BPF programs be compiled here?
export DWUNW_CLANG := $(if $(and $(shell command -v $(CLANG)),$(wildcard \
	/usr/include/bpf/bpf_helpers.h)),y,n)

# The BPF programs of a leak tool, in an object of their own, so that the library
# is made without clang: a tool links it and names it in its configuration.
bpf_target_macro = -DDWUNW_TARGET=$(word 1,$(layout_$(ARCH)))
heap_bpf := $(addprefix $(out)/bpf/,heap.bpf.o walk.bpf.o count.bpf.o \
	count-walk.bpf.o kernel.bpf.o)
heap_object := $(out)/tools/leaks/objects.o

$(out)/bpf/heap.bpf.o: bpf/heap.bpf.c
$(out)/bpf/walk.bpf.o $(out)/bpf/count-walk.bpf.o: private bpf_own := \
	-DDWUNW_HEAP_WALK
$(out)/bpf/walk.bpf.o: bpf/heap.bpf.c
$(out)/bpf/count.bpf.o $(out)/bpf/count-walk.bpf.o: bpf/count.bpf.c
$(out)/bpf/kernel.bpf.o: bpf/kernel.bpf.c
$(heap_bpf): $(made_first)
	@mkdir -p $(@D)
	$(say) BPF $@
	$(Q)$(CLANG) $(bpf_cflags) -mcpu=v3 $(bpf_target_macro) $(bpf_own) \
		-MMD -MP -c $(filter %.bpf.c,$^) -o $@

$(heap_object): tools/leaks/objects.S $(heap_bpf)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(target_cflags) -DHEAP_OBJECT='"$(out)/bpf/heap.bpf.o"' \
		-DWALK_OBJECT='"$(out)/bpf/walk.bpf.o"' \
		-DCOUNT_OBJECT='"$(out)/bpf/count.bpf.o"' \
		-DCOUNT_WALK_OBJECT='"$(out)/bpf/count-walk.bpf.o"' \
		-DKERNEL_OBJECT='"$(out)/bpf/kernel.bpf.o"' -c $< -o $@

-include $(heap_bpf:.o=.d)
