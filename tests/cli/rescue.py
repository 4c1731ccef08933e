#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rescue.py: the rescue menu and the rescue console, typed at over a pseudo-terminal.

Each case is a machine below a folder, in user and mount namespaces of its own: what the menu
mounts is seen by nobody else, the boot arguments are the case's, and nothing it does can end
the machine that this runs on.
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

BUILD = os.path.abspath(os.environ.get("IMACTL_BUILD", "build"))
RECOVERY = os.path.join(BUILD, "recovery/imactl-recovery")
IMACTL = os.path.join(BUILD, "tui/imactl")
LIMIT = 15  # s until what is waited for is there
HASH = ("$6$saltysalt$MBKRieRS9MsDjiJXk44MZ3c9IYPXTEdG44eMlXoU5iFUg.2Ccg7cODUHY5Zl2Oerc1iEpm74LE"
        "izgaAlmBknq1")  # of "correct horse", by crypt(3)
GOOD, BAD = "audit uid=0\n", "bogus=1\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def imactl(machine, *words):
    """A change, planned and made."""
    at = [IMACTL, "--root", machine, *words]
    plan = subprocess.run([*at, "--dry-run"], check=True, capture_output=True, text=True).stdout
    plan_hash = re.search("^Plan hash: (.*)$", plan, re.M)[1]
    subprocess.run([*at, "--apply", f"--plan={plan_hash}"], check=True, capture_output=True)


def machine(top, password=HASH, good=True):
    """One that was good, and whose policy no kernel takes now."""
    path = os.path.join(top, "root")
    write(f"{path}/etc/ima/ima-policy", GOOD)
    write(f"{path}/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    write(f"{path}/etc/shadow", f"root:{password}:19000:0:99999:7:::\n")
    if good:
        imactl(path, "generation", "record")
        imactl(path, "generation", "bless", "1")
    write(f"{path}/etc/ima/ima-policy", BAD)
    return path


class Menu:
    def __init__(self, path, cmdline="", term="dumb", console=False):
        """The menu (or console) for the machine there, started with these boot arguments."""
        file = os.path.join(os.path.dirname(path), "cmdline")
        write(file, cmdline + "\n")
        for words in (["-t", "tmpfs", "run", "/run"], ["--bind", file, "/proc/cmdline"]):
            subprocess.run(["mount", *words], check=True)
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            words = ([IMACTL, "rescue", "--recovery", RECOVERY, "--root", path] if console
                     else [RECOVERY, "menu", path])
            os.execve(words[0], words, {"TERM": term, "PATH": "/usr/bin:/bin"})

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 4096)
            except OSError:  # it ended
                data = b""
            self.seen += data.decode("ascii").replace("\r\n", "\n")
            return bool(data)
        return True

    def wait(self, what):
        """Until it is shown; what was shown up to there."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            m = re.search(what, self.seen)
            if m:
                shown, self.seen = self.seen[:m.end()], self.seen[m.end():]
                return shown
            if not self.read(0.2):
                break
        raise AssertionError(f"never {what!r}\n{self.seen}")

    def type(self, text, until="Choice .*: "):
        os.write(self.fd, text.encode())
        return self.wait(until)

    def end(self, text=""):
        """Its exit status, when it ends; and what it showed."""
        os.write(self.fd, text.encode())
        end = time.monotonic() + 2 * LIMIT
        while self.read(1):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"it did not end\n{self.seen}")
        return os.WEXITSTATUS(os.waitpid(self.pid, 0)[1]), self.seen


def policy(path):
    with open(f"{path}/etc/ima/ima-policy", encoding="ascii") as f:
        return f.read()


def hold():
    return os.readlink("/run/imactl/hold")


def case_go_on(top):
    """Nothing is changed by looking; wrong answers are told."""
    path = machine(top)
    menu = Menu(path)
    shown = menu.wait("Choice .*: ")
    assert "Known good  generation 1" in shown, shown
    assert re.findall(r"^ +(\d+)\) ", shown, re.M) == "1 2 3 5 6 7 8 9 10".split(), shown
    assert "[1]" in shown and max(map(len, shown.splitlines())) <= 80, shown
    for wrong in ("11\r", "0\r", "12x\r", "\x1b[A\r", "1111111111111111111\r"):
        assert "Type a number" in menu.type(wrong), wrong
    menu.type("5\r")
    assert menu.end("7\b8\r")[0] == 0
    assert policy(path) == BAD
    assert int(hold()) > 0


def case_good(top):
    """The good generation is back on the disk, and stands there for this boot."""
    path = machine(top)
    menu = Menu(path)
    menu.wait("Choice .*: ")
    status, shown = menu.end("2\r")
    assert status == 0, shown
    assert policy(path) == GOOD, shown
    subprocess.run(["umount", f"{path}/etc/ima"], check=False, capture_output=True)
    assert policy(path) == GOOD, shown


def case_roll_back(top):
    """Back on the disk and restarted, which the kernel refuses here: the menu is there again."""
    path = machine(top)
    menu = Menu(path)
    menu.wait("Choice .*: ")
    shown = menu.type("\r")
    assert "That did not work" in shown and policy(path) == GOOD, shown
    assert menu.end("8\r")[0] == 0


def case_report(top):
    """Nothing is saved where no disk is chosen; what the console shows it is asked for."""
    menu = Menu(machine(top))
    menu.wait("Choice .*: ")
    shown = menu.type("6\r", r"Choice .*: |none\): ")
    assert "Nothing was saved" in (shown if "Choice" in shown else menu.type("\r"))
    assert "imactl rescue" in menu.type("4\r")
    assert menu.end("8\r")[0] == 0


def case_no_good(top):
    """Without a good one there is nothing to go back to, and the default is to go on."""
    path = machine(top, good=False)
    menu = Menu(path)
    shown = menu.wait("Choice .*: ")
    assert "nothing to go back to" in shown and "[8]" in shown and " 1) " not in shown, shown
    for choice in "12":
        assert "no good generation" in menu.type(f"{choice}\r")
    assert menu.end("8\r")[0] == 0
    assert policy(path) == BAD


def case_shell(top):
    """A shell for root's password alone, which is not shown; it comes back."""
    path = machine(top)
    menu = Menu(path)
    menu.wait("Choice .*: ")
    menu.type("7\r", "Password of root: ")
    shown = menu.type("wrong horse\r", "Password of root: ")
    assert "That is not it" in shown and "horse" not in shown, shown
    shown = menu.type("correct horse\r", r"\n[^\n]*[#$] ")
    assert re.search("There is no TPM|PCRs 7 and 11", shown) and "horse" not in shown, shown
    menu.type("echo is-$((6*7))\r", "\nis-42\n")
    menu.type("exit\r")
    assert menu.end("8\r")[0] == 0


