"""scripts/lab: kernels to build, scenarios to run, machines to look into."""

import argparse
import sys

import cache
import cuts
import images
import kernels
import live
import runner
import scenario
from cache import LabError, Unavailable, say


def cmd_list(_):
    for kernel in kernels.KERNELS.values():
        long = " (--long)" if kernel.long else ""
        print(f"{kernel.name:12} {kernel.machine:5} {kernel.about}{long}")
    print()
    for each in scenario.load_all([]):
        long = " (--long)" if each.long else ""
        print(f"{each.name:24} {each.head['kernel']}{long}")
    return 0


def cmd_build(args):
    names = list(kernels.KERNELS) if args.kernel == "all" else [args.kernel]
    status = 0
    for name in names:
        if args.kernel == "all" and kernels.get(name).long and not args.long:
            continue
        try:
            print(f"{name}: {kernels.build(name) / 'kernel'}", flush=True)
        except Unavailable as error:
            print(f"{name}: not to be had here: {error}", flush=True)
            status = 0 if args.kernel == "all" else 3
    return status


def cmd_run(args):
    runs = [run for each in scenario.load_all(args.scenario)
            for run in runner.runs_of(each, args.kernel)]
    return 0 if runner.Suite(args.long, bool(args.scenario)).execute(runs) else 1


def cmd_shell(args):
    return live.shell(args.kernel, args.boot, args.systemd, args.keep)


def cmd_live(args):
    if args.prepare:
        return live.prepare()
    return live.command(args.words) if args.words else live.console()


def cmd_bare(_):
    print(images.bare_root() / "root.tar")
    return 0


def cmd_clean(_):
    cache.clean()
    return 0


def parser():
    top = argparse.ArgumentParser(prog="scripts/lab", description=__doc__)
    sub = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name, function, text):
        command = sub.add_parser(name, help=text)
        command.set_defaults(function=function)
        return command

    add("list", cmd_list, "the kernels and the scenarios")
    build = add("build", cmd_build, "fetch or build a kernel, or all of them")
    build.add_argument("kernel")
    build.add_argument("--long", action="store_true", help="all: those of --long too")
    run = add("run", cmd_run, "run scenarios (all of the suite when none is named)")
    run.add_argument("scenario", nargs="*")
    run.add_argument("--long", action="store_true", help="the long campaigns too")
    run.add_argument("--kernel", help="only on this kernel")
    shell = add("shell", cmd_shell, "a prompt on a kernel of the lab")
    shell.add_argument("kernel")
    shell.add_argument("--boot", default="ima_policy=tcb", help="kernel command line")
    shell.add_argument("--systemd", action="store_true", help="under systemd, on a disk")
    shell.add_argument("--keep", action="store_true", help="when it ends it is started again, "
                       "with the words that you give it")
    cut = add("cuts", cuts.command, "cut the power of machines while they change what they "
              "start with; a campaign goes on where it was ended")
    cut.add_argument("--from", type=int, default=0, dest="first", help="number of the first")
    cut.add_argument("--count", type=int, default=10)
    cut.add_argument("--seed", type=int, default=1)
    cut.add_argument("--workers", type=int, default=1, help="machines side by side")
    cut.add_argument("--phase", action="append", help="only those (other numbers then)")
    cut.add_argument("--replay", action="store_true",
                     help="cut between flushes of one run, not at random moments")
    cut.add_argument("--stock", action="store_true",
                     help="Debian's own kernels and initramfs, in QEMU")
    cut.add_argument("--again", action="store_true", help="those that went well, too")
    add("clean", cmd_clean, "remove the cache of kernels and images")
    add("bare-root", cmd_bare, "where a bare Debian 12 lies, as a tar file")
    running = add("live", cmd_live, "the console, or one imactl command, on a live machine")
    running.add_argument("--prepare", action="store_true", help="make it ready only")
    running.add_argument("words", nargs="*")
    return top


def main(argv):
    args = parser().parse_args(argv)
    runner.die_on_signals()
    try:
        return args.function(args)
    except Unavailable as error:
        say(f"Not possible here: {error}")
        return 3
    except LabError as error:
        say(f"{error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
