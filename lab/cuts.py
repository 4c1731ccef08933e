"""Power cuts: a machine is killed while it changes what it starts with, its disk is what such a
cut leaves (blocklog), and within two starts somebody can log in, with a policy in force that is
whole. Each cut is a line of NAME=VALUE, kept below the cache, so that a campaign goes on where
it was ended.

A cut follows from seed and number but for the moment, which is a share of the time, or of the
writes, of the whole of it when nothing is cut. --replay cuts between flushes of that run."""

import contextlib
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import blocklog
import cache
import images
import kernels
import process
import runner
import stock
from cache import LabError
from machine import Machine, StoodStill
from scenario import Results

VERSION = "2"
TESTS = images.TREE / "tests" / "lab"
STILL = 20  # seconds without one timer tick
TRIES = 2  # user-mode Linux may stand still: see runner
STARTS = 2  # until somebody can log in
SLACK = 1.15  # of the moments some lie behind the end
BY_TIME = 0.3  # moments that follow the clock; the others what has been written, evenly
KEEP = 24 * 3600
TOOL = "initramfs-tools"  # of stock machines
BEGINS = b"lab: op begins"  # on the console, and in a block of the disk


ENDS = {"done", "undone"}  # of changes
# The gate of the next start went on with a trial that was being armed or given up: nothing of
# that change may be finished or taken back then, whether it had come to its step or not.
MOVED_ON = ("IMA-C007: /etc/imactl/trial is neither as it was",
            "IMA-C002: /etc/imactl/trial has changed since")


@dataclass(frozen=True)
class Phase:
    """What is done when the power goes, and which policies may be in force then: the one from
    before or the one from after, which it must be when it had been said to be done."""

    name: str
    before: int
    after: int
    base: str = "good"
    gate: str = "on"
    boot: bool = False  # any moment of the start counts
    whole: bool = False  # only where Debian is started as a whole, as trials want it

    @property
    def check(self):
        """Words for the kernel of the starts after the cut."""
        return f"lab.gate=1 imactl.gate={self.gate}"

    @property
    def words(self):
        return f"lab.op={self.name} {self.check}"


PHASES = (
    Phase("record", 4000, 4000),
    Phase("install", 2000, 4000),
    Phase("bless", 2000, 2000),
    Phase("rollback", 2000, 1000),
    Phase("stage", 2000, 2000),
    Phase("arm", 2000, 4000, whole=True),
    Phase("trial", 4000, 2000, "armed", boot=True, whole=True),
    Phase("confirm", 2000, 4000, "armed", whole=True),
    Phase("abort", 4000, 2000, whole=True),
    Phase("freeze", 2000, 2000, "bad", gate="off", boot=True),
    Phase("back", 2000, 1000),
    Phase("undo", 4000, 2000),
    Phase("refused", 2000, 2000, "bad", boot=True),
)