def case_wrong(top):
    """Three wrong answers, and the menu is there again."""
    menu = Menu(machine(top))
    menu.wait("Choice .*: ")
    menu.type("7\r", "Password of root: ")
    for _ in range(2):
        menu.type("no\r", "Password of root: ")
    menu.type("no\r")
    assert menu.end("8\r")[0] == 0


def case_locked(top):
    """Root that cannot log in gets no shell, and no boot without a policy."""
    path = machine(top, password="!" + HASH)
    menu = Menu(path)
    menu.wait("Choice .*: ")
    for choice in "73":
        assert "root cannot log in" in menu.type(f"{choice}\r")
    assert menu.end("8\r")[0] == 0
    assert policy(path) == BAD


def case_no_policy(top):
    """A boot without a policy, the disk as it is; after the password, or where allowed."""
    path = machine(top)
    menu = Menu(path)
    menu.wait("Choice .*: ")
    menu.type("3\r", "Password of root: ")
    status, shown = menu.end("correct horse\r")
    assert status == 0, shown
    assert not os.path.exists(f"{path}/etc/ima/ima-policy"), shown
    subprocess.run(["umount", f"{path}/etc/ima"], check=True)
    assert policy(path) == BAD


def case_allowed(top):
    path = machine(top, password="*")
    imactl(path, "recovery", "set", "allow-unprotected", "yes")
    menu = Menu(path, "quiet rd.shell=0")
    menu.wait("Choice .*: ")
    status, shown = menu.end("3\r")
    assert status == 0, shown
    assert not os.path.exists(f"{path}/etc/ima/ima-policy"), shown


