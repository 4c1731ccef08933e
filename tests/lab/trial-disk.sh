# For disks that start themselves: a trial by an entry of the boot loader, start by start.
. $LAB/recovery.sh

# What the packages would install, but for the console in the initramfs.
install_hook() {
	share=/usr/share/initramfs-tools
	cp $LAB/bin/imactl-recovery /usr/sbin/
	cp $LAB/bin/imactl /usr/bin/
	install -D -m 755 $LAB/hook/hooks $share/hooks/imactl
	for _when in init-top init-bottom panic; do
		install -D -m 755 $LAB/hook/$_when $share/scripts/$_when/imactl
	done
	install -D -m 644 $LAB/hook/modules /usr/share/imactl/initramfs/modules
	mkdir -p /etc/imactl
	touch /etc/imactl/no-console
	# what this machine needs, and quickly: nothing here is about the image's size
	printf 'MODULES=list\nCOMPRESS=gzip\nCOMPRESSLEVEL=1\n' >/etc/initramfs-tools/conf.d/lab
	printf 'virtio_pci\nvirtio_blk\next4\n' >>/etc/initramfs-tools/modules
	update-initramfs -u || return
	[ ! -d /boot/efi/debian ] || cp /boot/initrd.img-* /boot/efi/debian/initrd.img
}

arm() {
	step arm-$lab_start change rollout arm --deadline=3600
	step armed-$lab_start imactl mode --json
}

trial_start() {
	keep cmdline-$lab_start /proc/cmdline
	step verdict-$lab_start readlink /run/imactl/verdict
	step status-$lab_start imactl rollout status --json
	case $lab_start in
	1)
		echo 'measure func=BPRM_CHECK mask=MAY_EXEC' >/root/policy
		step stage change rollout stage /root/policy --mode=log
		step no-hook imactl rollout arm --dry-run
		step hook install_hook
		step hook-test imactl recovery test
		arm
		;;
	3)
		step text imactl rollout status
		step disk ls -A /etc/ima
		arm
		;;
	4)
		step health imactl recovery health
		step confirm change rollout confirm
		;;
	5)
		step health-5 imactl recovery health
		step good imactl generation list --json
		step ended imactl rollout status --json
		step mode imactl mode --json
		;;
	esac
}
