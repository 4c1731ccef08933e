#!/bin/bash
# Build one kernel of the lab.
#   build.sh SOURCE.tar.xz BASE CA.pem WORKDIR  NAME=FRAGMENT[,FRAGMENT...] ...
# BASE is um (an ordinary program, ARCH=um) or tiny (x86 bzImage from tinyconfig).
# Each NAME is built in turn in one unpacked tree, so the second one only compiles what
# its configuration changes. Leaves NAME/kernel, NAME/config and, where a fragment asks for it
# as a module, NAME/crc7.ko in WORKDIR.
set -euo pipefail

source=$1 base=$2 ca=$3 work=$4
shift 4
here=$(cd "$(dirname "$0")" && pwd)
jobs=$(nproc)

case $base in
um)	start=defconfig goal=linux made=linux ARCH=um ;;
tiny)	start=tinyconfig goal=bzImage made=arch/x86/boot/bzImage ARCH=x86 ;;
*)	echo "build.sh: no such base: $base" >&2; exit 2 ;;
esac
export ARCH

tree=$work/tree
mkdir -p "$tree"
tar -xf "$source" -C "$tree" --strip-components=1
mkdir -p "$tree/certs-lab"
cp "$ca" "$tree/certs-lab/ca.pem"
cd "$tree"

for pair in "$@"; do
	name=${pair%%=*}
	fragments=()
	for fragment in $(tr , ' ' <<<"${pair#*=}"); do
		fragments+=("$here/$fragment.config")
	done
	echo "== $name: $start, ${fragments[*]##*/}"
	make -s "$start"
	scripts/kconfig/merge_config.sh -m .config "${fragments[@]}" >"$work/$name.merge" 2>&1
	make -s olddefconfig
	make -s -j"$jobs" "$goal"
	mkdir -p "$work/$name"
	cp .config "$work/$name/config"
	if [ "$base" = um ]; then
		strip -s -o "$work/$name/kernel" "$made"
	else
		cp "$made" "$work/$name/kernel"
	fi
	if grep -q '^CONFIG_CRC7=m' .config; then
		make -s lib/crc7.ko
		cp lib/crc7.ko "$work/$name/"
	fi
done
cd /
rm -rf "$tree"