def case_forbidden(top):
    """Where the boot arguments forbid a shell there is none, whoever knows the password."""
    path = machine(top)
    menu = Menu(path, "ro panic=600")
    shown = menu.wait("Choice .*: ")
    assert "forbidden by the boot argument panic=" in shown, shown
    assert not re.search(" [367]\\) ", shown), shown
    for choice in "367":
        assert "the boot arguments forbid it" in menu.type(f"{choice}\r")
    assert menu.end("8\r")[0] == 0


def console(path, cmdline="", term="dumb"):
    return Menu(path, cmdline, term, console=True)


def case_console(top):
    """The console in lines: the same facts and choices, and what it shows itself."""
    path = machine(top)
    menu = Menu(path)
    theirs = menu.wait("Choice .*: ")
    menu.end("8\r")
    menu = console(path)
    ours = menu.wait("Choice .*: ")
    assert max(map(len, ours.splitlines())) <= 80, ours
    facts = re.findall("^(?:This boot|Root|Known good) .*", theirs, re.M)
    choices = re.findall(r"^ +\d+\) .*", theirs, re.M)
    assert len(facts) == 3 and len(choices) == 9, theirs
    for line in facts + choices:
        assert line.split() in [l.split() for l in ours.splitlines()], (line, ours)
    for wrong in ("11\r", "0\r"):
        assert "Type the number" in menu.type(wrong), wrong
    shown = menu.type("4\r")
    assert re.search("^ - +1 +audit uid=0$", shown, re.M), shown
    assert "/etc/ima/ima-policy, line 1: " in shown, shown
    menu.type("5\r")
    assert menu.end("7\b8\r")[0] == 0
    assert policy(path) == BAD
    assert int(hold()) > 0


def case_console_covered(top):
    """What stands in the place of /etc/ima for this boot is not what lies on the disk."""
    path = machine(top)
    good = os.path.join(top, "good")
    write(f"{good}/ima-policy", GOOD)
    subprocess.run(["mount", "--bind", good, f"{path}/etc/ima"], check=True)
    menu = console(path)
    menu.wait("Choice .*: ")
    shown = menu.type("4\r")
    assert "/etc/ima/ima-policy, line 1: " in shown, shown
    assert menu.end("8\r")[0] == 0


def case_console_continue(top):
    path = machine(top)
    menu = console(path)
    menu.wait("Choice .*: ")
    status, shown = menu.end("2\r")
    assert status == 0, shown
    assert policy(path) == GOOD, shown
    subprocess.run(["umount", f"{path}/etc/ima"], check=False, capture_output=True)
    assert policy(path) == GOOD, shown


def case_console_roll_back(top):
    path = machine(top)
    menu = console(path)
    menu.wait("Choice .*: ")
    shown = menu.type("\r")
    assert "That did not work" in shown and policy(path) == GOOD, shown
    assert menu.end("8\r")[0] == 0


def case_console_no_policy(top):
    path = machine(top)
    menu = console(path)
    menu.wait("Choice .*: ")
    menu.type("3\r", "Password of root: ")
    status, shown = menu.end("correct horse\r")
    assert status == 0 and not os.path.exists(f"{path}/etc/ima/ima-policy"), shown


def case_console_shell(top):
    menu = console(machine(top))
    menu.wait("Choice .*: ")
    menu.type("7\r", "Password of root: ")
    shown = menu.type("correct horse\r", r"\n[^\n]*[#$] ")
    assert "horse" not in shown, shown
    menu.type("echo is-$((6*7))\r", "\nis-42\n")
    menu.type("exit\r")
    assert menu.end("8\r")[0] == 0


def case_console_locked(top):
    path = machine(top, password="!" + HASH)
    menu = console(path)
    menu.wait("Choice .*: ")
    for choice in "73":
        assert "root cannot log in" in menu.type(f"{choice}\r")
    assert menu.end("8\r")[0] == 0
    assert policy(path) == BAD


