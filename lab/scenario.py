"""Scenario files: what to boot, what to do there, what must be seen.

    # One or more comment lines: what this scenario shows.
    kernel: debian-6.1 rhel-like      one run on each; `host` runs on this machine
    boot: ima_policy=tcb              words for the kernel command line
    boot NAME: ima_template=ima       ... and one run for each NAME, added to `boot:`
    start: ima_appraise=fix           once for each time that the same machine is started,
                                      its disks kept; $lab_start counts them from 1
    start debian-6.12:                with that kernel this time
    again: 9                          as often more as the `start:` before
    restarts: imactl.trial=a          the same, and it restarts by itself into the next
                                      one; of its steps is kept what `so_far` handed over
    stops: lab.limit=20               or it stays where it is, and lab.limit ends it
    type: Choice .*: => 1             somebody at the console (user-mode Linux): where it shows
                                      REGEX, the text and Enter; in the order of the lines
    tpm: sha1 sha256                  PCR banks (QEMU; none for no TPM)
    firmware: secure-boot             started by UEFI with Secure Boot on (kernel packages);
                                      default by QEMU itself
    root: systemd                     under systemd on a disk; default a bare root
    root: grub                        a disk that starts itself with Debian's own kernel
    root: systemd-boot                and initramfs, by GRUB, or by systemd-boot from UEFI:
                                      `boot:` and `start:` reach the guest's script alone
    initramfs: dracut                 Debian's own root and kernel package, through an
                                      initramfs that this tool (or initramfs-tools) made
                                      inside it; imactl is installed; under systemd
    initramfs: dracut xfs luks        the same, with its root on xfs, inside LUKS
    console: yes                      imactl is in the initramfs as the hook puts it there, and
                                      panic=, which forbids a shell there, is not said
    disk: 64                          a scratch ext4 disk of so many MiB, $lab_disk
    memory: 512                       MiB
    cpus: 1
    timeout: 120                      seconds; generous, nothing waits for it to pass
    tools: evmctl setfattr            programs of this machine to take along
    files: lab/ima.der=KEYS/ima.der   and files (KEYS: the lab's keys, TREE: the source,
                                      KERNEL: the kernel's folder, FIRMWARE: what is
                                      trusted by UEFI)
    alone: yes                        nothing beside it: it measures what others disturb
    long: yes                         only with --long (guest scripts: $lab_long); or
                                      the kernels, or the NAMEs, with which that is so
    guest:
        step NAME COMMAND...          see guest/lib.sh
    expect:
        NAME exit 0
        NAME out ~ REGEX              or !~; out, err; `console` has no NAME
        NAME lines >= 10              lines of its output
        NAME json .banks[bank=sha256].verdict == match     also != < <= > >= ~
    python:                           knows step(NAME), console, kernel, variant, long,
                                      oracle, re and json
        assert step("a").out == step("b").out

Every step named in `expect:` must have run; a scenario that checks nothing is an error."""

import json
import operator
import re
from dataclasses import dataclass, field
from pathlib import Path

import cache
import oracle
import stock
from cache import LabError

OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
             ">": operator.gt, ">=": operator.ge}
HEADERS = {"kernel", "tpm", "initramfs", "root", "firmware", "disk", "memory", "cpus", "timeout", "tools", "files", "long", "alone",
           "boot", "console"}
STARTS = {"start", "restarts", "stops"}  # with a result, by a restart of its own, neither
SECTIONS = {"guest", "host", "expect", "python"}


@dataclass
class Start:
    """One of the times that the same machine is started."""

    words: str = ""
    end: str = "start"  # how it ends: one of STARTS
    kernel: str = ""  # another than the run's


@dataclass
class Scenario:
    name: str
    about: str = ""
    head: dict = field(default_factory=dict)
    boots: dict = field(default_factory=dict)
    typed: list = field(default_factory=list)
    starts: list = field(default_factory=list)
    text: dict = field(default_factory=dict)

    def words(self, header, default=""):
        return self.head.get(header, default).split()

    def number(self, header, default):
        return int(self.head.get(header, default))

    @property
    def starts_itself(self):
        return self.head.get("root") in ("grub", "systemd-boot")

    @property
    def long(self):
        return self.head.get("long") == "yes"

    def long_on(self, kernel, variant):
        return self.long or bool({kernel, variant} & set(self.words("long")))


def load(path):
    path = Path(path)
    scenario = Scenario(path.stem)
    section = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if section and (line[:1].isspace() or not line):
            scenario.text[section] += line + "\n"
        elif line.startswith("#"):
            scenario.about += line[1:].strip() + " "
        elif line.strip():
            section = _header(scenario, line, f"{path.name}:{number}")
    for name, text in scenario.text.items():
        scenario.text[name] = _outdent(text)
    body = "host" if scenario.words("kernel") == ["host"] else "guest"
    if not scenario.words("kernel") or body not in scenario.text:
        raise LabError(f"{path.name}: needs `kernel:` and `{body}:`")
    if scenario.words("firmware") not in ([], ["secure-boot"]):
        raise LabError(f"{path.name}: no such firmware in the lab")
    stock.check(scenario.words("initramfs"))
    if not (scenario.text.get("expect", "") + scenario.text.get("python", "")).strip():
        raise LabError(f"{path.name}: checks nothing")
    return scenario


