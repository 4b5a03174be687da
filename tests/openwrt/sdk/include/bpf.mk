# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# A stand-in for OpenWrt's bpf.mk: where clang is.
BPF_DEPENDS := @HAS_BPF_TOOLCHAIN +@NEED_BPF_TOOLCHAIN
CLANG := $(firstword $(shell command -v clang clang-14))
LLVM_VER := $(subst clang,,$(notdir $(CLANG)))
LLVM_PATH := $(patsubst %/,%,$(dir $(CLANG)))
