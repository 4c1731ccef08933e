# For scenarios of a machine that starts as Debian starts it: a good policy is kept, and the
# next start finds one that the kernel refuses.
. $LAB/recovery.sh

begin() {
	step inside imactl recovery test --json
	policy 4321 >/etc/ima/ima-policy
	good 1
	echo 'bogus=1' >>/etc/ima/ima-policy
}

# found: what the gate made of it, and how the root is mounted.
found() {
	step verdict readlink /run/imactl/verdict
	step bound readlink /run/imactl/generation
	step policy cat /etc/ima/ima-policy
	step mounts cat /proc/mounts
	dmesg | grep -E 'imactl|ima: policy|systemd.*IMA' >/run/kmsg
	keep kmsg /run/kmsg
}
