#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""console.py IMACTL CASE: the console on a real terminal, through a tmux of its own.

What the golden screens cannot show: that the keys of real terminals arrive, that nothing
foreign leaves, that the terminal is given back whatever happens.
"""
import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("IMACTL_SOURCE") or os.path.join(os.path.dirname(__file__), "../..")
HOSTS = os.path.join(SOURCE, "tests/fixtures/console")
LIMIT = float(os.environ.get("TERM_LIMIT", "20"))  # s until what was asked for is shown


class Terminal:
    """A shell in a tmux pane; the program under test runs in it."""

    def __init__(self, size=(80, 24)):
        self.dir = tempfile.mkdtemp(prefix="imactl-term-")
        self.raw = os.path.join(self.dir, "raw")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("TMUX", "IMACTL_"))}
        self.env = {**env, "TMUX_TMPDIR": self.dir, "LC_ALL": "C.UTF-8", "ENV": "",
                    "HOME": self.dir}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y",
                  str(size[1]), "/bin/sh")
        with open(self.raw, "wb"):
            pass  # there from the beginning, whenever cat starts
        self.tmux("pipe-pane", "cat >> " + shlex.quote(self.raw))
        self.wait(r"[#$]")  # the shell's own prompt
        self.shell("PS1='ready''> '; clear", "^ready>")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-L", "t", *args], env=self.env, check=True,
                              capture_output=True, text=True).stdout

    def close(self):
        subprocess.run(["tmux", "-L", "t", "kill-server"], env=self.env, check=False,
                       capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def wait(self, what, gone=False):
        """Until the regular expression is on the screen (or no longer)."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            screen = self.screen()
            if bool(re.search(what, screen, re.M)) != gone:
                return screen
            time.sleep(0.05)
        raise AssertionError("%s %r\n%s" % ("still" if gone else "never", what, self.screen()))

    def shell(self, command, until=None):
        self.type(command)
        self.keys("Enter")
        return self.wait(until) if until else None

    def start(self, args, term="xterm-256color", before=""):
        """Runs imactl; its status and the tty's settings are printed behind it."""
        self.shell("clear; %s stty -g > %s/a; TERM=%s %s %s; echo status=$?; stty -g > %s/b; "
                   "cmp %s/a %s/b && echo tty=same"
                   % (before, self.dir, term, shlex.quote(IMACTL), args, self.dir, self.dir,
                      self.dir))

    def ended(self, status):
        self.wait(r"^status=%s\b" % status)
        self.wait(r"^tty=same\b")

    def pid(self):
        out = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True,
                             text=True, check=True).stdout
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        for line in out.splitlines():
            pid, parent, args = line.split(None, 2)
            if parent == shell and args.startswith(IMACTL):
                return int(pid)
        raise AssertionError("imactl is not running\n" + self.screen())


def host(name):
    return "tui --host " + shlex.quote(os.path.join(HOSTS, name))


def tour(t, term):
    t.start(host("web07"), term)
    t.wait("match: the log replays")
    t.keys("2")
    t.wait(r"^> +1 .*boot_aggregate")
    t.keys("Down", "j")
    t.wait(r"^> +3 .*kernel_version")
    t.keys("G")
    t.wait(r"^> +238 ")
    t.keys("g", "/")
    t.type("sshd")
    t.keys("Enter")
    t.wait(r"^> +18 .*/usr/sbin/sshd")
    t.keys("\\")
    t.type("vio")
    t.keys("Enter")
    t.wait("3 of 238")
    t.keys("?")
    t.wait("This screen")
    t.keys("q")
    t.wait(r"\[2 Log\]")
    t.keys("Tab")
    t.wait(r"\[3 Denials\]")
    t.keys("Tab")
    t.wait(r"\[4 Files\]")
    t.keys("Tab")
    t.wait(r"\[5 Policy\]")
    t.wait("^>    1 +builtin dont_measure")
    t.keys("Tab")
    t.wait(r"\[6 Keys\]")
    t.keys("Tab")
    t.wait(r"\[7 TPM\]")
    t.keys("Tab")
    t.wait(r"\[8 Rollout\]")
    t.wait(r"2 Policy +none is chosen")
    t.keys("Q")
    t.ended(0)


def case_terminals(t):
    for term in ("vt100", "linux", "xterm-256color", "screen"):
        tour(t, term)


def case_f_keys(t):
    t.start(host("web07"), "screen")
    t.wait("Posture")
    t.keys("2")
    t.wait("kernel_version")
    t.keys("F4")
    t.wait("^ Filter:")
    t.keys("Escape")
    t.wait("sorted: arrival")
    t.keys("F6")
    t.wait("Sorted by path")
    t.keys("PageUp", "Home", "PageDown", "End", "F1")
    t.wait("This screen")
    t.keys("F10")
    t.ended(0)


def case_hostile(t):
    t.start(host("hostile"))
    t.wait("match: the log replays")
    t.keys("2")
    t.wait(re.escape(r"/tmp/\x1b]0;owned\x0"))
    t.keys("End")
    t.wait(re.escape(r"\x1b]52;c;AAAA\x07"))
    for keys, want in ((["Enter"], "Buffer"), (["End"], "characters in all"), (["q", "b"], "by folder"),
                       (["Enter"], re.escape(r"/tmp/\x1b[2J\x1b[Hcl")), (["Q"], "^status=0")):
        t.keys(*keys)
        t.wait(want)
    with open(t.raw, "rb") as f:
        raw = f.read()
    for bad in (b"\x1b]", b"\x1bc", b"\x9b", b"\x1b[31mno", b"\xe2\x80\xae", b"\xff\xfe",
                b"line\nbreak"):
        assert bad not in raw, "%r reached the terminal" % bad


