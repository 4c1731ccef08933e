# SPDX-License-Identifier: GPL-2.0-or-later
"""T1, T2, T4 to T6 and T20: replaying a saved list."""

import functools
import json
import math
import os
import shutil
import subprocess

from cost import Broken, NotMeasured, best, counter, instructions, median, spread

# Instructions of OpenSSL's block functions with the processor's SHA instructions, counted
# by single-stepping OpenSSL 3.0; valgrind simulates a processor without them.
SHANI_BLOCK = {"sha1": 163, "sha256": 207}


def imactl_verify(bench, host, banks):
    command = [bench.imactl, "verify", "--log", host.binary]
    for bank in banks:
        command += ["--pcrs", f"{bank}:{host.pcrs(bank)}"]
    return command


def evmctl(host):
    if not shutil.which("evmctl"):
        raise NotMeasured("no evmctl (ima-evm-utils)")
    return ["evmctl", "ima_measurement", "--ignore-violations",
            "--pcrs", f"sha1,{host.pcrs('sha1')}",
            "--pcrs", f"sha256,{host.pcrs('sha256')}", host.binary]


BANKS = ("sha1", "sha256")


def one_core(command):
    """One thread's worth: threads of one process that share a core cost what one thread
    would, without what two cores take from each other."""
    return ["taskset", "-c", str(min(os.sched_getaffinity(0))), *command]