class Kind:
    """The machines of a campaign: user-mode Linux, or (stock) Debian's kernels in QEMU with
    what its own tools made of the initramfs hook."""

    def __init__(self, stock):
        self.stock = stock
        self.name = "stock" if stock else "um"
        self.kernels = ("debian-6.1",) if stock else ("um-rhel", "um-debian")
        self.phases = [phase for phase in PHASES if not (stock and phase.whole)]
        self.limit = 1200 if stock else 120  # seconds for one start, on a loaded machine
        self.files = [("lab/recovery.sh", TESTS / "recovery.sh"),
                      ("lab/ima.der", kernels.keys() / "ima.der")]
        if not stock:
            self.files.append(("lab/lab.service", TESTS / "cuts.service"))

    def root(self):
        return (stock.get(TOOL) if self.stock else images.root()) / "root.ext4"

    def recipe(self):
        read = [images.imactl(), images.recovery(), TESTS / "cuts.sh",
                *(path for _, path in self.files)]
        return [VERSION, str(self.root()), *(kernels.build(name) for name in self.kernels),
                *(Path(path).read_bytes() for path in read)]

    @contextlib.contextmanager
    def machine(self, kernel, disk):
        """One whose root is that disk."""
        with Machine(kernel, "scenario", boot="log_buf_len=1M",
                     systemd=True, memory=512, banks=[], files=self.files,
                     initramfs=TOOL if self.stock else None,
                     script=(TESTS / "cuts.sh").read_text()) as machine:
            machine.disks = [disk, machine.folder / "job.tar"] if self.stock else [disk]
            machine.console.touch()  # QEMU makes it late
            yield machine

    def bases(self):
        """The folder with NAME.img, the disks that every cut begins with."""
        return cache.artefact(f"cuts-{self.name}", self.recipe(), self._make_bases, KEEP)

    def _make_bases(self, folder, log):
        for base in sorted({phase.base for phase in self.phases}):
            image = folder / f"{base}.img"
            process.run(["cp", "--sparse=always", self.root(), image], log, "cp")
            with self.machine(self.kernels[0], image) as machine:
                machine.disk_log = folder / "log"
                blocklog.create(machine.disk_log)
                machine.start(f"lab.op=prepare lab.base={base} lab.start=1 lab.gate=1")
                if (not machine.wait(self.limit)
                        or not runner._unpack(machine, folder / "results")):
                    raise LabError("A disk cannot be prepared:\n"
                                   + process.tail(machine.console))
                for path in (folder / "results").glob("*.rc"):
                    if path.read_text() != "0\n":
                        raise LabError(f"{path.stem} of a disk that is prepared:\n"
                                       + process.tail(path.with_suffix(".err")))

    def whole(self, phase, kernel):
        """That phase with nothing cut."""
        folder = cache.artefact(f"cuts-{self.name}-{phase.name}-{kernel}", self.recipe(),
                                lambda folder, log: self._run_whole(phase, kernel, folder, log),
                                KEEP)
        return Whole(folder / "log", **json.loads((folder / "facts").read_text()))

    def _run_whole(self, phase, kernel, folder, made):
        image, log = folder / "disk.img", folder / "log"
        process.run(["cp", "--sparse=always", self.bases() / f"{phase.base}.img", image], made,
                    "cp")
        with self.machine(kernel, image) as machine:
            machine.disk_log = log
            blocklog.create(log)
            machine.start(phase.words)
            if not phase.boot:
                _said(machine, BEGINS, self.limit)
            began = time.monotonic()
            _said(machine, b"lab: op ends 0", self.limit, end=True)
            seconds = time.monotonic() - began
            process.kill(machine.child)
            console = machine.console.read_bytes()
        image.unlink()
        if b"lab: op ends 0" not in console and runner.RESTART not in console:
            raise Failure("ended unexpectedly")
        start = 0 if phase.boot else blocklog.find(log, BEGINS + b"\n\0")
        first = len(blocklog.read(log, start).segments) - 1
        if len(blocklog.read(log).segments) < first + 2:
            raise Failure("no flush of it is in the log of the disk")
        (folder / "facts").write_text(json.dumps(
            {"seconds": seconds, "start": start, "first": first}))


@dataclass
class Whole:
    """A phase from its beginning to its end, with nothing cut."""

    log: Path
    seconds: float
    start: int  # bytes of the log when it begins
    first: int  # the flush that it begins behind

    @property
    def bytes(self):
        return self.log.stat().st_size - self.start


class Failure(Exception):
    pass