def case_resize(t):
    t.start(host("web07"))
    t.wait("Posture")
    t.keys("2")
    t.wait("kernel_version")
    t.keys(*["j"] * 40)
    t.wait(r"^> +41 ")
    for w, h, want in ((132, 43, r"^> +41 .*python3.11-minimal"), (60, 16, r"^> +41 "),
                       (50, 10, "needs 60x16"), (80, 24, r"^> +41 ")):
        t.tmux("resize-window", "-x", str(w), "-y", str(h))
        t.wait(want)
    t.keys("Q")
    t.ended(0)


def case_signals(t):
    for name in ("TERM", "INT", "HUP", "QUIT", "SEGV", "ABRT", "BUS", "FPE"):
        t.start(host("web07"))
        t.wait("match: the log replays")
        number = getattr(signal, "SIG" + name)
        os.kill(t.pid(), number)
        t.ended(128 + number)


def case_suspend(t):
    t.start(host("web07"))
    t.wait("match: the log replays")
    t.keys("2", "j")
    t.wait(r"^> +2 ")
    t.keys("C-z")
    t.wait("Stopped|suspended")
    t.shell("fg")
    t.wait(r"^> +2 ")
    t.keys("j")
    t.wait(r"^> +3 ")
    t.keys("C-c")
    t.wait("^ready>$")


def case_slow_line(t):
    t.start(host("web07"), "vt100", before="stty 9600;")
    t.wait("match: the log replays")
    t.keys("2", "G")
    t.wait(r"^> +238 ")
    t.keys("Q")
    t.ended(0)


def case_no_size(t):
    """A serial line does not know how large its terminal is."""
    t.start(host("web07"), "vt100", before="stty rows 0 cols 0;")
    t.wait(r"^ F1 Help .*F10 Quit")
    t.keys("Q")
    t.ended(0)


def case_ascii(t):
    for before in ("export IMACTL_ASCII=1;", "unset IMACTL_ASCII; export LC_ALL=C;"):
        t.start(host("web07"), before=before)
        screen = t.wait("match: the log replays")
        assert screen.isascii() and "-----" in screen, screen
        t.keys("2", "G", "Up")
        t.wait(r"\\xe4\\xb8\\xad")
        t.keys("Q")
        t.ended(0)


def case_unfit(t):
    for term in ("dumb", "unknown", "no-such-terminal", "''"):
        t.start(host("web07"), term)
        t.wait("IMA-U010")
        t.ended(3)


def export(t, path):
    t.keys("x")
    t.wait("Export all entries")
    t.type("csv")
    t.keys("Enter")
    t.wait("Write to")
    t.keys("C-u")
    t.type(path)
    t.keys("Enter")


def case_export(t):
    path = os.path.join(t.dir, "out.csv")
    t.start(host("web07"))
    t.wait("match: the log replays")
    t.keys("2")
    t.wait("kernel_version")
    export(t, path)
    t.wait("Wrote 238 entries")
    with open(path, "w", encoding="ascii") as f:
        f.write("mine\n")
    export(t, path)
    t.wait("Replace the file")
    t.keys("Enter")  # stands on Cancel
    t.wait("sorted: arrival")
    with open(path, encoding="ascii") as f:
        assert f.read() == "mine\n", "replaced though cancelled"
    export(t, path)
    t.wait("Replace the file")
    t.wait("Tab Choose")
    t.keys("Tab", "Enter")
    t.wait("Wrote 238 entries")
    with open(path, encoding="utf-8") as f:
        assert len(f.readlines()) >= 239, "too short"
    assert not [n for n in os.listdir(t.dir) if n.endswith(".tmp")], "a temporary file is left"
    t.keys("Q")
    t.ended(0)


def case_idle(t):
    """Nothing happens, so nothing is done: the process sleeps in poll()."""
    t.start(host("web07"))
    t.wait("match: the log replays")
    time.sleep(1)

    def switches():
        with open("/proc/%d/status" % t.pid(), encoding="ascii") as f:
            return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M)[1])
    before = switches()
    time.sleep(3)
    woken = switches() - before
    assert woken <= 2, "woke up %d times in 3 s" % woken  # the clock may turn once
    t.keys("Q")
    t.ended(0)


def raw_since(t, mark):
    with open(t.raw, "rb") as f:
        f.seek(mark)
        return f.read()


def case_copy(t):
    """The clipboard is the terminal's; one that is not known to have it gets nothing."""
    for term, sent in (("xterm-256color", True), ("vt100", False)):
        mark = os.path.getsize(t.raw)
        t.start(host("web07"), term)
        t.wait("match: the log replays")
        t.keys("2", "j", "y")
        t.wait("entry as JSON")
        t.keys("Enter")
        t.wait("clipboard: path of 1 entry" if sent else "not known to have a clipboard")
        t.keys("y")
        t.type("json")
        t.keys("Enter")
        t.wait("clipboard: JSON of 1 entry" if sent else "not known to have a clipboard")
        t.keys("Q")
        t.ended(0)
        if sent:
            sent_json = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)", raw_since(t, mark))[-1]
            assert json.loads(base64.b64decode(sent_json))["package"] is None
        text = base64.b64encode(b".builtin_trusted_keys")
        assert (b"\x1b]52;c;" + text in raw_since(t, mark)) == sent
        assert (b"\x1b]52" in raw_since(t, mark)) == sent


def case_colors(t):
    color = re.compile(rb"\x1b\[[0-9;]*[34][0-7][;m]")
    for before, args, colored in (("", "", True), ("export NO_COLOR=1;", "", False),
                                  ("", " --scheme light", True),
                                  ("unset NO_COLOR;", " --scheme mono", False)):
        mark = os.path.getsize(t.raw)
        t.start(host("web07") + args, before=before)
        t.wait("match: the log replays")
        t.keys("Q")
        t.ended(0)
        assert bool(color.search(raw_since(t, mark))) == colored, (before, args)


