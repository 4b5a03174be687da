# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
#
# One command each: make, make test, make check, make size, make help.
# Everything is built below build/$(ARCH)/, or $(O)/$(ARCH)/ when O is given.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/sh

# --- what is built, for what, where ----------------------------------------

arch_of = $(strip $(patsubst aarch64,arm64,$(patsubst amd64,x86_64,\
	$(patsubst mipsel,mips32el,$(patsubst mips,mips32eb,\
	$(patsubst mips32,mips32eb,$(1)))))))
machine := $(call arch_of,$(shell uname -m))
override ARCH := $(call arch_of,$(or $(ARCH),$(machine)))
# Another machine's programs: its tools, its emulator, and nothing shared. Each
# target adds its names to `archs`, and triple_NAME, exec_NAME.
archs :=
include $(sort $(wildcard arch/*/host.mk))
ifeq ($(filter $(archs),$(ARCH)),)
$(error ARCH=$(ARCH): known are $(archs), and aarch64, mipsel, mips, mips32)
endif

foreign := $(if $(filter $(machine),$(ARCH)),,1)
ifeq ($(foreign),1)
CROSS_COMPILE ?= $(triple_$(ARCH))-
EXEC ?= $(exec_$(ARCH))
static := -static
ifeq ($(CC),musl-gcc)
override CC := $(shell scripts/musl $(ARCH))
endif
ifeq ($(CC),gcc)
override CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(CXX),g++)
override CXX := $(CROSS_COMPILE)g++
endif
ifeq ($(CC),)
$(error no musl for $(ARCH): see above)
endif
endif

ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS_COMPILE)gcc
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR := $(CROSS_COMPILE)ar
endif
CXX := $(if $(filter default undefined,$(origin CXX)),$(CROSS_COMPILE)g++,$(CXX))
NM ?= $(CROSS_COMPILE)nm
SIZE ?= $(CROSS_COMPILE)size
CLANG ?= clang
HOSTPYTHON ?= /usr/bin/python3

root := $(or $(O),build)
$(if $(word 2,$(root)),$(error O=$(root): no spaces, please))
base := $(root)/$(ARCH)
out := $(base)$(if $(filter 1 y,$(SANITIZE)),-asan)
config := $(base)/.config
config_h := $(base)/config.h

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@printf '  %-7s %s\n')
endif

# --- goals that change the configuration run alone, one after another -------

config_goals := menuconfig defconfig linux_defconfig mips32_defconfig firmware_defconfig small_defconfig allnoconfig \
	allyesconfig randconfig savedefconfig olddefconfig
goals := $(or $(MAKECMDGOALS),all)
# … these need none, or first install what makes one
plain_goals := help format clean dist distclean test test-all test-long test-others \
	soak list-tests demo bench guests deps-test deps-long deps-demo deps-bench \
	deps-cross deps-guests

ifneq ($(filter $(config_goals),$(goals)),)
ifneq ($(filter-out $(config_goals),$(goals)),)
one_by_one := 1
endif
endif

ifeq ($(one_by_one),1)

.PHONY: $(goals) one-by-one
$(goals): one-by-one
	@:
one-by-one:
	@for goal in $(goals); do $(MAKE) $$goal || exit; done

else

ifneq ($(filter-out $(config_goals) $(plain_goals),$(goals)),)
include $(config)
endif

.PHONY: all libs
all: libs

# --- configuration ------------------------------------------------------------

kconfigs := Kconfig $(wildcard */Kconfig arch/*/Kconfig port/*/Kconfig)
# What a configuration begins with: a router's for mips32, but position
# independent, as it is not known what will be linked; DEFCONFIG= is another file.
ifeq ($(DEFCONFIG)$(filter-out mips32%,$(ARCH)),)
begin = $(call kconf,defconfig,$(defconfig_file)) && $(call kconf,setconfig,PIC=y)
else
begin = $(call kconf,defconfig,$(defconfig_file))
endif
defconfig_file := $(or $(DEFCONFIG),\
	port/$(if $(filter mips32%,$(ARCH)),mips32,linux)/defconfig)
# kconf_env: which libraries there are for CC (port/linux/objs.mk)
kconf = $(kconf_env) KCONFIG_CONFIG=$(config) KCONFIG_CONFIG_HEADER= \
	$(HOSTPYTHON) -m $(1) $(2)
# allnoconfig can unwind ARCH's own programs
own_arch := $(shell echo $(ARCH:mips32%=mips32) | tr a-z A-Z)
have_kconfiglib := $(HOSTPYTHON) -c 'import kconfiglib' 2>/dev/null
need_kconfiglib := { $(have_kconfiglib) || { \
	echo "make: $@ needs the Debian package python3-kconfiglib" \
	"(apt-get install python3-kconfiglib)." >&2; \
	echo "make: an existing configuration, copied to $(config)," \
	"builds without it." >&2; exit 1; }; }

# A missing .config is made from the defaults; one that is older than the
# Kconfig files is completed, where that is possible.
$(config): $(kconfigs)
	@mkdir -p $(@D)
	@if [ ! -f $@ ]; then \
		$(need_kconfiglib) && \
		echo "  CONFIG  $@ (from $(defconfig_file))" && \
		{ $(begin); } >/dev/null; \
	elif $(have_kconfiglib); then \
		$(call kconf,olddefconfig) >/dev/null; \
	else \
		echo "make: $@ is older than Kconfig and is used as it is" \
		"(no python3-kconfiglib)" >&2; \
	fi
	@touch $@

.PHONY: $(config_goals)
menuconfig olddefconfig allyesconfig:
	@mkdir -p $(base)
	@$(need_kconfiglib)
	@$(call kconf,$@)

allnoconfig:
	@mkdir -p $(base)
	@$(need_kconfiglib)
	@echo 'CONFIG_ARCH_$(own_arch)=y' >$(base)/own.config
	@KCONFIG_ALLCONFIG=$(base)/own.config $(call kconf,$@)

defconfig:
	@mkdir -p $(base)
	@$(need_kconfiglib)
	@$(begin)

SEED ?= 1
randconfig:
	@mkdir -p $(base)
	@$(need_kconfiglib)
	@$(kconf_env) KCONFIG_CONFIG=$(config) $(HOSTPYTHON) scripts/randconfig $(SEED)

linux_defconfig mips32_defconfig: %_defconfig:
	@mkdir -p $(base)
	@$(need_kconfiglib)
	@$(call kconf,defconfig,port/$*/defconfig)

# a firmware's, and a small tool's, with the target that they run on
own_firmware := port/firmware/defconfig
own_small := port/linux/small.defconfig
firmware_defconfig small_defconfig: %_defconfig:
	@mkdir -p $(base)
	@$(need_kconfiglib)
	@{ cat $(own_$*); echo 'CONFIG_ARCH_$(own_arch)=y'; } >$(base)/own.defconfig
	@$(call kconf,defconfig,$(base)/own.defconfig)

savedefconfig:
	@$(need_kconfiglib)
	@$(call kconf,savedefconfig,--out $(base)/defconfig)

$(config_h): $(config) scripts/config.awk
	$(say) GEN $@
	$(Q)awk -f scripts/config.awk $(config) >$@.tmp
	$(Q)if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi
	$(Q)touch $@

# --- flags --------------------------------------------------------------------

warnings := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef \
	$(if $(CONFIG_WERROR),-Werror)
optimize := $(if $(CONFIG_OPTIMIZE_SIZE),-Os,-O2)
ifneq ($(filter 1 y,$(SANITIZE)),)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
# instrumented shifts of bytes are `int` to gcc 12, cast or not
warnings += -Wno-conversion
endif

# What of an option CC takes: all of it or nothing.
takes = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null \
	2>/dev/null && echo '$(1)')
