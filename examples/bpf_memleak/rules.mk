# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# memleak_user and the leaking programs it is shown with. The tool is linked
# statically; Kconfig's BPF_LOADER says whether with libbpf, and LIBBPF_CFLAGS
# and LIBBPF_LDLIBS name another one than the system's.

include examples/common.mk

memleak_dir := examples/bpf_memleak
memleak_out := $(out)/examples/bpf_memleak
memleak_objs := $(addprefix $(memleak_out)/,memleak_user.o options.o report.o)

MUSL_CC ?= musl-gcc
LEAKY_CFLAGS ?= -O2 -fomit-frame-pointer

$(memleak_objs): $(memleak_out)/%.o: $(memleak_dir)/%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(example_cflags) $(common_cflags) \
		-MMD -MP -c $< -o $@

$(memleak_out)/memleak_user: $(memleak_objs) $(heap_object) $(common_tools) \
		$(common_libs)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) $(filter %.o,$^) $(common_libs) -static \
		$(all_ldflags) $(trace_libs) -lm $(LDLIBS) -o $@

# Programs to be looked at: plain, without this library.
leaky := $(addprefix $(memleak_out)/,leaky_glibc leaky_glibc_static) \
	$(if $(shell command -v $(MUSL_CC)),$(addprefix $(memleak_out)/,\
	leaky_musl leaky_musl_static))

$(memleak_out)/leaky_glibc $(memleak_out)/leaky_glibc_static: leaky_cc := $(CC)
$(memleak_out)/leaky_musl $(memleak_out)/leaky_musl_static: leaky_cc := $(MUSL_CC)
$(leaky): $(memleak_dir)/leaky.c
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(leaky_cc) $(LEAKY_CFLAGS) $(if $(findstring _static,$@),-static) \
		$< -o $@

.PHONY: bpf_memleak
examples: bpf_memleak
bpf_memleak: $(memleak_out)/memleak_user $(if $(foreign),,$(leaky))

-include $(memleak_objs:.o=.d)
