"""`minibig doctor`: is everything there that minibig needs, is it right, and how fast is it?

Marks: ok is as it should be, -- is missing and not needed, !! is broken. The exit code is 1 if
something is broken.
"""

import argparse
import time
from collections.abc import Callable, Iterator

from minibig.cli.columns import labelled, padded
from minibig.cli.console import output_width, say
from minibig.cli.machine import BROKEN, GOOD, Finding, findings
from minibig.cli.self_test import TESTS

EXAMPLE = "minibig doctor"
_LABEL_WIDTH = 24  # columns of the mark and the name of a part


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: a doctor looks at everything."""


def run(arguments: argparse.Namespace) -> int:
    """Look, test, and say what is to be done."""
    broken = [finding for finding in _shown(findings()) if finding.state == BROKEN]
    say()
    began = time.perf_counter()
    broken += [finding for finding in _shown(_tested()) if finding.state == BROKEN]
    say(f"\ntested in {time.perf_counter() - began:.1f} s")
    parts = ", ".join(finding.part for finding in broken)
    say(f"broken: {parts}" if broken else "minibig can be used.")
    return 1 if broken else 0


def _shown(found: Iterator[Finding]) -> Iterator[Finding]:
    """Show each finding as soon as it is there."""
    for finding in found:
        label = f"{finding.state} {padded(finding.part, _LABEL_WIDTH - 3)}"
        said = f"{finding.found}. {finding.advice}" if finding.advice else finding.found
        say(labelled(label, said, _LABEL_WIDTH, output_width()))
        yield finding


def _tested() -> Iterator[Finding]:
    for name, test in TESTS.items():
        yield _outcome(name, test)


def _outcome(name: str, test: Callable[[], str]) -> Finding:
    """What a test measured, or why it failed."""
    try:
        return Finding(name, GOOD, test())
    except Exception as error:  # a doctor must survive whatever is ill
        reason = f"{type(error).__name__}: {error}"
        return Finding(name, BROKEN, reason, "Install minibig and NumPy anew, or report this.")
