"""Whole runs, each in one file: what the command `minibig` does, said in Python.

    from minibig.recipes import Pretraining, pretrain
    result = pretrain(Pretraining(data="mine.txt", out="runs/mine"))
    result.folder, result.model, result.tokenizer, result.metrics

Read in this order: recipe, stages, folder, settings, text, presets, configuration;
display, training_run, resuming, pretraining; examination, report, quickstart_run; comparison,
description.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minibig.other_names import hints as _hints

if TYPE_CHECKING:  # the one list of what there is: `_homes` reads it, too
    from minibig.recipes.display import Display as Display
    from minibig.recipes.presets import PRESETS as PRESETS
    from minibig.recipes.pretraining import PretrainingResult as PretrainingResult
    from minibig.recipes.pretraining import pretrain as pretrain
    from minibig.recipes.quickstart_run import Quickstart as Quickstart
    from minibig.recipes.quickstart_run import QuickstartResult as QuickstartResult
    from minibig.recipes.quickstart_run import quickstart as quickstart
    from minibig.recipes.settings import Pretraining as Pretraining
    from minibig.training import TrainingSettings as TrainingSettings


def _homes() -> dict[str, str]:
    """name -> module of what is imported above, where it is read by a type checker only."""
    lines = ast.parse(Path(__file__).read_text(encoding="utf-8")).body
    block = next(line for line in lines if isinstance(line, ast.If))
    imports = [line for line in block.body if isinstance(line, ast.ImportFrom)]
    return {each.names[0].name: str(each.module) for each in imports}


_HOMES = _homes()
__all__ = list(_HOMES)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a recipe when it is asked for: one that cannot be imported breaks no other."""
        if name not in _HOMES:
            return _hints(__name__, __all__)(name)
        globals()[name] = getattr(import_module(_HOMES[name]), name)
        return globals()[name]
