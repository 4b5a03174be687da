# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A stand-in for OpenWrt's rules.mk: the variables that the feed's Makefile uses, for a
# target of $(SDK_TARGET) = mips, mipsel or aarch64, with $(SDK_CC) as its compiler.
# What it takes for granted of OpenWrt is listed in packaging/openwrt/README.md.

ARCH := $(SDK_TARGET)
INCLUDE_DIR := $(TOPDIR)/include
BUILD_DIR := $(SDK_WORK)/build_dir/target-$(ARCH)_musl
STAGING_DIR := $(SDK_WORK)/staging_dir/target-$(ARCH)_musl
BIN_DIR := $(SDK_WORK)/bin/$(ARCH)

TARGET_CROSS := $(SDK_CROSS)
TARGET_CC := $(SDK_CC)
TARGET_CXX := no
HOSTCC := gcc
TARGET_OPTIMIZATION_mips := -Os -pipe -mno-branch-likely -mips32r2 -mtune=24kc
TARGET_OPTIMIZATION_mipsel := $(TARGET_OPTIMIZATION_mips)
TARGET_OPTIMIZATION_aarch64 := -Os -pipe -mcpu=cortex-a53
# hardening as by default: format strings, stack protector, RELRO
# CONFIG_USE_MIPS16, the default of processors that have it (package.mk)
TARGET_MIPS16 := $(if $(filter mips mipsel,$(ARCH)),-mips16 -minterlink-mips16)
TARGET_CFLAGS := $(TARGET_OPTIMIZATION_$(ARCH)) -fno-caller-saves -fno-plt -Wformat \
	-Werror=format-security -fstack-protector -D_FORTIFY_SOURCE=1 $(SDK_CFLAGS)
TARGET_CPPFLAGS := -I$(STAGING_DIR)/usr/include
TARGET_LDFLAGS := -L$(STAGING_DIR)/usr/lib -Wl,-z,now -Wl,-z,relro

TARGET_CONFIGURE_OPTS = AR=$(TARGET_CROSS)ar AS="$(TARGET_CC) -c $(TARGET_CFLAGS)" \
	LD=$(TARGET_CROSS)ld NM=$(TARGET_CROSS)nm CC="$(TARGET_CC)" GCC="$(TARGET_CC)" \
	CXX="$(TARGET_CXX)" RANLIB=$(TARGET_CROSS)ranlib STRIP=$(TARGET_CROSS)strip \
	OBJCOPY=$(TARGET_CROSS)objcopy OBJDUMP=$(TARGET_CROSS)objdump \
	SIZE=$(TARGET_CROSS)size

CP := cp -fpR
INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755
INSTALL_DATA := install -m0644

# what `make menuconfig` has written
-include $(SDK_WORK)/.config
