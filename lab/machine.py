"""One machine of the lab: started, waited for, and gone without a trace afterwards.

User-mode Linux runs as an ordinary program; the others in QEMU with a software TPM.
Everything a run writes is below one temporary folder, removed with the machine."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import cache
import disks
import firmware
import images
import kernels
import process
import stock
from cache import LabError

BANKS = ["sha1", "sha256"]
NOBODY = 65534
PORTS = ("terminal", "stderr", "control")  # behind the console: ttyS1, ttyS2, ttyS3


class Machine:
    """job: what /lab/main does; boot: more words for the kernel; ports: serial ports to
    be connected to socket pairs (machine.ports) instead of files in the run's folder;
    typed: (REGEX, text) for the console, one after the other;
    keep: it will be started again, and its disks are to be as it left them; secure_boot:
    a firmware starts it, with Secure Boot on; loader: its root disk starts itself (see
    disks.make) with a kernel of its own, and the words for the kernel are the disk's;
    initramfs: the words of stock.get() for the one it starts through, with Debian's own
    root and kernel."""

    def __init__(self, kernel, job, boot="", memory=512, banks=None, systemd=False,
                 disk=0, files=(), tools=(), script=None, ports=(), pty=None, cpus=1,
                 keep=False, secure_boot=False, loader=None, initramfs=(), typed=(),
                 console=False):
        self.kernel = kernels.get(kernel)
        self.job, self.boot, self.memory, self.cpus = job, boot, memory, cpus
        self.banks = BANKS if banks is None else banks
        self.systemd, self.disk = systemd, disk
        self.files, self.tools, self.script = files, tools, script
        self.wanted_ports, self.ports, self.pty = ports, {}, pty
        self.keep, self.disks = keep, None
        self.secure_boot, self.loader, self.initramfs = secure_boot, loader, initramfs
        self.typed, self.looked_at = list(typed), 0
        self.disk_log = None  # blocklog: of what is written to the first disk from now on
        self.has_console = console
        self.children = []
        self.child = self.tpm = None
        self.cuts = 0
        self.folder = None
        self.exit = contextlib.ExitStack()

    def __enter__(self):
        self.folder = self.exit.enter_context(cache.scratch())
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            process.kill(child)
        for port in self.ports.values():
            port.close()
        self.exit.close()

    @property
    def console(self):
        return self.folder / "console.log"

    def start(self, words="", kernel=None):
        """words: more for the kernel, of this start alone. A machine that has ended can
        be started again: TPM and disks are as it left them. kernel: another from now on,
        that runs on the same machine."""
        self.kernel = kernels.get(kernel) if kernel else self.kernel
        self._make_host()
        if self.loader:
            self._start_disk(words)
            return
        if self.initramfs:
            self._start_stock(words)
            return
        built = kernels.build(self.kernel.name)
        image, initrd = built / "kernel", self.folder / "initrd"
        files = list(self.files)
        if self.kernel.package:
            files.append(("lab/config", built / "config"))
        if self.secure_boot:
            files.append(("lab/efivarfs.ko", built / "efivarfs.ko"))
        images.initrd(initrd, self.systemd, files, self.tools, self.script,
                      self.has_console)
        if self.disks is None:
            self.disks = self._make_disks()
        if self.kernel.machine == "um":
            self._start_um(image, initrd, words)
        else:
            self._start_qemu(image, initrd, words)

    def _start_disk(self, words):
        job = self.folder / "job.tar"
        told = [f"do={self.job}", *(word.removeprefix("lab.") for word in
                                    [*self.boot.split(), *words.split()])]
        disks.job(job, self.files, self.tools, self.script, told)
        if self.disks is None:
            root = self.folder / "root.img"
            process.run(["cp", "--sparse=always", disks.make(self.loader) / "disk.img", root],
                        self.folder / "cp.log", "cp")
            self.disks = [root, job]
        argv = []
        if self.loader == "systemd-boot":
            argv = (firmware.secure if self.secure_boot else firmware.plain)(self.folder)
        for number, disk in enumerate(self.disks):
            # written through as the guest asks for it: a power cut loses what was not
            argv += ["-drive", f"file={disk},format=raw,if=none,id=d{number},"
                     "cache=writeback,file.locking=off",
                     "-device", f"virtio-blk-pci,drive=d{number}"]
        self._run_qemu(kernels.build(self.kernel.name) / "kernel", argv)

    def _start_stock(self, words):
        built = stock.get(self.initramfs)
        job = self.folder / "job.tar"
        stock.job_disk(job, self.files, self.tools, self.script)
        if self.disks is None:
            self.disks = [self._root(built / "root.img"), job, *self._scratch()]
        self._start_qemu(built / f"kernel-{self.kernel.name}",
                         built / f"initrd-{self.kernel.name}", words)

    def _make_host(self):
        """The run's folder that user-mode Linux sees. Its file system has no labels: what
        root owns there could not be written where a policy appraises root's files."""
        folder = self.folder / "host"
        folder.mkdir(exist_ok=True)
        result = folder / "result"
        result.touch()
        if os.geteuid() == 0:
            os.chown(result, NOBODY, -1)

    def _make_disks(self):
        """Paths of the disks, the root first when there is one."""
        root = [self._root(images.root() / "root.ext4")] if self.systemd else []
        return root + self._scratch()

    def _scratch(self):
        if not self.disk:
            return []
        scratch = self.folder / "scratch.img"
        with open(scratch, "wb") as disk:
            disk.truncate(self.disk << 20)
        process.run(["mkfs.ext4", "-q", "-I", "256", scratch],
                    self.folder / "mkfs.log", "mkfs.ext4")
        return [scratch]

    def _root(self, root):
        """A root of the cache: user-mode Linux writes beside it, QEMU into a copy."""
        if not self.keep or self.kernel.machine == "um":
            return root
        copy = self.folder / "root.img"
        process.run(["cp", "--sparse=always", root, copy], self.folder / "cp.log", "cp")
        return copy

    def _words(self, devices, more):
        quiet = ["systemd.getty_auto=no", "systemd.show_status=no", "fsck.mode=skip"]
        if self.initramfs:
            words = [*stock.boot_words(self.initramfs), f"lab.do={self.job}", *quiet]
            if self.disk:
                words.append(f"lab.disk={devices[2]}")
            return [*words, *self.boot.split(), *more.split()]
        words = ["rootfstype=ramfs", f"lab.do={self.job}",
                     *([] if self.has_console else ["panic=-1"])]  # which forbids shells
        if self.disk:
            words.append(f"lab.disk={devices[1 if self.systemd else 0]}")
        if self.systemd:
            words += [f"lab.root={devices[0]}", *quiet]
        return [*words, *self.boot.split(), *more.split()]

    def _start_um(self, image, initrd, words):
        argv = [image, f"mem={self.memory}M", f"initrd={initrd}", "noreboot",
                f"uml_dir={self.folder}/", "umid=uml", "con=null", "con0=null,fd:1",
                f"lab.host={self.folder}/host",
                *self._words(["/dev/ubda", "/dev/ubdb"], words)]
        argv += self._um_disks()
        if self.typed:
            argv.append("con0=fd:0,fd:1")
        if self.pty is not None:
            argv.append(f"ssl0=fd:{self.pty},fd:{self.pty}")
        with open(self.console, "ab") as console:
            self.child = process.spawn(
                argv, stdin=subprocess.PIPE if self.typed else subprocess.DEVNULL,
                stdout=console, stderr=console, env={**os.environ, **self._um_env()},
                pass_fds=[self.pty] if self.pty is not None else [])
        self.children.append(self.child)

    def _um_disks(self):
        """A disk whose writes are logged is written to itself: a cut is made from the log."""
        if self.disk_log:
            return [f"ubda={self.disks[0]}"]
        return [f"ubd{letter}={self.folder}/cow-{letter},{disk}"
                for letter, disk in zip("ab", self.disks)]

    def _um_env(self):
        env = {"TMPDIR": _memory_folder(self.memory)}
        if self.disk_log:
            env.update(LD_PRELOAD=images.beside("tests/lab/libdisklog.so"),
                       DISKLOG_DISK=str(self.disks[0]), DISKLOG_LOG=str(self.disk_log))
        return env

    def _start_qemu(self, image, initrd, words):
        words = ["console=ttyS0", "8250.nr_uarts=4",
                 *self._words([f"/dev/nvme{n}n1" for n in range(3)], words)]
        argv = self._started_by(image, initrd, words)
        for number, disk in enumerate(self.disks):
            argv += [*self._drive(number, disk),
                     "-device", f"nvme,drive=d{number},serial=lab{number}"]
        self._run_qemu(image, argv)

    def _drive(self, number, disk):
        if self.disk_log and number == 0:
            return ["-blockdev", "driver=blklogwrites,node-name=d0,log-super-update-interval=1,"
                    f"file.driver=file,file.filename={disk},file.locking=off,"
                    f"log.driver=file,log.filename={self.disk_log},log.locking=off"]
        how = "cache=unsafe" if self.keep else "snapshot=on"
        return ["-drive", f"file={disk},format=raw,if=none,id=d{number},{how},"
                "file.locking=off"]

    def _run_qemu(self, image, more):
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
                "-display", "none", *accelerator(image), "-m", self.memory, "-smp", self.cpus,
                *more,
                "-chardev", f"file,id=console,path={self.console},append=on",
                "-serial", "chardev:console"]
        fds = self._ports(argv)
        if self.banks:
            argv += self._tpm()
        with open(self.folder / "qemu.log", "wb") as log:
            self.child = process.spawn(argv, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, pass_fds=fds,
                                       env={**os.environ, "TMPDIR": str(self.folder)})
        for fd in fds:
            os.close(fd)
        self.children.append(self.child)

    def _started_by(self, image, initrd, words):
        if not self.secure_boot:
            return ["-kernel", image, "-initrd", initrd, "-append", " ".join(words)]
        firmware.install(self.folder, image, initrd, words)
        return firmware.installed(self.folder)

    def _ports(self, argv):
        device, fds = "pci-serial-4x", []
        for number, name in enumerate(PORTS, 1):
            if name in self.wanted_ports:
                ours, theirs = socket.socketpair()
                self.ports[name] = ours
                fds.append(theirs.detach())
                argv += ["-chardev", f"socket,id={name},fd={fds[-1]}"]
            else:
                path = self.folder / "host" / ("result" if number == 1 else name)
                argv += ["-chardev", f"file,id={name},path={path}"]
            device += f",chardev{number}={name}"
        argv += ["-device", device]
        return fds

    def _tpm(self):
        state, sock = self.folder / "tpm", self.folder / "tpm.sock"
        if self.tpm:
            self.tpm.wait(20)  # it ends when QEMU has
        else:
            shutil.copytree(images.tpm(self.banks), state)
        sock.unlink(missing_ok=True)
        with open(self.folder / "swtpm.log", "wb") as log:
            self.tpm = process.spawn(
                ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl",
                 f"type=unixio,path={sock}", "--terminate"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(self.tpm)
        deadline = time.monotonic() + 20
        while not sock.exists():
            if self.tpm.poll() is not None or time.monotonic() > deadline:
                raise LabError("swtpm does not start: "
                               + process.tail(self.folder / "swtpm.log"))
            time.sleep(0.01)
        return ["-chardev", f"socket,id=tpm,path={sock}", "-tpmdev",
                "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0"]

    def wait(self, timeout):
        """True when the machine ended by itself in time. StoodStill when it does nothing
        at all any more: a guest that waits still takes its timer ticks."""
        deadline = time.monotonic() + timeout
        worked, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            try:
                self.child.wait(min(0.2 if self.typed else 2, timeout))
                return True
            except subprocess.TimeoutExpired:
                pass
            self._type()
            if self._asks_for_a_cut():
                process.kill(self.child)
                return True
            ticks = process.cpu_ticks(self.child)
            if ticks != worked:
                worked, since = ticks, time.monotonic()
            elif time.monotonic() - since > STILL_LIMIT:
                with open(self.console, "a", encoding="utf-8") as console:
                    console.write(f"\nlab: stands still:\n{process.where(self.child)}\n")
                raise StoodStill(f"did nothing for {STILL_LIMIT} s")
        return False

    def _type(self):
        """What is asked for since the last time, and has an answer."""
        if not self.typed:
            return
        shown = self.console.read_bytes()
        asked = re.compile(self.typed[0][0].encode()).search(shown, self.looked_at)
        if asked:
            self.looked_at = asked.end()
            self.child.stdin.write(self.typed.pop(0)[1].encode() + b"\n")
            self.child.stdin.flush()

    def _asks_for_a_cut(self):
        """guest/lib.sh cut_power: once for each time that it was said."""
        said = self.console.read_bytes().count(b"lab: power cut")
        self.cuts, asked = said, said > self.cuts
        return asked

    def problem(self):
        """What the machine's program itself said, for messages."""
        return process.tail(self.folder / "qemu.log")


def _memory_folder(megabytes):
    """Where user-mode Linux keeps its memory: in RAM when there is room."""
    try:
        space = os.statvfs("/dev/shm")
    except OSError:
        return tempfile.gettempdir()
    roomy = space.f_bavail * space.f_frsize > megabytes << 20
    return "/dev/shm" if roomy else tempfile.gettempdir()


STILL_LIMIT = 40  # seconds without one timer tick


class StoodStill(Exception):
    """The machine's program hangs, whatever the guest was told to do."""


KVM = ["-accel", "kvm", "-cpu", "host"]
TCG = ["-accel", "tcg,thread=multi", "-cpu", "max"]
PROBE_LIMIT = 15


def accelerator(image):
    """KVM only when it has really booted this kernel: /dev/kvm may exist and not work.
    What was found is kept until this machine is booted anew."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    folder = cache.root() / "kvm"
    folder.mkdir(exist_ok=True)
    known = folder / boot_id
    with cache.locked("kvm"):
        if not known.exists():
            for old in folder.iterdir():
                old.unlink()
            known.write_text("works" if _kvm_works(image) else "does not work")
        return KVM if known.read_text() == "works" else TCG


def _kvm_works(image):
    """Without a root the kernel panics and resets: the way it should end here."""
    with tempfile.TemporaryFile(prefix="imactl-lab.") as console:
        child = process.spawn(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", *KVM, "-m", "256", "-kernel", image, "-append",
             "console=ttyS0 panic=-1", "-serial", "stdio"],
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.DEVNULL)
        try:
            ended = child.wait(PROBE_LIMIT) == 0
        except subprocess.TimeoutExpired:
            ended = False
        finally:
            process.kill(child)
        console.seek(0)
        return ended and b"Kernel panic" in console.read()
