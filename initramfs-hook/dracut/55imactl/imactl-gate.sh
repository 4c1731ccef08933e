#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The policy that PID 1 is about to load is judged, and replaced if it would stop the boot.
/usr/sbin/imactl-recovery gate "${NEWROOT:-/sysroot}"