# For shared libraries too, where hidden names are the library's own: two of its
# versions in one process do not meet.
ifneq ($(CONFIG_PIC),)
pic := -fPIC -fvisibility=hidden
else
no_pie := $(if $(static),,-no-pie)
optimize += $(call takes,-fno-pic -fno-pie)
endif
# what gcc 12 leaves on, and makes mips32 code larger: 3 % of it; and off:
# registers are renamed so that delay slots are filled; the tuning is for what
# routers have
mips32_small := -fno-jump-tables -fno-thread-jumps \
	-fno-guess-branch-probability -fno-move-loop-invariants \
	-fno-tree-dominator-opts -fno-shrink-wrap -fno-tree-tail-merge \
	-fno-tree-ter -frename-registers -mtune=24kc
ifneq ($(filter mips32%,$(ARCH)),)
ifeq ($(CONFIG_PIC),)
optimize += $(call takes,-mplt)
endif
ifneq ($(CONFIG_OPTIMIZE_SIZE),)
core_optimize := $(call takes,$(mips32_small))
endif
ifneq ($(CONFIG_MIPS16),)
optimize += $(call takes,-minterlink-mips16)
core_optimize += -mips16
endif
endif

# A small tool is so in all of its parts.
small_optimize = $(if $(CONFIG_TOOL_SMALL),$(core_optimize))

