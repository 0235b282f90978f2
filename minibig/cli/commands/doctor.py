"""Is everything there that minibig needs, is it right, and how fast is it?

Marks: ok is as it should be, -- is missing and not needed, !! is broken. The exit code is 1 if
something is broken.
"""

import time
from collections.abc import Iterator
from typing import Any

from minibig import diagnosis
from minibig.cli.console import output_width, say
from minibig.settings import Settings
from minibig.text_layout import labelled, padded

EXAMPLE = "minibig doctor"
_LABEL_WIDTH = 24  # columns of the mark and the name of a part


class Options(Settings):
    """No options: a doctor looks at everything."""


def run(given: dict[str, Any]) -> int:
    """Look, test, and say what is to be done."""
    broken = [
        finding for finding in _shown(diagnosis.findings()) if finding.state == diagnosis.BROKEN
    ]
    say()
    began = time.perf_counter()
    broken += [
        finding for finding in _shown(diagnosis.outcomes()) if finding.state == diagnosis.BROKEN
    ]
    say(f"\ntested in {time.perf_counter() - began:.1f} s")
    parts = ", ".join(finding.part for finding in broken)
    say(f"broken: {parts}" if broken else "minibig can be used.")
    return 1 if broken else 0


def _shown(found: "Iterator[diagnosis.Finding]") -> "Iterator[diagnosis.Finding]":
    """Show each finding as soon as it is there."""
    for finding in found:
        label = f"{finding.state} {padded(finding.part, _LABEL_WIDTH - 3)}"
        said = f"{finding.found}. {finding.advice}" if finding.advice else finding.found
        say(labelled(label, said, _LABEL_WIDTH, output_width()))
        yield finding
