"""A root's disk, made of a folder without a mount, a loop device or device-mapper: ext4 or
xfs, plain or inside LUKS."""

import os
import stat

import process

KINDS = ("ext4", "xfs")
LABEL = "lab"
SIZE = 1 << 30
LUKS_UUID = "6c616200-0000-4000-8000-000000000001"
LUKS_UUID_AT = 168  # struct luks_phdr of LUKS1; no checksum covers it
PASSPHRASE = "lab"


def kind_of(words):
    return "xfs" if "xfs" in words else "ext4"


def make(tree, image, words, log):
    """words: of KINDS, and luks."""
    with open(image, "wb") as disk:
        disk.truncate(SIZE)
    if kind_of(words) == "xfs":
        _xfs(tree, image, log)
    else:
        process.run(["mkfs.ext4", "-q", "-F", "-L", LABEL, "-d", tree, image], log, "mkfs.ext4")
    if "luks" in words:
        _luks(image, log)


def _luks(image, log):
    plain = image.with_suffix(".plain")
    image.rename(plain)
    process.run(["qemu-img", "convert", "-f", "raw", "-O", "luks", "--object",
                 f"secret,id=key,data={PASSPHRASE}", "-o", "key-secret=key,iter-time=10",
                 plain, image], log, "qemu-img")
    plain.unlink()
    with open(image, "r+b") as disk:
        disk.seek(LUKS_UUID_AT)
        disk.write(LUKS_UUID.encode())


def _xfs(tree, image, log):
    proto = image.with_suffix(".proto")
    with open(proto, "w", encoding="utf-8") as out:
        print("/dev/null\n0 0", file=out)
        _xfs_folder(out, tree, "")
    process.run(["mkfs.xfs", "-q", "-f", "-L", LABEL, "-p", proto, image], log, "mkfs.xfs")
    proto.unlink()


def _xfs_folder(out, path, name):
    """As mkfs.xfs(8) wants it told: a line for each file, "$" at a folder's end."""
    print(name, _xfs_mode(path.lstat()), file=out)
    for entry in sorted(os.scandir(path), key=lambda e: e.name):
        child, st = path / entry.name, entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(st.st_mode):
            _xfs_folder(out, child, entry.name)
        elif stat.S_ISLNK(st.st_mode):
            print(entry.name, _xfs_mode(st), os.readlink(child), file=out)
        elif stat.S_ISREG(st.st_mode):
            print(entry.name, _xfs_mode(st), child, file=out)
    print("$", file=out)


def _xfs_mode(st):
    kind = stat.filemode(st.st_mode)[0]
    bits = "".join(letter if st.st_mode & bit else "-"
                   for letter, bit in (("u", stat.S_ISUID), ("g", stat.S_ISGID)))
    return f"{kind}{bits}{st.st_mode & 0o777:03o} {st.st_uid} {st.st_gid}"
