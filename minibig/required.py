"""NumPy is there, or one sentence says how to get it: looked at before anything else is imported.

Whoever imports minibig gets an ImportError; whoever gives the command, which cannot even begin,
gets one line. Packages that only some commands need are asked for where they are used.
"""

import sys
from pathlib import Path

try:
    import numpy as numpy
except ImportError as error:
    sentence = (
        "minibig needs NumPy, which cannot be imported. Get it with: "
        'pip install --force-reinstall "numpy>=2.0"'
    )
    if Path(sys.argv[0]).stem in ("minibig", "-m"):  # the command, or python -m minibig
        sys.exit(f"minibig: {sentence}")
    raise ImportError(sentence) from error
