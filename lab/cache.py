"""Artefacts of the lab (kernels, images), kept outside the tree, keyed by their recipe.

An artefact is a folder NAME-KEY. It is built in NAME-KEY.new under a lock and renamed
when it is complete: two builds at once are safe, and a build that was cut leaves nothing
that could be taken for a result. The log of each build stays in logs/."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

KEEP_OLD = 14 * 24 * 3600


def say(text):
    print(text, file=sys.stderr, flush=True)


class LabError(Exception):
    """Something the person at the terminal can read and act on."""


class Unavailable(LabError):
    """Cannot be had on this machine: a reason to skip, not to fail."""


def root():
    base = os.environ.get("IMACTL_LAB_CACHE")
    if not base:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(Path.home(), ".cache")
        base = os.path.join(home, "imactl-lab")
    path = Path(base).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def key(*recipe):
    digest = hashlib.sha256()
    for part in recipe:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(name, waiting=None):
    folder = root() / "locks"
    folder.mkdir(exist_ok=True)
    with open(folder / name, "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                say(waiting)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def scratch():
    """A temporary folder for one run, gone with it. What a killed run left is removed by
    the next one: a folder whose lock nobody holds has no owner."""
    with locked("scratch"):
        for old in Path(tempfile.gettempdir()).glob("imactl-lab.*"):
            _remove_ownerless(old)
        path = Path(tempfile.mkdtemp(prefix="imactl-lab."))
        lock = open(path / "lock", "wb")  # closed below, with the folder
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        lock.close()


def _remove_ownerless(folder):
    with contextlib.suppress(OSError), open(folder / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


def artefact(name, recipe, build, keep=KEEP_OLD):
    """The folder of this artefact; build(folder, log) makes it when it is not there. Others
    of its name go when nobody has used them for `keep` seconds."""
    path = root() / f"{name}-{key(name, *recipe)}"
    if not path.is_dir():
        with locked(path.name, f"Waiting for another build of {name} ..."):
            if not path.is_dir():
                _make(name, path, build, keep)
    with contextlib.suppress(OSError):
        os.utime(path)
    return path


def _make(name, path, build, keep):
    new = path.with_name(path.name + ".new")
    logs = root() / "logs"
    logs.mkdir(exist_ok=True)
    log = logs / f"{path.name}.log"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        build(new, log)
        os.rename(new, path)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _drop_old(name, path, keep)


def _drop_old(name, current, keep):
    for other in root().glob(name + "-" + "?" * 16):
        if other != current and time.time() - other.stat().st_mtime > keep:
            shutil.rmtree(other, ignore_errors=True)


def clean():
    shutil.rmtree(root())