class Cut:
    """One of a campaign."""

    def __init__(self, campaign, number):
        self.campaign, self.number = campaign, number
        self.rng = random.Random(f"{campaign.seed}:{campaign.how}:{number}")
        self.phase = campaign.phases[number % len(campaign.phases)]
        self.kernel = campaign.kind.kernels[0 if self.rng.random() < 0.7 else -1]
        self.way = self.rng.choice(("resume", "undo"))
        self.said = {"cut": number, "how": campaign.how, "phase": self.phase.name,
                     "kernel": self.kernel}
        self.logs = []
        self.done = False

    def start(self, machine, words):
        machine.disk_log = machine.folder / f"blocks-{len(self.logs)}"
        blocklog.create(machine.disk_log)
        self.logs.append(machine.disk_log)
        machine.start(words)

    def kill(self, machine):
        """In the middle of it; the log is what the disk was told."""
        whole = self.campaign.kind.whole(self.phase, self.kernel)
        share, by_time = self.rng.random() * SLACK, self.rng.random() < BY_TIME
        self.start(machine, self.phase.words)
        if not self.phase.boot:
            _said(machine, BEGINS, self.campaign.kind.limit)
        if by_time:
            time.sleep(share * whole.seconds)
        else:
            start = 0 if self.phase.boot else machine.disk_log.stat().st_size
            _written(machine, start + share * whole.bytes, self.campaign.kind.limit)
        process.kill(machine.child)
        self.done = b"lab: op ends 0" in machine.console.read_bytes()
        self.said["at"] = f"{share:.2f}:{'time' if by_time else 'writes'}"
        log = blocklog.read(machine.disk_log)
        return log, len(log.segments) - 1

    def replay(self, _):
        """Between two flushes of the whole run."""
        whole = self.campaign.kind.whole(self.phase, self.kernel)
        log = blocklog.read(whole.log)
        self.logs.append(whole.log)
        return log, self.rng.randrange(whole.first, len(log.segments))

    def make_disk(self, log, flushed, work, base):
        kept, pending, lost = blocklog.survivors(
            log, flushed, self.rng, within=self.campaign.how == "replay")
        blocklog.take_back(work, base, [log])
        blocklog.apply(work, log, kept)
        self.said.update(done=_yes(self.done), flush=flushed, pending=pending, lost=lost)

    def check(self, machine, folder):
        """Start it until somebody can log in."""
        words = (f"lab.op=check lab.way={self.way} lab.again={self.phase.name} "
                 f"{self.phase.check}")
        for starts in range(1, STARTS + 1):
            self.start(machine, words)
            ended = machine.wait(self.campaign.kind.limit)
            process.kill(machine.child)
            if not ended:
                raise Failure(f"start {starts} does not come to its end")
            if runner._unpack(machine, folder):
                self.said["starts"] = starts
                return
        raise Failure(f"nobody can log in after {STARTS} starts")

    def judge(self, folder):
        results = Results(folder, "", {})
        step = results.step
        self.said["way"] = self.way
        moved = any(text in step("settle").err for text in MOVED_ON)
        wrong = [f"{name} fails" for name in ("login", "generations", "changes", "status",
                                              "again", "generations-again")
                 if step(name).rc != 0]
        if step("settle").rc != 0 and not moved:
            wrong.append("settle fails")
        known = [int(word) for word in step("known").out.split()]
        self.said["policy"] = known[0] if known else "none"
        allowed = {self.phase.after} | (set() if self.done else {self.phase.before})
        if not set(known) & allowed:
            wrong.append(f"the policy is {known}, and may be {sorted(allowed)}")
        rules = [int(word) for word in step("in-force").out.split()]
        if rules and (not known or rules != list(range(known[0], known[0] + 100))):
            wrong.append(f"{len(rules)} rules from {rules[0]} on are in force")
        if step("updates").out.strip() != "1":
            wrong.append(f"{step('updates').out.strip()} policies were loaded")
        if step("ext4").out.strip():
            wrong.append(step("ext4").out.strip())
        for name in ("generations", "generations-again"):
            wrong += _generations(step(name).json)
        wrong += _changes(step("changes-again").json, ENDS | ({"partly"} if moved else set()))
        if wrong:
            raise Failure("; ".join(wrong))

    def run(self, work, base):
        began = time.monotonic()
        with self.campaign.kind.machine(self.kernel, work) as machine:
            try:
                log, flushed = getattr(self, self.campaign.how)(machine)
                self.make_disk(log, flushed, work, base)
                self.check(machine, machine.folder / "results")
                self.judge(machine.folder / "results")
                self.said["result"] = "ok"
            except StoodStill as still:
                self.said.update(result="still", why=json.dumps(str(still)))
                self.keep(machine)
            except (Failure, AssertionError, LabError) as failure:
                self.said.update(result="FAIL", why=json.dumps(str(failure)))
                self.keep(machine)
            finally:
                blocklog.take_back(work, base, map(blocklog.read, self.logs))
        self.said["seconds"] = f"{time.monotonic() - began:.1f}"

    def keep(self, machine):
        """What somebody needs who wants to know why."""
        folder = runner.LOGS / "-".join(
            ("cut", self.campaign.kind.name, self.campaign.how, str(self.campaign.seed),
             str(self.number)))
        process.run(["rm", "-rf", folder], os.devnull, "rm")
        folder.mkdir(parents=True)
        for path in (machine.console, machine.folder / "results", *self.logs):
            if path.exists():
                process.run(["cp", "-r", path, folder], os.devnull, "cp")


