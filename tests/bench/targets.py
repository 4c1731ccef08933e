# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured and what it must reach: the one table behind the bench.

A row is (target, key, what, relation, must, stretch, unit). The measurement of a target
returns a value for each of its keys. "must" is the bar, "stretch" the goal, None where
there is no goal beyond the bar.
"""

from typing import NamedTuple, Optional


class Row(NamedTuple):
    target: str
    key: str
    what: str
    relation: str  # ">=": more is better, "<=": less is better
    must: float
    stretch: Optional[float]
    unit: str

    def reached(self, value, bound):
        return value >= bound if self.relation == ">=" else value <= bound


ROWS = [Row(*row) for row in (
    ("T1", "evmctl", "verify sha1+sha256, one thread: evmctl's cpu over ours", ">=", 5.5, 8, "x"),
    ("T1", "entry", "cpu per entry", "<=", 0.55, 0.36, "us"),
    ("T1", "limit", "cpu over the limit of two serial extends", "<=", 4.5, None, "x"),
    ("T1", "instructions", "instructions per entry", "<=", 6000, None, ""),
    ("T2", "evmctl", "the same, two threads: evmctl's wall over ours", ">=", 7.5, 10, "x"),
    ("T4", "bank", "cpu a third bank (sha384) adds per entry", "<=", 0.5, None, "us"),
    ("T5", "limit", "verify --signatures, no two alike, one thread: cpu over OpenSSL's verify alone", "<=", 1.1, None, "x"),
    ("T5", "two", "the same, two threads: evmctl --verify-sig's wall over ours", ">=", 1.8, None, "x"),
    ("T5", "alike", "20,000 different signatures: evmctl's cpu over ours", ">=", 8, None, "x"),
    ("T6", "rss", "memory of verify", "<=", 8, 6, "MiB"),
    ("T6", "growth", "memory of verify, ten times the entries", "<=", 1.1, None, "x"),
    ("T7", "index", "console: private memory per entry beside the list", "<=", 24, 16, "B"),
    ("T8", "less", "console: first screen over less", "<=", 2, None, "x"),
    ("T8", "first", "console: first screen", "<=", 16, 10, "ms"),
    ("T8", "lnav", "lnav's first screen over ours", ">=", 20, None, "x"),
    ("T9", "end", "console: jump to the end", "<=", 16, 5, "ms"),
    ("T10", "grep", "console: whole filter, rare word, over grep -F", "<=", 2, 1, "x"),
    ("T10", "whole", "console: whole filter, rare word", "<=", 350, None, "ms"),
    ("T10", "hits", "console: first screen of hits, common word", "<=", 50, None, "ms"),
    ("T10", "less", "less's filter over ours, rare word", ">=", 20, None, "x"),
    ("T10", "lnav", "lnav's filter over ours, rare word", ">=", 3.5, None, "x"),
    ("T10", "blocked", "console: slowest key while it filters", "<=", 50, None, "ms"),
    ("T10", "loading", "console: slowest key while it loads", "<=", 50, None, "ms"),
    ("T10", "idle", "console: cpu when nothing happens", "<=", 0.5, None, "%"),
    ("T11", "reads", "live: reads of the list until the first screen", "<=", 1, None, ""),
    ("T11", "read", "live: time in that read", "<=", 5, None, "ms"),
    ("T12", "reads", "live: reads of the list until the newest entries", "<=", 3, None, ""),
    ("T12", "entry", "live: time in them per entry before", "<=", 1.2, 0.6, "us"),
    ("T12", "sequential", "live: reading the list from the start over that", ">=", 200, None, "x"),
    # Nothing tells how long an uneven list is but looking: each look halves what is left.
    ("T12", "uneven-reads", "live: reads until the newest entries, uneven list", "<=", 3, None, ""),
    ("T12", "uneven-entry", "live: time in them per entry before, uneven list", "<=", 1.2, 0.6, "us"),
    ("T12", "uneven-sequential", "live: from the start over that, uneven list", ">=", 200, None, "x"),
    ("T13", "idle", "live: reads of the list while nothing is added", "<=", 0, None, ""),
    ("T13", "reads", "live: reads over new bytes / 4 KiB, rounded up", "<=", 1, None, "x"),
    ("T13", "again", "live: bytes read a second time", "<=", 0, None, "B"),
    ("T13", "entry", "live: our cpu per new entry", "<=", 1, None, "us"),
    ("T14", "reads", "live: reads of the list after a restart", "<=", 1, None, ""),
    # the last record known before is read again: is it still the same list?
    ("T14", "again", "live: bytes of the known part read after a restart", "<=", 4096, 0, "B"),
    ("T15", "limit", "label plan --recheck, one thread: cpu over hashing alone", "<=", 1.05, None, "x"),
    ("T15", "two", "the same, two threads: evmctl ima_hash's wall over ours", ">=", 1.6, 1.8, "x"),
    ("T16", "ecdsa", "label plan and apply, ECDSA, one thread: evmctl ima_sign's cpu over ours", ">=", 5, None, "x"),
    ("T16", "rsa", "the same, RSA-2048", ">=", 3, None, "x"),
    ("T16", "ecdsa-two", "two threads, ECDSA: evmctl's wall over ours", ">=", 5, 9, "x"),
    ("T16", "rsa-two", "two threads, RSA-2048: evmctl's wall over ours", ">=", 3, 6, "x"),
    ("T17", "limit", "label plan, labels looked at, no file read: cpu over getdents, statx, getxattrat", "<=", 1.3, None, "x"),
    ("T17", "file", "cpu per file", "<=", 2, None, "us"),
    ("T17", "two", "two threads: wall of one over that", ">=", 1.4, None, "x"),
    ("T18", "seed", "every file opened, for a kernel in fix mode: find -exec head's cpu over ours", ">=", 100, None, "x"),
    ("T18", "evmctl", "the same, one thread: cpu over evmctl ima_fix -r", "<=", 1.2, None, "x"),
    ("T18", "two", "two threads: wall over that of one", "<=", 1, 0.75, "x"),
    ("T19", "known", "label plan when nothing changed: cpu of reading all over that", ">=", 40, None, "x"),
    ("T20", "label", "label plan and apply: cpu for ten times the files", "<=", 11, None, "x"),
    ("T20", "verify", "verify: cpu for ten times the entries", "<=", 11, None, "x"),
    ("T20", "instructions", "verify: instructions for ten times the entries", "<=", 11, None, "x"),
    ("T20", "log", "log --filter: cpu for ten times the entries", "<=", 11, None, "x"),
    ("T20", "memory", "console: private memory for ten times the entries", "<=", 11, None, "x"),
    ("T21", "check", "policy check, 10,000 rules: cpu", "<=", 50, None, "ms"),
    ("T21", "instructions", "policy check: instructions per rule", "<=", 30000, None, ""),
    ("T21", "ten", "policy check: instructions for ten times the rules", "<=", 11, None, "x"),
    ("T22", "limit", "policy simulate, labels alone: cpu over getdents, statx, getxattrat", "<=", 2, None, "x"),
    ("T22", "two", "two threads: wall of one over that", ">=", 1, None, "x"),
    ("T23", "ausearch", "denials --group, 1,000,000 records: cpu of ausearch -m INTEGRITY_DATA over ours", ">=", 3, None, "x"),
    ("T23", "aureport", "the same, aureport --integrity", ">=", 3, None, "x"),
    ("T23", "rss", "memory of denials", "<=", 16, None, "MiB"),
    ("T23", "growth", "memory, ten times the records", "<=", 1.2, None, "x"),
)]

NAMES = list(dict.fromkeys(row.target for row in ROWS))