def case_mouse(t):
    """Off until asked for, since it takes the terminal's own selecting away."""
    t.start(host("web07"))
    t.wait("match: the log replays")
    assert b"1000h" not in raw_since(t, 0)
    t.keys("2", "%")
    t.wait(r"\[MOUSE\]")
    assert b"1000h" in raw_since(t, 0)
    t.type("\x1b[<0;10;9M")  # a click on the fourth row of the list
    t.wait(r"^> +4 ")
    t.type("\x1b[<65;10;10M")  # the wheel
    t.wait(r"^> +7 ")
    t.keys("1", "?")
    t.wait("This screen")
    t.type("\x1b[<65;10;10M")  # the wheel scrolls help, too
    t.wait("lines 2-")
    t.keys("q", "%")
    t.wait(r"\[MOUSE\]", gone=True)
    t.keys("Q")
    t.ended(0)


def case_plain(t):
    """Each flow of the screens in line mode; nothing but text and newlines comes out."""
    path = os.path.join(t.dir, "out.json")
    t.tmux("resize-window", "-x", "120", "-y", "70")
    t.start("tui --plain --host " + shlex.quote(os.path.join(HOSTS, "web07")), "dumb")
    for answer, want in (("1", r"\[OK\] match"), ("", "Choice:"), ("2", "rows 1 to 20 of 238"),
                         ("1", "rows 21 to 40"), ("5", "Number of the entry:"),
                         ("46", "Violation"), ("99", "none of the choices"),
                         ("6", "Search for"), ("not-there", "^Not found: not-there$"),
                         ("6", "Search for"), ("sshd", "^57 PCR 10 .*/usr/sbin/sshd"),
                         ("8", "Sort by"), ("9", "none of the choices"), ("7", "Filter"),
                         ("pcr=x", "takes a number"), ("7", "Filter"),
                         ("sig pkg=systemd", "rows 1 to 8 of 8"), ("14", "Format:"),
                         ("1", "Write to file:"), (path, "Wrote 8 entries"),
                         ("q", "7\\) TPM"), ("7", "boot aggregate: match"), ("q", "Choice:"),
                         ("8", "^Next: Policy: which files"), ("1", "on the machine itself"),
                         ("4", "Which step"), ("6", "^ Undone by imactl rollout abort"),
                         ("5", "cannot be skipped"), ("q", "Choice:"), ("q", "^status=0")):
        t.shell(answer, want)
        t.shell("") if want == "^status=0" else None
    with open(path, encoding="utf-8") as f:
        assert len(f.readlines()) == 8
    with open(t.raw, "rb") as f:
        raw = f.read()
    start = raw.rindex(b"1) Overview", 0, raw.index(b"rows 1 to 20"))
    assert b"\x1b" not in raw[start:raw.index(b"status=0")], "an escape sequence in line mode"


def case_saved(t):
    """A list that somebody names: of no known machine, and read on with F5."""
    with open(os.path.join(HOSTS, "web07/binary_runtime_measurements"), "rb") as f:
        whole = f.read()
    path = os.path.join(t.dir, "mylist")
    with open(path, "wb") as f:
        f.write(whole[:12000])
    t.start("--file " + shlex.quote(path))  # an option of the console opens it
    t.wait(r"mylist +SAVED LIST  \d")
    t.wait(r"IMA-L004: The list ends within entry 96")
    with open(path, "ab") as f:
        f.write(whole[12000:])
    t.keys("F5")
    t.wait("^ All entries +238$")
    t.keys("1")
    t.wait("Posture of this machine")
    t.wait("start again with --pcrs FILE")
    t.keys("F5")
    t.wait("238 of 238 entries")
    t.wait(r"Violations +3\b")
    t.keys("Q")
    t.ended(0)


def imactl(root, *args):
    return json.loads(subprocess.run([IMACTL, "--root", root, *args, "--json"], check=True,
                                     capture_output=True, text=True).stdout)


def label(root, path):
    try:
        return os.getxattr(os.path.join(root, path), "security.ima")
    except OSError:
        return None


def hash_label(root, path):
    with open(os.path.join(root, path), "rb") as f:
        return b"\4\4" + hashlib.sha256(f.read()).digest()


def put(root, path, text, size=0):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
        if size:
            f.truncate(size)
    return path


def labelled_tree(t):
    """Two files that imactl has labelled, one of which changed since, and two without."""
    root = os.path.join(t.dir, "root")
    for name in ("right", "changed"):
        put(root, "usr/bin/" + name, name)
    if subprocess.run(["setfattr", "-n", "security.ima", "-v", "0x0404", root + "/usr"],
                      check=False, stderr=subprocess.DEVNULL).returncode:
        print("skipped: only root sets security.ima, and not on every file system")
        sys.exit(77)
    plan = imactl(root, "label", "plan", "/usr")
    imactl(root, "label", "apply", "--apply", "--plan=" + plan["hash"])
    put(root, "usr/bin/changed", "something else")
    put(root, "opt/new", "new")
    put(root, "opt/app/\x1b[31mred", "new")
    return root


