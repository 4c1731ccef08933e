"""Debian as it boots anywhere: a root on a disk with its own kernel packages, and an initramfs
that its own tool made inside it. imactl is installed there as its packages do. What is made is
named by words: the tool, then what the root lies on (see rootfs.py)."""

import os
import shutil
import subprocess
from pathlib import Path

import cache
import images
import process
import rootfs
from cache import LabError

BASE_VERSION = "2"
VERSION = "3"
TREE = Path(__file__).parent.parent
HOOKS = TREE / "initramfs-hook"
PACKAGES = images.ROOT_PACKAGES + """
    initramfs-tools dracut-core zstd cpio linux-image-cloud-amd64 linux-image-6.12-cloud-amd64
    xfsprogs cryptsetup cryptsetup-initramfs openssh-server
""".split()
# The kernels that an image is made for, by their releases' beginning. dracut takes long.
KERNELS = {"initramfs-tools": {"debian-6.1": "6.1.", "debian-6.12": "6.12."},
           "dracut": {"debian-6.1": "6.1."}}
VOLUME = "root"  # of LUKS, and where systemd looks for its key (crypttab(5))
VOLUME_KEY = f"/etc/cryptsetup-keys.d/{VOLUME}.key"
KEEP = 24 * 3600  # what was made from programs that have changed since
# What a machine boots for is the job. No rootdelay=: initramfs-tools sleeps that long, always.
WORDS = ["root=LABEL=" + rootfs.LABEL, "systemd.unit=lab.service", "loglevel=5"]
# Disks are numbered as they answer, so the job's is known by its serial number.
UNPACK = """#!/bin/sh
mkdir -p /run/lab
until [ -e /run/lab/main ]; do
	for disk in /sys/class/nvme/nvme*; do
		read -r serial _ <"$disk/serial"
		[ "$serial" != lab1 ] || tar -xf "/dev/${disk##*/}n1" -C /run/lab
	done
	sleep 0.2
done
"""
DROP_IN = """[Unit]
Wants=systemd-remount-fs.service
After=systemd-remount-fs.service

[Service]
ExecStartPre=/bin/sh /etc/lab-unpack
"""
# On both sides of the gate's own script, for what it costs: they are run by their names' order.
MARK = """#!/bin/sh
[ "$1" = prereqs ] || echo "<7>lab: gate $0" >/dev/kmsg
"""
CHROOT = """
set -e
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
root=$1
shift
exec chroot "$root" "$@"
"""


def base():
    """The folder with the tree, without imactl."""
    return cache.artefact("stock-base", [BASE_VERSION, PACKAGES], _make_base)


def _make_base(folder, log):
    cache.say("Making a Debian root with kernels and initramfs tools (a minute; once) ...")
    os.environ["INITRD"] = "No"  # images are made once imactl is there
    try:
        images.debootstrap(folder / "tree", log, PACKAGES)
    finally:
        del os.environ["INITRD"]


def programs():
    """What is installed: (path in the root, file here)."""
    program = images.imactl()
    recovery = program and program.parent.parent / "recovery" / "imactl-recovery"
    if not program or not recovery.exists():
        raise LabError("imactl and imactl-recovery are not built")
    found = [("usr/bin/imactl", program), ("usr/sbin/imactl-recovery", recovery)]
    for name in ("modules", "terminals"):
        found.append((f"usr/share/imactl/initramfs/{name}", HOOKS / name))
    for folder, target in (("initramfs-tools", "usr/share/initramfs-tools"),
                           ("dracut", "usr/lib/dracut/modules.d")):
        for path in sorted((HOOKS / folder).rglob("*")):
            if path.is_file():
                found.append((f"{target}/{path.relative_to(HOOKS / folder)}", path))
    unit = program.parent.parent / "units" / "imactl-health.service"
    found.append(("usr/lib/systemd/system/imactl-health.service", unit))
    return found


def check(words):
    """LabError when there is no such root and initramfs."""
    if words and (words[0] not in KERNELS or set(words[1:]) - {*rootfs.KINDS, "luks"}):
        raise LabError(f"no root and initramfs {' '.join(words)} in the lab")


def boot_words(words):
    """For the kernel; without the job."""
    found = [*WORDS, "ro"]
    if "dracut" in words and "luks" in words:
        found.append(f"rd.luks.name={rootfs.LUKS_UUID}={VOLUME}")
    return found


