"""Disks that start themselves: Debian with its own kernel, initramfs and boot loader, and the
second disk that tells such a machine what it is to do."""

import io
import shutil
import tarfile
from pathlib import Path

import cache
import firmware
import images
import process

VERSION, FETCHED = "3", "1"
HERE = Path(__file__).parent
PACKAGES = images.ROOT_PACKAGES + """
    linux-image-cloud-amd64 initramfs-tools zstd grub-common grub2-common grub-pc-bin
""".split()
WORDS = ("console=ttyS0 8250.nr_uarts=4 systemd.getty_auto=no "
         "systemd.show_status=no fsck.mode=skip")
GRUB = Path("/usr/lib/grub/i386-pc")
# What GRUB must have before it can read the others from the disk.
GRUB_MODULES = "biosdisk part_msdos ext2 normal configfile linux loadenv".split()
SYSTEMD_BOOT = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
MIB = 1 << 20
ROOT_SIZE, ESP_SIZE = 2047 * MIB, 128 * MIB
# The features of ext4 that GRUB 2.06 reads.
MKFS_ROOT = ["mkfs.ext4", "-q", "-F", "-O", "^metadata_csum_seed,^orphan_file", "-d"]


def make(loader):
    """The folder with disk.img for that boot loader."""
    build = {"grub": _grub, "systemd-boot": _systemd_boot}[loader]
    return cache.artefact(f"disk-{loader}", [
        VERSION, PACKAGES, WORDS, GRUB_MODULES,
        (HERE / "guest" / "disk.service").read_bytes()], build)


def _tree(folder, log):
    """A root of these packages, unpacked; the packages are fetched once for all disks."""
    def fetch(into, log):
        cache.say("Fetching a Debian with its own kernel (minutes; once) ...")
        images.debootstrap(into / "root.tar", log, PACKAGES)

    tree = folder / "tree"
    tree.mkdir()
    fetched = cache.artefact("disk-root", [FETCHED, PACKAGES], fetch)
    process.run(["tar", "-xpf", fetched / "root.tar", "-C", tree], log, "tar")
    (tree / "etc" / "hostname").write_text("lab\n")
    (tree / "etc" / "machine-id").write_text("3" * 32 + "\n")
    units = tree / "etc" / "systemd" / "system"
    shutil.copy(HERE / "guest" / "disk.service", units / "lab.service")
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "lab.service").symlink_to("../lab.service")
    return tree


def _grub(folder, log):
    """Its grub.cfg is a few lines: who wants what update-grub makes runs that in the
    machine, where it can see the disk."""
    tree = _tree(folder, log)
    (tree / "etc" / "fstab").write_text("/dev/vda1 / ext4 errors=remount-ro 0 0\n")
    (tree / "etc" / "default" / "grub").write_text(
        'GRUB_DEFAULT=0\nGRUB_TIMEOUT=0\nGRUB_TERMINAL=console\n'
        f'GRUB_CMDLINE_LINUX_DEFAULT=""\nGRUB_CMDLINE_LINUX="{WORDS}"\n')
    grub = tree / "boot" / "grub"
    shutil.copytree(GRUB, grub / "i386-pc")
    (grub / "grub.cfg").write_text(
        f"linux /vmlinuz root=/dev/vda1 ro {WORDS}\ninitrd /initrd.img\nboot\n")
    image = folder / "disk.img"
    _partition(image, "dos", [("83, bootable", ROOT_SIZE)], log)
    _fill(image, MIB, ROOT_SIZE, lambda part: process.run(
        [*MKFS_ROOT, tree, part], log, "mkfs.ext4"), log)
    process.run(["grub-mkimage", "-O", "i386-pc", "-d", GRUB, "-p",
                 "(hd0,msdos1)/boot/grub", "-o", folder / "core.img", *GRUB_MODULES],
                log, "grub-mkimage")
    _write_at(image, 0, (GRUB / "boot.img").read_bytes()[:446])
    _write_at(image, 512, (folder / "core.img").read_bytes())
    shutil.rmtree(tree)


