"""A firmware with Secure Boot on: OVMF with its own test keys (packages ovmf, sbsigntool,
systemd-boot-efi). What a machine starts is one signed file (stub, kernel, initramfs, command
line) at the place where a firmware looks for it, or the signed boot loader of its disk, and
the signed kernel after that; nothing else would be started."""

import shutil
from pathlib import Path

import cache
import process
from cache import LabError

OVMF = Path("/usr/share/OVMF")
CODE, VARS = OVMF / "OVMF_CODE_4M.snakeoil.fd", OVMF / "OVMF_VARS_4M.snakeoil.fd"
PLAIN_CODE, PLAIN_VARS = OVMF / "OVMF_CODE_4M.fd", OVMF / "OVMF_VARS_4M.fd"
KEYS = Path("/usr/share/ovmf")
STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
# Where the sections lie in memory: behind the stub, with room for each (systemd-stub(7)).
CMDLINE, LINUX, INITRD = 0x30000, 0x2000000, 0x4000000


def keys():
    """The folder with what the firmware trusts: db.key, db.pem, db.der."""
    return cache.artefact("firmware", [(KEYS / "PkKek-1-snakeoil.pem").read_bytes()],
                          _make_keys)


def _make_keys(folder, log):
    shutil.copy(KEYS / "PkKek-1-snakeoil.pem", folder / "db.pem")
    for argv in (
        ["rsa", "-in", KEYS / "PkKek-1-snakeoil.key", "-passin", "pass:snakeoil",
         "-out", folder / "db.key"],
        ["x509", "-in", folder / "db.pem", "-outform", "DER", "-out", folder / "db.der"],
    ):
        process.run(["openssl", *argv], log, "Reading the firmware's key")


def install(folder, kernel, initrd, words):
    """Make the signed file, in folder/esp."""
    if kernel.stat().st_size > INITRD - LINUX:
        raise LabError(f"{kernel} is too large for one file with its initramfs")
    log, unsigned, cmdline = folder / "esp.log", folder / "unsigned.efi", folder / "cmdline"
    target = folder / "esp" / "EFI" / "BOOT"
    target.mkdir(parents=True, exist_ok=True)
    cmdline.write_text(" ".join(words))
    argv = ["objcopy"]
    for name, path, where in (("cmdline", cmdline, CMDLINE), ("linux", kernel, LINUX),
                              ("initrd", initrd, INITRD)):
        argv += ["--add-section", f".{name}={path}",
                 "--change-section-vma", f".{name}={where:#x}"]
    process.run([*argv, STUB, unsigned], log, "Joining kernel and initramfs")
    sign(unsigned, target / "BOOTX64.EFI", log)
    unsigned.unlink()


def sign(path, target, log):
    process.run(["sbsign", "--key", keys() / "db.key", "--cert", keys() / "db.pem",
                 "--output", target, path], log, "Signing for the firmware")


def installed(folder):
    """QEMU that starts what install() made."""
    return [*secure(folder),
            "-drive", f"if=none,id=esp,format=raw,readonly=on,file=fat:{folder}/esp",
            "-device", "virtio-blk-pci,drive=esp,bootindex=0"]


def secure(folder):
    """QEMU with that firmware, which keeps its variables in the folder from start to start
    and starts what is on the disks. Secure Boot is guarded by system management mode, as in
    a real machine."""
    return ["-machine", "q35,smm=on",
            "-global", "driver=cfi.pflash01,property=secure,value=on",
            *_flash(folder, CODE, VARS)]


def plain(folder):
    """The same without Secure Boot."""
    return ["-machine", "q35", *_flash(folder, PLAIN_CODE, PLAIN_VARS)]


def _flash(folder, code, at_first):
    variables = folder / "efi-variables"
    if not variables.exists():
        shutil.copy(at_first, variables)
    return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]
