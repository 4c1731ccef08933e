# shellcheck shell=sh
# For the accesses scenarios: file systems, keys and kinds of labels, then the question.
# All of a file's kinds are of the one program that every file holds.

# prepare: places to lie in. PLACES: as ask-accesses takes them; a plus: has O_DIRECT.
prepare() {
	echo 0 >/proc/sys/kernel/printk_ratelimit
	mkdir -p /m /keys /etc/keys/ima && cd /m || return 1
	mkdir ext4 tmpfs overlay ramfs upper
	mkfs.ext4 -q -F -b 4096 -O verity -U 11111111-2222-4333-8444-555555555555 \
		"$lab_disk" || return 1
	mount -t ext4 "$lab_disk" ext4 || return 1
	mkdir -p /dev/disk/by-uuid # as udev would
	ln -s "$lab_disk" /dev/disk/by-uuid/11111111-2222-4333-8444-555555555555
	mount -t tmpfs tmpfs tmpfs
	mount -t ramfs ramfs ramfs
	mount -t tmpfs tmpfs upper
	mkdir ext4/files ext4/lower upper/upper upper/work
	PLACES='ext4/files+ tmpfs ramfs ext4/files+'
	! grep -q overlay /proc/filesystems || PLACES="$PLACES ext4/lower=overlay"
	if grep -qw xfs /proc/filesystems && [ -b /dev/loop0 ]; then
		mkdir xfs
		truncate -s 320M upper/xfs.img
		mkfs.xfs -q -m uuid=33333333-2222-4333-8444-555555555555 upper/xfs.img
		mount -o loop upper/xfs.img xfs && PLACES="$PLACES xfs+"
		ln -s ../../loop0 /dev/disk/by-uuid/33333333-2222-4333-8444-555555555555
	fi
}

# keys: one of RSA that the lab's CA certifies, loaded; an EC one, where it can be.
keys() {
	cp /lab/ima.der /keys/rsa.der
	cp /lab/ima.key /keys/rsa.key
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -batch \
		-config /lab/ima.conf -extensions code_signing -CA /lab/ca.pem \
		-CAkey /lab/ca.key -set_serial 77 -days 999 -outform DER \
		-keyout /keys/ec.key -out /keys/ec.der 2>/dev/null
	cp /keys/*.der /etc/keys/ima/
	for _use in ima evm; do
		_ring=.$_use
		grep -q " \.$_use: " /proc/keys || {
			_ring=_$_use
			keyctl newring $_ring @u >/dev/null
		}
		for _cert in /keys/*.der; do
			keyctl padd asymmetric '' %:$_ring <"$_cert" >/dev/null || return 1
		done
	done
	cp /lab/ca.key /keys/unknown.key # the CA's own, which no keyring for files holds
	cp /lab/ca.der /keys/unknown.der
}

# ask COUNT POLICY: a number, or a file with rules. $lab_seed: which accesses.
ask() {
	ask-accesses model ext4/model
	step kinds ask-accesses kinds ext4/model /keys ext4/verity ${lab_evm:+evm}
	cp "$LAB_OUT/kinds.out" /kinds
	[ -z "$lab_evm" ] || echo 4 >/sys/kernel/security/integrity/evm/evm
	step make ask-accesses make "${lab_seed:-$2}" "$1" /kinds $PLACES
	if [ -n "$lab_evm" ]; then
		_hash=$(imactl evm enable signatures --dry-run | sed -n 's/^Plan hash: //p')
		step enable imactl evm enable signatures --apply --plan="$_hash"
	fi
	case $PLACES in
	*=overlay*) mount -t overlay -o \
		lowerdir=ext4/lower,upperdir=upper/upper,workdir=upper/work overlay overlay ;;
	esac
	step run ask-accesses run "${lab_seed:-$2}" "$1" /kinds "$2" $PLACES
	tail -n 1 "$LAB_OUT/run.out" >/dev/console
}
