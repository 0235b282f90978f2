"""Tables of contents whose names are imported when they are first asked for.

    if TYPE_CHECKING:  # each name comes from its module when it is first asked for
        from minibig.training.loop import Result, Trainer
    else:
        __getattr__ = contents(__name__, __file__)

So a command imports what it uses and no more, and what cannot be imported breaks nothing else.
"""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from minibig.other_names import hints


def contents(package: str, file: str) -> Callable[[str], Any]:
    """The `__getattr__` of a package: by the imports that only a type checker reads.

    Of a name that is not among them it says what was probably meant.
    """
    homes = _homes(file)
    unknown = hints(package, homes)

    def find(name: str) -> Any:
        if name not in homes:
            return unknown(name)
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return find


def _homes(file: str) -> dict[str, str]:
    """name -> module of all that a file imports below its first `if`."""
    lines = ast.parse(Path(file).read_text(encoding="utf-8")).body
    block = next(line for line in lines if isinstance(line, ast.If))
    imports = [line for line in block.body if isinstance(line, ast.ImportFrom)]
    return {each.name: str(line.module) for line in imports for each in line.names}
