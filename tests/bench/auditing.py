# SPDX-License-Identifier: GPL-2.0-or-later
"""T23: an audit log of 1,000,000 records, grouped."""

import functools
import os
import random
import shutil

from cost import NotMeasured, median, spread

RECORDS = 1000000
FILES = 3000
CAUSES = ("missing-hash", "invalid-hash", "IMA-signature-required", "invalid-signature")
COMMS = ("bash", "python3", "sshd")


def stamp(at, serial):
    return f"msg=audit({at // 1000}.{at % 1000:03}:{serial}): "


def denial(head, n):
    """The five records of an access that was denied, as auditd writes them, enriched."""
    comm, path = COMMS[n % 3], f"/opt/app/bin/worker-{n}"
    return (
        f"type=INTEGRITY_DATA {head}pid={300 + n} uid=0 auid=1000 ses=3 subj=unconfined "
        f"op=appraise_data cause={CAUSES[n % 4]} comm=\"{comm}\" name=\"{path}\" dev=\"dm-0\" "
        f"ino={10000 + n} res=0 errno=0\x1dUID=\"root\" AUID=\"admin\"\n",
        f"type=SYSCALL {head}arch=c000003e syscall=59 success=no exit=-13 a0=55d0c8 a1=55d0c9 "
        f"a2=55d0ca a3=8 items=2 ppid=1200 pid={300 + n} auid=1000 uid=0 gid=0 euid=0 suid=0 "
        f"fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm=\"{comm}\" exe=\"/usr/bin/{comm}\" "
        f"subj=unconfined key=(null)\x1dARCH=x86_64 SYSCALL=execve AUID=\"admin\" UID=\"root\"\n",
        f"type=CWD {head}cwd=\"/root\"\n",
        f"type=PATH {head}item=0 name=\"{path}\" inode={10000 + n} dev=fd:00 mode=0100755 ouid=0 "
        f"ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0\x1dOUID=\"root\" OGID=\"root\"\n",
        f"type=PROCTITLE {head}proctitle=62617368002D63\n")


def others(head, n):
    """What stands between them: an access that a rule of audit's asks for, a login."""
    if n % 2:
        return (f"type=USER_ACCT {head}pid=2874 uid=0 auid=1000 ses=3 subj=unconfined "
                "msg='op=PAM:accounting acct=\"root\" exe=\"/usr/sbin/cron\" res=success'"
                "\x1dUID=\"root\"\n",)
    return (
        f"type=SYSCALL {head}arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd "
        f"a2=0 a3=0 items=1 ppid=1200 pid=1201 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 "
        f"sgid=0 fsgid=0 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" subj=unconfined "
        f"key=\"etc\"\x1dARCH=x86_64 SYSCALL=openat AUID=\"admin\" UID=\"root\"\n",
        f"type=CWD {head}cwd=\"/root\"\n", f"type=PROCTITLE {head}proctitle=\"cat\"\n")


@functools.cache
def log(bench, records):
    path = os.path.join(bench.build, "bench", f"audit-{records}.log")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draw, at, serial, n = random.Random(1), 1700000000000, 1000, 0
    with open(path, "w", encoding="ascii") as f:
        while n < records:
            serial, at, k = serial + 1, at + draw.randrange(30), draw.randrange(FILES)
            make = denial if draw.random() < 0.5 else others
            lines = make(stamp(at, serial), k)[:records - n]
            f.writelines(lines)
            n += len(lines)
    return path


def imactl(bench, records):
    return [bench.imactl, "denials", "--file", log(bench, records), "--group", "cause"]


def t23(bench):
    if not shutil.which("ausearch"):
        raise NotMeasured("T23: no ausearch (package auditd)")
    path = log(bench, RECORDS)
    costs = bench.meter.interleave({
        "imactl": imactl(bench, RECORDS),
        "ausearch": ["ausearch", "-m", "INTEGRITY_DATA", "-if", path],
        "aureport": ["aureport", "--integrity", "-if", path],
        "small": imactl(bench, RECORDS // 10)}, bench.runs, statuses=(0, 1))
    bench.note("T23", f"{RECORDS} records: {median(costs['imactl'], 'cpu') * 1000:.0f} ms cpu "
               f"(spread {spread(costs['imactl'], 'cpu'):.0%})")
    ours = median(costs["imactl"], "cpu")
    return {"ausearch": median(costs["ausearch"], "cpu") / ours,
            "aureport": median(costs["aureport"], "cpu") / ours,
            "rss": max(cost.rss for cost in costs["imactl"]),
            "growth": median(costs["imactl"], "rss") / median(costs["small"], "rss")}
