"""Whole runs, each in one file: what the command `minibig` does, said in Python.

    from minibig.recipes import Pretraining, pretrain
    result = pretrain(Pretraining(data="mine.txt", out="runs/mine"))
    result.folder, result.model, result.tokenizer, result.metrics

Read in this order: recipe, stages, folder, settings, text, presets, configuration;
display, training_run, resuming, pretraining; examination, report, quickstart_run; comparison,
description.
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.recipes.comparison import Comparison, compared
    from minibig.recipes.configuration import changed_by_file, check_use
    from minibig.recipes.description import contents_of
    from minibig.recipes.display import Display
    from minibig.recipes.folder import is_run, model_and_tokenizer
    from minibig.recipes.presets import PRESETS
    from minibig.recipes.pretraining import PretrainingResult, pretrain
    from minibig.recipes.quickstart_run import Quickstart, QuickstartResult, quickstart
    from minibig.recipes.resuming import extended, settings_on_record
    from minibig.recipes.settings import Pretraining
    from minibig.recipes.text import train_tokenizer
    from minibig.training import TrainingSettings
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "PRESETS",
    "Comparison",
    "Display",
    "Pretraining",
    "PretrainingResult",
    "Quickstart",
    "QuickstartResult",
    "TrainingSettings",
    "changed_by_file",
    "check_use",
    "compared",
    "contents_of",
    "extended",
    "is_run",
    "model_and_tokenizer",
    "pretrain",
    "quickstart",
    "settings_on_record",
    "train_tokenizer",
]
