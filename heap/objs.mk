# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
heap-y := attach.o command.o ends.o events.o find.o flows.o hash.o live.o naming.o places.o \
	recorder.o samples.o source.o stacks.o sums.o targets.o totals.o unwind.o walk.o
heap-$(CONFIG_REPORT) += report.o

# Can BPF programs be compiled here?
LIBBPF_INCLUDE ?= /usr/include
export DWUNW_CLANG := $(if $(and $(shell command -v $(CLANG)),$(wildcard \
	$(LIBBPF_INCLUDE)/bpf/bpf_helpers.h)),y,n)

# The BPF programs of a leak tool, in an object of their own, so that the library
# is made without clang: a tool links it and names it in its configuration.
bpf_target_macro = -DDWUNW_TARGET=$(word 1,$(layout_$(ARCH)))
heap_bpf := $(addprefix $(out)/bpf/,heap.bpf.o walk.bpf.o count.bpf.o \
	count-walk.bpf.o kernel.bpf.o)
# Packed (scripts/pack.c), and with what unpacks them.
heap_object := $(out)/tools/leaks/objects.o $(out)/tools/leaks/unpack.o
heap_packed := $(heap_bpf:.o=.lz4)
HOSTCC ?= cc
bpf_pack := $(out)/scripts/pack
# No loader needs DWARF, or the relocations of BTF, which are the linker's; the own one
# makes func_info by itself and reads no line of the source (trace/object_link.c).
LLVM_OBJCOPY ?= $(firstword $(call has,llvm-objcopy) $(call has,llvm-objcopy-14))
bpf_trim := -g -R .rel.BTF -R .rel.BTF.ext -R .llvm_addrsig \
	$(if $(CONFIG_BPF_LOADER_OWN),-x -R .BTF.ext)

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

$(bpf_pack): scripts/pack.c scripts/pack_btf.c scripts/pack_btf.h
	@mkdir -p $(@D)
	$(say) HOSTCC $<
	$(Q)$(HOSTCC) -O2 $(filter %.c,$^) -o $@

$(heap_packed): %.lz4: %.o $(bpf_pack) heap/objs.mk
	$(say) PACK $@
	$(Q)$(if $(LLVM_OBJCOPY),$(LLVM_OBJCOPY) $(bpf_trim) $< $@.o,cp $< $@.o)
	$(Q)$(bpf_pack) $(if $(CONFIG_BPF_LOADER_OWN),-b) $@.o $@ && rm $@.o

# in quotes: a directory may have the name of a macro, as mips and linux are
$(out)/tools/leaks/objects.o: tools/leaks/objects.S $(heap_packed)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(target_cflags) $(foreach n,HEAP WALK COUNT COUNT-WALK KERNEL,\
		-D$(subst -,_,$(n))_OBJECT='"$(out)/bpf/$(shell echo $(n) | tr A-Z a-z).bpf.lz4"') \
		-c $< -o $@

$(out)/tools/leaks/unpack.o: tools/leaks/unpack.c tools/leaks/unpack.h $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) -c $< -o $@

-include $(heap_bpf:.o=.d)