CFLAGS ?= -g
all_cflags = -std=c11 $(optimize) $(target_cflags) $(warnings) $(sanitize) \
	-Iinclude $(CFLAGS)
# for "core/elf/elf.h" only: <elf.h> stays the system's
core_dirs := -iquote .
core_cflags = $(pic) -ffreestanding -ffunction-sections -fdata-sections \
	$(core_optimize) $(core_dirs) -include $(config_h)
host_cflags := -DDWU_HOST_ARCH=$(id_$(ARCH))
# trace/sample.c: the host's constants
host_layout = -iquote . -DHOST_LAYOUT='"arch/$(word 1,$(layout_$(ARCH)))/layout.h"' \
	-DHOST_NAME=$(word 2,$(layout_$(ARCH)))
port_cflags = $(pic) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -ffunction-sections -fdata-sections \
	$(core_dirs) $(host_cflags) -include $(config_h)
test_cflags = -D_GNU_SOURCE $(core_dirs) -iquote tests -include $(config_h)
all_ldflags = $(sanitize) $(static) $(no_pie) -Wl,--gc-sections $(LDFLAGS)

# clang takes its target from CROSS_COMPILE
ifneq ($(CROSS_COMPILE),)
ifneq ($(findstring clang,$(CC)),)
target_cflags := --target=$(patsubst %-,%,$(notdir $(CROSS_COMPILE)))
endif
endif

# Debian's musl-gcc does not see the kernel's headers: they are shown to it,
# and nothing else of /usr/include is. Those of scripts/musl do see them.
ifeq ($(notdir $(CC)),musl-gcc)
target_cflags += -isystem $(out)/uapi
uapi := $(out)/uapi/.made
$(uapi):
	@mkdir -p $(@D)
	@ln -sfn /usr/include/linux $(@D)/linux
	@ln -sfn /usr/include/asm-generic $(@D)/asm-generic
	@ln -sfn /usr/include/$$(gcc -print-multiarch)/asm $(@D)/asm
	@touch $@
endif

# Objects are made again when a compiler or a flag is another one.
flags_now = $(CC) | $(CXX) | $(all_cflags) | $(core_cflags) | $(port_cflags) \
	| $(all_ldflags) | $(if $(CONFIG_TOOL_SMALL),small)
flags_file := $(out)/.flags
.PHONY: FORCE
FORCE:
$(flags_file): FORCE
	@mkdir -p $(@D)
	@echo '$(flags_now)' | cmp -s - $@ || echo '$(flags_now)' >$@

made_first := $(flags_file) $(config_h) $(uapi)

# --- libraries ------------------------------------------------------------------

core-y :=
arch-y :=
port-y :=
trace-y :=
heap-y :=
report-y :=
record-y :=
tools-y :=
port-firmware-y :=
port-mips32-y :=
include core/objs.mk arch/objs.mk port/linux/objs.mk trace/objs.mk heap/objs.mk \
	report/objs.mk record/objs.mk tools/objs.mk
-include port/firmware/objs.mk port/mips32/objs.mk

