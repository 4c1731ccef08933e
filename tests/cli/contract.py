#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What every command promises, tried on each row of the command table.

--help fits 80 columns; a wrong option or host is one sentence, one hint and the right exit
status; --json is JSON and nothing else; text never holds a control character, whatever the
recorded host holds; a full disk is never a success; a reader that leaves early is no error;
without any right nothing worse happens than a refusal. A new command is tried by itself.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = os.path.join(os.path.dirname(HERE), "fixtures/lists")
BUILD = os.environ.get("IMACTL_BUILD", os.path.join(HERE, "../../build"))
IMACTL = os.path.join(os.path.abspath(BUILD), "tui/imactl")
HOSTILE = b"\x1b]0;owned\x07\x1b[2J\xff\xc2\x9b31m\xe2\x80\xae\r\x7f"
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]")
FAILURE = re.compile(rb"imactl: (IMA-\w\d+): [^\n]+\n(  hint: [^\n]+\n)?\Z")

problems, tried = [], 0


def run(words, before=(), **more):
    global tried
    tried += 1
    env = {k: v for k, v in os.environ.items()
           if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")}
    env.update(LC_ALL="C.UTF-8", TERM="dumb", HOME="/nonexistent")
    more.setdefault("stdout", subprocess.PIPE)
    try:
        return subprocess.run([*before, IMACTL, *words], env=env, stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=60, **more)
    except subprocess.TimeoutExpired:
        wrong(words, "did not end within 60 s")
        return None


def wrong(words, what):
    problems.append(f"imactl {' '.join(words)}: {what}")


def expect(words, p, codes, failure=None):
    """Exit status, and where one is expected exactly one failure on standard error."""
    if p is None:
        return
    if p.returncode not in codes:
        wrong(words, f"exit status {p.returncode}, not {codes}: {p.stderr.decode('utf-8', 'replace')}")
    if CONTROL.search(p.stderr):
        wrong(words, f"control character on standard error: {p.stderr!r}")
    if failure:
        m = FAILURE.match(p.stderr)
        if not m or m[1].decode() not in failure:
            wrong(words, f"expected one of {failure}: {p.stderr!r}")
        if p.stdout:
            wrong(words, f"failed, and still printed {p.stdout[:60]!r}")


def check_help(words):
    p = run([*words, "--help"])
    expect([*words, "--help"], p, [0])
    if p.stderr or not p.stdout or any(len(l) > 80 for l in p.stdout.decode().splitlines()):
        wrong([*words, "--help"], "empty, wider than 80 columns, or noise on standard error")


def check_usage(words, c):
    expect([*words, "--no-such-thing"], run([*words, "--no-such-thing"]), [2], ["IMA-U001"])
    expect([*words, "--color"], run([*words, "--color"]), [2], ["IMA-U003"])
    if c["max_args"] is not None:
        many = [*words, *["x"] * (c["max_args"] + 1)]
        expect(many, run(many), [2], ["IMA-U004", "IMA-U002"])
    if c["min_args"]:
        few = [*words, *["x"] * (c["min_args"] - 1)]
        expect(few, run(few), [2], ["IMA-U004"])
    if not c["json"]:
        args = [*words, *["x"] * c["min_args"], "--json"]
        expect(args, run(args), [2], ["IMA-U005"])


def check_wrong_host(words, c):
    if not c["reads_host"] or c["live"] or c["mutates"]:
        return
    for host in ("/nonexistent", "/dev/null", "\x1b[2J"):
        args = ["--host", host, *words, *["x"] * c["min_args"]]
        p = run(args)
        expect(args, p, range(1, 9), ["IMA-H001", "IMA-H005"])


def check_text(args, options=()):
    args = [*args, *options]
    p = run(args)
    expect(args, p, range(0, 9))
    if p is None:
        return
    if CONTROL.search(p.stdout):
        wrong(args, f"control character in the text: {CONTROL.search(p.stdout)}")
    try:
        p.stdout.decode("ascii" if "--ascii" in options else "utf-8")
    except UnicodeDecodeError as e:
        wrong(args, f"text is not valid: {e}")


def check_json(args, streams):
    args = [*args, "--json"]
    p = run(args)
    expect(args, p, range(0, 9))
    if p is None:
        return
    if p.returncode in (0, 1) and not p.stdout and not streams:
        wrong(args, "no JSON at all")
    try:
        text = p.stdout.decode("utf-8")
        values = [json.loads(l) for l in (text.splitlines() if streams else [text] if text else [])]
        if not streams and values and not str(values[0].get("schema", "")).startswith("imactl/"):
            wrong(args, "JSON without a schema")
    except ValueError as e:
        wrong(args, f"not JSON: {e}: {p.stdout[:80]!r}")
    if CONTROL.search(p.stdout.replace(b"\xc2", b"")):
        wrong(args, "control character in JSON")


def check_writing(args):
    p = run(args)
    if p is None or not p.stdout:
        return
    with open("/dev/full", "wb") as full:
        expect([*args, ">/dev/full"], run(args, stdout=full), range(1, 9))
    reader, writer = os.pipe()
    os.close(reader)
    q = run(args, stdout=writer)
    os.close(writer)
    expect([*args, "| reader that left"], q, [p.returncode])
    if b"rite" in q.stderr:
        wrong(args, f"complains about a reader that left: {q.stderr!r}")


def check_unprivileged(words, c):
    if c["live"] or c["min_args"]:
        return
    if subprocess.run([os.path.join(HERE, "unprivileged"), "test", "-x", IMACTL]).returncode:
        print("not tried without privileges: the build folder is closed to other users")
        return
    args = [*words, "--no-pager"]
    p = run(args, before=[os.path.join(HERE, "unprivileged")])
    expect(args, p, range(0, 9))
    if p and CONTROL.search(p.stdout):
        wrong(args, "control character in the text")


def hostile_host(folder):
    """A real host whose short texts say evil things; and lists with such names."""
    target = os.path.join(folder, "hostile")
    shutil.copytree(os.path.join(HOSTS, sorted(os.listdir(HOSTS))[0]), target)
    for name in ("cmdline", "osrelease", "hostname", "version", "boot_id", "lsm", "os-release",
                 "mountinfo", "keys", "policy", "ima-policy", "evm", "uptime", "meminfo",
                 "host.json", "slabinfo", "violations", "runtime_measurements_count",
                 "tpm_version_major", "config", "dmesg.txt"):
        with open(os.path.join(target, name), "wb") as f:
            f.write(HOSTILE + b"\n" + HOSTILE + b"=" + HOSTILE + b"\n")
    return target


def hosts(folder):
    yield from (os.path.join(HOSTS, n) for n in sorted(os.listdir(HOSTS)))
    empty = os.path.join(folder, "empty")
    os.mkdir(empty)
    yield empty
    yield hostile_host(folder)


def check_command(words, c, every_host):
    check_help(words)
    check_usage(words, c)
    check_wrong_host(words, c)
    check_unprivileged(words, c)
    if c["live"] or c["mutates"] or c["min_args"]:
        return
    for host in every_host if c["reads_host"] else [None]:
        args = [*(["--host", host] if host else []), *words]
        check_text(args)
        check_text(args, ["--ascii"])
        if c["json"]:
            check_json(args, c["streams"])
    check_writing(args)
    if every_host:
        check_writing(["--host", every_host[0], *words])


def main():
    table = json.loads(run(["help", "--json"]).stdout)["commands"]
    with tempfile.TemporaryDirectory(prefix="imactl-contract.") as folder:
        every_host = list(hosts(folder))
        for c in table:
            if c["runs"]:
                check_command([c["name"]], c, every_host)
            for s in c["subcommands"]:
                check_command([c["name"], s["name"]], s, every_host)
    print("\n".join(problems + [f"{len(table)} commands, {tried} runs, {len(problems)} problems"]))
    sys.exit(1 if problems or not table else 0)


main()