def get(words):
    """The folder with root.img, and kernel-NAME and initrd-NAME for each kernel."""
    installed = programs()
    recipe = [VERSION, base().name, DROP_IN, UNPACK, MARK, words,
              (images.HERE / "guest/lab.service").read_bytes(),
              (images.HERE / "rootfs.py").read_bytes()]
    for name, path in installed:
        recipe += [name, path.read_bytes()]
    return cache.artefact(f"stock-{'-'.join(words)}", recipe,
                          lambda folder, log: _make(folder, log, words, installed), KEEP)


def _make(folder, log, words, installed):
    tool = words[0]
    cache.say(f"Making an initramfs with {tool} (a minute; again when imactl changes) ...")
    tree = folder / "tree"
    process.run(["cp", "-a", base() / "tree", tree], log, "cp")
    for name, path in installed:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        if target.parent.name in ("bin", "sbin"):
            process.run(["strip", "-s", target], log, "strip")
    _set_up(tree, rootfs.kind_of(words))
    if "luks" in words:
        _set_up_luks(tree)
    if tool == "dracut":  # one of the two makes a machine's images
        (tree / "usr/sbin/update-initramfs").unlink()
    for name, start in KERNELS[tool].items():
        _make_initrd(folder, log, tool, name, start)
    rootfs.make(tree, folder / "root.img", words, log)
    shutil.rmtree(tree)


def _set_up(tree, kind):
    etc = tree / "etc"
    (etc / "fstab").write_text(f"LABEL={rootfs.LABEL} / {kind} defaults 0 0\n")
    (etc / "hostname").write_text("lab\n")
    (etc / "machine-id").write_text("3" * 32 + "\n")
    (etc / "ima").mkdir(exist_ok=True)
    (etc / "imactl").mkdir(0o700, exist_ok=True)
    (etc / "lab-unpack").write_text(UNPACK)
    for name in ("a-lab", "imactl-lab"):
        script = tree / "usr/share/initramfs-tools/scripts/init-bottom" / name
        script.write_text(MARK)
        script.chmod(0o755)
    units = etc / "systemd" / "system"
    shutil.copy(images.HERE / "guest" / "lab.service", units)
    (units / "multi-user.target.wants" / "imactl-health.service").symlink_to(
        "/usr/lib/systemd/system/imactl-health.service")
    (units / "lab.service.d").mkdir()
    (units / "lab.service.d" / "job.conf").write_text(DROP_IN)


def _set_up_luks(tree):
    """As cryptsetup-initramfs and dracut have it told where the key lies in the image."""
    etc, key = tree / "etc", tree / VOLUME_KEY[1:]
    key.parent.mkdir(0o700, exist_ok=True)
    key.write_text(rootfs.PASSPHRASE)
    (etc / "crypttab").write_text(
        f"{VOLUME} UUID={rootfs.LUKS_UUID} {VOLUME_KEY} luks,initramfs\n")
    with open(etc / "cryptsetup-initramfs" / "conf-hook", "a", encoding="ascii") as conf:
        conf.write(f"KEYFILE_PATTERN={VOLUME_KEY}\n")
    (etc / "dracut.conf.d").mkdir(exist_ok=True)
    (etc / "dracut.conf.d" / "key.conf").write_text(f'install_items+=" {VOLUME_KEY} "\n')


def _make_initrd(folder, log, tool, name, start):
    tree = folder / "tree"
    releases = [path.name for path in (tree / "lib/modules").iterdir()
                if path.name.startswith(start)]
    if len(releases) != 1:
        raise LabError(f"{len(releases)} kernels {start}* in the root")
    release = releases[0]
    image = f"/boot/initrd.img-{release}"
    argv = (["update-initramfs", "-c", "-k", release] if tool == "initramfs-tools" else
            ["dracut", "--force", "--no-hostonly", "--kver", release, image])
    process.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", CHROOT,
                 "sh", tree, *argv], log, " ".join(argv))
    shutil.copy(tree / image[1:], folder / f"initrd-{name}")
    shutil.copy(tree / "boot" / f"vmlinuz-{release}", folder / f"kernel-{name}")


def job_disk(target, files, tools, script):
    """A disk that is a tar file: what the machine's unit unpacks into /run/lab."""
    folder = Path(target).with_suffix(".d")
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    for name in ("lib.sh", "main"):
        shutil.copy(images.HERE / "guest" / name, folder)
    for name, path in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / name.removeprefix("lab/"))
    for tool in tools:
        shutil.copy(images.find(tool), folder / "bin")
    (folder / "job").write_bytes(script.encode("utf-8", "surrogateescape"))
    with open(target, "wb") as disk:
        subprocess.run(["tar", "-cf", "-", "-C", folder, "."], stdout=disk, check=True)
        disk.truncate((disk.tell() + (1 << 20)) & ~((1 << 20) - 1))
