#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the EXAMPLES of the man pages: lines "$ imactl ..." (root: "# ") of the built pages.

web07 is a recorded host. What reads the running machine is run too, and may find that the
machine lacks something (exit 3), holds something back (4) or that nothing was prepared or
confirmed (5); a wrong command line or a bad verdict fails. Commands that do not end by themselves are only asked for their --help.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = os.path.join(os.path.dirname(HERE), "fixtures/lists/612-sig")
BUILD = os.path.abspath(os.environ.get("IMACTL_BUILD", os.path.join(HERE, "../../build")))
ENDLESS = re.compile(r"\b(watch|tui)\b|--follow|^imactl$")


def examples(page):
    """The commands of a page, continued lines joined."""
    text = open(page, encoding="utf-8").read()
    text = text.partition(".Sh EXAMPLES")[2].partition("\n.Sh ")[0]
    text = text.replace("\\e", "\\").replace("\\-", "-").replace("\\\n", " ")
    return re.findall(r"^[$#] (.*\bimactl\b.*)$", text, re.M)


def run(command, folder):
    live = "web07" not in command or "bundle" in command
    if "bundle" in command:  # of this machine, into a folder that is not there yet
        shutil.rmtree(os.path.join(folder, "web07"))
    if ENDLESS.search(command):
        command = re.split(r"\s*[|>]", command)[0] + " --help"
        live = False
    env = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
    env.update(PATH=f"{BUILD}/tui:{BUILD}/recovery:{os.environ['PATH']}", LC_ALL="C.UTF-8", TERM="dumb",
               HOME=folder)
    p = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=env,
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    # That web07 denied something is its answer (1).
    if p.returncode in ((0, 1, 3, 4, 5) if live else (0, 1) if "denials" in command else (0,)):
        print(f"{p.returncode}  {command}")
        return True
    print(f"failed, exit status {p.returncode}: {command}\n{p.stdout[-2000:]}{p.stderr}")
    return False


RULE = re.compile(r"(?:dont_)?(?:measure|appraise|audit|hash)\b")


def rules(page):
    """The policies in literal blocks of a page."""
    text = open(page, encoding="utf-8").read().replace("\\-", "-")
    blocks = re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", text, re.M)
    return [b for b in blocks if any(RULE.match(line) for line in b.splitlines())]


def taken(policy):
    p = subprocess.run([f"{BUILD}/tui/imactl", "--host", HOST, "policy", "check", "-"],
                       input=policy, capture_output=True, text=True, timeout=60)
    if p.returncode:
        print(f"refused:\n{policy}{p.stdout}{p.stderr}")
    return p.returncode == 0


def main():
    count = failed = 0
    policies = rules(os.path.join(BUILD, "man", "imactl-policy.5"))
    failed += sum(not taken(policy) for policy in policies) + (len(policies) < 5)
    for name in sorted(os.listdir(os.path.join(BUILD, "man"))):
        if not re.fullmatch(r".*\.[1-8]", name):
            continue
        for command in examples(os.path.join(BUILD, "man", name)):
            with tempfile.TemporaryDirectory(prefix="imactl-examples.") as folder:
                shutil.copytree(HOST, os.path.join(folder, "web07"))
                count += 1
                failed += not run(command, folder)
    print(f"{count} examples, {failed} failed")
    sys.exit(1 if failed or not count else 0)


main()
