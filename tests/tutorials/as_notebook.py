"""A chapter run cell by cell, as a notebook runs it: `python as_notebook.py CHAPTER PICTURES`.

A kernel stands in the folder of the notebook, has other arguments than a script, knows no
`__file__`, compiles each cell by itself, and shows pictures through IPython. IPython is not needed:
a stand-in prints which pictures it was given.
"""

import os
import re
import sys
from code import InteractiveInterpreter
from pathlib import Path
from types import ModuleType, SimpleNamespace


def cells_of(text: str) -> list[tuple[str, str]]:
    """What stands behind each `# %%`: the rest of that line, and the lines below it."""
    before, *cells = re.split(r"^# %%", text, flags=re.MULTILINE)
    assert before == "", "a chapter begins with a cell"
    return [(kind, body) for kind, _, body in (cell.partition("\n") for cell in cells)]


class Kernel(InteractiveInterpreter):
    """Python's own interpreter of what is typed in, which here stops at the first error."""

    def showtraceback(self) -> None:
        """Called while the error of a cell is being handled: raise it on."""
        raise


def run_as_notebook(path: Path, pictures: Path) -> None:
    """Run the cells of a chapter one after the other in one namespace that is empty at first."""
    os.chdir(path.parent)
    sys.path[0] = ""
    sys.argv = ["ipykernel_launcher.py", "-f", "kernel.json", "--quick"]
    sys.modules["IPython"] = _stand_in()
    import chapter

    chapter.PICTURES = pictures
    module = sys.modules["__main__"] = ModuleType("__main__")
    kernel = Kernel(vars(module))
    for number, (kind, body) in enumerate(cells_of(path.read_text(encoding="utf-8"))):
        if not kind:
            kernel.runcode(compile(body, f"<cell {number}>", "exec"))


def _stand_in() -> ModuleType:
    """As much of IPython as pictures need."""
    ipython = ModuleType("IPython")
    ipython.version_info = (9, 0)  # matplotlib asks for it
    ipython.get_ipython = object
    ipython.display = SimpleNamespace(
        Image=lambda filename: filename,
        display=lambda filename: print("shown:", Path(filename).name),
    )
    return ipython


if __name__ == "__main__":
    run_as_notebook(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
