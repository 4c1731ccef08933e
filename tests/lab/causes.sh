# shellcheck shell=sh
# For scenarios that want denials of every kind: files and labels, a policy, and what makes
# the kernel deny or report each cause. Owners stand for rules.
EVM=/sys/kernel/security/integrity/evm

# causes_sign FILE: signs it; the value, in hexadecimal.
causes_sign() {
	_hash=$(imactl file sign -k /lab/ima.key -c /lab/ima.der "$1" --dry-run |
		sed -n 's/^Plan hash: //p')
	imactl file sign -k /lab/ima.key -c /lab/ima.der "$1" --apply --plan="$_hash" \
		>/dev/null || return 1
	getfattr --absolute-names -n security.ima -e hex "$1" | sed -n 's/.*=0x//p'
}

# causes_files: file systems, keys, files with their labels. In /m.
causes_files() {
	mkdir -p /m && cd /m || return 1
	mkfs.ext4 -q -F -b 4096 -O verity "$lab_disk" 2>/dev/null || return 1
	mkdir ext4
	mount -t ext4 "$lab_disk" ext4 || return 1
	for _use in ima evm; do
		_ring=.$_use
		grep -q " \.$_use: " /proc/keys || {
			_ring=_$_use
			keyctl newring $_ring @u >/dev/null
		}
		keyctl padd asymmetric '' %:$_ring </lab/ima.der >/dev/null || return 1
	done
	echo 'model -' | appraise-files make ext4/model 1 0 || return 1
	_model=ext4/model/model.1
	_rsa=$(causes_sign $_model) || return 1
	_sum=$(sha256sum $_model | cut -d ' ' -f 1)
	_zeros=$(printf %064d 0)
	{
		echo 'missing-hash -'
		echo "invalid-hash 0404$_zeros"
		echo "invalid-signature ${_rsa%??????}$(printf %06d 0)"
		echo "unknown-ima-data 02$_zeros"
		echo "invalid-signature-version 0303${_rsa#????}"
		echo "right 0404$_sum"
	} | appraise-files make ext4/read read 2000 || return 1
	echo "IMA-signature-required 0404$_sum" | appraise-files make ext4/imasig read 2001
	echo "verity-signature-required $_rsa" |
		appraise-files make ext4/verity read 2002 verity
	echo 'verity -' | appraise-files make ext4/model2 1 0 verity
	_verity=$(causes_sign ext4/model2/verity.1) || return 1
	echo "invalid-verity-signature ${_verity%??????}$(printf %06d 0)" |
		appraise-files make ext4/verity2 read 2002 verity
	# Linux has had no RIPEMD-128 since 5.12, built in or as a module.
	setfattr -n security.ima -v "0x0408$(printf %032d 0)" ext4/model2/verity.1 2>/dev/null
	echo "no-verity-digest 06${_rsa#??}" | appraise-files make ext4/plain read 2002
	echo "denied-hash-algorithm 0402$(sha1sum $_model | cut -d ' ' -f 1)" |
		appraise-files make ext4/algos read 2003
	echo "directio 0404$_sum" | appraise-files make ext4/direct direct 2000
	{
		echo "protect 0404$_sum"
		echo "shared 0404$_sum"
	} | appraise-files make ext4/map map 3100
	{
		echo "ToMToU -"
		echo "open_writers -"
	} | appraise-files make ext4/vio vio 2100
	echo "label -" | appraise-files make ext4/label label 2200
	causes_evm_files || return 1
	cat >/m/policy <<-END
	appraise func=FILE_CHECK fowner=2000
	appraise func=FILE_CHECK fowner=2001 appraise_type=imasig
	appraise func=FILE_CHECK fowner=2002 digest_type=verity appraise_type=sigv3
	appraise func=FILE_CHECK fowner=2003 appraise_algos=sha256
	appraise func=FILE_CHECK fowner=2300
	appraise func=MMAP_CHECK fowner=3100
	appraise func=SETXATTR_CHECK appraise_algos=sha256
	measure func=FILE_CHECK mask=MAY_READ fowner=2100
	END
}

