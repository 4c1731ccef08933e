#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Something is wrong before the root was reached: a menu, where one is allowed.
/usr/sbin/imactl-recovery menu
