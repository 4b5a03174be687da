# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program of libdwunw-report.a is linked with libdwunw.a as well.
report-y := store.o model.o values.o sum.o baseline.o suppress.o out.o write.o text.o folded.o
report-$(CONFIG_REPORT_FORMATS) += json.o pprof.o proto.o heaptrack.o speedscope.o metrics.o \
	otlp.o html.o page.o

# gzip.o holds what it needs of zlib with its names made local, as unpack.o does
# (port/linux/objs.mk).
report_gzip-$(CONFIG_REPORT_GZIP) += REPORT_GZIP:zlib.h:libz.a:zlib1g-dev
gzip_o := $(out)/report/gzip/gzip.o
$(gzip_o): report/gzip.c report/objs.mk scripts/unpack-libs $(made_first)
	@mkdir -p $(@D)
	@CC='$(CC) $(target_cflags) $(CFLAGS)' scripts/unpack-libs \
		$(report_gzip-y) >$(@D)/libs
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) -fno-lto -MMD -MP -MT $@ \
		-MF $(@D)/gzip.d -c $< -o $(@D)/alone.o
	$(if $(report_gzip-y),$(say) LD $@)
	$(Q)if [ -s $(@D)/libs ]; then \
		$(CC) $(target_cflags) -nostdlib -fno-lto -r -o $(@D)/whole.o \
			$(@D)/alone.o $$(cat $(@D)/libs) && \
		$(OBJCOPY) --keep-global-symbol=dwu_gzip --strip-debug \
			$(@D)/whole.o $@; \
	else cp $(@D)/alone.o $@; fi
-include $(out)/report/gzip/gzip.d

# the page's script and style, as bytes
$(if $(CONFIG_REPORT),$(out)/report/page.o): report/page.S report/page.html $(made_first)
	@mkdir -p $(@D)
	$(say) AS $<
	$(Q)$(CC) $(target_cflags) -DPAGE='"report/page.html"' -c $< -o $@
