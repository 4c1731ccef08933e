# SPDX-License-Identifier: GPL-2.0-or-later
"""What commands cost: wall and cpu time, memory, instructions."""

import functools
import re
import shutil
import statistics
import subprocess
import tempfile
from typing import NamedTuple


class NotMeasured(Exception):
    """Why a figure cannot be had here."""


class Broken(NotMeasured):
    """What should have been measured did not do its work."""


class Cost(NamedTuple):
    wall: float  # seconds
    user: float
    system: float
    rss: float  # MiB

    @property
    def cpu(self):
        return self.user + self.system


def tail(output):
    lines = output.decode(errors="replace").split("\n")
    return " / ".join(line for line in lines[-6:] if line)


class Meter:
    """Runs commands under the small static parent in meter.c."""

    def __init__(self, program):
        self.program = program

    def run(self, command, statuses=(0,)):
        with tempfile.NamedTemporaryFile() as figures, tempfile.TemporaryFile() as output:
            subprocess.run([self.program, figures.name, *command], check=True,
                           stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            wall, user, system, rss, status = figures.read().split()
            if int(status) not in statuses:
                output.seek(max(0, output.seek(0, 2) - 2000))
                raise Broken(f"{' '.join(command)}: exit status {int(status)}: "
                             f"{tail(output.read())}")
        return Cost(float(wall), float(user), float(system), float(rss) / 1024)

    def interleave(self, commands, runs, statuses=(0,)):
        """{name: [Cost]}: one run of each in turn, so that what disturbs one disturbs all.
        A first run of each warms the page cache and is not counted."""
        costs = {name: [] for name in commands}
        for i in range(runs + 1):
            for name, command in commands.items():
                cost = self.run(command, statuses)
                if i > 0:
                    costs[name].append(cost)
        return costs


def median(costs, field):
    return statistics.median(getattr(cost, field) for cost in costs)


def best(costs, field):
    return min(getattr(cost, field) for cost in costs)


def spread(costs, field):
    """How far apart the runs are, as a part of the median: the noise of a figure."""
    values = [getattr(cost, field) for cost in costs]
    return (max(values) - min(values)) / statistics.median(values)


def output_of(command):
    """(status, everything it wrote)"""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


@functools.cache
def counter():
    """"perf" (the processor counts), "valgrind" (simulated), or NotMeasured."""
    if shutil.which("perf"):
        _, text = output_of(["perf", "stat", "-x,", "-e", "instructions:u", "true"])
        if re.search(r"^\d+,,instructions:u", text, re.M):
            return "perf"
    if shutil.which("valgrind"):
        return "valgrind"
    raise NotMeasured("neither perf counters nor valgrind")


def instructions(command, statuses=(0,)):
    """Instructions in user space. Under valgrind without the SHA instructions, which it
    does not know: see native() in verify.py."""
    if counter() == "perf":
        status, text = output_of(["perf", "stat", "-x,", "-e", "instructions:u", "--",
                                  *command])
        found = re.search(r"^(\d+),,instructions:u", text, re.M)
    else:
        status, text = output_of(["valgrind", "--tool=cachegrind", "--cache-sim=no",
                                  "--cachegrind-out-file=/dev/null", "--", *command])
        found = re.search(r"I\s+refs:\s+([\d,]+)", text)
    if status not in statuses or not found:
        raise Broken(f"{' '.join(command)}: exit status {status} while counted")
    return int(found.group(1).replace(",", ""))
