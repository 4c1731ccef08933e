#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs command line tests: run.py [--update] FILE.test...

A test is a transcript. Commands run in bash with pipefail, in tests/fixtures, with the
built imactl first in PATH, a fixed environment and an empty folder $TMP:

    $ imactl verzion
    ? 2
    ! imactl: IMA-U002: Unknown command verzion; did you mean version?
    ! ...

"$ " starts a command. "? N" is its exit status (0 when left out), "! " lines are its
standard error, other lines its standard output; both must match whole. "| " may stand
before a line of output, and must before one that would mean something else. A line "..."
stands for any number of lines, "<*>" within a line for any text. A blank line ends the case.
"= " lines check the standard output; with one of them it may be left out:

    = json               one JSON value          = ndjson N       N values, one a line
    = .banks[0].bank "x" a field of the value    = printable      no control characters
    = lines N            number of lines         = empty          nothing at all

"# " is a comment, "skip unless COMMAND" before the first case skips the file (exit 77),
with the comment line above it as the reason. --update rewrites what is expected of the
cases that failed; read the difference before you commit it.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures")
TIMEOUT = 60


class Case:
    def __init__(self, line, command):
        self.line, self.command = line, command
        self.exit, self.out, self.err, self.checks = 0, [], [], []


def parse(path):
    """The file as a list: text to keep as it is, and cases."""
    parts, case, skip = [], None, None
    for number, line in enumerate(open(path, encoding="utf-8").read().splitlines(), 1):
        if line.startswith("$ "):
            case = Case(number, line[2:])
            parts.append(case)
        elif not line.strip():
            case = None
            parts.append(line)
        elif case is None:
            if line.startswith("skip unless "):
                skip = (line[len("skip unless "):], parts[-1].lstrip("# ") if parts else "")
            elif not line.startswith("#"):
                sys.exit(f"{path}:{number}: outside a case: {line}")
            parts.append(line)
        elif line.startswith("> "):
            case.command += "\n" + line[2:]
        elif line.startswith("? "):
            case.exit = int(line[2:])
        elif line == "!" or line.startswith("! "):
            case.err.append(line[2:])
        elif line.startswith("= "):
            case.checks.append(line[2:])
        elif line == "|" or line.startswith("| "):
            case.out.append(line[2:])
        else:
            case.out.append(line)
    return parts, skip


def environment(tmp):
    build = os.environ.get("IMACTL_BUILD", os.path.join(HERE, "../../build"))
    keep = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "IMACTL_SHARED", "LD_LIBRARY_PATH")
    env = {k: os.environ[k] for k in keep if k in os.environ}
    env.update(PATH=f"{os.path.abspath(build)}/tui:{HERE}:{os.environ['PATH']}",
               LC_ALL="C.UTF-8", TERM="dumb", TZ="UTC", HOME=tmp, TMP=tmp)
    return env


def execute(case, env):
    p = subprocess.run(["bash", "-o", "pipefail", "-c", case.command], cwd=FIXTURES, env=env,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
    return p.returncode, p.stdout, p.stderr


def text_lines(raw, tmp):
    text = raw.decode("utf-8", "backslashreplace").replace(tmp, "$TMP")
    return [re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda m: f"<{ord(m[0]):02x}>", t)
            for t in text.split("\n")[:-1] + ([text.split("\n")[-1]] if text[-1:] != "\n" and text else [])]


def matches(want, got):
    pattern = ""
    for line in want:
        if line == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*".join(re.escape(p) for p in line.split("<*>")) + r"\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in got)) is not None


def field(value, path):
    for name, index in re.findall(r"\.(\w+)|\[(-?\d+)\]", path):
        value = value[name] if name else value[int(index)]
    return value


def check(rule, raw):
    """None when the rule holds, else what is wrong."""
    word, _, rest = rule.partition(" ")
    if word == "json":
        json.loads(raw)
    elif word == "ndjson":
        lines = raw.decode().splitlines()
        for line in lines:
            json.loads(line)
        if rest and len(lines) != int(rest):
            return f"{len(lines)} lines"
    elif word == "lines":
        if raw.count(b"\n") != int(rest):
            return f"{raw.count(10)} lines"
    elif word == "empty":
        if raw:
            return "not empty"
    elif word == "printable":
        raw.decode("utf-8")
        bad = re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", raw)
        if bad:
            return f"control character {bad[0]!r} at byte {bad.start()}"
    elif word.startswith("."):
        got = field(json.loads(raw), word)
        if got != json.loads(rest):
            return f"is {json.dumps(got)}"
    else:
        return "no such rule"
    return None


def problems(case, code, out, err, tmp):
    found = []
    if code != case.exit:
        found.append(f"exit status {code}, not {case.exit}")
    for rule in case.checks:
        try:
            wrong = check(rule, out)
        except (ValueError, KeyError, IndexError, TypeError) as e:
            wrong = f"{type(e).__name__}: {e}"
        if wrong:
            found.append(f"= {rule}: {wrong}")
    if not (case.checks and not case.out) and not matches(case.out, text_lines(out, tmp)):
        found.append("standard output differs")
    if not matches(case.err, text_lines(err, tmp)):
        found.append("standard error differs")
    return found


def output_line(line):
    special = not line.strip() or re.match(r"[$?!=>|]( |$)|\.\.\.$", line)
    return ("| " + line).rstrip() if special else line


def transcript(case, code, out, err, tmp):
    lines = ["$ " + case.command.replace("\n", "\n> ")]
    if code:
        lines.append(f"? {code}")
    lines += ["= " + rule for rule in case.checks]
    if case.out or not case.checks:
        lines += [output_line(line) for line in text_lines(out, tmp)]
    return lines + [("! " + line).rstrip() for line in text_lines(err, tmp)]


def original(case):
    lines = ["$ " + case.command.replace("\n", "\n> ")]
    if case.exit:
        lines.append(f"? {case.exit}")
    return (lines + ["= " + r for r in case.checks]
            + [line if line == "..." else output_line(line) for line in case.out]
            + [("! " + line).rstrip() for line in case.err])


def run_file(path, update):
    parts, skip = parse(path)
    result, failed, count = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="imactl-cli.") as tmp:
        os.chmod(tmp, 0o755)
        env = environment(tmp)
        if skip and subprocess.run(["bash", "-c", skip[0]], cwd=FIXTURES, env=env,
                                   capture_output=True).returncode:
            print(f"skipped: {skip[1]}")
            return 77
        for part in parts:
            if isinstance(part, str):
                result.append(part)
                continue
            code, out, err = execute(part, env)
            wrong = problems(part, code, out, err, tmp)
            count += 1
            failed += bool(wrong)
            got = transcript(part, code, out, err, tmp)
            result += got if wrong else original(part)
            if wrong:
                print(f"{os.path.basename(path)}:{part.line}: " + "; ".join(wrong))
                print("\n".join("    " + line for line in got))
    print(f"{os.path.basename(path)}: {count} cases, {failed} failed")
    if count == 0:
        print("no cases")
        return 1
    if update and failed:
        open(path, "w", encoding="utf-8").write("\n".join(result) + "\n")
    return 1 if failed else 0


def main():
    args = [a for a in sys.argv[1:] if a != "--update"]
    codes = [run_file(path, "--update" in sys.argv) for path in args]
    if not codes:
        sys.exit(__doc__)
    sys.exit(1 if 1 in codes else codes[0] if len(codes) == 1 else 0)


main()
