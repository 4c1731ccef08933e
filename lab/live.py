"""A live machine for a person: the console or a shell on their terminal, or one imactl
command with its output, bytes and exit status as they are."""

import contextlib
import fcntl
import locale
import os
import pty
import select
import shlex
import shutil
import signal
import struct
import sys
import termios
import tty

import cache
import images
import kernels
import process
from cache import say
from machine import Machine

# One processor each: with two, on a busy host, a guest was seen to run code that its other
# processor was patching (static keys), and to panic at boot.
KERNEL = "debian-6.12"
BANKS = ["sha1", "sha256", "sha384", "sha512"]
DETACH = b"\x1d"  # Ctrl-]
# Of user-mode Linux: who is asked before there is a shell, and told while there is one, is
# who sits at the terminal. Its messages are kept in the file of the first console, too.
OWN_CONSOLE = "console=tty0 console=ttyS0"
ENDED, LEFT, NEVER_SPOKE = range(3)


def prepare():
    kernels.build(KERNEL)
    images.tpm(BANKS)
    images.root()
    return 0


def console():
    say("Starting a machine with IMA and a TPM, its kernel measures every file that root "
        "reads ...")
    return _on_terminal(Machine(KERNEL, "console", boot=_boot("ima_policy=tcb"),
                                memory=1024, banks=BANKS, systemd=True,
                                ports=("terminal", "control")))


def shell(kernel, boot, systemd, keep):
    say(f"Starting {kernel}; Ctrl-] ends it ...")
    machine = Machine(kernel, "shell", boot=_boot(OWN_CONSOLE if keep else boot),
                      memory=1024, systemd=systemd, ports=("terminal", "control"),
                      keep=keep, console=keep)
    words = _asked(boot) if keep else None
    if machine.kernel.machine != "um":
        return _on_terminal(machine, words=words)
    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)
        _set_size(ours)
        machine.pty = theirs
        return _on_terminal(machine, ours, words)
    finally:
        os.close(ours)
        os.close(theirs)


def _asked(words):
    """The words for the kernel of each start, as who sits at a boot loader edits them; no
    more when there is no answer."""
    yield words
    while True:
        say(f"The machine has ended. Words for its next start, or Enter for: {words}\n"
            "Ctrl-D ends it for good.")
        try:
            words = input("> ") or words
        except EOFError:
            return
        yield words


def _boot(words):
    """What the machine has to know of the person's terminal."""
    term = os.environ.get("TERM", "vt100")
    rows, cols = _size()
    utf8 = "UTF-8" in locale.setlocale(locale.LC_CTYPE, "").upper().replace("UTF8", "UTF-8")
    return (f"{words} quiet lab.term={term} lab.rows={rows} lab.cols={cols} "
            f"lab.lang={'C.UTF-8' if utf8 else 'C'}")


def _size():
    with contextlib.suppress(OSError):
        data = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
        rows, cols = struct.unpack("HHHH", data)[:2]
        if rows and cols:
            return rows, cols
    return 24, 80


@contextlib.contextmanager
def _raw_terminal():
    """The terminal passes every key; as it was afterwards, whatever happens."""
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _on_terminal(machine, line=None, words=None):
    with machine:
        for more in words or [""]:
            machine.start(more)
            end = machine.ports["terminal"].fileno() if line is None else line
            with _raw_terminal(), _resizes(machine) as resized:
                status = _bridge(machine, end, resized)
            sys.stderr.write("\r\n")
            if status == NEVER_SPOKE:
                return _failed(machine, "The machine did not start")
            if status == LEFT:
                break
    return 0


@contextlib.contextmanager
def _resizes(machine):
    """A pipe that becomes readable when the window changes."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGWINCH, before)
        os.close(reading)
        os.close(writing)


def _bridge(machine, line, resized):
    """Pass bytes both ways until the machine ends, or the person leaves it."""
    spoke = False
    sources = [line, resized, 0]
    while True:
        ready = select.select(sources, [], [], 0.5)[0]
        if line in ready:
            data = _read(line)
            if not data:
                return ENDED if spoke else NEVER_SPOKE
            spoke = True
            _write(1, data)
        elif machine.child.poll() is not None:
            return ENDED if spoke else NEVER_SPOKE
        if resized in ready:
            os.read(resized, 64)
            _tell_size(machine, line)
        if 0 in ready:
            data = _read(0)
            if not data:
                sources.remove(0)
            elif DETACH in data:
                return LEFT
            else:
                _write(line, data)


def _tell_size(machine, line):
    control = machine.ports.get("control")
    if control:
        control.sendall(b"%d %d\n" % _size())
    else:
        _set_size(line)


def _set_size(line):
    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", *_size(), 0, 0))


def _read(fd):
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""


def _write(fd, data):
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(fd, data):]


def command(words):
    script = "imactl " + " ".join(shlex.quote(word) for word in words) + "\n"
    machine = Machine(KERNEL, "command", boot="ima_policy=tcb quiet", memory=1024,
                      banks=BANKS, systemd=True, script=script,
                      ports=("terminal", "stderr", "control"))
    with machine:
        machine.start()
        try:
            status = _stream(machine)
        except BrokenPipeError:
            return 141
        except OSError as error:
            say(f"Writing the output failed: {error.strerror}")
            return 1
        if status is None:
            return _failed(machine, "The machine ended before the command did")
        return status


def _stream(machine):
    """stdout and stderr as they come; the exit status, None when the machine ended."""
    out, err, control = (machine.ports[name] for name in ("terminal", "stderr", "control"))
    said = b""
    sources = {out: 1, err: 2, control: None}
    while sources:
        for port in select.select(list(sources), [], [])[0]:
            data = _read(port.fileno())
            if not data:
                del sources[port]
            elif port is control:
                said += data
            else:
                _write_all(sources[port], data)
        if b"\n" in said:
            _rest(out, 1)
            _rest(err, 2)
            return int(said.split()[1])
    return None


def _rest(port, fd):
    port.setblocking(False)
    while data := _read(port.fileno()):
        _write_all(fd, data)


def _write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def _failed(machine, what):
    logs = cache.root() / "logs"
    logs.mkdir(exist_ok=True)
    kept = logs / "live-console.log"
    with contextlib.suppress(OSError):
        shutil.copyfile(machine.console, kept)
    say(f"{what}. {machine.problem().strip()}\n{process.tail(kept)}\n"
        f"Its console is in {kept}")
    return 125
