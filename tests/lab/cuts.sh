# The job of machines whose power is cut (lab/cuts.py). lab.op says what this one does when it
# happens; "check" is the next one, which finds what is left.
. $LAB/recovery.sh
disk=/etc/ima/ima-policy

# rules_from UID: a policy of several blocks of the disk, told by its first UID.
rules_from() {
	_uid=$1
	while [ $_uid -lt $(($1 + 100)) ]; do
		policy $_uid
		_uid=$((_uid + 1))
	done
}

say() {
	echo "lab: $*" >/dev/console
}

# What was there before is on the disk; from here on the power may go. The disk's log has the
# moment too: on a busy machine the console is read long after.
begins() {
	sync
	echo "lab: op begins" >/root/begins
	sync
	say op begins
}

ends() {
	_ended=$?
	say "op ends $_ended"
	return $_ended
}

# plan WORDS...: the hash of what would be done.
plan() {
	imactl "$@" --dry-run | sed -n 's/^Plan hash: //p'
}

by_plan() {
	_hash=$(plan "$@")
	begins
	imactl "$@" --apply --plan="$_hash"
	ends
}

last_change() {
	imactl change list | sed -n 's/^ *\([0-9]*\) .*/\1/p' | sort -n | tail -n 1
}

# op NAME: what the power is cut in.
op() {
	case $1 in
	record)
		cp /root/4000 $disk
		by_plan generation record
		;;
	install) by_plan policy install /root/4000 ;;
	undo)
		change policy install /root/4000
		by_plan change undo "$(last_change)"
		;;
	bless) by_plan generation bless 3 ;;
	unbless) by_plan generation unbless 2 ;;
	rollback)
		begins
		imactl-recovery rollback 1
		ends
		;;
	back) by_plan recovery rollback 1 ;;
	stage) by_plan rollout stage /root/4000 ;;
	arm)
		change rollout stage /root/4000
		by_plan rollout arm --in-place
		;;
	abort)
		armed
		by_plan rollout abort
		;;
	confirm)
		imactl recovery health
		by_plan rollout confirm
		;;
	*) # the boot itself
		true
		ends
		;;
	esac
}

armed() {
	change rollout stage /root/4000 && change rollout arm --in-place
}

# The same once more, from whatever was left; of a trial, another one.
again() {
	case $1 in
	arm | abort | confirm | trial) ;;
	*)
		op $1
		return
		;;
	esac
	case $(readlink /etc/imactl/trial) in
	proving:*)
		# What this boot did not load it cannot prove: the change was finished in it.
		[ "$(known)" = "$(cat $LAB_OUT/known.out)" ] || return 0
		imactl recovery health
		return
		;;
	?*) change rollout abort || return ;;
	esac
	armed
}

# Three generations, the first two good; the policy of the second, or a bad one, on the disk.
prepare() {
	mkdir -p /etc/ima /etc/keys/ima /etc/systemd/system-generators
	# What else there is takes seconds; in the words for the kernel it would be a boot that
	# is none to try a policy in.
	rm -f /etc/systemd/system/default.target
	printf '[Unit]\nWants=lab.service\nAfter=lab.service\n' >/etc/systemd/system/default.target
	for name in /usr/lib/systemd/system-generators/*; do # they take seconds here
		ln -sf /dev/null /etc/systemd/system-generators/
		ln -sf /dev/null "/etc/systemd/system-generators/${name##*/}"
	done
	for uid in 1000 2000 3000 4000; do
		rules_from $uid >/root/$uid
	done
	cp /root/1000 $disk
	step good-1 keep_generation 1
	cp $LAB/ima.der /etc/keys/ima
	cp /root/2000 $disk
	step good-2 keep_generation 2
	cp /root/3000 $disk
	step record-3 change generation record
	cp /root/2000 $disk
	case $lab_base in
	bad) echo bogus=1 >>$disk ;;
	armed) step armed armed ;;
	esac
	sync
}

keep_generation() {
	change generation record && change generation bless $1
}

# The policy at a path, by its name.
known() {
	for uid in 1000 2000 3000 4000; do
		if cmp -s /root/$uid $disk; then echo $uid; fi
	done
	return 0
}

# What the kernel goes by; nothing where it does not show it.
in_force() {
	imactl policy show 2>/dev/null | sed -n 's/.*BPRM_CHECK.* uid=//p'
	return 0
}

open_change() {
	imactl change list | sed -n 's/^ *\([0-9]*\) *\(open\|back\).*/\1/p'
}

# Finished or taken back, as lab.way says.
settle() {
	for id in $(open_change); do
		change change "$lab_way" $id || return
	done
}

check() {
	step login su nobody -s /bin/sh -c 'id -u'
	step verdict readlink /run/imactl/verdict
	step known known
	step in-force in_force
	step updates sh -c "dmesg | grep -c 'ima: policy update completed'; true"
	step generations imactl generation list --json
	step changes imactl change list --json
	step trial readlink /etc/imactl/trial
	step status imactl-recovery status
	step ext4 sh -c "dmesg | grep -E 'EXT4-fs (error|warning)'; true"
	step settle settle
	step again again $lab_again
	step disk disk
	step generations-again imactl generation list --json
	step changes-again imactl change list --json
}

disk() {
	umount /etc/ima 2>/dev/null
	known
}

case $lab_op in
prepare) prepare ;;
check) check ;;
*)
	op $lab_op >/dev/null 2>&1
	sleep 60
	;;
esac
