# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives a program on a terminal of its own and says when something is on the screen."""

import collections
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

try:
    import pyte
except ImportError:
    pyte = None

from cost import Broken, NotMeasured

# What pyte does not know and would show as text: device queries, titles, modes.
UNKNOWN = re.compile(rb"\x1b\[[>?=][0-9;]*[cmnu]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
                     rb"|\x1bP[^\x1b]*\x1b\\")
TICK = os.sysconf("SC_CLK_TCK")


def make_screen(columns, lines):
    class Screen(pyte.Screen):
        def insert_characters(self, count=None):
            """pyte 0.8 keeps what this pushes out at the right, one column wide, and
            brings it back when characters are deleted."""
            super().insert_characters(count)
            self.buffer[self.cursor.y].pop(self.columns, None)

    return Screen(columns, lines)


class Terminal:
    """With Terminal(command) as t: t.press(keys); seconds = t.until("text", ...)"""

    def __init__(self, command, typed="", columns=120, lines=40):
        """@typed is there before the program reads for the first time."""
        if pyte is None:
            raise NotMeasured("no python3-pyte")
        self.screen = make_screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.unseen = collections.deque()
        self.started = time.perf_counter()
        self.pressed = self.started
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self.become(command, columns, lines)
        os.set_blocking(self.fd, False)
        os.write(self.fd, typed.encode())

    @staticmethod
    def become(command, columns, lines):
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = dict(os.environ, TERM="screen-256color", LESS="", LC_ALL="C.UTF-8")
        try:
            os.execvpe(command[0], command, environment)
        finally:
            os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def press(self, keys):
        """Types keys; until() counts from here."""
        self.pressed = time.perf_counter()
        os.write(self.fd, keys.encode())

    def next(self, timeout):
        """The next output and when it came; None when there is none in time. All there
        is is read before any of it is drawn: a program must not wait for that."""
        if not self.unseen and select.select([self.fd], [], [], timeout)[0]:
            self.receive()
        return self.unseen.popleft() if self.unseen else None

    def receive(self):
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return
            except OSError:  # EIO: the program has ended
                data = b""
            if not data:
                if self.unseen:
                    return
                raise Broken("the program ended: " + self.text()[-400:].strip())
            self.unseen.append((time.perf_counter(), data))

    def draw(self, data):
        if b"\x1b[6n" in data:
            os.write(self.fd, b"\x1b[1;1R")
        if b"\x1b[c" in data:
            os.write(self.fd, b"\x1b[?1;2c")
        self.stream.feed(UNKNOWN.sub(b"", data))

    def text(self):
        return "\n".join(self.screen.display)

    def until(self, *texts, limit=120):
        """Seconds from the last press (or the start) until all texts are on the screen."""
        return self.until_true(lambda screen: all(t in screen for t in texts), limit,
                               " ".join(texts))

    def until_true(self, condition, limit, what):
        deadline = time.perf_counter() + limit
        if condition(self.text()):
            return 0.0
        while time.perf_counter() < deadline:
            output = self.next(0.5)
            if output:
                self.draw(output[1])
                if condition(self.text()):
                    return output[0] - self.pressed
        seen = "\n".join(line.rstrip() for line in self.screen.display[:8])
        raise Broken(f"{what!r} did not appear in {limit} s:\n{seen}")

    def settle(self, quiet=0.5, limit=60):
        """Draws until nothing came for @quiet seconds."""
        deadline = time.perf_counter() + limit
        while time.perf_counter() < deadline:
            output = self.next(quiet)
            if not output:
                return
            self.draw(output[1])

    def cpu(self):
        """Seconds of user and system time so far, in steps of 1/TICK."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self, kind):
        """Bytes of a line of smaps_rollup: "Rss", "Anonymous", ..."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as f:
            found = re.search(rf"^{kind}:\s+(\d+) kB", f.read(), re.M)
        return int(found.group(1)) * 1024

    def maps(self, path):
        with open(f"/proc/{self.pid}/maps", encoding="utf-8", errors="replace") as f:
            return os.path.realpath(path) in f.read()
