"""Whole runs, each in one file: what the command `minibig` does, said in Python.

    from minibig.recipes import Pretraining, pretrain
    result = pretrain(Pretraining(data="mine.txt", out="runs/mine"))
    result.folder, result.model, result.tokenizer, result.metrics

Read in this order: git_state, stages, folder, text, settings, presets, configuration; display,
training_run, pretraining; examination, report, quickstart_run; comparison, description.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
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

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)
