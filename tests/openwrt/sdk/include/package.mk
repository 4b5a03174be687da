# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A stand-in for OpenWrt's package.mk: Build/Prepare, Configure, Compile and InstallDev
# run once each, in this order; then the install of each package of this BUILD_VARIANT,
# whose files are stripped and kept as $(BIN_DIR)/NAME, beside NAME.control.

TARGET_CFLAGS += $(if $(filter no-mips16,$(PKG_BUILD_FLAGS)),,$(TARGET_MIPS16))
PKG_BUILD_DIR ?= $(BUILD_DIR)/$(if $(BUILD_VARIANT),$(PKG_NAME)-$(BUILD_VARIANT)/)$(PKG_NAME)-$(PKG_VERSION)
PKG_INSTALL_DIR ?= $(PKG_BUILD_DIR)/ipkg-install
PKG_JOBS ?= -j1

prepared := $(PKG_BUILD_DIR)/.prepared
configured := $(PKG_BUILD_DIR)/.configured
built := $(PKG_BUILD_DIR)/.built
staged := $(STAGING_DIR)/stamp/.$(PKG_NAME)-$(BUILD_VARIANT)_installed

.PHONY: compile dumpinfo
compile: $(staged)
dumpinfo:

# As in OpenWrt, recipes are expanded when they run: a folder that is made before is
# there.
$(prepared):
	rm -rf $(PKG_BUILD_DIR)
	mkdir -p $(PKG_BUILD_DIR) $(STAGING_DIR)/usr/include
	# what PKG_BUILD_DEPENDS:=libbpf has put there
	ln -sfn /usr/include/bpf $(STAGING_DIR)/usr/include/bpf
	$(Build/Prepare)
	touch $@
$(configured): $(prepared)
	$(Build/Configure)
	touch $@
$(built): $(configured)
	$(Build/Compile)
	touch $@
$(staged): $(built)
	mkdir -p $(@D) $(SDK_WORK)/stage
	$(call Build/InstallDev,$(SDK_WORK)/stage)
	$(CP) $(SDK_WORK)/stage/. $(STAGING_DIR)/
	rm -rf $(SDK_WORK)/stage
	touch $@

define Package/Default
  SECTION:=opt
  CATEGORY:=Extra packages
  DEPENDS:=
  TITLE:=
  VARIANT:=
  PROVIDES:=
  CONFLICTS:=
  BUILDONLY:=
endef

# The fields of a package are variables while it is looked at.
define BuildPackage
  $(eval $(Package/Default))
  $(eval $(Package/$(1)))
  $(foreach field,TITLE CATEGORY SECTION,$(if $($(field)),,$(error Package/$(1) is missing the $(field) field)))
  $(eval $(call sdk_dump,$(1),$(TITLE),$(CATEGORY),$(VARIANT),$(DEPENDS),$(CONFLICTS)))
  $(if $(BUILDONLY),,$(if $(filter-out $(BUILD_VARIANT),$(VARIANT)),,$(eval $(call sdk_package,$(1),$(DEPENDS)))))
endef

define sdk_dump
dumpinfo: dumpinfo-$(1)
.PHONY: dumpinfo-$(1)
dumpinfo-$(1):
	@echo 'Package: $(1); $(3); $(2); variant $(4); depends $(5); conflicts $(6)'
endef

define sdk_package
compile: $(BIN_DIR)/$(1).control
$(BIN_DIR)/$(1).control: $(staged)
	rm -rf $(BIN_DIR)/$(1)
	mkdir -p $(BIN_DIR)/$(1)
	$$(call Package/$(1)/install,$(BIN_DIR)/$(1))
	find $(BIN_DIR)/$(1) -type f -perm /111 -exec $(TARGET_CROSS)strip {} ';' \
		-exec $(SDK_SSTRIP) {} {}.sstripped ';' -exec mv {}.sstripped {} ';'
	echo 'Depends: $(2)' >$$@
endef
