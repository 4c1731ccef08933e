#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an initramfs of dracut holds of imactl; see imactl-recovery(8).
# shellcheck disable=SC2154 # moddir, hostonly and the like are dracut's

lists=/usr/share/imactl/initramfs

check() {
	require_binaries /usr/sbin/imactl-recovery || return 1
}

depends() {
	return 0
}

# Hashes and signatures that policies and keys name, file systems of the disks that a report
# goes to: loaded when the kernel asks for one.
installkernel() {
	local name
	while read -r name; do
		hostonly='' instmods -o "$name"
	done <"${dracutsysrootdir-}$lists/modules"
}

install() {
	local terminal
	inst_simple /usr/sbin/imactl-recovery
	# Ahead of udev; ahead of dracut's own keys (61) and policy (62); ahead of the shell.
	inst_hook pre-udev 05 "$moddir/imactl-early.sh"
	inst_hook pre-pivot 50 "$moddir/imactl-gate.sh"
	inst_hook emergency 50 "$moddir/imactl-menu.sh"
	if [ ! -e "${dracutsysrootdir-}/etc/imactl/no-console" ]; then
		inst_multiple -o /usr/bin/imactl
		while read -r terminal; do
			inst_multiple -o "/etc/terminfo/$terminal" "/lib/terminfo/$terminal" \
				"/usr/share/terminfo/$terminal"
		done <"${dracutsysrootdir-}$lists/terminals"
	fi
}