@functools.cache
def runs(bench):
    """Everything that is compared is measured here, in turn."""
    large = bench.logs.host(bench.entries, "ng", "-v", "0")
    small = bench.logs.host(bench.entries // 10, "ng", "-v", "0")
    mixed = bench.logs.host(bench.entries, "mixed")
    return bench.meter.interleave({
        "evmctl": one_core(evmctl(large)),
        "imactl": one_core(imactl_verify(bench, large, BANKS)),
        "three": one_core(imactl_verify(bench, large, (*BANKS, "sha384"))),
        "small": one_core(imactl_verify(bench, small, BANKS)),
        "mixed": one_core(imactl_verify(bench, mixed, BANKS)),
        "threads": imactl_verify(bench, large, BANKS),
    }, bench.runs)


@functools.cache
def limit(bench):
    """(ns for one extend of sha1 and one of sha256, what they were computed with)"""
    text = subprocess.run([bench.tool("limit"), "500000"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    rows = dict(line.split() for line in text.splitlines())
    if "sha1" in rows:
        return float(rows["sha1"]) + float(rows["sha256"]), "SHA instructions"
    return (float(rows["sha1-openssl"]) + float(rows["sha256-openssl"]),
            "OpenSSL's block functions: this processor has no SHA instructions")


def blocks(host):
    """Hash blocks a replay of both banks has to compress, per algorithm: the template
    digest and the extend (40 and 64 bytes; padding and length take 9)."""
    total = {"sha1": 0, "sha256": 0}
    for size in host.data_sizes():
        data = math.ceil((size + 9) / 64) if size else 0
        total["sha1"] += data + 1
        total["sha256"] += data + 2
    return total


@functools.cache
def simulated_block(bench, algorithm):
    few, many = (instructions([bench.tool("limit"), algorithm, str(n)])
                 for n in (1000, 3000))
    return (many - few) / 2000


def native(bench, host, count):
    """The count as this command has it on a processor with SHA instructions."""
    if counter() == "perf":
        return count
    return count - sum(n * (simulated_block(bench, a) - SHANI_BLOCK[a])
                       for a, n in blocks(host).items())


@functools.cache
def verify_instructions(bench, entries):
    host = bench.logs.host(entries, "ng", "-v", "0")
    return native(bench, host, instructions(imactl_verify(bench, host, BANKS)))


def per_entry_instructions(bench, entries):
    """Without what starting costs: the difference of two lengths."""
    return ((verify_instructions(bench, entries) - verify_instructions(bench, entries // 10))
            / (entries - entries // 10))


def t1(bench):
    costs = runs(bench)
    entry = median(costs["imactl"], "cpu") / bench.entries
    limit_ns, how = limit(bench)
    bench.note("T1", f"evmctl {median(costs['evmctl'], 'cpu'):.2f} s cpu "
               f"(spread {spread(costs['evmctl'], 'cpu'):.0%}), imactl "
               f"{median(costs['imactl'], 'cpu'):.3f} s (spread "
               f"{spread(costs['imactl'], 'cpu'):.0%}), mixed templates "
               f"{median(costs['mixed'], 'cpu'):.3f} s; limit {limit_ns:.0f} ns ({how}); "
               f"instructions by {counter()}, {bench.counted} entries")
    return {
        "evmctl": median(costs["evmctl"], "cpu") / median(costs["imactl"], "cpu"),
        "entry": entry * 1e6,
        # the limit is the best of its runs, so is what is held against it
        "limit": best(costs["imactl"], "cpu") / bench.entries * 1e9 / limit_ns,
        **t1_instructions(bench),
    }


def t2(bench):
    """Wall time of two threads means something only while both cores are free, so the
    quietest run of each counts."""
    if len(os.sched_getaffinity(0)) < 2:
        raise NotMeasured("only one core")
    costs = runs(bench)
    wall = {name: best(costs[name], "wall") for name in ("evmctl", "threads")}
    bench.note("T2", f"quietest runs: evmctl {wall['evmctl']:.2f} s wall, imactl "
               f"{wall['threads']:.3f} s; medians {median(costs['evmctl'], 'wall'):.2f} s, "
               f"{median(costs['threads'], 'wall'):.3f} s (spread "
               f"{spread(costs['threads'], 'wall'):.0%})")
    return {"evmctl": wall["evmctl"] / wall["threads"]}


def t4(bench):
    costs = runs(bench)
    added = median(costs["three"], "cpu") - median(costs["imactl"], "cpu")
    return {"bank": added / bench.entries * 1e6}


@functools.cache
def signer(bench):
    """(key and certificate in one PEM, the certificate in DER)"""
    pem, der = (os.path.join(bench.build, "bench", f"list-key.{end}") for end in ("pem", "der"))
    if not os.path.exists(pem):
        os.makedirs(os.path.dirname(pem), exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench",
                        "-keyout", pem, "-out", pem + ".cert"], check=True,
                       stderr=subprocess.DEVNULL)
        subprocess.run(["openssl", "x509", "-in", pem + ".cert", "-outform", "DER",
                        "-out", der], check=True)
        with open(pem, "a", encoding="ascii") as f, open(pem + ".cert", encoding="ascii") as c:
            f.write(c.read())
    return pem, der


def checked(bench, host):
    """The commands that check its signatures: evmctl's and ours."""
    der = signer(bench)[1]
    theirs = evmctl(host)
    return ([*theirs[:2], "--verify-sig", "--key", der, *theirs[2:]],
            [*imactl_verify(bench, host, BANKS), "--signatures", "--cert", der])


def signatures_in(bench, host):
    """How many entries carry one; all of them must be good."""
    out = subprocess.run([*checked(bench, host)[1], "--json"], check=True,
                         stdout=subprocess.PIPE)
    found = json.loads(out.stdout)["signatures"]
    if found["check"] != "good" or found["good"] != found["entries"]:
        raise Broken(f"the signatures of {host.folder} are not all good")
    return found["entries"]


def t5(bench):
    """evmctl checks each signature anew; lists in which none is there twice are a tenth as
    long."""
    pem = signer(bench)[0]
    short = bench.entries // 10
    once = bench.logs.host(short, "mixed", "-v", "0", "-k", pem, "-d", str(short))
    alike = bench.logs.host(bench.entries, "mixed", "-v", "0", "-k", pem)
    theirs, ours = checked(bench, once)
    costs = bench.meter.interleave({"evmctl": one_core(theirs), "one": one_core(ours),
                                    "two": ours}, bench.runs)
    theirs, ours = checked(bench, alike)
    long = bench.meter.interleave({"evmctl": one_core(theirs), "one": one_core(ours)},
                                  max(1, bench.runs // 2))
    n = signatures_in(bench, once)
    text = subprocess.run([bench.tool("limit"), "verify", "4000"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    limit_ns = float(text.split()[1])
    cpu = best(costs["one"], "cpu")
    bench.note("T5", f"{n} signatures, no two alike: limit {limit_ns / 1000:.1f} us each, "
               f"imactl {cpu / n * 1e6:.1f} us (spread {spread(costs['one'], 'cpu'):.0%}), "
               f"evmctl {median(costs['evmctl'], 'cpu') / n * 1e6:.1f} us; "
               f"{signatures_in(bench, alike)} of 20,000 kinds: imactl "
               f"{median(long['one'], 'cpu'):.2f} s cpu, {long['one'][0].rss:.0f} MiB, evmctl "
               f"{median(long['evmctl'], 'cpu'):.2f} s")
    return {
        "limit": cpu / n * 1e9 / limit_ns,
        "two": best(costs["evmctl"], "wall") / best(costs["two"], "wall"),
        "alike": median(long["evmctl"], "cpu") / median(long["one"], "cpu"),
    }


def t6(bench):
    costs = runs(bench)
    return {"rss": max(cost.rss for cost in costs["threads"] + costs["mixed"]),
            "growth": median(costs["imactl"], "rss") / median(costs["small"], "rss")}


def t6_once(bench):
    """T6 without repetition and peers: memory is the same each time."""
    small, large = (
        bench.meter.run(imactl_verify(bench, bench.logs.host(n, "mixed"), BANKS))
        for n in (bench.entries, bench.entries * 10))
    return {"rss": large.rss, "growth": large.rss / small.rss}


def t1_instructions(bench):
    return {"instructions": per_entry_instructions(bench, bench.counted)}


def t20(bench):
    costs = runs(bench)
    return {"verify": median(costs["imactl"], "cpu") / median(costs["small"], "cpu"),
            **t20_instructions(bench)}


def t20_instructions(bench):
    n = bench.counted
    return {"instructions": verify_instructions(bench, n) / verify_instructions(bench, n // 10)}
