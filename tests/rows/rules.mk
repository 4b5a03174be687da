# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Files with call frame information of every kind, for tests/rows.

ifneq ($(foreign),1)
rows := $(out)/tests/rows
rows_made := tests/rows/rules.mk $(flags_file)
rows_debug := -O2 -fno-asynchronous-unwind-tables

rows_how_rules := $(test_glibc_cc) -nostdlib -static
rows_how_rules-shared := $(test_glibc_cc) -nostdlib -shared
rows_how_cie1 := $(test_glibc_cc) -nostdlib -static -DDEBUG_FRAME \
	-Wa,--gdwarf-cie-version=1
rows_how_cie3 := $(test_glibc_cc) -nostdlib -static -DDEBUG_FRAME \
	-Wa,--gdwarf-cie-version=3
rows_how_cie4 := $(test_glibc_cc) -nostdlib -static -DDEBUG_FRAME \
	-Wa,--gdwarf-cie-version=4
rows_how_encodings := $(test_glibc_cc) -nostdlib -static -no-pie
rows_how_static-no-hdr := $(test_glibc_cc) -O2 -static -Wl,--no-eh-frame-hdr
rows_how_static := $(test_glibc_cc) -O2 -static
rows_how_static-pie := $(test_glibc_cc) -O2 -static-pie
rows_how_gcc-dwarf2 := gcc $(rows_debug) -gdwarf-2
rows_how_gcc-dwarf4 := gcc $(rows_debug) -gdwarf-4
rows_how_gcc-dwarf5 := gcc $(rows_debug) -gdwarf-5
rows_how_gcc-dwarf64 := gcc $(rows_debug) -g -gdwarf64
rows_how_gcc-fp := gcc -O2 -fno-omit-frame-pointer
rows_how_gcc-packed := gcc $(rows_debug) -g -gz
rows_how_clang-dwarf2 := $(CLANG) $(rows_debug) -gdwarf-2
rows_how_clang-dwarf5 := $(CLANG) $(rows_debug) -gdwarf-5
rows_how_clang-O2 := $(CLANG) -O2
rows_how_musl := musl-gcc -O2
rows_how_musl-static := musl-gcc -O2 -static

# those whose compiler is here
rows_of = $(foreach n,$(1),$(if $(call has,$(firstword $(rows_how_$(n)))),\
	$(rows)/$(n)))
rows_cfi := $(call rows_of,rules rules-shared cie1 cie3 cie4)
rows_hand := $(call rows_of,encodings)
rows_program := $(call rows_of,static-no-hdr static static-pie gcc-dwarf2 \
	gcc-dwarf4 gcc-dwarf5 gcc-dwarf64 gcc-fp gcc-packed clang-dwarf2 \
	clang-dwarf5 clang-O2 musl musl-static)
rows_files := $(rows_cfi) $(rows_hand) $(rows_program)
$(rows_files): private how = $(rows_how_$(@F))
$(rows_cfi): tests/rows/cfi.S
$(rows_hand): tests/rows/hand.S
$(rows_program): tests/rows/program.c
$(rows_files): $(rows_made)
	$(test_build)

# The program that looks rows up by address.
$(rows)/random: private how := $(CC) $(target_cflags) -std=c11 -O2 -D_GNU_SOURCE \
	-Wall -Wextra -Werror -Iinclude $(sanitize)
$(rows)/random: private with := -lpthread $(LDLIBS)
$(rows)/random: tests/rows/random.c $(wildcard include/dwunw/*.h) $(full_lib) \
		$(rows_made)
	$(test_build)

test_programs += $(rows_files) $(rows)/random
endif
