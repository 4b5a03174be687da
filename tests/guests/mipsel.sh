#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
exec tests/guests/run.sh mipsel mipsel-recorded mipsel-router