core_lists := core/objs.mk arch/objs.mk $(wildcard arch/*/objs.mk)
core_objs := $(addprefix $(out)/core/,$(core-y))
arch_objs := $(addprefix $(out)/arch/,$(arch-y))
hosted_objs := $(addprefix $(out)/arch/,$(arch-hosted-y))
port_objs := $(if $(CONFIG_PORT_LINUX),$(addprefix $(out)/port/linux/,$(port-y)))
trace_objs := $(if $(CONFIG_TRACE),$(addprefix $(out)/trace/,$(trace-y)))
heap_objs := $(if $(CONFIG_HEAP),$(addprefix $(out)/heap/,$(heap-y)))
report_objs := $(if $(CONFIG_REPORT),$(addprefix $(out)/report/,$(report-y)))
record_objs := $(if $(CONFIG_RECORD),$(addprefix $(out)/record/,$(record-y)))
tools_objs := $(if $(CONFIG_PORT_LINUX),$(addprefix $(out)/tools/,$(tools-y)))

core_lib := $(out)/libdwunw-core.a
full_lib := $(out)/libdwunw.a
trace_lib := $(if $(trace_objs),$(out)/libdwunw-trace.a)
heap_lib := $(if $(heap_objs),$(out)/libdwunw-heap.a)
report_lib := $(if $(report_objs),$(out)/libdwunw-report.a)
record_lib := $(if $(record_objs),$(out)/libdwunw-record.a)
libs := $(core_lib) $(full_lib) $(trace_lib) $(heap_lib) $(report_lib) $(record_lib)

# What a firmware links instead of libdwunw.a, where its own target is in the
# build; and on mips32 what knows Linux.
ifneq ($(CONFIG_ARCH_$(own_arch))$(port-firmware-y),$(port-firmware-y))
firmware_objs := $(addprefix $(out)/port/firmware/,$(port-firmware-y))
firmware_lib := $(out)/libdwunw-firmware.a
libs += $(firmware_lib)
ifneq ($(filter mips32%,$(ARCH)),)
mips32_objs := $(addprefix $(out)/port/mips32/,$(port-mips32-y))
mips32_lib := $(out)/libdwunw-mips32.a
libs += $(mips32_lib)
endif
endif
libs: $(libs)

$(core_objs) $(arch_objs) $(hosted_objs): $(out)/%.o: %.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(core_cflags) -MMD -MP -c $< -o $@

$(port_objs) $(record_objs) $(filter-out %/page.o,$(report_objs)) $(tools_objs) $(leak_objs): $(out)/%.o: \
		%.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) $(if $(filter tools/leaks/% tools/report/%,$<),\
		-iquote tools -Ibpf) $(if $(filter record/%,$<),$(core_optimize),$(small_optimize)) \
		-MMD -MP -c $< -o $@

$(trace_objs) $(heap_objs): $(out)/%.o: %.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) $(small_optimize) $(host_layout) \
		$(LIBBPF_CFLAGS) -Ibpf -MMD -MP -c $< -o $@

firmware_cflags = $(pic) -ffreestanding -funwind-tables -fno-stack-protector -ffunction-sections \
	-fdata-sections $(host_cflags) $(host_layout)
$(filter-out %/syscall.o,$(firmware_objs) $(mips32_objs)): $(out)/%.o: %.c $(made_first)
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(firmware_cflags) -MMD -MP -c $< -o $@

$(filter %/syscall.o,$(mips32_objs)): $(out)/%.o: %.S $(made_first)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(all_cflags) $(firmware_cflags) -MMD -MP -c $< -o $@

# The list beside an archive changes when a member is dropped from it.
define archive
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $(filter %.o,$^)
endef
$(core_lib): $(core_objs) $(arch_objs) $(core_lists) $(config_h)
	$(archive)
$(full_lib): $(core_objs) $(arch_objs) $(hosted_objs) $(port_objs) $(core_lists) \
		port/linux/objs.mk $(config_h)
	$(archive)
$(trace_lib): $(trace_objs) trace/objs.mk $(config_h)
	$(archive)
$(heap_lib): $(heap_objs) heap/objs.mk $(config_h)
	$(archive)
$(record_lib): $(record_objs) $(pack_o) record/objs.mk $(config_h)
	$(archive)
$(report_lib): $(report_objs) $(gzip_o) report/objs.mk $(config_h)
	$(archive)
$(firmware_lib): $(core_objs) $(arch_objs) $(firmware_objs) $(core_lists) \
		port/firmware/objs.mk $(config_h)
	$(archive)
$(mips32_lib): $(core_objs) $(arch_objs) $(firmware_objs) $(mips32_objs) $(core_lists) \
		port/firmware/objs.mk port/mips32/objs.mk $(config_h)
	$(archive)

# --- the recorder inside the program -----------------------------------------------

include port/inproc/objs.mk
all: $(inproc_lib)

# --- the dwunw command ------------------------------------------------------------

tool := $(if $(tools_objs),$(out)/dwunw)
all: $(tool)
$(out)/dwunw: $(tools_objs) $(tool_libs) $(full_lib)
	$(say) LD $@
	$(Q)$(CC) $(all_cflags) $(tools_objs) $(tool_libs) $(full_lib) \
		$(all_ldflags) $(tool_ldlibs) $(LDLIBS) -o $@

# --- examples: each directory's rules.mk adds to `examples` -------------------------
#
# A fragment may use: $(out) $(CC) $(CLANG) $(Q) $(say) $(full_lib) $(trace_lib)
# $(trace_libs) $(made_first) $(all_cflags) $(all_ldflags) $(example_cflags) $(bpf_cflags).

example_cflags = -D_GNU_SOURCE $(DWUNW_EXAMPLE_CFLAGS)
bpf_target := $(if $(filter mips32eb,$(ARCH)),bpfeb,bpfel)
bpf_cflags = -std=gnu11 -O2 -g -target $(bpf_target) -ffreestanding \
	-Wall -Wextra $(if $(CONFIG_WERROR),-Werror) -Iinclude -Ibpf \
	$(if $(filter-out /usr/include,$(LIBBPF_INCLUDE)),-isystem $(LIBBPF_INCLUDE)) \
	-idirafter /usr/include/$(shell gcc -print-multiarch) # <asm/types.h>

.PHONY: examples
examples: libs
ifneq ($(and $(filter examples,$(goals)),$(wildcard $(config))),)
# an older .config does not know TRACE yet, and is completed
ifneq ($(CONFIG_PORT_LINUX)$(shell grep -E 'CONFIG_(TRACE|HEAP|REPORT) is' $(config)),y)
$(error examples are programs for Linux on libdwunw-heap.a, and CONFIG_HEAP, \
	CONFIG_TRACE, CONFIG_REPORT or CONFIG_PORT_LINUX is off: make menuconfig)
endif
endif
include $(wildcard examples/*/rules.mk)

