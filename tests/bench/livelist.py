# SPDX-License-Identifier: GPL-2.0-or-later
"""T11 to T14: what reading the live list costs, in system calls and in time.

A user-mode kernel of the lab (scripts/lab) boots, its list is made to grow, and the console
runs there under strace. Calls are counted, since they cost the same everywhere; times are
those of the kernel's reads as strace saw them. (This kernel does not tell user time from
system time, so our own cost per entry is taken where a saved list is loaded.)
"""

import functools
import math
import os
import re
import sys
import tarfile
from dataclasses import dataclass

from cost import Broken, NotMeasured

KERNEL = "um-rhel"
LIST = "binary_runtime_measurements"
COUNT = "runtime_measurements_count"
LENGTHS = (10000, 50000, 200000)
SPREAD = 60  # bytes by which records of an uneven list differ: a third of their size
SCREEN = 60  # bytes: a write to the terminal that draws, not one that sets modes
NEW = 2000
NEW_PER_SECOND = 200

# The console on a terminal of its own, left by Q once COMMAND says that there is nothing more
# to see.
GUEST = """
console() {{
    until=$1
    shift
    (sleep 1; printf 2; $until; printf Q; sleep 5) |
        TERM=linux script -qec "$* imactl --color never" /dev/null >/dev/null 2>&1
}}
# settled TRACE: the list has been read, and then not for five seconds
settled() {{
    _before=0 _same=0 _left=900
    while [ $_left -gt 0 ] && [ $_same -lt 5 ]; do
        sleep 1
        _now=$(grep -c {list}, $LAB_OUT/$1)
        [ "$_now" = "$_before" ] || _same=-1
        [ "$_now" = 0 ] || _same=$((_same + 1))
        _before=$_now _left=$((_left - 1))
    done
}}
traced="strace -f -y -T -ttt -s0 -e trace=openat,read,pread64,lseek,write"
step grow /lab/bin/grow {length} /var/grow base 0 {spread}
step first console "settled first.trace" $traced -o $LAB_OUT/first.trace
step again console "settled again.trace" $traced -o $LAB_OUT/again.trace
"""
# What one pread at the end costs the kernel, of which nobody who wants to see it needs less.
SEQUENTIAL = """
step floor strace -T -o $LAB_OUT/floor.trace -e trace=lseek \\
    dd if=$IMA/binary_runtime_measurements of=/dev/null bs=1 count=1 skip=1T
step sequential meter $LAB_OUT/sequential.cost \\
    sh -c "exec cat $IMA/binary_runtime_measurements >/dev/null"
"""
STEADY = """
(sleep 10; date +%s >$LAB_OUT/grows; exec /lab/bin/grow {new} /var/grow new {rate}) &
step steady console "sleep {seconds}" $traced -o $LAB_OUT/steady.trace
"""


@dataclass
class Call:
    """One finished system call of the trace."""

    at: float
    name: str
    path: str
    offset: int  # of a pread64; -1
    result: int
    seconds: float


CALL = re.compile(r"^\d+ +([\d.]+) (\w+)\((?:\d+|AT_FDCWD)<([^>]*)>(.*)\) += "
                  r"(-?\d+)(?:<([^>]*)>)?.* <([\d.]+)>$")


def calls(text):
    """The calls in order of their end; strace splits those another thread interrupts."""
    begun = {}
    for line in text.splitlines():
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[pid] = line[:-len("<unfinished ...>")].rstrip()
            continue
        resumed = re.match(r"^\d+ +[\d.]+ <\.\.\. \w+ resumed>(.*)$", line)
        if resumed:
            line = begun.pop(pid, "") + resumed.group(1)
        found = CALL.match(line)
        if not found:
            continue
        at, name, path, rest, result, opened, seconds = found.groups()
        offset = int(rest.rsplit(",", 1)[1]) if name == "pread64" else -1
        yield Call(float(at), name, opened or path, offset, int(result), float(seconds))


class Trace:
    """What a run of the console asked of the list, with the offset of each read."""

    def __init__(self, text):
        self.calls = list(calls(text))
        self.reads = []
        at = 0
        for call in self.calls:
            if call.name == "openat" and call.path.endswith(LIST):
                at = 0
            if call.name == "lseek" and call.path.endswith(LIST):
                at = call.result
            if call.name not in ("read", "pread64") or not call.path.endswith(LIST):
                continue
            if call.name == "read":
                call.offset = at
                at += max(0, call.result)
            self.reads.append(call)
        if not self.reads:
            raise Broken("the console never read the list:\n" + text[-600:])

    @property
    def end(self):
        return max(read.offset + read.result for read in self.reads if read.result > 0)

    def first_screen(self):
        for call in self.calls:
            if call.name == "write" and call.result >= SCREEN and "/dev/" in call.path:
                return call.at
        raise Broken("the console drew no screen")

    def until_first_screen(self):
        return [read for read in self.reads if read.at < self.first_screen()]

    def until_newest(self):
        """The reads behind the first screen's (T11), up to those that reached the end of the
        list and saw it."""
        newest = []
        for read in self.reads[1:]:
            if newest and newest[-1].offset + newest[-1].result == self.end and read.result:
                break
            newest.append(read)
        return newest

    def covered(self):
        """Bytes from the start without a hole."""
        at = 0
        for read in sorted(self.reads, key=lambda read: read.offset):
            if read.offset <= at:
                at = max(at, read.offset + read.result)
        return at

    def twice(self):
        """Bytes that came more than once."""
        reads = [read for read in self.reads if read.result > 0]
        covered = at = 0
        for start, stop in sorted((r.offset, r.offset + r.result) for r in reads):
            covered += max(0, stop - max(start, at))
            at = max(at, stop)
        return sum(read.result for read in reads) - covered