# causes_evm_files: what EVM will not take, made before it looks. In /m, with $_sum and $_rsa.
causes_evm_files() {
	{
		echo "missing-HMAC 0404$_sum"
		echo "invalid-HMAC 0404$_sum $_rsa" # a signature of something else
		echo "fail-immutable 0404$_sum"
		echo "pass-immutable 0404$_sum"
		echo "no-xattrs -"
	} | appraise-files make ext4/evm evm 2300 || return 1
	for _file in ext4/evm/*-immutable.evm; do
		_hash=$(imactl evm sign -k /lab/ima.key -c /lab/ima.der $_file --dry-run |
			sed -n 's/^Plan hash: //p')
		imactl evm sign -k /lab/ima.key -c /lab/ima.der $_file --apply \
			--plan="$_hash" >/dev/null || return 1
	done
	chmod 700 ext4/evm/fail-immutable.evm
}

# causes_evm: EVM is told to look, by its HMAC and by signatures; each is used, and would be
# changed. What it protects is one more, where the kernel lets it be said.
causes_evm() {
	head -c 32 /dev/zero | keyctl padd user kmk @u >/dev/null || return 1
	keyctl add encrypted evm-key 'new user:kmk 64' @u >/dev/null || return 1
	[ ! -e "$EVM/evm_xattrs" ] || echo security.lab >"$EVM/evm_xattrs" || return 1
	# Debian's 6.1 falls over once EVM has an HMAC key and a file is made: linux 6.1
	# evm_main.c evm_inode_init_security() takes for granted that an LSM named an attribute.
	case $(uname -r) in
	6.1.*cloud*) echo 2 >"$EVM/evm" || return 1 ;;
	*) echo 3 >"$EVM/evm" || return 1 ;;
	esac
	for _file in missing-HMAC invalid-HMAC pass-immutable; do
		chmod 750 ext4/evm/$_file.evm
	done
	setfattr -n security.ima -v "0x0404$(printf %064d 0)" ext4/evm/no-xattrs.evm
	appraise-files read ext4/evm/*-HMAC.evm ext4/evm/fail-immutable.evm
}

# causes_policies: three that the kernel refuses, then the one.
causes_policies() {
	echo 'appraise fnc=FILE_CHECK' >"$IMA/policy" # an unknown word
	echo 'measure func=BPRM_CHECK digest_type=verity pcr=99' >"$IMA/policy"
	cat /m/policy >"$IMA/policy"
}

# causes_files_used: each is used once, as its cause wants it. In /m.
causes_files_used() {
	appraise-files read ext4/read/*.read ext4/imasig/* ext4/verity/* ext4/verity2/* \
		ext4/plain/* ext4/algos/*
	appraise-files direct ext4/direct/*
	appraise-files protect ext4/map/protect.map
	appraise-files shared ext4/map/shared.map
	exec 5<ext4/vio/ToMToU.vio
	echo x >>ext4/vio/ToMToU.vio
	exec 5<&-
	exec 5>>ext4/vio/open_writers.vio
	cat ext4/vio/open_writers.vio >/dev/null
	exec 5>&-
	setfattr -n security.ima -v "0x0406$(printf %0128d 0)" ext4/label/label.label
	return 0
}

# causes_signed_policy: once only signed policies are taken, a rule that is written. Where
# the kernel takes one policy only, nothing comes of it.
causes_signed_policy() {
	echo 'appraise func=POLICY_CHECK appraise_type=imasig' >"$IMA/policy"
	echo 'measure func=BPRM_CHECK' >"$IMA/policy"
	return 0
}

# causes_auditd: auditd with a log of its own, as people run it; SYSCALL records come with it.
causes_auditd() {
	mkdir -p /etc/audit /var/log/audit /var/run
	cat >/etc/audit/auditd.conf <<-END
	log_file = /var/log/audit/audit.log
	log_format = ENRICHED
	write_logs = yes
	log_group = root
	flush = INCREMENTAL_ASYNC
	freq = 50
	num_logs = 5
	max_log_file = 64
	max_log_file_action = ROTATE
	space_left = 1
	admin_space_left = 0
	disk_full_action = IGNORE
	disk_error_action = IGNORE
	space_left_action = IGNORE
	admin_space_left_action = IGNORE
	END
	chmod 640 /etc/audit/auditd.conf
	auditd -s enable
	wait_for 10 test -s /var/log/audit/audit.log || return 1
	auditctl -b 8192 >/dev/null
}
