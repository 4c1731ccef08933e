"""The kernels of the lab: where each one comes from and how it is started.

Kernel packages are unpacked, never installed; kernel sources are built by
kernel/build.sh. Two kernels of one source share a build tree, hence SOURCES."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import apt
import cache
import process
from cache import LabError, Unavailable

HERE = Path(__file__).parent
BUILD_VERSION = "1"
MODULES = ("efivarfs",)  # of kernel packages; a bare root has no others


@dataclass(frozen=True)
class Kernel:
    name: str
    machine: str  # um: user-mode Linux, an ordinary program; qemu: a virtual machine
    about: str
    source: str = ""  # a row of SOURCES
    package: str = ""  # or a kernel package
    long: bool = False


@dataclass(frozen=True)
class Source:
    package: str
    base: str
    kernels: dict
    suite: str = ""  # when it is not one this machine's apt knows


KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel("um-rhel", "um", "6.1, .ima keyring with the lab's CA, policy read-back",
               source="um-6.1"),
        Kernel("um-debian", "um", "6.1, IMA as Debian builds it", source="um-6.1"),
        Kernel("um-modsig", "um", "6.1, as um-rhel, and takes appended signatures",
               source="um-6.1"),
        Kernel("um-7.2", "um", "7.2, the list can be staged and trimmed",
               source="um-7.2", long=True),
        Kernel("debian-6.1", "qemu", "Debian 12's own kernel",
               package="linux-image-cloud-amd64"),
        Kernel("debian-6.12", "qemu", "Debian 12's newer kernel, one digest per bank",
               package="linux-image-6.12-cloud-amd64"),
        Kernel("rhel-like", "qemu", "6.1, as um-rhel, with a TPM", source="rhel-like"),
    )
}

SOURCES = {
    "um-6.1": Source("linux-source-6.1", "um", {
        "um-rhel": ["user-mode", "small"],
        "um-debian": ["user-mode", "user-mode-debian", "small"],
        "um-modsig": ["user-mode", "modsig", "small"],
    }),
    "um-7.2": Source("linux-source-7.2", "um", {
        "um-7.2": ["user-mode", "staging", "small"],
    }, suite="unstable"),
    "rhel-like": Source("linux-source-6.1", "tiny", {
        "rhel-like": ["rhel-like", "small"],
    }),
}


def get(name):
    if name not in KERNELS:
        raise LabError(f"No kernel {name} in the lab; there are: {' '.join(KERNELS)}")
    return KERNELS[name]


def keys():
    """The folder with the lab's CA (ca.key, ca.pem, ca.der) and the signing key it
    certifies (ima.key, ima.der). Made once per cache: kernels and files trust it."""
    conf = [HERE / "kernel" / "ca.conf", HERE / "kernel" / "ima.conf"]
    return cache.artefact("keys", [path.read_bytes() for path in conf], _make_keys)


def _make_keys(folder, log):
    conf = HERE / "kernel"
    for argv in (
        ["req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500",
         "-sha256", "-batch", "-config", conf / "ca.conf", "-keyout", folder / "ca.key",
         "-out", folder / "ca.pem"],
        ["x509", "-in", folder / "ca.pem", "-outform", "DER", "-out", folder / "ca.der"],
        ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-sha256", "-batch", "-config",
         conf / "ima.conf", "-keyout", folder / "ima.key", "-out", folder / "ima.csr"],
        ["x509", "-req", "-in", folder / "ima.csr", "-days", "36500", "-extfile",
         conf / "ima.conf", "-extensions", "code_signing", "-CA", folder / "ca.pem",
         "-CAkey", folder / "ca.key", "-CAcreateserial", "-outform", "DER",
         "-out", folder / "ima.der"],
    ):
        process.run(["openssl", *argv], log, "Making the lab's keys")


def build(name):
    """The folder that holds `kernel` and `config` of this kernel, built if need be."""
    kernel = get(name)
    if kernel.package:
        return _from_package(kernel)
    return _from_source(kernel.source) / name


def _from_package(kernel):
    apt.version(kernel.package)
    package = apt.depends_on(kernel.package, r"linux-image-\S+-amd64")
    recipe = [BUILD_VERSION, package, apt.version(package), MODULES]

    def fetch(folder, log):
        cache.say(f"Fetching {package} ...")
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        apt.unpack(package, unpacked, log)
        for pattern, name in (("boot/vmlinuz-*", "kernel"), ("boot/config-*", "config")):
            _only(unpacked, pattern).rename(folder / name)
        for name in MODULES:
            module = _only(unpacked, f"lib/modules/*/kernel/**/{name}.ko*")
            if module.suffix == ".xz":
                process.run(["xz", "-d", module], log, f"Unpacking {name}")
            (module.parent / f"{name}.ko").rename(folder / f"{name}.ko")
        shutil.rmtree(unpacked)

    return cache.artefact(kernel.name, recipe, fetch)


def _only(folder, pattern):
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise LabError(f"{len(found)} files {pattern} in the package")
    return found[0]


def _from_source(name):
    source = SOURCES[name]
    kconfig = [path.read_bytes() for fragments in source.kernels.values()
               for path in _fragments(fragments)]
    script = (HERE / "kernel" / "build.sh").read_bytes()
    version, options = _source_version(source)
    recipe = [BUILD_VERSION, version, source.kernels, script, *kconfig,
              (keys() / "ca.pem").read_bytes()]

    def make(folder, log):
        cache.say(f"Building {' and '.join(source.kernels)} from {source.package} "
                  f"{version} (minutes; once) ...")
        apt.unpack(source.package, folder, log, options)
        tarball = folder / "usr" / "src" / f"{source.package}.tar.xz"
        pairs = [f"{kernel}={','.join(fragments)}"
                 for kernel, fragments in source.kernels.items()]
        process.run(["nice", HERE / "kernel" / "build.sh", tarball, source.base,
                     keys() / "ca.pem", folder, *pairs], log, f"Building {name}")
        shutil.rmtree(folder / "usr")

    return cache.artefact(name, recipe, make)


def _fragments(names):
    return [HERE / "kernel" / f"{name}.config" for name in names]


def _source_version(source):
    """(version, apt options): a suite of its own is looked at through private lists."""
    if not source.suite:
        return apt.version(source.package), ()
    folder = cache.root() / "apt" / source.suite
    with cache.locked(f"apt-{source.suite}"):
        options = apt.private(folder, source.suite)
        log = cache.root() / "logs" / f"apt-{source.suite}.log"
        log.parent.mkdir(exist_ok=True)
        found = apt.candidate(source.package, options)
        if not found:
            try:
                process.run(["apt-get", *options, "-q", "update"], log, "apt-get update")
            except LabError as error:
                raise Unavailable(f"Debian {source.suite} cannot be reached") from error
            apt.query.cache_clear()
            found = apt.candidate(source.package, options)
    if not found:
        raise Unavailable(f"Debian {source.suite} has no {source.package}")
    return found, options