def _said(machine, text, limit, end=False):
    """Waits until that is on the console; end: or the machine has ended."""
    began, worked, since = time.monotonic(), -1, time.monotonic()
    while text not in machine.console.read_bytes():
        now = time.monotonic()
        if machine.child.poll() is not None:
            if end:
                return
            raise Failure(f"ended, and never said {text.decode()}")
        if process.cpu_ticks(machine.child) != worked:
            worked, since = process.cpu_ticks(machine.child), now
        if now - since > STILL:
            raise StoodStill(f"did nothing for {STILL} s")
        if now - began > limit:
            raise Failure(f"never said {text.decode()}:\n"
                          + process.tail(machine.console, 30))
        time.sleep(0.004)


def _written(machine, size, limit):
    """Waits until the log has that size, or nothing more comes."""
    until = time.monotonic() + limit
    while (machine.disk_log.stat().st_size < size and machine.child.poll() is None
           and b"lab: op ends" not in machine.console.read_bytes()
           and time.monotonic() < until):
        time.sleep(0.001)


def _yes(value):
    return "yes" if value else "no"


def _generations(found):
    """Whatever is called good is whole, and something is."""
    wrong = [f"generation {g['number']} is {g['state']}: {g['why']}"
             for g in found["generations"] if g["state"] != "good"]
    return wrong + ([] if found["newest_blessed"] else ["no generation is good"])


def _changes(found, ends):
    return [f"change {c['id']} is {c['state']}" for c in found["changes"]
            if c["state"] not in ends]


class Campaign:
    def __init__(self, kind, how, seed, only):
        """only: names of phases; none for all."""
        self.kind, self.how, self.seed = kind, how, seed
        self.phases = [phase for phase in kind.phases if not only or phase.name in only]
        self.folder = self.bases = None
        self.lock = threading.Lock()
        self.state = cache.root() / "cuts" / f"{kind.name}-{how}-{seed}.log"
        self.state.parent.mkdir(exist_ok=True)
        self.build = cache.key(*kind.recipe())
        self.failed, self.ran = [], 0

    def done(self):
        """Numbers of cuts that went well, with what is built now."""
        if not self.state.exists():
            return set()
        lines = [dict(word.split("=", 1) for word in line.split(" ") if "=" in word)
                 for line in self.state.read_text().splitlines()]
        return {int(line["cut"]) for line in lines
                if line.get("build") == self.build and line.get("result") == "ok"}

    def work(self, base):
        """This thread's disk, as the base is."""
        path = self.folder / f"work-{threading.get_ident()}-{base}.img"
        if not path.exists():
            process.run(["cp", "--sparse=always", self.bases / f"{base}.img", path],
                        self.folder / "cp.log", "cp")
        return path

    def one(self, number):
        cut = Cut(self, number)
        for _ in range(TRIES):
            cut = Cut(self, number)
            cut.run(self.work(cut.phase.base), self.bases / f"{cut.phase.base}.img")
            if cut.said["result"] != "still":
                break
        line = " ".join(f"{name}={value}" for name, value in
                        (*cut.said.items(), ("build", self.build)))
        with self.lock:
            self.ran += 1
            if cut.said["result"] != "ok":
                self.failed.append(line)
            print(line, flush=True)
            with open(self.state, "a", encoding="utf-8") as state:
                state.write(line + "\n")

    def run(self, numbers, workers):
        self.bases = self.kind.bases()
        began = time.monotonic()
        with cache.scratch() as self.folder:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(self.one, numbers))
        print(f"cuts: {self.ran} done, {len(self.failed)} failed, "
              f"{time.monotonic() - began:.0f} s", flush=True)
        return not self.failed

    def sum(self, wanted):
        print(f"cuts: of this build {len(wanted & self.done())} of {len(wanted)} went well",
              *self.failed, sep="\n", flush=True)


def command(args):
    campaign = Campaign(Kind(args.stock), "replay" if args.replay else "kill", args.seed,
                        args.phase)
    wanted = set(range(args.first, args.first + args.count))
    numbers = wanted if args.again else wanted - campaign.done()
    good = campaign.run(sorted(numbers), args.workers)
    campaign.sum(wanted)
    return 0 if good else 1
