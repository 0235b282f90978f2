"""Can minibig be used on this machine: what is installed, whether it is right, and how fast it is.

Read in this order: machine (what is there and what is missing), self_test (measurements).
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.diagnosis.machine import BROKEN, GOOD, MISSING, Finding, findings
from minibig.diagnosis.self_test import outcomes

__all__ = ["BROKEN", "GOOD", "MISSING", "Finding", "findings", "outcomes"]

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)
