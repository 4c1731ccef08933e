"""What a machine boots into: an initramfs of ours for each run, a root with systemd and
TPM states from the cache."""

import os
import re
import shutil
from pathlib import Path

import apt
import cache
import process
from cache import LabError
from cpio import Cpio

HERE = Path(__file__).parent
TREE = HERE.parent
VERSION = "2"
SUITE = "bookworm"
ROOT_PACKAGES = """
    systemd systemd-sysv udev kmod dbus procps less
    auditd attr keyutils ima-evm-utils
    libtss2-esys-3.0.2-0 libtss2-tctildr0 libtss2-tcti-device0 libssl3 libncursesw6
    libjson-c5 libkeyutils1 libblkid1 libaudit1 libauparse0
    ncurses-base ncurses-term tmux
""".split()
# Opened by name at run time, so that ldd does not list them.
LIBRARIES = "/usr/lib/x86_64-linux-gnu/"
LOADED = [LIBRARIES + name for name in (
    "libtss2-esys.so.0", "libtss2-tctildr.so.0", "libtss2-tcti-device.so.0")]
TERMINFO = "/lib/terminfo"
CTYPE = "/usr/lib/locale/C.utf8/LC_CTYPE"  # without it tmux does not start


def imactl():
    """The imactl to put into machines; None while nothing is built."""
    named = os.environ.get("IMACTL_LAB_PROGRAM")
    path = Path(named) if named else TREE / "build" / "tui" / "imactl"
    return path if path.exists() else None


def recovery():
    """imactl-recovery, which lies beside it in a build; None while there is none."""
    program = imactl()
    path = program.parent.parent / "recovery" / "imactl-recovery" if program else None
    return path if path and path.exists() else None


def beside(path):
    """A file of the build that imactl() is from."""
    found = imactl() and imactl().parent.parent / path
    if not found or not found.exists():
        raise LabError(f"{path} is not built")
    return str(found)


def libraries(program):
    """Every shared object a program starts with, as the paths they are opened by."""
    text = process.output(["ldd", program])
    if "not found" in text:
        raise LabError(f"{program} lacks a library:\n{text}")
    return re.findall(r"(/\S+) \(0x", text)


def initrd(target, systemd, files, tools, script, console=False):
    """The initramfs of one run: busybox, our init, the job; imactl and the tools with
    their libraries (under systemd the libraries are those of the root). @console: imactl
    and terminals as the hook puts them into it, too."""
    archive = Cpio()
    for folder in ("proc", "sys", "dev", "run", "tmp", "root", "etc", "bin", "sbin",
                   "usr/bin", "usr/sbin", "lab/bin"):
        archive.dir(folder)
    archive.char("dev/console", 5, 1)
    archive.char("dev/null", 1, 3, 0o666)
    archive.file("bin/busybox", "/bin/busybox", 0o755)
    archive.data("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.data("etc/group", b"root:x:0:\n")
    archive.file("init", HERE / "guest" / "init", 0o755)
    for name in ("lib.sh", "main", "lab.service"):
        archive.file(f"lab/{name}", HERE / "guest" / name)
    for name, source in files:
        archive.file(name, source)
    if script is not None:
        archive.data("lab/job", script.encode("utf-8", "surrogateescape"))
    programs = [(tool, find(tool)) for tool in tools]
    if imactl():
        programs.append(("imactl", imactl()))
    if recovery():
        archive.file("lab/bin/imactl-recovery", recovery(), 0o755)
    for name, path in programs:
        archive.file(f"lab/bin/{name}", path, 0o755)
    if console:
        archive.file("usr/bin/imactl", imactl(), 0o755)
    if (console or not systemd) and programs:
        _add_libraries(archive, [path for _, path in programs])
        if os.path.isdir(TERMINFO):
            archive.tree(TERMINFO, TERMINFO)
        if os.path.exists(CTYPE):
            archive.file(CTYPE, CTYPE)
    archive.write(target)


def _add_libraries(archive, programs):
    loaded = [path for path in LOADED if os.path.exists(path)]
    needed = set(loaded)
    for program in [*programs, *loaded]:
        needed.update(libraries(program))
    for path in sorted(needed):
        archive.file(path, path, 0o755)


def find(tool):
    path = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise LabError(f"{tool} is not installed here (scripts/deps lab test)")
    return path


def tpm(banks):
    """A fresh software TPM with these PCR banks, to be copied for each run."""
    def make(folder, log):
        process.run(["swtpm_setup", "--tpm2", "--tpmstate", folder, "--overwrite",
                     "--pcr-banks", ",".join(banks)], log, "Making a software TPM")

    return cache.artefact("tpm-" + "-".join(banks), [VERSION, process.output(
        ["swtpm", "--version"])], make)


def root():
    """The folder with root.ext4: Debian 12 with systemd and what imactl links against."""
    return cache.artefact("root", [VERSION, ROOT_PACKAGES], _make_root)


def _make_root(folder, log):
    cache.say("Making a Debian root file system (half a minute; once) ...")
    tree = folder / "tree"
    debootstrap(tree, log, ROOT_PACKAGES)
    image = folder / "root.ext4"
    (tree / "etc" / "fstab").write_text("")
    (tree / "etc" / "hostname").write_text("lab\n")
    (tree / "etc" / "machine-id").write_text("3" * 32 + "\n")
    with open(image, "wb") as disk:
        disk.truncate(1 << 30)
    process.run(["mkfs.ext4", "-q", "-F", "-L", "lab", "-d", tree, image], log, "mkfs.ext4")
    shutil.rmtree(tree)


def bare_root():
    """The folder with root.tar: Debian 12 and nothing else."""
    return cache.artefact("bare", [VERSION], lambda folder, log: debootstrap(
        folder / "root.tar", log))


def debootstrap(target, log, packages=()):
    """Debian 12 from the mirror this machine uses, reached as apt reaches it."""
    sources = [f"deb [signed-by={apt.KEYRING}] {uri} {code} main"
               for uri, code in apt.mirrors() if code.startswith(SUITE)]
    argv = ["mmdebstrap", "--variant=minbase", "--quiet"]
    argv += [f"--aptopt={option}" for option in map(_apt_line, apt.transport_options())]
    if packages:
        argv += ["--include=" + ",".join(packages),
                 "--dpkgopt=path-exclude=/usr/share/doc/*",
                 "--dpkgopt=path-exclude=/usr/share/man/*",
                 "--dpkgopt=path-exclude=/usr/share/locale/*"]
    argv += [SUITE, target, *sources]
    process.run(argv, log, "mmdebstrap")


def _apt_line(option):
    name, value = option.split("=", 1)
    return f'{name} "{value}";'
