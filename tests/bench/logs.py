# SPDX-License-Identifier: GPL-2.0-or-later
"""The generated hosts, made once per build folder."""

import os
import struct
import subprocess

PCRS = ("sha1", "sha256", "sha384")


class Host:
    """A recorded host with a generated list."""

    def __init__(self, folder, entries):
        self.folder = folder
        self.entries = entries

    def file(self, name):
        return os.path.join(self.folder, name)

    @property
    def binary(self):
        return self.file("binary_runtime_measurements")

    @property
    def ascii(self):
        return self.file("ascii_runtime_measurements")

    def pcrs(self, bank):
        return self.file(f"pcrs-{bank}.txt")

    def lines(self):
        """(template digest, path) of all entries. For names without spaces."""
        with open(self.ascii, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                words = line.split(" ", 5)
                yield words[1], words[4].rstrip("\n")

    def data_sizes(self):
        """The bytes under each template digest; 0 for a violation."""
        with open(self.binary, "rb") as f:
            data = f.read()
        at = 0
        while at < len(data):
            digest = data[at + 4:at + 24]
            name_size = struct.unpack_from("=I", data, at + 24)[0]
            size = struct.unpack_from("=I", data, at + 28 + name_size)[0]
            yield size if any(digest) else 0
            at += 32 + name_size + size


class Logs:
    def __init__(self, genlog, folder):
        self.genlog = genlog
        self.folder = folder

    def host(self, entries, mode="ng", *options):
        """A host of that many entries; @options are genlog's."""
        built = int(os.stat(self.genlog).st_mtime)
        name = "-".join([mode, str(entries), str(built), *(os.path.basename(o).strip("-") for o in options)])
        folder = os.path.join(self.folder, name)
        if not os.path.isdir(folder):
            os.makedirs(self.folder, exist_ok=True)
            part = folder + ".part"
            subprocess.run([self.genlog, "-n", str(entries), "-m", mode, *options, part],
                           check=True)
            os.rename(part, folder)
        return Host(folder, entries)
