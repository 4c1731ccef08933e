#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every recorded value of security.ima and security.evm (../shared/fixtures/xattrs) through
the commands: what file show takes it for, and what file verify and evm verify say of it and
of the same value with its last byte flipped, against evmctl's own verdicts.

Set as user.ima and user.evm. Of signatures of one inode that was not recorded only file show
is asked. Prints what is wrong; 77 where values or user attributes cannot be had.
"""
import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("IMACTL_SHARED") or os.path.join(HERE, "../../../shared")
FOLDER = os.path.join(SHARED, "fixtures/xattrs")
IMACTL = os.path.join(os.environ.get("IMACTL_BUILD", os.path.join(HERE, "../../build")),
                      "tui/imactl")
TABLES = {"matrix.tsv": 100, "evm.tsv": 72, "gost-sm2.tsv": 12}
STREEBOG = {"md_gost12_256": "streebog256", "md_gost12_512": "streebog512"}

Row = collections.namedtuple("Row", "ok version file attr made key check cert hex verdicts")
wrong = []


def expect(what, got, want):
    if got != want:
        wrong.append(f"{what}: {got!r}, not {want!r}")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def rows():
    for table, n in TABLES.items():
        with open(os.path.join(FOLDER, table), encoding="ascii") as f:
            found = [Row(*line.rstrip("\n").split("\t")) for line in f]
        expect(f"rows of {table}", len(found), n)
        yield from found


def hash_of(row):
    alg = re.search(r"--hashalgo (\S+)", row.made)[1]
    return STREEBOG.get(alg, alg)


def imactl(*args):
    """An object for each path, by its path. In a root of its own: the kernel's hash is
    sha256 there, whatever runs on this machine."""
    p = subprocess.run([IMACTL, "--root", ".", *args], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True)
    if p.returncode not in (0, 1):
        wrong.append(f"{args[:4]}: exit status {p.returncode}: {p.stderr}")
    return {o["path"]: o for o in map(json.loads, p.stdout.splitlines())}


def label_of(row):
    """What evmctl --imahash puts into security.ima."""
    alg, data = hash_of(row), open(os.path.join(FOLDER, "files", row.file), "rb").read()
    head = {"sha1": b"\1", "sha224": b"\4\7", "sha256": b"\4\4", "sha384": b"\4\5",
            "sha512": b"\4\6"}[alg]
    return head + hashlib.new(alg, data).digest()


def make(row, name, value):
    shutil.copyfile(os.path.join(FOLDER, "files", row.file), name)
    os.chmod(name, 0o644)
    os.setxattr(name, f"user.{row.attr}", value)
    if row.attr == "evm":
        os.setxattr(name, "user.ima", label_of(row))


def check_show(row, shown):
    o, v1 = shown[row.attr], "--rsa" in row.made
    what = f"file show, {row.made}, {row.key}"
    expect(what, o["usable"], True)
    expect(what, o["type"], 5 if "--portable" in row.made else 3)
    expect(what, o["version"], 1 if v1 else 3 if " -i " in row.made else 2)
    expect(what, o["hash"], hash_of(row))
    expect(what, len(o["keyid"]), 16 if v1 else 8)
    if "--keyid=" in row.made:
        expect(what, o["keyid"], "deadbeef")
    expect(what, o["hex"], row.hex)


def good_by_evmctl(row, kind):
    verdicts = dict(re.findall(r"(\w+)=(\d+)", row.verdicts))
    expect(f"evmctl's verdicts, {row.made}", verdicts[f"{kind}14"], verdicts[f"{kind}16"])
    return verdicts[f"{kind}14"] == "0"


def check_verify(row, kind, o):
    """GOST is left to the kernel where OpenSSL has none: never good, never bad. Of a
    signature of version 1 kernels do not read the hash: they take that of ima_hash= (linux
    6.12 ima_appraise.c ima_get_hash_algo())."""
    good = good_by_evmctl(row, kind)
    if "--rsa" in row.made:
        good = good and hash_of(row) == "sha256"
    answer, want = o.get("answer", o.get("text")), "good" if good else "bad"
    if hash_of(row).startswith("streebog") and answer == "unknown":
        want = "unknown"
    expect(f"{kind}, {row.attr}, {row.made}, {row.key}", answer, want)
    check = o.get(row.attr, {}).get("check")
    if want == "good":
        expect(f"{kind}, {row.made}", check, "good")
    elif want == "bad":
        expect(f"{kind}, {row.made}", check in ("bad", "no-key", "damaged"), True)


def recorded(row):
    """Not the number of an inode; and evmctl reads --mode as decimal."""
    return row.attr == "ima" or "--portable" in row.made


def options(row):
    cert = ["--xattr", "user", "--cert", os.path.join(FOLDER, "certs", row.cert), "--json"]
    if row.attr == "ima":
        return ["file", "verify", "--require", "imasig", *cert]
    return ["evm", "verify", "--uid", "0", "--gid", "0", *cert]


def check_table():
    groups = collections.defaultdict(dict)
    table = list(rows())
    for i, row in enumerate(table):
        value = bytes.fromhex(row.hex)
        make(row, f"{i}.verify", value)
        make(row, f"{i}.flip", value[:-1] + bytes([value[-1] ^ 1]))
        for kind in ("verify", "flip"):
            if recorded(row):
                groups[tuple(options(row))][f"{i}.{kind}"] = (row, kind)
    shown = imactl("file", "show", "--xattr", "user", "--json",
                   *(f"{i}.verify" for i in range(len(table))))
    for i, row in enumerate(table):
        check_show(row, shown[f"{i}.verify"])
    asked = 0
    for args, files in groups.items():
        said = imactl(*args, *files)
        for name, (row, kind) in files.items():
            check_verify(row, kind, said[name])
            asked += 1
    print(f"{len(table)} values shown, {asked} verdicts")


def check_documents():
    """What other people's documents show, damaged where their copy was."""
    with open(os.path.join(FOLDER, "documented.json"), encoding="utf-8") as f:
        documents = [d for d in json.load(f) if d["hex"]]
    for i, d in enumerate(documents):
        attr = d["attr"].partition(".")[2]
        open(f"doc{i}", "w", encoding="ascii").close()
        os.setxattr(f"doc{i}", f"user.{attr}", bytes.fromhex(d["hex"]))
    shown = imactl("file", "show", "--xattr", "user", "--json",
                   *(f"doc{i}" for i in range(len(documents))))
    for i, d in enumerate(documents):
        o = shown[f"doc{i}"][d["attr"].partition(".")[2]]
        damaged = "TRUNCATED" in d["expect"] or "malformed" in d["expect"] + d["note"]
        expect(f"file show, {d['src']}", o["usable"], not damaged)
        expect(f"file show, {d['src']}", o["hex"], d["hex"])
    print(f"{len(documents)} values of documents shown")


def main():
    if not os.path.isdir(FOLDER):
        skip(f"no recorded values in {FOLDER}")
    with tempfile.TemporaryDirectory(prefix="imactl-xattrs.") as folder:
        os.chdir(folder)
        try:
            open("try", "w", encoding="ascii").close()
            os.setxattr("try", "user.ima", b"\1")
        except OSError as e:
            skip(f"user.ima cannot be set here: {e.strerror}")
        check_table()
        check_documents()
        os.chdir("/")
    print(*wrong, f"{len(wrong)} wrong", sep="\n")
    sys.exit(1 if wrong else 0)


main()