def _header(scenario, line, where):
    """Take in one header line; the section's name when it starts one."""
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    if colon and name in SECTIONS and not value:
        scenario.text[name] = ""
        return name
    if colon and name.startswith("boot "):
        scenario.boots[name[5:].strip()] = value
    elif colon and name.split(" ")[0] in STARTS:
        end, _, kernel = name.partition(" ")
        scenario.starts.append(Start(value, end, kernel))
    elif colon and name == "again" and scenario.starts:
        scenario.starts += [scenario.starts[-1]] * int(value)
    elif colon and name == "type" and " =>" in value:
        scenario.typed.append(tuple(re.split(r" => ?", value, maxsplit=1)))
    elif colon and name in HEADERS:
        scenario.head[name] = value
    else:
        raise LabError(f"{where}: not understood: {line}")
    return None


def _outdent(text):
    lines = text.splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()),
                 default=0)
    return "\n".join(line[margin:] for line in lines) + "\n"


@dataclass
class Step:
    """What one step left behind."""

    name: str
    rc: int
    out: str
    err: str

    @property
    def bytes(self):
        return self.out.encode("utf-8", "surrogateescape")

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def ndjson(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Results:
    """The steps of one run and its console, and the checks on them."""

    def __init__(self, folder, console, names):
        """names: what python sections see besides the steps."""
        self.folder, self.console, self.names = Path(folder), console, names

    def step(self, name):
        def read(suffix):
            data = (self.folder / f"{name}.{suffix}").read_bytes()
            return data.decode("utf-8", "surrogateescape")

        if not (self.folder / f"{name}.rc").exists():
            raise AssertionError(f"step {name} never ended")
        return Step(name, int(read("rc")), read("out"), read("err"))

    def check(self, scenario):
        """Every expectation that does not hold, as text."""
        wrong = []
        for line in scenario.text.get("expect", "").splitlines():
            if line.strip() and not line.strip().startswith("#"):
                _collect(wrong, line.strip(), lambda line=line: self._line(line.strip()))
        code = scenario.text.get("python", "")
        if code.strip():
            names = {"step": self.step, "console": self.console, "re": re, "json": json,
                     "oracle": oracle, **self.names}
            compiled = compile(code, scenario.name, "exec")
            _collect(wrong, "python", lambda: exec(compiled, names), code)
        return wrong

    def _line(self, line):
        first, _, rest = line.partition(" ")
        if first == "console":
            _match(rest, self.console)
            return
        what, _, rest = rest.partition(" ")
        step = self.step(first)
        if what == "exit":
            _equal(step.rc, int(rest), f"exit status {step.rc}\n{step.err.strip()}")
        elif what in ("out", "err"):
            _match(rest, getattr(step, what))
        elif what == "lines":
            _compare(len(step.out.splitlines()), *rest.split(None, 1))
        elif what == "json":
            path, op, value = rest.split(None, 2)
            _compare(_field(step, path), op, value)
        else:
            raise AssertionError("this expectation is not understood")


def _collect(wrong, label, check, code=""):
    try:
        check()
    except AssertionError as error:
        wrong.append(f"{label}: {str(error) or _failing_line(error, code)}")
    except Exception as error:  # whatever it is, the expectation does not hold
        wrong.append(f"{label}: {type(error).__name__}: {error}")


def _failing_line(error, code):
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    lines = code.splitlines()
    number = trace.tb_lineno
    return lines[number - 1].strip() if 0 < number <= len(lines) else "does not hold"


def _equal(seen, wanted, message):
    if seen != wanted:
        raise AssertionError(message)


def _short(text):
    text = text if len(text) < 400 else text[:200] + " ... " + text[-200:]
    return text.encode("utf-8", "backslashreplace").decode()


def _match(rest, text):
    op, _, pattern = rest.partition(" ")
    if op not in ("~", "!~"):
        raise AssertionError("needs ~ or !~")
    if (re.search(pattern, text, re.M) is not None) != (op == "~"):
        raise AssertionError(f"seen: {_short(text)}")


def _compare(seen, op, wanted):
    if op == "~":
        good = re.search(wanted, str(seen)) is not None
    else:
        try:
            wanted = json.loads(wanted)
        except ValueError:
            pass
        good = OPERATORS[op](seen, wanted)
    if not good:
        raise AssertionError(f"seen: {_short(json.dumps(seen))}")


def _field(step, path):
    """.a.b[0].c[name=value].d of the step's JSON; .# is a list's length."""
    try:
        value = step.json
    except ValueError as error:
        raise AssertionError(f"no JSON: {_short(step.out)} {_short(step.err)}") from error
    for part in re.findall(r"\.[^.\[]+|\[[^\]]*\]", path):
        value = _descend(value, part, path)
    return value


def _descend(value, part, path):
    if part == ".#":
        return len(value)
    try:
        if part.startswith("."):
            return value[part[1:]]
        inside = part[1:-1]
        if "=" not in inside:
            return value[int(inside)]
        name, wanted = inside.split("=", 1)
        return next(item for item in value if str(item[name]) == wanted)
    except (KeyError, IndexError, TypeError, StopIteration) as error:
        raise AssertionError(f"no {part} in {path}: {_short(json.dumps(value))}") from error


def folder():
    return Path(__file__).parent.parent / "tests" / "lab"


def load_all(names):
    paths = sorted(folder().glob("*.scenario"))
    if names:
        known = {path.stem: path for path in paths}
        for name in names:
            if name not in known:
                raise LabError(f"No scenario {name}; there are: {' '.join(known)}")
        paths = [known[name] for name in names]
    return [load(path) for path in paths]


__all__ = ["Scenario", "Results", "load", "load_all", "cache"]