def case_files(t):
    """Scanned, labelled and taken back with keys, on a tree with labels of imactl's own."""
    root = labelled_tree(t)
    before = {p: label(root, p) for p in ("usr/bin/right", "usr/bin/changed", "opt/new")}
    t.start("--root %s tui" % root)
    t.wait("Next step")
    t.keys("4")
    t.wait("Would the kernel let these files pass|Job 1: ended")
    t.keys("r")
    t.wait(r"^>\+ +1  hash differs +invalid-hash")
    t.wait(r"^ \+ +2  no label +missing-hash")
    t.wait(r"^ \+ +1  right by hash")
    t.keys("Enter", "Down", "Enter")
    t.wait("op=appraise_data cause=invalid-hash")
    t.wait("Path +/usr/bin/changed")
    t.keys("q", "/")
    t.type("red")
    t.keys("Enter")
    t.wait(re.escape(r">   /opt/app/\x1b[31mred"))
    t.keys("F9")
    t.wait("Label 3 files")
    t.wait(r"labelling them anew trusts what\b")
    t.keys("Enter")  # stands on Cancel
    t.wait("Label 3 files", gone=True)
    assert label(root, "opt/new") is None, "labelled though cancelled"
    t.keys("a")
    t.wait("Label 3 files")
    t.keys("Tab", "Enter")
    t.wait(r"Job \d+: ended \(done\)")
    t.wait("labelled 2, and 1 anew")
    t.keys("r")
    t.wait(r"files, none fails")
    for path in before:
        assert label(root, path) == hash_label(root, path), path
    t.keys("F7")
    t.wait("Take the labels back")
    t.keys("Tab", "Enter")
    t.wait("Taken back: the labels of 3 files are as before")
    t.wait(r"Job \d+: ended, taken back")
    for path, value in before.items():
        assert label(root, path) == value, path
    t.keys("Q")
    t.ended(0)
    with open(t.raw, "rb") as f:
        assert b"\x1b[31mred" not in f.read()


def case_changes(t):
    """What was changed, by whatever means, is taken back from any screen; also in lines."""
    root = labelled_tree(t)
    plan = imactl(root, "label", "plan", "/opt/new")
    imactl(root, "label", "apply", "--apply", "--plan=" + plan["hash"])
    was = [label(root, "opt/new"), label(root, "usr/bin/right")]
    t.start("--root %s tui" % root)
    t.wait("Next step")
    t.keys("6", "H")
    t.wait(r"> 2 +done +20\d\d-\d\d-\d\d \d\d:\d\d +1  label")
    t.wait(r"  1 +done +20\d\d-\d\d-\d\d \d\d:\d\d +2  label")
    t.keys("Enter")
    t.wait("Change 2 is taken back")
    t.keys("Enter")  # stands on Cancel
    t.wait("Change 2 is taken back", gone=True)
    assert label(root, "opt/new") == was[0], "taken back though cancelled"
    t.keys("H", "Enter")
    t.wait("Change 2 is taken back")
    agree(t)
    t.wait("Change 2 was taken back")
    assert label(root, "opt/new") is None
    t.keys(":")
    t.type("newest first")
    t.wait("> H +what imactl has changed")
    t.keys("Enter")
    t.wait("> 2 +undone")
    t.keys("Enter")
    t.wait("Change 2 has been taken back already")
    t.keys(":")
    t.type("replay the log")
    t.keys("Enter")  # of another screen
    t.wait("7 TPM|Replayed|Boot aggregate|boot aggregate")
    t.keys("Q")
    t.ended(0)
    assert label(root, "usr/bin/right") == was[1]
    for i in range(300):
        put(root, "many/%d" % i, "new")
    plan = imactl(root, "label", "plan", "/many")
    imactl(root, "label", "apply", "--apply", "--plan=" + plan["hash"])
    t.start("--root %s tui" % root)
    t.wait("Next step")
    t.keys("H", "Enter")
    t.wait("So many steps take a while: 'imactl change undo 3'")
    t.keys("Q")
    t.ended(0)
    t.tmux("resize-window", "-x", "120", "-y", "40")
    t.start("--root %s tui --plain" % root, "dumb")
    for answer, want in (("c", "Take back which"), ("7", "none of the choices"),
                         ("c", "Take back which"), ("1", "Type yes to do it:"),
                         ("yes", "Change 1 was taken back"), ("q", "^status=0")):
        t.shell(answer, want)
        t.shell("") if want == "^status=0" else None
    assert label(root, "usr/bin/right") is None


def case_files_job(t):
    """The job is stopped, gone on with, and outlives the console; a host's name is typed."""
    root = labelled_tree(t)
    host_name = os.uname().nodename
    for i in range(1001):
        put(root, "srv/small/%d" % i, str(i))
    put(root, "srv/zz", "", 1 << 40)  # nobody is through with that while the test runs
    t.start("--root %s tui" % root)
    t.wait("Next step")
    t.keys("4", "p", "C-u")
    t.type("/srv")
    t.keys("Enter")
    t.wait("Files below /srv +1 002 files")
    t.keys("F9")
    t.wait("Type the host name")
    t.keys("y", "Enter")
    t.wait("that is not it")
    t.keys("BSpace")
    t.type(host_name)
    t.keys("Enter")
    t.wait(r"Job \d+: running")
    t.wait("goes on when you leave")
    t.keys("F8")
    t.wait(r"Job \d+: interrupted")
    t.keys("F9")
    t.wait("Go on with the job")
    t.type(host_name)
    t.keys("Enter")
    t.wait(r"Job \d+: running")
    t.keys("Q")
    t.ended(0)
    assert imactl(root, "label", "status")["state"] == "running", "it ended with the console"
    os.rename(os.path.join(root, "srv/zz"), os.path.join(t.dir, "aside"))
    os.truncate(os.path.join(t.dir, "aside"), 1)  # ends the reading of it
    t.start("--root %s tui" % root)
    t.wait("Next step")
    t.keys("4")
    t.wait(r"Job \d+: ended \(partly\)")
    t.wait("labelled 1 001, and 0 anew")
    t.wait(r"^>\+ +1  errors of job \d+")
    t.keys("Enter", "Down")
    t.wait("^>   /srv/zz ")
    t.keys("Enter")
    t.wait(r"Error +IMA-\w\d+: /srv/zz ")
    t.keys("q", "J")
    t.wait("hash +1 002 .* without a label")
    t.keys("Q")
    t.ended(0)
    assert label(root, "srv/small/1000") == hash_label(root, "srv/small/1000")


