# For scenarios that put the gate to a disk at /mnt, without PID 1.
. $LAB/recovery.sh
disk=/mnt/etc/ima/ima-policy

begin() {
	mount -t ext4 $lab_disk /mnt
	mkdir -p /mnt/etc/ima /mnt/etc/keys/ima
	cp $LAB/ima.der /mnt/etc/keys/ima
}

# sign FILE [KEY]: beside KEY.key lies its certificate, KEY.der.
sign() {
	change policy sign $1 --key ${2-$LAB/ima}.key --cert ${2-$LAB/ima}.der >/dev/null
}

# keep N: what lies on the disk becomes generation N, good for this kernel.
keep_good() {
	change --root /mnt generation record && change --root /mnt generation bless $1
}

forget_keys() {
	keyctl clear %:.ima || keyctl clear %keyring:_ima
}

# try NAME: the gate, in a machine that has just been started as it were.
try() {
	rm -rf /run/imactl
	forget_keys >/dev/null 2>&1
	step $1 imactl-recovery gate /mnt
	step $1-seen sh -c 'readlink /run/imactl/verdict
		readlink /run/imactl/generation || echo 0; cat /run/imactl/why'
	umount /mnt/etc/keys/ima /mnt/etc/ima 2>/dev/null
}