def lab(bench, script, memory):
    """Runs a job on the lab's kernel; the folder's files as {name: text}."""
    folder = os.path.join(bench.tree, "lab")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    os.environ["IMACTL_LAB_PROGRAM"] = bench.imactl
    try:
        import cache
        import machine
    except ImportError as error:
        raise NotMeasured(f"the lab cannot be used: {error}") from error
    files = [(f"lab/bin/{name}", bench.tool(name)) for name in ("grow", "meter")]
    try:
        with machine.Machine(KERNEL, "scenario", boot="ima_policy=tcb", memory=memory,
                             files=files, tools=["strace", "script", "cat", "dd"],
                             script=script) as m:
            m.start()
            if not m.wait(900):
                raise Broken(f"{KERNEL} did not finish")
            with tarfile.open(m.folder / "host" / "result") as tar:
                return {os.path.basename(member.name): tar.extractfile(member).read()
                        .decode(errors="replace") for member in tar if member.isfile()}
    except (cache.LabError, OSError) as error:
        raise NotMeasured(f"the lab: {error}") from error


@functools.cache
def long_run(bench, length, spread=0):
    """(trace of a first start, trace of a second, seconds of a sequential read, seconds of
    one look at the end)"""
    script = GUEST.format(length=length, spread=spread, list=LIST + ">") + SEQUENTIAL
    found = lab(bench, script, 1500)
    floor = [float(seconds) for seconds in re.findall(r"<([\d.]+)>$", found["floor.trace"], re.M)]
    return (Trace(found["first.trace"]), Trace(found["again.trace"]),
            float(found["sequential.cost"].split()[0]), max(floor))


@functools.cache
def steady_run(bench):
    seconds = 14 + NEW // NEW_PER_SECOND
    script = GUEST.format(length=5000, spread=0, list=LIST + ">") + STEADY.format(
        new=NEW, rate=NEW_PER_SECOND, seconds=seconds)
    return lab(bench, script, 768)


def t11(bench):
    reads, times = [], []
    for length in LENGTHS:
        before = long_run(bench, length)[0].until_first_screen()
        reads.append(len(before))
        times.append(sum(read.seconds for read in before))
        bench.note("T11", f"{length} entries: {len(before)} reads, "
                   f"{times[-1] * 1e3:.2f} ms in them")
    return {"reads": max(reads), "read": max(times) * 1e3}


def tail_cost(bench, length, spread=0):
    """(reads, seconds in them, how much longer a sequential read takes) until the newest
    entries are there"""
    first, _, sequential, floor = long_run(bench, length, spread)
    newest = first.until_newest()
    spent = sum(read.seconds for read in newest)
    bench.note("T12", f"{length} {'uneven ' if spread else ''}entries: {len(newest)} reads, "
               f"{spent * 1e3:.1f} ms; one look at the end {floor * 1e3:.1f} ms, "
               f"from the start {sequential:.2f} s")
    return len(newest), spent, sequential / spent


def t12(bench):
    even = {length: tail_cost(bench, length) for length in LENGTHS}
    longest = max(LENGTHS)
    uneven = tail_cost(bench, longest, SPREAD)
    return {"reads": max(cost[0] for cost in even.values()),
            "entry": max(cost[1] / length for length, cost in even.items()) * 1e6,
            "sequential": even[longest][2],
            "uneven-reads": uneven[0], "uneven-entry": uneven[1] / longest * 1e6,
            "uneven-sequential": uneven[2]}


def expected_reads(trace, reads):
    """As few as the kernel allows: 4 KiB each, whole records, one update at a time."""
    updates, bytes_now = [], 0
    pending = list(reads)
    for call in trace.calls:
        if call.path.endswith(COUNT) and bytes_now:
            updates.append(bytes_now)
            bytes_now = 0
        if pending and call is pending[0]:
            bytes_now += max(0, pending.pop(0).result)
    updates.append(bytes_now)
    record = 160  # a record that does not fit waits for the next read
    return sum(math.ceil(n / (4096 - record)) for n in updates if n)


def t13(bench):
    found = steady_run(bench)
    trace = Trace(found["steady.trace"])
    grows = float(found["grows"])
    started = trace.calls[0].at
    idle = [r for r in trace.reads if started + 5 < r.at < grows - 1]
    new = [r for r in trace.reads if r.at >= grows - 1]
    allowed = expected_reads(trace, new)
    polls = sum(call.path.endswith(COUNT) and call.name != "openat" and
                started + 5 < call.at < grows - 1 for call in trace.calls)
    bench.note("T13", f"idle {grows - 1 - started - 5:.0f} s: {len(idle)} reads of the list, "
               f"{polls} of its count; {NEW} new entries: {len(new)} reads, "
               f"{sum(max(0, r.result) for r in new)} bytes, {allowed} expected, "
               f"{sum(r.result == 0 for r in new)} at the end")
    return {"idle": len(idle), "reads": len(new) / max(1, allowed),
            "again": trace.twice()}


def t14(bench):
    reads, again = [], []
    for length in LENGTHS:
        first, second, *_ = long_run(bench, length)
        known = first.end
        if first.covered() < known:
            raise Broken(f"{length} entries were never read")
        reads.append(len(second.reads))
        again.append(sum(max(0, min(r.offset + r.result, known) - r.offset)
                         for r in second.reads if r.offset < known))
        bench.note("T14", f"{length} entries: after a restart {reads[-1]} reads, "
                   f"{again[-1]} bytes known before")
    return {"reads": max(reads), "again": max(again)}
