"""What a machine wrote to a disk, and where it waited for the disk: a log in the form of the
kernel's dm-log-writes, as QEMU's blklogwrites and tests/lab/disklog.c write it. Disks as a
power cut leaves them are made from it.

The model: the disk has a cache. What was written before the last flush that came to its end is
there. Of what was written since, anything may be there, in any order: a write that is lost
beside a later one that is not, and one that is torn between two blocks of 4 KiB. Such a block
is whole, as on a disk with sectors of that size: ext4 writes its superblock outside its journal,
and torn in the middle, at 512 bytes, it cannot be mounted any more (seen: "invalid superblock
checksum"), whatever imactl does."""

import mmap
import os
import struct
from dataclasses import dataclass

SECTOR, WHOLE = 512, 4096
MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA, DISCARD = 1, 2, 4
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")


@dataclass
class Write:
    offset: int  # on the disk
    length: int
    source: int  # where its bytes are in the log; -1: it discards
    alone: bool = False  # it was on the disk when it was done, whatever was before it (FUA)


@dataclass
class Log:
    """Of a machine that was killed: the last entry may be cut short, and is left out. Whatever
    the first block says of their number, they are read to the end of the file."""

    path: str
    segments: list  # of Writes: a flush is behind each but the last

    @property
    def writes(self):
        return [write for segment in self.segments for write in segment]


def create(path):
    """An empty log, for disklog.c."""
    with open(path, "wb") as file:
        file.write(_SUPER.pack(MAGIC, VERSION, 0, SECTOR).ljust(SECTOR, b"\0"))


def read(path, size=None):
    """size: as far as that."""
    size = os.path.getsize(path) if size is None else size
    segments = [[], []]  # it was at rest before the machine came
    with open(path, "rb") as file:
        magic, version, _, sector = _SUPER.unpack(file.read(_SUPER.size))
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError(f"{path} is no log of writes")
        at = sector
        while at + sector <= size:
            file.seek(at)
            number, count, flags, _ = _ENTRY.unpack(file.read(_ENTRY.size))
            length = 0 if flags & DISCARD else count * sector
            if at + sector + length > size:
                break
            _take(segments, number * sector, count * sector, flags, at + sector)
            at += sector + length
    return Log(path, segments)


def find(path, text):
    """How far the log reaches when that is written to the disk for the last time."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
        at = log.rfind(text)
    if at < 0:
        raise ValueError(f"{path} has no block with {text!r}")
    return at


def _take(segments, offset, length, flags, source):
    if flags & FLUSH:  # before the entry's own bytes, if it has any
        segments.append([])
    if length:
        segments[-1].append(Write(offset, length, -1 if flags & DISCARD else source,
                                  bool(flags & FUA)))


def survivors(log, flushed, rng, within=False):
    """The writes that are there when the power goes behind that flush (from 1 on; the first
    is the machine's start): those up to the flush, and of the others in front of the next what
    chance leaves. within: at some moment in front of the next flush; otherwise when all of
    them had been given to the disk. With them the numbers of others, and of those lost or
    torn."""
    kept = [write for segment in log.segments[:flushed] for write in segment]
    pending = log.segments[flushed]
    if within:
        pending = pending[:rng.randint(0, len(pending))]
    luck, lost = rng.choice((0.0, 0.5, 0.5, 1.0)), 0
    for write in pending:
        parts = [write] if write.alone else _luck(write, luck, rng)
        lost += parts != [write]
        kept += parts
    return kept, len(pending), lost


def _luck(write, luck, rng):
    """What is left of one: one of eight that are not all kept or all lost is torn."""
    if luck in (0.0, 1.0) or rng.randrange(8) or write.length <= WHOLE or write.source < 0:
        return [write] if rng.random() < luck else []
    at = WHOLE * rng.randrange(1, -(-write.length // WHOLE))
    first = Write(write.offset, at, write.source)
    second = Write(write.offset + at, write.length - at, write.source + at)
    return [rng.choice((first, second))]


def apply(disk, log, writes):
    """disk: a path."""
    with open(disk, "r+b") as to, open(log.path, "rb") as source:
        for write in writes:
            source.seek(max(write.source, 0))
            to.seek(write.offset)
            to.write(source.read(write.length) if write.source >= 0 else bytes(write.length))


def take_back(disk, base, logs):
    """Makes disk what base is: it differs only where one of the logs says."""
    with open(disk, "r+b") as to, open(base, "rb") as source:
        for offset, length in _places(logs):
            source.seek(offset)
            to.seek(offset)
            to.write(source.read(length))


def _places(logs):
    """(offset, length) that were written, each once."""
    ends = 0
    for offset, length in sorted((w.offset, w.length) for log in logs for w in log.writes):
        start = max(offset, ends)
        if offset + length > start:
            yield start, offset + length - start
            ends = offset + length