# --- tests --------------------------------------------------------------------------

# scan_TARGET.c is there if its target is
unit_of = $(wildcard tests/unit/scan_$(1).c tests/unit/scan_$(1)_*.c)
unit_src := $(sort $(filter-out tests/unit/scan_% $(if $(CONFIG_RECORD),,%/recording.c),\
	$(wildcard tests/unit/*.c)) \
	$(foreach t,$(patsubst arch/%/,%,$(wildcard arch/*/)),$(call unit_of,$(t))))
unit_bin := $(unit_src:%.c=$(out)/%)
test_scripts := $(sort $(wildcard tests/*/*.t))
# those of `make test`: the others build for minutes
house_scripts = $(filter tests/house/%,$(short_scripts))

$(unit_bin): $(out)/%: %.c $(record_lib) $(full_lib) $(made_first)
	@mkdir -p $(@D)
	$(say) CCLD $<
	$(Q)$(CC) $(all_cflags) $(test_cflags) -MMD -MP -MF $@.d $< \
		$(record_lib) $(full_lib) $(all_ldflags) $(LDLIBS) -o $@

# What tests run and look at is built beforehand: each directory's rules.mk adds
# its files, below $(out)/tests/DIR/, to test_programs. No test compiles anything
# (tests/house/nobuild.t). What is needed from elsewhere to run the tests of a
# directory alone is in needs_DIR. A fragment may use what those of examples may,
# and besides $(unit_bin), $(call has,PROGRAM), $(test_glibc_cc), $(test_build).
# … not of a target whose folder is gone: "-gcc"
has = $(if $(filter -%,$(1)),,$(shell command -v $(1) 2>/dev/null))
comma := ,
# other unwinders, and what they look at, are built with glibc
test_glibc_cc := $(if $(findstring musl,$(CC)),gcc,$(CC))
# The recipe of most: by the private variables $(how), a compiler with its flags,
# and $(with), what stands behind the sources.
define test_build
	@mkdir -p $(@D)
	$(say) CCLD $@
	$(Q)$(how) $(filter %.c %.cc %.S %.rs %.o,$^) \
		$(filter %.so %.a,$^) $(with) -o $@
endef
# What only test-long runs is in long_programs.
test_programs :=
long_programs :=
include $(sort $(wildcard tests/*/rules.mk))
# … and there, scripts/foreign leaves out what looks at others
ifeq ($(foreign),1)
test_programs := $(filter $(addprefix $(out)/tests/,danger/% install/% inproc/%),$(test_programs))
endif

# Tests are of everything, also on mips32: their programs begin with that.
run_tests = DEFCONFIG=$(tests_defconfig) BUILD='$(abspath $(out))' CC='$(CC)' CXX='$(CXX)' \
	CLANG='$(CLANG)' NM='$(NM)' SIZE='$(SIZE)' ARCH='$(ARCH)' \
	EXEC='$(EXEC)' FOREIGN='$(foreign)' CONFIG_H='$(abspath $(config_h))' \
	LINK='$(CC) $(all_cflags) $(all_ldflags)' MAKE='$(MAKE)' \
	scripts/run-tests
