"""Run scenarios, side by side where cores and memory allow, and report."""

import contextlib
import io
import os
import signal
import subprocess
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cache
import firmware
import images
import kernels
import process
from cache import LabError, Unavailable, say
from machine import Machine, StoodStill
from scenario import Results, Start

TREE = Path(__file__).parent.parent
LOGS = TREE / "build" / "lab"
QEMU_OWN_MEMORY = 300
TAR_START = b"./" + bytes(98)  # the name of the first member


@dataclass
class Run:
    """One scenario on one kernel with one set of boot words."""

    scenario: object
    kernel: str
    variant: str
    boot: str
    long: bool = False

    @property
    def name(self):
        variant = f"-{self.variant}" if self.variant else ""
        return f"{self.scenario.name}{variant}@{self.kernel}"

    @property
    def facts(self):
        """What the checks may ask about this run."""
        return {"kernel": self.kernel, "variant": self.variant, "long": self.long}

    @property
    def memory(self):
        return self.scenario.number("memory", 512)


def runs_of(scenario, only_kernel=None):
    common = scenario.head.get("boot", "")
    boots = scenario.boots or {"": ""}
    return [Run(scenario, kernel, variant, f"{common} {words}".strip())
            for kernel in scenario.words("kernel") if only_kernel in (None, kernel)
            for variant, words in boots.items()]


