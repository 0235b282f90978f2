"""The campaign: each mutant lives in a forked process, in which the tests that touch its rule run.

The tests are collected once, and run once to see which rules each of them calls and how long it
takes. Then for every mutant: fork, put its code in the place of the rule's, run the tests that call
the rule, the quickest first, until one fails. A mutant that survives them is asked whether it
changes any value at all.
"""

import collections
import os
import random
import signal
import sys
import time

import pytest
from _pytest.runner import runtestprotocol

from .mutants import Mutant, mutants_of, noting
from .rules import all_rules
from .values import Specification, Values, differ, rows_called, values

CAUGHT, MISSED, CHANGES_NOTHING, UNTESTED = "caught", "missed", "changes nothing", "untested"
_CODES = {10: CAUGHT, 11: MISSED, 12: CHANGES_NOTHING}
_CALLED = "_called_rules"
_PATIENCE = 120  # seconds; a mutant that loops for ever is caught as well


class Campaign:
    """A plugin of pytest that runs the collected tests against mutants instead of once."""

    def __init__(self, sample: int | None, seed: int, only: str) -> None:
        self.rules = [rule for rule in all_rules() if only in str(rule)]
        self.mutants = [mutant for rule in self.rules for mutant in mutants_of(rule)]
        self.n_mutants = len(self.mutants)
        if sample is not None and sample < len(self.mutants):
            self.mutants = random.Random(seed).sample(self.mutants, sample)
        self.outcomes: list[tuple[str, Mutant]] = []
        self._values: dict[int, Values] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the campaign."""
        began = time.monotonic()
        calls, names = self._calls(session.items)
        _say(f"{len(session.items)} tests looked at in {time.monotonic() - began:.0f} s")
        for number, mutant in enumerate(self.mutants, 1):
            place = self.rules.index(mutant.rule)
            outcome = self._outcome(mutant, calls[place], names[place])
            self.outcomes.append((outcome, mutant))
            if outcome in (MISSED, UNTESTED):
                _say(f"  {outcome}: {mutant}")
            if number % 100 == 0:
                _say(f"  {number} of {len(self.mutants)}, {time.monotonic() - began:.0f} s")
        return True

    def _calls(self, items: list[pytest.Item]) -> tuple[list[list[pytest.Item]], list[set[str]]]:
        """For each rule: the tests that call it, the quickest first, and whose rows they are."""
        called: set[int] = set()
        timed: list[list[tuple[float, int]]] = [[] for _ in self.rules]
        names: list[set[str]] = [set() for _ in self.rules]
        originals = [rule.function.__code__ for rule in self.rules]
        for number, rule in enumerate(self.rules):
            rule.function.__globals__[_CALLED] = called
            rule.function.__code__ = noting(rule, _CALLED, number)
        for number, item in enumerate(items):
            called.clear()
            began = time.monotonic()
            reports = runtestprotocol(item, log=False, nextitem=_next(items, number))
            if failed := [report for report in reports if report.failed]:  # would catch everything
                reason = failed[0].longreprtext.splitlines()[-1:]
                _say(f"  left out, for it fails without any mutant: {item.nodeid} {reason}")
                continue
            row = item.callspec.params.get("row") if hasattr(item, "callspec") else None
            for place in called:
                timed[place].append((time.monotonic() - began, number))
                stem = item.path.stem.removeprefix("test_")
                names[place].add(row.name if isinstance(row, Specification) else stem)
        for rule, code in zip(self.rules, originals, strict=True):
            rule.function.__code__ = code
        return [[items[number] for _, number in sorted(found)] for found in timed], names

    def _outcome(self, mutant: Mutant, items: list[pytest.Item], names: set[str]) -> str:
        if not items:
            return UNTESTED
        process = os.fork()
        if process == 0:
            signal.alarm(_PATIENCE)
            os._exit(self._lived(mutant, items))
        _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 13:  # nothing failed: does it change a value? The originals' are kept here
            rows = rows_called(names)
            for row in rows:
                self._value(row)
            process = os.fork()
            if process == 0:
                signal.alarm(_PATIENCE)
                mutant.rule.function.__code__ = mutant.code
                os._exit(11 if differ(rows, self._value) else 12)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        return _CODES.get(code, CAUGHT)  # anything else is a crash or a time-out

    def _value(self, row: Specification) -> Values:
        if id(row) not in self._values:
            self._values[id(row)] = values(row)
        return self._values[id(row)]

    @staticmethod
    def _lived(mutant: Mutant, items: list[pytest.Item]) -> int:
        """In the forked process: 10 if a test fails, 13 if none does."""
        mutant.rule.function.__code__ = mutant.code
        for number, item in enumerate(items):
            reports = runtestprotocol(item, log=False, nextitem=_next(items, number))
            if any(report.failed for report in reports):
                return 10
        return 13

    def summary(self) -> tuple[float, str]:
        """The share of the mutants that change a value and were caught, and a sentence."""
        count = collections.Counter(outcome for outcome, _ in self.outcomes)
        changing = count[CAUGHT] + count[MISSED] + count[UNTESTED]
        share = count[CAUGHT] / changing if changing else 0.0
        return share, (
            f"mutation of the gradient rules: {len(self.rules)} rules, {self.n_mutants} mutants, "
            f"{len(self.mutants)} tried\n"
            f"  {count[CHANGES_NOTHING]} change no value; of the other {changing} the tests caught "
            f"{count[CAUGHT]} ({share:.1%}), missed {count[MISSED]}, do not reach {count[UNTESTED]}"
        )


def _next(items: list[pytest.Item], number: int) -> pytest.Item | None:
    return items[number + 1] if number + 1 < len(items) else None


def _say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)
