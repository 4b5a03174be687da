# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
port-y := host.o given.o shortage.o pages.o log.o now.o procfs.o futex.o files.o memory.o limit.o helper.o maps.o identity.o debugfiles.o \
	modules.o image.o process.o attach.o stopped.o context.o capture.o walked.o consumer.o text.o stop_text.o \
	symbols.o symbol_frame.o names_elf.o names_place.o
# the core of a router reads an .eh_frame whole
port-$(if $(CONFIG_ARCH_32BIT_ONLY),,y) += lend.o
port-$(CONFIG_NAMES_TEXT) += names_text.o names_code.o names_perfmap.o
port-$(CONFIG_NAMES_JITDUMP) += names_jitdump.o
port-$(CONFIG_NAMES_GO) += names_go.o
port-$(CONFIG_NAMES_PLT) += names_plt.o
port-$(CONFIG_NAMES_LINES) += names_content.o names_lines.o names_files.o names_dwp.o
port-$(CONFIG_LIBDW_BPF) += libdw_bpf.o

# unpack.o holds what it needs of zlib, zstd and liblzma with their names made
# local, so that libdwunw.a links alone and beside any other copy of them.
# Debian's static libraries are this machine's and glibc's: by default they
# are not asked for elsewhere.
export DWUNW_INFLATE := $(if $(foreign)$(findstring musl,$(CC)),n,y)
OBJCOPY ?= $(CROSS_COMPILE)objcopy
lib_zlib := INFLATE_ZLIB:zlib.h:libz.a:zlib1g-dev
lib_zstd := INFLATE_ZSTD:zstd.h:libzstd.a:libzstd-dev
lib_lzma := MINIDEBUGINFO:lzma.h:liblzma.a:liblzma-dev
unpack-$(CONFIG_INFLATE_ZLIB) += $(lib_zlib)
unpack-$(CONFIG_INFLATE_ZSTD) += $(lib_zstd)
unpack-$(CONFIG_MINIDEBUGINFO) += $(lib_lzma)
# … and what is not there is not offered: n. Here it is, as the one who asks for
# it is told which package it is in.
there = $(if $(filter n,$(DWUNW_INFLATE)),$(shell CC='$(CC) $(target_cflags) $(CFLAGS)' \
	scripts/unpack-libs $(1) >/dev/null 2>&1 && echo y || echo n),y)
kconf_env = DWUNW_ZLIB=$(call there,$(lib_zlib)) DWUNW_ZSTD=$(call there,$(lib_zstd)) \
	DWUNW_LZMA=$(call there,$(lib_lzma)) DWUNW_IBERTY=$(call there,$(lib_iberty)) \
	DWUNW_BPF=$(libbpf_there)

unpack_o := $(out)/port/linux/unpack/unpack.o
$(if $(CONFIG_PORT_LINUX),$(out)/libdwunw.a): $(unpack_o)
$(unpack_o): port/linux/unpack.c port/linux/objs.mk scripts/unpack-libs \
		$(made_first)
	@mkdir -p $(@D)
	@CC='$(CC) $(target_cflags) $(CFLAGS)' scripts/unpack-libs $(unpack-y) \
		>$(@D)/libs
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) -fno-lto -MMD -MP -MT $@ \
		-MF $(@D)/unpack.d -c $< -o $(@D)/alone.o
	$(if $(unpack-y),$(say) LD $@)
	$(Q)if [ -s $(@D)/libs ]; then \
		$(CC) $(target_cflags) -nostdlib -fno-lto -r -o $(@D)/whole.o \
			$(@D)/alone.o $$(cat $(@D)/libs) && \
		$(OBJCOPY) --keep-global-symbol=dwu_unpack \
			--keep-global-symbol=dwu_unpack_xz \
			--keep-global-symbol=dwunw_inflate --strip-debug \
			$(@D)/whole.o $@; \
	else cp $(@D)/alone.o $@; fi
-include $(out)/port/linux/unpack/unpack.d

# demangle.o holds what it needs of libiberty, in the same way.
export DWUNW_DEMANGLE := $(if $(wildcard /usr/include/libiberty/demangle.h),$(DWUNW_INFLATE),n)
lib_iberty := DEMANGLE:libiberty/ansidecl.h:libiberty.a:libiberty-dev
demangle-$(CONFIG_DEMANGLE) += $(lib_iberty)
demangle_o := $(out)/port/linux/demangle/demangle.o
$(if $(CONFIG_PORT_LINUX),$(out)/libdwunw.a): $(demangle_o)
$(demangle_o): port/linux/demangle.c port/linux/objs.mk scripts/unpack-libs \
		$(made_first)
	@mkdir -p $(@D)
	@CC='$(CC) $(target_cflags) $(CFLAGS)' scripts/unpack-libs \
		$(demangle-y) >$(@D)/libs
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) -fno-lto -MMD -MP -MT $@ \
		-MF $(@D)/demangle.d -c $< -o $(@D)/alone.o
	$(if $(demangle-y),$(say) LD $@)
	$(Q)if [ -s $(@D)/libs ]; then \
		$(CC) $(target_cflags) -nostdlib -fno-lto -r -o $(@D)/whole.o \
			$(@D)/alone.o $$(cat $(@D)/libs) && \
		$(OBJCOPY) --keep-global-symbol=dwu_demangle \
			--keep-global-symbol=dwu_demangle_bare --strip-debug \
			$(@D)/whole.o $@; \
	else cp $(@D)/alone.o $@; fi
-include $(out)/port/linux/demangle/demangle.d