def case_files_plain(t):
    """The same in lines."""
    root = labelled_tree(t)
    t.tmux("resize-window", "-x", "120", "-y", "70")
    t.start("--root %s tui --plain" % root, "dumb")
    for answer, want in (("4", "Files, choice"), ("1", "group 2: 1 hash differs, audited as invalid-hash"),
                         ("3", "Number of the group:"), ("2", r"^1\) /usr/bin/changed"),
                         ("4", "Number of the group:"), ("2", "Number of the file:"),
                         ("1", "cause=invalid-hash"), ("5", "Type label to go on"),
                         ("y", "Files, choice"), ("5", "Type label to go on"),
                         ("label", "Job 3 has begun|Job 4 has begun"), ("7", "No job is at work|Job . *: ended"),
                         ("6", "labelled 2, and 1 anew"), ("9", "Type undo to go on"),
                         ("undo", "Taken back: the labels of 3 files"), ("8", "IMA-C021"),
                         ("q", "Choice:"), ("q", "^status=0")):
        t.shell("clear" if not answer else answer, want)
    assert label(root, "opt/new") is None


def case_files_sign(t):
    """Files signed with a private key: those of a group, and one in lines."""
    root = labelled_tree(t)
    key = os.path.join(t.dir, "key.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", key], check=True, capture_output=True)
    t.start("--root %s tui" % root)
    t.wait("Next step")
    t.keys("4", "S")
    t.wait("Nothing to sign here")
    t.keys("p", "C-u")
    t.type("/opt")
    t.keys("Enter")
    t.wait(r"^>\+ +2 +no label")
    t.keys("S")
    t.wait("Private key")
    t.type(os.path.join(root, "opt/new"))
    t.keys("Enter")
    t.wait("IMA-A010")
    t.keys("S")
    t.wait("Private key")
    t.type(key)
    t.keys("Enter")
    t.wait("Sign files")
    t.wait(r"opt/app/.x1b.31mred security.ima")
    t.keys("Enter")  # stands on Cancel
    t.wait("2 +no label")
    assert label(root, "opt/new") is None
    t.keys("S", "Up", "Enter")
    t.wait("Sign files")
    t.keys("Tab", "Enter")
    t.wait(r"Done: change \d+, 2 steps")
    assert label(root, "opt/new")[0] == 3
    t.keys("S", "Up", "Enter")
    t.wait("Nothing to do")
    t.keys("Q")
    t.ended(0)
    t.tmux("resize-window", "-x", "120", "-y", "70")
    t.start("--root %s tui --plain" % root, "dumb")
    for answer, want in (("4", "Files, choice"), ("2", "File or folder:"), ("/usr", "group 2: 1 hash differs"),
                         ("10", "Number of the group:"), ("2", "empty: all of the group"), ("7", "none of the numbers"),
                         ("10", "Number of the group:"), ("2", "empty: all of the group"), ("1", "Private key"),
                         (key, "Type yes to do it"), ("y", "Nothing was changed"),
                         ("10", "Number of the group:"), ("2", "empty: all of the group"), ("", "Private key"),
                         (key, "Type yes to do it"), ("yes", r"Done: change \d+, 1 step"),
                         ("q", "Choice:"), ("q", "^status=0")):
        t.shell(answer, want)
    assert label(root, "usr/bin/changed")[0] == 3


class Skip(Exception):
    pass


def signed_root(t):
    """A root folder with two files that name the key of new.der in security.ima, and one
    that names another."""
    root = os.path.join(t.dir, "root")
    os.makedirs(os.path.join(root, "bin"))
    cert = os.path.join(t.dir, "new.der")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20",
            "-subj", "/CN=new key", "-outform", "DER", "-keyout", os.path.join(t.dir, "key"),
            "-out", cert]
    subprocess.run(make, check=True, capture_output=True)
    text = subprocess.run(["openssl", "x509", "-inform", "DER", "-in", cert, "-noout", "-ext",
                           "subjectKeyIdentifier"], check=True, capture_output=True,
                          text=True).stdout
    keyid = bytes.fromhex(re.search(r"[0-9A-F:]{59}", text)[0].replace(":", ""))[-4:]
    for name in ("one", "two", "three"):
        path = os.path.join(root, "bin", name)
        with open(path, "w", encoding="ascii") as f:
            f.write(name)
        try:
            os.setxattr(path, "security.ima", bytes([3, 2, 4]) +
                        (keyid if name != "three" else b"\xab\xcd\xef\x01") +
                        bytes([0, 4]) + b"sig!")
        except OSError as e:
            raise Skip("security.ima cannot be set here: %s" % e) from e
    return root, cert, keyid.hex()


