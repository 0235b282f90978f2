"""Can minibig be used on this machine: what is installed, whether it is right, and how fast it is.

Read in this order: machine (what is there and what is missing), self_test (measurements).
"""

from minibig.diagnosis.machine import BROKEN, GOOD, MISSING, Finding, findings
from minibig.diagnosis.self_test import outcomes

__all__ = ["BROKEN", "GOOD", "MISSING", "Finding", "findings", "outcomes"]
