"""Read meson's testlog.json: show what failed and why something was skipped, and print
"PASSED FAILED SKIPPED"."""

import json
import os
import sys

GOOD = {"OK", "EXPECTEDFAIL"}
TAIL = 40


def last_line(test):
    text = (test.get("stderr") or "") + (test.get("stdout") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def show_failure(label, test):
    print(f"{label}: FAILED {test['name']} ({test['result']})", file=sys.stderr)
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    for line in text.splitlines()[-TAIL:]:
        print("    " + line, file=sys.stderr)


def main(label, path):
    passed = failed = skipped = 0
    tests = []
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    for test in tests:
        if test["result"] in GOOD:
            passed += 1
        elif test["result"] == "SKIP":
            skipped += 1
            print(f"{label}: skipped {test['name']}: {last_line(test)}", file=sys.stderr)
        else:
            failed += 1
            show_failure(label, test)
    print(passed, failed, skipped)


main(*sys.argv[1:])
