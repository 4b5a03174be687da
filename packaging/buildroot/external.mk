# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
include $(sort $(wildcard $(BR2_EXTERNAL_DWUNW_PATH)/package/*/*.mk))
