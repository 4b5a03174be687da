# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
################################################################################
#
# dwunw
#
################################################################################

DWUNW_VERSION = 0.2.0
# the repository that this external tree is in
DWUNW_SITE = $(BR2_EXTERNAL_DWUNW_PATH)/../..
DWUNW_SITE_METHOD = local
DWUNW_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude build
DWUNW_LICENSE = LGPL-2.1 or BSD-2-Clause
DWUNW_LICENSE_FILES = LICENSE LICENSE.LGPL-2.1 LICENSE.BSD-2-Clause
DWUNW_INSTALL_STAGING = YES

DWUNW_VARIANT = $(if $(BR2_PACKAGE_DWUNW_FULL),full,small)
DWUNW_OUT = $(@D)/build
# Buildroot's names of machines, as packaging/openwrt/dwunw/configure knows them
DWUNW_MAKE = $(MAKE) -C $(@D) O=$(DWUNW_OUT) ARCH=$(BR2_ARCH) $(TARGET_CONFIGURE_OPTS) \
	CROSS_COMPILE=$(TARGET_CROSS) HOSTCC="$(HOSTCC)" HOSTPYTHON=false \
	$(if $(BR2_STATIC_LIBS),,static=)
DWUNW_BUILT = $(patsubst %/,%,$(wildcard $(DWUNW_OUT)/*/))

define DWUNW_CONFIGURE_CMDS
	$(@D)/packaging/openwrt/dwunw/configure $(@D) $(DWUNW_VARIANT) $(BR2_ARCH) $(DWUNW_OUT)
endef

define DWUNW_BUILD_CMDS
	$(DWUNW_MAKE) $(if $(BR2_PACKAGE_DWUNW_FULL),all,$(DWUNW_BUILT)/dwunw)
endef

ifeq ($(BR2_PACKAGE_DWUNW_FULL),y)
define DWUNW_INSTALL_STAGING_CMDS
	$(DWUNW_MAKE) PREFIX=/usr DESTDIR=$(STAGING_DIR) install
endef
endif

define DWUNW_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(DWUNW_BUILT)/dwunw $(TARGET_DIR)/usr/bin/dwunw
endef

$(eval $(generic-package))
