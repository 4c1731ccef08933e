# The console in a terminal of the machine, by keys: what stands on the screen is waited for,
# then the next is pressed.
export LC_ALL=C.UTF-8 TMUX_TMPDIR=/run

# console COMMAND...: in a terminal; what it ends with is shown there.
console() {
	tmux new-session -d -x 110 -y 40 "$*; echo left: \$?; sleep 1000"
}

screen() {
	tmux capture-pane -p
}

shows() {
	screen | grep -qE -- "$1"
}

# see NAME REGEX: wait until the terminal shows it, then keep what it shows. Where it never does,
# nothing that follows means anything: the machine ends.
see() {
	wait_for 30 shows "$2" || missing=1
	step "$1" screen
	[ "${missing-}" ] || return 0
	{
		echo "not seen: $2"
		screen
	} >/dev/console
	systemctl poweroff --force --force
}

key() {
	tmux send-keys "$@"
}

# confirm: the plan that is shown, by what it asks for.
confirm() {
	if shows 'Type the host name'; then
		tmux send-keys -l "$(cat /proc/sys/kernel/hostname)"
	elif shows 'Type the phrase'; then
		tmux send-keys -l 'cannot be undone'
	else
		key Tab
	fi
	key Enter
}
