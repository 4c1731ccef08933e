# For scenarios of recovery: changes applied, policies made, generations kept.

# change WORDS...: make the plan of a change and apply it.
change() {
	_hash=$(imactl "$@" --dry-run | sed -n 's/^Plan hash: //p')
	imactl "$@" --apply --plan="$_hash"
}

# policy UID...: one that no access of this machine meets, and that can be told by its UIDs.
policy() {
	for _uid; do
		echo "audit func=BPRM_CHECK mask=MAY_EXEC uid=$_uid"
	done
}

# good N: what is in /etc/ima and /etc/keys/ima becomes generation N, good for this kernel.
good() {
	step record-$1 change generation record
	step bless-$1 change generation bless $1
}

# rules: those in force, where the kernel shows them; else that a policy was loaded.
rules() {
	imactl policy show 2>/dev/null | grep BPRM_CHECK
	dmesg | grep -c 'ima: policy update completed'
	return 0
}

# seen: what the gate left for this boot, and what is known.
seen() {
	step verdict-$lab_start readlink /run/imactl/verdict
	step generation-$lab_start readlink /run/imactl/generation
	step why-$lab_start cat /run/imactl/why
	step rules-$lab_start rules
	step status-$lab_start $LAB/bin/imactl-recovery status
	step line-$lab_start sh -c 'dmesg | grep "imactl: gate $(readlink /run/imactl/nonce):"'
	step held-$lab_start sh -c 'ls -l /proc/[0-9]*/fd 2>/dev/null | grep integrity/ima/policy'
}