def case_keys(t):
    """A key is loaded into a keyring of this kernel and retired, with files that name it.
    In a user namespace, whose keyrings are nobody else's."""
    root, cert, keyid = signed_root(t)
    os.makedirs(os.path.join(root, "var/log/audit"))
    with open(os.path.join(root, "var/log/audit/audit.log"), "w", encoding="ascii") as f:
        f.write('type=INTEGRITY_DATA msg=audit(1700000000.123:41): pid=7 uid=0 auid=0 ses=1 '
                'op=appraise_data cause=invalid-signature comm="sh" name="/bin/one" dev="sda1" '
                'ino=5 res=0 errno=0\n')
    if subprocess.run(["unshare", "-Urm", IMACTL, "key", "check", "--keyring", "_ima", "--ask",
                       cert], capture_output=True, check=False).returncode != 0:
        raise Skip("no user namespace here, or a kernel without asymmetric keys")
    t.shell("PS1='inside''> ' unshare -Urm sh", "^inside>")
    t.start("--root %s tui" % shlex.quote(root))
    t.wait("Posture")
    t.keys("6")
    t.wait(r"^>_ima  file signatures: not there yet")
    t.keys("D")
    t.wait("Select a key first")
    t.keys("a")
    t.wait("Certificate to load:")
    t.type(os.path.join(t.dir, "nothing"))
    t.keys("Enter")
    t.wait("Into which keyring")
    t.keys("Enter")
    t.wait("IMA-H001: Cannot open")
    t.keys("a")
    t.wait("Certificate to load:")
    t.type(cert)
    t.keys("Enter")
    t.wait(r"> _ima  file signatures")
    t.keys("Enter")
    t.wait(r"1\. load into _ima new key")
    t.keys("Enter")  # stands on Cancel
    t.wait("not there yet")
    t.keys("a", "Up", "Enter")
    t.wait("Into which keyring")
    t.keys("Enter")
    t.wait("Load a key")
    t.keys("Tab", "Enter")
    t.wait("Done: change 1, 1 step")
    t.wait(r"^ %s new key +\d{4}-\d\d-\d\d soon" % keyid)
    t.keys("c")
    t.wait(r"%s new key .* 2 new key" % keyid)
    t.wait(r"files name keys that are not in it: abcdef01 \(1 file\)")
    t.keys("3")
    t.wait("invalid-signature")
    t.keys("o", "Down", "Down", "Enter")  # from the denial to the key that its file names
    t.wait("^>%s new key" % keyid)
    t.keys("Enter")
    t.wait("2 of those that the policy appraises name it")
    t.keys("q", "D")
    t.wait("2 files stop verifying: no other key of _ima fits")
    t.wait("^. +/bin/one")
    t.type("not this host")
    t.keys("Enter")
    t.wait("that is not it")
    t.keys("C-u")
    with open("/proc/sys/kernel/hostname", encoding="utf-8") as f:
        t.type(f.read().strip())
    t.keys("Enter")
    t.wait("Done: change 2, 1 step")
    t.wait("_ima  file signatures: empty")
    t.keys("Q")
    t.ended(0)
    keys_in_lines(t, root, cert, keyid)


def apply(root, *args):
    plan = imactl(root, *args, "--dry-run")
    return imactl(root, *args, "--apply", "--plan=" + plan["hash"])


def rotated_root(t):
    """A root folder whose policy and program an old key has signed."""
    root, names = os.path.join(t.dir, "root"), {}
    for name in ("old", "new"):
        names[name] = os.path.join(t.dir, name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-keyout",
                        names[name] + ".key", "-outform", "DER", "-out", names[name] + ".der"],
                       check=True, capture_output=True)
    put(root, "etc/ima/ima-policy", "appraise func=BPRM_CHECK appraise_type=imasig\n")
    os.chmod(put(root, "usr/bin/program", "1"), 0o755)
    os.makedirs(os.path.join(root, "etc/keys/ima"))
    shutil.copy(names["old"] + ".der", os.path.join(root, "etc/keys/ima/old.der"))
    if subprocess.run(["setfattr", "-n", "security.ima", "-v", "0x0404", root + "/usr"],
                      check=False, stderr=subprocess.DEVNULL).returncode:
        raise Skip("only root sets security.ima, and not on every file system")
    os.removexattr(root + "/usr", "security.ima")
    apply(root, "file", "sign", "--key", names["old"] + ".key", "--cert", names["old"] + ".der",
          "/usr/bin/program", "/etc/ima/ima-policy")
    return root, names


def signers(root):
    return [label(root, p)[3:7] for p in ("etc/ima/ima-policy", "usr/bin/program")]


def agree(t):
    """To the plan that is shown, by what it asks for."""
    if "Type the host name" in t.screen():
        with open("/proc/sys/kernel/hostname", encoding="utf-8") as f:
            t.type(f.read().strip())
        t.keys("Enter")
    else:
        t.keys("Tab", "Enter")


def case_rotate(t):
    """A key takes another's place: by keys, one phase taken back by F7, then by lines."""
    root, names = rotated_root(t)
    old = signers(root)
    t.start("--root %s tui" % shlex.quote(root))
    t.wait("Posture")
    t.keys("6", "F7")
    t.wait("Nothing was changed here yet")
    t.keys("t")
    t.wait("Key to be replaced")
    t.keys("C-u")
    t.type(names["old"] + ".der")
    t.keys("Enter")
    t.wait("Certificate of the new key")
    t.type(os.path.join(t.dir, "nothing"))
    t.keys("Enter")
    t.wait("IMA-H001: Cannot open")
    t.keys("t", "Enter")
    t.wait("Certificate of the new key.*nothing")
    t.keys("C-u")
    t.type(names["new"] + ".der")
    t.keys("Enter")
    t.wait("Rotate a key")
    agree(t)
    t.wait(r"Done: change \d+")
    t.keys("t", "Enter", "Enter")
    t.wait("Private key of the new")
    t.type(names["old"] + ".key")
    t.keys("Enter")
    t.wait("IMA-A013")
    t.keys("t", "Enter", "Enter")
    t.wait("Private key of the new")
    t.type(names["new"] + ".key")
    t.keys("Enter")
    t.wait("Rotate a key")
    assert signers(root) == old
    agree(t)
    t.wait(r"Done: change \d+")
    assert signers(root)[0] != old[0]
    t.keys("F7")
    t.wait("Take it back")
    agree(t)
    t.wait("was taken back")
    assert signers(root) == old
    t.keys("Q")
    t.ended(0)
    rotate_in_lines(t, root, names)
    assert old[0] not in signers(root)


def rotate_in_lines(t, root, names):
    with open("/proc/sys/kernel/hostname", encoding="utf-8") as f:
        host = f.read().strip()
    named = [("6", "Key to be replaced"), (names["old"] + ".der", "Certificate of the new")]
    again = [("6", "Key to be replaced"), ("", "Certificate of the new")]
    key = [("", "Private key"), (names["new"] + ".key", "Go on|to do it")]
    t.tmux("resize-window", "-x", "120", "-y", "70")
    t.start("--root %s tui --plain" % shlex.quote(root), "dumb")
    for answer, want in ([("6", "let a key take")] + named +
                         [(names["new"] + ".der", "Private key")] + key[1:] +
                         [(host, r"Done: change \d+")] + again + key +
                         [("label", "Job 1 has begun")]):
        t.shell(answer, want)
    for _ in range(50):
        if imactl(root, "label", "status")["state"] == "ended":
            break
        time.sleep(0.2)
    for answer, want in again + [("", "retire +the old key"), (host, r"Done: change \d+")] + \
            again + [("", "on the machine itself"), ("q", "Choice:"), ("q", "^status=0")]:
        t.shell(answer, want)
        t.shell("") if want == "^status=0" else None


