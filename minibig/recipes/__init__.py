"""Whole runs, each in one file: what the command `minibig` does, said in Python.

    from minibig.recipes import Pretraining, pretrain
    result = pretrain(Pretraining(data="mine.txt", out="runs/mine"))
    result.folder, result.model, result.tokenizer, result.metrics

Read in this order: git_state, stages, folder, text, settings, presets, configuration; display,
training_run, pretraining; examination, report, quickstart_run; comparison, description.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from minibig.other_names import hints as _hints

if TYPE_CHECKING:
    from minibig.recipes.display import Display
    from minibig.recipes.presets import PRESETS
    from minibig.recipes.pretraining import PretrainingResult, pretrain
    from minibig.recipes.quickstart_run import QuickstartResult, Quickstart, quickstart
    from minibig.recipes.settings import Pretraining
    from minibig.training import TrainingSettings

__all__ = [
    "PRESETS",
    "Display",
    "Pretraining",
    "PretrainingResult",
    "Quickstart",
    "QuickstartResult",
    "TrainingSettings",
    "pretrain",
    "quickstart",
]

_HOME = {
    "Display": "minibig.recipes.display",
    "PRESETS": "minibig.recipes.presets",
    "Pretraining": "minibig.recipes.settings",
    "PretrainingResult": "minibig.recipes.pretraining",
    "Quickstart": "minibig.recipes.quickstart_run",
    "QuickstartResult": "minibig.recipes.quickstart_run",
    "TrainingSettings": "minibig.training",
    "pretrain": "minibig.recipes.pretraining",
    "quickstart": "minibig.recipes.quickstart_run",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a recipe when it is asked for: one that cannot be imported breaks no other."""
        if name not in _HOME:
            return _hints(__name__, __all__)(name)
        globals()[name] = getattr(import_module(_HOME[name]), name)
        return globals()[name]
