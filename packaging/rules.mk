# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# make install, uninstall and dist. What is installed where is one list,
# installed_files; both goals read it, so neither knows a file that the other
# does not.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/dwunw
INSTALL ?= install

# one place: the public header
version := $(shell awk '/define DWUNW_VERSION_(MAJOR|MINOR|PATCH) / \
	{ printf "%s%s", dot, $$3; dot = "." }' include/dwunw/dwunw_api.h)
package := $(out)/packaging

# The leak tools have BPF programs in them: where clang is not, they are left out.
leak_tools := $(if $(trace_lib),$(addprefix $(out)/examples/,\
	bpf_memleak/memleak_user memleak_bcc_dwunw/memleak_dwunw_user))
leak_tools_made := $(if $(call has,$(CLANG)),$(leak_tools))
.PHONY: leak-tools
leak-tools: $(leak_tools_made)

# $(call into,DIRECTORY,MODE,FILES): as MODE:FILE:DIRECTORY
into = $(foreach f,$(3),$(2):$(f):$(1))
installed_files = \
	$(call into,$(BINDIR),755,$(tool) $(leak_tools_made)) \
	$(call into,$(LIBDIR),644,$(libs)) \
	$(call into,$(LIBDIR)/dwunw,644,$(inproc_lib)) \
	$(call into,$(LIBDIR)/pkgconfig,644,$(package)/dwunw.pc $(if $(trace_lib),\
		$(package)/dwunw-trace.pc) $(if $(report_lib),\
		$(package)/dwunw-report.pc) $(if $(heap_lib),\
		$(package)/dwunw-heap.pc) $(if $(record_lib),\
		$(package)/dwunw-record.pc)) \
	$(call into,$(LIBDIR)/cmake/dwunw,644,$(package)/dwunwConfig.cmake \
		$(package)/dwunwConfigVersion.cmake) \
	$(call into,$(INCLUDEDIR)/dwunw,644,$(wildcard include/dwunw/*.h)) \
	$(call into,$(INCLUDEDIR)/dwunw/bpf,644,$(wildcard bpf/*.h)) \
	$(foreach h,$(wildcard arch/*/bpf.h),\
		$(call into,$(INCLUDEDIR)/dwunw/$(h:/bpf.h=),644,$(h))) \
	$(call into,$(MANDIR)/man1,644,$(if $(tool),$(package)/dwunw.1 \
		$(package)/dwunw-stack.1 $(package)/dwunw-rows.1 \
		$(package)/dwunw-symbolize.1 $(if $(CONFIG_LEAKS),\
		$(package)/dwunw-leaks.1 $(package)/dwunw-check.1 $(package)/dwunw-count.1 \
		$(package)/dwunw-record.1 $(package)/dwunw-top.1) \
		$(if $(CONFIG_RECORD),$(if $(CONFIG_REPORT),$(package)/dwunw-report.1 \
		$(package)/dwunw-diff.1)))) \
	$(call into,$(MANDIR)/man3,644,$(package)/libdwunw.3) \
	$(call into,$(DATADIR)/bash-completion/completions,644,$(if $(tool),\
		$(package)/dwunw)) \
	$(call into,$(DOCDIR),644,$(addprefix $(package)/docs/,$(doc_top)) \
		$(licences)) \
	$(call into,$(DOCDIR)/doc,644,$(addprefix $(package)/docs/,\
		$(wildcard doc/*.md))) \
	$(call into,$(DOCDIR)/doc/zh,644,$(addprefix $(package)/docs/,\
		$(wildcard doc/zh/*.md)))

licences := LICENSE LICENSE.BSD-2-Clause LICENSE.LGPL-2.1
doc_top := README.md README.zh-CN.md SPEC.md SECURITY.md CHANGELOG.md DESIGN.md \
	CONTRIBUTING.md
docs = $(doc_top) $(wildcard doc/*.md doc/zh/*.md)

# Documents link to the source as well, which is not installed.
$(package)/docs/%.md: %.md packaging/links.awk $(made_first)
	@mkdir -p $(@D)
	$(Q)awk -v self='$<' -v known='$(docs) $(licences)' \
		-f packaging/links.awk $< >$@

# What has @WORDS@ is written for where it will be.
$(package)/%: packaging/%.in include/dwunw/dwunw_api.h $(made_first) FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
		-e 's|@TRACE_LIBS@|$(trace_libs)|g' \
		-e 's|@HEAP_REQUIRES@|$(if $(report_lib),dwunw-report = @VERSION@$(comma) )|g' \
		-e 's|@VERSION@|$(version)|g' $< >$@.tmp
	$(Q)if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi
$(package)/%: packaging/man/%.in include/dwunw/dwunw_api.h $(made_first)
	@mkdir -p $(@D)
	$(Q)sed 's|@VERSION@|$(version)|g' $< >$@

# what is written into files is for where they will be
ifneq ($(filter install uninstall,$(goals)),)
ifeq ($(filter /%,$(PREFIX)),)
$(error PREFIX=$(PREFIX): it is to begin with /; DESTDIR= is for a root)
endif
endif

part = $(word $(1),$(subst :, ,$(2)))
place = $(DESTDIR)$(call part,3,$(1))/$(notdir $(call part,2,$(1)))

.PHONY: install uninstall dist
install: $(foreach f,$(installed_files),$(call part,2,$(f)))
	$(say) INSTALL '$(DESTDIR)$(PREFIX)'
	$(Q)set -e; for file in $(installed_files); do \
		mode=$${file%%:*}; rest=$${file#*:}; from=$${rest%%:*}; \
		$(INSTALL) -d "$(DESTDIR)$${rest#*:}"; \
		$(INSTALL) -m $$mode "$$from" "$(DESTDIR)$${rest#*:}/"; \
	done

# Directories go that are dwunw's own, if nothing else is in them.
own_dirs = $(INCLUDEDIR)/dwunw/bpf $(patsubst %/bpf.h,$(INCLUDEDIR)/dwunw/%,$(wildcard arch/*/bpf.h)) \
	$(INCLUDEDIR)/dwunw/arch $(INCLUDEDIR)/dwunw $(LIBDIR)/cmake/dwunw \
	$(LIBDIR)/dwunw $(DOCDIR)/doc/zh $(DOCDIR)/doc $(DOCDIR)
uninstall:
	$(say) REMOVE '$(DESTDIR)$(PREFIX)'
	$(Q)rm -f $(foreach f,$(installed_files) $(call into,$(BINDIR),755,$(leak_tools)),\
		'$(call place,$(f))')
	$(Q)for dir in $(own_dirs); do \
		[ ! -d "$(DESTDIR)$$dir" ] || \
		rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; \
	done

# The same bytes each time: what git has of HEAD, with its time.
dist:
	@git rev-parse -q --verify HEAD >/dev/null 2>&1 || { \
		echo "make: dist packs what git has, and this is no clone" >&2; \
		exit 1; }
	@mkdir -p $(root)
	$(say) DIST $(root)/dwunw-$(version).tar.gz
	$(Q)git archive --format=tar --prefix=dwunw-$(version)/ HEAD | \
		gzip -9n >$(root)/dwunw-$(version).tar.gz