def keys_in_lines(t, root, cert, keyid):
    os.makedirs(os.path.join(root, "etc/keys"))
    shutil.copy(cert, os.path.join(root, "etc/keys/\x1b[31mred.der"))
    t.tmux("resize-window", "-x", "120", "-y", "70")
    t.start("--root %s tui --plain" % shlex.quote(root), "dumb")
    for answer, want in (("6", "row 1: _ima  file signatures: empty"), ("9", "none of the choices"),
                         ("3", "File of the certificate:"), (cert, "Into which keyring"),
                         ("", "Verdict +into _ima: accepted"), ("4", "File of the certificate:"),
                         (cert, "Into which keyring"), ("1", "Type yes to do it:"),
                         ("no", "Nothing was changed"), ("4", "File of the certificate:"),
                         (cert, "Into which keyring"), ("1", "Type yes to do it:"),
                         ("yes", "key 2: %s new key, valid until .* soon" % keyid),
                         ("2", "signed by new key, files 2"), ("1", "Number of the row:"),
                         ("2", "Cert. +/etc/keys/" + re.escape(r"\x1b[31mred.der")), ("5", "Number of the row:"),
                         ("1", "That row is no key"), ("5", "Number of the row:"),
                         ("2", "Type the host's name to do it:"), ("", "Nothing was changed"),
                         ("q", "Choice:"), ("q", "^status=0")):
        t.shell(answer, want)
        t.shell("clear") if want == "^status=0" else None


def entry(template, path, extra=b""):
    """A record of a measurement list, as ima_measurements_show() writes it."""
    def field(data):
        return len(data).to_bytes(4, sys.byteorder) + data
    data = field(b"sha256:\0" + hashlib.sha256(path).digest()) + field(path + b"\0") + extra
    return (10).to_bytes(4, sys.byteorder) + hashlib.sha1(data).digest() + field(template) + \
        field(data)


def shown_policy(t):
    """What a kernel would show in securityfs, of files below a root; in a namespace of its
    own, where that is mounted. The root they lie below, and a candidate of foreign bytes."""
    ima = os.path.join(t.dir, "sec/integrity/ima")
    os.makedirs(ima)
    os.symlink("integrity/ima", os.path.join(t.dir, "sec/ima"))
    root = os.path.join(t.dir, "root")
    os.chmod(put(root, "bin/tool", b"x"), 0o755)
    put(root, "etc/data", b"x")
    put(root, "lib/lib.so", b"x")
    put(root, "var/lib/dpkg/info/tools.list", b"/bin/tool\n")
    files = [b"/bin/tool", b"/etc/data", b"/lib/lib.so"]
    records = [entry(b"ima-ng", p) for p in [b"boot_aggregate", *files, *files, b"/gone"]]
    records.append(entry(b"ima-buf", b".ima", (3).to_bytes(4, sys.byteorder) + b"key"))
    put(ima, "binary_runtime_measurements", b"".join(records))
    put(ima, "runtime_measurements_count", b"%d\n" % len(records))
    put(ima, "policy", b"measure func=BPRM_CHECK mask=MAY_EXEC \nmeasure func=KEY_CHECK \n"
        b"appraise fowner=0 \nappraise func=BPRM_CHECK fowner=0 \n")
    candidate = put(t.dir, "candidate", b"appraise fowner=0\n\x1b]0;owned\x07 \xff\x1b[2J\n"
                    b"measure func=\x1b[31mred\n")
    if subprocess.run(["unshare", "-Urm", "mount", "--bind", os.path.join(t.dir, "sec"),
                       "/sys/kernel/security"], capture_output=True, check=False).returncode:
        raise Skip("no user namespace here, or nothing can be mounted in it")
    t.shell("PS1='inside''> ' unshare -Urm sh", "^inside>")
    t.shell("mount --bind %s/sec /sys/kernel/security && echo mount''ed" % t.dir, "^mounted")
    return root, candidate


def case_policy(t):
    root, candidate = shown_policy(t)
    t.start("--root %s tui" % shlex.quote(root))
    t.wait("Posture")
    t.keys("5")
    t.wait("Rules in force: read back from the kernel")
    t.wait(r"^>    1 +custom +measure +func=BPRM_CHECK mask=MAY_EXEC +1$")
    t.wait(r"^     2 +custom +measure +func=KEY_CHECK +1$")
    t.wait(r"^     3 ! +custom +appraise +fowner=0 +3$")
    t.wait(r"^     4 ! +custom +appraise +func=BPRM_CHECK fowner=0 +0$")
    t.keys("e", "e")
    t.wait("never reached: line 3 matches first")
    t.keys("Up")
    t.wait("Decides on 3 of 4 files in the list, in some access to them, 1 gone")
    t.keys("p")
    t.wait("Which rules does a file meet")
    t.type("/bin/tool")
    t.keys("Enter")
    t.wait("What is done with it")
    t.type("exec")
    t.keys("Enter")
    t.wait("By user")
    t.keys("C-u", "x", "Enter")
    t.wait("a number below")
    t.keys("C-u", "0", "Enter")
    t.wait("^ /bin/tool, exec by user 0")
    t.wait("appraise: yes, by rule 3")
    t.keys("q", "t")
    t.wait("It leaves traces, which stay")
    t.keys("Enter")  # stands on Cancel
    t.wait("row 3 of 4")
    policy_to_file(t)
    candidates(t, candidate)
    installs(t, root, candidate)
    t.keys("Q")
    t.ended(0)
    with open(t.raw, "rb") as f:
        assert b"\x1b]0;owned" not in f.read()


