# SPDX-License-Identifier: GPL-2.0-or-later
"""T15 to T20, T22: labels planned, made and set, on trees of files that look like a system's."""

import functools
import json
import os
import random
import shutil
import subprocess
import time

from cost import Broken, Cost, NotMeasured, median, spread

FEW, MANY = 14968, 100000  # files: of 149 KB in the mean; of some bytes
OLD_S = 4  # seconds after its last change from which a file is trusted to show the next one


class Tree:
    """A root with files below usr/, all of one package, and a key for it."""

    def __init__(self, bench, name, files, mean):
        self.bench, self.files = bench, files
        self.root = os.path.join(bench.build, "bench", name)
        self.usr = os.path.join(self.root, "usr")
        if not os.path.exists(os.path.join(self.root, "complete")):
            shutil.rmtree(self.root, ignore_errors=True)
            self.make(files, mean)

    def make(self, files, mean):
        rng = random.Random(files)
        names = []
        for i in range(files):
            folder = os.path.join(self.usr, f"lib/folder-{i % max(1, files // 100):04d}")
            os.makedirs(folder, exist_ok=True)
            names.append(os.path.join(folder, f"library-number-{i:06d}.so"))
            size = int(rng.lognormvariate(0, 1.5) * mean / 3.08) if mean else 20
            with open(names[-1], "wb") as f:
                f.write(rng.randbytes(size))
        info = os.path.join(self.root, "var/lib/dpkg/info")
        os.makedirs(info)
        with open(os.path.join(info, "everything.list"), "w", encoding="utf-8") as f:
            f.writelines(name[len(self.root):] + "\n" for name in names)
        open(os.path.join(self.root, "complete"), "w", encoding="utf-8").close()

    def imactl(self, *words):
        return [self.bench.imactl, "--root", self.root, "label", *words]

    def scan(self, mode):
        return [self.bench.tool("scanlimit"), mode, self.usr]

    def clear(self):
        """No labels, nothing known, no journals."""
        subprocess.run(self.scan("clear"), check=True, stdout=subprocess.DEVNULL)
        for state in ("var/lib/imactl", "var/cache/imactl"):
            shutil.rmtree(os.path.join(self.root, state), ignore_errors=True)

    def apply(self, *words):
        """Planned and carried out: the sum of both."""
        plan = subprocess.run(self.imactl("plan", "/usr", "--json", *words), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if plan.returncode:
            raise Broken(plan.stderr.decode(errors="replace"))
        hash_ = json.loads(plan.stdout)["hash"]
        first = self.bench.meter.run(self.imactl("plan", "/usr", *words))
        second = self.bench.meter.run(self.imactl("apply", "--apply", f"--plan={hash_}",
                                                  "--foreground", *words))
        self.labelled = time.monotonic()
        return Cost(first.wall + second.wall, first.user + second.user,
                    first.system + second.system, max(first.rss, second.rss))


    def settle(self):
        """As it is some seconds later, when a scan has seen that nothing changes."""
        time.sleep(max(0, self.labelled + OLD_S - time.monotonic()))
        self.bench.meter.run(self.imactl("plan", "/usr"))


def need_root():
    if os.geteuid():
        raise NotMeasured("only root sets security.ima")
    if not shutil.which("evmctl"):
        raise NotMeasured("no evmctl (ima-evm-utils)")


@functools.cache
def large(bench):
    return Tree(bench, "label-tree", FEW, 149000)


@functools.cache
def small(bench):
    return Tree(bench, "label-small", MANY, 0)


@functools.cache
def key(bench, kind):
    path = os.path.join(bench.build, "bench", f"label-{kind}.pem")
    options = {"rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
               "ecdsa": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}[kind]
    if not os.path.exists(path):
        subprocess.run(["openssl", "genpkey", "-algorithm", *options, "-out", path], check=True,
                       stderr=subprocess.DEVNULL)
    return path


def in_turn(tree, commands, runs):
    """{name: [Cost]}; each begins with a tree without labels. The first runs only warm."""
    costs = {name: [] for name in commands}
    for i in range(runs + 1):
        for name, command in commands.items():
            tree.clear()
            cost = command()
            if i:
                costs[name].append(cost)
    return costs


@functools.cache
def hashing(bench):
    need_root()
    tree = large(bench)
    tree.clear()
    tree.apply()
    tree.settle()
    check = ("plan", "/usr", "--recheck")
    return bench.meter.interleave({
        "limit": tree.scan("hash"),
        "evmctl": ["evmctl", "ima_hash", "-r", "-a", "sha256", tree.usr],
        "one": ["taskset", "-c", "0", *tree.imactl(*check, "--jobs", "1")],
        "two": tree.imactl(*check, "--jobs", "2"),
        "known": tree.imactl("plan", "/usr", "--jobs", "1"),
    }, bench.runs)


def t15(bench):
    costs = hashing(bench)
    cpu = {name: median(costs[name], "cpu") for name in costs}
    bench.note("T15", f"{FEW} files: limit {cpu['limit']:.3f} s cpu, imactl "
               f"{cpu['one']:.3f} s (spread {spread(costs['one'], 'cpu'):.0%}), evmctl "
               f"{cpu['evmctl']:.3f} s")
    return {
        "limit": cpu["one"] / cpu["limit"],
        "two": median(costs["evmctl"], "wall") / median(costs["two"], "wall"),
    }


@functools.cache
def signing(bench):
    need_root()
    tree = large(bench)

    def evmctl(kind):
        return lambda: bench.meter.run(["evmctl", "ima_sign", "-r", "-a", "sha256", "--key",
                                        key(bench, kind), tree.usr])

    def ours(kind, threads):
        return lambda: tree.apply("--key", key(bench, kind), "--jobs", threads)

    return in_turn(tree, {
        "evmctl-ecdsa": evmctl("ecdsa"), "ecdsa": ours("ecdsa", "1"),
        "evmctl-rsa": evmctl("rsa"), "rsa": ours("rsa", "1"),
        "ecdsa-two": ours("ecdsa", "2"), "rsa-two": ours("rsa", "2"),
    }, bench.runs)


def t16(bench):
    costs = signing(bench)
    cpu = {name: median(costs[name], "cpu") for name in costs}
    wall = {name: median(costs[name], "wall") for name in costs}
    bench.note("T16", ", ".join(f"{name} {cpu[name]:.2f} s cpu" for name in cpu))
    return {
        "ecdsa": cpu["evmctl-ecdsa"] / cpu["ecdsa"],
        "rsa": cpu["evmctl-rsa"] / cpu["rsa"],
        "ecdsa-two": wall["evmctl-ecdsa"] / wall["ecdsa-two"],
        "rsa-two": wall["evmctl-rsa"] / wall["rsa-two"],
    }


def t17(bench):
    """Labels are looked at: nothing has aged yet, and nothing is kept that would make that
    needless the next time."""
    need_root()
    tree = small(bench)
    tree.clear()
    tree.apply()
    plan = tree.imactl("plan", "/usr", "--readonly")
    costs = bench.meter.interleave({
        "limit": tree.scan("xattr"),
        "one": [*plan, "--jobs", "1"],
        "two": [*plan, "--jobs", "2"],
    }, bench.runs)
    cpu = {name: median(costs[name], "cpu") for name in costs}
    bench.note("T17", f"{MANY} files: limit {cpu['limit'] / MANY * 1e6:.2f} us a file, imactl "
               f"{cpu['one'] / MANY * 1e6:.2f} us, {costs['one'][0].rss:.0f} MiB")
    return {
        "limit": cpu["one"] / cpu["limit"],
        "file": cpu["one"] / MANY * 1e6,
        "two": median(costs["one"], "wall") / median(costs["two"], "wall"),
    }


def t18(bench):
    """What a kernel in fix mode then takes to hash and to label is not in it: none is asked
    for here."""
    need_root()
    tree = large(bench)
    tree.clear()
    costs = bench.meter.interleave({
        "evmctl": ["evmctl", "ima_fix", "-r", tree.usr],
        "limit": tree.scan("open"),
        "one": [bench.tool("opening"), "1", tree.usr],
        "two": [bench.tool("opening"), "2", tree.usr],
    }, bench.runs)
    seed = bench.meter.run(["find", tree.usr, "-type", "f", "-uid", "0", "-exec", "head",
                            "-n", "1", "{}", ";"])
    cpu = {name: median(costs[name], "cpu") for name in costs}
    bench.note("T18", f"{FEW} files, us each: find -exec head {seed.cpu / FEW * 1e6:.0f}, imactl "
               f"{cpu['one'] / FEW * 1e6:.1f}, evmctl {cpu['evmctl'] / FEW * 1e6:.1f}; the "
               f"calls alone (getdents, statx, getxattrat, open, close) "
               f"{cpu['limit'] / FEW * 1e6:.1f}")
    return {"seed": seed.cpu / cpu["one"], "evmctl": cpu["one"] / cpu["evmctl"],
            "two": median(costs["two"], "wall") / median(costs["one"], "wall")}


def t19(bench):
    costs = hashing(bench)
    tree = large(bench)
    stat, xattr = (bench.meter.interleave({mode: tree.scan(mode)}, bench.runs)[mode]
                   for mode in ("stat", "xattr"))
    bench.note("T19", f"us a file: read {median(costs['one'], 'cpu') / FEW * 1e6:.1f}, known "
               f"{median(costs['known'], 'cpu') / FEW * 1e6:.2f}; getdents and statx alone "
               f"{median(stat, 'cpu') / FEW * 1e6:.2f}, with getxattrat "
               f"{median(xattr, 'cpu') / FEW * 1e6:.2f}")
    return {"known": median(costs["one"], "cpu") / median(costs["known"], "cpu")}


def t20(bench):
    """All of it, for ten times the files; without what starting costs."""
    need_root()
    few, many = Tree(bench, "label-tenth", MANY // 10, 0), small(bench)
    nothing = bench.meter.run(few.imactl("plan", "/usr", "--help")).cpu
    costs = {tree: in_turn(tree, {"all": tree.apply}, max(1, bench.runs // 2))["all"]
             for tree in (few, many)}
    bench.note("T20", f"labelling {MANY} small files: {median(costs[many], 'cpu'):.2f} s cpu, "
               f"{max(c.rss for c in costs[many]):.0f} MiB")
    return {"label": (median(costs[many], "cpu") - nothing)
            / (median(costs[few], "cpu") - nothing)}


def t22(bench):
    """Every file of a tree, its label right: nothing fails early, nothing is left out."""
    need_root()
    tree = small(bench)
    tree.clear()
    tree.apply()
    policy, names = (os.path.join(bench.build, "bench", "simulate." + what)
                     for what in ("policy", "names"))
    with open(os.path.join(tree.root, "var/lib/dpkg/info/everything.list"),
              encoding="utf-8") as f, open(names, "w", encoding="utf-8") as to:
        to.writelines(sorted(f))  # as find and packages have them
    with open(policy, "w", encoding="ascii") as f:
        f.write("dont_appraise fsmagic=0x9fa0\ndont_measure fsmagic=0x9fa0\n"
                "measure func=FILE_CHECK mask=^MAY_READ uid=0\nappraise fowner=0\n")
    simulate = [bench.imactl, "--root", tree.root, "policy", "simulate", policy,
                "--labels-only", "--files-from", names]
    costs = bench.meter.interleave({
        "limit": tree.scan("xattr"),
        "one": [*simulate, "--jobs", "1"],
        "two": [*simulate, "--jobs", "2"],
    }, bench.runs)
    cpu = {name: median(costs[name], "cpu") for name in costs}
    bench.note("T22", f"{MANY} files: limit {cpu['limit'] / MANY * 1e6:.2f} us a file, imactl "
               f"{cpu['one'] / MANY * 1e6:.2f} us, {costs['one'][0].rss:.0f} MiB")
    return {
        "limit": cpu["one"] / cpu["limit"],
        "two": median(costs["one"], "wall") / median(costs["two"], "wall"),
    }
