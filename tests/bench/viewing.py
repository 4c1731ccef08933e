# SPDX-License-Identifier: GPL-2.0-or-later
"""T7 to T10, and T20's growth: the console beside less and lnav."""

import collections
import functools
import os
import re
import shutil
import statistics
import subprocess
import time

from cost import Broken, NotMeasured, best, median
from terminal import Terminal

COMMON = "proxy-policy"  # about one path in 800
RARE = "needle"  # four, near the end
RARE_HITS = 4
FILTER = "\\"
CLEAR = "\x15"  # ^U
ENTER = "\r"
HELP, BACK = "?", "q"
HELP_TEXT = "explain the keys"
LOG_SCREEN = "2"
IDLE_SECONDS = 10


def console(bench, host):
    return [bench.imactl, "--host", host.folder, "--color", "never"]


def installed(program):
    if not shutil.which(program):
        raise NotMeasured(f"no {program}")
    return program


def viewed(bench):
    return bench.logs.host(bench.entries, "mixed")


@functools.cache
def landmarks(host):
    """The (digest, path) of the first and the last entry, and the digests of the rare
    hits: what a screen is recognised by. The peers cut or wrap the paths."""
    entries = list(host.lines())
    return entries[0], entries[-1], [d for d, path in entries if RARE in path]


@functools.cache
def common_count(host):
    return int(subprocess.run(["grep", "-Fc", COMMON, host.ascii], check=True,
                              stdout=subprocess.PIPE, text=True).stdout)


def middle(samples):
    """{step: median} of a list of {step: seconds}"""
    steps = collections.defaultdict(list)
    for sample in samples:
        for step, seconds in sample.items():
            steps[step].append(seconds)
    return {step: statistics.median(values) for step, values in steps.items()}


def less_session(host):
    (first, _), (last, _), rare = landmarks(host)
    with Terminal([installed("less"), host.ascii]) as t:
        sample = {"first": t.until(first)}
        t.press("G")
        sample["end"] = t.until(last)
        t.press(f"g&{RARE}{ENTER}")
        sample["rare"] = t.until(*rare)
    return sample


def lnav_session(host):
    last, _ = landmarks(host)[1]
    with Terminal([installed("lnav"), host.ascii]) as t:
        sample = {"first": t.until(last)}
        t.press(f":filter-in {RARE}{ENTER}")
        sample["rare"] = t.until(f"{host.entries - RARE_HITS} Lines not shown")
    return sample


def counted(screen):
    """The "12 of 1 000 000" at the end of the filter's line; None while it is not there."""
    found = re.search(r"(\d[\d ]*) of (\d[\d ]*)$", screen.split("\n")[2].rstrip())
    return found and tuple(int(n.replace(" ", "")) for n in found.groups())


def console_session(bench, host):
    (_, first), (_, last), _ = landmarks(host)
    with Terminal(console(bench, host), typed=LOG_SCREEN) as t:
        sample = {"first": t.until(first)}
        t.press("G")
        sample["end"] = t.until(last)
        loaded(t)
        t.press(FILTER + COMMON + ENTER)
        sample["hits"] = t.until_true(lambda s: s.count(COMMON) >= 10, 30, COMMON)
        t.until_true(lambda s: counted(s) == (common_count(host), host.entries), 30,
                     f"{common_count(host)} of all")
        t.press(FILTER + CLEAR + RARE + ENTER)
        sample["rare"] = t.until_true(lambda s: counted(s) == (RARE_HITS, host.entries), 30,
                                      f"{RARE_HITS} of all")
    return sample


def loaded(t, limit=60):
    """Waits until the console does nothing any more."""
    deadline = time.perf_counter() + limit
    before = t.cpu()
    while time.perf_counter() < deadline:
        t.settle(quiet=0.3, limit=0.5)
        now = t.cpu()
        if now == before:
            return
        before = now
    raise Broken(f"still loading after {limit} s")


