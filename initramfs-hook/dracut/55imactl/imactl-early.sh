#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A boot that is a trial is watched from here on, before devices are looked for.
/usr/sbin/imactl-recovery guard