def _systemd_boot(folder, log):
    tree = _tree(folder, log)
    (tree / "etc" / "fstab").write_text(
        "/dev/vda2 / ext4 errors=remount-ro 0 0\n"
        "/dev/vda1 /boot/efi vfat umask=0077,x-systemd.device-timeout=10min 0 0\n")
    (tree / "boot" / "efi").mkdir(exist_ok=True)
    (tree / "etc" / "kernel").mkdir(exist_ok=True)
    (tree / "etc" / "kernel" / "cmdline").write_text(f"root=/dev/vda2 ro {WORDS}\n")
    esp = folder / "esp"
    for path in ("EFI/BOOT", "EFI/systemd", "loader/entries", "debian"):
        (esp / path).mkdir(parents=True)
    # signed: it starts with Secure Boot on, too
    firmware.sign(SYSTEMD_BOOT, esp / "EFI" / "BOOT" / "BOOTX64.EFI", log)
    firmware.sign(tree / "vmlinuz", esp / "debian" / "vmlinuz", log)
    shutil.copy(tree / "initrd.img", esp / "debian" / "initrd.img")
    (esp / "loader" / "loader.conf").write_text("timeout 0\ndefault debian.conf\n")
    (esp / "loader" / "entries" / "debian.conf").write_text(
        f"title Debian\nmachine-id {'3' * 32}\nlinux /debian/vmlinuz\n"
        f"initrd /debian/initrd.img\noptions root=/dev/vda2 ro {WORDS}\n")
    image = folder / "disk.img"
    _partition(image, "gpt", [("U", ESP_SIZE), ("L", ROOT_SIZE)], log)
    _fill(image, MIB, ESP_SIZE, lambda part: _make_esp(part, esp, log), log)
    _fill(image, MIB + ESP_SIZE, ROOT_SIZE, lambda part: process.run(
        [*MKFS_ROOT, tree, part], log, "mkfs.ext4"), log)
    shutil.rmtree(tree)
    shutil.rmtree(esp)


def _make_esp(part, tree, log):
    process.run(["mkfs.vfat", "-F", "32", part], log, "mkfs.vfat")
    process.run(["mcopy", "-s", "-i", part, *sorted(tree.iterdir()), "::"], log, "mcopy")


def _partition(image, label, parts, log):
    """An empty disk; the first partition begins at 1 MiB, the others behind it."""
    table, start = image.with_suffix(".sfdisk"), MIB
    lines = [f"label: {label}"]
    for kind, size in parts:
        lines.append(f"start={start // 512}, size={size // 512}, type={kind}")
        start += size
    with open(image, "wb") as disk:
        disk.truncate(start + MIB)
    table.write_text("\n".join(lines) + "\n")
    with open(table, "rb") as text:
        process.run(["sfdisk", "-q", image], log, "sfdisk", stdin=text)


def _fill(image, start, size, fill, log):
    """A file system made by itself, put where its partition is: no loop device."""
    part = image.with_suffix(".part")
    with open(part, "wb") as disk:
        disk.truncate(size)
    fill(part)
    process.run(["dd", f"if={part}", f"of={image}", "bs=1M", f"seek={start // MIB}",
                 "conv=notrunc,sparse", "status=none"], log, "dd")
    part.unlink()


def _write_at(image, offset, data):
    with open(image, "r+b") as disk:
        disk.seek(offset)
        disk.write(data)


def job(target, files, tools, script, words):
    """What a machine that starts itself is told to do: a tar file that is a disk. words:
    NAME=VALUE as lab.NAME=VALUE on a command line."""
    members = [(name, HERE / "guest" / name) for name in ("lib.sh", "main")]
    members += [(name.removeprefix("lab/"), path) for name, path in files]
    members += [(f"bin/{tool}", images.find(tool)) for tool in tools]
    for program in (images.imactl(), images.recovery()):
        if program:
            members.append((f"bin/{program.name}", program))
    with tarfile.open(target, "w") as tar:
        for name, path in members:
            tar.add(path, name)
        for name, text in (("job", script), ("words", "".join(f"{w}\n" for w in words))):
            data = text.encode("utf-8", "surrogateescape")
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
