# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# What is installed is built before its test; the example is the README's.
needs_install := $(out)/tests/docs/example