def case_console_forbidden(top):
    """The countdown ends with the first key."""
    menu = console(machine(top), "rd.shell=0")
    shown = menu.wait("Choice .*: ")
    assert "forbidden by the boot argument rd.shell=0" in shown and "in 30 s" in shown, shown
    for choice in "367":
        assert "the boot arguments forbid it" in menu.type(f"{choice}\r")
    assert menu.end("8\r")[0] == 0


def case_console_nobody(top):
    """Nobody types: the boot goes on as it is; and a line that is hung up is nobody."""
    path = machine(top)
    menu = console(path, "panic=10")
    begin = time.monotonic()
    status, shown = menu.end()
    assert status == 0 and "Nobody is here" in shown, shown
    assert 8 < time.monotonic() - begin < 25 and policy(path) == BAD
    menu = console(path)
    menu.wait("Choice .*: ")
    assert menu.end("\x04")[0] == 0


def size(fd):
    return struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))[:2]


def case_console_screen(top):
    """On a screen whose size only the terminal knows, asked for again with ^L; it is given
    away for a shell and taken back, and left as it was found."""
    path = machine(top)
    menu = console(path, term="vt100")
    before = termios.tcgetattr(menu.fd)
    menu.wait(r"\x1b\[6n")
    assert size(menu.fd) == (0, 0)
    menu.type("\x1b[20;70R", r"Choice \[1\]: ")
    assert size(menu.fd) == (20, 70)
    menu.type("\x0c", r"\x1b\[6n")
    menu.type("\x1b[24;80R", r"Choice \[1\]: ")
    assert size(menu.fd) == (24, 80)
    menu.type("7\r", "Password of root: ")
    menu.type("correct horse\r", r"\n[^\n]*[#$] ")
    menu.type("stty size; exit\r", "\n24 80\n")
    menu.wait("Enter goes back")
    menu.type("\r", r"Choice \[1\]: ")
    status, shown = menu.end("8\r")
    assert status == 0, shown
    assert termios.tcgetattr(menu.fd) == before
    assert policy(path) == BAD


def case_console_silent(top):
    """A terminal that does not say how large it is has 24 lines."""
    menu = console(machine(top), term="vt100")
    menu.wait(r"\x1b\[6n")
    menu.wait(r"Choice \[1\]: ")
    assert size(menu.fd) == (0, 0)
    assert menu.end("8\r")[0] == 0


def case_console_unknown(top):
    """A terminal that nobody has described gets lines."""
    menu = console(machine(top), term="vt9999")
    assert "\x1b" not in menu.wait("Choice .*: ")
    assert menu.end("8\r")[0] == 0


def case_nobody(top):
    """Nobody types: the boot goes on as it is."""
    path = machine(top)
    menu = Menu(path, "panic=10")
    begin = time.monotonic()
    status, shown = menu.end()
    assert status == 0 and "Nobody is here" in shown, shown
    assert 9 < time.monotonic() - begin < 25
    assert policy(path) == BAD


def case_hang_up(top):
    """A line that is hung up is nobody, too."""
    menu = Menu(machine(top))
    menu.wait("Choice .*: ")
    assert menu.end("\x04")[0] == 0


def case_restart(top):
    """Both ends are asked of the kernel; here it refuses, and that is told."""
    menu = Menu(machine(top))
    menu.wait("Choice .*: ")
    for choice in ("9", "10"):
        assert "That did not work" in menu.type(f"{choice}\r")
    assert menu.end("8\r")[0] == 0


def run(name):
    top = tempfile.mkdtemp(prefix="imactl-rescue-")
    try:
        subprocess.run(["mount", "-t", "tmpfs", "top", top], check=True)
        globals()["case_" + name](top)
    finally:
        subprocess.run(["umount", "-l", top], check=False, capture_output=True)
        shutil.rmtree(top, ignore_errors=True)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        run(sys.argv[2])
        return
    alone = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        print("user namespaces are not to be had here")
        sys.exit(77)
    names = sys.argv[1:] or [n[5:] for n in globals() if n.startswith("case_")]
    failed = [n for n in names
              if subprocess.run([*alone, sys.executable, __file__, "--inside", n],
                                check=False).returncode]
    print(f"{len(names)} cases, {len(failed)} failed", *failed)
    sys.exit(bool(failed))


main()
