# What policy-ready's machines do, start by start. lab.policy= names the policy.
key="--key=$LAB/ima.key --cert=$LAB/ima.der"

# No file system but the disk's; what is appraised is measured, too: the list tells what the
# kernel was really asked.
policy() {
	for magic in 0x9fa0 0x62656572 0x64626720 0x01021994 0x858458f6 0x1cd1 0x42494e4d \
		0x73636673 0x6e736673 0x27e0eb 0x63677270; do
		echo "dont_appraise fsmagic=$magic"
		echo "dont_measure fsmagic=$magic"
	done
	for name in hostfs tracefs autofs mqueue; do
		echo "dont_appraise fsname=$name"
		echo "dont_measure fsname=$name"
	done
	case $lab_policy in
	hash)
		for func in BPRM_CHECK MMAP_CHECK; do
			echo "measure func=$func mask=MAY_EXEC fowner=0"
			echo "appraise func=$func mask=MAY_EXEC fowner=0"
		done
		;;
	sign)
		echo "measure func=BPRM_CHECK fowner=0"
		echo "appraise func=BPRM_CHECK fowner=0 appraise_type=imasig"
		;;
	files)
		for what in "MODULE_CHECK fowner=0" "FILE_CHECK mask=MAY_READ fowner=4242"; do
			echo "measure func=$what"
		done
		echo "appraise func=MODULE_CHECK fowner=0 appraise_type=imasig|modsig"
		echo "appraise func=FILE_CHECK mask=MAY_READ fowner=4242"
		;;
	esac
}

settled() {
	case $(systemctl is-system-running) in
	running | degraded) return 0 ;;
	*) return 1 ;;
	esac
}

# apply COMMAND...: carry out the plan that it shows.
apply() {
	"$@" --dry-run >/run/plan 2>&1
	cat /run/plan
	_hash=$(sed -n 's/^Plan hash: //p' /run/plan)
	"$@" --apply "--plan=$_hash"
}

# service NAME COMMAND [SETTING]: started with the machine.
service() {
	cat >/etc/systemd/system/planted-$1.service <<-END
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=$2
		$3
		[Install]
		WantedBy=multi-user.target
	END
	systemctl enable planted-$1.service
}

# Libraries that nothing else needs, a module that nothing needs, and what somebody else's
# program reads.
plant() {
	mkdir -p /opt/planted
	for name in unlabelled stranger uses-library; do
		cp /usr/bin/true /opt/planted/$name
	done
	cp /usr/lib/x86_64-linux-gnu/libz.so.1 /opt/planted/libplanted.so.1
	service unlabelled /opt/planted/unlabelled
	service stranger /opt/planted/stranger
	service library /opt/planted/uses-library \
		Environment=LD_PRELOAD=/opt/planted/libplanted.so.1
	for name in good unlabelled stale; do
		echo $name >/opt/planted/data-$name
		service data-$name "/usr/bin/cat /opt/planted/data-$name"
	done
	chown 4242 /opt/planted/data-*
	modules=/usr/lib/modules/$(uname -r)
	mkdir -p $modules/kernel/lib
	cp $LAB/crc7.ko $modules/kernel/lib/
	depmod
	echo crc7 >/etc/modules-load.d/planted.conf
}

# certify NAME: a key that the kernel would take and nobody gave it.
certify() {
	openssl req -new -config $LAB/ima.conf -newkey rsa:2048 -nodes -subj /CN=stranger \
		-keyout $1.key -out $1.csr
	openssl x509 -req -in $1.csr -days 999 -extfile $LAB/ima.conf \
		-extensions code_signing -CA $LAB/ca.pem -CAkey $LAB/ca.key -set_serial 7 \
		-outform DER -out $1.der
}

spoil() {
	certify /root/stranger
	setfattr -x security.ima /opt/planted/unlabelled
	setfattr -x security.ima /opt/planted/data-unlabelled
	setfattr -x security.ima /opt/planted/stranger
	apply imactl file sign --key=/root/stranger.key --cert=/root/stranger.der \
		/opt/planted/stranger
	echo changed >>/opt/planted/libplanted.so.1
	echo changed >>/opt/planted/data-stale
}

simulate() {
	imactl policy simulate /root/policy --mode=enforce "$@"
}

# What programs read besides what packages brought, only measuring tells.
measure() {
	grep measure /root/policy >$IMA/policy
	systemctl start planted-data-good planted-data-unlabelled planted-data-stale
}

foretell() {
	mkdir -p /etc/keys/ima
	cp $LAB/ima.der /etc/keys/ima/
	keyctl padd asymmetric '' %:.ima <$LAB/ima.der
	policy >/root/policy
	step plant plant
	[ $lab_policy != files ] || step measure measure
	step unlabelled simulate --all --json
	step pid1 simulate --from=init
	case $lab_policy in
	sign) step label apply imactl label apply --foreground $key / ;;
	*) step label apply imactl label apply --foreground / ;;
	esac
	step spoil spoil
	step foretold simulate --all --json
	install_policy
}

install_policy() {
	mkdir -p /etc/ima
	cp /root/policy /etc/ima/ima-policy
}

integrity() {
	ausearch -ts boot -m INTEGRITY_DATA --raw --input-logs 2>/dev/null
	dmesg | grep type=1800
	return 0
}

see() {
	step status-$1 imactl status --json
	step state-$1 systemctl is-system-running
	step failed-$1 systemctl --failed --no-legend
	step run-$1 sh -c 'perl -e "print 6*7, chr 10"; dpkg -l | tail -n 1; free; ps'
	step modules-$1 cat /proc/modules
	step denials-$1 integrity
	step touched-$1 imactl log --json
	rm /etc/ima/ima-policy
}

# The commands of the JSON, each on a line.
fixes() {
	perl -0ne '
		s/.*"fixes":\[//s;
		while (/"(?:command|line)":"([^"]*)".*?"paths":\[(.*?)\]/gs) {
			my ($command, $paths) = ($1, $2);
			print "$command ", join(" ", $paths =~ /"path":"([^"]*)"/g), "\n";
		}' "$1"
}

# KEY and CERT are what the person has to put in, who has the certificate where it says.
carry_out() {
	while read -r command; do
		case $command in
		*'label apply'*) command="$command --foreground" ;;
		*CERT)
			cp /root/stranger.der /etc/keys/ima/
			command=$(echo "$command" | sed "s|CERT|/etc/keys/ima/stranger.der|")
			;;
		*) command=$(echo "$command" | sed "s|--key=KEY|$key|") ;;
		esac
		echo "+ $command"
		apply $command || return
	done </run/fixes
}

put_right() {
	[ $lab_policy != files ] || step measure-3 measure
	step again simulate --all --json
	fixes $LAB_OUT/again.out >/run/fixes
	keep fixes /run/fixes
	step carry-out carry_out
	step ready simulate --all --json
	install_policy
}