class Suite:
    """Counts results and prints a line for each, in the order they come."""

    def __init__(self, long, named=False):
        """long: long campaigns in full; named: what was asked for by name is run."""
        self.long, self.named = long, named
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()
        self.told = set()  # scenarios whose boots are all skipped
        self.budget = self.free = _meminfo("MemAvailable")
        self.room = threading.Condition()

    def execute(self, runs):
        LOGS.mkdir(parents=True, exist_ok=True)
        workers = max(1, os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:
            try:
                alone = [run for run in runs if run.scenario.head.get("alone") == "yes"]
                list(pool.map(self._one, [run for run in runs if run not in alone]))
                for run in alone:
                    self._one(run)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                stop_all()
                raise
        print(f"lab: {self.passed} passed, {self.failed} failed, {self.skipped} skipped",
              flush=True)
        return self.failed == 0

    def _one(self, run):
        kernel = kernels.KERNELS.get(run.kernel)
        if not (self.long or self.named) and (
                run.scenario.long_on(run.kernel, run.variant) or (kernel and kernel.long)):
            self._report(run, "skip", 0, "only with --long")
            return
        with self._room(run):
            started = time.monotonic()
            run.long = self.long
            try:
                wrong = _host(run) if run.kernel == "host" else self._guest_again(run)
            except Unavailable as error:
                self._report(run, "skip", time.monotonic() - started, str(error))
                return
            except (LabError, OSError) as error:
                wrong = [str(error)]
            self._report(run, "FAIL" if wrong else "pass", time.monotonic() - started,
                         "\n".join(wrong))

    def _guest_again(self, run):
        """User-mode Linux was seen to stop with all its processes asleep, on a loaded
        machine, in a boot that is fine otherwise. That is no answer of the scenario: it
        is said, and the boot is done once more. A second time is a failure."""
        try:
            return _guest(run)
        except StoodStill as still:
            kept = _log(run).with_suffix(".still.log")
            _log(run).replace(kept)
            with self.lock:
                print(f"again {run.name}: the machine {still}; "
                      f"see {kept.relative_to(TREE)}", flush=True)
        try:
            return _guest(run)
        except StoodStill as still:
            return [f"the machine {still}, twice"]

    @contextlib.contextmanager
    def _room(self, run):
        """Memory for one machine: waits until the others leave enough."""
        need = min(run.memory + QEMU_OWN_MEMORY, self.budget)
        with self.room:
            self.room.wait_for(lambda: self.free >= need)
            self.free -= need
        try:
            yield
        finally:
            with self.room:
                self.free += need
                self.room.notify_all()

    def _report(self, run, result, seconds, text):
        with self.lock:
            if result == "pass":
                self.passed += 1
            elif result == "skip":
                self.skipped += 1
            else:
                self.failed += 1
            if result == "skip":
                self._tell_skip(run, text)
            else:
                print(f"{result} {run.name} {seconds:.1f}s", flush=True)
            if result == "FAIL":
                for line in text.splitlines():
                    print(f"    {line}", flush=True)
                print(f"    the end of {_log(run).relative_to(TREE)}:", flush=True)
                print(process.tail(_log(run), 25), flush=True)

    def _tell_skip(self, run, why):
        """Boots of a scenario that are skipped for one reason are told once a kernel."""
        one = (run.scenario.name, run.kernel, why)
        if one not in self.told:
            print(f"skip {run.name}: {why}", flush=True)
        self.told.add(one)


def _meminfo(field):
    with open("/proc/meminfo", encoding="ascii") as info:
        for line in info:
            if line.startswith(field + ":"):
                return int(line.split()[1]) // 1024
    return 1024


def _log(run):
    return LOGS / f"{run.name}.log"


_machines = []


def stop_all():
    for child in list(_machines):
        process.kill(child)


# What `files:` may begin a path with.
FOLDERS = {
    "KEYS": lambda _: kernels.keys(),
    "TREE": lambda _: TREE,
    "KERNEL": kernels.build,
    "FIRMWARE": lambda _: firmware.keys(),
}


def _files(run):
    """`files:` as (name in the machine, path here)."""
    found = []
    for pair in run.scenario.words("files"):
        name, _, path = pair.partition("=")
        folder, _, rest = path.partition("/")
        found.append((name, FOLDERS[folder](run.kernel) / rest))
    return found


def _guest(run):
    scenario = run.scenario
    starts = [Start(f"{start.words} lab.start={number} lab.end={start.end}", start.end,
                    start.kernel)
              for number, start in enumerate(scenario.starts, 1)] or [Start()]
    boot = run.boot + (" lab.long=1" if run.long else "")
    machine = Machine(
        run.kernel, "scenario", boot=boot, memory=run.memory,
        cpus=scenario.number("cpus", 1),
        banks=[bank for bank in scenario.words("tpm", "sha1 sha256") if bank != "none"],
        typed=scenario.typed, systemd=scenario.head.get("root") == "systemd", disk=scenario.number("disk", 0),
        secure_boot=scenario.head.get("firmware") == "secure-boot",
        loader=scenario.head["root"] if scenario.starts_itself else None,
        initramfs=scenario.words("initramfs"), console=scenario.head.get("console") == "yes",
        files=_files(run), tools=scenario.words("tools"),
        script=scenario.text["guest"], keep=len(starts) > 1)
    with machine:
        results = machine.folder / "results"
        for start in starts:
            wrong = _start(run, machine, start, results)
            if wrong:
                return wrong
        return Results(results, _log(run).read_text(), run.facts).check(scenario)


def _start(run, machine, start, results):
    """Once from power on to power off; the steps' results go into the folder results."""
    limit = run.scenario.number("timeout", 120)
    restarts = _restarts(machine)
    machine.start(start.words, start.kernel or run.kernel)
    _machines.append(machine.child)
    try:
        ended = machine.wait(limit)
    finally:
        _machines.remove(machine.child)
        _log(run).write_text(machine.console.read_text(errors="replace"))
    if not ended:
        return [f"not finished after {limit} s {start.words}"]
    how = _end(machine, _unpack(machine, results), restarts)
    if how != start.end:
        return [f"{ENDS[how]} {start.words}", machine.problem()]
    return None


ENDS = {"start": "the machine came to its end", "restarts": "the machine restarted by itself",
        "stops": "the machine ended without a result"}
RESTART = b"reboot: Restarting system"


def _end(machine, finished, restarts):
    """How it was: as a scenario would have written it."""
    if finished:
        return "start"
    return "restarts" if _restarts(machine) > restarts else "stops"


def _restarts(machine):
    return machine.console.read_bytes().count(RESTART) if machine.console.exists() else 0


def _unpack(machine, results):
    """False when the job did not come to its end."""
    results.mkdir(exist_ok=True)
    result = machine.folder / "host" / "result"
    try:
        data = result.read_bytes()
        start = data.find(TAR_START)  # a firmware writes to every serial port
        with tarfile.open(fileobj=io.BytesIO(data[max(start, 0):])) as tar:
            tar.extractall(results)
        result.unlink()
        (results / "finished").unlink()
    except (OSError, tarfile.TarError):
        return False
    return True


HOST_PRELUDE = """
step() {
    local name=$1 status=0
    shift
    echo "step $name"
    "$@" >"$LAB_OUT/$name.out" 2>"$LAB_OUT/$name.err" </dev/null || status=$?
    echo $status >"$LAB_OUT/$name.rc"
    [ $status = 0 ] || { echo "$name exits $status"; tail -c 2000 "$LAB_OUT/$name.err"; }
    return $status
}
# wait_for SECONDS COMMAND...: until the command succeeds; fails when it never does.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}
"""


def _host(run):
    """A scenario of this machine: a bash script in a folder of its own, ended with all
    its processes; what it mounts it mounts in a namespace of its own."""
    limit = run.scenario.number("timeout", 600)
    with cache.scratch() as folder:
        for sub in ("out", "tmp"):
            (folder / sub).mkdir()
        script = folder / "script"
        script.write_text(HOST_PRELUDE + run.scenario.text["host"])
        env = {**os.environ, "TREE": str(TREE), "WORK": str(folder),
               "LAB_OUT": str(folder / "out"), "TMPDIR": str(folder / "tmp"),
               "LAB_LOG": str(_log(run))}
        with open(_log(run), "wb") as log:
            child = process.spawn(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "bash", script], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
            _machines.append(child)
            try:
                child.wait(limit)
            except subprocess.TimeoutExpired:
                return [f"not finished after {limit} s"]
            finally:
                process.kill(child)
                _machines.remove(child)
        return Results(folder / "out", _log(run).read_text(errors="replace"),
                       run.facts).check(run.scenario)


def die_on_signals():
    """SIGTERM and SIGHUP end us as Ctrl-C does: with everything cleaned up."""
    def stop(number, _):
        raise KeyboardInterrupt(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


__all__ = ["Suite", "runs_of", "die_on_signals", "images", "say"]
