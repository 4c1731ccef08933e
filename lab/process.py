"""Child processes that never outlive us: each in a session of its own, killed by its
group when we are done, and by the kernel when we die first."""

import contextlib
import ctypes
import os
import signal
import subprocess

from cache import LabError

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(argv, **options):
    return subprocess.Popen(
        [str(arg) for arg in argv],
        start_new_session=True,
        preexec_fn=_die_with_parent,
        **options,
    )


def kill(child):
    """End a child of spawn() and everything in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def cpu_ticks(child):
    """The processor time that a child of spawn() has used, itself and what it reaped."""
    try:
        with open(f"/proc/{child.pid}/stat", encoding="ascii", errors="replace") as stat:
            return sum(map(int, stat.read().rpartition(")")[2].split()[11:15]))
    except OSError:
        return -1


def where(child):
    """What each process of a child of spawn() is at, a line each: for whoever has to find
    out why it does nothing."""
    found = []
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            if os.getpgid(int(entry.name)) == child.pid:
                found.append(" ".join(_read(entry.name, name) for name in
                                      ("comm", "wchan", "syscall")))
    return "\n".join(found)


def _read(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as file:
        return file.read().strip()


def run(argv, log, what, **options):
    """Run to the end, output to the file log; LabError with its tail when it fails."""
    options.setdefault("stdin", subprocess.DEVNULL)
    with open(log, "ab") as out:
        child = spawn(argv, stdout=out, stderr=out, **options)
        try:
            status = child.wait()
        finally:
            kill(child)
    if status != 0:
        raise LabError(f"{what} failed.\n{tail(log)}\nAll of it is in {log}")


def output(argv, **options):
    """What a short command prints; empty when it cannot be run or fails."""
    try:
        done = subprocess.run(
            [str(arg) for arg in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            **options,
        )
    except OSError:
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return "".join("    " + line for line in log.readlines()[-lines:]).rstrip()
    except OSError:
        return ""
