#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
exec tests/guests/run.sh x86_64-5.10 x86_64-6.1 x86_64-6.12 arm64-5.10
