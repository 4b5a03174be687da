# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Programs that the recorder is preloaded to, and what counts beside it: of this build's
# C library and target, linked dynamically.

ifneq ($(inproc_lib),)
inproc_t := $(out)/tests/inproc
inproc_musl := $(findstring musl,$(CC))
needs_inproc := $(inproc_lib)
inproc_made := tests/inproc/rules.mk $(made_first)

inproc_bin := $(addprefix $(inproc_t)/,uses blocks pairs)
inproc_bench := $(inproc_t)/pairs $(inproc_lib)
# musl has no valloc(3)
$(inproc_bin): private how = $(CC) $(target_cflags) -O2 -fomit-frame-pointer -w \
	$(if $(inproc_musl),-include sys/types.h '-Dvalloc(n)=malloc(n)' '-Dpvalloc(n)=malloc(n)')
$(inproc_bin): private with := -pthread -ldl
$(inproc_bin): $(inproc_t)/%: tests/inproc/%.c $(inproc_made)
	$(test_build)

$(inproc_t)/thrown: private how = $(CXX) -O2 -fomit-frame-pointer -std=c++17
$(inproc_t)/thrown: tests/inproc/thrown.cc $(inproc_made)
	$(test_build)

# … of this machine alone, for attach.t
ifeq ($(foreign)$(inproc_musl),)
inproc_still := $(addprefix $(inproc_t)/still-,plain static filter own)
$(inproc_still): private how = $(CC) -O2 -w $(if $(filter %-static,$@),-static) \
	$(if $(filter %-filter,$@),-DFILTER) $(if $(filter %-own,$@),-DOWN)
$(inproc_still): tests/inproc/still.c $(inproc_made)
	$(test_build)
$(inproc_t)/still-musl: private how = musl-gcc -O2 -w
$(inproc_t)/still-musl: tests/inproc/still.c $(inproc_made)
	$(test_build)
$(inproc_t)/late.so $(inproc_t)/dies.so: private how = $(CC) -O2 -fPIC -shared -w
$(inproc_t)/late.so $(inproc_t)/dies.so: $(inproc_t)/%.so: tests/inproc/%.c $(inproc_made)
	$(test_build)
test_programs += $(inproc_still) $(inproc_t)/late.so $(inproc_t)/dies.so $(if $(call has,musl-gcc),$(inproc_t)/still-musl)
endif

$(inproc_t)/serve: private how = $(CXX) -O2 -fomit-frame-pointer -std=c++17
$(inproc_t)/serve: private with := -pthread -ldl
$(inproc_t)/serve: tests/inproc/serve.cc $(inproc_made)
	$(test_build)

inproc_shared = $(CC) $(target_cflags) -O2 -fPIC -shared
inproc_plugs := $(inproc_t)/uses_plug0.so $(inproc_t)/uses_plug1.so
$(inproc_t)/uses_plug0.so: private how = $(inproc_shared) -DSIZE=100
$(inproc_t)/uses_plug1.so: private how = $(inproc_shared) -DSIZE=300
$(inproc_plugs): tests/inproc/plug.c $(inproc_made)
	$(test_build)

$(inproc_t)/counter.so: private how = $(inproc_shared) -fvisibility=hidden
# 64 bits at once, in 32-bit code
$(inproc_t)/counter.so: private with := $(if $(filter mips32%,$(ARCH)),-l:libatomic.a)
$(inproc_t)/counter.so: tests/memleak/counter.c $(inproc_made)
	$(test_build)
$(inproc_t)/dump: private how = $(CC) $(all_cflags) $(test_cflags)
$(inproc_t)/dump: private with = $(all_ldflags)
$(inproc_t)/dump: tests/record/dump.c $(record_lib) $(full_lib) $(inproc_made)
	$(test_build)

test_programs += $(inproc_bin) $(inproc_plugs) $(inproc_t)/counter.so $(inproc_t)/dump \
	$(if $(inproc_musl),,$(inproc_t)/thrown $(inproc_t)/serve)

# For sanitized.t: of this machine, and glibc's.
inproc_sanitized := $(foreach s,$(if $(foreign)$(inproc_musl),,thread address),\
	$(inproc_t)/blocks-$(s) $(inproc_t)/uses-$(s))
$(inproc_sanitized): private how = $(CC) -g -O1 -w -fsanitize=$(lastword $(subst -, ,$(@F)))
$(inproc_sanitized): private with := -pthread -ldl
$(filter %/blocks-thread %/blocks-address,$(inproc_sanitized)): tests/inproc/blocks.c $(inproc_made)
	$(test_build)
$(filter %/uses-thread %/uses-address,$(inproc_sanitized)): tests/inproc/uses.c $(inproc_made)
	$(test_build)
test_programs += $(inproc_sanitized)

# For router.t: the recorder in a router's configuration, with musl, as MIPS32 and as
# MIPS16e code: router/TARGET-KIND/libdwunw-preload.so, uses, blocks.
inproc_routers := $(foreach t,$(if $(foreign),,mips32el mips32eb),$(if $(call has,$(triple_$(t))-gcc),\
	$(t)-mips32 $(t)-mips16))
inproc_routers := $(inproc_routers:%=$(inproc_t)/router/%/.made)
router_word = $(word $(1),$(subst -, ,$(notdir $(@D))))
$(inproc_routers): port/inproc/defconfig $(addprefix tests/inproc/,uses.c blocks.c plug.c) \
		$(inproc_lib) $(inproc_made)
	$(say) ROUTER $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/build
	$(Q)cp $< $(@D)/defconfig
	$(Q)$(if $(filter %-mips16,$(@D)),echo CONFIG_MIPS16=y >>$(@D)/defconfig)
	$(Q)env -u CC -u CXX -u CROSS_COMPILE -u AR -u NM -u EXEC $(MAKE) ARCH=$(call router_word,1) \
		CC=musl-gcc O=$(@D)/build DEFCONFIG=$(@D)/defconfig CFLAGS=-g0 \
		$(addprefix $(@D)/build/$(call router_word,1)/,libdwunw-preload.so \
		tests/inproc/uses tests/inproc/blocks tests/inproc/uses_plug0.so \
		tests/inproc/uses_plug1.so) >$(@D)/log 2>&1 || { tail $(@D)/log; exit 1; }
	$(Q)cd $(@D) && cp build/*/libdwunw-preload.so build/*/tests/inproc/uses* \
		build/*/tests/inproc/blocks . && rm -rf build *.d
	$(Q)touch $@
long_programs += $(inproc_routers)
endif