def policy_to_file(t):
    path = os.path.join(t.dir, "written")
    for times in range(2):
        t.keys("x")
        t.wait("Write to a file")
        t.type("policy")
        t.keys("Enter")
        t.wait("Write to:")
        t.keys("C-u")
        t.type(path)
        t.keys("Enter")
        t.wait("Wrote the rules to" if times == 0 else "is there already")
    t.keys("Enter")  # stands on Cancel
    with open(path, encoding="ascii") as f:
        assert f.read().splitlines()[2] == "appraise fowner=0"


def candidates(t, candidate):
    many = put(t.dir, "many", b"".join(b"measure func=FILE_CHECK fowner=%d\n" % i
                                      for i in range(10000)))
    t.keys("o")
    t.wait("Policy file")
    t.type(candidate)
    t.keys("Enter")
    t.wait("this kernel refuses it")
    t.wait(re.escape(r"!! custom  \x1b]0;owned\x07 \xff\x1b[2J"))
    t.keys("o", "C-u")
    t.type(many)
    t.keys("Enter")
    t.wait("10 000 rules")
    t.keys("End")
    t.wait("^>10000 +custom +measure")
    t.keys("F4")
    t.type("fowner=7771")
    t.wait("^> +7772 +custom")
    t.keys("Enter", "o", "C-u", "Enter")
    t.wait("Rules in force: read back from the kernel")
    t.wait("^>    1 +custom")


def installs(t, root, bad):
    good = put(t.dir, "good", b"measure func=KEXEC_KERNEL_CHECK\n")
    t.keys("i")
    t.wait("Open a policy file first: o asks which")
    t.keys("s")
    t.wait("Not ready: . uses? .*denied")
    t.wait("1 file: missing-hash, of tools, /bin/tool")
    t.wait("imactl --root=%s label apply" % re.escape(root))
    t.keys("q")
    t.keys("o", "C-u")
    t.type(bad)
    t.keys("Enter")
    t.wait("this kernel refuses it")
    t.keys("i")
    t.wait("IMA-P026")
    t.keys("o", "C-u")
    t.type(good)
    t.keys("Enter")
    t.wait("^>    1 +custom +measure +func=KEXEC_KERNEL_CHECK")
    t.keys("s")
    t.wait("Ready: nothing would be denied")
    t.wait("It appraises none of these files")
    t.keys("q", "a")
    t.wait("Load a policy")
    t.wait("cannot be undone")
    t.keys("Escape", "i")
    t.wait("Install a policy")
    t.keys(*["Down"] * 12)
    t.wait("generation 1, made now")
    t.type("not this host")
    t.keys("Enter")
    t.wait("that is not it")
    t.keys("C-u")
    with open("/proc/sys/kernel/hostname", encoding="utf-8") as f:
        t.type(f.read().strip())
    assert not os.path.exists(os.path.join(root, "etc/ima/ima-policy"))
    t.keys("Enter")
    t.wait("Done: change 1")
    with open(os.path.join(root, "etc/ima/ima-policy"), "rb") as f:
        assert f.read() == b"measure func=KEXEC_KERNEL_CHECK\n"


def case_policy_plain(t):
    root, candidate = shown_policy(t)
    t.tmux("resize-window", "-x", "120", "-y", "70")
    written = os.path.join(t.dir, "written")
    good = put(t.dir, "good", b"measure func=KEXEC_KERNEL_CHECK\n")
    with open("/proc/sys/kernel/hostname", encoding="utf-8") as f:
        host = f.read().strip()
    t.start("--root %s tui --plain" % shlex.quote(root), "dumb")
    for answer, want in (("5", r"rule 3: appraise fowner=0, the policy, warning, decides on 3"),
                         ("0", "none of the choices"), ("1", "Number of the rule:"),
                         ("4", "IMA-P030: never reached: line 3"), ("2", "Words"),
                         ("KEY", "filter: KEY"), ("2", "Words"), ("", "rule 4: appraise"),
                         ("4", "Path of the file:"), ("/bin/tool", "What is done with it"),
                         ("exec", "By user, a number"), ("", "appraise: yes, by rule 3"),
                         ("5", "Open a policy file first"), ("6", "Type yes to do it:"), ("no", "The kernel was not asked"),
                         ("8", "Open a policy file first"), ("7", "What is in force was tried in enforce mode"),
                         ("11", "Write to which file:"), (written, "Wrote the rules to"),
                         ("3", "Policy file"), (candidate, r"rule 3: measure func=.x1b.31mred, the policy, error"),
                         ("5", "From what is in force to"), ("9", "IMA-P026"), ("3", "Policy file"), (good, "rule 1: measure func=KEXEC"),
                         ("9", r"generation 2\."), ("no", "Nothing was changed"), ("9", r"write .*etc/ima/ima-policy"),
                         (host, "Done: change 1"), ("9", "Nothing to do: it is as wanted|generation"), ("no", "Policy, choice"),
                         ("3", "Policy file"), ("", "read back from the kernel"),
                         ("q", "Choice:"), ("q", "^status=0")):
        t.shell(answer, want)
    assert os.path.exists(os.path.join(root, "etc/ima/ima-policy"))


def main():
    if not shutil.which("tmux"):
        print("skipped: tmux is not installed")
        return 77
    t = Terminal()
    try:
        globals()["case_" + CASE](t)
    except Skip as e:
        print("skipped: %s" % e)
        return 77
    finally:
        t.close()
    return 0


IMACTL, CASE = os.path.abspath(sys.argv[1]), sys.argv[2]
sys.exit(main())
