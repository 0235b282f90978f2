"""Can minibig be used on this machine: what is installed, whether it is right, and how fast it is.

Read in this order: machine (what is there and what is missing), self_test (measurements).
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.diagnosis.machine import BROKEN, GOOD, MISSING, Finding, findings
    from minibig.diagnosis.self_test import outcomes
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = ["BROKEN", "GOOD", "MISSING", "Finding", "findings", "outcomes"]
