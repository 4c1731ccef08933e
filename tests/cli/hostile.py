#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Recorded hosts that somebody made to hurt: every command must end soon, with a known exit
status, without a signal, a sanitizer's word or a control character, whatever stands in the
place of a file: nothing, a FIFO, a socket, a folder, links that loop or lead to devices,
gigabytes of nothing, millions of digits, terminal escapes, half a file.

Each kind is tried for all files at once and, in turn, for single files of a real host.
IMACTL_LONG=1: each kind for each file.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
HOSTS = os.path.join(ROOT, "tests/fixtures/lists")
BUILD = os.environ.get("IMACTL_BUILD", os.path.join(ROOT, "build"))
IMACTL = os.path.join(os.path.abspath(BUILD), "tui/imactl")
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]")
EVIL = b"\x1b]0;owned\x07\x1b[2J\xff\xc2\x9b31m\xe2\x80\xae\r\x7f"
SOON = 30
# A sanitizer's exit status must not look like one of ours.
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb",
       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":exitcode=99:abort_on_error=0",
       "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "") + ":exitcode=99:halt_on_error=1"}

problems, tried, slowest = [], 0, (0.0, "")


def names():
    """Every name a recorded host can hold."""
    found = []
    for line in open(os.path.join(ROOT, "core/base/root-files.inc"), encoding="utf-8"):
        m = re.match(r'ROOT_FILE\(\w+, \w+, (?:NULL|"[^"]*"), "([^"]+)"', line)
        if m:
            found.append(m[1])
    return found + ["binary_runtime_measurements_sha256", "ascii_runtime_measurements_sha1",
                    "pcrs-sha1.txt", "pcrs-sha256.txt", "pcrs.json", "root",
                    "root/var/lib/dpkg/info/x.list", "root/var/lib/dpkg/diversions",
                    "root/var/lib/rpm/rpmdb.sqlite", "root/var/lib/rpm/rpmdb.sqlite-wal"]


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def sparse(path, size):
    with open(path, "wb") as f:
        f.truncate(size)


def sock(path):
    here = os.getcwd()
    os.chdir(os.path.dirname(path))
    s = socket.socket(socket.AF_UNIX)
    s.bind(os.path.basename(path))
    s.close()
    os.chdir(here)


def content(name):
    path = os.path.join(HOSTS, sorted(os.listdir(HOSTS))[0], name)
    return open(path, "rb").read() if os.path.isfile(path) else b"10 a=b\n" * 50


KINDS = {
    "empty": lambda p, n: write(p, b""),
    "fifo": lambda p, n: os.mkfifo(p),
    "socket": lambda p, n: sock(p),
    "folder": lambda p, n: os.mkdir(p),
    "loop": lambda p, n: os.symlink(os.path.basename(p), p),
    "dangling": lambda p, n: os.symlink("/nonexistent/x", p),
    "zero": lambda p, n: os.symlink("/dev/zero", p),
    "tty": lambda p, n: os.symlink("/dev/tty", p),
    "nul": lambda p, n: write(p, b"\0" * 70000),
    "sparse": lambda p, n: sparse(p, 4 << 30),
    "digits": lambda p, n: write(p, b"9" * 10_000_000),
    "lines": lambda p, n: write(p, b"\n" * 1_000_000),
    "escapes": lambda p, n: write(p, (EVIL + b"=" + EVIL + b" \n") * 500),
    "half": lambda p, n: write(p, content(n)[:len(content(n)) // 2 + 1]),
    "tail": lambda p, n: write(p, content(n) + EVIL * 20),
    "ff": lambda p, n: write(p, b"\xff" * 100_000),
}


def put(host, name, kind):
    path = os.path.join(host, name)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    if "/" in name and not os.path.isdir(os.path.join(host, "root")):
        put(host, "root", "empty")
        os.unlink(os.path.join(host, "root"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    KINDS[kind](path, name)


def commands():
    out = subprocess.run([IMACTL, "help", "--json"], capture_output=True, check=True).stdout
    found = []
    for c in json.loads(out)["commands"]:
        rows = [([c["name"]], c)] if c["runs"] else []
        rows += [([c["name"], s["name"]], s) for s in c["subcommands"]]
        for words, row in rows:
            if row["reads_host"] and not row["live"] and not row["mutates"] \
                    and not row["min_args"]:
                found.append((words, row))
    return found


def attempt(host, words, what):
    global tried, slowest
    tried += 1
    start = time.monotonic()
    args = [IMACTL, "--host", host, *words]
    label = f"{what}: imactl {' '.join(words)}"
    try:
        p = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, timeout=SOON,
                           start_new_session=True,
                           env=ENV)
    except subprocess.TimeoutExpired:
        problems.append(f"{label}: did not end within {SOON} s")
        return
    slowest = max(slowest, (time.monotonic() - start, label))
    if not 0 <= p.returncode <= 8:
        problems.append(f"{label}: exit status {p.returncode}: {p.stderr[-600:].decode('utf-8', 'replace')}")
    for stream, raw in (("output", p.stdout), ("error", p.stderr)):
        m = CONTROL.search(raw)
        if m:
            problems.append(f"{label}: control character {m[0]!r} on standard {stream}")
    if "--json" in words and p.stdout:
        try:
            for line in p.stdout.decode().splitlines():
                json.loads(line)
        except ValueError as e:
            problems.append(f"{label}: not JSON: {e}")


def try_host(host, what, rows):
    for words, row in rows:
        attempt(host, words, what)
        if row["json"]:
            attempt(host, [*words, "--json"], what)


def main():
    rows = commands()
    real = os.path.join(HOSTS, sorted(os.listdir(HOSTS))[0])
    every = os.environ.get("IMACTL_LONG") == "1"
    with tempfile.TemporaryDirectory(prefix="imactl-hostile.") as folder:
        host = os.path.join(folder, "host")
        for kind in KINDS:
            os.mkdir(host)
            for name in names():
                put(host, name, kind)
            try_host(host, f"all {kind}", rows)
            shutil.rmtree(host)
        for i, name in enumerate(names()):
            for kind in KINDS if every else [list(KINDS)[i % len(KINDS)], list(KINDS)[(i * 7 + 3) % len(KINDS)]]:
                shutil.copytree(real, host)
                put(host, name, kind)
                try_host(host, f"{name} {kind}", rows)
                shutil.rmtree(host)
    print("\n".join(problems + [f"{tried} runs, {len(problems)} problems, "
                                f"slowest {slowest[0]:.1f} s ({slowest[1]})"]))
    sys.exit(1 if problems or not rows else 0)


main()