# Each script is in one tier of these two (tests/house/tiers.t), a new one in
# `test`. In `test-long`: minutes of real leaks, of eight threads, of single
# steps under emulators, other projects' sources, builds for other targets
# and configurations, and what repeats for more inputs what a file of `test` does
# (danger/plain.t). Those in wide_scripts run one at a time: they have probes in
# all processes, which others may not bear, or (counts.t) a process whose first
# thread has ended, which loses its probes when another tool leaves the same function:
# the kernel asks that thread's memory whether they are still wanted. The others by
# their seconds, so that the last ones are short.
wide_scripts := $(addprefix tests/memleak/,children.t containers.t counts.t) \
	tests/libdw_bpf/examples.t
beside_scripts := $(wildcard tests/cross/*.t) tests/thin/thin.t tests/truth/truth.t \
	$(addprefix tests/memleak/,again.t said.t uses.t walked.t servers.t real.t modes.t unread.t \
	failing.t faults.t rate.t options.t losses.t beside.t kernel.t soak.t) \
	$(addprefix tests/core/,bad.t failing.t) tests/count/record.t tests/count/named.t \
	tests/count/beside.t tests/record/fleet.t \
	$(addprefix tests/record/,record.t push.t) \
	$(addprefix tests/scan/,switches.t compare.t decide.t stack.t lengths.t) \
	$(addprefix tests/house/,arch-subset.t compilers.t random.t config.t symbols.t size.t \
	make.t headers.t stack.t) $(addprefix tests/danger/,bounds.t debug.t frames.t hdr.t) tests/fuzz/fuzz.t \
	tests/stacks/shadow.t tests/rows/large.t tests/rows/hdr.t tests/symbols/failing.t \
	$(addprefix tests/docs/,blocks.t runs.t) $(addprefix tests/report/,formats.t page.t) \
	$(addprefix tests/install/,install.t debian.t) tests/jit/real.t \
	tests/linkers/shadow.t tests/linkers/stack.t tests/linkers/probes.t tests/mips32/inside.t \
	tests/firmware/linux.t tests/openwrt/feed.t tests/openwrt/memory.t \
	$(addprefix tests/libdw_bpf/,headers.t parallel.t) \
	$(addprefix tests/inproc/,sample.t router.t) tests/walk/programs.t
long_scripts := $(wide_scripts) $(beside_scripts)
short_scripts := $(filter-out $(long_scripts),$(test_scripts))
# with DWUNW_LONG=1 these do more
soak_scripts := $(long_scripts) tests/live/rate.t tests/names/addr2line.t \
	tests/rows/rows.t
# The short ones are one tier of run-tests: by the names of files, so that those
# that wait (tests/live) run beside those that compute.
by_name = $(foreach n,$(sort $(notdir $(1))),$(filter %/$(n),$(1)))
script_tiers = -- scripts $(call by_name,$(short_scripts))
dirs_of = $(sort $(patsubst tests/%/,%,$(dir $(1))))
# … and the long ones two
long_tiers = -- wide $(wide_scripts) -- long $(filter-out $(wide_scripts),$(1))

# T=: these alone, with what they and their directories need
chosen := $(filter %.t,$(T)) $(patsubst %.c,$(out)/%,$(filter tests/unit/%.c,$(T)))
chosen_needs := $(foreach d,$(call dirs_of,$(filter %.t,$(T))),\
	$(out)/tests/$(d)/ $(needs_$(d)))
chosen_programs := $(filter-out %/ %.t,$(chosen) $(chosen_needs)) \
	$(foreach d,$(filter %/,$(chosen_needs)),\
	$(filter $(d)%,$(test_programs) $(long_programs)))
$(if $(filter-out $(wildcard tests/*/*.t tests/unit/*.c),$(T)),\
	$(error T=$(T): files as tests/danger/debug.t or tests/unit/walk.c))

tests_defconfig := port/linux/defconfig
test run-test test-long run-test-long test-others test-all soak run-soak guests: \
	export DEFCONFIG ?= $(tests_defconfig)

# make for another target, whatever was said about this one's tools
in_target = $(MAKE) ARCH=$(1) DEFCONFIG=$(tests_defconfig) CROSS_COMPILE=$(triple_$(1))- \
	EXEC=$(exec_$(1)) CC=$(triple_$(1))-gcc CXX=$(triple_$(1))-g++ \
	AR=$(triple_$(1))-ar NM=$(triple_$(1))-nm SIZE=$(triple_$(1))-size \
	SANITIZE=
targets := $(archs)
others := $(filter-out $(ARCH) $(machine),$(targets))

.PHONY: unit-programs test-programs long-programs chosen-programs bench-programs \
	list-tests
# Run by a make of its own: the one that installed packages was read before that,
# and so were the variables that it exports.
.PHONY: run-test run-test-long run-soak run-musl
.PHONY: check test test-long test-others test-all soak fuzz fuzz-coverage guests demo bench size
unit-programs: $(unit_bin)
	@:
test-programs: $(test_programs)
	@:
long-programs: $(long_programs)
	@:
chosen-programs: all $(chosen_programs)
	@:
bench-programs: $(inproc_bench) $(stacks_walkers) $(stacks_snaps) $(walk_bench) $(walk_bench_object)
	@:
list-tests:
	@printf 'test %s\n' $(filter %.t,$(script_tiers))
	@printf 'test-long %s\n' $(filter %.t,$(call long_tiers,$(long_scripts)))

check: all unit-programs
	@$(run_tests) unit $(unit_bin) -- house $(house_scripts)

# On another machine: what can run under EXEC; scripts/foreign says what can.
# two at a time, unless make was told how many
two = $(if $(findstring -j,$(MAKEFLAGS)),,-j2)
ifneq ($(T),)
test: $(if $(foreign),deps-cross,deps-test)
	@$(MAKE) $(two) chosen-programs
	@$(MAKE) run-test
run-test:
	@VERBOSE=1 $(run_tests) chosen $(chosen)
else ifeq ($(foreign),1)
test: deps-cross
	@$(MAKE) $(two) all unit-programs test-programs
	@$(MAKE) run-test
run-test:
	@$(run_tests) unit $(unit_bin) $(script_tiers)
else
# Here, and the unit tests once more on a host of the other byte order.
second := $(filter mips32eb,$(others))
test: deps-test
	@$(MAKE) $(two) all unit-programs test-programs examples
	@$(MAKE) $(two) SANITIZE=1 unit-programs
	@$(if $(second),$(call in_target,$(second)) $(two) unit-programs)
	@$(MAKE) run-test
run-test:
	@$(run_tests) unit $(unit_bin) $(script_tiers) \
		-- +asan $(unit_src:%.c=$(base)-asan/%) \
		-- +valgrind $(unit_bin) \
		$(if $(second),-- +unit@$(exec_$(second)) \
		$(unit_src:%.c=$(root)/$(second)/%))
endif

# what cannot be built fails the tests that need it, and keeps no other from running
test-long: deps-long deps-cross
	@status=0; \
	$(MAKE) $(two) -k all examples unit-programs test-programs long-programs || status=1; \
	$(MAKE) run-test-long || status=1; \
	exit $$status
run-musl:
	@$(run_tests) musl tests/house/musl.t
run-test-long:
	@$(run_tests) $(call long_tiers,$(long_scripts))

# The same for longer, and what else takes an hour with DWUNW_LONG=1;
# tests/memleak/soak.t for SOAK_SECONDS.
SOAK_SECONDS ?= 1800
soak: export DWUNW_LONG := 1
soak: export SOAK_SECONDS := $(SOAK_SECONDS)
soak: deps-long deps-cross
	@$(MAKE) $(two) all examples unit-programs test-programs \
		long-programs
	@DWUNW_NAMES=600000 $(MAKE) run-soak
run-soak:
	@$(run_tests) $(call long_tiers,$(soak_scripts))

# Seconds of each are printed at the end; one that fails stops no other.
test-all:
	@scripts/tiers 'test: $(MAKE) test' 'long: $(MAKE) test-long' \
		'others: $(MAKE) test-others'

compilers := clang musl-gcc
guest_scripts := $(addprefix tests/guests/,arm64.sh check.sh cost.sh mips.sh mipsel.sh walk.sh)
test-others: deps-cross
	@scripts/tiers \
		$(foreach t,$(others),'$(t): $(call in_target,$(t)) test') \
		$(foreach c,$(compilers),'$(c): $(MAKE) O=$(root)/$(c) \
			CC=$(c) $(two) all unit-programs') \
		'clang check: $(MAKE) O=$(root)/clang CC=clang check' \
		'musl: DWUNW_MUSL=1 $(MAKE) run-musl' \
		'size: $(MAKE) size' \
		'guests: $(MAKE) guests'

# Files of TAP as the others: two of them at a time.
guests: deps-guests
	@$(MAKE) all
	@ROOT='$(abspath $(root))' $(run_tests) guests $(guest_scripts)

demo: deps-demo
	@$(MAKE) all examples
	@examples/bpf_memleak/run.sh --demo

bench: deps-bench
	@$(MAKE) $(two) all bench-programs
	@BUILD='$(abspath $(out))' CC='$(CC)' tests/bench/run.sh

fuzz: all $(fuzz_programs)
	@BUILD='$(abspath $(out))' tests/fuzz/run.sh $(FUZZ_SECONDS)

fuzz-coverage: all $(fuzz_coverage)
	@BUILD='$(abspath $(out))' tests/fuzz/coverage.sh

size: libs $(if $(CONFIG_TOOL_SMALL),$(tool))
	@BUILD='$(abspath $(out))' CC='$(CC)' SIZE='$(SIZE)' ARCH='$(ARCH)' \
		OBJECTS='$(core-y:%=core/%) $(arch-y:%=arch/%)' CONFIG_H='$(abspath $(config_h))' MAKE='$(MAKE)' \
		LINK='$(CC) $(all_cflags) $(all_ldflags)' scripts/size

.PHONY: deps-test deps-long deps-demo deps-bench deps-cross deps-guests
deps-test deps-long deps-demo deps-bench deps-cross deps-guests: deps-%:
	@scripts/deps $*

include packaging/rules.mk

# --- the rest ---------------------------------------------------------------------------

.PHONY: format clean distclean help
# Versions differ: Debian 12's (tests/house/format.t)
CLANG_FORMAT ?= clang-format-14
format:
	$(CLANG_FORMAT) -i $$(find include core arch port bpf trace heap report record examples tools \
		tests scripts -name '*.[ch]' 2>/dev/null)

clean:
	@[ ! -d $(base) ] || find $(base) -mindepth 1 -maxdepth 1 \
		! -name .config -exec rm -rf {} +
	rm -rf $(base)-asan

distclean:
	rm -rf $(base) $(base)-asan $(root)/clang $(root)/musl-gcc
	@rmdir $(root) 2>/dev/null || :

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#:   all libs           the libraries and the dwunw command; the libraries alone
#:   examples demo      examples/; a leak is found where nothing has frame pointers
#:   install uninstall  to DESTDIR= PREFIX=/usr/local; away from there
#:   dist format help   build/dwunw-VERSION.tar.gz; clang-format; this text
#:   clean distclean    remove what was built; the configuration as well
#: Configure (build/$(ARCH)/.config, by python3-kconfiglib)
#:   menuconfig defconfig linux_defconfig mips32_defconfig firmware_defconfig
#:   small_defconfig allnoconfig allyesconfig randconfig olddefconfig savedefconfig
#: Test (doc/testing.md); files alone: make T="tests/danger/debug.t" test
#:   check test         unit tests and the rules of the house; 10 minutes of tests
#:   test-long test-others test-all   half an hour; other targets; all of these
#:   soak fuzz fuzz-coverage          hours: SOAK_SECONDS=1800 FUZZ_SECONDS=20
#:   guests bench size  other kernels; time a frame; text and stack, with budgets
#:   unit-programs test-programs long-programs chosen-programs bench-programs
#:                      only build what those run
#:   list-tests         which file is in which
#:   deps-test deps-long deps-demo deps-bench deps-cross deps-guests
#:                      install the Debian packages they need, after saying which
#: Variables
#:   ARCH=x86_64, arm64, riscv64, mips32el or mips32eb;  EXEC= runs its tests
#:   CC=gcc, clang, musl-gcc  (CROSS_COMPILE= prefix of the tools for ARCH)
#:   O=DIR, not build/;  V=1 shows the commands;  CFLAGS= LDFLAGS= are added
#:   SANITIZE=1 with ASan and UBSan, in build/$(ARCH)-asan

-include $(core_objs:.o=.d) $(arch_objs:.o=.d) $(hosted_objs:.o=.d) $(port_objs:.o=.d) \
	$(trace_objs:.o=.d) $(heap_objs:.o=.d) $(report_objs:.o=.d) $(record_objs:.o=.d) $(leak_objs:.o=.d) $(tools_objs:.o=.d) \
	$(firmware_objs:.o=.d) $(mips32_objs:.o=.d) $(unit_bin:=.d)

endif
