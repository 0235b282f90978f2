"""What is looked at before anything else is imported: NumPy is there, MINIBIG_KERNELS is known.

Whoever imports minibig gets an error that says what to do; whoever gives the command, which cannot
even begin, gets one line; so does whoever presses Ctrl-C while it is imported. Packages that only
some commands need are asked for where they are used.
"""

import os
import sys
import threading
from types import FrameType

# NumPy comes first, and these where they are used.
PACKAGES = ("regex", "matplotlib", "tqdm", "safetensors", "threadpoolctl", "psutil", "jinja2")

# Not by pathlib: importing it takes 5 ms, a quarter of `import minibig`.
_PROGRAM = os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0]
_IS_COMMAND = _PROGRAM in ("minibig", "-m")  # or python -m minibig


def _end(number: int, frame: FrameType | None) -> None:
    """An exception would end in a traceback through whatever is being imported."""
    os.write(2, b"minibig: interrupted.\n")
    os._exit(128 + number)


if _IS_COMMAND and threading.current_thread() is threading.main_thread():
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)

try:
    import numpy as numpy
except ImportError as error:
    sentence = (
        "minibig needs NumPy, which cannot be imported. Get it with: "
        'pip install --force-reinstall "numpy>=2.0"'
    )
    if _IS_COMMAND:
        sys.exit(f"minibig: {sentence}")
    raise ImportError(sentence) from error

KERNELS = os.environ.get("MINIBIG_KERNELS") or "on"
"""What computes: kernels ("on"), those without compiled loops ("numpy"), formulas alone ("off")."""

if KERNELS not in ("on", "numpy", "off"):
    sentence = f"MINIBIG_KERNELS must be one of on, numpy, off; got {KERNELS!r}."
    if _IS_COMMAND:
        sys.exit(f"minibig: {sentence}")
    raise ValueError(sentence)
