"""Debian packages fetched as files: nothing is installed, no source is added."""

import functools
import os
import re
import time
from pathlib import Path

import cache
import process
from cache import LabError, Unavailable

LISTS = Path("/var/lib/apt/lists")
KEEP = 7 * 24 * 3600
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@functools.cache
def query(*argv):
    """What apt-cache prints. It takes seconds, so this machine's answers are kept until
    its package lists change."""
    if argv[0].startswith("-"):
        return process.output(["apt-cache", *argv])
    lists = [f"{path.name} {path.stat().st_mtime_ns}" for path in sorted(LISTS.glob("*_*"))]
    kept = cache.root() / "apt" / cache.key(*lists, *argv)
    if kept.exists():
        return kept.read_text()
    text = process.output(["apt-cache", *argv])
    if text and lists:
        kept.parent.mkdir(exist_ok=True)
        for old in kept.parent.glob("?" * 16):
            if time.time() - old.stat().st_mtime > KEEP:
                old.unlink(missing_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(text)
        new.rename(kept)
    return text


def candidate(package, options=()):
    text = query(*options, "policy", package)
    found = re.search(r"Candidate: (\S+)", text)
    return None if not found or found[1] == "(none)" else found[1]


def version(package):
    """The version apt would install; the lists are fetched when they are not there."""
    found = candidate(package)
    if not found and os.geteuid() == 0:
        with cache.locked("apt-update"):
            log = cache.root() / "logs" / "apt-update.log"
            log.parent.mkdir(exist_ok=True)
            process.run(["apt-get", "-q", "update"], log, "apt-get update")
            query.cache_clear()
        found = candidate(package)
    if not found:
        raise Unavailable(f"apt knows no package {package}")
    return found


def depends_on(package, pattern):
    text = query("depends", package)
    found = re.search(r"Depends: (" + pattern + r")$", text, re.M)
    if not found:
        raise Unavailable(f"{package} depends on nothing like {pattern}")
    return found[1]


def unpack(package, into, log, options=()):
    """Download one package and unpack it into a folder."""
    folder = Path(into) / "download"
    folder.mkdir()
    process.run(["apt-get", *options, "-q", "download", package], log,
                f"Downloading {package}", cwd=folder)
    debs = list(folder.glob("*.deb"))
    if len(debs) != 1:
        raise LabError(f"apt-get download {package} left {len(debs)} files")
    process.run(["dpkg-deb", "-x", debs[0], into], log, f"Unpacking {package}")
    debs[0].unlink()
    folder.rmdir()


def mirrors():
    """Debian's own sources of this machine: [(uri, codename)]."""
    text = process.output(["apt-get", "indextargets", "--format",
                           "$(REPO_URI)|$(ORIGIN)|$(CODENAME)|$(COMPONENT)",
                           "Created-By: Packages"])
    rows = [line.split("|") for line in text.splitlines() if line.count("|") == 3]
    return [(uri, code) for uri, origin, code, part in rows
            if origin == "Debian" and part == "main"]


def main_mirror():
    for uri, code in mirrors():
        if "security" not in uri and "-" not in code:
            return uri
    raise Unavailable("apt has no Debian mirror configured")


def transport_options():
    """How this machine reaches its mirror (proxies and the like), as name=value."""
    found = []
    for line in process.output(["apt-config", "dump"]).splitlines():
        match = re.match(r'(Acquire::(?:http|https|Check-\S+?|Retries)\S*) "(.*)";$', line)
        if match and match[2]:
            found.append(f"{match[1]}={match[2]}")
    return found


def private(folder, suite):
    """apt options for a view of one other suite, with its lists below folder."""
    folder = Path(folder)
    for sub in ("lists/partial", "cache/archives/partial", "empty"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {main_mirror()} {suite} main\n")
    (folder / "status").touch()
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": folder / "empty",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
