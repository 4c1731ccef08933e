"""The model of lab/blocklog.py on a log written here: what was flushed is there, of the rest
anything may be, in whole blocks, and what the machine did can be taken back."""

import os
import random
import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "lab"))
import blocklog

BLOCK, BLOCKS = 4096, 16


def entry(log, block=0, data=b"", flags=0):
    """One as the kernel's dm-log-writes has it."""
    log.write(struct.pack("<QQQQ", block * 8, len(data) // 512, flags, 0).ljust(512, b"\0"))
    log.write(data)


def write_log(path):
    blocklog.create(path)
    with open(path, "ab") as log:
        entry(log, 0, b"a" * BLOCK)
        entry(log, flags=blocklog.FLUSH)
        entry(log, 1, b"b" * BLOCK * 4)
        entry(log, 5, b"c" * BLOCK, blocklog.FUA)
        entry(log, flags=blocklog.FLUSH)
        entry(log, 0, b"d" * BLOCK)
        entry(log, 6, b"e" * BLOCK * 4)
        log.write(b"\1" * 700)  # the machine was killed in the middle of the next one


def blocks(path):
    data = Path(path).read_bytes()
    found = [data[at:at + BLOCK] for at in range(0, len(data), BLOCK)]
    assert all(len(set(block)) == 1 for block in found), "a block is torn"
    return "".join(chr(block[0]) for block in found)


def disk_after(folder, flushed, seed, within):
    base, disk, path = (os.path.join(folder, name) for name in ("base", "disk", "log"))
    Path(base).write_bytes(b"." * BLOCK * BLOCKS)
    Path(disk).write_bytes(b"." * BLOCK * BLOCKS)
    write_log(path)
    log = blocklog.read(path)
    assert [len(segment) for segment in log.segments] == [0, 1, 2, 2], log.segments
    kept, pending, _ = blocklog.survivors(log, flushed, random.Random(seed), within)
    assert pending <= len(log.segments[flushed])
    blocklog.apply(disk, log, kept)
    seen = blocks(disk)
    blocklog.take_back(disk, base, [log])
    assert Path(disk).read_bytes() == Path(base).read_bytes()
    return seen


def disks(folder, flushed, within=False):
    return {disk_after(folder, flushed, seed, within) for seed in range(200)}


def main():
    with tempfile.TemporaryDirectory() as folder:
        first, second, third = (disks(folder, flushed) for flushed in (1, 2, 3))
        within = disks(folder, 2, True)
    assert first == {"." * BLOCKS, "a" + "." * (BLOCKS - 1)}, first
    # torn: some of the four, from either end; what is written through is there
    fours = {"bbbb"[:n] + "...."[n:] for n in range(5)} | {
        "...."[n:] + "bbbb"[:n] for n in range(5)}
    assert all(s[0] == "a" and s[1:5] in fours and s[5] == "c" for s in second), second
    assert any(0 < s.count("b") < 4 for s in second), "nothing was ever torn"
    assert {s[5] for s in within} == {"c", "."}
    assert all(s[1:6] == "bbbbc" and s[10:] == "." * (BLOCKS - 10) for s in third), third
    assert {(s[0], s[6]) for s in third} >= {("a", "e"), ("d", "."), ("d", "e"), ("a", ".")}


main()
