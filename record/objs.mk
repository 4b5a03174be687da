# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A program of libdwunw-record.a is linked with libdwunw.a as well.
record-y := bytes.o chunk.o encode.o pool.o decode.o reader.o sums.o merge.o values.o file.o writer.o

# pack.o holds what it needs of zlib or zstd, as port/linux/unpack.o does.
record_pack-$(CONFIG_RECORD_ZLIB) += RECORD_ZLIB:zlib.h:libz.a:zlib1g-dev
record_pack-$(CONFIG_RECORD_ZSTD) += RECORD_ZSTD:zstd.h:libzstd.a:libzstd-dev
pack_o := $(out)/record/pack/pack.o
$(pack_o): record/pack.c record/objs.mk scripts/unpack-libs $(made_first)
	@mkdir -p $(@D)
	@CC='$(CC) $(target_cflags) $(CFLAGS)' scripts/unpack-libs \
		$(record_pack-y) >$(@D)/libs
	$(say) CC $<
	$(Q)$(CC) $(all_cflags) $(port_cflags) -fno-lto -MMD -MP -MT $@ \
		-MF $(@D)/pack.d -c $< -o $(@D)/alone.o
	$(if $(record_pack-y),$(say) LD $@)
	$(Q)if [ -s $(@D)/libs ]; then \
		$(CC) $(target_cflags) -nostdlib -fno-lto -r -o $(@D)/whole.o \
			$(@D)/alone.o $$(cat $(@D)/libs) && \
		$(OBJCOPY) --keep-global-symbol=dwu_rec_pack --strip-debug \
			$(@D)/whole.o $@; \
	else cp $(@D)/alone.o $@; fi
-include $(out)/record/pack/pack.d