@functools.cache
def sessions(bench):
    """Median times of each step, the programs in turn."""
    host = viewed(bench)
    samples = {"less": [], "lnav": [], "imactl": []}
    for i in range(bench.runs):
        samples["imactl"].append(console_session(bench, host))
        if i < 3:
            samples["less"].append(less_session(host))
            samples["lnav"].append(lnav_session(host))
    result = {name: middle(values) for name, values in samples.items()}
    for name, steps in result.items():
        bench.note("T8", f"{name}: " + ", ".join(
            f"{step} {seconds * 1e3:.1f} ms" for step, seconds in steps.items()))
    return result


@functools.cache
def load(bench, entries):
    """What the console needs for itself once a list is loaded: (bytes of memory without
    the list, seconds of cpu)."""
    host = bench.logs.host(entries, "mixed")
    with Terminal(console(bench, host), typed=LOG_SCREEN) as t:
        loaded(t)
        memory = t.memory("Anonymous")
        if not t.maps(host.binary):
            memory -= os.path.getsize(host.binary)
        return memory, t.cpu()


def t7(bench):
    small = bench.entries // 1000
    index = load(bench, bench.entries)[0] - load(bench, small)[0]
    return {"index": index / (bench.entries - small)}


def t13_entry(bench):
    """The same code takes in a new entry of a live list: index, view, replay."""
    small = bench.entries // 1000
    cpu = load(bench, bench.entries)[1] - load(bench, small)[1]
    return {"entry": cpu / (bench.entries - small) * 1e6}


def t8(bench):
    steps = sessions(bench)
    first = steps["imactl"]["first"]
    return {"first": first * 1e3, "less": first / steps["less"]["first"],
            "lnav": steps["lnav"]["first"] / first}


def t9(bench):
    return {"end": sessions(bench)["imactl"]["end"] * 1e3}


def t10_filter(bench):
    steps = sessions(bench)
    host = viewed(bench)
    grep = bench.meter.interleave({"grep": ["grep", "-Fc", RARE, host.ascii]}, bench.runs)
    grep_wall = median(grep["grep"], "wall")
    rare = steps["imactl"]["rare"]
    bench.note("T10", f"grep -F {grep_wall * 1e3:.0f} ms wall, best "
               f"{best(grep['grep'], 'wall') * 1e3:.0f} ms")
    return {"grep": rare / grep_wall, "whole": rare * 1e3,
            "hits": steps["imactl"]["hits"] * 1e3,
            "less": steps["less"]["rare"] / rare, "lnav": steps["lnav"]["rare"] / rare}


def slowest_key(t, times):
    """Opens and leaves the help; seconds until the slowest press was answered."""
    slowest = 0
    for _ in range(times):
        t.press(HELP)
        slowest = max(slowest, t.until(HELP_TEXT))
        t.press(BACK)
        slowest = max(slowest, t.until_true(lambda s: HELP_TEXT not in s, 30, "the log"))
    return slowest


def t10_keys(bench):
    host = viewed(bench)
    loading, filtering = [], []
    for _ in range(3):
        with Terminal(console(bench, host), typed=LOG_SCREEN) as t:
            t.until(landmarks(host)[0][1])
            loading.append(slowest_key(t, 5))
            loaded(t)
            t.press(FILTER + "/no.*such.*name$/" + ENTER)
            filtering.append(slowest_key(t, 10))
    return {"loading": statistics.median(loading) * 1e3,
            "blocked": statistics.median(filtering) * 1e3}


def t10_idle(bench):
    with Terminal(console(bench, viewed(bench)), typed=LOG_SCREEN) as t:
        loaded(t)
        before = t.cpu()
        t.settle(quiet=IDLE_SECONDS, limit=IDLE_SECONDS)
        return {"idle": (t.cpu() - before) / IDLE_SECONDS * 100}


def t20_log(bench):
    commands = {
        str(n): [bench.imactl, "log", "--file", bench.logs.host(n, "mixed").binary,
                 "--filter", RARE]
        for n in (bench.entries // 10, bench.entries)}
    small, large = bench.meter.interleave(commands, bench.runs).values()
    return {"log": median(large, "cpu") / median(small, "cpu")}


def t20_memory(bench):
    return {"memory": load(bench, bench.entries)[0] / load(bench, bench.entries // 10)[0]}
