"""Minibig side by side with what you would use instead.

Each workload runs on every side in fresh processes, in alternating order. "minibig takes 0.85"
beside a peer: minibig's time is 0.85 times the peer's, the median over the rounds, and in brackets
the lowest and the highest. Other programs disturb it: let the machine do nothing else.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.picture import draw_results
from benchmarks.results import Result, add_results, load_results
from benchmarks.rounds import ROOT, Interrupted, Options, compare
from benchmarks.tables import HEADER, WIDTH, markdown, put_into, section
from benchmarks.where import account, account_table
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS
from minibig.backend import InputError
from minibig.backend.checks import hint
from minibig.text_layout import labelled, wrapped

_PROG = "python -m benchmarks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the first word says, or measure; 0, 1 if a side failed or a value is wrong, 130."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        for command, function in _COMMANDS.items():
            if words[:1] == [command]:
                return function(words[1:])
        return measure(words)
    except InputError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmarks: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever reads, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141


def chosen(names: Sequence[str]) -> list[Workload]:
    """The workloads of these names or beginnings of names; of none, all that do not take long.

    >>> [workload.name for workload in chosen(["step-small", "sum"])]
    ['step-small', 'sum-4x4']
    """
    if not names:
        return [workload for workload in WORKLOADS.values() if not workload.takes_long]
    found: dict[str, Workload] = {}
    for name in names:
        begun = {key: each for key, each in WORKLOADS.items() if key.startswith(f"{name}-")}
        short = {key: each for key, each in begun.items() if not each.takes_long}
        exact = {name: WORKLOADS[name]} if name in WORKLOADS else {}
        if not (exact or begun):
            raise InputError(f"there is no workload {name}; {hint(name, WORKLOADS, most=30)}")
        found |= exact or short or begun
    return list(found.values())


def measure(words: list[str]) -> int:
    """Measure workloads, print a section for each, and write the files that are wanted."""
    given = _parser().parse_args(words)
    workloads = chosen(given.names)
    sides = tuple(dict.fromkeys(name for each in WORKLOADS.values() for name in each.sides))
    if unknown := [name for name in given.sides if name not in sides]:
        raise InputError(f"there is no side {unknown[0]}; {hint(unknown[0], sides)}")
    for workload in workloads:
        if given.device not in workload.devices:
            raise InputError(
                f"{workload.name} runs on {' and '.join(workload.devices)} only; got "
                f"--device {given.device}."
            )
    options = Options(given.rounds, given.device, given.threads, given.quick, tuple(given.sides))
    facts = machine.facts(given.threads)
    results: list[Result] = []
    if given.json:
        add_results(given.json, facts, results)  # what is wrong with the file is told at once
    code = 0
    print(HEADER)
    try:
        for workload in workloads:
            results.append(compare(workload, options, _report))
            _report("")
            print(section(results[-1]), flush=True)
    except Interrupted as stopped:
        code = 130
        results.append(stopped.result)
        print(f"{section(stopped.result)}\nbenchmarks: interrupted.")
    if given.json:
        add_results(given.json, facts, results)
    if given.picture:
        draw_results(results, given.picture)
    failed = any(s.error and not s.is_missing for r in results for s in r.sides.values())
    return code or int(failed)


def _report(text: str) -> None:
    """What runs now, in a line that the next one covers; nothing of it if nobody looks."""
    if sys.stderr.isatty() and "\n" not in text:
        print(f"\r{text:{WIDTH}}\r", end="", file=sys.stderr, flush=True)
    elif "\n" in text:
        print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROG,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"other commands: {', '.join(f'{_PROG} {name}' for name in _COMMANDS)}",
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="name", help="a workload, or how several begin; none: all")
    add("--rounds", type=_at_least_one, default=3, metavar="N", help="runs of each side (3)")
    add("--threads", type=_at_least_one, metavar="N", help="of every library (as many as it takes)")
    add("--sides", nargs="+", default=[], metavar="SIDE", help="only these, such as minibig")
    add("--device", default="cpu", choices=("cpu", "cuda"), help="where (cpu)")
    add("--quick", action="store_true", help="tiny sizes: does everything work?")
    add("--json", type=Path, metavar="FILE", help="write what was measured, beside what it has")
    add("--picture", type=Path, metavar="FILE", help="draw it, as PNG")
    return parser


def _at_least_one(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"it must be a whole number of at least 1; got {text}")
    return int(text)


def print_list(words: list[str]) -> int:
    """Print what there is."""
    argparse.ArgumentParser(prog=f"{_PROG} list", description=print_list.__doc__).parse_args(words)
    widest = max(map(len, WORKLOADS))
    for workload in WORKLOADS.values():
        long = " (only by its name: it takes long)" if workload.takes_long else ""
        text = f"{workload.what}{long}; {', '.join(workload.sides)}"
        print(labelled(workload.name, text, widest, WIDTH), flush=True)
    return 0


def write_readme(words: list[str]) -> int:
    """Make the table of the README from a file that --json wrote."""
    parser = argparse.ArgumentParser(prog=f"{_PROG} readme", description=write_readme.__doc__)
    parser.add_argument("file", type=Path, help="what --json wrote")
    parser.add_argument("--into", type=Path, default=ROOT / "README.md", help="(README.md)")
    given = parser.parse_args(words)
    put_into(given.into, markdown(*load_results(given.file)))
    return 0


def print_where(words: list[str]) -> int:
    """Print where the time of minibig goes: by operation, in milliseconds."""
    parser = argparse.ArgumentParser(prog=f"{_PROG} where", description=print_where.__doc__)
    parser.add_argument("name", help="a workload")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything work?")
    given = parser.parse_args(words)
    for workload in chosen([given.name]):
        print(wrapped(f"{workload.name}: {workload.what}", WIDTH))
        limit = workload.limit.name if workload.limit else ""
        print(account_table(account(workload, given.quick), limit), flush=True)
    return 0


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "list": print_list,
    "where": print_where,
    "readme": write_readme,
}


if __name__ == "__main__":
    sys.exit(main())
