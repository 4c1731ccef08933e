"""Write initramfs archives (cpio, newc format): no root, no device nodes on this machine.

Archives can be put one behind the other: the kernel unpacks them in turn."""

import os
import stat


class Cpio:
    """Collects files, then writes them in the order they were added, parents first."""

    def __init__(self):
        self.entries = {}

    def _parents(self, path):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.dir(parent)

    def _add(self, path, mode, data=b"", device=(0, 0)):
        path = path.strip("/")
        self._parents(path)
        self.entries[path] = (mode, data, device)

    def dir(self, path, mode=0o755):
        self._add(path, stat.S_IFDIR | mode)

    def link(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def char(self, path, major, minor, mode=0o600):
        self._add(path, stat.S_IFCHR | mode, b"", (major, minor))

    def data(self, path, data, mode=0o644):
        self._add(path, stat.S_IFREG | mode, data)

    def file(self, path, source, mode=None):
        with open(source, "rb") as opened:
            content = opened.read()
        if mode is None:
            mode = os.stat(source).st_mode & 0o777
        self.data(path, content, mode)

    def tree(self, path, source):
        """Every regular file and link below the folder source, under path."""
        for folder, _, names in os.walk(source):
            inside = os.path.join(path, os.path.relpath(folder, source))
            for name in sorted(names):
                full = os.path.join(folder, name)
                to = os.path.normpath(os.path.join(inside, name))
                if os.path.islink(full):
                    self.link(to, os.readlink(full))
                else:
                    self.file(to, full)

    def bytes(self):
        out = bytearray()
        for number, (path, entry) in enumerate(self.entries.items(), 1):
            _record(out, number, path, *entry)
        _record(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        out += b"\0" * (-len(out) % 512)
        return bytes(out)

    def write(self, target):
        with open(target, "wb") as opened:
            opened.write(self.bytes())


def _record(out, number, path, mode, data, device):
    name = path.encode("utf-8", "surrogateescape") + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(name), 0)
    out += b"070701" + b"".join(b"%08X" % field for field in fields) + name
    out += b"\0" * (-len(out) % 4)
    out += data
    out += b"\0" * (-len(out) % 4)
