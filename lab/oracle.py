"""PCR 10 out of a binary measurement list, written from the kernel's description of the
format and from nothing of imactl: what scenarios hold the lab and imactl against.

Native lists of little-endian machines, template ima left out."""

import hashlib
import struct

SIZES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}


def entries(data):
    """[(pcr, SHA-1 template digest, template name, template data)]"""
    found, at = [], 0
    while at < len(data):
        pcr, digest, length = struct.unpack_from("<I20sI", data, at)
        at += 28
        name = data[at:at + length].decode()
        (size,) = struct.unpack_from("<I", data, at + length)
        at += length + 4
        found.append((pcr, digest, name, data[at:at + size]))
        at += size
    return found


def pcr10(data, bank, native=True):
    """The value this list leaves in the bank; not native: SHA-1 padded with zeros."""
    value = bytes(SIZES[bank])
    for pcr, digest, _, content in entries(data):
        if pcr != 10:
            continue
        if digest == bytes(20):
            extend = b"\xff" * SIZES[bank]
        elif native:
            extend = hashlib.new(bank, content).digest()
        else:
            extend = digest.ljust(SIZES[bank], b"\0")
        value = hashlib.new(bank, value + extend).digest()
    return value.hex()
