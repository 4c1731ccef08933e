# SPDX-License-Identifier: GPL-2.0-or-later
"""T21: checking a policy of 10,000 rules."""

import functools
import os

from cost import instructions, median, spread

RULES = 10000

# One of each in turn, so that rules of different shapes stand between those of one.
SHAPES = (
    "measure func=FILE_CHECK mask=^MAY_READ uid={n} fowner={few} fsmagic=0x{few:x}",
    "appraise func=BPRM_CHECK fowner={n} appraise_type=imasig",
    "dont_measure fsuuid=00000000-0000-0000-0000-{n:012x}",
    "dont_appraise uid>{n} fgroup={few}",
    "measure func=KEY_CHECK keyrings=ring{few}",
)


@functools.cache
def policy(bench, rules):
    path = os.path.join(bench.build, "bench", f"policy-{rules}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        for n in range(rules):
            f.write(SHAPES[n % len(SHAPES)].format(n=n + 1, few=n % 89) + "\n")
    return path


def check(bench, rules):
    """On a recorded host: what a live machine is asked besides has nothing to do with it."""
    host = os.path.join(bench.tree, "tests", "fixtures", "lists", "612-sig")
    return [bench.imactl, "--host", host, "policy", "check", policy(bench, rules)]


def t21(bench):
    costs = bench.meter.interleave({"check": check(bench, RULES)}, bench.runs)["check"]
    bench.note("T21", f"{RULES} rules: {median(costs, 'cpu') * 1000:.0f} ms cpu "
               f"(spread {spread(costs, 'cpu'):.0%})")
    return {"check": median(costs, "cpu") * 1000, **t21_instructions(bench)}


def t21_instructions(bench):
    few, many = (instructions(check(bench, n)) for n in (RULES // 10, RULES))
    return {"instructions": (many - few) / (RULES - RULES // 10), "ten": many / few}
