# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What is installed is built before its test; the example is the README's.
needs_install := $(out)/tests/docs/example $(out)/examples/bpf_memleak/leaky_glibc

ifeq ($(CONFIG_PORT_LINUX),y)
install := $(out)/tests/install
install_callers := $(addprefix $(install)/,promised given) \
	$(if $(CONFIG_LIBDW_BPF),$(install)/seeds)

$(install)/promised.c: tests/install/promise.t tests/install/promise.list
	@mkdir -p $(@D)
	$(say) GEN $@
	$(Q)tests/install/promise.t --program >$@
$(install)/promised: private how = $(CC) $(all_cflags) -Ibpf
$(install)/promised: private with = $(all_ldflags)
$(install)/promised: $(install)/promised.c $(wildcard include/dwunw/*.h) \
		bpf/capture.h $(made_first)
	$(test_build)
$(install)/given $(install)/seeds: private how = $(CC) $(all_cflags) -D_GNU_SOURCE \
	-iquote tests
$(install)/given $(install)/seeds: private with = $(full_lib) $(all_ldflags) $(LDLIBS) \
	-lpthread
$(install)/given $(install)/seeds: $(install)/%: tests/install/%.c tests/tap.h \
		$(wildcard include/dwunw/*.h) $(full_lib) $(made_first)
	$(test_build)

# All of the library in a shared one, without relocations in its text; in a PIE.
ifeq ($(CONFIG_PIC),y)
install_callers += $(addprefix $(install)/,libguest.so shared pie)
install_ldflags = $(filter-out -static -no-pie,$(all_ldflags))
$(install)/libguest.so: private how = $(CC) $(all_cflags) -fPIC -shared -Wl,-z,text \
	-Wl,-z,defs -Wl,--whole-archive
$(install)/libguest.so: private with = -Wl,--no-whole-archive $(install_ldflags) \
	-lpthread
$(install)/libguest.so: tests/install/guest.c $(full_lib)
	$(test_build)
$(install)/shared: private how = $(CC) $(all_cflags) -fPIE -pie
$(install)/shared: private with = $(install_ldflags) -Wl,-rpath,'$$ORIGIN'
$(install)/shared: tests/install/host.c $(install)/libguest.so
	$(test_build)
$(install)/pie: private how = $(CC) $(all_cflags) -fPIE -pie -Wl,-z,text
$(install)/pie: private with = $(install_ldflags) -lpthread
$(install)/pie: tests/install/host.c tests/install/guest.c $(full_lib)
	$(test_build)
endif
test_programs += $(install_callers)
endif
