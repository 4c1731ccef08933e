# What the jobs of the lab's machines share; for busybox's sh, dash and bash.
LAB=/lab
[ ! -d /run/lab ] || LAB=/run/lab
export LAB
export PATH=$LAB/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root
export IMA=/sys/kernel/security/integrity/ima

# The kernel command line's words lab.NAME=VALUE become $lab_NAME, and so do those of a
# machine that starts itself, whose command line is its own.
for word in $(cat /proc/cmdline) $(sed 's/^/lab./' $LAB/words 2>/dev/null); do
	case $word in
	lab.*=*)
		word=${word#lab.}
		eval "lab_${word%%=*}=\${word#*=}"
		;;
	esac
done

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it never does.
wait_for() {
	_left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $_left -gt 0 ] || return 1
		_left=$((_left - 1))
		sleep 0.05
	done
}

# step NAME COMMAND...: run it; output, errors and exit status are what `expect:` reads.
step() {
	_name=$1
	shift
	read -r _up _ </proc/uptime
	echo "lab: step $_name at $_up s" >/dev/console
	"$@" >"$LAB_OUT/$_name.out" 2>"$LAB_OUT/$_name.err" </dev/null
	_status=$?
	echo $_status >"$LAB_OUT/$_name.rc"
	[ $_status = 0 ] || { echo "lab: $_name exits $_status"; head -c 400 \
		"$LAB_OUT/$_name.err"; } >/dev/console
	return $_status
}

# keep NAME FILE: a file of the guest as the output of a step.
keep() {
	step "$1" cat "$2"
}

# grow N [PREFIX]: N new entries in the measurement list, of files that change and are read
# again; without starting a process, so that thousands take seconds.
grow() {
	_to=$1 _at=0 _prefix=${2-f}
	mkdir -p /var/grow
	while [ $_at -lt $_to ]; do
		_file=/var/grow/$_prefix-$((_at % 1000))
		echo "$_prefix $_at" >"$_file"
		read -r _ <"$_file"
		_at=$((_at + 1))
	done
}

count() {
	cat $IMA/runtime_measurements_count
}

# Ends the machine as a power cut does: the host kills it when it reads this. What was
# found so far is handed over first.
cut_power() {
	echo done >$LAB_OUT/finished
	tar -cf "$(port result)" -C $LAB_OUT .
	sleep 1
	echo "lab: power cut" >/dev/console
	sleep 1000
}

# A serial port that passes bytes as they are.
raw_port() {
	stty -F "$1" raw -echo -onlcr 2>/dev/null
}
